"""Portuguese: the words of the page, and a template for each of the package's English sentences.

The tables are of Brazil; `european` says what differs in Portugal.
"""

from collections.abc import Mapping
from types import MappingProxyType

from . import adapters, arena, checkpoints, european, page, public, requests, running, space, training, weights

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
    public.SENTENCES,
)
SENTENCES: Mapping[str, str] = MappingProxyType(
    {english: there for table in TABLES for english, there in table.items()}
)
"""The Portuguese template of every English one, with the same placeholders."""

EUROPEAN_PAGE = european.overlay(page.PAGE, european.PAGE)
EUROPEAN_SENTENCES = european.overlay(SENTENCES, european.SENTENCES)
