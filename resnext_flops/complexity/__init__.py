"""What a network is and what it costs: descriptions, the walk over them, and every reading of them.

`layers.py` has the layers and the walk; `cost.py`, `memory.py`, `notation.py` and `torch_model.py` read them, and
`ledger.py` says what the numbers mean. `formula.py`, `reading.py` and `closed_form.py` set sizes free. `families/` has
the described networks, `conventions/` the rules of other counters. It may use `show` and the ground, and torch in
`torch_model.py` alone.
"""
