"""Scenes and the captions that describe them: a small grammar in two languages."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from .concepts import Concept, Name

Language = Literal["en", "pt"]

BACKGROUNDS = {  # name: RGB in [0, 1]
    "red": (0.87, 0.22, 0.22),
    "blue": (0.25, 0.45, 0.90),
    "green": (0.30, 0.70, 0.35),
    "yellow": (0.98, 0.86, 0.30),
    "pink": (0.98, 0.70, 0.80),
    "purple": (0.55, 0.35, 0.75),
    "orange": (0.98, 0.60, 0.20),
    "black": (0.08, 0.08, 0.08),
    "gray": (0.60, 0.60, 0.60),
    "white": (1.00, 1.00, 1.00),
}
SIZES = ("", "big", "small")
POSITIONS = ("", "left", "right", "top", "bottom")
CENTRES = {"": (0.0, 0.0), "left": (-0.5, 0.0), "right": (0.5, 0.0), "top": (0.0, -0.5), "bottom": (0.0, 0.5)}


@dataclass(frozen=True)
class Style:
    """An icon set: how often it is drawn, how often a caption says so, and what it is then called."""

    weight: float
    named: float
    english: tuple[str, ...]
    portuguese: tuple[str, ...]


# Captions without a style mostly show the first set. A prompt that names no style then has one way to be drawn, which a
# one-step model needs: it answers with one image, and the mean of many styles is a blur.
STYLES = {
    "noto": Style(0.26, 0.30, ("noto style",), ("estilo noto",)),
    "fluent-emoji": Style(0.22, 0.85, ("3d style", "glossy style"), ("estilo 3d", "estilo brilhante")),
    "twemoji": Style(0.17, 0.90, ("flat style", "twitter style"), ("estilo plano", "estilo twitter")),
    "fluent-emoji-flat": Style(0.14, 0.90, ("fluent style", "simple style"), ("estilo fluent", "estilo simples")),
    "emojione": Style(0.11, 0.95, ("joy style",), ("estilo joy",)),
    "noto-v1": Style(0.07, 0.95, ("blob style", "classic style"), ("estilo blob", "estilo clássico")),
    "fxemoji": Style(0.03, 0.95, ("firefox style",), ("estilo firefox",)),
}

_SIZE_WORDS = {
    "en": {"big": ("big", "large", "huge"), "small": ("small", "little", "tiny")},
    "pt": {"big": ("grande", "enorme"), "small": ("pequen{o}", "minúscul{o}")},
}
_POSITION_WORDS = {
    "en": {
        "left": ("on the left",),
        "right": ("on the right",),
        "top": ("at the top", "on the top"),
        "bottom": ("at the bottom", "on the bottom"),
    },
    "pt": {
        "left": ("à esquerda", "na esquerda"),
        "right": ("à direita", "na direita"),
        "top": ("no topo", "em cima"),
        "bottom": ("embaixo", "na parte de baixo"),
    },
}
_COLOURS_PT = dict(
    zip(
        BACKGROUNDS,
        ("vermelho", "azul", "verde", "amarelo", "rosa", "roxo", "laranja", "preto", "cinza", "branco"),
        strict=True,
    )
)


@dataclass(frozen=True)
class Scene:
    """One picture: `count` copies of one concept in one style on a plain background."""

    concept: Concept
    style: str
    count: int = 1
    size: str = ""
    position: str = ""
    background: str = ""

    def objects(self, rng: Random) -> list[tuple[float, float, float]]:
        """(share of the canvas, centre x, centre y in [-1, 1]) of each copy."""
        if self.count > 1:
            scale = {2: 0.47, 3: 0.42}[self.count] * {"": 0.95, "big": 1.03, "small": 0.68}[self.size]
            places = {2: [(-0.49, 0.0), (0.49, 0.0)], 3: [(0.0, -0.46), (-0.48, 0.45), (0.48, 0.45)]}
            return [(scale, x, y) for x, y in places[self.count]]
        scale = {"": 0.74, "big": 0.96, "small": 0.42}[self.size]
        if self.position:
            scale = min(scale, 0.48)
        x, y = CENTRES[self.position]
        return [(scale, x + rng.uniform(-0.04, 0.04), y + rng.uniform(-0.04, 0.04))]


def random_scene(concept: Concept, style: str, rng: Random) -> Scene:
    """A scene of a concept: mostly one object, sometimes two or three; sizes, places and backgrounds vary."""
    count = rng.choices((1, 2, 3), (0.78, 0.12, 0.10))[0]
    size = rng.choices(SIZES, (0.5, 0.25, 0.25))[0]
    placed = count == 1 and size != "big" and rng.random() < 0.28
    position = rng.choice(POSITIONS[1:]) if placed else ""
    background = rng.choice(list(BACKGROUNDS)) if rng.random() < 0.38 else ""
    return Scene(concept, style, count, size, position, background)


def caption(scene: Scene, rng: Random, language: Language, noun: Name | None = None) -> str:
    """A description of the scene, saying everything but, sometimes, the style. `noun` replaces the concept's name."""
    noun = noun or _noun(scene.concept, rng, language)
    text = (_english if language == "en" else _portuguese)(scene, noun, rng)
    style = STYLES[scene.style]
    if rng.random() >= style.named:
        return text
    words = rng.choice(style.english if language == "en" else style.portuguese)
    return f"{text}, {words}" if language == "pt" or rng.random() < 0.75 else f"{words} {text}"


def _noun(concept: Concept, rng: Random, language: Language) -> Name:
    names = concept.english if language == "en" else concept.portuguese
    return names[0] if rng.random() < 0.6 else rng.choice(names)


def _english(scene: Scene, noun: Name, rng: Random) -> str:
    size = rng.choice(_SIZE_WORDS["en"][scene.size]) if scene.size else ""
    article = rng.choices((_a(size or noun.singular), "the", ""), (0.7, 0.1, 0.2))[0]
    if noun.singular == noun.plural and scene.concept.group != "animal" and article != "the":
        article = ""  # "sushi", "sunglasses", but "a sheep"
    words = [
        article if scene.count == 1 else {2: "two", 3: "three"}[scene.count],
        size,
        noun.singular if scene.count == 1 else noun.plural,
        rng.choice(_POSITION_WORDS["en"][scene.position]) if scene.position else "",
        _background(scene.background, rng) if scene.background else "",
    ]
    return " ".join(filter(None, words))


def _background(colour: str, rng: Random) -> str:
    start = rng.choice((f"on {_a(colour)}", f"with {_a(colour)}", "on"))
    return f"{start} {colour} background"


def _a(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _portuguese(scene: Scene, noun: Name, rng: Random) -> str:
    ending = "o" if noun.gender == "m" else "a"
    many = scene.count > 1
    size = rng.choice(_SIZE_WORDS["pt"][scene.size]).format(o=ending) if scene.size else ""
    article = rng.choices(({"o": "um", "a": "uma"}[ending], ending, ""), (0.75, 0.1, 0.15))[0]
    number = {2: {"o": "dois", "a": "duas"}[ending], 3: "três"}
    ground = rng.choice(("em um fundo", "com fundo", "no fundo", "em fundo"))
    words = [
        number[scene.count] if many else article,
        noun.plural if many else noun.singular,
        size + "s" if size and many else size,
        rng.choice(_POSITION_WORDS["pt"][scene.position]) if scene.position else "",
        f"{ground} {_COLOURS_PT[scene.background]}" if scene.background else "",
    ]
    return " ".join(filter(None, words))
