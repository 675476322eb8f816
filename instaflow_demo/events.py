"""What long work yields. Callers decide what to show, save or stop; nothing here knows a user interface."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast, overload

from .errors import Sentence
from .measure import Measurement, Timing, iterations_per_second

if TYPE_CHECKING:
    from PIL.Image import Image


Stage = Literal["sample", "upsample", "refine"]


class LazySeconds:
    """A field of a dataclass that may be given as a function, which is called when the seconds are first read.

    A device that works ahead knows its times later than its host has an event to tell of them.
    """

    def __init__(self, default: float | None = None):
        self._default = default
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> float: ...
    @overload
    def __get__(self, instance: object, owner: type) -> float: ...
    def __get__(self, instance: object | None, owner: type) -> float:
        if instance is None:
            if self._default is None:
                raise AttributeError(self._name)  # a dataclass asks for a default so
            return self._default
        seconds = vars(instance)[self._name]
        if callable(seconds):
            seconds = vars(instance)[self._name] = seconds()
        return cast(float, seconds)

    def __set__(self, instance: object, seconds: float | Callable[[], float]) -> None:
        vars(instance)[self._name] = seconds


@dataclass(frozen=True)
class Loading:
    """A model is being read from disk and moved to its device; with the stage "refine", the refiner of its images."""

    model: str
    notes: tuple[Sentence, ...] = ()
    stage: Stage = "sample"


@dataclass(frozen=True)
class Noted:
    """Something that a user should know of a model's part of the request as a whole: sentences, each told once."""

    model: str
    notes: tuple[Sentence, ...]


@dataclass(frozen=True)
class Step:
    """One denoising step is done. `image` is the index of the first image in the batch, `images` how many are in it.

    A cascade samples and then upsamples, and images may be refined at last; `step` and `steps` count within the stage.
    `elapsed_s` counts the stage so far, the first one with this batch's text encoding. `stepped` denoising steps of
    both stages of a cascade, or of the only one, have taken `stepping_s` seconds: what `Timing` counts when all are
    over. Both times are read from the device's clock when somebody asks for them; equality, `repr`, `replace` and
    pickling do so.
    """

    model: str
    image: int
    images: int
    step: int
    steps: int
    elapsed_s: LazySeconds = LazySeconds()
    stage: Stage = "sample"
    stepped: int = 0
    stepping_s: LazySeconds = LazySeconds(0.0)

    def wait(self) -> Self:
        """The event, once the device has taken the step."""
        _ = self.elapsed_s
        return self

    def __reduce__(self) -> tuple[type[Self], tuple]:
        return type(self), tuple(getattr(self, each.name) for each in fields(self))

    @property
    def iterations_per_second(self) -> float:
        return iterations_per_second(self.stepped, self.stepping_s)

    @property
    def remaining_s(self) -> float:
        return self.elapsed_s / self.step * (self.steps - self.step)


@dataclass(frozen=True)
class Preview:
    """What the images of a batch from index `image` on will look like: a cascade's before they are upsampled, say."""

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

    `metadata` is what makes it again, where it was to be saved.

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


Event = Loading | Noted | Step | Preview | Unrefined | ImageReady | Failed | Done
