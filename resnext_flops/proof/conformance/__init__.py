"""Tiny modules with one idea each, which any counter can be held against.

A `case` is a module and the arithmetic of its multiply-adds; `cases/` has all of them. `loops` confirms the arithmetic
by brute force: it multiplies number by number, and knows neither the arithmetic nor the rules of `counters`.
"""
