"""The command line, and the notebook's cells."""
