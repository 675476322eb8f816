"""The only place where raw input is judged: a `GenerationRequest` that exists is valid.

Gradio checks nothing that a client could not forge (a slider accepts NaN, 1.5 and true; `max_length` is enforced by
the browser alone), so every value is parsed here, whether it comes from the page, the API or the command line.
"""

import math
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from ..errors import DemoError, InvalidRequest, Sentence, cause
from ..machine.device import Backend, Device, Dtype
from ..registry import MODELS, ModelSpec, Range
from .effects import Choice, find_without_effect
from .loras import Lora, read_lora
from .texts import TEXTS, left_out, normalise, too_long, visible

Decoder = Literal["full", "int8", "tiny"]
"""What makes pixels of latents: the autoencoder's own decoder, the same in 8 bits, or a tiny one."""

RANDOM_SEED = -1
"""The seed that stands for one that is drawn, as in other programs of this kind; “random” does too."""

_HUGE = 10**20
_LABELS = {
    "images": Sentence("The number of images"),
    "seed": Sentence("The seed"),
    "steps": Sentence("Steps"),
    "guidance": Sentence("Guidance"),
    "size": Sentence("Size"),
    "batched": Sentence("Batched"),
    "save": Sentence("Save"),
    "refine": Sentence("Refine"),
    "device": Sentence("Device"),
    "dtype": Sentence("Precision"),
    "backend": Sentence("Backend"),
    "decoder": Sentence("Decoder"),
}


@dataclass(frozen=True)
class Limits:
    """What one request may ask for."""

    images: int = 8
    prompt_characters: int = 500
    prompt_bytes: int = 2000
    seed: int = 2**32 - 1


@dataclass(frozen=True)
class ModelRun:
    """One system and the settings it runs with. `notes` say which of the request's options have no effect on it."""

    model: ModelSpec
    steps: int
    guidance: float
    size: int
    notes: tuple[Sentence, ...] = ()

    @property
    def guided(self) -> bool:
        """Classifier-free guidance is on only above 1, as in the published pipelines."""
        return self.guidance > 1.0

    @property
    def network_evaluations(self) -> int:
        """U-Net evaluations for one image: a guided step needs two, an upsampling step one."""
        return self.steps * (2 if self.guided else 1) + self.model.upsampling_steps

    @property
    def all_steps(self) -> int:
        """Denoising steps of both stages of a cascade, or of the only one."""
        return self.steps + self.model.upsampling_steps


@dataclass(frozen=True)
class Interpolation:
    """The prompt and the seed that a request's images lead to, from its own."""

    prompt: str
    seed: int


@dataclass(frozen=True)
class GenerationRequest:
    """What to generate, with which systems. Make one with `parse`."""

    prompt: str
    negative_prompt: str
    runs: tuple[ModelRun, ...]
    images: int
    seed: int
    batched: bool = False
    device: Device = "auto"
    dtype: Dtype = "auto"
    save: bool = True
    text_notes: tuple[Sentence, ...] = ()
    loras: tuple[Lora, ...] = ()
    delta_from: str = ""
    refine: bool = False
    backend: Backend = "auto"
    decoder: Decoder = "full"
    previews: bool = False
    interpolation: Interpolation | None = None

    @property
    def notes(self) -> tuple[Sentence, ...]:
        """What a user should know of the request: of its texts, then of what each model does with it."""
        return (*self.text_notes, *(note for run in self.runs for note in run.notes))

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed an image: an image does not depend on how many are made beside it."""
        return tuple(self.seed + index * (self.interpolation is None) for index in range(self.images))

    @property
    def positions(self) -> tuple[float, ...]:
        """Where each image of an interpolation lies, from 0 to 1; empty for any other request."""
        return tuple(index / (self.images - 1) for index in range(self.images)) if self.interpolation else ()

    @classmethod
    def parse(
        cls,
        prompt: Any,
        models: Any,
        *,
        negative_prompt: Any = "",
        images: Any = 1,
        seed: Any = 0,
        steps: Any = None,
        guidance: Any = None,
        size: Any = None,
        batched: Any = False,
        device: Any = "auto",
        dtype: Any = "auto",
        save: Any = True,
        loras: Iterable[str] = (),
        delta_from: str = "",
        refine: Any = False,
        backend: Any = "auto",
        decoder: Any = "full",
        limits: Limits | None = None,
    ) -> "GenerationRequest":
        """Judge raw input.

        `steps`, `guidance` and `size` are one value for every model, or a mapping from model id to value; None or
        a missing id means the model's default. A model that fixes a setting keeps its own value, and a note says so.
        An option that has no effect on a model is noted too. A seed of -1, or “random”, is drawn, and the request has
        what came of it. `loras`, each FILE or FILE:SCALE, or a folder for FILE, and `delta_from` name files of this
        machine: never take them from a visitor.

        Raises:
            InvalidRequest: with one sentence for every field that is wrong.
        """
        limits, check = limits or Limits(), _Checker()
        text = check.prompt("prompt", prompt, limits, required=True)
        negative = check.prompt("negative_prompt", negative_prompt, limits, required=False)
        specs = check.models(models)
        count = check.integer("images", images, Range(1, 1, limits.images))
        first = check.seed(seed, limits.seed - count + 1)  # the last image's is one too
        asked = [check.settings_of(spec, steps=steps, guidance=guidance, size=size) for spec in specs]
        request = cls(
            prompt=text,
            negative_prompt=negative,
            runs=tuple(check.run(spec, settings) for spec, settings in zip(specs, asked, strict=True)),
            images=count,
            seed=first,
            batched=check.flag("batched", batched),
            save=check.flag("save", save),
            refine=check.flag("refine", refine),
            device=cast(Device, check.choice("device", device, get_args(Device))),
            dtype=cast(Dtype, check.choice("dtype", dtype, get_args(Dtype))),
            backend=cast(Backend, check.choice("backend", backend, get_args(Backend))),
            decoder=cast(Decoder, check.choice("decoder", decoder, get_args(Decoder))),
            loras=check.loras(loras, specs),
            delta_from=check.delta(delta_from, specs),
            text_notes=tuple(check.notes),
        )
        if check.problems:
            raise InvalidRequest(check.problems)
        return request._add_notes(asked)

    def _add_notes(self, asked: Sequence[Mapping[str, Any]]) -> "GenerationRequest":
        """The request, each model's run with notes on those of its own settings, in `asked`, that have no effect."""
        noted = [
            replace(run, notes=tuple(find_without_effect(Choice(run.model, vars(self) | dict(own), run.guided))))
            for run, own in zip(self.runs, asked, strict=True)
        ]
        return replace(self, runs=tuple(noted))


class _Checker:
    """Collects one sentence for every field that is wrong, so that all are shown at once."""

    def __init__(self) -> None:
        self.problems: dict[str, Sentence] = {}
        self.notes: list[Sentence] = []

    def prompt(self, field: str, value: Any, limits: Limits, *, required: bool) -> str:
        name = TEXTS[field]
        if not isinstance(value, str):
            self.problems[field] = Sentence("The {text} must be text.", text=name)
            return ""
        if len(value) > limits.prompt_characters * 4:  # too long whatever normalisation removes
            self.problems[field] = too_long(name, len(value), limits.prompt_characters)
            return ""
        text = normalise(value)
        if len(text) > limits.prompt_characters or len(text.encode()) > limits.prompt_bytes:
            self.problems[field] = too_long(name, len(text), limits.prompt_characters)
        elif visible(text):
            self.notes += left_out(name, value)
        elif required:
            self.problems[field] = Sentence("Describe the image you want: the prompt is empty.")
        elif value:
            self.notes.append(Sentence("The {text} is blank, so it has no effect.", text=name))
            return ""
        return text

    def models(self, value: Any) -> tuple[ModelSpec, ...]:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, Iterable) or isinstance(names, Mapping | bytes):
            names = []
        names = list(dict.fromkeys(name if isinstance(name, str) else type(name).__name__ for name in names))
        unknown = [name for name in names if name not in MODELS]
        if not names:
            self.problems["models"] = Sentence("Choose at least one model.")
        elif unknown:
            self.problems["models"] = Sentence(
                "There is no model called {name!r}; choose from {ids}.", name=unknown[0][:40], ids=", ".join(MODELS)
            )
        return tuple(MODELS[name] for name in names if name in MODELS)

    def integer(self, field: str, value: Any, allowed: Range[int], *whose: Sentence) -> int:
        number = _as_number(value)
        if number is None or number != int(number):
            wanted = Sentence("a whole number from {low:,} to {high:,}", **_span(allowed))
            return self._refuse(field, allowed, wanted, *whose, *_instead(value))
        if int(number) not in allowed:
            return self._refuse(field, allowed, _between(allowed), *whose, _not(number))
        return int(number)

    def number(self, field: str, value: Any, allowed: Range[float], *whose: Sentence) -> float:
        number = _as_number(value)
        if number is None:
            wanted = Sentence("a number from {low:,} to {high:,}", **_span(allowed))
            return self._refuse(field, allowed, wanted, *whose, *_instead(value))
        if number not in allowed:
            return self._refuse(field, allowed, _between(allowed), *whose, _not(number))
        return float(number)

    def seed(self, value: Any, most: int) -> int:
        """The seed, drawn where it is to be."""
        random = isinstance(value, str) and value.strip().lower() == "random"
        if random or (_as_number(value) == RANDOM_SEED):
            return secrets.randbelow(most + 1)
        return self.integer(
            "seed", value, Range(0, 0, most), Sentence(", or {seed} for a random one", seed=RANDOM_SEED)
        )

    def settings_of(self, spec: ModelSpec, **settings: Any) -> dict[str, Any]:
        """The settings that are asked of a model, by name; None where its default will do."""
        return {name: value.get(spec.id) if isinstance(value, Mapping) else value for name, value in settings.items()}

    def run(self, spec: ModelSpec, asked: Mapping[str, Any]) -> ModelRun:
        steps = self._setting("steps", asked["steps"], spec, self.integer)
        guidance = self._setting("guidance", asked["guidance"], spec, self.number)
        return ModelRun(spec, steps, guidance, self._setting("size", asked["size"], spec, self._size))

    def _setting(self, field: str, value: Any, spec: ModelSpec, parse: Callable[..., Any]) -> Any:
        """A model's own value where it fixes one or none is asked for."""
        allowed = getattr(spec, field)
        if value is None:
            return allowed.default
        if not allowed.fixed:
            return parse(field, value, allowed, Sentence(" for {title}", title=spec.title))
        if _as_number(value) is None:
            self.problems[field] = Sentence(
                "{what} must be a number{instead}: {title} always uses {n:g}.",
                what=_LABELS[field],
                instead=Sentence.join(_instead(value)),
                title=spec.title,
                n=allowed.default,
            )
        return allowed.default

    def _size(self, field: str, value: Any, allowed: Range[int], *whose: Sentence) -> int:
        number = _as_number(value)
        if number is not None and number == int(number) and int(number) in allowed and number % 64 == 0:
            return int(number)
        shown = _instead(value) if number is None else (_not(number),)
        wanted = Sentence("a multiple of 64 pixels from {low:,} to {high:,}", **_span(allowed))
        return self._refuse(field, allowed, wanted, *whose, *shown)

    def _refuse(self, field: str, allowed: Range[Any], *wanted: Sentence) -> Any:
        said = Sentence.join(wanted, "")
        self.problems[field] = Sentence("{what} must be {wanted}.", what=_LABELS[field], wanted=said)
        return allowed.default

    def loras(self, values: Iterable[str], specs: Iterable[ModelSpec]) -> tuple[Lora, ...]:
        files = []
        for value in values:
            try:
                files.append(read_lora(value))
            except DemoError as error:
                self.problems.setdefault("loras", error.sentence)
            except OSError as error:
                unread = Sentence(
                    "{path:.200} cannot be read ({why}): name another file.", path=value, why=cause(error)
                )
                self.problems.setdefault("loras", unread)
        unfit = [spec.title for spec in specs if not spec.traits.takes_lora]
        if files and unfit:
            self.problems["loras"] = Sentence("{title} takes no LoRA files: leave it out, or them.", title=unfit[0])
        return tuple(files)

    def delta(self, fine_tune: str, specs: Iterable[ModelSpec]) -> str:
        unfit = [spec.title for spec in specs if spec.delta_base is None]
        if fine_tune and unfit:
            fine_tunes = ", ".join(name for name, spec in MODELS.items() if spec.delta_base)
            self.problems["delta_from"] = Sentence(
                "{title} is not the fine-tune of another model: choose from {ids}.", title=unfit[0], ids=fine_tunes
            )
        return fine_tune

    def flag(self, field: str, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        self.problems[field] = Sentence(
            "{what} must be true or false{instead}.", what=_LABELS[field], instead=Sentence.join(_instead(value))
        )
        return False

    def choice(self, field: str, value: Any, allowed: tuple[str, ...]) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        self.problems[field] = Sentence(
            "{what} must be one of {choices}{instead}.",
            what=_LABELS[field],
            choices=", ".join(allowed),
            instead=Sentence.join(_instead(value)),
        )
        return allowed[0]


def _span(allowed: Range[Any]) -> dict[str, float]:
    """The ends of a range, whole numbers as such."""
    return {"low": _whole(allowed.low), "high": _whole(allowed.high)}


def _between(allowed: Range[Any]) -> Sentence:
    return Sentence("from {low:,} to {high:,}", **_span(allowed))


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number


def _not(number: float) -> Sentence:
    """A number as it was given, but not in hundreds of digits."""
    if abs(number) > _HUGE:
        return Sentence(", not {number:.3g}", number=number)
    return Sentence(", not {number:,}", number=_whole(number))


def _instead(value: Any) -> tuple[Sentence, ...]:
    """What was given, where it is short text: a number in quotes is not one."""
    if not isinstance(value, str):
        return ()
    return (Sentence(", not the text “{text}”", text=normalise(value)[:40]),)


def _as_number(value: Any) -> int | float | None:
    """`value` if it is a finite number; an integer that no float can hold becomes one that is as much out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return max(-_HUGE, min(value, _HUGE))
    return value if math.isfinite(value) else None
