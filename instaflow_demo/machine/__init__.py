"""The machine: its devices, clocks, caches and paths."""
