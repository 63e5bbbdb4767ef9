"""Sweeping a design space: from the closed forms of a network to the designs that meet budgets, exactly.

`axes` is the grid, `plan` the polynomials, `kernel` an expression for numexpr, `scan` evaluates, `bounds` and `search`
skip what cannot be selected, `selection` is what is kept, `request` what is asked for; `sweep` puts them together,
`engines` runs the parts here or on a cluster, and `journal` keeps the result.
"""
