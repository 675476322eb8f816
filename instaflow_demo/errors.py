"""Errors whose message is a sentence for the user and names the remedy.

Anything raised as a `DemoError` is shown as it is, in the page and in the terminal. Every other exception is a
defect: its traceback goes to the log, and the user sees a short id to quote.
"""

from collections.abc import Iterable
from typing import Any


class Sentence(str):
    """An English sentence that remembers its template and its values, so that the page can say it in Portuguese.

    Values stay what they are, numbers, paths and other sentences, until they are written in one language. Whatever
    makes another string of a sentence, like an f-string or `+`, forgets both: nest sentences, or `join` them.

    >>> Sentence("{title} needs {size:.1f} GB.", title="SDXL", size=6.94)
    'SDXL needs 6.9 GB.'
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> "Sentence":
        """Fill `template` in, in English. Raises KeyError where it asks for a value that is not given."""
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """What copies and pickles are made of."""
        return (self.template,), self.values

    @classmethod
    def join(cls, sentences: Iterable[str], between: str = " ") -> "Sentence":
        """Several sentences, or words of one, as one; each is translated by itself."""
        parts = {f"part{number}": part for number, part in enumerate(sentences, start=1)}
        return cls(between.join(f"{{{name}}}" for name in parts), **parts)


def cause(error: Exception) -> Sentence:
    """Why something was refused, in the system's own words where it has some, for a sentence's brackets."""
    said = getattr(error, "strerror", None) or str(error)
    return Sentence(said.replace("{", "{{").replace("}", "}}"))


class DemoError(Exception):
    """Something the user can understand and act on: a sentence, or the template of one with its values."""

    def __init__(self, sentence: str, /, **values: Any):
        self.sentence = sentence if isinstance(sentence, Sentence) else Sentence(sentence, **values)
        super().__init__(self.sentence)


class InvalidRequest(DemoError):
    """The input cannot be generated from; `problems` maps each field to its sentence."""

    def __init__(self, problems: dict[str, Sentence]):
        super().__init__(Sentence.join(problems.values()))
        self.problems = problems

    def __reduce__(self) -> tuple[type["InvalidRequest"], tuple[dict[str, Sentence]]]:
        return type(self), (self.problems,)


class ModelUnavailable(DemoError):
    """The weights of a model are missing, damaged or cannot be loaded."""


class CheckpointError(ModelUnavailable):
    """A file of a checkpoint is not what its name says, or does not go with the others."""


class DeviceUnavailable(DemoError):
    """The requested device or precision does not exist on this machine."""


class OutOfMemory(DemoError):
    """The device ran out of memory even for a single image."""


class NotANumber(DemoError):
    """A network's output is no number, as happens where a precision overflows or weights are damaged."""


class StorageFull(DemoError):
    """The image was made but could not be written to disk."""


class DownloadFailed(DemoError):
    """A published checkpoint could not be fetched."""


class DependencyMissing(DemoError):
    """A library that only some commands need is not installed."""


class SpaceRefused(DemoError):
    """A folder would not make a Space that works, or the Hub does not take it."""
