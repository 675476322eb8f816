"""From the texts in an image back to its settings: those that can be asked for here, and notes on the others."""

import json
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..errors import InvalidRequest, Sentence
from ..registry import MODELS, REFINER, ModelSpec
from .generation import GenerationRequest
from .numbers import read_number
from .parameters import Parameters, parse_parameters
from .texts import normalise

BACKENDS = ("auto", "eager", "openvino")
"""What visitors can choose; others are chosen by the program itself, or are for the benchmark only."""

_OF_A_MODEL = ("steps", "guidance", "size")
_ASKED = ("prompt", "negative_prompt", "seed", *_OF_A_MODEL, "decoder", "dtype")
_DEFAULTS = ("negative_prompt", "device", "dtype", "backend", "decoder")  # restored where an image does not say
_NAMES_THERE = MappingProxyType({"Steps": "steps", "CFG scale": "guidance", "Seed": "seed"})
_TAKEN_THERE = {*_NAMES_THERE, "Size", "Model", "Sampler"}
_SAID_OTHERWISE = {"Model hash", "Version", "Schedule type"}  # known once the rest is
_ALIASES = MappingProxyType(
    {
        "v1-5-pruned-emaonly": "sd-1.5",
        "v1-5-pruned": "sd-1.5",
        "sd-v1-4": "sd-1.4",
        "sd-v1-4-full-ema": "sd-1.4",
        "instaflow-0-9b-from-sd-1-5": "instaflow-0.9b",
    }
)
_MARKUP = re.compile(r"<\w{1,20}:[^>]{1,80}>|\([^()]{1,80}:\s?[\d.]{1,8}\)")
_SQUARE = re.compile(r"(\d{1,6})x(\d{1,6})")
_LONGEST_NAME, _MOST_NAMES = 40, 12
_ANY_MODEL, _ANY_PROMPT = next(iter(MODELS)), "x"


@dataclass(frozen=True)
class Restored:
    """The settings of an image that can be asked for here, by the names that `GenerationRequest.parse` gives them.

    Those of a model are there with `model` only, which is None where the image's is not here or not known; a prompt
    or a seed may be missing too. `notes` say what could not be restored, or has no effect.
    """

    settings: Mapping[str, Any]
    model: str | None
    notes: tuple[Sentence, ...]


def restore(ours: str, theirs: str, models: Container[str], devices: Container[str] = ("cpu",)) -> Restored:
    """Judge the texts in an image: the JSON that this program writes, or else the "parameters" of others.

    `models`, the refiner among them, and `devices` are those that can be asked for here.

    Raises:
        InvalidRequest: with a sentence, where there are no settings in either.
    """
    if metadata := _parse_ours(ours):
        return restore_metadata(metadata, models, devices)
    if theirs.strip():
        return _restore_parameters(parse_parameters(theirs), models)
    raise InvalidRequest(
        {
            "file": Sentence(
                "There are no settings in that image: choose one as it was saved here, or by AUTOMATIC1111's web UI."
            )
        }
    )


def restore_metadata(metadata: Mapping[str, Any], models: Container[str], devices: Container[str]) -> Restored:
    """As `restore`, of the metadata that this program writes."""
    asked = {name: metadata[name] for name in _ASKED if metadata.get(name) is not None}
    asked["refine"] = bool(metadata.get("refiner")) and REFINER.id in models
    device, backend = str(metadata.get("device", "auto")), str(metadata.get("backend", "auto"))
    if device in devices:
        asked |= {"device": device, "backend": backend if backend in BACKENDS else "auto"}
    else:
        asked.pop("dtype", None)
    return _judge(asked, str(metadata.get("model", "")), models, list(_notes_on_ours(metadata, models, devices)))


def _parse_ours(text: str) -> dict[str, Any]:
    """Metadata of this program's; empty for anything else, however it may look."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) and "prompt" in read else {}


def _notes_on_ours(metadata: Mapping[str, Any], models: Container[str], devices: Container[str]) -> Iterator[Sentence]:
    device, backend = str(metadata.get("device", "auto")), str(metadata.get("backend", "auto"))
    if device not in devices:
        yield Sentence(
            "It was drawn on a device that is not here ({device:.40}), so its pixels may differ slightly.",
            device=device,
        )
    elif backend not in BACKENDS:
        yield Sentence(
            "It was drawn by a backend that cannot be chosen here ({backend:.40}), so its pixels may differ slightly.",
            backend=backend,
        )
    if metadata.get("refiner") and REFINER.id not in models:
        yield Sentence("It was refined, and the refiner is not here.")
    if metadata.get("loras") or metadata.get("delta_from"):
        yield Sentence("Other weights had been merged into its model, which only the command line can do again.")
    if metadata.get("interpolation"):
        yield Sentence("It lies on the way to another image; what is restored is where that way begins.")


def _restore_parameters(said: Parameters, models: Container[str]) -> Restored:
    """As `restore`, of what another program says."""
    asked: dict[str, Any] = {"prompt": said.prompt, "negative_prompt": said.negative_prompt}
    asked |= {ours: read_number(said.settings[name]) for name, ours in _NAMES_THERE.items() if name in said.settings}
    notes = list(_notes_on_theirs(said))
    if square := _SQUARE.fullmatch(said.settings.get("Size", "")):
        width, height = map(int, square.groups())
        if width == height:
            asked["size"] = width
        else:
            notes.append(
                Sentence("Only squares are drawn here, so {width} by {height} was left out.", **_sides(width, height))
            )
    return _judge(asked, said.settings.get("Model", ""), models, notes)


def _sides(width: int, height: int) -> dict[str, int]:
    return {"width": width, "height": height}


def _notes_on_theirs(said: Parameters) -> Iterator[Sentence]:
    if sampler := said.settings.get("Sampler"):
        yield Sentence(
            "Samplers cannot be chosen here, so {name:.40} was left out: the image will look different.", name=sampler
        )
    others = [name for name in said.settings if name not in _TAKEN_THERE | _SAID_OTHERWISE]
    if others:
        yield Sentence("Not known here: {names}.", names=", ".join(others[:_MOST_NAMES]))
    if _MARKUP.search(said.prompt + said.negative_prompt):
        yield Sentence("Weights and tags, as in (word:1.2) or <lora:name:1>, are read here as the words that they are.")


def find_model(name: str) -> ModelSpec | None:
    """The system that a program means by the name of a checkpoint: its id, its title, or its source's name.

    >>> find_model("v1-5-pruned-emaonly").id
    'sd-1.5'
    """
    wanted = _simplify(name)
    for model, spec in MODELS.items():
        if wanted in map(_simplify, (model, spec.title, spec.source.rpartition("/")[2])):
            return spec
    return MODELS.get(_ALIASES.get(wanted, ""))


def _simplify(name: str) -> str:
    """A name without what programs spell in different ways."""
    return re.sub(r"[\W_]+", "-", name.removesuffix(".safetensors").removesuffix(".ckpt").casefold())


def _judge(asked: dict[str, Any], name: str, models: Container[str], notes: list[Sentence]) -> Restored:
    """Ask for all of it from the model of this name; whatever is refused is left out, with its sentence as a note."""
    spec = find_model(name) if name else None
    model = spec.id if spec and spec.id in models else None
    if model is None:
        notes.append(_not_here(spec, name))
        asked = {key: value for key, value in asked.items() if key not in _OF_A_MODEL}
    request, refused = _ask({"prompt": _ANY_PROMPT, "models": model or _ANY_MODEL} | asked)
    notes += refused.values()
    names = ({*asked} | {*_DEFAULTS}) - refused.keys() - {*_OF_A_MODEL}
    settings = {name: getattr(request, name) for name in names}
    if model:
        settings |= {name: getattr(request.runs[0], name) for name in _OF_A_MODEL}
        notes += request.runs[0].notes
    return Restored(settings, model, (*notes, *request.text_notes))


def _ask(raw: dict[str, Any]) -> tuple[GenerationRequest, dict[str, Sentence]]:
    """The request for all that is not refused, and a sentence for every field that is."""
    refused: dict[str, Sentence] = {}
    while True:
        try:
            return GenerationRequest.parse(**raw), refused
        except InvalidRequest as error:
            refused |= error.problems
            raw = {name: value for name, value in raw.items() if name not in refused}
            raw.setdefault("prompt", _ANY_PROMPT)


def _not_here(spec: ModelSpec | None, name: str) -> Sentence:
    """Why an image's model is not chosen. Without it its steps, guidance and size would be those of no model."""
    if spec:
        return Sentence(
            "{title} drew it and is not here, so your models and their settings stay as they are.", title=spec.title
        )
    shown = normalise(name)[:_LONGEST_NAME]
    if shown:
        return Sentence(
            "{name} drew it and is not known here, so your models and their settings stay as they are.", name=shown
        )
    return Sentence("It does not say which model drew it, so your models and their settings stay as they are.")
