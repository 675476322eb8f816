"""The link to a run's images: what copies it, and what is said to those who come by one."""

from collections.abc import Sequence

from markupsafe import Markup

from ...errors import Sentence
from ..text import Language, say, translate


def from_link_html(draws: bool, notes: Sequence[Sentence], language: Language) -> Markup:
    """That the form is a link's, and what was left out of it; the page's script looks for whether it is to be drawn."""
    said = [*([say(language, "from_link")] if draws else []), *(translate(language, note) for note in notes)]
    draw = Markup(" data-draw") if draws else ""
    return Markup('<p class="from-link" role="status"{}>{}</p>').format(draw, " ".join(said))


def share_html(link: str, language: Language) -> Markup:
    """A button that copies a link; where copying is not allowed, the page's script shows the link in the field."""
    return Markup(
        '<span class="share"><button type="button" data-link="{}" data-copied="{}" data-refused="{}">{}</button>'
        '<output role="status"></output><input type="text" readonly hidden aria-label="{}"></span>'
    ).format(link, *(say(language, key) for key in ("link_copied", "link_refused", "link_copy", "link_field")))
