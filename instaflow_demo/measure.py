"""One meaning for every number the demo shows.

- The time of an image runs from the first text token to uint8 pixels on the host, by the device's own clock: a GPU is
  given the next piece of work before it is done with the last, so waiting for it in between would slow it down.
- Time during which a consumer holds a yielded event (encoding a PNG, sending it to a browser) is not the model's.
- An iteration is one denoising step over everything that is in the pass, whatever it costs: a step with
  classifier-free guidance is one iteration and two network evaluations. Iterations per second count the time of those
  steps alone, while a pass goes on and when it is over: no text, no decoding, and no moving of networks.
- The first pass of a model (cold: allocation, autotuning, caches) is shown apart and never averaged with warm ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

STAGES = ("text", "sample", "upsample", "decode")
"""What an image's time goes into, in this order; only cascades upsample."""


def iterations_per_second(steps: int, stepping_s: float) -> float:
    """Denoising steps a second of the time that they took: the one definition, of a live rate and of a final one."""
    return steps / stepping_s if stepping_s else 0.0


@dataclass(frozen=True)
class Timing:
    """One pass through a model: one image, or one batch of them. Seconds.

    `upsample_s` is the part of `sample_s` that a cascade spends on upsampling, `overhead_s` the part that no denoising
    step took: moving networks to the device and back, drawing noise. `backend` is what ran it, where that may be
    another one than was chosen.
    """

    images: int
    steps: int
    text_s: float
    sample_s: float
    decode_s: float
    warm: bool
    upsample_s: float = 0.0
    backend: str = ""
    overhead_s: float = 0.0

    @property
    def total_s(self) -> float:
        return self.text_s + self.sample_s + self.decode_s

    @property
    def stages(self) -> dict[str, float]:
        """Seconds of each of `STAGES`."""
        return _by_stage(self)

    @property
    def seconds_per_image(self) -> float:
        return self.total_s / self.images

    @property
    def stepping_s(self) -> float:
        """What the denoising steps took."""
        return self.sample_s - self.overhead_s

    @property
    def iterations_per_second(self) -> float:
        return iterations_per_second(self.steps, self.stepping_s)


def select_counted(passes: Sequence[Timing]) -> tuple[Timing, ...]:
    """The passes to average over: the warm ones, if any; where the backend changed on the way, those after that."""
    warm = any(p.warm for p in passes)
    alike = [p for p in passes if p.warm == warm]
    return tuple(p for p in alike if p.backend == alike[-1].backend)


@dataclass(frozen=True)
class Conditions:
    """What a measured time holds for: a model, its settings, and what ran and decoded it."""

    model: str
    device: str
    dtype: str
    steps: int
    guidance: float
    network_evaluations: int
    backend: str = field(default="eager", kw_only=True)
    decoder: str = field(default="full", kw_only=True)


@dataclass(frozen=True)
class Measurement(Conditions):
    """What one model took for one request. Averages are over warm passes, or over cold ones if there are no others.

    `commit` is the revision of the weights, where it is known.
    """

    load_s: float
    passes: tuple[Timing, ...]
    peak_bytes: int
    commit: str = ""

    @property
    def images(self) -> int:
        return sum(p.images for p in self.passes)

    @property
    def warm(self) -> bool:
        """Whether the averages come from warm passes."""
        return any(p.warm for p in self.passes)

    @property
    def counted(self) -> tuple[Timing, ...]:
        """The passes that the averages are taken over."""
        return select_counted(self.passes)

    @property
    def text_s(self) -> float:
        return sum(p.text_s for p in self.passes)

    @property
    def sample_s(self) -> float:
        return sum(p.sample_s for p in self.passes)

    @property
    def upsample_s(self) -> float:
        """The part of `sample_s` that a cascade spends on upsampling."""
        return sum(p.upsample_s for p in self.passes)

    @property
    def decode_s(self) -> float:
        return sum(p.decode_s for p in self.passes)

    @property
    def total_s(self) -> float:
        return sum(p.total_s for p in self.passes)

    @property
    def stages(self) -> dict[str, float]:
        """Seconds of each of `STAGES`, over all passes."""
        return _by_stage(self)

    @property
    def seconds_per_image(self) -> float:
        counted = self.counted
        return sum(p.total_s for p in counted) / max(sum(p.images for p in counted), 1)

    @property
    def images_per_second(self) -> float:
        return 1 / self.seconds_per_image if self.seconds_per_image else 0.0

    @property
    def iterations_per_second(self) -> float:
        counted = self.counted
        return iterations_per_second(sum(p.steps for p in counted), sum(p.stepping_s for p in counted))


@dataclass(frozen=True)
class Figure:
    """A value, the ends of its 95 % interval, and how many images (or measurements) it comes from."""

    value: float
    low: float
    high: float
    n: int


def _by_stage(spent: Timing | Measurement) -> dict[str, float]:
    seconds = (spent.text_s, spent.sample_s - spent.upsample_s, spent.upsample_s, spent.decode_s)
    return dict(zip(STAGES, seconds, strict=True))
