"""What the page knows about a run: frozen values, and one function from (view, event) to the next view.

A view holds no pixels but those of previews and of images that could not be stored, only paths, so that one may be
kept for every visitor, and nothing here knows gradio.
"""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from PIL.Image import Image

from ...errors import Sentence
from ...events import Done, Event, Failed, ImageReady, Loading, Noted, Preview, Step, Unrefined
from ...measure import Measurement, Timing
from ...request import GenerationRequest, ModelRun
from ...results.stored_run import StoredRun

_PREVIEW_QUALITY = 85  # of JPEG

Phase = Literal["waiting", "loading", "loading_refiner", "running", "done", "failed", "stopped"]


@dataclass(frozen=True)
class Picture:
    """A finished image: where it lies (None: it could not be stored, so `inline` holds it) and how it was made.

    `refined_s` is how long the refiner took, in seconds; None for an image that is as its model made it.
    """

    index: int
    seed: int
    timing: Timing
    path: Path | None
    notes: tuple[Sentence, ...] = ()
    refined_s: float | None = None
    inline: str = ""


@dataclass(frozen=True)
class Progress:
    """How far one model is with all its images. Seconds; Iterations per second are those of this pass.

    Of a cascade and of the refiner, `fraction` and `remaining_s` are the current stage's.
    """

    fraction: float
    elapsed_s: float
    remaining_s: float
    iterations_per_second: float


@dataclass(frozen=True)
class Column:
    """One system's part of the run, as its column shows it.

    `stages` are the last steps of the stages before the current one: of a cascade, and where images are refined.
    `unrefined` images wait for the refiner. `previews` are data URIs by the index of their image. A `stored` column is
    of a run that was kept, perhaps on another machine.
    """

    run: ModelRun
    images: int
    phase: Phase = "waiting"
    step: Step | None = None
    stages: tuple[Step, ...] = ()
    unrefined: tuple[Unrefined, ...] = ()
    previews: Mapping[int, str] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    measurement: Measurement | None = None
    message: str = ""
    notes: tuple[Sentence, ...] = ()
    stored: bool = False

    @property
    def model(self) -> str:
        return self.run.model.id

    @property
    def over(self) -> bool:
        return self.phase in ("done", "failed", "stopped")

    @property
    def progress(self) -> Progress | None:
        """None before the first step."""
        if self.step is None:
            return None
        step = self.step
        fraction = (step.image + step.images * step.step / step.steps) / self.images
        if step.stage == "refine":
            stage = sum(picture.refined_s or 0.0 for picture in self.pictures) + step.elapsed_s
            earlier = sum(image.timing.seconds_per_image for image in self.unrefined)
        else:
            made = [image for image in (*self.pictures, *self.unrefined) if image.index < step.image]
            stage = sum(image.timing.seconds_per_image for image in made) + step.elapsed_s
            earlier = sum(last.elapsed_s for last in self.stages)
        return Progress(fraction, stage + earlier, stage / fraction - stage, step.iterations_per_second)

    def after(self, event: Event, picture: Picture | None = None) -> "Column":
        """The column once `event` of its model has happened; `picture` is what became of an ImageReady."""
        changed: dict[str, Any] = {}
        match event:
            case Loading(notes=notes, stage=stage):
                phase = "loading_refiner" if stage == "refine" else "loading"
                changed = {"phase": phase, "notes": _once(self.notes, notes)}
            case Noted(notes=notes):
                changed = {"notes": _once(self.notes, notes)}
            case Step():
                changed = {"phase": "running", "step": event, "stages": self._stages_before(event)}
            case Preview(image=first, images=images):
                shown = {first + offset: jpeg_uri(image) for offset, image in enumerate(images)}
                changed = {"previews": {**self.previews, **shown}}
            case Unrefined():
                changed = {"unrefined": (*self.unrefined, event)}
            case ImageReady():
                made = self.pictures + ((self._without_shown_notes(picture),) if picture else ())
                waiting = {index: shown for index, shown in self.previews.items() if index != event.index}
                changed = {"phase": "running", "pictures": made, "previews": waiting}
            case Failed(message=message):
                changed = {"phase": "failed", "message": message}
            case Done(measurement=measurement):
                changed = {"phase": "done", "measurement": measurement}
        return replace(self, **changed)

    def _without_shown_notes(self, picture: Picture) -> Picture:
        """The picture without the notes that its column shows already."""
        return replace(picture, notes=tuple(note for note in picture.notes if note not in self.notes))

    def _stages_before(self, step: Step) -> tuple[Step, ...]:
        if step.stage == "sample" or self.step is None:
            return ()
        return self.stages if step.stage == self.step.stage else (*self.stages, self.step)


@dataclass(frozen=True)
class RunView:
    """All columns of a run, in the order in which the models are run."""

    columns: tuple[Column, ...] = ()
    batched: bool = False
    display: bool = True

    @classmethod
    def of(cls, request: GenerationRequest, display: bool) -> "RunView":
        """The view before anything has happened; what is noted of the request's texts stands with the first model."""
        first, *others = (Column(run, request.images, notes=run.notes) for run in request.runs)
        first = replace(first, notes=(*request.text_notes, *first.notes))
        return cls((first, *others), request.batched, display)

    @classmethod
    def of_stored(cls, stored: StoredRun) -> "RunView":
        """The view of a run that was kept."""
        view = cls.of(stored.request, True)
        for image in stored.images:
            inline = data_uri(image.path.read_bytes(), "image/webp")
            picture = Picture(0, image.seed, image.timing, None, inline=inline)
            made = replace(view.column(image.model), pictures=(picture,), stored=True)
            view = view._with(replace(made, phase="done", measurement=image.measurement))
        return view

    def column(self, model: str) -> Column:
        """Raises KeyError if `model` is not part of the run."""
        for column in self.columns:
            if column.model == model:
                return column
        raise KeyError(model)

    def after(self, event: Event, picture: Picture | None = None) -> "RunView":
        return self._with(self.column(event.model).after(event, picture))

    def _with(self, changed: Column) -> "RunView":
        return replace(self, columns=tuple(changed if c.model == changed.model else c for c in self.columns))

    def stop(self) -> "RunView":
        """The view with every unfinished column stopped."""
        return replace(self, columns=tuple(c if c.over else replace(c, phase="stopped") for c in self.columns))

    @property
    def over(self) -> bool:
        return all(column.over for column in self.columns)

    @property
    def done(self) -> int:
        return sum(column.phase == "done" for column in self.columns)

    def speedup(self, model: str) -> float | None:
        """How many times faster a model is than the slowest one.

        None before all are over, unless two finished, and where a time is cold, which is not its model's speed.
        """
        finished = [c.measurement for c in self.columns if c.measurement]
        if not all(measured.warm for measured in finished):
            return None
        own = self.column(model).measurement
        if own is None or not self.over or len(finished) < 2 or not own.seconds_per_image:
            return None
        return max(m.seconds_per_image for m in finished) / own.seconds_per_image


def data_uri(content: bytes, media: str) -> str:
    """A file as an address that contains it: nobody else can ask for it, and nothing has to be kept."""
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def png_uri(png: bytes) -> str:
    """An image that is in no file, as an address that contains it."""
    return data_uri(png, "image/png")


def jpeg_uri(image: Image) -> str:
    """A preview that needs no file and no second request; as JPEG, because PNG takes longer to encode."""
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=_PREVIEW_QUALITY)
    return data_uri(jpeg.getvalue(), "image/jpeg")


def _once(shown: tuple[Sentence, ...], notes: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    return tuple(dict.fromkeys((*shown, *notes)))
