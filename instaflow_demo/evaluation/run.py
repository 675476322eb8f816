"""Sample, score, average: one system's figures from many prompts, over processes, in pieces that a rerun skips."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import PartialState
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..engines import Sampler
from ..engines.batches import Batch
from ..events import ImageReady
from ..measure import Figure
from ..request import GenerationRequest, ModelRun
from . import metrics

_FIGURES = "figures.json"
TIMED = 5  # warm images whose seconds are reported
TIMED_SECONDS = 5.0  # after so many seconds of them no other one is begun: a slow system is timed by one image


class Examiner(Protocol):
    """Knows the prompts and scores their images, `together` of which must come in one batch."""

    prompts: tuple[str, ...]
    together: int

    @property
    def about(self) -> Mapping[str, Any]:
        """What stands beside the figures."""
        ...

    def score(self, rows: range, images: Tensor) -> dict[str, Tensor]:
        """A value or a vector for each image (B, 3, S, S) in [-1, 1] of the prompts `rows`."""
        ...

    def compute_figures(self, scores: Mapping[str, Tensor]) -> dict[str, Figure | None]:
        """Figures from the scores of all images."""
        ...


@dataclass(frozen=True)
class Drawing:
    """`done` of this process's `total` images of a system are drawn and scored."""

    model: str
    done: int
    total: int


@dataclass(frozen=True)
class Pieces:
    """Where a system's pieces are kept until all are there: a folder of its own for everything that they depend on."""

    folder: Path

    @classmethod
    def of(cls, work: Path, run: ModelRun, depends_on: Sequence[Path], *others: Any) -> "Pieces":
        """`depends_on` are folders of files, `others` values."""
        files = sorted(file for folder in depends_on for file in folder.rglob("*") if file.is_file())
        stamps = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        key = repr((stamps, run.steps, run.guidance, run.size, others))
        return cls(work / f"{run.model.id}-{hashlib.sha256(key.encode()).hexdigest()[:16]}")

    def of_rows(self, rows: range) -> Path:
        return self.folder / f"{rows.start:06d}.safetensors"

    def join(self) -> dict[str, Tensor]:
        """All pieces in the order of their rows."""
        parts = [load_file(path) for path in sorted(self.folder.glob("*.safetensors"))]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def save_figures(self, figures: Mapping[str, Figure | None]) -> None:
        """Keep what the pieces come to, for the process that reports it."""
        found = {name: figure and asdict(figure) for name, figure in figures.items()}
        (self.folder / _FIGURES).write_text(json.dumps(found), encoding="utf-8")

    def load_figures(self) -> dict[str, dict[str, float] | None]:
        """What `save_figures` kept."""
        return json.loads((self.folder / _FIGURES).read_text(encoding="utf-8"))

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def draw_all(
    engine: Sampler, run: ModelRun, examiner: Examiner, pieces: Pieces, batch: int, process: PartialState
) -> Iterator[Drawing]:
    """Draw every prompt's image and keep its scores; pieces that are there already are not made again.

    Prompt i is drawn with seed i. Each process takes every n-th piece, of n processes.
    """
    count, batch = len(examiner.prompts), max(batch // examiner.together, 1) * examiner.together
    starts = range(process.process_index * batch, count, process.num_processes * batch)
    mine = [range(start, min(start + batch, count)) for start in starts]
    pieces.folder.mkdir(parents=True, exist_ok=True)
    done = 0
    for rows in mine:
        path = pieces.of_rows(rows)
        if not path.exists():
            _save_whole(_scores(engine, run, examiner, rows), path)
        done += len(rows)
        yield Drawing(run.model.id, done, sum(map(len, mine)))


def compute_figures(examiner: Examiner, pieces: Pieces) -> dict[str, Figure | None]:
    """What all pieces of a system come to, each figure with its interval and n; None where there is none."""
    scores = pieces.join()
    return examiner.compute_figures(scores) | {"straightness": metrics.mean(scores["straightness"])}


def warm_seconds(engine: Sampler, run: ModelRun, prompts: Sequence[str]) -> list[float]:
    """Seconds of single images, each alone in its batch, cold ones left out: DESIGN's time of an image."""
    seconds: list[float] = []
    seed = 0
    while len(seconds) < TIMED and sum(seconds) <= TIMED_SECONDS:
        request = GenerationRequest.parse(
            prompts[seed % len(prompts)],
            run.model.id,
            seed=seed,
            steps=run.steps,
            guidance=run.guidance,
        )
        ready = [event for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady)]
        seconds += [event.timing.total_s for event in ready if event.timing.warm]
        seed += 1
    return seconds


def _scores(engine: Sampler, run: ModelRun, examiner: Examiner, rows: range) -> dict[str, Tensor]:
    samples = engine.sample(Batch(tuple(examiner.prompts[row] for row in rows), tuple(rows)), run)
    images = samples.pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    straightness = torch.full((len(rows),), torch.nan) if samples.straightness is None else samples.straightness.cpu()
    return examiner.score(rows, images) | {"straightness": straightness}


def _save_whole(scores: dict[str, Tensor], path: Path) -> None:
    """A run that is stopped while it writes must leave no half of a piece."""
    partial = path.with_suffix(".partial")
    save_file({name: values.contiguous() for name, values in scores.items()}, partial)
    partial.replace(path)
