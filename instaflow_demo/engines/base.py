"""What an engine is: a loaded model that makes images."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Protocol

from ..errors import Sentence
from ..events import ImageReady, Noted, Preview, Step
from ..machine.device import Placement
from ..request import GenerationRequest, ModelRun
from .memory import Plan

if TYPE_CHECKING:
    from .batches import Batch, Samples
    from .unread import Reader


class Engine(Protocol):
    """A loaded model. `load_s` is how long loading took; `notes` are for the user, of what it could not keep."""

    placement: Placement
    load_s: float

    @property
    def notes(self) -> tuple[Sentence, ...]: ...

    def apply(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        ...

    def generate(
        self, request: GenerationRequest, run: ModelRun
    ) -> Generator[Noted | Step | Preview | ImageReady, None, None]:
        """Make the request's images; closing the generator ends the work within one step."""
        ...

    def reader(self, run: ModelRun) -> "Reader":
        """What knows how much of a text the model reads."""
        ...

    def close(self) -> None:
        """Free the memory that the model holds."""
        ...


class Sampler(Engine, Protocol):
    """An engine whose loop can be followed without events, as an evaluation of many prompts does."""

    def sample(self, batch: "Batch", run: ModelRun) -> "Samples":
        """A batch's images, by the very steps of `generate`."""
        ...
