# ruff: noqa: E501 - the path of a shape is one line
"""A small SVG brush with one look: soft gradients lit from the upper left, cushioned by an inner light and shade."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

from ..colour import mix

WARM, COOL = "#fffaec", "#3e1c54"  # what colours turn to in light and in shade
OUTLINE = "#2b2333"  # eyes, noses, lines

_CUSHION = (
    '<filter id="cushion{n}" filterUnits="userSpaceOnUse" {region} color-interpolation-filters="sRGB">'
    '<feGaussianBlur in="SourceAlpha" stdDeviation="{blur}" result="blurred"/>'
    '<feOffset in="blurred" dx="-{shift}" dy="-{shift}" result="up"/>'
    '<feOffset in="blurred" dx="{shift}" dy="{shift}" result="down"/>'
    '<feComposite in="SourceAlpha" in2="up" operator="out" result="low"/>'
    '<feComposite in="SourceAlpha" in2="down" operator="out" result="high"/>'
    '<feFlood flood-color="#4a1f66" flood-opacity="{shade}"/><feComposite in2="low" operator="in" result="shade"/>'
    '<feFlood flood-color="#fff8e8" flood-opacity="{light}"/><feComposite in2="high" operator="in" result="light"/>'
    '<feMerge><feMergeNode in="SourceGraphic"/><feMergeNode in="shade"/><feMergeNode in="light"/></feMerge></filter>'
)


def lighter(colour: str, share: float = 0.25) -> str:
    return mix(colour, WARM, share)


def darker(colour: str, share: float = 0.2) -> str:
    return mix(colour, COOL, share)


Box = tuple[float, float, float, float]  # left, top, right, low


def bounds(d: str) -> Box:
    """A box round a path, control points included; arcs count by their ends and radii."""
    x = y = 0.0
    points: list[tuple[float, float]] = []
    for command, text in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", d):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+(?:e-?\d+)?", text)]
        step = {"H": 1, "V": 1, "A": 7, "Q": 4, "C": 6}.get(command.upper(), 2)
        for start in range(0, len(numbers), step):
            spots = _spots(command, numbers[start : start + step], x, y)
            points += spots
            x, y = spots[-1]
    return min(p[0] for p in points), min(p[1] for p in points), max(p[0] for p in points), max(p[1] for p in points)


def _spots(command: str, numbers: list[float], x: float, y: float) -> list[tuple[float, float]]:
    """The points of one segment that starts at (x, y), its end last."""
    dx, dy = (x, y) if command.islower() else (0.0, 0.0)
    if command in "Hh":
        return [(numbers[0] + dx, y)]
    if command in "Vv":
        return [(x, numbers[0] + dy)]
    if command in "Aa":
        end, reach = (numbers[5] + dx, numbers[6] + dy), 2 * max(numbers[:2])
        corners = [(cx + sign * reach, cy + sign * reach) for cx, cy in (end, (x, y)) for sign in (-1, 1)]
        return [*corners, end]
    return [(a + dx, b + dy) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]


def _region(boxes: list[Box], margin: float) -> str:
    """The attributes of a filter's region round some boxes."""
    if not boxes:
        return ""
    left, top = min(box[0] for box in boxes) - margin, min(box[1] for box in boxes) - margin
    right, low = max(box[2] for box in boxes) + margin, max(box[3] for box in boxes) + margin
    return f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{low - top:.1f}"'


class Drawing:
    """An SVG in the making: shapes are painted in the order of the calls; x goes right, y down."""

    def __init__(self, width: float = 128, height: float = 128) -> None:
        self.width, self.height = width, height
        self._definitions: list[str] = []
        self._body: list[str] = []
        self._seen: list[Box] = []  # what was drawn within the cushion that is being drawn

    def __str__(self) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {self.width} {self.height}"><defs>{"".join(self._definitions)}</defs>{"".join(self._body)}</svg>'
        )

    def path(self, d: str, fill: str, opacity: float = 1) -> None:
        self._seen.append(bounds(d))
        self._put(f'<path d="{d}" fill="{self._paint(fill)}" opacity="{opacity}"/>')

    def line(self, d: str, colour: str, width: float, *, butt: bool = False) -> None:
        cap = "butt" if butt else "round"
        left, top, right, low = bounds(d)
        self._seen.append((left - width / 2, top - width / 2, right + width / 2, low + width / 2))
        self._put(
            f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="{cap}" stroke-linejoin="round"/>'
        )

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: str, turn: float = 0, opacity: float = 1) -> None:
        reach = max(rx, ry) if turn else 0
        self._seen.append((x - max(rx, reach), y - max(ry, reach), x + max(rx, reach), y + max(ry, reach)))
        self._put(
            f'<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" fill="{self._paint(fill)}" opacity="{opacity}"'
            f' transform="rotate({turn} {x} {y})"/>'
        )

    def circle(self, x: float, y: float, radius: float, fill: str, opacity: float = 1) -> None:
        self.ellipse(x, y, radius, radius, fill, opacity=opacity)

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, radius: float = 0, turn: float = 0
    ) -> None:
        more = max(width, height) if turn else 0
        self._seen.append((x - more, y - more, x + width + more, y + height + more))
        self._put(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" fill="{self._paint(fill)}"'
            f' transform="rotate({turn} {x + width / 2} {y + height / 2})"/>'
        )

    @contextmanager
    def cushion(self, depth: float = 4, shade: float = 0.32, light: float = 0.4) -> Iterator[None]:
        """What is drawn inside bulges as one body: light on its upper left edge, shade on its lower right one."""
        n = len(self._definitions)
        self._definitions.append("")
        outer, self._seen = self._seen, []
        with self._group(f'filter="url(#cushion{n})"'):
            yield
        region = _region(self._seen, 3 * depth)
        self._definitions[n] = _CUSHION.format(
            n=n, blur=depth, shift=depth * 0.8, shade=shade, light=light, region=region
        )
        self._seen = outer + self._seen

    @contextmanager
    def clip(self, d: str) -> Iterator[None]:
        """What is drawn inside shows only within the path `d`."""
        n = len(self._definitions)
        self._definitions.append(f'<clipPath id="clip{n}"><path d="{d}"/></clipPath>')
        with self._group(f'clip-path="url(#clip{n})"'):
            yield

    @contextmanager
    def moved(self, x: float = 0, y: float = 0, scale: float = 1, turn: float = 0) -> Iterator[None]:
        """What is drawn inside is turned and scaled about its origin, then moved to (x, y)."""
        outer, self._seen = self._seen, []
        with self._group(f'transform="translate({x} {y}) rotate({turn}) scale({scale})"'):
            yield
        reach = scale * max((math.hypot(a, b) for box in self._seen for a in box[::2] for b in box[1::2]), default=0)
        self._seen = [*outer, (x - reach, y - reach, x + reach, y + reach)]

    @contextmanager
    def _group(self, attribute: str) -> Iterator[None]:
        outer, self._body = self._body, []
        try:
            yield
        finally:
            inner, self._body = self._body, outer
        self._put(f"<g {attribute}>{''.join(inner)}</g>")

    def _put(self, element: str) -> None:
        self._body.append(element)

    def _paint(self, fill: str) -> str:
        """A soft gradient for "~#rrggbb", from the top down for "|#rrggbb-#rrggbb", else the colour as it is."""
        if fill[0] not in "~|":
            return fill
        n = len(self._definitions)
        top, _, bottom = fill[1:].partition("-")
        stops = [(0, top), (1, bottom)] if bottom else [(0, lighter(top, 0.3)), (0.45, top), (1, darker(top, 0.22))]
        marks = "".join(f'<stop offset="{at}" stop-color="{colour}"/>' for at, colour in stops)
        line = 'x1="0" y1="0" x2="0" y2="1"' if bottom else 'x1=".2" y1="0" x2=".6" y2="1"'
        self._definitions.append(f'<linearGradient id="fill{n}" {line}>{marks}</linearGradient>')
        return f"url(#fill{n})"
