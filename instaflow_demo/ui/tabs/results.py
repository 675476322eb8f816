"""The tab of results: the paper's table, the same one measured with the shipped models, and where they agree."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from ...measure import Figure
from ...registry import MODELS
from ...results.paper import PAPER, Agreement, Method, Row, Table, agreement, read
from ..html.columns import steps_text
from ..html.plot import Point, scatter
from ..text import Language, number, preferred, say

# one button a row, in the table itself: what it is called with is judged like everything that a browser sends
_TRY = """element.addEventListener("click", event => {
    const button = event.target.closest("button[data-model]");
    if (button) trigger("click", {model: button.dataset.model, steps: Number(button.dataset.steps)});
})"""

_PAPER_COLUMNS = ("table_method", "table_steps", "table_seconds", "fid_5k", "clip_published", "fid_30k", "table_source")
# a figure's name, the key of its title, how many digits it has, and whether it is a share
_FIGURES = (
    ("seconds_per_image", "table_seconds", 3, False),
    ("feature_distance", "feature_distance", 1, False),
    ("clip_score", "clip_score", 3, False),
    ("top1", "top1", 1, True),
    ("top5", "top5", 1, True),
    ("count", "figure_count", 1, True),
    ("size", "figure_size", 1, True),
    ("colour", "figure_colour", 1, True),
    ("position", "figure_position", 1, True),
    ("straightness", "straightness", 3, False),
)
_MOST_LISTED = 4


class ResultsTab:
    """Builds the tab in the current gradio context; `tried` hears which row a visitor wants to see at work."""

    def __init__(self) -> None:
        self._table = read()

    def build(self) -> None:
        self.html = gr.HTML("", js_on_load=_TRY, elem_id="results")

    def connect(self, page: gr.Blocks) -> None:
        """Show the tables in the visitor's language."""
        page.load(self._shown, None, [self.html], show_progress="hidden", api_visibility="private")

    def _shown(self, request: gr.Request) -> Markup:
        return results_html(self._table, preferred(request.headers.get("accept-language")))


def tried(event: Any) -> tuple[str, int] | None:
    """The system and its steps that a press of a row's button asks for; None if there is no such row."""
    asked = getattr(event, "model", None), getattr(event, "steps", None)
    rows = {(method.model, method.steps) for method in PAPER}
    table = read()
    rows |= {(row.model.id, row.steps) for row in table.rows} if table else set()
    return next((row for row in rows if row == asked), None)


def results_html(table: Table | None, language: Language) -> Markup:
    """Both tables, each with its sentence, and the plot; without a table of ours, the paper's alone."""
    parts = [_paper(language)]
    if table:
        parts += [_ours(table, language), _plot(table.rows, language)]
    return Markup("").join(parts)


def method_title(method: Method, language: Language) -> str:
    return f"{method.title}, {steps_text(language, method.steps)}"


def agreement_text(found: Agreement, language: Language) -> str:
    """How many pairs of methods come in the paper's order here, and which do not."""
    counts = {name: len(pairs) for name, pairs in vars(found).items()}
    text = say(language, "agreement", n=sum(counts.values()), **counts)
    if found.opposite:
        listed = [
            say(language, "agreement_pair", better=method_title(worse, language), worse=method_title(better, language))
            for better, worse in found.opposite[:_MOST_LISTED]
        ]
        rest = len(found.opposite) - len(listed)
        more = [say(language, "agreement_more", n=rest)] if rest else []
        text = f"{text} {say(language, 'agreement_opposite')} {'; '.join([*listed, *more])}."
    return text


def _paper(language: Language) -> Markup:
    head = _head([say(language, key) for key in _PAPER_COLUMNS])
    body = Markup("").join(_paper_row(method, language) for method in PAPER)
    return _panel("paper_title", _scroll(head, body), say(language, "paper_note"), language)


def _paper_row(method: Method, language: Language) -> Markup:
    thirty = "–" if method.fid_30k is None else number(language, method.fid_30k, 2 if method.fid_30k < 10 else 1)
    cells = (
        str(method.steps),
        number(language, method.seconds, 2),
        number(language, method.fid_5k, 1),
        number(language, method.clip_score, 3),
        thirty,
        method.source.text_pt if language == "pt-BR" else method.source.text,
    )
    keys = _PAPER_COLUMNS[1:]
    return _row(
        method.title, method.model, method.steps, [*zip(keys, map(Markup.escape, cells), strict=True)], language
    )


def _ours(table: Table, language: Language) -> Markup:
    keys = [key for _, key, *_ in _FIGURES]
    names = ["table_method", "table_steps", "evaluations_short", *keys]
    head = _head([say(language, key) for key in names])
    body = Markup("").join(_our_row(row, language) for row in table.rows)
    distances = agreement(table.rows, "feature_distance", "fid_5k", lower_is_better=True)
    scores = agreement(table.rows, "clip_score", "clip_score", lower_is_better=False)
    sentences = (
        say(language, "ours_note", n=max(row.prompts for row in table.rows)),
        f"{say(language, 'agreement_distance')} {agreement_text(distances, language)}",
        f"{say(language, 'agreement_clip')} {agreement_text(scores, language)}",
    )
    return _panel("ours_title", _scroll(head, body), " ".join(sentences), language)


def _our_row(row: Row, language: Language) -> Markup:
    cells = [("table_steps", Markup.escape(row.steps)), ("evaluations_short", Markup.escape(row.network_evaluations))]
    cells += [(key, _figure(row.figures.get(name), digits, share, language)) for name, key, digits, share in _FIGURES]
    return _row(row.model.title, row.model.id, row.steps, cells, language)


def _figure(figure: Figure | None, digits: int, share: bool, language: Language) -> Markup:
    """A value with its interval below."""
    if figure is None:
        return Markup("–")
    scale, unit = (100, " %") if share else (1, "")
    value, low, high = (number(language, scale * each, digits) for each in (figure.value, figure.low, figure.high))
    return Markup('{}{} <small title="n = {}">{}–{}</small>').format(value, unit, figure.n, low, high)


def _plot(rows: Sequence[Row], language: Language) -> Markup:
    """How often the image shows what was asked for, against the time that it takes."""
    points = [
        Point(f"{row.model.title} · {row.steps}", seconds.value, right.low, right.value, right.high)
        for row in rows
        if (seconds := row.figures.get("seconds_per_image")) and (right := row.figures.get("top1"))
    ]
    if not points:
        return Markup("")
    titles = say(language, "plot_x"), say(language, "plot_y")
    drawn = scatter(points, *titles, lambda value: number(language, value, 0 if value >= 1 else 2))
    return _panel("plot_title", drawn, say(language, "plot_note"), language)


def _row(title: str, model: str, steps: int, cells: Sequence[tuple[str, Markup]], language: Language) -> Markup:
    button = Markup.escape(title)
    if model in MODELS:
        button = Markup(
            '<button type="button" data-model="{}" data-steps="{}" title="{}">{} '
            '<span aria-hidden="true">▸</span></button>'
        ).format(model, steps, say(language, "try_title", title=MODELS[model].title), title)
    body = Markup("").join(
        Markup('<td data-label="{}"><span>{}</span></td>').format(say(language, key), value) for key, value in cells
    )
    return Markup('<tr><td class="system">{}</td>{}</tr>').format(button, body)


def _head(names: Sequence[str]) -> Markup:
    return Markup("").join(Markup("<th scope=col>{}</th>").format(name) for name in names)


def _scroll(head: Markup, body: Markup) -> Markup:
    return Markup('<div class="scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(
        head, body
    )


def _panel(title: str, body: Markup, note: str, language: Language) -> Markup:
    return Markup('<section class="panel comparison methods"><h2>{}</h2>{}<p class="note">{}</p></section>').format(
        say(language, title), body, note
    )
