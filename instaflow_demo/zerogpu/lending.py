"""The one function that ZeroGPU lends a GPU to, by way of Hugging Face's own package `spaces`.

The package forks this process, and the fork keeps all that was loaded before; what goes in and comes out is pickled.
Nothing is imported of it anywhere but on a Space that has it.
"""

import logging
import multiprocessing
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, Generic, TypeVar

from .refusals import FAILED, LOST, GpuRefusedError, Quotas

log = logging.getLogger(__name__)

Item = TypeVar("Item")
_KEPT_S = 30.0
"""How long a process that has nothing to do is likely to be there still."""


class GpuLostError(GpuRefusedError):
    """The process with the GPU is gone, and part of the work may be done."""


class Lending(Generic[Item]):
    """Runs `work` where the GPU is, in another process. Make it on the main thread before anything uses CUDA.

    What `work` is given and what it yields must be plain data. A GPU is lent to one call after another; who calls waits
    for the others.
    """

    def __init__(self, work: Callable[..., Iterator[Item]]):
        import spaces  # noqa: PLC0415 # pyright: ignore[reportMissingImports] - Spaces have it, and nobody else needs it

        def lent(seconds: int, *order: Any) -> Generator[Any, None, None]:
            del seconds  # for the duration alone
            _use_one_thread()
            yield None  # it is here
            yield from work(*order)

        self._lent = spaces.GPU(lent, duration=lambda seconds, *_: seconds)
        self._quotas = Quotas()
        self._warm_until = 0.0

    @property
    def cold(self) -> bool:
        """Whether a call is likely to need a new process."""
        return time.monotonic() > self._warm_until

    def run(self, seconds: int, *order: Any) -> Generator[float | Item, None, None]:
        """How long it took until the GPU was there, in seconds, and then what `work` yields.

        Closing it ends the work in the other process after its current item. Call it in the context of the visitor's
        request, by which `spaces` knows whose quota counts.

        Raises:
            GpuRefusedError: when no GPU is lent for so many seconds.
            GpuLostError: when it is taken back.
        """
        visitor = _visitor()
        self._quotas.check(visitor, seconds)
        asked = time.monotonic()
        with closing(self._lent(seconds, *order)) as items:
            try:
                next(items)
            except Exception as error:
                raise self._refusal(error, visitor, seconds) from error
            yield time.monotonic() - asked
            yield from self._pass_on(items)
            self._warm_until = time.monotonic() + _KEPT_S

    def abandon(self) -> None:
        """End the processes that have a GPU: they would outlive one that is told to end."""
        for process in multiprocessing.active_children():
            process.kill()  # one at work would hear nothing else

    def _pass_on(self, items: Iterator[Item]) -> Iterator[Item]:
        try:
            yield from items
        except Exception as error:
            log.exception("the call on the shared GPU ended early")
            self._warm_until = 0.0
            raise GpuLostError(LOST) from error

    def _refusal(self, error: Exception, visitor: str, seconds: int) -> GpuRefusedError:
        """A refusal by `spaces`, which raises gradio's errors, or whatever went wrong between it and the GPU."""
        title, message = str(getattr(error, "title", "")), str(getattr(error, "message", error))
        said = self._quotas.explain(visitor, seconds, title, message)
        if said is None:
            log.error("no shared GPU could be had: %s", message, exc_info=error)
        return GpuRefusedError(said or FAILED)


def _visitor() -> str:
    """The session of the request that is answered in this context."""
    from spaces.utils import gradio_request_var  # noqa: PLC0415 # pyright: ignore[reportMissingImports] - as above

    return getattr(gradio_request_var().get(None), "session_hash", None) or ""


def _use_one_thread() -> None:
    """A fork has none of its parent's threads, and OpenMP would wait for them."""
    import torch  # noqa: PLC0415 - kept out of start-up

    torch.set_num_threads(1)
