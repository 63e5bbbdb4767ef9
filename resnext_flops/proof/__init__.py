"""What must hold, and whether it does.

`verify` holds a described network against the real model, an independent implementation (`references/`) and the papers
(`published/`), rung by rung (`rungs`); `budgets` holds models against the limits of a file; `identify` finds what a
printed figure counts; `conformance/` has tiny modules whose arithmetic is known, to hold counters against. The room
uses `counters` and `complexity`, and knows nothing of tables and of time.
"""
