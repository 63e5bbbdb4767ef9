"""What is said of results: each result's table in a file of its name, and the papers' tables.

`presentation` says which tables a result has, `registry` which paper's tables there are by id, and `sentences` holds
what several tables say. A table is data (`show.table`): nothing here computes a figure or knows a terminal. The room
uses every room below it; plots, reports and commands use it.
"""
