"""Presentation: the paper's tables as data, and their rendering."""
