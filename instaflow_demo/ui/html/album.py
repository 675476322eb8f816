"""Pure functions for the gallery tab: what an image was made with, and what two images do not share."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from markupsafe import Markup

from ...registry import MODELS
from ...request.difference import COMPARED, Difference, find_differences
from ..albums import Drawn
from ..text import Language, format_number, format_seconds, say

_TITLES = {  # of settings, as keys of texts
    "model": "image_model",
    "prompt": "prompt",
    "negative_prompt": "negative",
    "seed": "seed",
    "steps": "steps",
    "guidance": "guidance",
    "size": "size",
    "decoder": "decoder",
    "refiner": "image_refiner",
    "backend": "backend",
    "dtype": "dtype",
    "device": "device",
    "commit": "image_commit",
}


def caption_text(drawn: Drawn, language: Language) -> str:
    """ "InstaFlow mini · 0.12 s · a big dog": what an image is called, also for those who cannot see it."""
    parts = (model_title(drawn.metadata), format_seconds(language, drawn.seconds), drawn.metadata["prompt"])
    return " · ".join(parts)


def model_title(metadata: Mapping[str, Any]) -> str:
    model = str(metadata.get("model", ""))
    return MODELS[model].title if model in MODELS else model


def settings_html(drawn: Drawn, language: Language) -> Markup:
    """Everything that makes an image again, and how long it took."""
    facts = [
        (say(language, _TITLES[name]), _value(name, drawn.metadata[name], language))
        for name in COMPARED
        if drawn.metadata.get(name) not in (None, "")
    ]
    facts.append((say(language, "time"), format_seconds(language, drawn.seconds)))
    rows = Markup("").join(Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(*fact) for fact in facts)
    return Markup('<dl class="made-with">{}</dl>').format(rows)


def difference_html(first: Drawn, second: Drawn, language: Language) -> Markup:
    """A row for every setting that two images do not share, or that they share all of them."""
    found = find_differences(first.metadata, second.metadata)
    if not found:
        same = first.metadata.get("sha256") == second.metadata.get("sha256")
        key = "difference_none" if same else "difference_pixels"
        return Markup('<p class="note">{}</p>').format(say(language, key))
    rows = Markup("").join(_row(difference, language) for difference in found)
    titles = ("difference_setting", "difference_first", "difference_second")
    head = Markup("").join(Markup("<th scope=col>{}</th>").format(say(language, title)) for title in titles)
    table = Markup('<table class="difference"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>')
    return table.format(head, rows)


def _row(difference: Difference, language: Language) -> Markup:
    name = difference.name
    values = [_value(name, value, language) for value in (difference.first, difference.second)]
    if name in ("prompt", "negative_prompt"):
        values = mark_words(*values)
    return Markup("<tr><th scope=row>{}</th><td>{}</td><td>{}</td></tr>").format(say(language, _TITLES[name]), *values)


def _value(name: str, value: Any, language: Language) -> str:
    """A setting as the visitor reads it."""
    if value is None:
        return "–"
    if name == "model":
        return model_title({"model": value})
    if name == "guidance" and isinstance(value, int | float):
        return format_number(language, value, 1)
    return str(value)


def mark_words(first: str, second: str) -> list[Markup]:
    """Two texts with the words marked that the other has not at that place.

    >>> mark_words("a red cat", "a blue cat")[0]
    Markup('a <mark>red</mark> cat')
    """
    words = first.split(), second.split()
    same = SequenceMatcher(None, *words, autojunk=False).get_opcodes()
    sides = [(words[0], [(kind, i, j) for kind, i, j, _, _ in same])]
    sides.append((words[1], [(kind, i, j) for kind, _, _, i, j in same]))
    return [Markup(" ").join(_marked(texts, parts)) for texts, parts in sides]


def _marked(words: list[str], parts: list[tuple[str, int, int]]) -> Iterator[Markup]:
    for kind, begin, end in parts:
        if begin < end:
            part = " ".join(words[begin:end])
            yield Markup.escape(part) if kind == "equal" else Markup("<mark>{}</mark>").format(part)


def drop_html(words: Mapping[str, str]) -> str:
    """The field for an image whose settings are wanted. Fixed text only."""
    return (
        f'<label class="drop"><input type="file" accept=".png,image/png"><b>{words["gallery_drop"]}</b>'
        f"<span>{words['gallery_drop_hint']}</span></label>"
    )
