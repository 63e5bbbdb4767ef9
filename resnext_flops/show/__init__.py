"""A table as data, and its renderings. It knows no network."""
