"""What an engine is: a loaded model that makes images."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from ..errors import Sentence
from ..events import ImageReady, Noted, Preview, Step
from ..machine.device import Placement
from ..request import GenerationRequest, ModelRun
from .memory import Plan

if TYPE_CHECKING:
    from .batches import Drawn
    from .unread import Reader


class Engine(Protocol):
    """A loaded model. `load_s` is how long loading took; `notes` are for the user, of what it could not keep."""

    placement: Placement
    load_s: float

    @property
    def notes(self) -> tuple[Sentence, ...]: ...

    def fit(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        ...

    def generate(self, request: GenerationRequest, run: ModelRun) -> Iterator[Noted | Step | Preview | ImageReady]:
        """Make the request's images; closing the iterator ends the work within one step."""
        ...

    def reader(self, run: ModelRun) -> "Reader":
        """What knows how much of a text the model reads."""
        ...

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], run: ModelRun) -> "Drawn":
        """One image a prompt, with a seed each, in one pass and without events."""
        ...

    def close(self) -> None:
        """Free the memory that the model holds."""
        ...
