"""A plain ground, white: the picture's tint gives it its colour."""

from ..brush import SIZE, Brush
from ..setting import Setting, Strip


def draw_plain(brush: Brush) -> Setting:
    """Nothing but colour."""
    brush.rectangle(0, 0, SIZE, SIZE, "#ffffff")
    everywhere = Strip(150, 236, 0.9, 1.0)
    return Setting(200, ground=everywhere, swim=Strip(120, 210, 1, 1), sky=(90, 170), left=20, right=236, sealed=True)
