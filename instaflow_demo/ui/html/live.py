"""Pure functions for the live tab: the one picture, the frames of an interpolation, and the files made of them.

Everything is in the page itself, as data: no visitor's image is on the server for others to fetch.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from ...measure import Timing
from ...results.animation import MEDIA, Format
from ..text import Language, format_number, format_seconds, say
from .view import data_uri

NO_PICTURE = Markup('<figure class="live"><i aria-hidden="true"></i><figcaption>&nbsp;</figcaption></figure>')


def picture_html(uri: str, name: str, caption: str) -> Markup:
    """The picture, called `name` for those who cannot see it."""
    # drawn at once with what is around it, or it would flicker with every letter
    return Markup(
        '<figure class="live"><img src="{}" alt="{}" decoding="sync"><figcaption>{}</figcaption></figure>'
    ).format(uri, name, caption)


def speed_text(timing: Timing, answered_s: Sequence[float], language: Language) -> str:
    """ "0.021 s · 24.0 images/s": the model's time, and the rate at which the last images were answered, in seconds."""
    parts = [format_seconds(language, timing.seconds_per_image)]
    if not timing.warm:
        parts.append(say(language, "cold"))
    if answered_s:
        parts.append(rate_text(len(answered_s), sum(answered_s), language))
    return " · ".join(parts)


def rate_text(images: int, seconds: float, language: Language) -> str:
    """ "24.0 images/s"."""
    return f"{format_number(language, images / seconds, 1)} {say(language, 'images_per_second')}"


def frame_name(number: int, frames: int, language: Language) -> str:
    """ "Frame 3 of 16"."""
    return say(language, "live_frame", n=number, total=frames)


def frame_html(uri: str, name: str) -> Markup:
    """One frame, as an item of the strip."""
    return Markup('<li><img src="{uri}" alt="{name}" title="{name}"></li>').format(uri=uri, name=name)


def strip_html(frames: Sequence[Markup], *, over: bool) -> Markup:
    """The frames so far. While more are to come the list stays open, so that gradio sends only what is added."""
    opened = Markup('<ol class="strip">') + Markup("").join(frames)
    return opened + Markup("</ol>") if over else opened


def files_html(files: Mapping[Format, bytes], language: Language) -> Markup:
    """A link for each file, which contains it."""
    links = [
        Markup('<a class="download" download="interpolation.{}" href="{}">{}</a>').format(
            kind.lower(), data_uri(content, MEDIA[kind]), say(language, "live_save", kind=kind)
        )
        for kind, content in files.items()
    ]
    return Markup("").join(links)
