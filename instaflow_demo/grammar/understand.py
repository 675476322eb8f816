"""What a prompt asks for, as far as the grammar's words go: a scene, and the words that say nothing to it."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from types import MappingProxyType

from .captions import Language
from .scene import DAY, Group, Scene, fill_in
from .vocabulary import LANGUAGES, names, phrases, places

_TOKEN = re.compile(r"[\w'-]+|,")
_ARTICLES = {"en": {"a", "an", "the"}, "pt": {"o", "a", "os", "as", "um", "uma"}}
_CONTRACTIONS = {"de": ("do", "da", "dos", "das", "dum", "duma"), "em": ("no", "na", "nos", "nas", "num", "numa")}
_APART = {together: apart for apart, forms in _CONTRACTIONS.items() for together in forms}
_NEVER_PENDING = ("thing", "colour", "size")

Words = tuple[str, ...]


@dataclass(frozen=True)
class Understood:
    """A prompt's scene, completed by what goes without saying; the words of it that were not understood."""

    scene: Scene
    ignored: tuple[str, ...]
    language: Language


@dataclass(frozen=True)
class _Item:
    """One phrase of a prompt: its kind, such as "thing" or "light", and the name that it stands for."""

    kind: str
    name: str
    words: Words
    many: bool = False


def understand(prompt: str) -> Understood:
    """Read a prompt in whichever of the two languages leaves fewer of its words unread."""
    readings = [_read(prompt, language) for language in LANGUAGES]
    return min(readings, key=lambda reading: len(reading.ignored))


def _read(prompt: str, language: Language) -> Understood:
    items = list(_items(prompt, language))
    reader = _Reader(language)
    for item, following in pairwise([*items, None]):
        reader.take(item, following)
    return Understood(fill_in(reader.scene()), tuple(reader.ignored), language)


def _items(prompt: str, language: Language) -> Iterator[_Item]:
    """The longest known phrases of a prompt from left to right; unknown words by themselves."""
    words = _words(prompt, language)
    table, position = _table(language), 0
    while position < len(words):
        item = next(filter(None, (table.get(words[position:end]) for end in _ends(position, words))), None)
        item = item or _Item("unknown", words[position], (words[position],))
        position += len(item.words)
        yield item


def _words(text: str, language: Language) -> Words:
    """The words in lower case without articles, on which nothing depends; "no mar" is read as "em mar"."""
    words: list[str] = _TOKEN.findall(unicodedata.normalize("NFC", text.lower().replace("’", "'")))
    apart = (_APART.get(word, word) if language == "pt" else word for word in words)
    return tuple(word for word in apart if word not in _ARTICLES[language])


def _ends(position: int, words: Words) -> range:
    return range(min(len(words), position + 7), position, -1)


@dataclass
class _Reader:
    """Builds a scene from items in their order."""

    language: Language
    groups: list[Group] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    _pending: dict[str, str] = field(default_factory=dict)
    _last: str = ""  # the kind of the item before, if it may be described by what follows

    def take(self, item: _Item | None, following: _Item | None) -> None:
        if item is None:
            self._ignore_pending()
            return
        item = self._as_colour(item, following)
        handle = getattr(self, f"_take_{item.kind}", self._take_fact)
        handle(item, following)
        if item.kind not in ("colour", "size", "pose"):
            self._last = item.kind

    def scene(self) -> Scene:
        found = dict(self.found)
        if not places().get(found.get("place", "")):
            found.pop("tone", None)
        if found.get("place") or found.get("slot"):
            found.pop("ground", None)
            found.pop("style", None)
        if len(self.groups) != 2:
            found.pop("relation", None)
        return Scene(tuple(self.groups[:5]), **found)

    def _take_thing(self, item: _Item, _: _Item | None) -> None:
        count = int(self._pending.pop("number", 2 if item.many else 1))
        self.groups.append(Group(item.name, count=count, **self._pending))
        self._pending.clear()

    def _take_number(self, item: _Item, _: _Item | None) -> None:
        self._pending["number"] = item.name

    def _take_colour(self, item: _Item, following: _Item | None) -> None:
        self._describe("colour", item, following)

    def _take_size(self, item: _Item, following: _Item | None) -> None:
        self._describe("size", item, following)

    def _take_pose(self, item: _Item, following: _Item | None) -> None:
        before = self.language == "en" and following is not None and following.kind in _NEVER_PENDING
        if self.groups and not before:
            self.groups[-1] = replace(self.groups[-1], pose=item.name)
        else:
            self._pending["pose"] = item.name

    def _as_colour(self, item: _Item, following: _Item | None) -> _Item:
        """An orange is a fruit, but a colour before an English noun, and so is "rosa" after a Portuguese one."""
        colour = _colour_words(self.language).get(item.words)
        if item.kind != "thing" or colour is None:
            return item
        describes = following is not None and following.kind in ("thing", "place")
        if describes if self.language == "en" else self._last == "thing":
            return replace(item, kind="colour", name=colour)
        return item

    def _describe(self, kind: str, item: _Item, following: _Item | None) -> None:
        """English adjectives wait for their noun; Portuguese ones follow it, or a place."""
        after = self.language == "pt" and self._last == "thing"
        if after and self.groups:
            self.groups[-1] = replace(self.groups[-1], **{kind: item.name})
        elif self.language == "pt" and self._last in ("at", "place") and kind == "colour":
            self.found["tone"] = item.name
        elif following is not None and following.kind in ("thing", "colour", "size", "pose", "place"):
            self._pending[kind] = item.name
        else:
            self.ignored.extend(item.words)

    def _take_place(self, item: _Item, _: _Item | None) -> None:
        colour = self._pending.pop("colour", "")
        if "place" not in self.found and colour and places()[item.name].indoors:
            self.found["tone"] = colour
        elif colour:
            self.ignored.append(colour)
        self._ignore_pending()
        self.found.setdefault("place", item.name)

    _take_at = _take_place

    def _take_relation(self, item: _Item, following: _Item | None) -> None:
        if item.name in ("left", "right") and (following is None or following.kind in ("light", "at", "place")):
            self.found.setdefault("position", item.name)  # "à esquerda de noite"
        elif len(self.groups) == 1:
            self.found.setdefault("relation", item.name)

    def _take_silent(self, item: _Item, _: _Item | None) -> None:
        """It says nothing, but what follows it describes nothing before it."""

    def _take_unknown(self, item: _Item, _: _Item | None) -> None:
        if item.name != ",":
            self.ignored.extend(item.words)

    def _take_light(self, item: _Item, _: _Item | None) -> None:
        """A cozy room on a rainy day is one where it rains: its lamps are lit then too."""
        before = self.found.get("light")
        if before is None or (before in ("golden", DAY) and item.name not in ("golden", DAY)):
            self.found["light"] = item.name

    def _take_fact(self, item: _Item, _: _Item | None) -> None:
        self.found.setdefault(item.kind, item.name)

    def _ignore_pending(self) -> None:
        self.ignored.extend(self._pending.values())
        self._pending.clear()


@cache
def _table(language: Language) -> Mapping[Words, _Item]:
    """Every phrase that is understood."""
    table: dict[Words, _Item] = {}
    for kind, name, text, many in _phrases(language):
        words = _words(text, language)
        if words:
            table.setdefault(words, _Item(kind, name, words, many))
    return MappingProxyType(table)


def _phrases(language: Language) -> Iterator[tuple[str, str, str, bool]]:
    """(kind, name, phrase, whether it is a plural), the weightier meaning of a phrase first."""
    yield from _grounds(language)
    for name, templates in phrases("relation", language).items():
        for template in templates:
            text = template.replace("{a}", "").replace("{b}", "")
            yield "relation", name, text, False
    for kind in ("slot", "position", "style"):
        yield from _plain(kind, kind, language)
    yield from _place_phrases(language)
    yield from _thing_phrases(language)
    for kind in ("light", "light indoors", "light adjective", "light word"):
        yield from _plain(kind, "light", language)
    yield from _place_words(language)
    yield from _adjectives(language)
    for number, words in phrases("number", language).items():
        yield from (("number", number, word, False) for word in (*words, number))
    for kind in ("opening", "silent"):
        yield from ((*row[:1], "", *row[2:]) for row in _plain(kind, "silent", language))


def _plain(kind: str, called: str, language: Language) -> Iterator[tuple[str, str, str, bool]]:
    for name, choices in phrases(kind, language).items():
        for text in choices:
            yield from ((called, name, text.format(o=ending, a=ending), False) for ending in ("o", "a", ""))


def _place_phrases(language: Language) -> Iterator[tuple[str, str, str, bool]]:
    for place in places().values():
        yield from (("at", place.name, text, False) for text in place.at[language])
        yield from (("place", place.name, text, False) for text in place.nouns[language])


def _place_words(language: Language) -> Iterator[tuple[str, str, str, bool]]:
    for place in places().values():
        yield from (("place", place.name, text, False) for text in place.words[language])


def _thing_phrases(language: Language) -> Iterator[tuple[str, str, str, bool]]:
    for title, choices in names(language).items():
        for name in choices:
            yield "thing", title, name.singular, False
            yield "thing", title, name.plural, True


def _adjectives(language: Language) -> Iterator[tuple[str, str, str, bool]]:
    for name, choices in phrases("colour", language).items():
        forms = {form for text in choices for form in text.split("/")}
        yield from (("colour", name, form.format(o=ending), False) for form in forms for ending in "oa")
    for kind in ("size", "pose"):
        for _, name, text, _ in _plain(kind, kind, language):
            yield kind, name, text, False
            yield kind, name, f"{text}s", False


@cache
def _colour_words(language: Language) -> Mapping[Words, str]:
    found = ((kind, name, text) for kind, name, text, _ in _adjectives(language))
    return MappingProxyType({_words(text, language): name for kind, name, text in found if kind == "colour"})


def _grounds(language: Language) -> Iterator[tuple[str, str, str, bool]]:
    templates = phrases("ground", language)["ground"]
    for colour, words in phrases("colour", language).items():
        for word in words:
            said = word.split("/")[0].format(o="o")
            for template in templates:
                text = template.format(colour=said)
                yield "ground", colour, text, False
