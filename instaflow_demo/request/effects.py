"""What each model does with each option of a request: where an option has no effect, a sentence says so.

Which options a model heeds follows from its row in the registry, so a new row needs nothing here; a new option of a
request needs a rule in `RULES`, which a test asks for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from ..registry import ModelSpec

_UNGUIDED = 1.0  # guidance of at most this is none, as in the published pipelines


@dataclass(frozen=True)
class Choice:
    """What was asked of one model: the option's values by name, None where its default will do.

    `guided` says whether classifier-free guidance is on with them.
    """

    model: ModelSpec
    asked: Mapping[str, Any]
    guided: bool


Rule = Callable[[Choice], str]
"""The sentence about an option that has no effect, which begins with the model's title; empty where it has one."""


def without_effect(choices: Sequence[Choice]) -> Iterator[str]:
    """A sentence for every option that changes nothing, for each model it changes nothing of."""
    for choice in choices:
        yield from filter(None, (rule(choice) for rule in RULES.values()))


def _heeded(choice: Choice) -> str:
    return ""


def _fixed(name: str, choice: Choice) -> str:
    allowed, value = getattr(choice.model, name), choice.asked[name]
    if value is None or not allowed.fixed or value == allowed.default:
        return ""
    return f"{choice.model.title} always uses {allowed.default:g} for {name}."


def _guidance(choice: Choice) -> str:
    value = choice.asked["guidance"]
    if value is not None and not choice.model.guidance.fixed and 0 < value < _UNGUIDED:
        return f"{choice.model.title} is guided only above 1, so a guidance of {value:g} is the same as none."
    return _fixed("guidance", choice)


def _negative_prompt(choice: Choice) -> str:
    if choice.guided or not choice.asked["negative_prompt"]:
        return ""
    scale = choice.asked["guidance"]
    if scale is None or choice.model.guidance.fixed:
        scale = choice.model.guidance.default
    reader = "; only the refiner reads it" if choice.asked["refine"] else ""
    return f"{choice.model.title} ignores the negative prompt, because guidance is off at {scale:g}{reader}."


def _batched(choice: Choice) -> str:
    if choice.model.together and choice.asked["images"] > 1:
        return f"{choice.model.title} always makes all images together, whether one by one or as a batch is asked for."
    if choice.asked["batched"] and choice.asked["images"] == 1:
        return f"{choice.model.title} makes one image, which is the same one by one and as a batch."
    return ""


def _backend(choice: Choice) -> str:
    backend = choice.asked["backend"]
    if choice.model.traits.chooses_backend or backend in ("auto", "eager"):
        return ""
    return f"{choice.model.title} is always run by PyTorch as it is, so the backend “{backend}” has no effect."


def _decoder(choice: Choice) -> str:
    decoder = choice.asked["decoder"]
    if choice.model.traits.chooses_decoder or decoder == "full":
        return ""
    return f"{choice.model.title} draws pixels, not latents, so the decoder “{decoder}” has no effect."


def _loras(choice: Choice) -> str:
    idle = [lora.path.name for lora in choice.asked["loras"] if lora.scale == 0]
    return f"{choice.model.title} is not changed by {', '.join(idle)}: the scale is 0." if idle else ""


def _delta_from(choice: Choice) -> str:
    base = choice.asked["delta_from"]
    if not base or base != choice.model.delta_base:
        return ""
    return f"{choice.model.title} is itself made from {base}, so adding its difference to that changes nothing."


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
