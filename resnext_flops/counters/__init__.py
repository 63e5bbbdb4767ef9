"""Real modules: counted in one run without memory, compared, and held against other counters.

`lookup.py` has `model`, which finds the model of a name or a module; `tracer.py` counts one run, by the rules of
`operators.py`, and `state.py` puts back what it changed. `audit.py` asks the counters of `peers.py`, `difference.py`
compares two ledgers. The README here explains how a run is seen. It may use `complexity` and what is below it, and
torch.
"""
