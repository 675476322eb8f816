"""Brazilian Portuguese: the words of the page, and a template for each of the package's English sentences."""

from collections.abc import Mapping
from types import MappingProxyType

from . import adapters, arena, checkpoints, requests, running, space, training, weights

TABLES: tuple[Mapping[str, str], ...] = (
    requests.SENTENCES,
    running.SENTENCES,
    running.REASONS,
    weights.SENTENCES,
    checkpoints.SENTENCES,
    adapters.SENTENCES,
    training.SENTENCES,
    arena.SENTENCES,
    space.SENTENCES,
)
SENTENCES: Mapping[str, str] = MappingProxyType(
    {english: there for table in TABLES for english, there in table.items()}
)
"""The Portuguese template of every English one, with the same placeholders."""
