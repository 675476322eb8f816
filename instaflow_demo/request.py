"""The only place where raw input is judged: a `GenerationRequest` that exists is valid.

Gradio checks nothing that a client could not forge (a slider accepts NaN, 1.5 and true; `max_length` is enforced by
the browser alone), so every value is parsed here, whether it comes from the page, the API or the command line.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from .errors import CheckpointError, InvalidRequest
from .folders import lora_in
from .paths import path_of, unquoted
from .registry import MODELS, ModelSpec, Range

Device = Literal["auto", "cpu", "cuda"]
Dtype = Literal["auto", "float32", "float16", "bfloat16"]
Backend = Literal["auto", "eager", "compiled", "openvino", "diffusers"]
"""What runs latent models: PyTorch as it is or compiled, OpenVINO, or for comparison diffusers' stock pipeline."""
Decoder = Literal["full", "int8", "tiny"]
"""What makes pixels of latents: the autoencoder's own decoder, the same in 8 bits, or a tiny one."""

_HUGE = 10**18
_NOT_PRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Limits:
    """What one request may ask for."""

    images: int = 8
    prompt_characters: int = 500
    prompt_bytes: int = 2000
    seed: int = 2**32 - 1


@dataclass(frozen=True)
class Lora:
    """A LoRA file and how strongly it is applied."""

    path: Path
    scale: float = 1.0


@dataclass(frozen=True)
class ModelRun:
    """One system and the settings it runs with."""

    model: ModelSpec
    steps: int
    guidance: float
    size: int

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
    notes: tuple[str, ...] = ()
    loras: tuple[Lora, ...] = ()
    delta_from: str = ""
    refine: bool = False
    backend: Backend = "auto"
    decoder: Decoder = "full"
    previews: bool = False

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed an image: an image does not depend on how many are made beside it."""
        return tuple(self.seed + index for index in range(self.images))

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
        `loras`, each FILE or FILE:SCALE, and `delta_from` name files of this machine: never take them from a visitor.

        Raises:
            InvalidRequest: with one sentence for every field that is wrong.
        """
        limits = limits or Limits()
        check = _Checker()
        text = check.prompt("prompt", prompt, limits, required=True)
        negative = check.prompt("negative_prompt", negative_prompt, limits, required=False)
        specs = check.models(models)
        count = check.integer("images", images, Range(1, 1, limits.images))
        first = check.integer("seed", seed, Range(0, 0, limits.seed - count + 1))  # the last image's is one too
        runs = tuple(
            ModelRun(
                spec,
                check.setting("steps", steps, spec, spec.steps, check.integer),
                check.setting("guidance", guidance, spec, spec.guidance, check.number),
                check.size(size, spec),
            )
            for spec in specs
        )
        as_batch = check.flag("batched", batched)
        to_disk = check.flag("save", save)
        refined = check.flag("refine", refine)
        on = cast(Device, check.choice("device", device, get_args(Device)))
        precision = cast(Dtype, check.choice("dtype", dtype, get_args(Dtype)))
        engine = cast(Backend, check.choice("backend", backend, get_args(Backend)))
        decoded_by = cast(Decoder, check.choice("decoder", decoder, get_args(Decoder)))
        files = check.loras(loras, specs)
        check.delta(delta_from, specs)
        if negative:
            check.notes += [
                f"{run.model.title} ignores the negative prompt, because guidance is off at {run.guidance:g}."
                for run in runs
                if not run.guided
            ]
        if check.problems:
            raise InvalidRequest(check.problems)
        notes = tuple(check.notes)
        return cls(
            *(text, negative, runs, count, first, as_batch, on, precision, to_disk, notes, files, delta_from, refined),
            *(engine, decoded_by),
        )


class _Checker:
    """Collects one sentence for every field that is wrong, so that all are shown at once."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self.notes: list[str] = []

    def prompt(self, field: str, value: Any, limits: Limits, *, required: bool) -> str:
        name = field.replace("_", " ")
        if not isinstance(value, str):
            self.problems[field] = f"The {name} must be text."
            return ""
        if len(value) > limits.prompt_characters * 4:  # too long whatever normalisation removes
            self.problems[field] = _too_long(name, len(value), limits)
            return ""
        text = _normalised(value)
        if required and not _visible(text):
            self.problems[field] = "Describe the image you want: the prompt is empty."
        elif len(text) > limits.prompt_characters or len(text.encode()) > limits.prompt_bytes:
            self.problems[field] = _too_long(name, len(text), limits)
        return text

    def models(self, value: Any) -> tuple[ModelSpec, ...]:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, Iterable) or isinstance(names, Mapping | bytes):
            names = []
        names = list(dict.fromkeys(name if isinstance(name, str) else type(name).__name__ for name in names))
        unknown = [name for name in names if name not in MODELS]
        if not names:
            self.problems["models"] = "Choose at least one model."
        elif unknown:
            self.problems["models"] = f"There is no model called {unknown[0][:40]!r}; choose from {', '.join(MODELS)}."
        return tuple(MODELS[name] for name in names if name in MODELS)

    def integer(self, field: str, value: Any, allowed: Range[int]) -> int:
        number = _as_number(value)
        if number is None or number != int(number):
            self.problems[field] = f"{_label(field)} must be a whole number."
            return allowed.default
        return self._within(field, int(number), allowed)

    def number(self, field: str, value: Any, allowed: Range[float]) -> float:
        number = _as_number(value)
        if number is None:
            self.problems[field] = f"{_label(field)} must be a number."
            return allowed.default
        return self._within(field, float(number), allowed)

    def _within(self, field: str, value: Any, allowed: Range[Any]) -> Any:
        if value in allowed:
            return value
        self.problems[field] = f"{_label(field)} must be from {allowed.low:,} to {allowed.high:,}, not {value:,}."
        return allowed.default

    def setting(self, field: str, value: Any, spec: ModelSpec, allowed: Range[Any], parse: Any) -> Any:
        if isinstance(value, Mapping):
            value = value.get(spec.id)
        if value is None:
            return allowed.default
        if not allowed.fixed:
            return parse(field, value, allowed)
        if _as_number(value) != allowed.default:
            self.notes.append(f"{spec.title} always uses {allowed.default:g} for {_label(field).lower()}.")
        return allowed.default

    def size(self, value: Any, spec: ModelSpec) -> int:
        pixels = self.setting("size", value, spec, spec.size, self.integer)
        if pixels % 64 and "size" not in self.problems:
            self.problems["size"] = f"Size must be a multiple of 64 pixels, not {pixels}."
        return pixels

    def loras(self, values: Iterable[str], specs: Iterable[ModelSpec]) -> tuple[Lora, ...]:
        files: tuple[Lora, ...] = ()
        try:
            files = tuple(map(_lora, values))
        except CheckpointError as error:
            self.problems["loras"] = str(error)
        unfit = [spec.title for spec in specs if spec.kind != "latent"]
        if files and unfit:
            self.problems["loras"] = f"{unfit[0]} takes no LoRA files: leave it out, or them."
        return files

    def delta(self, fine_tune: str, specs: Iterable[ModelSpec]) -> None:
        unfit = [spec.title for spec in specs if spec.delta_base is None]
        if fine_tune and unfit:
            fit = ", ".join(name for name, spec in MODELS.items() if spec.delta_base)
            self.problems["delta_from"] = f"{unfit[0]} is not the fine-tune of another model: choose from {fit}."

    def flag(self, field: str, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        self.problems[field] = f"{_label(field)} must be true or false."
        return False

    def choice(self, field: str, value: Any, allowed: tuple[str, ...]) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        self.problems[field] = f"{_label(field)} must be one of {', '.join(allowed)}."
        return allowed[0]


def _lora(value: str) -> Lora:
    """FILE or FILE:SCALE; what follows the last colon is the scale if it is a number.

    Raises:
        CheckpointError: with a sentence, where there is no such file.
    """
    value = unquoted(value)
    path, _, scale = value.rpartition(":")
    try:
        strength = float(scale)
    except ValueError:
        return Lora(lora_in(path_of(value)))
    scaled = bool(path) and math.isfinite(strength)
    return Lora(lora_in(path_of(path)), strength) if scaled else Lora(lora_in(path_of(value)))


def _normalised(text: str) -> str:
    """NFC, without surrogates, control characters and runs of white space."""
    return " ".join(_NOT_PRINTABLE.sub(" ", unicodedata.normalize("NFC", text)).split())


def _visible(text: str) -> bool:
    """Whether there is anything to see in it: joiners, direction marks and lone accents show nothing by themselves."""
    return any(unicodedata.category(character) not in ("Cf", "Mn", "Me") for character in text)


def _too_long(name: str, length: int, limits: Limits) -> str:
    return f"The {name} is too long ({length:,} characters): use at most {limits.prompt_characters}."


def _as_number(value: Any) -> int | float | None:
    """`value` if it is a finite number; an integer that no float can hold becomes one that is as much out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return max(-_HUGE, min(value, _HUGE))
    return value if math.isfinite(value) else None


def _label(field: str) -> str:
    return {"images": "The number of images", "seed": "The seed", "dtype": "Precision"}.get(field, field.capitalize())
