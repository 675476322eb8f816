"""Pure functions for the arena: two pictures that tell nothing, what made them, and the ratings."""

from collections.abc import Sequence

from markupsafe import Markup

from ...registry import MODELS
from ...results.arena.pairs import Pair, Side
from ...results.arena.ratings import START, Rating, Standings
from ...results.arena.votes import Verdict
from ...results.tables import Column
from ..text import Language, format_number, format_seconds, say
from .columns import steps_text
from .tables import cells_html, table_html
from .view import png_uri

NO_PAIR = Markup('<div class="pair" aria-hidden="true"><i></i><i></i></div>')
NOTHING_SAID = Markup('<div class="said"></div>')

_COLUMNS = (
    Column("system", "table_system", of=lambda rating: _title(rating.model)),
    Column("figure", "arena_rating", ".1f"),
    Column("votes", "arena_votes", ",d"),
    Column(
        "games", "arena_games", ",d", joint=" · ", of=lambda rating: (rating.won, rating.lost, rating.tied, rating.bad)
    ),
)

# of the plot: narrow enough for its letters to be read on a phone
_WIDTH, _ROW, _TOP, _MARGIN = 420, 42, 6, 18
_TICKS = (1, 2, 5, 10, 20, 50)
_MOST_TICKS = 6

# ---------------------------------------------------------------- a pair


def pair_html(pair: Pair, language: Language) -> Markup:
    """Both pictures, named by their side and their prompt alone."""
    pictures = Markup("").join(
        _picture(side, say(language, f"arena_alt_{name}", prompt=pair.question.prompt))
        for name, side in (("left", pair.left), ("right", pair.right))
    )
    return Markup('<div class="pair" role="group" tabindex="-1" aria-label="{}">{}</div>').format(
        say(language, "arena_pair", prompt=pair.question.prompt), pictures
    )


def _picture(side: Side, name: str) -> Markup:
    # both are drawn with what is around them, or one could be there before the other
    return Markup('<img src="{}" alt="{}" decoding="sync">').format(png_uri(side.png), name)


def question_html(pair: Pair, language: Language, *, seconds_shown: bool) -> Markup:
    """What is asked of a pair, with the seconds of both sides if they may be known."""
    asked = Markup('<p class="prompt">{}</p>').format(say(language, "arena_question", prompt=pair.question.prompt))
    sides = Markup("").join(_side(_seconds(side, language)) for side in (pair.left, pair.right))
    return Markup('<div class="said asked">{}{}</div>').format(sides if seconds_shown else "", asked)


def answer_html(pair: Pair, verdict: Verdict, language: Language) -> Markup:
    """What made the two pictures, under each of them."""
    sides = Markup("").join(
        _side(_maker(side, language), "chosen" if verdict == name else "")
        for name, side in (("left", pair.left), ("right", pair.right))
    )
    made = say(language, "arena_made", prompt=pair.question.prompt, seed=pair.seed, faster=faster_text(pair, language))
    return Markup('<div class="said voted">{}<p class="note">{}</p></div>').format(sides, made)


def answer_text(pair: Pair, language: Language) -> str:
    """ "Left: InstaFlow mini, 0.041 s. Right: …", for those who hear the page."""
    values = {
        f"{name}_{what}": value
        for name, side in (("left", pair.left), ("right", pair.right))
        for what, value in (("title", _title(side.model)), ("s", format_seconds(language, side.seconds)))
    }
    return say(language, "arena_answer", **values)


def faster_text(pair: Pair, language: Language) -> str:
    """How many times faster one side was, where a model's first, cold picture does not blur that."""
    quick, slow = sorted((pair.left, pair.right), key=lambda side: side.seconds)
    if not (quick.warm and slow.warm and quick.seconds):
        return ""
    times = format_number(language, slow.seconds / quick.seconds, 1)
    return say(language, "arena_faster", title=_title(quick.model), n=times)


def _side(said: Markup, kind: str = "") -> Markup:
    return Markup('<div class="side {}">{}</div>').format(kind, said)


def _seconds(side: Side, language: Language) -> Markup:
    return Markup("<b>{}</b>{}").format(format_seconds(language, side.seconds), _cold(side, language))


def _maker(side: Side, language: Language) -> Markup:
    return Markup('<h2>{}</h2><p>{}<span class="tag strong">{}</span></p>').format(
        _title(side.model), _seconds(side, language), steps_text(language, side.steps)
    )


def _cold(side: Side, language: Language) -> Markup:
    return Markup("") if side.warm else Markup('<span class="tag cold">{}</span>').format(say(language, "cold"))


def _title(model: str) -> str:
    return MODELS[model].title if model in MODELS else model


# ---------------------------------------------------------------- ratings


def ratings_html(standings: Standings, language: Language, *, seconds_shown: bool, alone: bool) -> Markup:
    """The table and the plot of what has been voted on so far, with whose votes they are."""
    whose = say(language, "arena_whose_alone" if alone else "arena_whose")
    if not standings.votes:
        body = Markup("<p>{}</p>").format(say(language, "arena_none"))
    else:
        rows = Markup("").join(
            Markup("<tr>{}</tr>").format(cells_html(rating, _COLUMNS, language)) for rating in standings.ranked
        )
        table = table_html(_COLUMNS, Markup("<tbody>{}</tbody>").format(rows), language)
        plot = ratings_plot(standings.ranked, language)
        body = Markup('<div class="standings"><div class="scroll">{}</div>{}</div>').format(table, plot)
    heading = say(language, "arena_ratings_timed" if seconds_shown else "arena_ratings", n=standings.votes)
    return Markup('<section class="panel comparison"><h2>{}</h2>{}<p class="note">{} {}</p></section>').format(
        heading, body, whose, say(language, "arena_ratings_note")
    )


def ratings_plot(ratings: Sequence[Rating], language: Language) -> Markup:
    """Each rating as a dot on the line of its 95 % interval, below its name, as SVG in the page's colours."""
    low = min(START, *(rating.figure.low for rating in ratings))
    high = max(START, *(rating.figure.high for rating in ratings))
    bottom = _TOP + _ROW * len(ratings)
    ticks = Markup("").join(
        Markup(
            '<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
            '<text class="tick" x="{x:.1f}" y="{below}" text-anchor="middle">{text}</text>'
        ).format(x=_across(tick, low, high), top=_TOP, bottom=bottom, below=bottom + 16, text=tick)
        for tick in _ticks(low, high)
    )
    marks = Markup("").join(_mark(rating, _TOP + _ROW * row, low, high, language) for row, rating in enumerate(ratings))
    return Markup(
        '<svg class="plot ratings" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">{ticks}{marks}</svg>'
    ).format(w=_WIDTH, h=bottom + 24, label=say(language, "arena_plot"), ticks=ticks, marks=marks)


def _mark(rating: Rating, top: int, low: float, high: float, language: Language) -> Markup:
    figure, y = rating.figure, top + 29
    said = [format_number(language, value, 1) for value in (figure.value, figure.low, figure.high)]
    return Markup(
        '<g><title>{title}: {0} ({1}–{2})</title><text class="name" x="{left}" y="{name_y}">{title}</text>'
        '<line class="interval" x1="{from_x:.1f}" x2="{to_x:.1f}" y1="{y}" y2="{y}"/>'
        '<circle class="mark" cx="{x:.1f}" cy="{y}" r="5"/></g>'
    ).format(
        *said,
        title=_title(rating.model),
        left=_MARGIN,
        name_y=top + 16,
        from_x=_across(figure.low, low, high),
        to_x=_across(figure.high, low, high),
        x=_across(figure.value, low, high),
        y=y,
    )


def _across(value: float, low: float, high: float) -> float:
    return _MARGIN + (_WIDTH - 2 * _MARGIN) * (value - low) / (high - low)


def _ticks(low: float, high: float) -> list[int]:
    """Round numbers from `low` to `high`, at most six of them."""
    step = next(step for step in _TICKS if (high - low) / step < _MOST_TICKS)
    first = -int(-low // step)
    return [step * number for number in range(first, int(high // step) + 1)]
