"""Measurements in pairs against peers, printed as ratios: `make bench`. Not tests."""
