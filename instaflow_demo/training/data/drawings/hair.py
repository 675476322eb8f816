"""Hair: what shows in front of a head that is centred on (60, 40), and what falls behind it."""

from collections.abc import Callable

from .shapes import Drawing, darker


def draw_back(d: Drawing, cut: str, hair: str) -> None:
    """What falls behind the shoulders."""
    colour = darker(hair, 0.12)
    with d.cushion(3):
        if cut == "long":
            d.path("M38 36Q36 14 60 13Q84 14 82 36L86 84Q74 92 60 90Q46 92 34 84Z", "~" + colour)
        elif cut == "bob":
            d.path("M37 38Q36 13 60 13Q84 13 83 38L84 62Q60 72 36 62Z", "~" + colour)
        elif cut == "ponytail":
            d.path("M74 20Q94 18 96 40Q96 58 88 70Q84 52 78 40Z", "~" + colour)
        elif cut == "pigtails":
            d.path("M40 44Q26 44 26 60Q26 74 36 78Q44 70 44 54Z", "~" + colour)
            d.path("M80 44Q94 44 94 60Q94 74 84 78Q76 70 76 54Z", "~" + colour)
        elif cut == "afro":
            d.circle(60, 32, 27, "~" + colour)


def _short(d: Drawing, colour: str) -> None:
    with d.cushion(2.5):
        d.path("M41 40Q38 14 60 12Q82 12 80 40L78 38Q78 30 74 27Q62 30 52 25Q44 28 43 38Z", "~" + colour)


def _parted(d: Drawing, colour: str) -> None:
    """Short, with a quiff to the side."""
    with d.cushion(2.5):
        d.path("M41 41Q36 22 46 15Q58 7 74 13Q84 20 79 41L77 38Q77 30 73 26Q62 28 50 22Q46 28 43 38Z", "~" + colour)


def _fringe(d: Drawing, colour: str) -> None:
    """The front of long hair: parted in the middle."""
    with d.cushion(2.5):
        d.path("M40 50Q35 14 60 12Q85 14 80 50Q78 40 76 34Q66 32 60 21Q54 32 44 34Q42 40 40 50Z", "~" + colour)


def _bangs(d: Drawing, colour: str) -> None:
    """Hair cut straight above the eyes."""
    with d.cushion(2.5):
        d.path("M39 50Q34 13 60 12Q86 13 81 50Q79 42 78 34Q60 28 42 34Q41 42 39 50Z", "~" + colour)


def _bun(d: Drawing, colour: str) -> None:
    with d.cushion(2.5):
        d.circle(60, 11, 9, "~" + colour)
        d.path("M40 44Q36 14 60 14Q84 14 80 44Q79 33 74 28Q60 22 46 28Q41 33 40 44Z", "~" + colour)


def _curly(d: Drawing, colour: str) -> None:
    with d.cushion(2.2):
        for x, y, r in (
            (43, 30, 7),
            (47, 21, 8),
            (56, 16, 8.5),
            (66, 17, 8.5),
            (74, 23, 8),
            (78, 32, 6.5),
            (60, 23, 7),
        ):
            d.circle(x, y, r, "~" + colour)


def _ring(d: Drawing, colour: str) -> None:
    """A bald head with hair round it."""
    with d.cushion(2):
        d.path("M42 46Q36 40 40 30Q45 26 46 34Q44 40 44 46Z", "~" + colour)
        d.path("M78 46Q84 40 80 30Q75 26 74 34Q76 40 76 46Z", "~" + colour)
    d.ellipse(53, 25, 6, 3, "#ffffff", -25, 0.35)


def _none(d: Drawing, colour: str) -> None:
    """No hair that shows."""


CUTS: dict[str, Callable[[Drawing, str], None]] = {
    "short": _short,
    "parted": _parted,
    "long": _fringe,
    "bob": _bangs,
    "ponytail": _fringe,
    "pigtails": _bangs,
    "bun": _bun,
    "curly": _curly,
    "afro": _fringe,
    "ring": _ring,
    "none": _none,
}
