"""The top of the page: what this is, in one line and one picture."""

import math

from ..text import NAMES, TEXTS, Language

_STEPS = 25


def hero_html(language: Language) -> str:
    """The name beside a drawing of twenty-five steps along a curve and one along a line. Fixed text only."""
    words = TEXTS[language]
    return (
        f'<header class="hero" data-title="{words["title"]}" data-lang="{language}" data-roll="{words["seed_roll"]}" '
        f'data-copy="{words["seed_copy"]}">'
        f'<svg viewBox="0 0 150 48" role="img" aria-label="{words["hero_alt"]}">'
        f"{_curve()}{_line()}</svg><h1>{words['hero']}</h1>{_languages(language)}</header>"
    )


def _languages(language: Language) -> str:
    """What opens a list of links to the page in each of its languages; each is named in its own."""
    links = "".join(
        f'<a href="?lang={other}" lang="{other}" hreflang="{other}"{_current(other == language)}>{name}</a>'
        for other, name in NAMES.items()
    )
    label = TEXTS[language]["language"]
    return (
        f'<details class="languages"><summary aria-label="{label}: {NAMES[language]}"><span>{NAMES[language]}</span>'
        f'<b>{language[:2].upper()}</b></summary><nav aria-label="{label}">{links}</nav></details>'
    )


def _current(here: bool) -> str:
    return ' aria-current="true"' if here else ""


def _point(progress: float) -> tuple[float, float]:
    """A place on the curve from the noise (0) to the picture (1)."""
    x = 10 + 130 * progress
    y = 30 - 22 * math.sin(math.pi * progress) ** 0.9 + 3 * math.sin(4 * math.pi * progress)
    return x, y


def _curve() -> str:
    points = [_point(i / _STEPS) for i in range(_STEPS + 1)]
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dots = "".join(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="1.6"/>' for x, y in points[1:-1])
    return f'<path class="curve" fill="none" stroke-width="1" d="M{path}"/>{dots}'


def _line() -> str:
    return (
        '<path class="straight" stroke-width="3" stroke-linecap="round" d="M10 38 H132"/>'
        '<path class="head" d="M129 32 L143 38 L129 44 Z"/>'
    )
