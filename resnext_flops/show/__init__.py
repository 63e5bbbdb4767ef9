"""A table as data, and its renderings: for a terminal, a pipe, Markdown, CSV, JSON, LaTeX and HTML.

`table.py` is the data, `render.py` and `markup.py` its forms, `output.py` writes them to a terminal or a file. A
result shows itself by `display.py`, as the tables that the room `tables` makes of it. It knows no network, and may use
the ground alone.
"""
