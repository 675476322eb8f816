"""A scatter plot with intervals as SVG, which follows the page's colours and needs nothing from elsewhere."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDTH, _HEIGHT = 860, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 30, 16, 48
_LETTER, _LINE = 6.6, 14  # about the size of a letter in a label


@dataclass(frozen=True)
class Point:
    """A named value with its interval; `x` is positive, and `low`, `y` and `high` are shares from 0 to 1."""

    label: str
    x: float
    low: float
    y: float
    high: float


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True)
class _Axes:
    """Where values lie: powers of ten from `first` to `last` across, shares from `floor` to 1 upwards."""

    first: int
    last: int
    floor: float

    @classmethod
    def around(cls, points: Sequence[Point]) -> "_Axes":
        first = math.floor(math.log10(min(point.x for point in points)))
        last = math.ceil(math.log10(max(point.x for point in points)))
        lowest = math.floor(min(point.low for point in points) * 10) / 10
        return cls(first, max(last, first + 1), min(lowest, 0.9))

    def across(self, x: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (math.log10(x) - self.first) / (self.last - self.first)

    def up(self, share: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * (share - self.floor) / (1 - self.floor)


def scatter(points: Sequence[Point], x_title: str, y_title: str, number: Callable[[float], str]) -> Markup:
    """Points over a logarithmic x axis; `number` writes the values of that axis as the language does."""
    axes = _Axes.around(points)
    ticks = [factor * 10**power for power in range(axes.first, axes.last) for factor in (1, 2, 5)] + [10**axes.last]
    grid = Markup("").join(_x_tick(axes.across(tick), number(tick)) for tick in ticks)
    shares = [share / 10 for share in range(round(axes.floor * 10), 11)]
    grid += Markup("").join(_y_tick(axes.up(share), share) for share in shares)
    return Markup(
        '<svg class="plot" viewBox="0 0 {w} {h}" role="img" aria-label="{y}, {x}">{grid}{marks}'
        '<text class="axis" x="{middle}" y="{bottom}" text-anchor="middle">{x}</text>'
        '<text class="axis" transform="translate(14 {centre}) rotate(-90)" text-anchor="middle">{y}</text></svg>'
    ).format(
        w=_WIDTH,
        h=_HEIGHT,
        grid=grid,
        marks=_marks(points, axes) + _labels(points, axes),
        x=x_title,
        y=y_title,
        middle=(_LEFT + _WIDTH - _RIGHT) / 2,
        bottom=_HEIGHT - 8,
        centre=(_TOP + _HEIGHT - _BOTTOM) / 2,
    )


def _x_tick(x: float, text: str) -> Markup:
    return Markup(
        '<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{low}"/>'
        '<text class="tick" x="{x:.1f}" y="{below}" text-anchor="middle">{text}</text>'
    ).format(x=x, top=_TOP, low=_HEIGHT - _BOTTOM, below=_HEIGHT - _BOTTOM + 16, text=text)


def _y_tick(y: float, share: float) -> Markup:
    return Markup(
        '<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<text class="tick" x="{beside}" y="{text_y:.1f}" text-anchor="end">{share:.0%}</text>'
    ).format(left=_LEFT, right=_WIDTH - _RIGHT, y=y, beside=_LEFT - 6, text_y=y + 4, share=share)


def _marks(points: Sequence[Point], axes: _Axes) -> Markup:
    return Markup("").join(
        Markup(
            '<g><title>{}: {:.1%}</title><line class="interval" x1="{x:.1f}" x2="{x:.1f}" y1="{:.1f}" y2="{:.1f}"/>'
            '<circle class="mark" cx="{x:.1f}" cy="{:.1f}" r="5"/></g>'
        ).format(
            point.label, point.y, axes.up(point.low), axes.up(point.high), axes.up(point.y), x=axes.across(point.x)
        )
        for point in points
    )


def _labels(points: Sequence[Point], axes: _Axes) -> Markup:
    """Each label beside its dot, where it covers no other."""
    dots = [_Box(x - 6, y - 6, x + 6, y + 6) for x, y in ((axes.across(p.x), axes.up(p.y)) for p in points)]
    taken, drawn = list(dots), []
    for point in points:
        places = list(_places(axes.across(point.x), axes.up(point.y), len(point.label) * _LETTER))
        box = next((box for box in places if not any(box.meets(other) for other in taken)), places[0])
        taken.append(box)
        text = Markup('<text class="name" x="{:.1f}" y="{:.1f}">{}</text>')
        drawn.append(text.format(box.left, box.bottom - 3, point.label))
    return Markup("").join(drawn)


def _places(x: float, y: float, width: float) -> Iterator[_Box]:
    """Where a label may be: beside its dot, below, above, then lines away, for a crowd; never outside the plot."""
    away = [side * line * _LINE for line in (1, 2, 3, 4) for side in (1, -1)]
    for left, top in (
        (x + 10, y - 8),
        (x - 10 - width, y - 8),
        (x - width / 2, y + 8),
        (x - width / 2, y - 8 - _LINE),
        (x + 6, y + 8),
        (x + 6, y - 8 - _LINE),
        *((beside, y - 8 + lines) for lines in away for beside in (x + 10, x - 10 - width)),
    ):
        box = _Box(left, top, left + width, top + _LINE)
        if box.left > _LEFT and box.right < _WIDTH and box.top > 0 and box.bottom < _HEIGHT - _BOTTOM:
            yield box
    yield _Box(x + 10, y - 8, x + 10 + width, y - 8 + _LINE)
