"""Tables in the visitor's language, made with markupsafe like the columns: what is in all of them, the comparison of a
run, and the machine.

The columns of the page's tables have keys of texts as titles and words.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from ...machine.environment import Environment
from ...measure import Figure
from ...results.report import COLUMNS, ComparisonRow
from ...results.tables import Column, Notation, pick, to_csv, to_markdown
from ..text import Language, format_gigabytes, say, separate
from .columns import download_link

# what the page shows of the report's columns, in this order; the downloads hold all of them
_SHOWN = pick(
    COLUMNS,
    {
        "system": {"title": "table_system"},
        "seconds_per_image": {"title": "table_seconds"},
        "speed_up": {"title": "table_speedup", "unit": "×"},
        "images_per_second": {"title": "images_per_second"},
        "network_evaluations": {"title": "evaluations_short"},
        "steps": {"title": "table_steps"},
        "iterations_per_second": {"title": "iterations_per_second"},
        "image_seconds": {"title": "table_times", "joint": " · "},
        "images": {"title": "table_images"},
        "batched": {"title": "table_mode", "words": ("mode_single", "mode_batch")},
    },
)

# ---------------------------------------------------------------- any table


def table_html(columns: Sequence[Column], bodies: Markup, language: Language) -> Markup:
    """A table with these columns' titles above `bodies`, its <tbody> elements."""
    head = Markup("").join(Markup("<th scope=col>{}</th>").format(say(language, column.title)) for column in columns)
    return Markup("<table><thead><tr>{}</tr></thead>{}</table>").format(head, bodies)


def cells_html(
    row: Any, columns: Sequence[Column], language: Language, beside: Mapping[str, Markup] | None = None
) -> Markup:
    """A row's cells, each with its title, which a phone shows; `beside` is what stands next to a value, by key."""
    return Markup("").join(
        Markup('<td{} data-label="{}"><span>{}{}</span></td>').format(
            Markup(' class="system"') if column.key == "system" else "",
            say(language, column.title),
            cell_html(row, column, language),
            (beside or {}).get(column.key, ""),
        )
        for column in columns
    )


def cell_html(row: Any, column: Column, language: Language) -> str:
    """A row's value, with its interval if it has one."""
    value, notation = column.value(row), Notation(partial(_number, language), partial(say, language))
    if not isinstance(value, Figure):
        return column.text(row, notation)
    middle, low, high = (column.number(each, row, notation) for each in (value.value, value.low, value.high))
    return Markup('{}{} <small title="n = {}">{}–{}</small>').format(middle, column.unit, value.n, low, high)


def _number(language: Language, value: float, form: str) -> str:
    """A number by its format specification, with the language's separators."""
    return separate(language, format(value, form))


# ---------------------------------------------------------------- the comparison


def comparison_html(rows: Sequence[ComparisonRow], language: Language) -> Markup:
    """The report's rows as a table that becomes cards on a phone, with both downloads; nothing if no model finished."""
    if not rows:
        return Markup("")
    slowest = max(row.seconds_per_image for row in rows)
    body = Markup("").join(_comparison_row(row, slowest, language) for row in rows)
    return Markup(
        '<section class="panel comparison"><h2>{}</h2><div class="scroll">{}</div>{}<p class="note">{}</p></section>'
    ).format(
        say(language, "comparison"),
        table_html(_SHOWN, Markup("<tbody>{}</tbody>").format(body), language),
        _downloads(rows, language),
        say(language, "table_note"),
    )


def _comparison_row(row: ComparisonRow, slowest: float, language: Language) -> Markup:
    share = f"{100 * row.seconds_per_image / (slowest or 1):.1f}"
    track = Markup('<span class="track"><i style="width:{}%"></i></span>').format(share)
    return Markup("<tr>{}</tr>").format(cells_html(row, _SHOWN, language, {"seconds_per_image": track}))


def _downloads(rows: Sequence[ComparisonRow], language: Language) -> Markup:
    name = "instaflow-comparison"
    return download_link(
        say(language, "download_csv"), f"{name}.csv", "text/csv", to_csv(rows, COLUMNS)
    ) + download_link(say(language, "download_markdown"), f"{name}.md", "text/markdown", to_markdown(rows, COLUMNS))


# ---------------------------------------------------------------- the machine


def environment_html(machine: Environment, language: Language) -> Markup:
    """What an experiment's notes would say about the machine."""
    threads = say(language, "env_threads", cores=machine.cores, threads=machine.threads)
    rows: list[tuple[str, str | Markup]] = [
        ("env_gpu", machine.gpu or say(language, "env_no_gpu")),
        ("env_vram", _use(machine.gpu_memory_used, machine.gpu_memory_total, language)),
        ("env_cpu", f"{machine.cpu} · {threads}"),
        ("env_ram", _use(machine.ram_used, machine.ram_total, language)),
        ("env_disk", _use(machine.disk_used, machine.disk_total, language)),
        ("env_system", f"{machine.platform} · Python {machine.python}"),
        ("env_versions", " · ".join(f"{name} {version}" for name, version in machine.versions.items())),
    ]
    body = Markup("").join(
        Markup("<tr><th scope=row>{}</th><td>{}</td></tr>").format(say(language, key), value) for key, value in rows
    )
    return Markup('<section class="panel environment"><h2>{}</h2><table><tbody>{}</tbody></table></section>').format(
        say(language, "environment"), body
    )


def _use(used: int | None, total: int | None, language: Language) -> Markup:
    """ "6.1 GB of 15.6 GB used" with a small meter; a dash where there is none."""
    if used is None or not total:
        return Markup("–")
    text = say(language, "env_used", used=format_gigabytes(language, used), total=format_gigabytes(language, total))
    return Markup('{} <span class="meter" aria-hidden="true"><i style="width:{}%"></i></span>').format(
        text, round(100 * used / total)
    )
