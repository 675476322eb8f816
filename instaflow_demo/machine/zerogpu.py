"""Whether this is a Space on ZeroGPU, where a GPU that others share is lent for the seconds that each call takes."""

import os


def is_here() -> bool:
    """Whether Hugging Face says so, read as its own package `spaces` reads it."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
