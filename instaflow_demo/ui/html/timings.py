"""A benchmark so far, as frozen values, and its table, chart and downloads as HTML."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from ...errors import Sentence
from ...machine.environment import Environment
from ...measure import STAGES
from ...results.benchmark import COLUMNS, Benchmark, BenchmarkRow, Case, Refused, Timed, Working
from ...results.benchmark_file import results_json
from ...results.tables import Column, pick, to_csv, to_markdown
from ..text import Language, format_number, format_seconds, machine_text, say, translate
from .columns import bar, download_link, notes_html, problem, status_html
from .tables import cells_html, environment_html, table_html

# what the page shows of the benchmark's columns, in this order; the downloads hold all of them
_SHOWN = pick(
    COLUMNS,
    {
        "seconds_per_image": {"title": "table_seconds"},
        "images_per_second": {"title": "images_per_second"},
        "network_evaluations": {"title": "evaluations_short"},
        "median_s": {"title": "bench_median"},
        "min_s": {"key": "range_s", "title": "bench_range", "joint": "–"},
        "iqr_s": {"title": "bench_iqr"},
        "p95_s": {"title": "bench_p95"},
        "n": {"title": "bench_n"},
        "cold_s": {"title": "bench_cold"},
        "load_s": {"title": "bench_load"},
        "iterations_per_second": {"title": "iterations_per_second"},
        "batch": {"title": "bench_batch"},
        "backend": {"title": "backend"},
        "decoder": {"title": "decoder"},
        "device": {"title": "device"},
        "dtype": {"title": "dtype"},
        "peak_megabytes": {"title": "bench_peak"},
    },
)
_SYSTEM = Column("title", "table_system")
_FILE = "instaflow-benchmark"


@dataclass(frozen=True)
class Timings:
    """A benchmark so far. `rows` are by case; `at_work` is the case whose pass is running.

    `environment` is known once the benchmark is over.
    """

    cases: tuple[Case, ...] = ()
    rows: Mapping[Case, BenchmarkRow] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    at_work: Case | None = None
    done: int = 0
    passes: int = 0
    environment: Environment | None = None
    notes: tuple[Sentence, ...] = ()

    @classmethod
    def of(cls, benchmark: Benchmark) -> "Timings":
        """Before anything has happened."""
        return cls(benchmark.cases, passes=benchmark.passes, notes=benchmark.notes)

    def after(self, event: Working | Timed | Refused) -> "Timings":
        match event:
            case Working(case=case, done=done, passes=passes):
                return replace(self, at_work=case, done=done, passes=passes)
            case Timed(case=case, done=done, passes=passes, row=row):
                return replace(self, rows={**self.rows, case: row}, done=done, passes=passes)
            case Refused():
                return replace(self, refused=(*self.refused, event))

    @property
    def ordered(self) -> tuple[BenchmarkRow, ...]:
        """The rows in the order of their cases."""
        return tuple(self.rows[case] for case in self.cases if case in self.rows)

    @property
    def over(self) -> bool:
        return self.done >= self.passes


@dataclass(frozen=True)
class Theirs:
    """The rows of a file from another machine."""

    machine: str
    rows: tuple[BenchmarkRow, ...]


def progress_html(timings: Timings, elapsed_s: float, language: Language) -> Markup:
    """A bar, and a line that says which pass of which case is running, and how long the rest will take."""
    case = timings.at_work
    if case is None:
        return status_html(say(language, "waiting_device"), "busy")
    parts = [say(language, "bench_pass", n=timings.done + 1, passes=timings.passes), _name(case, language)]
    parts.append(say(language, "elapsed", s=format_seconds(language, elapsed_s)))
    if timings.done >= len(timings.cases):  # every case has had its first pass
        left = elapsed_s / timings.done * (timings.passes - timings.done)
        parts.append(say(language, "remaining", s=format_seconds(language, left)))
    fraction = timings.done / timings.passes
    return bar(fraction, say(language, "tab_benchmark")) + status_html(" · ".join(parts), "busy")


def timings_html(timings: Timings, theirs: Theirs | None, language: Language) -> Markup:
    """The table and the chart, with another machine's rows below ours, and what could not be timed; at the end also the
    downloads and the machine."""
    groups = _groups(timings, theirs, language)
    parts = [notes_html(timings.notes, language)]
    parts += [_table(groups, timings, language), _chart(groups, language)] if groups else []
    parts += [_refusal(each, language) for each in timings.refused]
    if timings.environment and timings.rows:
        parts.append(environment_html(timings.environment, language))
    return Markup("").join(parts)


_Groups = Sequence[tuple[str, Sequence[BenchmarkRow]]]


def _groups(timings: Timings, theirs: Theirs | None, language: Language) -> _Groups:
    """Rows by machine; one machine alone needs no name."""
    ours = [(say(language, "bench_here"), timings.ordered)] if timings.rows else []
    if theirs is None:
        return [("", rows) for _, rows in ours]
    return [*ours, (say(language, "bench_there", machine=machine_text(theirs.machine, language)), theirs.rows)]


def _table(groups: _Groups, timings: Timings, language: Language) -> Markup:
    body = Markup("").join(_table_body(machine, rows, language) for machine, rows in groups)
    title = say(language, "bench_title")
    return Markup(
        '<section class="panel comparison timings"><h2>{}</h2><div class="scroll" tabindex="0" role="region" '
        'aria-label="{}">{}</div>{}<p class="note">{}</p></section>'
    ).format(
        title,
        title,
        table_html([_SYSTEM, *_SHOWN], body, language),
        _downloads(timings, language),
        say(language, "bench_note"),
    )


def _table_body(machine: str, rows: Sequence[BenchmarkRow], language: Language) -> Markup:
    """A machine's part of the table, below its name if it has one."""
    named = Markup('<tr class="machine"><th scope=rowgroup colspan={}>{}</th></tr>').format(len(_SHOWN) + 1, machine)
    lines = Markup("").join(_table_row(row, language) for row in rows)
    return Markup("<tbody>{}{}</tbody>").format(named if machine else "", lines)


def _table_row(row: BenchmarkRow, language: Language) -> Markup:
    return Markup('<tr><th scope=row class="system">{} <small>{}</small></th>{}</tr>').format(
        row.title, _settings(row.backend, row.decoder, row.batch, language), cells_html(row, _SHOWN, language)
    )


def _name(case: Case, language: Language) -> str:
    request = case.request
    return f"{case.run.model.title}, {_settings(request.backend, request.decoder, case.batch, language)}"


def _settings(backend: str, decoder: str, batch: int, language: Language) -> str:
    """How the rows of one system differ: "openvino · int8 decoder · batch of 4"."""
    parts = [backend]
    if decoder != "full":
        parts.append(say(language, "decoded_by", decoder=decoder))
    if batch > 1:
        parts.append(say(language, "bench_batch_of", n=batch))
    return " · ".join(parts)


def _downloads(timings: Timings, language: Language) -> Markup:
    """Links to our rows as files, once they are complete."""
    if timings.environment is None or not timings.rows:
        return Markup("")
    rows = timings.ordered
    stored = json.dumps(results_json(timings.environment, rows), indent=2, ensure_ascii=False) + "\n"
    files = (
        ("download_json", "json", "application/json", stored),
        ("download_csv", "csv", "text/csv", to_csv(rows, COLUMNS)),
        ("download_markdown", "md", "text/markdown", to_markdown(rows, COLUMNS)),
    )
    return Markup("").join(
        download_link(say(language, key), f"{_FILE}.{ending}", media, content) for key, ending, media, content in files
    )


def _chart(groups: _Groups, language: Language) -> Markup:
    """A bar for each row that has warm passes: seconds per image by stage, all on one scale."""
    slowest = max((sum(_stages(row).values()) for _, rows in groups for row in rows), default=0.0)
    if not slowest:
        return Markup("")
    lists = Markup("").join(_bars(machine, rows, slowest, language) for machine, rows in groups)
    met = {stage for _, rows in groups for row in rows for stage, spent in _stages(row).items() if spent}
    legend = Markup("").join(
        Markup('<li class="{}">{}</li>').format(stage, say(language, f"stage_{stage}"))
        for stage in STAGES
        if stage in met
    )
    return Markup(
        '<section class="panel timings"><h2>{}</h2><ul class="legend">{}</ul>{}<p class="note">{}</p></section>'
    ).format(say(language, "bench_chart"), legend, lists, say(language, "bench_chart_note"))


def _bars(machine: str, rows: Sequence[BenchmarkRow], slowest: float, language: Language) -> Markup:
    drawn = Markup("").join(_bar(row, slowest, language) for row in rows if _stages(row))
    if not drawn:
        return Markup("")
    heading = Markup("<h3>{}</h3>").format(machine) if machine else Markup("")
    return heading + Markup('<ul class="bars">{}</ul>').format(drawn)


def _bar(row: BenchmarkRow, slowest: float, language: Language) -> Markup:
    stages = {stage: spent for stage, spent in _stages(row).items() if spent}
    whole = sum(stages.values())
    parts = Markup("").join(
        Markup('<i class="{}" style="width:{}%"></i>').format(stage, f"{100 * spent / (whole or 1):.2f}")
        for stage, spent in stages.items()
    )
    label = ", ".join(f"{say(language, f'stage_{stage}')} {_exact(spent, language)}" for stage, spent in stages.items())
    return Markup(
        '<li><span class="row">{} <small>{}</small></span><span class="well"><span class="stages" role="img" '
        'aria-label="{label}" title="{label}" style="width:{}%">{}</span></span><b>{}</b></li>'
    ).format(
        row.title,
        _settings(row.backend, row.decoder, row.batch, language),
        f"{100 * whole / slowest:.2f}",
        parts,
        _exact(row.seconds_per_image or whole, language),
        label=label,
    )


def _exact(value: float, language: Language) -> str:
    """Seconds, with enough digits for a short stage."""
    return f"{format_number(language, value, 4)} s" if value < 0.1 else format_seconds(language, value)


def _stages(row: BenchmarkRow) -> dict[str, float]:
    """Seconds per image of each stage, in their order; empty without warm passes."""
    return {stage: row.stages[stage] / row.batch for stage in STAGES if stage in row.stages}


def _refusal(refused: Refused, language: Language) -> Markup:
    return problem(
        say(language, "bench_refused", case=_name(refused.case, language)), translate(language, refused.message)
    )
