"""From a budget to sizes."""
