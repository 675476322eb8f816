"""Captions: what a person might write who sees a scene, in English or Brazilian Portuguese."""

import re
from collections.abc import Mapping
from random import Random
from types import MappingProxyType

from .captions import Language
from .concepts import Name
from .scene import DAY, Group, Scene, dives, home
from .vocabulary import Place, light_phrases, names, phrases, places, slot_places

IN_THE_SEA: Mapping[Language, str] = MappingProxyType({"en": "in the sea", "pt": "no mar"})  # where fish are
COZY_IN = ("rain", "snow", "night")  # lights in which rooms are lit by lamps
_ARTICLES = re.compile(r"\b(?:an?|the|some|uma?|[oa]) (?=\w)")


def caption(scene: Scene, rng: Random, language: Language) -> str:
    """A description that says everything in the scene; daylight alone may go without saying."""
    text = (_on_plain_ground if scene.plain else _at_a_place)(scene, rng, language)
    if rng.random() < 0.05:
        return _terse(text)
    if rng.random() < 0.03:
        return f"{rng.choice(phrases('opening', language)['opening'])} {text}"
    return text


def noun_phrase(group: Group, rng: Random, language: Language, *, article: bool = True) -> str:
    """The words for a group: "two small red birds", "um gato preto dormindo"."""
    choices = names(language)[group.thing]
    name = choices[0] if rng.random() < 0.7 else rng.choice(choices)
    words = (_english if language == "en" else _portuguese)(group, name, rng, article)
    return " ".join(filter(None, words))


def _on_plain_ground(scene: Scene, rng: Random, language: Language) -> str:
    article = rng.random() > 0.12
    parts = [_relate(scene, rng, language, article=article)]
    if scene.position:
        parts.append(rng.choice(phrases("position", language)[scene.position]))
    if scene.ground:
        colour = _colour(scene.ground, language, Name("", "", "m"), many=False)
        parts.append(_with_article(rng.choice(phrases("ground", language)["ground"]), colour))
    text = " ".join(parts)
    if not scene.style:
        return text
    style = rng.choice(phrases("style", language)[scene.style])
    return f"{style} {text}" if language == "en" and rng.random() < 0.2 else f"{text}, {style}"


def _at_a_place(scene: Scene, rng: Random, language: Language) -> str:
    place = places()[scene.place]
    light = _light(scene, place, rng, language)
    if not scene.groups:
        return _place_alone(scene, place, light, rng, language)
    subject = _relate(scene, rng, language)
    loose = scene.relation in ("", "and") and not (scene.slot or scene.position or scene.tone)
    order = rng.random()
    if loose and order < 0.12:
        noun = rng.choice(place.nouns[language])
        return " ".join(filter(None, [noun, "with" if language == "en" else "com", subject, light]))
    if loose and order < 0.20:
        return ", ".join(filter(None, [subject, _bare(place, rng, language), _bare_light(scene, rng, language)]))
    where = [_where(scene, place, rng, language, lit=bool(light))]
    if scene.position:
        where.append(rng.choice(phrases("position", language)[scene.position]))
    if light and order > 0.92:
        return " ".join(filter(None, [f"{light},", subject, *where]))
    return " ".join(filter(None, [subject, *where, light]))


def _place_alone(scene: Scene, place: Place, light: str, rng: Random, language: Language) -> str:
    noun = _tone(rng.choice(place.nouns[language]), scene.tone, language)
    adjectives = phrases("light adjective", language).get(scene.light)
    if adjectives and not scene.tone and rng.random() < 0.2 and re.match(r"(an?|uma?) ", noun):
        return _qualify(noun, rng.choice(adjectives), language)
    if light and place.indoors and scene.light in COZY_IN and not scene.tone and rng.random() < 0.2:
        return f"{_qualify(noun, rng.choice(phrases('light adjective', language)['golden']), language)} {light}"
    if rng.random() < 0.08:
        return ", ".join(filter(None, [_bare(place, rng, language), _bare_light(scene, rng, language)]))
    return f"{noun} {light}".strip()


def _where(scene: Scene, place: Place, rng: Random, language: Language, *, lit: bool) -> str:
    """Where the things are: at a slot, at the place, or both; unsaid only where it goes without saying."""
    at = _tone(rng.choice(place.at[language]), scene.tone, language)
    if scene.place == "underwater" and rng.random() < 0.3 and all(dives(group.thing) for group in scene.groups):
        return IN_THE_SEA[language]
    if scene.slot:
        slot = rng.choice(phrases("slot", language)[scene.slot])
        says_place = scene.tone or slot_places().get(scene.slot) != scene.place or rng.random() < 0.4
        return f"{slot} {at}" if says_place else slot
    if lit and not scene.tone and home(scene.groups[0].thing) == scene.place and rng.random() < 0.2:
        return ""
    return at


def _light(scene: Scene, place: Place, rng: Random, language: Language) -> str:
    """The words for the light; those that cannot be distinguished from its place's words are said once."""
    if scene.light == DAY and rng.random() < 0.6:
        return ""
    if len(place.lights) == 1:
        return ""
    choices = light_phrases(scene.light, indoors=place.indoors, language=language)
    return choices[0] if rng.random() < 0.4 else rng.choice(choices)


def _bare(place: Place, rng: Random, language: Language) -> str:
    return rng.choice(place.words[language])


def _bare_light(scene: Scene, rng: Random, language: Language) -> str:
    if (scene.light == DAY and rng.random() < 0.6) or len(places()[scene.place].lights) == 1:
        return ""
    return rng.choice(phrases("light word", language)[scene.light])


def _relate(scene: Scene, rng: Random, language: Language, *, article: bool = True) -> str:
    said = [noun_phrase(group, rng, language, article=article) for group in scene.groups]
    if len(said) == 2:
        templates = phrases("relation", language)[scene.relation or "and"]
        template = templates[0] if rng.random() < 0.6 else rng.choice(templates)
        return _contract(template.format(a=said[0], b=said[1]), language)
    conjunction = "and" if language == "en" else "e"
    return f"{', '.join(said[:-1])} {conjunction} {said[-1]}" if len(said) > 2 else said[0]


def _contract(text: str, language: Language) -> str:
    """Portuguese writes "de" and an article as one word."""
    return re.sub(r"\bde ([oa]) ", r"d\1 ", text) if language == "pt" else text


def _english(group: Group, name: Name, rng: Random, article: bool) -> list[str]:
    size = rng.choice(phrases("size", "en")[group.size]) if group.size else ""
    colour = rng.choice(phrases("colour", "en")[group.colour]) if group.colour else ""
    before, after = _pose(group, rng)
    noun = name.singular if group.count == 1 else name.plural
    inner = " ".join(filter(None, [size, before, colour, noun]))
    return [*_number(group, inner, name, rng, article), inner, after]


def _number(group: Group, inner: str, name: Name, rng: Random, article: bool) -> list[str]:
    if group.count > 1:
        return [_count(group.count, rng, "en")]
    if not article:
        return []
    if rng.random() < 0.06:
        return ["the"]
    mass = name.singular == name.plural and name.singular.endswith("s")  # "sunglasses", but "a sheep"
    return [] if mass else ["an" if re.match(r"[aeiou](?!ni)", inner) else "a"]


def _count(count: int, rng: Random, language: Language, gender: str = "m") -> str:
    if rng.random() < 0.06:
        return str(count)
    choices = phrases("number", language)[str(count)]
    if language == "pt":
        masculine, *feminine = choices[:2]  # “dois”, “duas”; but “três” is both
        return (feminine or [masculine])[0] if gender == "f" else masculine
    return choices[0] if rng.random() < 0.9 else rng.choice(choices)


def _pose(group: Group, rng: Random) -> tuple[str, str]:
    """English words for the pose, as (before the noun, after it)."""
    if not group.pose:
        return "", ""
    words = rng.choice(phrases("pose", "en")[group.pose])
    before = words.endswith("ing") and " " not in words and rng.random() < 0.5
    return (words, "") if before else ("", words)


def _portuguese(group: Group, name: Name, rng: Random, article: bool) -> list[str]:
    many, ending = group.count > 1, "a" if name.gender == "f" else "o"

    def agree(word: str) -> str:
        word = word.format(o=ending)
        return word + "s" if many and not word.endswith("ndo") else word

    size = agree(rng.choice(phrases("size", "pt")[group.size])) if group.size else ""
    colour = _colour(group.colour, "pt", name, many=many, rng=rng) if group.colour else ""
    pose = agree(rng.choice(phrases("pose", "pt")[group.pose])) if group.pose else ""
    if many:
        number = _count(group.count, rng, "pt", name.gender)
    else:
        number = ("uma" if ending == "a" else "um") if article else ""
        number = ending if article and rng.random() < 0.06 else number
    return [number, name.plural if many else name.singular, colour, size, pose]


def _colour(colour: str, language: Language, name: Name, *, many: bool, rng: Random | None = None) -> str:
    choices = phrases("colour", language)[colour]
    word = choices[0] if rng is None or rng.random() < 0.85 else rng.choice(choices)
    if language == "en":
        return word
    return word.split("/")[many].format(o="a" if name.gender == "f" else "o")


def _with_article(template: str, colour: str) -> str:
    text = template.format(colour=colour)
    return re.sub(r"\ba (?=[aeiou])", "an ", text) if text.isascii() and "fundo" not in text else text


def _tone(phrase: str, tone: str, language: Language) -> str:
    """A place's phrase with a colour: "in a blue bathroom", "num banheiro azul"."""
    if not tone:
        return phrase
    gender = "f" if re.match(r"(numa|uma|na|a|em uma)\b", phrase) else "m"
    return _qualify(phrase, _colour(tone, language, Name("", "", gender), many=False), language)


def _qualify(phrase: str, adjective: str, language: Language) -> str:
    if language == "pt":
        feminine = re.match(r"(numa|uma|na|a|em uma)\b", phrase)
        return f"{phrase} {adjective.format(o='a' if feminine else 'o', a='a' if feminine else '')}"
    article = "an" if adjective[0] in "aeiou" else "a"
    return re.sub(r"\b(an?|the) ", lambda m: f"{article if m[1] != 'the' else 'the'} {adjective} ", phrase, count=1)


def _terse(text: str) -> str:
    """As people type in a hurry: without articles."""
    return _ARTICLES.sub("", text)
