"""An SVG brush. Shapes carry data beside their colour, so that one drawing can be lit, fogged, wetted and snowed on."""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import numpy as np
from PIL import Image, ImageFilter

from .colour import SHADE, dim, lit, named, shifted

SIZE = 256
LAND_CHANNELS = 9  # RGBA, depth, water, level, lamps, beams
MARGIN = 6  # shapes that leave the picture end this far outside

Point = tuple[float, float]
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Shape:
    """SVG text with `{fill}` or `{stroke}` left open, so that the same outline can be painted with data."""

    template: str
    fill: str
    stroke: str
    depth: float
    wet: float
    level: float
    glow: float = 0.0
    """Above 0, the shape is a light, seen on the map of lamps alone."""

    def painted(self) -> str:
        """The shape in its own colours."""
        return self.template.replace("{fill}", self.fill).replace("{stroke}", self.stroke)

    def shining(self) -> str:
        """The shape on the map of lamps: red if it shines, else a black that hides what shines behind it."""
        paint = named(255 * self.glow, 0, 0)
        fill, stroke = (paint if colour != "none" else colour for colour in (self.fill, self.stroke))
        return self.template.replace("{fill}", fill).replace("{stroke}", stroke)

    def measured(self) -> str:
        """The shape in red = depth, green = water, blue = level."""
        data = named(255 * self.depth, 255 * self.wet, 255 * self.level)
        fill, stroke = (data if paint != "none" else paint for paint in (self.fill, self.stroke))
        return self.template.replace("{fill}", fill).replace("{stroke}", stroke)


@dataclass
class Brush:
    """Collects shapes on a canvas of 256 x 256; what stays unpainted is sky.

    `depth` (0 near, 1 far), `wet` (0 dry, 1 a mirror) and `level` (0 a wall, 1 open ground, where snow settles) hold
    for the shapes that follow.
    """

    rng: Random
    number: int = 0
    """Which drawing of its place this is: a place may give its first drawings different colours."""
    depth: float = 0.1
    wet: float = 0.0
    level: float = 0.35
    shapes: list[Shape] = field(default_factory=list)
    gradients: list[str] = field(default_factory=list)
    lights: list[str] = field(default_factory=list)
    sheer: set[str] = field(default_factory=set)
    """Fills that fade to nothing: shadows and glows, which hide neither lamps nor what lies below."""

    # chance

    def between(self, low: float, high: float) -> float:
        return self.rng.uniform(low, high)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def by_number(self, *choices: Choice) -> Choice:
        """The choice of this drawing: drawings of a place take turns, so that the first few differ."""
        return choices[self.number % len(choices)]

    def tone(self, *colours: str, hue: float = 5, saturation: float = 0.05, lightness: float = 0.025) -> str:
        """One of the colours, moved a little."""
        spread = (self.between(-size, size) for size in (hue, saturation, lightness))
        return shifted(self.rng.choice(colours), *spread)

    # paint

    def gradient(self, *stops: str, angle: float = 90, opacity: Sequence[float] = ()) -> str:
        """A linear gradient through the stops; 90 degrees runs from top to bottom, 0 from left to right."""
        turn = math.radians(angle)
        x, y = math.cos(turn), math.sin(turn)
        ends = f'x1="{max(0, -x):.3f}" y1="{max(0, -y):.3f}" x2="{max(0, x):.3f}" y2="{max(0, y):.3f}"'
        return self._gradient("linearGradient", ends, stops, opacity)

    def radial(
        self, *stops: str, centre: Point = (0.38, 0.28), radius: float = 0.75, opacity: Sequence[float] = ()
    ) -> str:
        """A radial gradient from its centre outwards, in shares of the shape's box."""
        return self._gradient("radialGradient", f'cx="{centre[0]}" cy="{centre[1]}" r="{radius}"', stops, opacity)

    def soft(self, colour: str, opacity: float = 0.4) -> str:
        """A spot that fades to nothing at the edge."""
        fade = (opacity, opacity * 0.55, opacity * 0.15, 0)
        return self.radial(colour, colour, colour, colour, centre=(0.5, 0.5), radius=0.5, opacity=fade)

    def _gradient(self, kind: str, geometry: str, stops: Sequence[str], opacity: Sequence[float]) -> str:
        name = f"g{len(self.gradients)}"
        opacity = opacity or [1] * len(stops)
        inner = "".join(
            f'<stop offset="{place / max(1, len(stops) - 1):.3f}" stop-color="{stop}" stop-opacity="{alpha:.3f}"/>'
            for place, (stop, alpha) in enumerate(zip(stops, opacity, strict=True))
        )
        self.gradients.append(f'<{kind} id="{name}" {geometry}>{inner}</{kind}>')
        if min(opacity) == 0:
            self.sheer.add(f"url(#{name})")
        return f"url(#{name})"

    # shapes

    @contextmanager
    def at(self, depth: float | None = None, wet: float = 0.0, level: float | None = None) -> Iterator[None]:
        """Shapes within have this depth, wetness and level."""
        before = self.depth, self.wet, self.level
        self.depth = self.depth if depth is None else depth
        self.level = self.level if level is None else level
        self.wet = wet
        yield
        self.depth, self.wet, self.level = before

    def path(
        self, d: str, fill: str = "none", opacity: float = 1, stroke: str = "none", width: float = 1, turn: str = ""
    ) -> None:
        """An SVG path; `turn` is the text of a transform."""
        moved = f' transform="{turn}"' if turn else ""
        line = f' stroke-width="{width:.2f}" stroke-linecap="round" stroke-linejoin="round"' if stroke != "none" else ""
        paint = 'fill="{fill}" stroke="{stroke}" fill-rule="evenodd"'
        text = f'<path d="{d}" {paint} opacity="{opacity:.3f}"{line}{moved}/>'
        self.shapes.append(Shape(text, fill, stroke, self.depth, self.wet, self.level))

    def polygon(self, points: Sequence[Point], fill: str, opacity: float = 1) -> None:
        self.path("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z", fill, opacity)

    def line(self, start: Point, end: Point, colour: str, width: float, opacity: float = 1) -> None:
        self.path(f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}", "none", opacity, colour, width)

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        round_by: float = 0,
        opacity: float = 1,
        turn: str = "",
    ) -> None:
        moved = f' transform="{turn}"' if turn else ""
        box = f'x="{x:.1f}" y="{y:.1f}" width="{max(0, width):.1f}" height="{max(0, height):.1f}" rx="{round_by:.1f}"'
        text = f'<rect {box} fill="{{fill}}" opacity="{opacity:.3f}"{moved}/>'
        self.shapes.append(Shape(text, fill, "none", self.depth, self.wet, self.level))

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: str, opacity: float = 1, turn: float = 0) -> None:
        moved = f' transform="rotate({turn:.0f} {x:.1f} {y:.1f})"' if turn else ""
        oval = f'cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.2f}" ry="{ry:.2f}"'
        text = f'<ellipse {oval} fill="{{fill}}" opacity="{opacity:.3f}"{moved}/>'
        self.shapes.append(Shape(text, fill, "none", self.depth, self.wet, self.level))

    def shadow(self, x: float, y: float, rx: float, ry: float | None = None, opacity: float = 0.38) -> None:
        """Where something touches the ground."""
        self.ellipse(x, y, rx, ry or rx * 0.2, self.soft(SHADE, opacity))

    def block(self, x: float, y: float, width: float, height: float, colour: str, round_by: float = 1) -> None:
        """A box lit from the upper left."""
        self.rectangle(x, y, width, height, self.gradient(lit(colour, 0.18), dim(colour, 0.14), angle=70), round_by)

    def ridge(self, y: float, height: float, fill: str, waves: int = 2) -> Callable[[float], float]:
        """A hill's line across the picture, filled to the lower edge; returns its y at an x."""
        parts = [
            ((0.35 + 0.55 * number) * self.between(0.8, 1.25), self.between(0, math.tau), 1 / (1 + number))
            for number in range(waves)
        ]
        whole = sum(share for *_, share in parts)

        def line(x: float) -> float:
            swing = sum(share * math.sin(x / SIZE * math.tau * pace + phase) for pace, phase, share in parts)
            return y - height * swing / whole

        points = [(x, line(x)) for x in range(-MARGIN, SIZE + MARGIN + 1, 4)]
        self.polygon([*points, (SIZE + MARGIN, SIZE + MARGIN), (-MARGIN, SIZE + MARGIN)], fill)
        return line

    # light maps: red for lamps, green for sunlight that falls in

    def lamp(self, x: float, y: float, radius: float, strength: float = 1) -> None:
        """A pool of lamplight on what is around."""
        fill = self.soft("#ff0000", strength)
        self.lights.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}"/>')

    def glowing(self, x: float, y: float, width: float, height: float, strength: float = 0.9) -> None:
        """A pane or bulb that shines itself, unless what is painted later hides it."""
        box = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1"'
        self.shapes.append(Shape(f'<rect {box} fill="{{fill}}"/>', "lit", "none", 0, 0, 0, strength))

    def beam(self, points: Sequence[Point], strength: float = 0.7) -> None:
        """Sunlight that falls along a shape, fading downwards."""
        fill = self.gradient("#00ff00", "#00ff00", opacity=(strength, 0.1 * strength))
        self.lights.append(f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="{fill}"/>')

    # pictures

    def render(self) -> np.ndarray:
        """The drawing as uint8 (9, 256, 256): RGBA, depth, water, level, lamps, beams."""
        solid = [shape for shape in self.shapes if not shape.glow]
        land = self._raster(shape.painted() for shape in solid)
        data = self._raster(shape.measured() for shape in solid if shape.fill not in self.sheer)
        screened = (light.replace(" fill=", ' style="mix-blend-mode:screen" fill=', 1) for light in self.lights)
        shining = (shape.shining() for shape in self.shapes if shape.fill not in self.sheer)
        light = self._raster(['<rect width="256" height="256" fill="#000"/>', *shining, *screened])
        beams = np.asarray(Image.fromarray(light[..., 1]).filter(ImageFilter.GaussianBlur(4)))
        return np.concatenate([land, data[..., :3], light[..., :1], beams[..., None]], -1).transpose(2, 0, 1)

    def _raster(self, shapes: Iterator[str] | Sequence[str]) -> np.ndarray:
        return raster(f"<defs>{''.join(self.gradients)}</defs>{''.join(shapes)}")


def raster(inner: str, size: int = SIZE) -> np.ndarray:
    """The inside of an SVG with the view box 0 0 256 256 as RGBA pixels (size, size, 4)."""
    from resvg_py import svg_to_bytes  # noqa: PLC0415 - only drawing needs it

    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}">{inner}</svg>'
    png = bytes(svg_to_bytes(svg_string=text, width=size, height=size))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
