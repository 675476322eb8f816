"""Measured and published figures: benchmarks, reports and the paper's table."""
