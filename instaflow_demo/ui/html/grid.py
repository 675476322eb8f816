"""Pure functions for the grid tab: a view of the grid folded from its events, and the table made of it.

A cell is a button that opens its settings, which lie hidden beside it until the page shows them in a dialog: what is
open stays open while the table changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from markupsafe import Markup

from ...errors import Sentence
from ...events import Done, Failed, ImageReady, Loading, Noted, Step
from ...registry import MODELS
from ...request import Axis, Cell, Grid, ModelRun
from ...results.grid import CellEvent, CellResult
from ...results.grid_sheet import Sheet, Tile
from ...results.tables import Value
from ..text import Language, format_number, format_seconds, say, translate
from .columns import bar, notes_html, steps_text

_VALUES = {"guidance": "grid_guidance_value", "seed": "grid_seed_value", "size": "grid_size_value"}

Phase = Literal["waiting", "loading", "running", "done", "failed", "refused", "stopped"]


@dataclass(frozen=True)
class Slot:
    """One cell as it is shown. `source` is where its image can be fetched."""

    cell: Cell
    phase: Phase = "waiting"
    step: Step | None = None
    image: ImageReady | None = None
    source: str = ""
    notes: tuple[Sentence, ...] = ()
    failure: Sentence | None = None

    @property
    def result(self) -> CellResult:
        return CellResult(self.cell, self.image, self.failure or self.cell.refused)

    @property
    def over(self) -> bool:
        return self.phase not in ("waiting", "loading", "running")


@dataclass(frozen=True)
class GridView:
    """What the page knows of a grid that is being drawn."""

    grid: Grid
    slots: tuple[Slot, ...]

    @classmethod
    def of(cls, grid: Grid) -> "GridView":
        slots = (Slot(cell, "waiting" if cell.request else "refused") for cell in grid.cells)
        return cls(grid, tuple(slots))

    @property
    def images(self) -> int:
        return sum(slot.image is not None for slot in self.slots)

    @property
    def over(self) -> bool:
        return all(slot.over for slot in self.slots)

    @property
    def results(self) -> list[CellResult]:
        return [slot.result for slot in self.slots]

    def after(self, happened: CellEvent, source: str = "") -> "GridView":
        """The view once something has happened in a cell; `source` is where a finished image is."""
        slot, event = self.slots[happened.number], happened.event
        match event:
            case Loading():
                slot = replace(slot, phase="loading", notes=_once(slot.notes, event.notes))
            case Noted():
                slot = replace(slot, notes=_once(slot.notes, event.notes))
            case Step():
                slot = replace(slot, phase="running", step=event)
            case ImageReady():
                slot = replace(slot, image=event, source=source, notes=_once(slot.notes, event.notes))
            case Failed():
                slot = replace(slot, phase="failed", failure=event.message)
            case Done():
                slot = replace(slot, phase="done")
        slots = (*self.slots[: happened.number], slot, *self.slots[happened.number + 1 :])
        return replace(self, slots=slots)

    def stop(self) -> "GridView":
        """The view with every unfinished cell stopped."""
        return replace(self, slots=tuple(s if s.over else replace(s, phase="stopped") for s in self.slots))


def _once(shown: tuple[Sentence, ...], notes: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    return tuple(dict.fromkeys((*shown, *notes)))


# ---------------------------------------------------------------- words


def value_text(axis: Axis, value: Value, language: Language) -> str:
    """A value as a heading: "4 steps", "Guidance 2.5", "Seed 7", "512 pixels", "cat", or a model's name."""
    if axis.kind == "model":
        return MODELS[str(value)].title
    if axis.kind == "words" or not isinstance(value, int | float):
        return str(value)
    if axis.kind == "steps":
        return steps_text(language, int(value))
    return say(language, _VALUES[axis.kind], n=_short(language, value) if axis.kind == "guidance" else value)


def _short(language: Language, value: float) -> str:
    """A number with as many decimals as it has, at most three."""
    return format_number(language, value, len(f"{value:.3f}".rstrip("0").partition(".")[2]))


def cell_text(grid: Grid, cell: Cell, language: Language) -> str:
    """What is in a cell: the headings of its row and its column."""
    headings = [value_text(grid.down, grid.down.values[cell.row], language)] if grid.down else []
    return ", ".join([*headings, value_text(grid.across, grid.across.values[cell.column], language)])


def plan_text(grid: Grid, language: Language) -> str:
    """How many cells there are, and how many of them can be drawn."""
    drawn = len(grid.drawn)
    said = say(language, "grid_plan", rows=_rows(grid), columns=len(grid.across.values), n=drawn)
    if refused := len(grid.cells) - drawn:
        said = f"{said} {say(language, 'grid_plan_refused', n=refused)}"
    return said


def _rows(grid: Grid) -> int:
    return len(grid.down.values) if grid.down else 1


def progress_html(view: GridView, elapsed_s: float, language: Language) -> Markup:
    """A bar by network evaluations, and a line on the cell that is being drawn and the time."""
    done, ahead = _evaluations(view)
    drawn = [slot for slot in view.slots if slot.cell.request]
    now = next((slot for slot in drawn if slot.phase in ("loading", "running")), None)
    parts = [say(language, "grid_progress", n=sum(slot.over for slot in drawn), total=len(drawn))]
    if now:
        parts.append(cell_text(view.grid, now.cell, language))
        parts.append(_doing(now, language))
    parts.append(say(language, "elapsed", s=format_seconds(language, elapsed_s)))
    if done:
        parts.append(say(language, "remaining", s=format_seconds(language, elapsed_s / done * ahead)))
    line = " · ".join(parts)
    fraction = done / (done + ahead) if done + ahead else 1.0
    return Markup('{}<p class="status busy" role="status">{}</p>').format(
        bar(fraction, say(language, "grid_title")), line
    )


def _doing(slot: Slot, language: Language) -> str:
    if slot.phase == "loading" or slot.step is None:
        return say(language, "phase_loading")
    return say(language, "progress_step", step=slot.step.step, steps=slot.step.steps)


def _evaluations(view: GridView) -> tuple[float, float]:
    """Network evaluations of the cells that are drawn so far, and of those that are ahead."""
    done, total = 0.0, 0.0
    for slot in view.slots:
        if slot.cell.request:
            whole = slot.cell.run.network_evaluations
            total += whole
            done += whole if slot.over else whole * slot.step.step / slot.step.steps if slot.step else 0
    return done, total - done


# ---------------------------------------------------------------- the table


def grid_html(view: GridView, language: Language) -> Markup:
    """The table of all cells, under the values of the columns and beside those of the rows."""
    across = view.grid.across
    corner = Markup("<td></td>") if view.grid.down else Markup("")
    head = Markup("").join(
        Markup("<th scope=col>{}</th>").format(value_text(across, value, language)) for value in across.values
    )
    rows = Markup("").join(_row(view, row, language) for row in range(_rows(view.grid)))
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        '<table class="cells" style="--columns:{n}">'
        "<caption>{prompt}</caption><thead><tr>{corner}{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    ).format(
        title=say(language, "grid_title"),
        n=len(across.values),
        prompt=view.grid.common.prompt,
        corner=corner,
        head=head,
        rows=rows,
    )


def _row(view: GridView, row: int, language: Language) -> Markup:
    heading = Markup("")
    if view.grid.down:
        heading = Markup("<th scope=row>{}</th>").format(
            value_text(view.grid.down, view.grid.down.values[row], language)
        )
    cells = [_cell(view, number, language) for number, slot in enumerate(view.slots) if slot.cell.row == row]
    return Markup("<tr>{}{}</tr>").format(heading, Markup("").join(cells))


def _cell(view: GridView, number: int, language: Language) -> Markup:
    slot = view.slots[number]
    if slot.image:
        content = _picture(view, number, slot.image, language)
    elif said := slot.result.said:
        content = Markup("<p>{}</p>").format(translate(language, said))
    elif slot.phase == "running" and slot.step:
        content = Markup("<p>{}</p>").format(_doing(slot, language))
    else:
        key = {"loading": "phase_loading", "stopped": "grid_stopped_cell"}.get(slot.phase)
        content = Markup("<p>{}</p>").format(say(language, key) if key else "")
    return Markup('<td data-phase="{}">{}</td>').format(slot.phase, content)


def _picture(view: GridView, number: int, image: ImageReady, language: Language) -> Markup:
    slot = view.slots[number]
    name, time = cell_text(view.grid, slot.cell, language), _time(image, language)
    return Markup(
        '<button type="button" data-cell="{number}" aria-haspopup="dialog" aria-label="{name}: {time}. {open}">'
        '<img src="{source}" alt="" decoding="sync"><span class="stamp">{time}</span></button>'
        '<div class="about" hidden>{about}</div>'
    ).format(
        number=number,
        name=name,
        time=time,
        open=say(language, "grid_open"),
        source=slot.source,
        about=_about(slot, image, name, language),
    )


def _time(image: ImageReady, language: Language) -> str:
    """ "0.021 s", or "0.512 s · cold"."""
    seconds = format_seconds(language, image.timing.seconds_per_image)
    return seconds if image.timing.warm else f"{seconds} · {say(language, 'cold')}"


def _about(slot: Slot, image: ImageReady, name: str, language: Language) -> Markup:
    """What the dialog of a cell shows: the image, all settings, and what can be done with them."""
    facts = _facts(slot, image, language)
    rows = Markup("").join(Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(*fact) for fact in facts.items())
    prompt = slot.cell.request.prompt if slot.cell.request else ""
    return Markup(
        '<h2>{name}</h2><div class="opened"><img src="{source}" alt="{prompt}" loading="lazy"><div><dl>{rows}</dl>'
        '{notes}</div></div><p class="cell-actions">{compare}'
        '<a class="download" href="{source}" download="{file}">{save}</a></p>'
    ).format(
        name=name,
        source=slot.source,
        prompt=prompt,
        rows=rows,
        notes=notes_html(slot.notes, language),
        compare=_compare_button(slot, language),
        file=slot.result.file,
        save=say(language, "grid_save"),
    )


def _facts(slot: Slot, image: ImageReady, language: Language) -> dict[str, str]:
    """The settings of a cell and what was measured, by what they are called."""
    run, asked, made = slot.cell.run, slot.cell.request, image.metadata
    guidance = _short(language, run.guidance) if run.guided else say(language, "grid_off")
    facts = {
        "prompt": asked.prompt if asked else "",
        "negative": asked.negative_prompt if asked else "",
        "grid_model": run.model.title,
        "steps": _steps(run),
        "guidance": guidance,
        "seed": str(image.seed),
        "size": str(run.size),
        "time": _time(image, language),
        "evaluations_short": str(run.network_evaluations),
        "environment": " · ".join(str(made[key]) for key in ("device", "dtype", "backend") if made.get(key)),
    }
    return {say(language, key): value for key, value in facts.items() if value}


def _steps(run: ModelRun) -> str:
    return f"{run.steps} + {run.model.upsampling_steps}" if run.model.upsampling_steps else str(run.steps)


def _compare_button(slot: Slot, language: Language) -> Markup:
    """A button with all that it takes to draw the image again; it is judged again, as it comes from a browser."""
    run, asked = slot.cell.run, slot.cell.request
    values = {
        "model": run.model.id,
        "prompt": asked.prompt if asked else "",
        "negative": asked.negative_prompt if asked else "",
        "seed": asked.seed if asked else 0,
        "steps": run.steps,
        "guidance": run.guidance,
        "size": run.size,
    }
    data = Markup(" ").join(Markup('data-{}="{}"').format(key, value) for key, value in values.items())
    return Markup('<button type="button" class="download" {}>{}</button>').format(data, say(language, "grid_compare"))


# ---------------------------------------------------------------- the sheet


def sheet_of(view: GridView, language: Language) -> Sheet:
    """The grid as one picture, in the visitor's words; cells in which nothing was said or drawn are left out."""
    grid = view.grid
    tiles = {(slot.cell.row, slot.cell.column): tile for slot in view.slots if (tile := _tile(slot, language))}
    columns = [value_text(grid.across, value, language) for value in grid.across.values]
    rows = [value_text(grid.down, value, language) for value in grid.down.values] if grid.down else [""]
    return Sheet(grid.common.prompt, columns, rows, tiles)


def _tile(slot: Slot, language: Language) -> Tile | None:
    if slot.image:
        return Tile(_time(slot.image, language), slot.image.image)
    said = slot.result.said
    return Tile(translate(language, said)) if said else None


# ---------------------------------------------------------------- the dialog


def dialog_html(words: Mapping[str, str]) -> str:
    """The dialog that a cell's settings are shown in. Fixed text only."""
    return (
        f'<dialog><div class="content"></div><form method="dialog"><button class="download">{words["grid_close"]}'
        "</button></form></dialog>"
    )
