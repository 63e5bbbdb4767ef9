"""The explorer: one page in which the sizes of networks are sliders, and all figures follow, exactly.

A page is opened from a file, without a server and without a network. It holds the figures of its models as polynomials
in their sizes (`export.py`), Bokeh's script for the pictures (`pictures.py`), and one script of our own, which
evaluates the polynomials and solves them by bisection. `paper.py` has the networks of the ResNeXt paper. Only commands
use the room.
"""
