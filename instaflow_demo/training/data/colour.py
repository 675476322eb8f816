"""Colours as "#rrggbb" strings, and what painters do with them."""

import colorsys

SUNLIT = "#fff4dc"
SHADE = "#1d2452"


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of "#rrggbb", 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def unit(colour: str) -> tuple[float, float, float]:
    """Red, green and blue of "#rrggbb", 0 to 1."""
    red, green, blue = rgb(colour)
    return red / 255, green / 255, blue / 255


def named(red: float, green: float, blue: float) -> str:
    """The "#rrggbb" of channels from 0 to 255, which are clamped."""
    return "#" + "".join(f"{max(0, min(255, round(channel))):02x}" for channel in (red, green, blue))


def mix(first: str, second: str, share: float) -> str:
    """`first` with `share` of `second` in it."""
    return named(*(a + (b - a) * share for a, b in zip(rgb(first), rgb(second), strict=True)))


def lit(colour: str, share: float = 0.25) -> str:
    """The colour in sunlight."""
    return mix(colour, SUNLIT, share)


def dim(colour: str, share: float = 0.25) -> str:
    """The colour in the shade, which is bluish."""
    return mix(colour, SHADE, share)


def shifted(colour: str, hue: float, saturation: float, lightness: float) -> str:
    """The colour with its hue turned by degrees, its saturation and lightness moved by shares."""
    h, l, s = colorsys.rgb_to_hls(*unit(colour))  # noqa: E741 - the names of the colour space
    h, l, s = (h + hue / 360) % 1, min(1, max(0, l + lightness)), min(1, max(0, s + saturation))  # noqa: E741
    return named(*(255 * channel for channel in colorsys.hls_to_rgb(h, l, s)))
