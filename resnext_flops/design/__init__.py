"""From a budget to sizes: which width, depth or resolution meets it, and which designs of a space are best.

`solve` answers for one size or two, by the exact roots of a polynomial (`unknowns`, `roots`); `sweep/` goes through a
whole space of designs. Both ask a model for its formulas and never how it is described. The room uses `complexity` and
`counters` and what is below them, and knows nothing of proofs, tables or commands.
"""
