"""One budget for the whole family: its stages in their order, and the share of the minutes that each one gets.

Every way from the teacher to one step has the same share, or a comparison of them would say nothing: reflow with what
distils it, direct distillation, progressive distillation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import DemoError
from .loop import Budget
from .run_folder import RunFolder
from .stages.progressive import STUDENTS

BEGIN_WITHIN = 0.8  # of a run's time: a stage that begins makes its examples first, and cannot pause meanwhile


@dataclass(frozen=True)
class Stage:
    """A stage, its share of the family's minutes, and the networks that it trains one after another, if several."""

    name: str
    share: float
    students: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[str, ...]:
        """What it trains, in a run's folder."""
        return self.students or (self.name,)

    def minutes(self, family: float) -> float:
        """Its minutes of training, of those of the whole `family`."""
        return family * self.share

    def is_begun(self, run: RunFolder) -> bool:
        return any((run.root / folder / "checkpoint").exists() for folder in self.folders)

    def is_finished(self, run: RunFolder, family: float) -> bool:
        budget = Budget(minutes=self.minutes(family) / len(self.folders))
        return all(run.is_finished(folder, budget) for folder in self.folders)


STAGES = (
    Stage("teacher", 0.44),
    Stage("reflow", 0.08),
    Stage("distill", 0.06),
    Stage("features", 0.02),
    Stage("distill-perceptual", 0.04),
    Stage("direct", 0.14),
    Stage("direct-perceptual", 0.04),
    Stage("progressive", 0.18, tuple(f"progressive/{steps}" for steps in STUDENTS)),
)
TO_ONE_STEP: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "instaflow-mini": ("reflow", "distill", "distill-perceptual"),
        "sd-distill-mini": ("direct", "direct-perceptual"),
        "pd-mini": ("progressive",),
    }
)
"""The stages that make a model of one step from the teacher, beside `features`, which two of them share."""


def choose_stages(names: Sequence[str]) -> tuple[Stage, ...]:
    """The stages of these names, or all of them, in the family's order.

    Raises:
        DemoError: for a name that is none of them.
    """
    known = [stage.name for stage in STAGES]
    for name in names:
        if name not in known:
            raise DemoError(
                "{name} is not a stage of the family: choose from {known}.", name=name, known=", ".join(known)
            )
    return tuple(stage for stage in STAGES if not names or stage.name in names)
