"""All benchmarks, one after the other."""

from benchmarks import proof, startup

for benchmark in (startup, proof):
    benchmark.main()
