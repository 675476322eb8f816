"""What differs between the settings of two images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

COMPARED = (
    "model",
    "prompt",
    "negative_prompt",
    "seed",
    "steps",
    "guidance",
    "size",
    "decoder",
    "refiner",
    "backend",
    "dtype",
    "device",
    "commit",
)
"""What makes an image again, in the order in which it matters."""


@dataclass(frozen=True)
class Difference:
    """A setting that two images do not share; None where an image has none."""

    name: str
    first: Any
    second: Any


def find_differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Those of the compared settings that differ between the metadata of two images.

    The revision of a model's weights is compared for the same model only.

    >>> find_differences({"seed": 1, "steps": 25}, {"seed": 2, "steps": 25})
    (Difference(name='seed', first=1, second=2),)
    """
    names = COMPARED if first.get("model") == second.get("model") else COMPARED[:-1]
    pairs = [Difference(name, _said(first, name), _said(second, name)) for name in names]
    return tuple(pair for pair in pairs if pair.first != pair.second)


def _said(metadata: Mapping[str, Any], name: str) -> Any:
    """A setting; None for one that is empty, which is as good as missing."""
    value = metadata.get(name)
    return None if value == "" else value
