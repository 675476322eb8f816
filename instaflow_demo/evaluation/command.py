"""What `python -m instaflow_demo evaluate` does: every system in turn, on all processes, and the figures of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import PartialState
from tqdm import tqdm

from .. import engines
from ..engines.unread import PROMPT
from ..errors import InvalidRequest, Sentence
from ..machine import device
from ..machine.device import Placement
from ..machine.environment import fingerprint
from ..measure import Figure
from ..request import GenerationRequest, ModelRun
from ..weights.locate import Weights
from . import metrics, photos, whole_scenes
from .prompts import PromptSet
from .run import Examiner, Pieces, compute_figures, draw_all, warm_seconds
from .scenes import SceneExaminer

FURTHER = 2000
_BATCHES = {"cuda": 64, "cpu": 8}
_PREFIX: Mapping[PromptSet, str] = {
    "captions": "captions_",
    "portuguese": "portuguese_",
    "held-out": "held_out_",
    "seeds": "",
    "synonyms": "synonyms_",
}


@dataclass(frozen=True)
class Evaluation:
    """What to evaluate. `metrics` are "fid" and "clip-vit", which need photographs; without them, the judge judges.

    Of the sets of prompts after the first, `FURTHER` prompts are enough.
    """

    requests: tuple[GenerationRequest, ...]
    prompts: int
    prompt_sets: tuple[PromptSet, ...] = ("captions",)
    metrics: tuple[str, ...] = ()
    photographs: Path | None = None
    captions: Path | None = None
    batch: int | None = None
    unproven_judge: bool = False

    @property
    def runs(self) -> tuple[ModelRun, ...]:
        return tuple(run for request in self.requests for run in request.runs)

    @property
    def notes(self) -> Iterator[str]:
        """What of all this has no effect."""
        yield from (note for request in self.requests for note in request.notes)
        if self.metrics and self.prompt_sets != ("captions",):
            yield f"The prompts are the photographs' captions, so --set {self.prompt_sets[0]} has no effect."
        if not self.metrics and (self.photographs or self.captions):
            yield "Without --metric our judge judges, so --reference and --captions have no effect."


def parse_runs(names: str, *, steps: int | None = None, **settings: Any) -> tuple[GenerationRequest, ...]:
    """Systems from ids with commas between them; ID@STEPS takes so many steps. Each is a request for one of them.

    Raises:
        InvalidRequest: for an id or a number that cannot be.
    """
    requests = []
    for name in filter(None, map(str.strip, names.split(","))):
        model, _, own = name.partition("@")
        if own and not (own.isascii() and own.isdecimal()):
            raise InvalidRequest(
                {
                    "models": Sentence(
                        "{name} is not like ID@STEPS: write {model}@1, for example.", name=name, model=model
                    )
                }
            )
        asked = int(own) if own else steps
        requests.append(GenerationRequest.parse("a prompt", model, steps=asked, **settings))
    if not requests:
        raise InvalidRequest({"models": Sentence("Choose at least one model with --models.")})
    return tuple(requests)


def evaluate(what: Evaluation, weights: Weights, work: Path) -> dict[str, Any] | None:
    """The environment, the judge and a result for each system; None on all processes but the main one.

    Pieces are kept in `work` until all is done, so that a run that was stopped goes on where it was.

    Raises:
        InvalidRequest: when photographs or captions are not what they should be.
        ModelUnavailable: when a system or the judge cannot be loaded.
    """
    placement = device.choose(what.requests[0].device, what.requests[0].dtype)
    process = PartialState(cpu=placement.device == "cpu")
    papers = _papers(what, weights.models_dir, placement.device)
    drawn = [_draw_system(run, what, weights, papers, work, process, placement) for run in what.runs]
    process.wait_for_everyone()
    for number, system in enumerate(drawn):  # a minute's work on one core: each process takes its share
        if number % process.num_processes == process.process_index:
            system.save_figures(papers)
    process.wait_for_everyone()
    if not process.is_main_process:
        return None
    results = [system.result(papers) for system in drawn]
    for system in drawn:
        system.remove()
    return {"environment": fingerprint().to_dict(), "judge": papers[0].examiner.about, "results": results}


@dataclass(frozen=True)
class _Paper:
    """A set of prompts and who scores their images. The names of its figures begin with `prefix`."""

    examiner: Examiner
    prompt_set: PromptSet
    prefix: str = ""


@dataclass(frozen=True)
class _Drawn:
    """A system whose images are all drawn and scored: its pieces for each paper, and its time of an image."""

    run: ModelRun
    pieces: tuple[Pieces, ...]
    seconds: Figure | None
    read_in_part: int

    def save_figures(self, papers: Sequence[_Paper]) -> None:
        for paper, pieces in zip(papers, self.pieces, strict=True):
            pieces.save_figures(compute_figures(paper.examiner, pieces))

    def result(self, papers: Sequence[_Paper]) -> dict[str, Any]:
        """The system's row: every figure with its interval and n, null where there is none."""
        found = {
            paper.prefix + name: figure
            for paper, pieces in zip(papers, self.pieces, strict=True)
            for name, figure in pieces.load_figures().items()
            if name != "straightness" or paper is papers[0]
        }
        return {
            "model": self.run.model.id,
            "steps": self.run.steps,
            "guidance": self.run.guidance,
            "prompts": len(papers[0].examiner.prompts),
            "network_evaluations": self.run.network_evaluations,
            **found,
            "seconds_per_image": self.seconds and asdict(self.seconds),
            "prompts_read_in_part": self.read_in_part,
        }

    def remove(self) -> None:
        for pieces in self.pieces:
            pieces.remove()


def _papers(what: Evaluation, models: Path, where: str) -> list[_Paper]:
    if what.metrics:
        return [_Paper(_photo_examiner(what, where), "captions")]
    first, *others = what.prompt_sets
    few = min(what.prompts, FURTHER)
    return [
        _Paper(_scene_examiner(first, what, models, where, what.prompts), first),
        *(_Paper(_scene_examiner(name, what, models, where, few), name, _PREFIX[name]) for name in others),
    ]


def _scene_examiner(prompt_set: PromptSet, what: Evaluation, models: Path, where: str, count: int) -> Examiner:
    """Who judges a set of prompts: the judge that lies beside the shipped models decides what they are about."""
    if not whole_scenes.is_there(models):
        return SceneExaminer(models, prompt_set, count, where, unproven=what.unproven_judge)
    if prompt_set == "seeds":
        return whole_scenes.SeedsExaminer(count, where)
    return whole_scenes.WholeSceneExaminer(models, prompt_set, count, where, unproven=what.unproven_judge)


def _photo_examiner(what: Evaluation, where: str) -> Examiner:
    if what.photographs is None or what.captions is None:
        raise InvalidRequest(
            {"metric": Sentence("FID and CLIP score need photographs: give --reference and --captions.")}
        )
    sizes = {run.size for run in what.runs}
    if len(sizes) > 1:
        raise InvalidRequest(
            {"models": Sentence("These models make images of different sizes: evaluate them one by one.")}
        )
    return photos.PhotoExaminer(
        photos.read_captions(what.photographs, what.captions, what.prompts),
        sizes.pop(),
        photos.load_inception(where) if "fid" in what.metrics else None,
        photos.clip_vit(where) if "clip-vit" in what.metrics else None,
    )


def _draw_system(
    run: ModelRun,
    what: Evaluation,
    weights: Weights,
    papers: Sequence[_Paper],
    work: Path,
    process: PartialState,
    placement: Placement,
) -> _Drawn:
    """Draw a system's images for all papers, on all processes; the main one then times single images."""
    files = weights.locate(run.model)
    folders = [files.root, files.shared or files.root, weights.models_dir / "judge"]
    # a CPU has no room for several large images of a cascade: each would take longer than alone
    batch = what.batch or (1 if run.model.together and placement.device == "cpu" else _BATCHES[placement.device])
    kept = [
        Pieces.of(work, run, folders, paper.prompt_set, what.metrics, len(paper.examiner.prompts), placement.key, batch)
        for paper in papers
    ]
    engine = cast(engines.Sampler, engines.load(run.model, files, placement))  # only the stock pipeline is no sampler
    try:
        for paper, pieces in zip(papers, kept, strict=True):
            _draw_paper(engine, run, paper, pieces, batch, process)
        process.wait_for_everyone()
        seconds = _seconds(engine, run, papers[0]) if process.is_main_process else None
        process.wait_for_everyone()
        return _Drawn(run, tuple(kept), seconds, _read_in_part(engine, run, papers[0].examiner, process))
    finally:
        engine.close()


def _draw_paper(
    engine: engines.Sampler, run: ModelRun, paper: _Paper, pieces: Pieces, batch: int, process: PartialState
) -> None:
    total, title = len(paper.examiner.prompts), f"{run.model.id} {paper.prompt_set}"
    with tqdm(total=total, desc=title, unit="image", disable=not process.is_main_process) as bar:
        for progress in draw_all(engine, run, paper.examiner, pieces, batch, process):
            bar.update(min(progress.done * process.num_processes, total) - bar.n)


def _seconds(engine: engines.Sampler, run: ModelRun, paper: _Paper) -> Figure | None:
    return metrics.mean(torch.tensor(warm_seconds(engine, run, paper.examiner.prompts)))


def _read_in_part(engine: engines.Sampler, run: ModelRun, examiner: Examiner, process: PartialState) -> int:
    """How many of the prompts are too long for a system, or hold what it does not know."""
    part = sum(any(engine.reader(run).notes({PROMPT: prompt})) for prompt in examiner.prompts)
    if part and process.is_main_process:
        tqdm.write(f"{run.model.title} does not read all of {part:,} of the {len(examiner.prompts):,} prompts.")
    return part
