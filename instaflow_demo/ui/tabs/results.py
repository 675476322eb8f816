"""The tab of results: the paper's table, the same one measured with the shipped models, and where they agree."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from ...registry import MODELS
from ...results.paper import PAPER, Agreement, EvaluationRow, Method, Table, agreement, figure_column, read
from ...results.stored_samples import FOLDER, Samples, load_samples
from ...results.tables import Column, pick
from ..html.columns import steps_text
from ..html.plot import Point, scatter
from ..html.samples import Report, sample_html
from ..html.tables import cells_html, table_html
from ..listeners import PRIVATE
from ..text import Language, format_number, machine_text, requested_language, say

# one button a row, in the table itself: what it is called with is judged like everything that a browser sends
_TRY = """element.addEventListener("click", event => {
    const button = event.target.closest("button[data-model]");
    if (button) trigger("click", {model: button.dataset.model, steps: Number(button.dataset.steps)});
})"""

SAMPLE_PROMPTS = ("example_1", "example_2", "example_3", "example_5")  # keys of texts
_METHOD = Column("title", "table_method")
_PUBLISHED = (
    Column("steps", "table_steps"),
    Column("seconds", "table_seconds", ",.2f"),
    Column("fid_5k", "fid_5k", ",.1f"),
    Column("clip_score", "clip_published", ",.3f"),
    Column("fid_30k", "fid_30k", lambda method: ",.2f" if method.fid_30k < 10 else ",.1f"),
)
_SHARE: dict[str, Any] = {"form": ",.1f", "scale": 100, "unit": " %"}
_EVALUATED = (
    Column("steps", "table_steps"),
    Column("network_evaluations", "evaluations_short"),
    figure_column("seconds_per_image", "table_seconds", ",.3f"),
    figure_column("feature_distance", "feature_distance", ",.1f"),
    figure_column("clip_score", "clip_score", ",.3f"),
    figure_column("top1", "top1", **_SHARE),
    figure_column("top5", "top5", **_SHARE),
    figure_column("count", "figure_count", **_SHARE),
    figure_column("size", "figure_size", **_SHARE),
    figure_column("colour", "figure_colour", **_SHARE),
    figure_column("position", "figure_position", **_SHARE),
    figure_column("straightness", "straightness", ",.3f"),
)
_BRIEF_PUBLISHED = pick(_PUBLISHED, {"seconds": {}, "fid_5k": {}, "clip_score": {}})
_BRIEF_EVALUATED = pick(_EVALUATED, {"seconds_per_image": {}, "feature_distance": {}, "clip_score": {}})
_MOST_LISTED = 4


class ResultsTab:
    """Builds the tab in the current gradio context; `parse_press` says which row a visitor wants to see at work."""

    def __init__(self) -> None:
        self._table = read()

    def build(self) -> None:
        self.html = gr.HTML("", js_on_load=_TRY, elem_id="results")

    def connect(self, page: gr.Blocks) -> None:
        """Show the tables in the visitor's language."""
        page.load(self._show, None, [self.html], show_progress="hidden", **PRIVATE)

    def _show(self, request: gr.Request) -> Markup:
        language = requested_language(request.headers)
        return results_html(self._table, language, load_samples(FOLDER / language))


def parse_press(event: Any) -> tuple[str, int] | None:
    """The system and the steps of the row whose button was pressed; None if there is no such row."""
    asked = getattr(event, "model", None), getattr(event, "steps", None)
    rows = {(method.model, method.steps) for method in PAPER}
    table = read()
    rows |= {(row.model.id, row.steps) for row in table.rows} if table else set()
    return next((row for row in rows if row == asked), None)


def results_html(table: Table | None, language: Language, samples: Samples | None = None) -> Markup:
    """Images of each method, both tables with their sentences, and the plot; without a table of ours, the paper's."""
    parts = [_samples(samples, table, language)] if samples else []
    parts.append(_paper(language))
    if table:
        said = say(language, "measured_on", machine=machine_text(table.machine, language))
        parts += [_ours(table, language), _plot(table.rows, said, language)]
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
    source = Column("source.text" if language == "en" else "source.text_pt", "table_source")
    columns = (*_PUBLISHED, source)
    titles = _distinct_titles([(method.title, method.steps) for method in PAPER], language)
    lines = Markup("").join(
        _row(title, method.model, method, columns, language) for title, method in zip(titles, PAPER, strict=True)
    )
    return _panel("paper_title", columns, lines, say(language, "paper_note"), language)


def _samples(samples: Samples, table: Table | None, language: Language) -> Markup:
    """A row of images for each method of the paper that a shipped model repeats, with the figures of both."""
    rows = {(row.model.id, row.steps): row for row in table.rows} if table else {}
    shown = [method for method in PAPER if (method.model, method.steps) in samples.strips]
    titles = _distinct_titles([(method.title, method.steps) for method in shown], language)
    there, here = (
        say(language, "samples_paper"),
        say(language, "samples_ours", machine=machine_text(table.machine, language) if table else ""),
    )
    figures = Markup("").join(
        sample_html(
            _button(title, method.model, method.steps, language),
            samples.strips[case := (method.model, method.steps)],
            (Report(there, method, _BRIEF_PUBLISHED), Report(here, rows.get(case), _BRIEF_EVALUATED)),
            samples,
            language,
        )
        for title, method in zip(titles, shown, strict=True)
    )
    prompts = ", ".join(f"“{prompt}”" for prompt in samples.prompts)
    return _section("samples_title", figures, say(language, "samples_note", prompts=prompts), language)


def _ours(table: Table, language: Language) -> Markup:
    titles = _distinct_titles([(row.model.title, row.steps) for row in table.rows], language)
    lines = Markup("").join(
        _row(title, row.model.id, row, _EVALUATED, language) for title, row in zip(titles, table.rows, strict=True)
    )
    distances = agreement(table.rows, "feature_distance", "fid_5k", lower_is_better=True)
    scores = agreement(table.rows, "clip_score", "clip_score", lower_is_better=False)
    sentences = (
        say(language, "ours_note", n=max(row.prompts for row in table.rows)),
        say(language, "measured_on", machine=machine_text(table.machine, language)),
        f"{say(language, 'agreement_distance')} {agreement_text(distances, language)}",
        f"{say(language, 'agreement_clip')} {agreement_text(scores, language)}",
    )
    return _panel("ours_title", _EVALUATED, lines, " ".join(sentences), language)


def _distinct_titles(rows: Sequence[tuple[str, int]], language: Language) -> list[str]:
    """Titles, with the steps of those that several rows have."""
    counts = Counter(title for title, _ in rows)
    return [title if counts[title] == 1 else f"{title}, {steps_text(language, steps)}" for title, steps in rows]


def _plot(rows: Sequence[EvaluationRow], said: str, language: Language) -> Markup:
    """How often the image shows what was asked for, against the time that it takes."""
    points = [
        Point(f"{row.model.title} · {row.steps}", seconds.value, right.low, right.value, right.high)
        for row in rows
        if (seconds := row.figures.get("seconds_per_image")) and (right := row.figures.get("top1"))
    ]
    if not points:
        return Markup("")
    titles = say(language, "plot_x"), say(language, "plot_y")
    drawn = scatter(points, *titles, lambda value: format_number(language, value, 0 if value >= 1 else 2))
    return _section("plot_title", drawn, f"{say(language, 'plot_note')} {said}", language)


def _row(title: str, model: str, row: Method | EvaluationRow, columns: Sequence[Column], language: Language) -> Markup:
    """A row whose title is a button where the system can be tried here."""
    cells = cells_html(row, columns, language)
    return Markup('<tr><td class="system">{}</td>{}</tr>').format(_button(title, model, row.steps, language), cells)


def _button(title: str, model: str, steps: int, language: Language) -> Markup:
    """What tries a system, if it can be tried here, or else its title alone."""
    if model not in MODELS:
        return Markup.escape(title)
    return Markup(
        '<button type="button" data-model="{}" data-steps="{}" title="{}">{} <span aria-hidden="true">▸</span></button>'
    ).format(model, steps, say(language, "try_title", title=MODELS[model].title), title)


def _panel(title: str, columns: Sequence[Column], lines: Markup, note: str, language: Language) -> Markup:
    table = table_html([_METHOD, *columns], Markup("<tbody>{}</tbody>").format(lines), language)
    return _section(title, Markup('<div class="scroll">{}</div>').format(table), note, language)


def _section(title: str, body: Markup, note: str, language: Language) -> Markup:
    return Markup('<section class="panel comparison methods"><h2>{}</h2>{}<p class="note">{}</p></section>').format(
        say(language, title), body, note
    )
