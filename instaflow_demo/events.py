"""What long work yields. Callers decide what to show, save or stop; nothing here knows a user interface."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .errors import Sentence
from .measure import Measurement, Timing, iterations_per_second

if TYPE_CHECKING:
    from PIL.Image import Image


Stage = Literal["sample", "upsample", "refine"]


@dataclass(frozen=True)
class Loading:
    """A model is being read from disk and moved to its device; with the stage "refine", the refiner of its images."""

    model: str
    notes: tuple[Sentence, ...] = ()
    stage: Stage = "sample"


@dataclass(frozen=True)
class Noted:
    """Something that a user should know of a model's part of the request as a whole: sentences, each shown once."""

    model: str
    notes: tuple[Sentence, ...]


@dataclass(frozen=True)
class Waited(Noted):
    """A GPU that others share was asked for and is there: that took `seconds`, which are part of no other time."""

    seconds: float = 0.0

    @classmethod
    def of(cls, model: str, seconds: float) -> "Waited":
        """With the sentence that says so."""
        said = Sentence(
            "The shared GPU was there after {seconds:.1f} s, which no other time includes.", seconds=seconds
        )
        return cls(model, (said,), seconds)


@dataclass(frozen=True)
class Step:
    """One denoising step is done. `image` is the index of the first image in the batch, `images` how many are in it.

    A cascade samples and then upsamples, and images may be refined at last; `step` and `steps` count within the stage.
    `elapsed_s` counts the stage so far, the first one with this batch's text encoding. `stepped` denoising steps of
    both stages of a cascade, or of the only one, have taken `stepping_s` seconds: what `Timing` counts when all are
    over.
    """

    model: str
    image: int
    images: int
    step: int
    steps: int
    elapsed_s: float
    stage: Stage = "sample"
    stepped: int = 0
    stepping_s: float = 0.0

    @property
    def iterations_per_second(self) -> float:
        return iterations_per_second(self.stepped, self.stepping_s)

    @property
    def remaining_s(self) -> float:
        return self.elapsed_s / self.step * (self.steps - self.step)


@dataclass(frozen=True)
class Preview:
    """The images of a batch from index `image` on, as they are so far: small, or a quick decoder's."""

    model: str
    image: int
    images: "tuple[Image, ...]" = field(repr=False)


@dataclass(frozen=True)
class Unrefined:
    """A model has made an image, which waits for the refiner until all images of the model are made."""

    model: str
    index: int
    timing: Timing


@dataclass(frozen=True)
class Refinement:
    """What the refiner took for an image, which is no part of its model's time, and the revision of its weights."""

    seconds: float
    commit: str = ""


def digest(image: "Image") -> str:
    """SHA-256 of an image's raw RGB bytes."""
    return hashlib.sha256(image.tobytes()).hexdigest()


@dataclass(frozen=True)
class ImageReady:
    """An image is finished. `sha256` is its `digest`; `path` is set once it has been saved.

    `metadata` is what makes it again.

    `refinement` is None for an image that is as its model made it.
    """

    model: str
    index: int
    seed: int
    image: "Image" = field(repr=False)
    timing: Timing
    sha256: str
    path: Path | None = None
    notes: tuple[Sentence, ...] = ()
    refinement: Refinement | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Failed:
    """A model could not do its part; `message` is a sentence for the user. The other models go on."""

    model: str
    message: Sentence


@dataclass(frozen=True)
class Done:
    """A model has finished its part of the request."""

    model: str
    measurement: Measurement


@dataclass(frozen=True)
class Downloading:
    """A published model is being fetched: `file` now, `done` of `total` bytes of all its files so far.

    `note` says where it goes, if that is not where it should.
    """

    model: str
    file: str
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True)
class PathStep:
    """A model has taken `step` of `steps` steps of one of the paths that are recorded."""

    model: str
    step: int
    steps: int


@dataclass(frozen=True)
class PathFrame:
    """What is at time `t` of a path, 0 for noise and 1 for the image: x_t, and the final image as predicted there.

    At t = 1 both are the same. `number` counts from 0 to `steps`.
    """

    model: str
    number: int
    steps: int
    t: float
    state: "Image" = field(repr=False)
    prediction: "Image" = field(repr=False)


@dataclass(frozen=True)
class PathShape:
    """How a path runs, measured in its latents.

    `points` has x_t for each of its times, and `predictions` the ends predicted there, both in the plane of
    `flow.project`: how far along the straight line from noise to image, and how far aside of it, in lengths of that
    line. `deviation` is the largest distance from the line, `share` how much of all squared distances the plane shows.
    `straightness` is None where it is not defined: for a single step, and where steps follow a noise schedule.
    """

    model: str
    points: tuple[tuple[float, float], ...]
    predictions: tuple[tuple[float, float], ...]
    deviation: float
    share: float
    straightness: float | None


@dataclass(frozen=True)
class FewSteps:
    """The same prompt and the same noise, in another number of steps."""

    model: str
    steps: int
    image: "Image" = field(repr=False)


PathEvent = Loading | Noted | Failed | PathStep | PathFrame | PathShape | FewSteps
"""What recording paths yields; the last `FewSteps` of a model, which is that of its own path, ends its part."""

Event = Loading | Noted | Step | Preview | Unrefined | ImageReady | Failed | Done
