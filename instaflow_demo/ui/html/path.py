"""The drawing of a path: a straight flow is a straight line, and the others are drawn to the same scale."""

from collections.abc import Sequence

from markupsafe import Markup

from ...events import PathShape
from ..text import Language, format_number, say

Point = tuple[float, float]

STRETCHED = 3
"""How many times as large as along the line deviations from it are drawn, alike for all models."""

_LENGTH = 270  # of the straight line from noise to image, in the drawing's units
_LEFT, _BASE = 26, 126  # where the noise is
_WIDTH, _HEIGHT = 380, 154


def place(point: Point) -> Point:
    """Where a point of the plane is drawn, perhaps beyond the edge."""
    along, aside = point
    return _LEFT + _LENGTH * along, _BASE - _LENGTH * STRETCHED * aside


def path_html(shape: PathShape, now: int, title: str, language: Language) -> Markup:
    """The path in its plane, the ends that were predicted on the way, and what is drawn, in words.

    `now` is the number of the point that the page looks at.
    """
    (x, y), (to_x, to_y) = place(shape.points[now]), place(shape.predictions[now])
    here = Markup(
        '<line class="aim" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'
        '<circle class="end" cx="{to_x:.1f}" cy="{to_y:.1f}" r="5"/>'
        '<circle class="here" cx="{x:.1f}" cy="{y:.1f}" r="6"/>'
    ).format(x=x, y=y, to_x=to_x, to_y=to_y)
    drawing = Markup(
        '<svg viewBox="0 0 {w} {h}" role="img" aria-label="{alt}">{line}<polyline class="ends" points="{ends}"/>'
        '{predicted}<polyline class="way" points="{way}"/>{dots}{labels}{here}</svg>'
    ).format(
        w=_WIDTH,
        h=_HEIGHT,
        alt=_alt(shape, title, language),
        line=_straight_line(),
        labels=_labels(language),
        ends=_points(shape.predictions),
        predicted=_circles(shape.predictions, "guess", 1.6),
        way=_points(shape.points),
        dots=_circles(shape.points, "dot", 2.4),
        here=here,
    )
    return Markup('<figure class="path">{}<figcaption>{}</figcaption></figure>').format(
        drawing, _caption(shape, language)
    )


def _alt(shape: PathShape, title: str, language: Language) -> str:
    if not shape.deviation:
        return say(language, "flow_path_line_alt", title=title)
    return say(language, "flow_path_alt", title=title, n=_percent(shape.deviation, language))


def _caption(shape: PathShape, language: Language) -> str:
    if not shape.deviation:
        return say(language, "flow_path_line")
    furthest, share = _percent(shape.deviation, language), _percent(shape.share, language)
    return say(language, "flow_path_bent", n=furthest, share=share, times=STRETCHED)


def _straight_line() -> Markup:
    (left, base), (right, _) = place((0.0, 0.0)), place((1.0, 0.0))
    return Markup('<line class="straight" x1="{}" y1="{base}" x2="{}" y2="{base}"/>').format(left, right, base=base)


def _labels(language: Language) -> Markup:
    """What is at the ends of the straight line."""
    label = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>')
    ends = (((0.0, 0.0), "flow_noise"), ((1.0, 0.0), "flow_image"))
    return Markup("").join(label.format(place(at)[0], place(at)[1] + 22, say(language, key)) for at, key in ends)


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, points))


def _circles(points: Sequence[Point], kind: str, radius: float) -> Markup:
    circle = Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"/>')
    return Markup("").join(circle.format(kind, *place(point), radius) for point in points)


def _percent(share: float, language: Language) -> str:
    return f"{format_number(language, 100 * share, 1 if share < 0.1 else 0)} %"
