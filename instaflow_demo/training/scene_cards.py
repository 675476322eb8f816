"""The cards of the models that draw scenes: what each is, its data, its limits, its budget, and what was measured."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Any

from ..grammar.things import things
from ..grammar.vocabulary import colours, phrases, places, single_icons
from ..registry import MODELS
from .export import Shipped, count_parameters, tell_facts, tell_minutes
from .run_folder import RunFolder

TO_ONE_STEP: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "instaflow-mini": ("reflow", "distill"),
        "sd-distill-mini": ("direct",),
        "pd-mini": tuple(f"progressive/{steps}" for steps in (16, 8, 4, 2, 1)),
    }
)
"""The stages that make a model of one step from the teacher."""
_HERE = Path(__file__).parent / "cards" / "scenes"
_NAMES = {
    "thing": "the thing, of prompts with one",
    "both_things": "both things, of prompts with two",
    "top1": "the likeliest thing is one that was asked for",
    "place": "place",
    "light": "light",
    "colour": "colour of the thing",
    "count": "count of one to four",
    "several": "count of two to four",
    "relation": "relation of two things",
}


@dataclass(frozen=True)
class Measured:
    """What was measured of the exported models: rows of `evaluate`, and the decibels that 8 bits cost, by model."""

    rows: tuple[Mapping[str, Any], ...] = ()
    storage: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @classmethod
    def read(cls, results: Path) -> "Measured":
        """From `table1.json` and `storage.json` in a folder; of a table that another judge made, nothing is taken."""
        table, storage = (_json(results / name) for name in ("table1.json", "storage.json"))
        return cls(tuple(row for row in table.get("results", ()) if "both_things" in row), storage)

    def of(self, model: str) -> tuple[Mapping[str, Any], ...]:
        return tuple(row for row in self.rows if row["model"] == model)


def write_card(measured: Measured, name: str, shipped: Shipped, run: RunFolder, folder: Path) -> None:
    """Write a folder's README.md from what is recorded of its stages, and from what was measured of it."""
    rows, is_flow = measured.of(name), name in MODELS and MODELS[name].kind == "latent"
    sections = [f"# {shipped.title}", _section(name)]
    if is_flow:
        sections.append(_section("_use", model=name, steps=MODELS[name].steps.default))
    sections += [_data(), _section("_limits")]
    if rows:
        sections.append(_section("_measured", figures=_figures(rows)))
    sections.append(
        _section("_training", parameters=count_parameters(folder), stored=_stored(measured.storage.get(name)))
    )
    if name in TO_ONE_STEP:
        sections.append(_section("_budget", minutes=tell_minutes(run, TO_ONE_STEP)))
    sections.append(tell_facts(run, shipped.stages, without=("command",)))
    (folder / "README.md").write_text("\n\n".join(map(str.strip, sections)) + "\n", encoding="utf-8")


def _section(name: str, **facts: Any) -> str:
    return Template((_HERE / f"{name}.md").read_text(encoding="utf-8")).substitute(facts)


def _data() -> str:
    return _section(
        "_data",
        places=len(places()),
        lights=len(phrases("light", "en")),
        things=len(things()),
        colours=len(colours()),
        icons=len(single_icons()),
    )


def _stored(cost: Mapping[str, float] | None) -> str:
    """How the weights of a flow are stored, and what that costs where it was measured."""
    said = " The U-Net is stored in 8 bits with a scale for each output channel"
    if cost is None:
        return f"{said}."
    return (
        f"{said}: its images are {cost['mean']:.1f} dB from those of the float16 weights on average, "
        f"{cost['worst']:.1f} dB at worst ({cost['images']:.0f} images)."
    )


def _figures(rows: tuple[Mapping[str, Any], ...]) -> str:
    """A line for each figure, a column for each number of steps."""
    steps = [f"{row['steps']} step{'s' * (row['steps'] > 1)}" for row in rows]
    lines = [f"| | {' | '.join(steps)} |", "|---" * (len(rows) + 1) + "|"]
    shown = {**_NAMES, **{f"held_out_{name}": f"{said}, pairs held out" for name, said in _NAMES.items()}}
    shown |= {f"portuguese_{name}": f"{said}, in Portuguese" for name, said in _NAMES.items()}
    lines += [
        _line(f"{said} (%)", name, rows, 100, 1) for name, said in shown.items() if any(row.get(name) for row in rows)
    ]
    for name, said, digits in (
        ("feature_distance", "feature distance", 2),
        ("sharpness", "gradient energy against real scenes", 3),
        ("variety", "difference between two seeds, of 255", 1),
        ("straightness", "straightness", 3),
    ):
        if any(row.get(name) for row in rows):
            lines.append(_line(said, name, rows, 1, digits))
    return "\n".join(lines)


def _line(said: str, name: str, rows: tuple[Mapping[str, Any], ...], scale: float, digits: int) -> str:
    return f"| {said} | {' | '.join(_cell(row.get(name), scale, digits) for row in rows)} |"


def _cell(figure: Mapping[str, float] | None, scale: float, digits: int) -> str:
    if not figure:
        return "–"
    middle, low, high = (f"{scale * figure[end]:.{digits}f}" for end in ("value", "low", "high"))
    return f"{middle} ({low} to {high})"


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
