"""The text that AUTOMATIC1111's web UI, and many programs after it, put into images under the key "parameters".

    a cat, watercolour
    Negative prompt: dog
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x512, Model: v1-5-pruned-emaonly

A prompt may have several lines, and so may the negative one. The last line is one of settings if it looks like it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

_NEGATIVE = "Negative prompt:"
_FEWEST_SETTINGS = 3  # a last line with fewer is the prompt's, which may have colons too
_MOST_CHARACTERS = 10_000  # of a line of settings; whatever is longer is none
_PAIR = re.compile(r'\s*(\w[\w \-/]{0,60}):\s*("(?:\\.|[^\\"])*+"|[^,]*+)(?:,|$)')


@dataclass(frozen=True)
class Parameters:
    """What the text says: two prompts, and settings by their names there."""

    prompt: str
    negative_prompt: str
    settings: Mapping[str, str]


def parse_parameters(text: str) -> Parameters:
    """Read the text. Whatever cannot be read as anything else is the prompt, so there is no error.

    >>> parse_parameters("a cat\\nNegative prompt: dog\\nSteps: 20, Seed: 42, Size: 512x512").negative_prompt
    'dog'
    """
    *lines, last = text.strip().split("\n")
    settings = _parse_settings(last)
    if len(settings) < _FEWEST_SETTINGS:
        lines, settings = [*lines, last], {}
    stripped = [line.strip() for line in lines]
    begin = next((n for n, line in enumerate(stripped) if line.startswith(_NEGATIVE)), len(stripped))
    negative = "\n".join(stripped[begin:]).removeprefix(_NEGATIVE).strip()
    return Parameters("\n".join(stripped[:begin]).strip(), negative, settings)


def _parse_settings(line: str) -> dict[str, str]:
    if len(line) > _MOST_CHARACTERS:
        return {}
    return {name: _unquote(value.strip()) for name, value in _PAIR.findall(line)}


def _unquote(value: str) -> str:
    """A value without its quotes, which are JSON's; those that are not stay."""
    try:
        read = json.loads(value) if value.startswith('"') else value
    except ValueError:
        return value
    return read if isinstance(read, str) else value
