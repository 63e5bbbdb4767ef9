"""The scoreboard: every installed counter held against the cases of the conformance suite: `make audit`.

`python -m resnext_flops.reports.conformance DATA PAGE [COUNTER]...` asks the counters and writes the data (JSON, a line
a case) and the page (markdown) that is rendered from it. With COUNTER..., these alone are asked anew. What another
environment found of a counter that is not installed here stays, as the two thops cannot be installed together.
"""
