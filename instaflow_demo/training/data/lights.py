"""Lights and weathers as tables of numbers: what the sky looks like, and what light does to land and things.

Things are lit more neutrally than the land: a blue car stays blue at sunset, and stands out from the sand.
"""

from dataclasses import dataclass

from .colour import unit

Colour = tuple[float, float, float]
WHITE: Colour = (1.0, 1.0, 1.0)


def _sky(*colours: str) -> tuple[Colour, ...]:
    return tuple(unit(colour) for colour in colours)


@dataclass(frozen=True)
class Disc:
    """The sun or moon: radius in pixels, strength of its halo, height as a share of the sky, colours of both."""

    radius: float
    halo: float
    height: float
    colour: Colour
    halo_colour: Colour


@dataclass(frozen=True)
class Light:
    """One light or weather. Colours multiply; strengths run from 0 to about 1."""

    skies: tuple[tuple[Colour, ...], ...]
    """Variants of (zenith, middle, horizon, sunlit cloud, shaded cloud)."""
    land: Colour = WHITE
    """What ambient light does outdoors to the land."""
    things: Colour = WHITE
    """What it does to things."""
    room: Colour = WHITE
    """What it does indoors to walls and furniture."""
    room_things: Colour = WHITE
    near: Colour = WHITE
    """Factor on the land nearest to us: low sun leaves it cooler and darker."""
    disc: Disc | None = None
    rim: float = 0.0
    """Strength of the light along the edges of things."""
    rim_colour: Colour = WHITE
    saturation: float = 1.0
    haze: float = 0.35
    """How much the farthest land fades into the sky."""
    fog: float = 0.0
    lamps: float = 0.0
    """Strength of lamps and lit windows outdoors."""
    room_lamps: float = 0.0
    """Strength of the lamps in rooms."""
    beams: float = 0.0
    beam_colour: Colour = (1.0, 0.93, 0.76)
    shadow: float = 0.5
    cast: float = 0.0
    """Length of cast shadows, in heights of the thing."""
    glitter: float = 0.0
    """Light that the disc lays on water."""
    clouds: float = 1.0
    stars: float = 0.0
    rain: float = 0.0
    snow: float = 0.0
    spot: float = 0.0
    bloom: float = 0.0
    """Warm glow from the disc over everything."""
    vignette: float = 0.1


DAY = Light(
    skies=(
        _sky("#3f95e4", "#7fc0f3", "#d6eefa", "#ffffff", "#cfe0f3"),
        _sky("#a5d6f2", "#c9e8f6", "#f8f4dc", "#ffffff", "#dfe6ee"),
        _sky("#1f62c6", "#3f8ee2", "#9fd2f4", "#ffffff", "#c4d8f2"),
        _sky("#5fc6d8", "#a4e2de", "#eef8e4", "#ffffff", "#d3ece8"),
        _sky("#2c86c8", "#57b4dc", "#b4e8ea", "#ffffff", "#c6e0ec"),
        _sky("#8f9fe6", "#c0c8f4", "#f6e2ea", "#fffafc", "#d6d4ee"),
    ),
    disc=Disc(12, 0.5, 0.74, (1.0, 0.97, 0.80), (1.0, 0.95, 0.76)),
    rim=0.22,
    rim_colour=(1.0, 0.98, 0.90),
    haze=0.32,
    beams=0.30,
    cast=0.38,
    glitter=0.25,
    vignette=0.08,
)
SUNSET = Light(
    skies=(
        _sky("#4a4f9e", "#e8788a", "#ffc772", "#ffb992", "#9c5f98"),
        _sky("#7a3f96", "#f2607a", "#ffb46a", "#ffa692", "#8a4a90"),
        _sky("#3f6ab4", "#b088b8", "#ffd2a4", "#ffd8c2", "#8f7fb4"),
        _sky("#5b4a9c", "#f2806f", "#ffd884", "#ffc9a0", "#a8608f"),
        _sky("#a0527c", "#ff9a5c", "#ffe088", "#ffd0a0", "#b8686e"),
        _sky("#2f4a8c", "#8f66a8", "#ff9f8a", "#f0a0a0", "#6f5a94"),
    ),
    land=(0.98, 0.80, 0.73),
    things=(1.0, 0.91, 0.90),
    room=(0.88, 0.75, 0.76),
    room_things=(1.0, 0.90, 0.84),
    near=(0.70, 0.72, 0.92),
    disc=Disc(20, 1.0, 0.12, (1.0, 0.95, 0.74), (1.0, 0.66, 0.34)),
    rim=0.75,
    rim_colour=(1.0, 0.80, 0.50),
    saturation=1.08,
    haze=0.34,
    lamps=0.35,
    room_lamps=0.5,
    beams=1.1,
    beam_colour=(1.0, 0.58, 0.30),
    shadow=0.62,
    cast=0.85,
    glitter=0.9,
    bloom=0.42,
    vignette=0.16,
)
NIGHT = Light(
    skies=(
        _sky("#0b1238", "#1b2b68", "#46569f", "#55659f", "#283569"),
        _sky("#1c3a7c", "#34609f", "#7a9fcc", "#7f97c4", "#3d5a90"),
        _sky("#0c1030", "#252463", "#5a4f9c", "#5d5a98", "#2c2a66"),
        _sky("#06222f", "#10485a", "#3f8791", "#4f8790", "#1f4a58"),
        _sky("#23124a", "#472a7c", "#8a62ae", "#7f68a8", "#3f2c6c"),
        _sky("#070a1e", "#101a3c", "#26376a", "#35426c", "#181f40"),
    ),
    land=(0.42, 0.50, 0.78),
    things=(0.82, 0.83, 0.92),
    room=(0.38, 0.40, 0.62),
    room_things=(0.76, 0.75, 0.85),
    near=(0.94, 0.96, 1.04),
    disc=Disc(14, 0.5, 0.74, (0.99, 0.97, 0.88), (0.62, 0.70, 1.0)),
    rim=0.9,
    rim_colour=(0.72, 0.82, 1.0),
    saturation=1.0,
    haze=0.30,
    lamps=1.0,
    room_lamps=1.0,
    beams=0.3,
    beam_colour=(0.50, 0.62, 1.0),
    shadow=0.5,
    cast=0.3,
    glitter=0.7,
    stars=1.0,
    vignette=0.24,
)
GOLDEN = Light(
    skies=(
        _sky("#6fb0d8", "#d5e0c4", "#ffe09a", "#fff3d6", "#f0c48e"),
        _sky("#f0b46a", "#ffd08a", "#ffeebc", "#fff6dc", "#f2bc80"),
        _sky("#7fb6cc", "#f0dcb0", "#ffd98e", "#fff3d8", "#eebd88"),
        _sky("#4f8fc4", "#a4c4cc", "#ffe4b0", "#fff0d4", "#d8b898"),
        _sky("#c8a8b4", "#f4c8a0", "#ffd68a", "#fff0d8", "#e4ac88"),
        _sky("#98c8c0", "#d8e8b8", "#fff0a4", "#fffae0", "#e4d09a"),
    ),
    land=(1.06, 0.95, 0.78),
    things=(1.04, 0.98, 0.90),
    room=(0.76, 0.67, 0.60),
    room_things=(1.0, 0.92, 0.82),
    near=(0.86, 0.84, 0.90),
    disc=Disc(15, 1.1, 0.34, (1.0, 0.98, 0.86), (1.0, 0.84, 0.48)),
    rim=0.65,
    rim_colour=(1.0, 0.90, 0.62),
    saturation=1.10,
    haze=0.2,
    lamps=0.3,
    room_lamps=0.95,
    beams=0.65,
    beam_colour=(1.0, 0.78, 0.44),
    shadow=0.58,
    cast=0.62,
    glitter=0.8,
    bloom=0.4,
    vignette=0.22,
)
FOG = Light(
    skies=(
        _sky("#86aac6", "#b3cbd9", "#e0eaea", "#f0f5f6", "#bccdd8"),
        _sky("#c8d0d4", "#dce2e2", "#f2f0ea", "#fafafa", "#d0d6da"),
        _sky("#9aa2cc", "#c0c5de", "#ece4ea", "#f4f1f6", "#c4c8de"),
        _sky("#6f8ea0", "#94aebb", "#c8d8dc", "#dce6ea", "#a0b4c0"),
        _sky("#a8bcae", "#c8d8c8", "#eef2e0", "#f6faf2", "#c6d4c8"),
        _sky("#b8a8b8", "#d4c6d0", "#f2e6e4", "#faf4f4", "#d2c6d0"),
    ),
    land=(0.88, 0.93, 0.97),
    things=(0.98, 0.99, 1.0),
    room=(0.90, 0.92, 0.95),
    room_things=(0.96, 0.97, 0.98),
    disc=Disc(14, 0.55, 0.62, (1.0, 0.99, 0.92), (1.0, 0.95, 0.80)),
    rim=0.2,
    saturation=1.02,
    haze=0.92,
    fog=0.5,
    lamps=0.35,
    room_lamps=0.4,
    shadow=0.36,
    glitter=0.15,
    clouds=0.35,
    vignette=0.08,
)
RAIN = Light(
    skies=(
        _sky("#4c5b74", "#75879e", "#b0bfca", "#93a2b5", "#5d6d83"),
        _sky("#7f8ea4", "#9dabbd", "#ccd6dc", "#b2bfcc", "#7a8798"),
        _sky("#333f5a", "#53627f", "#8a98ae", "#75839c", "#424f68"),
        _sky("#475674", "#6f7f9d", "#a9b7cc", "#8a98b2", "#5a6784"),
        _sky("#46666e", "#6d8e94", "#aac4c4", "#90acae", "#55747a"),
        _sky("#5c5470", "#857d98", "#bab2c6", "#a098b0", "#665e7a"),
    ),
    land=(0.78, 0.84, 0.92),
    things=(0.94, 0.97, 1.0),
    room=(0.80, 0.81, 0.88),
    room_things=(0.90, 0.91, 0.95),
    rim=0.35,
    rim_colour=(0.85, 0.92, 1.0),
    saturation=1.04,
    haze=0.5,
    lamps=0.6,
    room_lamps=0.75,
    shadow=0.42,
    clouds=1.0,
    rain=1.0,
    vignette=0.2,
)
SNOW = Light(
    skies=(
        _sky("#7f97bb", "#a9bdd6", "#dfe8f0", "#e9f0f7", "#adbfd6"),
        _sky("#b0b8c8", "#ccd4e0", "#f2f4f6", "#fafbfc", "#c4ccda"),
        _sky("#5f78a4", "#8aa2c6", "#c8d8ea", "#d6e2f0", "#90a6c6"),
        _sky("#8590b8", "#aeb8d6", "#e4e4ee", "#ecedf6", "#b4bcd6"),
        _sky("#7fa8b4", "#a8c8d0", "#e2f0f0", "#eef6f6", "#b0ccd2"),
        _sky("#a08fb4", "#c2b4d0", "#eee4ee", "#f6f0f6", "#c0b6d0"),
    ),
    land=(0.95, 0.98, 1.04),
    things=(0.98, 0.99, 1.0),
    room=(0.84, 0.87, 0.93),
    room_things=(0.95, 0.96, 0.98),
    near=(0.96, 0.98, 1.0),
    rim=0.4,
    saturation=1.0,
    haze=0.5,
    lamps=0.5,
    room_lamps=0.6,
    shadow=0.46,
    snow=1.0,
    vignette=0.12,
)
SPOTLIGHT = Light(
    skies=(
        _sky("#0b0e24", "#161a38", "#272c54", "#2a2f55", "#1b1f40"),
        _sky("#16283c", "#24405a", "#3c6480", "#3a5c78", "#203a50"),
        _sky("#1e0f30", "#3a1e50", "#5c3a74", "#503668", "#2c1c40"),
    ),
    land=(0.24, 0.25, 0.40),
    things=(0.42, 0.42, 0.54),
    room=(0.24, 0.24, 0.36),
    room_things=(0.42, 0.42, 0.52),
    rim=0.35,
    rim_colour=(1.0, 0.95, 0.82),
    haze=0.2,
    shadow=0.65,
    clouds=0.0,
    spot=1.0,
    vignette=0.28,
)
PLAIN = Light(
    skies=(_sky("#ffffff", "#ffffff", "#ffffff", "#ffffff", "#ffffff"),),
    haze=0.0,
    shadow=0.42,
    clouds=0.0,
    vignette=0.03,
)

LIGHTS = {
    "day": DAY,
    "sunset": SUNSET,
    "night": NIGHT,
    "golden": GOLDEN,
    "fog": FOG,
    "rain": RAIN,
    "snow": SNOW,
    "spotlight": SPOTLIGHT,
    "plain": PLAIN,
}
EVERY_LIGHT = tuple(name for name in LIGHTS if name != "plain")
