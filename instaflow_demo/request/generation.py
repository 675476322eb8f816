"""The only place where raw input is judged: a `GenerationRequest` that exists is valid.

Gradio checks nothing that a client could not forge (a slider accepts NaN, 1.5 and true; `max_length` is enforced by
the browser alone), so every value is parsed here, whether it comes from the page, the API or the command line.
"""

import math
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from ..errors import InvalidRequest
from ..machine.device import Backend, Device, Dtype
from ..machine.paths import path_of, unquoted
from ..registry import MODELS, ModelSpec, Range
from .effects import Choice, without_effect

Decoder = Literal["full", "int8", "tiny"]
"""What makes pixels of latents: the autoencoder's own decoder, the same in 8 bits, or a tiny one."""

RANDOM_SEED = -1
"""The seed that stands for one that is drawn, as in other programs of this kind; “random” does too."""

_HUGE = 10**20
_STRONGEST = 100  # a LoRA's scale; more than 2 is hardly ever meant
_PYTORCH = (".bin", ".pt", ".pth", ".ckpt")
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
    """A LoRA file and how strongly it is applied.

    `state` is what tells a file that was written again: loaded models are kept by what was merged into them.
    """

    path: Path
    scale: float = 1.0
    state: tuple[int, ...] = ()


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
        An option that has no effect on a model is noted too. A seed of -1, or “random”, is drawn, and the request has
        what came of it. `loras`, each FILE or FILE:SCALE, or a folder for FILE, and `delta_from` name files of this
        machine: never take them from a visitor.

        Raises:
            InvalidRequest: with one sentence for every field that is wrong.
        """
        limits = limits or Limits()
        check = _Checker()
        text = check.prompt("prompt", prompt, limits, required=True)
        negative = check.prompt("negative_prompt", negative_prompt, limits, required=False)
        specs = check.models(models)
        count = check.integer("images", images, Range(1, 1, limits.images))
        first = check.seed(seed, limits.seed - count + 1)  # the last image's is one too
        asked = [check.asked(spec, steps=steps, guidance=guidance, size=size) for spec in specs]
        runs = tuple(check.run(spec, settings) for spec, settings in zip(specs, asked, strict=True))
        as_batch = check.flag("batched", batched)
        to_disk = check.flag("save", save)
        refined = check.flag("refine", refine)
        on = cast(Device, check.choice("device", device, get_args(Device)))
        precision = cast(Dtype, check.choice("dtype", dtype, get_args(Dtype)))
        engine = cast(Backend, check.choice("backend", backend, get_args(Backend)))
        decoded_by = cast(Decoder, check.choice("decoder", decoder, get_args(Decoder)))
        files = check.loras(loras, specs)
        check.delta(delta_from, specs)
        if check.problems:
            raise InvalidRequest(check.problems)
        request = cls(
            prompt=text,
            negative_prompt=negative,
            runs=runs,
            images=count,
            seed=first,
            batched=as_batch,
            device=on,
            dtype=precision,
            save=to_disk,
            loras=files,
            delta_from=delta_from,
            refine=refined,
            backend=engine,
            decoder=decoded_by,
        )
        choices = [Choice(run.model, vars(request) | own, run.guided) for run, own in zip(runs, asked, strict=True)]
        return replace(request, notes=(*check.notes, *without_effect(choices)))


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
        if len(text) > limits.prompt_characters or len(text.encode()) > limits.prompt_bytes:
            self.problems[field] = _too_long(name, len(text), limits)
        elif _visible(text):
            self.notes += _left_out(name, value)
        elif required:
            self.problems[field] = "Describe the image you want: the prompt is empty."
        elif value:
            self.notes.append(f"The {name} is blank, so it has no effect.")
            return ""
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

    def integer(self, field: str, value: Any, allowed: Range[int], whose: str = "") -> int:
        number = _as_number(value)
        if number is None or number != int(number):
            return self._refuse(field, f"a whole number {_span(allowed)}{whose}{_instead(value)}", allowed)
        if int(number) not in allowed:
            return self._refuse(field, f"{_span(allowed)}{whose}, not {_written(number)}", allowed)
        return int(number)

    def number(self, field: str, value: Any, allowed: Range[float], whose: str = "") -> float:
        number = _as_number(value)
        if number is None:
            return self._refuse(field, f"a number {_span(allowed)}{whose}{_instead(value)}", allowed)
        if number not in allowed:
            return self._refuse(field, f"{_span(allowed)}{whose}, not {_written(number)}", allowed)
        return float(number)

    def seed(self, value: Any, most: int) -> int:
        """The seed, drawn where it is to be."""
        random = isinstance(value, str) and value.strip().lower() == "random"
        if random or (_as_number(value) == RANDOM_SEED):
            return secrets.randbelow(most + 1)
        return self.integer("seed", value, Range(0, 0, most), f", or {RANDOM_SEED} for a random one")

    def asked(self, spec: ModelSpec, **settings: Any) -> dict[str, Any]:
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
            return parse(field, value, allowed, f" for {spec.title}")
        if _as_number(value) is None:
            self.problems[field] = (
                f"{_label(field)} must be a number{_instead(value)}: {spec.title} always uses {allowed.default:g}."
            )
        return allowed.default

    def _size(self, field: str, value: Any, allowed: Range[int], whose: str) -> int:
        number = _as_number(value)
        if number is not None and number == int(number) and int(number) in allowed and number % 64 == 0:
            return int(number)
        shown = _instead(value) if number is None else f", not {_written(number)}"
        return self._refuse(field, f"a multiple of 64 pixels {_span(allowed)}{whose}{shown}", allowed)

    def _refuse(self, field: str, said: str, allowed: Range[Any]) -> Any:
        self.problems[field] = f"{_label(field)} must be {said}."
        return allowed.default

    def loras(self, values: Iterable[str], specs: Iterable[ModelSpec]) -> tuple[Lora, ...]:
        files = []
        for value in values:
            try:
                files.append(_lora(value))
            except ValueError as error:
                self.problems.setdefault("loras", str(error))
            except OSError as error:
                self.problems.setdefault("loras", f"{value:.200} cannot be read ({error.strerror}): name another file.")
        unfit = [spec.title for spec in specs if not spec.traits.takes_lora]
        if files and unfit:
            self.problems["loras"] = f"{unfit[0]} takes no LoRA files: leave it out, or them."
        return tuple(files)

    def delta(self, fine_tune: str, specs: Iterable[ModelSpec]) -> None:
        unfit = [spec.title for spec in specs if spec.delta_base is None]
        if fine_tune and unfit:
            fit = ", ".join(name for name, spec in MODELS.items() if spec.delta_base)
            self.problems["delta_from"] = f"{unfit[0]} is not the fine-tune of another model: choose from {fit}."

    def flag(self, field: str, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        self.problems[field] = f"{_label(field)} must be true or false{_instead(value)}."
        return False

    def choice(self, field: str, value: Any, allowed: tuple[str, ...]) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        self.problems[field] = f"{_label(field)} must be one of {', '.join(allowed)}{_instead(value)}."
        return allowed[0]


def _lora(value: str) -> Lora:
    """FILE, FOLDER, FILE:SCALE or FOLDER:SCALE; what follows the last colon is the scale if nothing has that name.

    Raises:
        ValueError: with a sentence, when it is none of these.
    """
    value = unquoted(value)
    given, strength = path_of(value), 1.0
    before, _, scale = value.rpartition(":")
    if before and not given.exists() and (_is_number(scale) or path_of(before).exists()):
        given, strength = path_of(before), _strength(value, scale)
    path = _lora_in(given) if value and given.is_dir() else given
    if path.suffix.lower() in _PYTORCH and path.is_file():
        raise ValueError(f"{path} is a PyTorch file, in which code can hide: save it as safetensors, and name that.")
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        raise ValueError(f"There is no safetensors file {path}: give --lora FILE.safetensors[:SCALE], or its folder.")
    files = (path, path.with_name("adapter_config.json"))
    state = tuple(number for file in files if file.is_file() for number in _written_at(file))
    return Lora(path, strength, state)


def _written_at(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _strength(value: str, scale: str) -> float:
    number = float(scale) if _is_number(scale) else math.nan
    if not abs(number) <= _STRONGEST:
        raise ValueError(f"The scale of {value} must be a number from -{_STRONGEST} to {_STRONGEST}, as in FILE:0.8.")
    return number


def _lora_in(folder: Path) -> Path:
    """The LoRA file of a folder that PEFT, diffusers or somebody else wrote."""
    files = {path.name: path for path in sorted(folder.glob("*.safetensors"))}
    named = [files[name] for name in ("adapter_model.safetensors", "pytorch_lora_weights.safetensors") if name in files]
    if named or len(files) == 1:
        return (named or [*files.values()])[0]
    if files:
        raise ValueError(f"{folder} holds several safetensors files, such as {' and '.join([*files][:2])}: name one.")
    raise ValueError(f"{folder} holds no safetensors file: name a LoRA file, or the folder that holds it.")


def _normalised(text: str) -> str:
    """NFC, without surrogates, control characters and runs of white space."""
    return " ".join(_NOT_PRINTABLE.sub(" ", unicodedata.normalize("NFC", text)).split())


def _visible(text: str) -> bool:
    """Whether there is anything to see in it: joiners, direction marks and lone accents show nothing by themselves."""
    return any(unicodedata.category(character) not in ("Cf", "Mn", "Me") for character in text)


def _left_out(name: str, text: str) -> Iterator[str]:
    """A note where a text held what cannot be printed and is no white space either."""
    count = sum(not character.isspace() for character in _NOT_PRINTABLE.findall(text))
    if count:
        what = (
            "1 character that cannot be printed was"
            if count == 1
            else f"{count:,} characters that cannot be printed were"
        )
        yield f"{what} left out of the {name}."


def _span(allowed: Range[Any]) -> str:
    low, high = (f"{int(end):,}" if end == int(end) else f"{end:,}" for end in (allowed.low, allowed.high))
    return f"from {low} to {high}"


def _written(number: float) -> str:
    """A number as it was given, but not in hundreds of digits."""
    return f"{number:.3g}" if abs(number) > _HUGE else f"{int(number) if number == int(number) else number:,}"


def _instead(value: Any) -> str:
    """What was given, where it is short text: a number in quotes is not one."""
    if not isinstance(value, str):
        return ""
    return f", not the text “{_normalised(value)[:40]}”"


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
