"""Sweeping a design space: from the closed forms of a network to the designs that meet budgets, exactly.

`axes` is the grid, `expression` what users write, `plan` the polynomials, `scan` their evaluation, `search` what is
evaluated and what is skipped, `selection` what is kept; `sweep` puts them together, `engines` runs the parts here or on
a cluster, and `files` keeps the result.
"""
