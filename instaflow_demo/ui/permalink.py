"""A link that draws the same images: what was asked for as a query string, and what a query string asks for.

The values are those of the form, by name. A link says the prompt, the models and the seed, and of all else what is
not as the page has it when it opens:

    ?prompt=a+big+dog&models=instaflow-mini,sd-mini&seed=7&steps=sd-mini:10

Whether the form accepts what a link asks for is for the form to judge.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..errors import Sentence
from ..request import GenerationRequest
from ..request.numbers import read_number

MOST_CHARACTERS = 2500  # of names and values: the two longest prompts, and every setting

_NAMES = {  # of a form's value in a link
    "prompt": "prompt",
    "models": "models",
    "seed": "seed",
    "images": "images",
    "negative_prompt": "negative",
    "dtype": "precision",
    "device": "device",
    "backend": "backend",
    "decoder": "decoder",
    "mode": "mode",
    "refine": "refine",
}
_ALWAYS = ("prompt", "models", "seed")
_OF_MODELS = ("steps", "guidance", "size")
_OTHERS = re.compile(r"lang|view|deep_link|utm_.*|__.*")  # what the page, gradio and those who count visits add


@dataclass(frozen=True)
class Asked:
    """The form's values that a link asks for, not judged yet, and what is to be said of the rest of it."""

    values: Mapping[str, Any]
    notes: tuple[Sentence, ...] = ()


def write_link(request: GenerationRequest, defaults: Mapping[str, Any]) -> str:
    """The query string that asks for `request` again, where that differs from the form's `defaults`."""
    values = _as_entered(request)
    pairs = [
        (name, _write(values[field]))
        for field, name in _NAMES.items()
        if field in _ALWAYS or values[field] != defaults[field]
    ]
    for name in _OF_MODELS:
        own = {run.model.id: getattr(run, name) for run in request.runs}
        changed = [
            f"{model}:{value:g}" for model, value in own.items() if defaults.get(f"{name}:{model}", value) != value
        ]
        pairs += [(name, ",".join(changed))] if changed else []
    return "?" + urlencode(pairs, safe=",:")


def _as_entered(request: GenerationRequest) -> dict[str, Any]:
    """What the form has in it when it asks for `request`, but for the settings of models."""
    entered = {field: getattr(request, field) for field in _NAMES if field not in ("models", "mode")}
    models = [run.model.id for run in request.runs]
    return entered | {"models": models, "mode": "batch" if request.batched else "single"}


def read_link(query: Mapping[str, str]) -> Asked:
    """What a page's query string, decoded, asks for; nothing at all where it is too long to be a link of the page's."""
    query = {name: value for name, value in query.items() if not _OTHERS.fullmatch(name)}
    length = sum(len(name) + len(value) for name, value in query.items())
    if length > MOST_CHARACTERS:
        return Asked({}, (_refuse(length),))
    known = {name: field for field, name in _NAMES.items()}
    values = {known[name]: _read(known[name], value) for name, value in query.items() if name in known}
    for name in _OF_MODELS:
        values |= dict(_read_of_models(name, query.get(name, "")))
    unknown = [name for name in query if name not in (*known, *_OF_MODELS)]
    return Asked(values, tuple(_ignored(name) for name in unknown))


def _refuse(length: int) -> Sentence:
    return Sentence(
        "This link is too long ({n:,} characters, and at most {most:,} are read): nothing was taken from it.",
        n=length,
        most=MOST_CHARACTERS,
    )


def _ignored(name: str) -> Sentence:
    return Sentence("The link says “{name}”, which means nothing here: it was left out.", name=name[:40])


def _write(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return "yes" if value is True else "no" if value is False else str(value)


def _read(field: str, text: str) -> Any:
    """The value that a form's component would have for `text`; as it is where it cannot be one."""
    if field == "models":
        return [model for model in text.split(",") if model]
    if field == "refine":
        return {"yes": True, "no": False}.get(text, text)
    return read_number(text) if field in ("seed", "images") else text


def _read_of_models(name: str, text: str) -> Iterator[tuple[str, Any]]:
    for part in filter(None, text.split(",")):
        model, _, value = part.partition(":")
        yield f"{name}:{model}", read_number(value)
