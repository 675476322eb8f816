"""The top of the page: what this is, in one line and one picture."""

import math

from ..text import TEXTS, Language

_STEPS = 25


def hero_html(language: Language) -> str:
    """The headline beside a drawing of twenty-five steps along a curve and one along a line. Fixed text only."""
    words = TEXTS[language]
    return (
        f'<header class="hero"><div><h1>{words["hero"]}</h1><p>{words["lead"]}</p></div>'
        f'<svg viewBox="0 14 520 200" role="img" aria-label="{words["hero_alt"]}">{_noise_tile()}{_picture_tile()}'
        f"{_curve()}{_line()}"
        f'<text x="260" y="30" text-anchor="middle">{words["hero_curve"]}</text>'
        f'<text class="line-label" x="260" y="200" text-anchor="middle">{words["hero_line"]}</text></svg></header>'
    )


def _noise_tile() -> str:
    """Coloured squares in an order that looks random and is always the same."""
    colours = ("#c2410c", "#fb923c", "#0369a1", "#78716c", "#d6d3d1", "#fdba74")
    cells = "".join(
        f'<rect x="{14 + 11 * column}" y="{110 + 11 * row}" width="11" height="11" '
        f'fill="{colours[(row * row * 5 + column * 7 + row * column * 3) % len(colours)]}"/>'
        for row in range(8)
        for column in range(8)
    )
    return f"<g>{cells}</g>"


def _picture_tile() -> str:
    return (
        '<rect class="tile" x="417" y="109" width="90" height="90" rx="10" style="fill:#bfdbfe"/>'
        '<path fill="#dc2626" d="M462 183 C430 160 431 129 450 129 C457 129 462 135 462 139 C462 135 467 129 474 129 '
        'C493 129 494 160 462 183 Z"/>'
    )


def _point(progress: float) -> tuple[float, float]:
    """A place on the curve from the noise (0) to the picture (1)."""
    x = 112 + 296 * progress
    y = 138 - 88 * math.sin(math.pi * progress) ** 0.9 + 9 * math.sin(4 * math.pi * progress)
    return x, y


def _curve() -> str:
    points = [_point(i / _STEPS) for i in range(_STEPS + 1)]
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dots = "".join(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.1"/>' for x, y in points[1:])
    return f'<path class="curve" fill="none" stroke-width="1.3" d="M{path}"/>{dots}'


def _line() -> str:
    return (
        '<path class="straight" stroke-width="5" stroke-linecap="round" d="M114 172 H388"/>'
        '<path class="head" d="M384 160 L410 172 L384 184 Z"/>'
    )
