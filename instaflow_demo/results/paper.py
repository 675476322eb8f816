"""The published table of methods, the same table measured with the shipped models, and where their orders agree.

Published figures are here and nowhere else, each row with its source: Liu et al. 2023 (arXiv:2309.06380) and the cards
of the released checkpoints. One 512x512 image on an A100, FID-5k and CLIP score on MS COCO 2017, FID-30k on MS COCO
2014. They describe models of Stable Diffusion's size, never the shipped miniatures.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..measure import Figure
from ..registry import MODELS, ModelSpec
from .tables import Column

NOTHING: Mapping[str, float] = MappingProxyType({})
TABLE = Path(__file__).parents[2] / "assets" / "results" / "table1.json"


@dataclass(frozen=True)
class Source:
    """Where published figures come from, in English and in Brazilian Portuguese."""

    text: str
    text_pt: str


@dataclass(frozen=True)
class Method:
    """A published row, and the system and steps that reproduce it here.

    `checkpoint` is the id of the very model that the row describes, where it was released.
    """

    title: str
    seconds: float
    fid_5k: float
    clip_score: float
    fid_30k: float | None
    model: str
    steps: int
    source: Source
    checkpoint: str = ""


_FIRST = Source("paper, first experiments, from SD 1.4", "artigo, primeiros experimentos, a partir do SD 1.4")
_SD14 = Source(
    "paper, first experiments; its FID-30k is of SD, steps not stated",
    "artigo, primeiros experimentos; a FID-30k é do SD, sem dizer os passos",
)
_FINAL = Source("paper, table 2, from SD 1.5", "artigo, tabela 2, a partir do SD 1.5")
_CARD = Source("model card, from SD 1.5; seconds: paper", "ficha do modelo, a partir do SD 1.5; segundos: artigo")
_RELEASED = Source(
    "model card, from SD 1.5; seconds: paper, whose abstract has FID-5k 23.3",
    "ficha do modelo, a partir do SD 1.5; segundos: artigo, cujo resumo diz FID-5k 23,3",
)

PAPER = (
    Method("Stable Diffusion 1.4", 0.88, 22.8, 0.315, 9.62, "sd-mini", 25, _SD14, "sd-1.4"),
    Method("2-Rectified Flow", 0.88, 22.1, 0.313, 13.4, "2rf-mini", 25, _FIRST),
    Method("Progressive Distillation", 0.09, 37.2, 0.275, None, "pd-mini", 1, _FINAL),
    Method("SD 1.4 + Distill", 0.09, 40.9, 0.255, 34.6, "sd-distill-mini", 1, _FIRST),
    Method("2-Rectified Flow", 0.09, 68.3, 0.252, None, "2rf-mini", 1, _FIRST),
    Method("2-Rectified Flow + Distill", 0.09, 31.0, 0.285, 20.0, "instaflow-mini", 1, _FIRST),
    Method("Stable Diffusion 1.5", 0.88, 20.1, 0.318, None, "sd-1.5", 25, _FINAL, "sd-1.5"),
    Method("2-Rectified Flow, as released", 0.88, 21.5, 0.315, None, "2rf", 25, _CARD, "2rf"),
    Method("InstaFlow-0.9B, as released", 0.09, 23.4, 0.304, 13.1, "instaflow-0.9b", 1, _RELEASED, "instaflow-0.9b"),
)


@dataclass(frozen=True)
class EvaluationRow:
    """What `evaluate` measured of a system: its figures by name, None for one that the system has not."""

    model: ModelSpec
    steps: int
    guidance: float
    network_evaluations: int
    prompts: int
    figures: Mapping[str, Figure | None]


@dataclass(frozen=True)
class Table:
    """The contents of a file of `evaluate --json`."""

    environment: Mapping[str, Any]
    judge: Mapping[str, Any]
    rows: tuple[EvaluationRow, ...]

    @property
    def machine(self) -> str:
        """What the times were measured on."""
        return self.environment.get("gpu") or self.environment.get("cpu") or "?"


@dataclass(frozen=True)
class Agreement:
    """Pairs of methods, the paper's better one first, by whether our figures put them in the same order.

    A pair whose intervals overlap is undecided.
    """

    same: tuple[tuple[Method, Method], ...]
    opposite: tuple[tuple[Method, Method], ...]
    undecided: tuple[tuple[Method, Method], ...]


def read(path: Path = TABLE) -> Table | None:
    """The table in a file of `evaluate --json`; None where there is none, or it is of other systems than these."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(parse_row(result) for result in stored["results"])
        return Table(stored["environment"], stored["judge"], rows)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def parse_row(result: Mapping[str, Any]) -> EvaluationRow:
    """A system's row from a result of `evaluate`.

    Raises:
        LookupError, TypeError: when it is something else.
    """
    figures = {
        name: Figure(**value) if value else None
        for name, value in result.items()
        if value is None or isinstance(value, dict)
    }
    fixed = {name: result[name] for name in ("steps", "guidance", "network_evaluations", "prompts")}
    return EvaluationRow(model=MODELS[result["model"]], figures=figures, **fixed)


def evaluation_columns(rows: Sequence[EvaluationRow], not_judged: Mapping[str, float] = NOTHING) -> tuple[Column, ...]:
    """The settings, and every figure that one of the rows has.

    `not_judged` are figures that the judge may not give, and how much of real scenes it knows: their columns say so.
    """
    names = [name for row in rows for name, figure in row.figures.items() if figure or name in not_judged]
    return (
        Column("model.id", "model"),
        Column("steps", "steps"),
        Column("guidance", "guidance"),
        Column("network_evaluations", "network evaluations"),
        *(_evaluation_column(name, not_judged.get(name)) for name in dict.fromkeys(names)),
    )


def _evaluation_column(name: str, known: float | None) -> Column:
    missing = {} if known is None else {"missing": f"not judged: the judge knows {known:.0%}"}
    return figure_column(name, name.replace("_", " "), **missing)


def figure_column(name: str, title: str, form: str = ".3f", **options: Any) -> Column:
    """A column of the figures with this name; `options` are a column's."""
    return Column(name, title, form, of=lambda row: row.figures.get(name), **options)


def agreement(rows: Sequence[EvaluationRow], ours: str, theirs: str, *, lower_is_better: bool) -> Agreement:
    """Compare the order of our figure `ours` with that of the paper's figure `theirs`, pair by pair."""
    measured = {(row.model.id, row.steps): row.figures.get(ours) for row in rows}
    methods = [(method, measured.get((method.model, method.steps))) for method in PAPER]
    sign = 1 if lower_is_better else -1
    order = sorted(methods, key=lambda pair: sign * getattr(pair[0], theirs))
    found: dict[str, list[tuple[Method, Method]]] = {"same": [], "opposite": [], "undecided": []}
    for (better, first), (worse, second) in combinations([pair for pair in order if pair[1]], 2):
        found[_order(first, second, lower_is_better=lower_is_better)].append((better, worse))
    return Agreement(**{name: tuple(pairs) for name, pairs in found.items()})


def distinguished(rows: Sequence[EvaluationRow]) -> dict[str, int]:
    """For each figure, how many of the pairs of the paper's methods have intervals that do not overlap."""
    methods = {(method.model, method.steps) for method in PAPER}
    compared = [row.figures for row in rows if (row.model.id, row.steps) in methods]
    names = dict.fromkeys(name for figures in compared for name, figure in figures.items() if figure)
    return {
        name: sum(_apart(one.get(name), other.get(name)) for one, other in combinations(compared, 2)) for name in names
    }


def pairs_of_methods(rows: Sequence[EvaluationRow]) -> int:
    """How many pairs the paper's methods form that were measured here."""
    methods = {(method.model, method.steps) for method in PAPER}
    return math.comb(sum((row.model.id, row.steps) in methods for row in rows), 2)


def _apart(one: Figure | None, other: Figure | None) -> bool:
    return one is not None and other is not None and (one.high < other.low or other.high < one.low)


def _order(first: Figure | None, second: Figure | None, *, lower_is_better: bool) -> str:
    if first is None or second is None or not _apart(first, second):
        return "undecided"
    return "same" if (first.value < second.value) == lower_is_better else "opposite"
