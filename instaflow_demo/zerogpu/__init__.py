"""Spaces on ZeroGPU: the main process has no GPU, and one is lent to a fork of it for as long as a call takes.

All that knows of it is here: the call itself and how long it may take, what a refusal means and who draws instead.
"""

from .shared import SharedGpu

__all__ = ["SharedGpu"]
