"""Numbers: descriptions of networks and every reading of them. No printing and no plots."""
