"""The comparison of a run and the machine it was measured on, as HTML made with markupsafe like the columns."""

from collections.abc import Sequence

from markupsafe import Markup

from ...machine.environment import Environment
from ...results.report import COLUMNS, to_csv, to_markdown
from ..text import Language, gigabytes, say
from .columns import download_link

# what the page shows of the report's columns, in this order; the downloads hold all of them
_SHOWN = {
    "System": "table_system",
    "Seconds per image": "table_seconds",
    "Speed-up": "table_speedup",
    "Images per second": "images_per_second",
    "Network evaluations": "evaluations_short",
    "Steps": "table_steps",
    "it/s": "table_speed",
    "Time of each image": "table_times",
    "Images": "table_images",
    "Mode": "table_mode",
}
_MODES = {"one by one": "mode_single", "batched": "mode_batch"}

Table = Sequence[Sequence[str]]


def comparison_html(table: Table, language: Language) -> Markup:
    """The report's rows as a table that becomes cards on a phone, with both downloads; nothing if no model finished."""
    if not table:
        return Markup("")
    title = Markup("<h2>{}</h2>").format(say(language, "comparison"))
    head = Markup("").join(Markup("<th scope=col>{}</th>").format(say(language, key)) for key in _SHOWN.values())
    slowest = max(_seconds(row) for row in table)
    body = Markup("").join(_row(row, slowest, language) for row in table)
    return Markup(
        '<section class="panel comparison">{}<div class="scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody>'
        '</table></div>{}<p class="note">{}</p></section>'
    ).format(title, head, body, _downloads(table, language), say(language, "table_note"))


def _seconds(row: Sequence[str]) -> float:
    return float(row[COLUMNS.index("Seconds per image")])


def _row(row: Sequence[str], slowest: float, language: Language) -> Markup:
    cells = dict(zip(COLUMNS, row, strict=True))
    track = Markup('<span class="track"><i style="width:{}%"></i></span>').format(
        f"{100 * _seconds(row) / (slowest or 1):.1f}"
    )
    return Markup("<tr>{}</tr>").format(
        Markup("").join(
            Markup('<td class="{}" data-label="{}"><span>{}{}</span></td>').format(
                "system" if name == "System" else "",
                say(language, key),
                _cell(name, cells[name], language),
                track if name == "Seconds per image" else "",
            )
            for name, key in _SHOWN.items()
        )
    )


def _cell(name: str, value: str, language: Language) -> str:
    if name == "Mode":
        return say(language, _MODES[value])
    if name == "System":
        return value
    value = value.replace(", ", " · ").replace("x", "×")
    return value.replace(".", ",") if language == "pt-BR" else value


def _downloads(table: Table, language: Language) -> Markup:
    return download_link(
        say(language, "download_csv"), "instaflow-comparison.csv", "text/csv", to_csv(table)
    ) + download_link(
        say(language, "download_markdown"), "instaflow-comparison.md", "text/markdown", to_markdown(table)
    )


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
    text = say(language, "env_used", used=gigabytes(language, used), total=gigabytes(language, total))
    return Markup('{} <span class="meter" aria-hidden="true"><i style="width:{}%"></i></span>').format(
        text, round(100 * used / total)
    )
