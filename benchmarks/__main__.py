"""All benchmarks, one after the other."""

from benchmarks import closed_form, costing, proof, startup

for benchmark in (startup, costing, closed_form, proof):
    benchmark.main()
