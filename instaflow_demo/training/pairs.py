"""Pairs of noise and image that reflow and distillation learn from: made once, kept in the run's folder."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from .loop import Process
from .run_folder import RunFolder
from .stages import reflow
from .stages.teacher import Prompts

_SEEDS = {"teacher": 3000, "reflow": 4000}


@dataclass(frozen=True)
class PairSettings:
    """How pairs are made: the stage whose ODE makes them, their number over all processes, Euler steps and guidance.

    The fields are facts of the model card.
    """

    pairs_of: str
    pairs: int
    ode_steps: int
    guidance: float

    def __str__(self) -> str:
        return f"{self.pairs} pairs with {self.pairs_of} in {self.ode_steps} steps at guidance {self.guidance:g}"

    @property
    def name(self) -> str:
        """The name of their files."""
        return f"{self.pairs_of}-{self.pairs}-{self.ode_steps}-{self.guidance:g}"


def load_pairs(
    settings: PairSettings,
    files: RunFolder,
    process: Process,
    prompts: Prompts,
    draw_ids: Callable[[int, int], Tensor],
) -> reflow.Pairs:
    """This process's share of the pairs, which an earlier stage left or which are made now.

    `draw_ids(count, seed)` returns token ids (count, T) of captions to make pairs for.
    """

    def make() -> reflow.Pairs:
        unet, seed = files.load_unet(settings.pairs_of), _SEEDS[settings.pairs_of]
        ids = draw_ids(settings.pairs // process.num_processes, seed)
        steps, guidance = settings.ode_steps, settings.guidance
        return reflow.make_pairs(unet, prompts, ids, process, steps=steps, guidance=guidance, seed=seed)

    return reflow.Pairs.share(files.root / "pairs", settings.name, process, make)
