"""What runs a model. One engine per architecture, chosen by the registry row's `kind`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from ..device import Placement
from ..events import ImageReady, Preview, Step
from ..memory import WHOLE, Plan
from ..registry import ModelSpec
from ..request import GenerationRequest, ModelRun
from ..weights import ModelFiles
from .extras import NOTHING, Extras

if TYPE_CHECKING:
    from .passes import Drawn


class Engine(Protocol):
    """A loaded model. `load_s` is how long loading took."""

    placement: Placement
    load_s: float

    def fit(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        ...

    def generate(self, request: GenerationRequest, run: ModelRun) -> Iterator[Step | Preview | ImageReady]:
        """Make the request's images; closing the iterator ends the work within one step."""
        ...

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], run: ModelRun) -> "Drawn":
        """One image a prompt, with a seed each, in one pass and without events."""
        ...

    def close(self) -> None:
        """Free the memory that the model holds."""
        ...


def load(
    spec: ModelSpec, files: ModelFiles, placement: Placement, plan: Plan = WHOLE, extras: Extras = NOTHING
) -> Engine:
    """Load the engine for a registry row. Imports torch and diffusers when it is first called.

    Raises:
        ModelUnavailable: when the files cannot be read.
        CheckpointError: when `extras`, which only latent models take, do not fit.
    """
    # the page is served before these libraries are imported
    if spec.kind == "text2im":
        from .text2im import Text2ImEngine  # noqa: PLC0415

        return Text2ImEngine.load(spec, files, placement, plan)
    from .latent import LatentEngine  # noqa: PLC0415

    return LatentEngine.load(spec, files, placement, plan, extras)
