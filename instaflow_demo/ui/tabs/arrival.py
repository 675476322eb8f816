"""What the form has in it when a visitor arrives: what a link asks for, or else what the browser has kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import Sentence
from ...registry import LOADABLE, REFINER
from ...weights.locate import Availability
from ..html.link import from_link_html
from ..permalink import read_link
from ..text import LANGUAGES, Language, say
from .form import EXAMPLES, Form


@dataclass(frozen=True)
class Arrival:
    """The form's values, by name, where they are not those of a page that opens, and what is said of them, in HTML.

    `draws` says that they are a link's, whose images are to be drawn at once.
    """

    values: Mapping[str, Any]
    said: str = ""
    draws: bool = False


def arrive(
    form: Form, query: Mapping[str, str], kept: Any, here: Mapping[str, Availability], language: Language
) -> Arrival:
    """What a visitor finds who comes with this query string and has kept these values; a link comes first.

    A link can ask for nothing that the form would refuse, and is told what it could not ask for. What the browser has
    kept may be of another version, or broken: what the form refuses of it is left out without a word.
    """
    asked = read_link(query)
    if not asked.values and not asked.notes:
        values, _ = form.accept(_only_here(kept if isinstance(kept, dict) else {}, here))
        return Arrival(_in_language(values, language))
    values, refused = form.accept(_only_here(asked.values, here))
    if "seed" in values:
        values["randomise"] = False
    left_out = [Sentence("Left out of the link: {why}", why=why) for why in dict.fromkeys(refused.values())]
    draws = bool(values) and "prompt" not in refused
    if draws:
        values.setdefault("prompt", say(language, EXAMPLES[0]))
    notes = (*asked.notes, *_missing(asked.values, here), *left_out)
    return Arrival(values, from_link_html(draws, notes, language), draws)


def _in_language(values: dict[str, Any], language: Language) -> dict[str, Any]:
    """The values, a prompt of the page's own among them in the visitor's language."""
    own = {say(each, example): say(language, example) for each in LANGUAGES for example in EXAMPLES}
    prompt = values.get("prompt")
    return values | {"prompt": own[prompt]} if prompt in own else values


def _only_here(values: Mapping[str, Any], here: Mapping[str, Availability]) -> dict[str, Any]:
    """The values without what has no box on the page, because it is not on this machine."""
    left = {name: value for name, value in values.items() if name != "refine" or here[REFINER.id].available}
    if isinstance(left.get("models"), list):
        left["models"] = [model for model in left["models"] if not _is_missing(model, here)]
    return left


def _missing(values: Mapping[str, Any], here: Mapping[str, Availability]) -> list[Sentence]:
    asked: list[str] = [*values.get("models", ()), *([REFINER.id] if values.get("refine") else [])]
    return [
        Sentence("{title} is not on this machine: the link is drawn without it.", title=LOADABLE[model].title)
        for model in dict.fromkeys(asked)
        if _is_missing(model, here)
    ]


def _is_missing(model: Any, here: Mapping[str, Availability]) -> bool:
    return isinstance(model, str) and model in here and not here[model].available
