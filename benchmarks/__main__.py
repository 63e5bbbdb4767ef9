"""All benchmarks, one after the other."""

from benchmarks import counting, proof, startup

for benchmark in (startup, proof, counting):
    benchmark.main()
