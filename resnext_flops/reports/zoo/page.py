"""The page of the data."""
from resnext_flops.reports.zoo.rows import Row
def page(rows: list[Row]) -> str:
    """x"""
    return f"{len(rows)}\n"
