"""What runs a model. One engine per architecture, chosen by the registry row's `kind`."""

from .base import Engine, Sampler
from .load import inspect, load
from .placement import choose_placement

__all__ = ["Engine", "Sampler", "choose_placement", "inspect", "load"]
