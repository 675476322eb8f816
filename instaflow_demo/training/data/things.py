"""What can be in a scene; the table is the grammar's, so that the page knows it too."""

from ...grammar.things import Thing, things

__all__ = ["Thing", "things"]
