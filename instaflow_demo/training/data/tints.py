"""Other colours for things: the main colour of a picture is moved in Oklab, so that shading, eyes and wheels stay."""

import numpy as np

from ...grammar.captions import BACKGROUNDS

# What each word looks like on a thing, "#rrggbb": the middle of its light and shade.
PAINTS = {
    "red": "#d8323a",
    "blue": "#3b74d9",
    "green": "#3fa552",
    "yellow": "#f3c92f",
    "pink": "#f288b4",
    "purple": "#8a4fc4",
    "orange": "#f08527",
    "black": "#3a3840",
    "gray": "#8f939c",
    "white": "#f1f1f4",
    "brown": "#8a5a38",
}
GREYS = {"white": (0.55, 1.1), "gray": (0.4, 0.93), "black": (-0.1, 0.5)}  # lightness in Oklab
LEAST = 0.05  # share of a thing that its main colour covers
COLOURS = {**BACKGROUNDS, "brown": (0.54, 0.35, 0.22)}

_TO_CONE = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1] (..., 3) as Oklab: lightness, green to red, blue to yellow (Ottosson, 2020)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_CONE.T) @ _TO_LAB.T


def srgb(lab: np.ndarray) -> np.ndarray:
    """Oklab (..., 3) as sRGB, clipped to [0, 1]."""
    linear = ((lab @ np.linalg.inv(_TO_LAB).T) ** 3) @ np.linalg.inv(_TO_CONE).T
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def paint(colour: str) -> np.ndarray:
    """The Oklab value of a colour word."""
    code = PAINTS[colour]
    return oklab(np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]))


def tint(picture: np.ndarray, colour: str, own: str = "") -> np.ndarray:
    """A picture uint8 (H, W, 4) with its main colour changed to `colour`.

    The main colour is the word `own`; where nothing has it, the hue that covers most, else a grey. Each pixel of it
    keeps its distance in lightness from the middle of that colour, so that light and shade stay.
    """
    lab, alpha = oklab(picture[..., :3] / 255), picture[..., 3] / 255
    shares = (_main(lab, alpha, name) for name in dict.fromkeys((own, "", "white", "gray", "black")))
    share = next((share for share in shares if (share * alpha).sum() > LEAST * alpha.sum()), None)
    if share is None:
        return picture
    middle = np.array([np.median(lab[..., channel][share > 0.5]) for channel in range(3)])
    moved = _moved(lab, middle, paint(colour))
    mixed = lab + (moved - lab) * share[..., None]
    return np.concatenate([(srgb(mixed) * 255).round().astype(np.uint8), picture[..., 3:]], axis=-1)


def _main(lab: np.ndarray, alpha: np.ndarray, own: str) -> np.ndarray:
    """How much each pixel belongs to the main colour, 0 to 1."""
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    if own in GREYS:
        low, high = GREYS[own]
        between = _ramp(lightness, low - 0.04, low + 0.04) * _ramp(lightness, high + 0.04, high - 0.04)
        return _ramp(chroma, 0.11, 0.075) * between * (alpha > 0)
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    main = _hue(paint(own)) if own else _commonest(hue, alpha * (chroma > 0.06) * chroma)
    dull = _ramp(chroma, 0.19, 0.16) if own == "brown" else 1  # a brown dog's red collar stays red
    return _ramp(np.abs(_turn(hue, main)), 62, 42) * _ramp(chroma, 0.025, 0.06) * dull * (alpha > 0)


def _commonest(hue: np.ndarray, weight: np.ndarray) -> float:
    counts, edges = np.histogram(hue, 36, (-180, 180), weights=weight)
    smooth = counts + np.roll(counts, 1) + np.roll(counts, -1)
    return edges[smooth.argmax()] + 5


def _moved(lab: np.ndarray, middle: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Every pixel as far from `target` as it was from `middle`, with less contrast near black and white."""
    contrast = 1 - 0.5 * _ramp(target[0], 0.5, 0.3) - 0.45 * _ramp(target[0], 0.8, 0.95)
    lightness = target[0] + (lab[..., 0] - middle[0]) * contrast
    grey, chroma = np.hypot(*middle[1:]) < 0.06, np.hypot(lab[..., 1], lab[..., 2])
    if np.hypot(*target[1:]) < 0.03:
        return np.stack([lightness, *(target[c] + 0.12 * (lab[..., c] - middle[c]) for c in (1, 2))], -1)
    strength = np.ones_like(lightness) if grey else (chroma / np.hypot(*middle[1:])).clip(0.4, 1.3)
    strength *= np.hypot(*target[1:]) * (1 - 0.6 * _ramp(lightness, 0.85, 1.05))  # highlights stay pale
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    angle = np.radians(_hue(target) + (0 if grey else 0.35 * _turn(hue, _hue(middle))))
    return np.stack([lightness, strength * np.cos(angle), strength * np.sin(angle)], -1)


def _hue(lab: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(lab[2], lab[1])))


def _turn(hue: np.ndarray, start: float) -> np.ndarray:
    """From `start` to `hue` the short way round, in degrees."""
    return (hue - start + 180) % 360 - 180


def _ramp(value: np.ndarray | float, start: float, end: float) -> np.ndarray:
    """0 at `start`, 1 at `end`, smooth between; `end` may be below `start`."""
    share = np.clip((value - start) / (end - start), 0, 1)
    return share * share * (3 - 2 * share)
