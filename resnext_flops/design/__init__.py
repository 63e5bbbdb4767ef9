"""From a budget to sizes: which width, depth or resolution meets it, and which designs of a space are best.

`solve` answers for one size or two, by the exact roots of a polynomial (`unknowns`, `roots`); `sweep/` goes through a
whole space of designs, and `spaces` draws networks of a design space as its authors defined it. All ask a model for its
formulas and never how it is described, but `spaces`, which knows its networks. The room uses `complexity` and
`counters` and what is below them, and knows nothing of proofs, tables or commands.
"""
