"""Network families: one file each, every network a function that returns a description.

A family function takes sizes (integers or SymPy symbols) and never branches on them; what does change the structure
(the kind of block, the place of the stride) is a keyword with named choices.
"""
