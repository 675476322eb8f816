"""What runs a model. One engine per architecture, chosen by the registry row's `kind`."""

from .base import Engine
from .load import inspect, load
from .placement import placed

__all__ = ["Engine", "inspect", "load", "placed"]
