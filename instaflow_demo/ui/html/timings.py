"""What a benchmark has measured so far, as frozen values, and its table, chart and downloads as HTML."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from ...errors import Sentence
from ...machine.environment import Environment
from ...results.benchmark import COLUMNS, STAGES, Benchmark, Case, Refused, Row, Timed, Working, results_json, table
from ...results.report import to_csv, to_markdown
from ..text import Language, number, say, seconds, translate
from .columns import bar, download_link, notes_html, problem, status_html
from .tables import environment_html

# what the page shows of the benchmark's columns, in this order; the downloads hold all of them
_SHOWN = {
    "Seconds per image": "table_seconds",
    "Images per second": "images_per_second",
    "Network evaluations": "evaluations_short",
    "Median of a pass (s)": "bench_median",
    "IQR (s)": "bench_iqr",
    "p95 (s)": "bench_p95",
    "n": "bench_n",
    "Cold (s)": "bench_cold",
    "Load (s)": "bench_load",
    "it/s": "table_speed",
    "Batch": "bench_batch",
    "Backend": "backend",
    "Decoder": "decoder",
    "Device": "device",
    "Precision": "dtype",
    "Peak memory (MB)": "bench_peak",
}
_FILE = "instaflow-benchmark"


@dataclass(frozen=True)
class Timings:
    """A benchmark so far. `rows` are by case; `at_work` is the case that a pass is being made of.

    `environment` is known once the benchmark is over.
    """

    cases: tuple[Case, ...] = ()
    rows: Mapping[Case, Row] = field(default_factory=dict)
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
    def ordered(self) -> tuple[Row, ...]:
        """The rows in the order of their cases."""
        return tuple(self.rows[case] for case in self.cases if case in self.rows)

    @property
    def over(self) -> bool:
        return self.done >= self.passes


@dataclass(frozen=True)
class Theirs:
    """What a file says was measured on another machine."""

    machine: str
    rows: tuple[Row, ...]


def progress_html(timings: Timings, elapsed_s: float, language: Language) -> Markup:
    """A bar, and a line that says which pass is being made, of what, and how long it all will take."""
    case = timings.at_work
    if case is None:
        return status_html(say(language, "waiting_device"), "busy")
    parts = [say(language, "bench_pass", n=timings.done + 1, passes=timings.passes), _name(case, language)]
    parts.append(say(language, "elapsed", s=seconds(language, elapsed_s)))
    if timings.done >= len(timings.cases):  # every case has been met once
        left = elapsed_s / timings.done * (timings.passes - timings.done)
        parts.append(say(language, "remaining", s=seconds(language, left)))
    fraction = timings.done / timings.passes
    return bar(fraction, say(language, "tab_benchmark")) + status_html(" · ".join(parts), "busy")


def timings_html(timings: Timings, theirs: Theirs | None, language: Language) -> Markup:
    """The table and the chart, another machine's rows below ours; what could not be timed; and once it is over the
    downloads and the machine."""
    groups = _groups(timings, theirs, language)
    parts = [notes_html(timings.notes, language)]
    parts += [_table(groups, timings, language), _chart(groups, language)] if groups else []
    parts += [_refused(each, language) for each in timings.refused]
    if timings.environment and timings.rows:
        parts.append(environment_html(timings.environment, language))
    return Markup("").join(parts)


_Groups = Sequence[tuple[str, Sequence[Row]]]


def _groups(timings: Timings, theirs: Theirs | None, language: Language) -> _Groups:
    """Rows by machine; one machine alone needs no name."""
    ours = [(say(language, "bench_here"), timings.ordered)] if timings.rows else []
    if theirs is None:
        return [("", rows) for _, rows in ours]
    return [*ours, (say(language, "bench_there", machine=theirs.machine), theirs.rows)]


def _table(groups: _Groups, timings: Timings, language: Language) -> Markup:
    names = ["table_system", *_SHOWN.values()]
    head = Markup("").join(Markup("<th scope=col>{}</th>").format(say(language, name)) for name in names)
    body = Markup("").join(_table_rows(machine, rows, language) for machine, rows in groups)
    return Markup(
        '<section class="panel comparison timings"><h2>{}</h2><div class="scroll" tabindex="0" role="region" '
        'aria-label="{}"><table><thead><tr>{}</tr></thead>{}</table></div>{}<p class="note">{}</p></section>'
    ).format(
        say(language, "bench_title"),
        say(language, "bench_title"),
        head,
        body,
        _downloads(timings, language),
        say(language, "bench_note"),
    )


def _table_rows(machine: str, rows: Sequence[Row], language: Language) -> Markup:
    """A machine's part of the table, below its name if it has one."""
    named = Markup('<tr class="machine"><th scope=rowgroup colspan={}>{}</th></tr>').format(len(_SHOWN) + 1, machine)
    lines = Markup("").join(_table_row(row, cells, language) for row, cells in zip(rows, table(rows), strict=True))
    return Markup("<tbody>{}{}</tbody>").format(named if machine else "", lines)


def _table_row(row: Row, cells: Sequence[str], language: Language) -> Markup:
    by_name = dict(zip(COLUMNS, cells, strict=True))
    figures = Markup("").join(
        Markup('<td data-label="{}"><span>{}</span></td>').format(say(language, key), _cell(by_name[name], language))
        for name, key in _SHOWN.items()
    )
    return Markup('<tr><th scope=row class="system">{} <small>{}</small></th>{}</tr>').format(
        row.title, _settings(row.backend, row.decoder, row.batch, language), figures
    )


def _cell(value: str, language: Language) -> str:
    return value.replace(".", ",") if language == "pt-BR" else value


def _name(case: Case, language: Language) -> str:
    request = case.request
    return f"{case.run.model.title}, {_settings(request.backend, request.decoder, case.batch, language)}"


def _settings(backend: str, decoder: str, batch: int, language: Language) -> str:
    """What tells rows of one system apart: "openvino · int8 decoder · batch of 4"."""
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
    cells = table(timings.ordered)
    stored = json.dumps(results_json(timings.environment, timings.ordered), indent=2, ensure_ascii=False) + "\n"
    files = (
        ("download_json", "json", "application/json", stored),
        ("download_csv", "csv", "text/csv", to_csv(cells, COLUMNS)),
        ("download_markdown", "md", "text/markdown", to_markdown(cells, COLUMNS)),
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


def _bars(machine: str, rows: Sequence[Row], slowest: float, language: Language) -> Markup:
    drawn = Markup("").join(_bar(row, slowest, language) for row in rows if _stages(row))
    if not drawn:
        return Markup("")
    heading = Markup("<h3>{}</h3>").format(machine) if machine else Markup("")
    return heading + Markup('<ul class="bars">{}</ul>').format(drawn)


def _bar(row: Row, slowest: float, language: Language) -> Markup:
    stages = {stage: spent for stage, spent in _stages(row).items() if spent}
    whole = sum(stages.values())
    parts = Markup("").join(
        Markup('<i class="{}" style="width:{}%"></i>').format(stage, f"{100 * spent / (whole or 1):.2f}")
        for stage, spent in stages.items()
    )
    told = ", ".join(f"{say(language, f'stage_{stage}')} {_exact(spent, language)}" for stage, spent in stages.items())
    return Markup(
        '<li><span class="row">{} <small>{}</small></span><span class="well"><span class="stages" role="img" '
        'aria-label="{told}" title="{told}" style="width:{}%">{}</span></span><b>{}</b></li>'
    ).format(
        row.title,
        _settings(row.backend, row.decoder, row.batch, language),
        f"{100 * whole / slowest:.2f}",
        parts,
        _exact(row.seconds_per_image or whole, language),
        told=told,
    )


def _exact(value: float, language: Language) -> str:
    """Seconds; short stages keep figures that mean something."""
    return f"{number(language, value, 4)} s" if value < 0.1 else seconds(language, value)


def _stages(row: Row) -> dict[str, float]:
    """Seconds per image of each stage, in their order; empty without warm passes."""
    return {stage: row.stages[stage] / row.batch for stage in STAGES if stage in row.stages}


def _refused(refused: Refused, language: Language) -> Markup:
    return problem(
        say(language, "bench_refused", case=_name(refused.case, language)), translate(language, refused.message)
    )
