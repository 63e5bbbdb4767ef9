"""Time and bytes on a real machine.

`measure` runs models in turn and times them (`timing`), beside their exact cost and the machine's roofline;
`throughput` holds published speeds against exact figures; `predict` estimates times by the profiles of machines;
`calibrate` makes the profile of a machine, by a fit (`fitting`) to published times (`published`), and `profiles/` has
those that come with the package. Every figure here is an estimate or a measurement, and says so. The room uses `proof`,
for the device, and `counters`; it knows nothing of tables.
"""
