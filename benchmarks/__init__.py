"""Measured comparisons; ``python -m benchmarks`` runs them all. Each prints a table and a ratio."""
