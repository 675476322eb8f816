"""What each model does with each option of a request: where an option has no effect, a sentence says so.

Which options a model heeds follows from its row in the registry, so a new row needs nothing here; a new option of a
request needs a rule in `RULES`, which a test asks for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from ..errors import Sentence
from ..registry import ModelSpec

_NAMES = {"steps": Sentence("steps"), "guidance": Sentence("guidance"), "size": Sentence("size")}
_UNGUIDED = 1.0  # guidance of at most this is none, as in the published pipelines


@dataclass(frozen=True)
class Choice:
    """What was asked of one model: the option's values by name, None where its default will do.

    `guided` says whether classifier-free guidance is on with them.
    """

    model: ModelSpec
    asked: Mapping[str, Any]
    guided: bool


Rule = Callable[[Choice], Sentence | None]
"""The sentence about an option that has no effect; None where it has one."""


def find_without_effect(choice: Choice) -> Iterator[Sentence]:
    """A sentence for every option that changes nothing of a model."""
    for rule in RULES.values():
        if said := rule(choice):
            yield said


def _heeded(choice: Choice) -> None:
    return None


def _fixed(name: str, choice: Choice) -> Sentence | None:
    allowed, value = getattr(choice.model, name), choice.asked[name]
    if value is None or not allowed.fixed or value == allowed.default:
        return None
    return Sentence(
        "{title} always uses {n:g} for {what}.", title=choice.model.title, n=allowed.default, what=_NAMES[name]
    )


def _guidance(choice: Choice) -> Sentence | None:
    value = choice.asked["guidance"]
    if value is not None and not choice.model.guidance.fixed and 0 < value < _UNGUIDED:
        return Sentence(
            "{title} is guided only above 1, so a guidance of {scale:g} is the same as none.",
            title=choice.model.title,
            scale=value,
        )
    return _fixed("guidance", choice)


def _negative_prompt(choice: Choice) -> Sentence | None:
    if choice.guided or not choice.asked["negative_prompt"]:
        return None
    scale = choice.asked["guidance"]
    if scale is None or choice.model.guidance.fixed:
        scale = choice.model.guidance.default
    if choice.asked["refine"]:
        return Sentence(
            "{title} ignores the negative prompt, because guidance is off at {scale:g}; only the refiner reads it.",
            title=choice.model.title,
            scale=scale,
        )
    return Sentence(
        "{title} ignores the negative prompt, because guidance is off at {scale:g}.",
        title=choice.model.title,
        scale=scale,
    )


def _batched(choice: Choice) -> Sentence | None:
    if choice.model.together and choice.asked["images"] > 1:
        return Sentence(
            "{title} always makes all images together, whether one by one or as a batch is asked for.",
            title=choice.model.title,
        )
    if choice.asked["batched"] and choice.asked["images"] == 1:
        return Sentence(
            "{title} makes one image, which is the same one by one and as a batch.", title=choice.model.title
        )
    return None


def _backend(choice: Choice) -> Sentence | None:
    backend = choice.asked["backend"]
    if choice.model.traits.chooses_backend or backend in ("auto", "eager"):
        return None
    return Sentence(
        "{title} is always run by PyTorch as it is, so the backend “{backend}” has no effect.",
        title=choice.model.title,
        backend=backend,
    )


def _decoder(choice: Choice) -> Sentence | None:
    decoder = choice.asked["decoder"]
    if choice.model.traits.chooses_decoder or decoder == "full":
        return None
    return Sentence(
        "{title} draws pixels, not latents, so the decoder “{decoder}” has no effect.",
        title=choice.model.title,
        decoder=decoder,
    )


def _loras(choice: Choice) -> Sentence | None:
    idle = [lora.path.name for lora in choice.asked["loras"] if lora.scale == 0]
    if not idle:
        return None
    return Sentence(
        "{title} is not changed by {files}: the scale is 0.", title=choice.model.title, files=", ".join(idle)
    )


def _delta_from(choice: Choice) -> Sentence | None:
    base = choice.asked["delta_from"]
    if not base or base != choice.model.delta_base:
        return None
    return Sentence(
        "{title} is itself made from {base}, so adding its difference to that changes nothing.",
        title=choice.model.title,
        base=base,
    )


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "steps": partial(_fixed, "steps"),
        "guidance": _guidance,
        "size": partial(_fixed, "size"),
        "negative_prompt": _negative_prompt,
        "images": _heeded,
        "seed": _heeded,
        "batched": _batched,
        "device": _heeded,
        "dtype": _heeded,  # `device.choose` says where another one is used
        "save": _heeded,
        "refine": _heeded,
        "loras": _loras,
        "delta_from": _delta_from,
        "backend": _backend,
        "decoder": _decoder,
    }
)
"""A rule for every option of `GenerationRequest.parse`."""
