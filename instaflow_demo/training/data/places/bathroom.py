"""A bathroom: tub under the window, toilet, basin and mirror."""

from ..brush import Brush
from ..colour import dim, lit
from ..furniture import BRASS, WOODS, cabinet, candle, pendant, plant, rug
from ..setting import Setting, Slot, Strip
from .room import Window, curtains, palette, walls

WHITE, PORCELAIN_SHADE = "#ffffff", "#d3dae6"


def draw_bathroom(brush: Brush) -> Setting:
    """The tub stands at the left, the basin at the right, the toilet between them."""
    floor = brush.between(172, 178)
    colours = palette(brush)
    window = Window(brush.between(30, 38), brush.between(28, 34), 50, 62, arched=brush.number % 2 == 1)
    walls(brush, colours, floor, window, wainscot=brush.rng.choice((64, 72)), tile=brush.rng.choice((12, 15)))
    if brush.number % 2 == 0:
        curtains(brush, window, lit(colours.accent, 0.35))
    with brush.at(0.22):
        plant(brush, window.x + 9, window.sill, 21, colours.second)
        _towels(brush, 118, floor - 64, colours.accent)
        _basin(brush, brush.between(206, 212), floor + 6, colours.second)
        pendant(brush, 128, 26, colours.accent)
    with brush.at(0.18):
        toilet(brush, 146, floor + 10)
    with brush.at(0.12):
        rug(brush, brush.between(150, 160), 228, 58, 12, colours.accent)
        slot = _tub(brush, 62, floor + 28, lit(colours.second, 0.1) if brush.number % 3 == 2 else WHITE)
    return Setting(
        floor,
        Strip(floor + 36, 238, 0.8, 1.0),
        left=104,
        right=232,
        slots={"bathtub": slot},
        indoor=True,
        colour=colours.word,
    )


def _basin(brush: Brush, x: float, y: float, colour: str) -> None:
    wood = brush.tone(WOODS[brush.number % 3])
    cabinet(brush, x - 31, y, 62, 44, wood if brush.number % 2 else colour, 2)
    top = y - 48
    brush.path(f"M{x - 21:.1f} {top - 9:.1f}h42q-2 9 -8 9h-26q-6 0 -8 -9Z", brush.gradient(WHITE, PORCELAIN_SHADE))
    brush.path(f"M{x:.1f} {top - 9:.1f}v-9q0 -6 7 -6v4", stroke=BRASS, width=2.8)
    for offset, height in ((-25, 13), (24, 16)):
        brush.block(x + offset - 3, top - height, 6, height, "#fff1d6" if offset < 0 else colour, 2)
    _mirror(brush, x, top - 54, brush.between(22, 25))


def _mirror(brush: Brush, x: float, y: float, radius: float) -> None:
    tall = radius * (1.22 if brush.number % 2 else 1.0)
    brush.ellipse(x + 1, y + 3, radius + 4, tall + 4, "#1d2452", 0.16)
    brush.ellipse(x, y, radius + 3.6, tall + 3.6, brush.gradient("#f4dc9c", "#b98a4a"))
    brush.ellipse(x, y, radius, tall, brush.gradient("#eef8fa", "#a5c8d8", angle=60))
    shine = (
        f"M{x - radius * 0.5:.1f} {y + tall * 0.5:.1f}L{x + radius * 0.25:.1f} {y - tall * 0.7:.1f}"
        f"M{x - radius * 0.1:.1f} {y + tall * 0.62:.1f}L{x + radius * 0.5:.1f} {y - tall * 0.4:.1f}"
    )
    brush.path(shine, opacity=0.65, stroke=WHITE, width=3.4)
    for side in (-1, 1):
        lamp = x + side * (radius + 13)
        brush.rectangle(lamp - 1.5, y - 2, 3, 15, "#c9a25c", 1)
        brush.ellipse(lamp, y - 6, 5.5, 7.5, brush.radial("#fffbe8", "#ffdf9a", centre=(0.5, 0.4), radius=0.7))
        brush.lamp(lamp, y - 5, 38, 0.6)
        brush.glowing(lamp - 4, y - 12, 8, 12, 0.7)


def _towels(brush: Brush, x: float, y: float, colour: str) -> None:
    brush.rectangle(x - 17, y, 34, 2.8, BRASS, 1.4)
    for offset, width, height, paint in ((-14, 18, 34, colour), (5, 10, 24, "#fff6ea")):
        brush.rectangle(
            x + offset, y - 1.5, width, height, brush.gradient(lit(paint, 0.35), dim(paint, 0.12), angle=20), 2.5
        )
        brush.rectangle(x + offset, y + height - 9, width, 3, dim(paint, 0.2), 0, 0.7)


def toilet(brush: Brush, x: float, y: float) -> None:
    """A toilet seen from the front, a little from the right."""
    brush.shadow(x, y + 1, 27, 5)
    shade = brush.gradient(WHITE, "#eef1f6", PORCELAIN_SHADE, angle=20)
    brush.rectangle(x - 19, y - 54, 38, 28, shade, 4)
    brush.rectangle(x - 21, y - 58, 42, 6.5, brush.gradient(WHITE, "#dde3ec"), 3)
    brush.rectangle(x - 4, y - 60.5, 8, 3, BRASS, 1.4)
    brush.path(
        f"M{x - 12:.1f} {y:.1f}Q{x - 9:.1f} {y - 9:.1f} {x - 17:.1f} {y - 17:.1f}H{x + 17:.1f}"
        f"Q{x + 9:.1f} {y - 9:.1f} {x + 12:.1f} {y:.1f}Z",
        brush.gradient("#f4f6fa", "#bcc6d6", angle=0),
    )
    brush.ellipse(x, y - 20, 22, 10, brush.gradient("#eef1f6", "#c0cad9"))
    brush.ellipse(x, y - 23, 22, 9.5, brush.gradient(WHITE, "#e6ebf2"))
    brush.ellipse(x, y - 23, 15, 5.6, "#b3c2d4")
    brush.ellipse(x, y - 22, 11, 3.4, "#8fc4dc")


def _tub(brush: Brush, x: float, y: float, shell: str) -> Slot:
    half, rim = 56.0, y - 46
    left, right = x - half, x + half
    brush.shadow(x, y + 1, half * 1.12, 7, 0.5)
    for foot in (left + 18, right - 18):
        brush.path(f"M{foot - 5:.1f} {y - 8:.1f}q5 8 0 11h9q3 -5 1 -12Z", brush.gradient("#f4dc9c", "#b98a4a"))
    body = f"M{left:.1f} {rim:.1f}C{left + 2:.1f} {y - 12:.1f} {left + 12:.1f} {y - 4:.1f} {left + 28:.1f} {y - 4:.1f}"
    brush.path(
        f"{body}H{right - 28:.1f}C{right - 12:.1f} {y - 4:.1f} {right - 2:.1f} {y - 12:.1f} {right:.1f} {rim:.1f}Z",
        brush.gradient(lit(shell, 0.2), shell, dim(shell, 0.24)),
    )
    brush.path(
        f"M{left + 10:.1f} {rim + 11:.1f}"
        f"C{left + 13:.1f} {y - 18:.1f} {left + 21:.1f} {y - 13:.1f} {left + 34:.1f} {y - 12:.1f}",
        opacity=0.7,
        stroke=WHITE,
        width=4,
    )
    brush.path(f"M{right - 13:.1f} {rim - 2:.1f}v-22q0 -9 -9 -9t-9 8", stroke=BRASS, width=3.4)
    _foam(brush, left + 13, right - 27, rim - 3)
    brush.rectangle(left - 5, rim - 3, 2 * half + 10, 8.5, brush.gradient(WHITE, "#e2e7ef", "#c4ccd9"), 4)
    candle(brush, right - 2, rim - 3, 11)
    _bubbles(brush, left, right, rim)
    return Slot(x - 6, rim + 16, 66, 2 * half - 30, cut=rim - 1)


def _foam(brush: Brush, left: float, right: float, y: float) -> None:
    for number in range(12):
        radius = brush.between(5.5, 9.5)
        x, white = left + number * (right - left) / 11, brush.radial(WHITE, "#e6f2fb", "#bcd6ea", centre=(0.35, 0.3))
        brush.ellipse(x, y - brush.between(0, 5), radius, radius, white)


def _bubbles(brush: Brush, left: float, right: float, rim: float) -> None:
    for _ in range(5):
        radius = brush.between(1.6, 4)
        brush.ellipse(brush.between(left, right), rim - brush.between(18, 46), radius, radius, "#eaf6ff", 0.55)
