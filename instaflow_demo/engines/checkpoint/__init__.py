"""Reading a checkpoint: its settings are judged, its parts compared, then its networks are loaded."""
