"""The judge of grids: one image for every pair of values of two sides, each cell a request of its own."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidRequest, Sentence
from .axes import Axis, Value
from .effects import RULES, Choice
from .generation import GenerationRequest, ModelRun

MOST_CELLS = 48

_SETTINGS = ("steps", "guidance", "size")


@dataclass(frozen=True)
class Cell:
    """A place in a grid, its row and column from 0, and what is drawn there; or why nothing is."""

    row: int
    column: int
    request: GenerationRequest | None = None
    refused: Sentence | None = None

    @property
    def run(self) -> ModelRun:
        """The one model of the request.

        Raises:
            ValueError: where nothing is drawn.
        """
        if self.request is None:
            raise ValueError("nothing is drawn in this cell")
        return self.request.runs[0]


@dataclass(frozen=True)
class Grid:
    """All cells, row by row. `across` has a value for each column, `down` one for each row, or there is one row.

    `common` is what they share where no side changes it.
    """

    common: GenerationRequest
    across: Axis
    down: Axis | None
    cells: tuple[Cell, ...]

    @property
    def drawn(self) -> tuple[Cell, ...]:
        """The cells that can be drawn, in the order in which they are.

        That is model by model, and for each by size and by guidance on or off, so that nothing is loaded or fitted
        into memory again and again.
        """
        models = [model for axis in (self.across, self.down) if axis and axis.kind == "model" for model in axis.values]
        able = [cell for cell in self.cells if cell.request]
        return tuple(sorted(able, key=lambda cell: _turn(cell.run, models)))


def parse_grid(
    prompt: Any,
    across: Axis,
    down: Axis | None,
    *,
    model: Any = None,
    negative_prompt: Any = "",
    seed: Any = 0,
    steps: Any = None,
    guidance: Any = None,
    size: Any = None,
) -> Grid:
    """The grid of an image for every value of `across` with every one of `down`.

    All else is the same in every cell, a drawn seed too. What one model cannot do leaves a cell empty, with the
    sentence that says why; a value that no model can do is refused.

    Raises:
        InvalidRequest: with one sentence for every field that is wrong; the sides are "across" and "down".
    """
    sides = {"across": across} | ({"down": down} if down else {})
    kinds = [axis.kind for axis in sides.values()]
    settings = {"steps": steps, "guidance": guidance, "size": size}
    fixed = {name: value for name, value in settings.items() if name not in kinds}
    problems = dict(_judge_sides(across, down))
    try:
        common = _parse_common(prompt, sides, model, seed, fixed | {"negative_prompt": negative_prompt})
        problems |= _judge_words(sides, common.prompt)
    except InvalidRequest as error:
        problems |= error.problems
    if problems:
        raise InvalidRequest(problems)
    cells = tuple(_parse_cells(common, across, down, fixed))
    _refuse_empty(cells, "down" if down and across.kind == "model" else "across")
    return Grid(common, across, down, cells)


def replace_words(prompt: str, words: Iterable[str], word: str) -> str:
    """The prompt with the first of `words`, wherever it stands, as `word`; capitals make no difference.

    >>> replace_words("A big dog", ["dog", "cat"], "cat")
    'A big cat'
    """
    sought = next(iter(words))
    return re.sub(re.escape(sought), lambda _: word, prompt, flags=re.IGNORECASE)


def _turn(run: ModelRun, models: list[Value]) -> tuple[int, int, bool]:
    return (models.index(run.model.id) if models else 0, run.size, run.guided)


def _parse_common(
    prompt: Any, sides: Mapping[str, Axis], model: Any, seed: Any, options: Mapping[str, Any]
) -> GenerationRequest:
    """What the cells share, judged with every model; problems of what a side has are named like the side."""
    values = {axis.kind: axis.values for axis in sides.values()}
    models, seed = list(values.get("model", ())) or model, values.get("seed", (seed,))[0]
    sides_of = {axis.kind: side for side, axis in sides.items()}
    try:
        return GenerationRequest.parse(prompt, models, seed=seed, **options)
    except InvalidRequest as error:
        fields = {"models": sides_of.get("model", "model"), "seed": sides_of.get("seed", "seed")}
        problems = {fields.get(name, name): said for name, said in error.problems.items()}
        raise InvalidRequest(problems) from error


def _judge_sides(across: Axis, down: Axis | None) -> Iterator[tuple[str, Sentence]]:
    """What is wrong with two sides together."""
    if down is None:
        return
    if across.kind == down.kind != "words":
        yield "down", Sentence("Both sides change the same: choose another one for the rows.")
    count = len(across.values) * len(down.values)
    if count > MOST_CELLS:
        said = Sentence(
            "That would be {n} cells, and others wait for this machine: choose fewer values, for at most {most}.",
            n=count,
            most=MOST_CELLS,
        )
        yield "across" if len(across.values) >= len(down.values) else "down", said


def _judge_words(sides: Mapping[str, Axis], prompt: str) -> Iterator[tuple[str, Sentence]]:
    """The sides whose first words are not in the prompt."""
    for side, axis in sides.items():
        sought = str(axis.values[0])
        if axis.kind == "words" and sought.casefold() not in prompt.casefold():
            said = Sentence(
                "The prompt does not contain “{word}”: begin with words of the prompt, which the others replace.",
                word=sought[:40],
            )
            yield side, said


def _parse_cells(
    common: GenerationRequest, across: Axis, down: Axis | None, fixed: Mapping[str, Any]
) -> Iterator[Cell]:
    for row, below in enumerate(down.values if down else (None,)):
        for column, value in enumerate(across.values):
            chosen = [(across, value), *([(down, below)] if down and below is not None else [])]
            yield _parse_cell(Cell(row, column), common, chosen, fixed)


def _parse_cell(
    cell: Cell, common: GenerationRequest, chosen: list[tuple[Axis, Value]], fixed: Mapping[str, Any]
) -> Cell:
    prompt, asked = common.prompt, dict(fixed)
    model: Any = common.runs[0].model.id
    for axis, value in chosen:
        if axis.kind == "words":
            prompt = replace_words(prompt, map(str, axis.values), str(value))
        elif axis.kind == "model":
            model = value
        else:
            asked[axis.kind] = value
    try:
        shared = {"negative_prompt": common.negative_prompt, "seed": common.seed}
        request = GenerationRequest.parse(prompt, [model], **{**shared, **asked})
    except InvalidRequest as error:
        return Cell(cell.row, cell.column, refused=error.sentence)
    if refused := _find_unheeded(request.runs[0], chosen):
        return Cell(cell.row, cell.column, refused=refused)
    return Cell(cell.row, cell.column, request)


def _find_unheeded(run: ModelRun, chosen: list[tuple[Axis, Value]]) -> Sentence | None:
    """Why a model does not do what the place of its cell says, if so: it fixes that setting."""
    for axis, value in chosen:
        if axis.kind in _SETTINGS and getattr(run, axis.kind) != value:
            return RULES[axis.kind](Choice(run.model, {axis.kind: value}, run.guided))
    return None


def _refuse_empty(cells: tuple[Cell, ...], side: str) -> None:
    """Refuse a grid in which nothing can be drawn, for what the first cell says."""
    if not any(cell.request for cell in cells):
        said = next(cell.refused for cell in cells if cell.refused)
        raise InvalidRequest({side: said})
