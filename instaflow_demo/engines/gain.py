"""How much faster a model became when another way to run it took over."""

from collections.abc import Hashable

_WORTH_SAYING = 1.1  # times


class Gains:
    """Seconds that passes took before a faster way took over, by what they depend on (model, size, steps, ...)."""

    def __init__(self) -> None:
        self._before: dict[Hashable, float] = {}

    def record(self, passes: Hashable, seconds: float) -> None:
        """Remember what these passes take by the way that is to be replaced."""
        self._before[passes] = seconds

    def ratio(self, passes: Hashable, seconds: float) -> float | None:
        """How many times as fast as before these passes are; None where it is unknown or not worth a word."""
        ratio = self._before.get(passes, 0.0) / seconds
        return ratio if ratio > _WORTH_SAYING else None
