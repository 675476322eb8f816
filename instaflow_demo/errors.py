"""Errors whose message is a sentence for the user and names the remedy.

Anything raised as a `DemoError` is shown as it is, in the page and in the terminal. Every other exception is a
defect: its traceback goes to the log, and the user sees a short id to quote.
"""


class DemoError(Exception):
    """Something the user can understand and act on."""


class InvalidRequest(DemoError):
    """The input cannot be generated from; `problems` maps each field to its sentence."""

    def __init__(self, problems: dict[str, str]):
        super().__init__(" ".join(problems.values()))
        self.problems = problems


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
