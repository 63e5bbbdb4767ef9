"""Measurements in pairs against peers, printed as one table of ratios: `make bench`. Not tests.

Each module here with a function `rows() -> Iterable[Comparison]` is a benchmark, and needs no registration.
`python -m benchmarks startup proof` runs the named ones.
"""
