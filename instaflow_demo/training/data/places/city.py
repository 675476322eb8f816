"""A street: house fronts with shops, lamps, a pavement and the road."""

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import tree
from ..setting import Setting, Strip

KERB = 168.0
STREETS = (
    ("#e0a58a", "#e8cf9f", "#c99aa0", "#d9b0c0", "#e8b878"),
    ("#9fb8c9", "#a9c4a0", "#b8a9d0", "#8fb8b8", "#a8b8d8"),
    ("#f0e4d0", "#e8dcc8", "#f4e8dc", "#dcd8d4", "#f0dcc4"),
    ("#b86a5a", "#a85f4f", "#c47a5f", "#985a54", "#b8806a"),
    ("#f0c8a0", "#a8d0c8", "#f0b8b8", "#d0c8f0", "#f4e0a0"),
    ("#7f94a8", "#8f8fa8", "#94a89f", "#a89a94", "#7f8a94"),
)
AWNINGS = ("#e2685a", "#4f9a8f", "#f0b35b", "#5f7fc0")


def draw_city(brush: Brush) -> Setting:
    """Towers far behind, a row of houses, and a road to stand on."""
    _towers(brush)
    colours = brush.rng.sample(brush.by_number(*STREETS), 5)
    widths = [brush.between(46, 60) for _ in range(5)]
    scale, x = (SIZE + 8) / sum(widths), -4.0
    with brush.at(0.45):
        for number, (colour, width) in enumerate(zip(colours, widths, strict=True)):
            house_front(
                brush,
                x,
                KERB,
                width * scale - 1,
                brush.between(78, 122),
                brush.tone(colour),
                number % 2 == brush.number % 2,
            )
            x += width * scale
    _street(brush)
    for number, x in enumerate((brush.between(16, 32), brush.between(224, 240))):
        if number == brush.number % 2:
            street_lamp(brush, x, KERB + 13)
        else:
            tree(brush, x, KERB + 13, brush.between(60, 72), brush.tone("#5f9f5c"))
    return Setting(KERB - 20, Strip(KERB + 30, 240, 0.74, 1.0), sky=(44, 84), left=30, right=226)


def _towers(brush: Brush) -> None:
    with brush.at(0.95):
        for number in range(9):
            x, height, width = number * 30 - 8, brush.between(74, 132), brush.between(24, 32)
            colour = mix("#8fa6c8", "#dfe8f2", brush.between(0.2, 0.5))
            brush.rectangle(x, KERB - height, width, height, brush.gradient(colour, lit(colour, 0.3)))
            for row in range(int(height / 9) - 3):
                if brush.chance(0.55):
                    left = x + brush.rng.choice((4, 10, 16))
                    brush.rectangle(left, KERB - height + 6 + row * 9, 3.4, 4.4, "#f4f8fc", 0.5, 0.6)
                    brush.glowing(left, KERB - height + 6 + row * 9, 3.4, 4.4, 0.6)


def house_front(brush: Brush, x: float, y: float, width: float, height: float, colour: str, shop: bool) -> None:
    """A house of several storeys on the line y, with a shop or a door below."""
    brush.rectangle(x, y - height, width, height, brush.gradient(lit(colour, 0.16), dim(colour, 0.1)))
    if brush.chance(0.5):
        roof = [
            (x - 3, y - height - 2),
            (x + width * 0.2, y - height - 20),
            (x + width * 0.8, y - height - 20),
            (x + width + 3, y - height - 2),
        ]
        brush.polygon(roof, brush.gradient("#cf7462", "#a85048"))
    brush.block(x - 2, y - height - 4, width + 4, 6, dim(lit(colour, 0.3), 0.1))
    columns = max(2, round(width / 19))
    for row in range(int((height - 44) / 23) + 1):
        for number in range(columns):
            _pane(brush, x + (number + 0.5) * width / columns - 5, y - height + 9 + row * 23, colour)
    (_shop if shop else _door)(brush, x, y, width, colour)


def _pane(brush: Brush, x: float, y: float, colour: str) -> None:
    brush.rectangle(x - 1.2, y - 1.2, 12.4, 15.4, lit(colour, 0.6), 1)
    brush.rectangle(x, y, 10, 13, brush.gradient("#7fb0d6", "#cfe8f4", angle=60), 0.5)
    brush.line((x + 5, y), (x + 5, y + 13), lit(colour, 0.6), 1)
    brush.rectangle(x - 2, y + 13, 14, 2, dim(lit(colour, 0.5), 0.12), 0.5)
    if brush.chance(0.6):
        brush.glowing(x, y, 10, 13)
        brush.lamp(x + 5, y + 6, 15, 0.35)


def _shop(brush: Brush, x: float, y: float, width: float, colour: str) -> None:
    awning = brush.rng.choice(AWNINGS)
    brush.rectangle(x + 3, y - 28, width - 6, 28, dim(colour, 0.38), 1)
    brush.rectangle(x + 6, y - 24, width - 24, 20, brush.gradient("#fff0cc", "#f2c987"), 1)
    for number in range(3):
        brush.ellipse(x + 12 + number * (width - 36) / 2, y - 7, 3, 3.4, brush.rng.choice(AWNINGS), 0.8)
    brush.rectangle(x + width - 15, y - 24, 9, 24, "#6d4a3a", 1)
    brush.rectangle(x + width - 13, y - 22, 5, 10, "#bfe0ee", 0.5)
    brush.glowing(x + 6, y - 24, width - 24, 20, 0.8)
    brush.lamp(x + width / 2, y - 6, 42, 0.7)
    stripes = max(4, int(width / 9))
    step = (width - 2) / stripes
    for number in range(stripes):
        left = x + 1 + number * step
        strip = f"M{left:.1f} {y - 37:.1f}h{step:.1f}v11a{step / 2:.1f} 4 0 0 1 {-step:.1f} 0Z"
        brush.path(strip, awning if number % 2 else "#fff6ea")
    brush.rectangle(x + 1, y - 25, width - 2, 3, "#1d2452", 0, 0.16)


def _door(brush: Brush, x: float, y: float, width: float, colour: str) -> None:
    middle = x + width / 2
    brush.rectangle(middle - 8, y - 26, 16, 26, lit(colour, 0.6), 1)
    brush.block(middle - 6, y - 24, 12, 24, brush.rng.choice(("#4f7a6f", "#8a4f4a", "#4f628f")))
    brush.ellipse(middle + 3.4, y - 11, 1, 1, "#ffe08a")
    brush.lamp(middle, y - 24, 20, 0.5)
    for side in (-1, 1):
        left = middle + side * width * 0.33 - 6
        brush.rectangle(left - 1, y - 23, 14, 15, lit(colour, 0.6), 1)
        brush.rectangle(left, y - 22, 12, 13, brush.gradient("#7fb0d6", "#cfe8f4", angle=60))


def _street(brush: Brush) -> None:
    with brush.at(0.3, level=0.8):
        brush.rectangle(-2, KERB, 260, 18, brush.gradient("#d9d3cf", "#c4bcb8"))
        for x in range(-10, 270, 22):
            brush.line((x, KERB), (x - 5, KERB + 17), "#a9a09c", 0.8, 0.6)
        brush.rectangle(-2, KERB, 260, 4, "#1d2452", 0, 0.14)
        brush.rectangle(-2, KERB + 16, 260, 5, brush.gradient("#b8b0ae", "#948c8c"))
    with brush.at(0.1, level=0.9):
        brush.rectangle(-2, KERB + 20, 260, 80, brush.gradient("#7a8094", "#5d6378"))
        offset = brush.between(-20, 20)
        for number in range(-1, 7):
            x = number * 54 + offset
            brush.polygon(
                [(x, KERB + 45), (x + 26, KERB + 45), (x + 24, KERB + 49), (x - 3, KERB + 49)], "#f4ead0", 0.85
            )


def street_lamp(brush: Brush, x: float, y: float) -> None:
    """A lamp post whose light pools on the ground."""
    brush.shadow(x, y, 9, 2.4)
    brush.line((x, y), (x, y - 76), "#3f4560", 3)
    brush.rectangle(x - 4, y - 5, 8, 5, "#3f4560", 1)
    brush.path(f"M{x - 6:.1f} {y - 76:.1f}h12l2 -13h-16Z", "#fff0c4")
    brush.path(f"M{x - 9:.1f} {y - 89:.1f}h18l-9 -7Z", "#3f4560")
    brush.glowing(x - 6, y - 88, 12, 12)
    brush.lamp(x, y - 82, 56, 0.9)
    brush.lamp(x, y, 48, 0.5)
