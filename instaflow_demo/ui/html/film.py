"""A model's path from noise to image as a filmstrip, the drawing of it, and the same noise in fewer steps."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from PIL.Image import Image

from ...errors import Sentence
from ...events import Failed, FewSteps, Loading, Noted, PathEvent, PathFrame, PathShape, PathStep
from ...request import ModelRun
from ..text import Language, format_number, say, translate
from .columns import problem, steps_text
from .path import path_html, place
from .view import data_uri

FIRST_SHOWN = 0.2
"""The time that films are at when they appear: early enough for their predictions to differ."""
_QUALITY = 78  # of WebP


@dataclass(frozen=True)
class Shown:
    """A frame as the page has it: two images as data URIs."""

    t: float
    state: str
    prediction: str


@dataclass(frozen=True)
class Film:
    """What the page knows of one model's path. `loading` until its first step, `message` where it failed."""

    run: ModelRun
    loading: bool = False
    step: PathStep | None = None
    frames: tuple[Shown, ...] = ()
    shape: PathShape | None = None
    few: tuple[tuple[int, str], ...] = ()
    notes: tuple[Sentence, ...] = ()
    message: Sentence | None = None

    @property
    def begun(self) -> bool:
        return self.loading or self.step is not None or self.over

    @property
    def over(self) -> bool:
        """Whether there is nothing to come."""
        return self.message is not None or bool(self.few and self.few[-1][0] == self.run.steps)

    @property
    def complete(self) -> bool:
        """Whether all its frames are there."""
        return self.shape is not None and len(self.frames) > self.run.steps

    def after(self, event: PathEvent) -> "Film":
        """The film once this has happened to its model."""
        match event:
            case Loading(notes=notes) | Noted(notes=notes):
                unseen = tuple(note for note in notes if note not in self.notes)
                return replace(self, loading=isinstance(event, Loading), notes=(*self.notes, *unseen))
            case PathStep():
                return replace(self, loading=False, step=event)
            case PathShape():
                return replace(self, shape=event)
            case PathFrame():
                state = webp_uri(event.state)
                same = event.prediction is event.state
                shown = Shown(event.t, state, state if same else webp_uri(event.prediction))
                return replace(self, frames=(*self.frames, shown))
            case FewSteps():
                return replace(self, few=(*self.few, (event.steps, webp_uri(event.image))))
            case Failed():
                return replace(self, message=event.message)


def progress_text(films: Sequence[Film], language: Language) -> str:
    """What is going on, in one line."""
    now = next((film for film in films if not film.over), None)
    if now is None or not now.begun:
        return say(language, "waiting_device")
    values = {"title": now.run.model.title, "n": len(now.frames), "all": now.run.steps + 1}
    if now.step is None:
        return say(language, "flow_loading", **values)
    if now.shape is None:
        return say(language, "flow_step", **values, step=now.step.step, steps=now.step.steps)
    return say(language, "flow_fewer" if now.complete else "flow_decoding", **values)


def film_html(film: Film, prompt: str, language: Language) -> Markup:
    """A model's part of the tab; empty while nothing of it can be seen."""
    if film.message is not None:
        return problem(film.run.model.title, translate(language, film.message))
    if film.shape is None or not film.complete:
        return Markup("")
    now = next(i for i, frame in reversed(list(enumerate(film.frames))) if frame.t <= FIRST_SHOWN + 1e-6)
    drawing = path_html(film.shape, now, film.run.model.title, language)
    return Markup(
        '<section class="film" aria-label="{title}">{head}<div class="stage">{large}{drawing}{few}</div>{strip}{notes}'
        "</section>"
    ).format(
        title=film.run.model.title,
        head=_head(film, language),
        large=_large(film.frames[now], prompt, language),
        drawing=drawing,
        few=_few(film, prompt, language),
        strip=_strip(film, film.shape, now, prompt, language),
        notes=_notes(film, language),
    )


def webp_uri(image: Image) -> str:
    """A frame as an address that contains it."""
    file = io.BytesIO()
    image.save(file, "WEBP", quality=_QUALITY, method=0)
    return data_uri(file.getvalue(), "image/webp")


def _head(film: Film, language: Language) -> Markup:
    run, shape = film.run, film.shape
    if shape is None or shape.straightness is None:
        said = say(language, "flow_one_step" if run.steps == 1 else "flow_no_straightness")
    else:
        said = say(language, "flow_straightness", s=format_number(language, shape.straightness, 3))
    return Markup('<header><h2>{}</h2><span class="tag strong">{}</span><span class="tag">{}</span></header>').format(
        run.model.title, steps_text(language, run.steps), said
    )


def _large(frame: Shown, prompt: str, language: Language) -> Markup:
    """The frame that all are looking at, as large as it is."""
    parts = (("state", frame.state, "flow_state"), ("prediction", frame.prediction, "flow_prediction"))
    figures = Markup("").join(
        Markup(
            '<figure><img class="{kind}" src="{source}" alt="{alt}" width="160" height="160"><figcaption>{text}'
            "</figcaption></figure>"
        ).format(kind=kind, source=source, alt=say(language, f"{key}_alt", prompt=prompt), text=say(language, key))
        for kind, source, key in parts
    )
    time = Markup('<p class="clock">t = <b>{}</b></p>').format(format_number(language, frame.t, 2))
    return Markup('<div class="large">{}{}</div>').format(figures, time)


def _strip(film: Film, shape: PathShape, now: int, prompt: str, language: Language) -> Markup:
    """All frames in a row, under one name for screen readers."""
    frames = Markup("").join(_frames(film, shape, now, language))
    label = say(language, "flow_strip_alt", n=len(film.frames), prompt=prompt)
    return Markup(
        '<div class="reel{few}" role="img" tabindex="0" aria-label="{label}">'
        '<div class="track" aria-hidden="true">{frames}</div></div>'
        '<p class="ends" aria-hidden="true"><span>{noise}</span><span>{image}</span></p>'
    ).format(
        few=" single" if len(film.frames) == 2 else "",
        label=label,
        frames=frames,
        noise=say(language, "flow_noise"),
        image=say(language, "flow_image"),
    )


def _frames(film: Film, shape: PathShape, now: int, language: Language) -> Iterator[Markup]:
    for number, frame in enumerate(film.frames):
        (x, y), (to_x, to_y) = place(shape.points[number]), place(shape.predictions[number])
        yield Markup(
            '<span class="frame{now}" data-t="{t}" data-text="{text}" data-at="{x:.1f} {y:.1f} {to_x:.1f} {to_y:.1f}">'
            '<img class="state" src="{state}" alt=""><img class="prediction" src="{prediction}" alt=""></span>'
        ).format(
            now=" now" if number == now else "",
            t=round(frame.t, 4),
            text=format_number(language, frame.t, 2),
            x=x,
            y=y,
            to_x=to_x,
            to_y=to_y,
            state=frame.state,
            prediction=frame.prediction,
        )


def _few(film: Film, prompt: str, language: Language) -> Markup:
    """The same prompt and noise in other numbers of steps."""
    figures = Markup("").join(
        Markup('<figure><img src="{}" alt="{}" width="160" height="160"><figcaption>{}</figcaption></figure>').format(
            source, say(language, "flow_few_alt", prompt=prompt, n=text), text
        )
        for text, source in ((steps_text(language, steps), source) for steps, source in film.few)
    )
    return Markup('<div class="few"><h3>{}</h3><div>{}</div></div>').format(say(language, "flow_few"), figures)


def _notes(film: Film, language: Language) -> Markup:
    return Markup("").join(Markup('<p class="note">{}</p>').format(translate(language, note)) for note in film.notes)
