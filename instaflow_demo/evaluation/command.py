"""What `python -m instaflow_demo evaluate` does: every system in turn, on all processes, and the figures of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from accelerate import PartialState
from tqdm import tqdm

from .. import engines
from ..engines.unread import PROMPT
from ..errors import InvalidRequest, Sentence
from ..machine import device
from ..machine.device import Placement
from ..machine.environment import fingerprint
from ..request import GenerationRequest, ModelRun
from ..weights.locate import Weights
from . import photos
from .prompts import PromptSet
from .run import Examiner, Pieces, draw_all, result
from .scenes import SceneExaminer

_BATCHES = {"cuda": 64, "cpu": 8}


@dataclass(frozen=True)
class Evaluation:
    """What to evaluate. `metrics` are "fid" and "clip-vit", which need photographs; without them, the judge judges."""

    requests: tuple[GenerationRequest, ...]
    prompts: int
    prompt_set: PromptSet = "captions"
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
        if self.metrics and self.prompt_set != "captions":
            yield f"The prompts are the photographs' captions, so --set {self.prompt_set} has no effect."
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

    Pieces are kept in `work` until a system is done, so that a run that was stopped goes on where it was.

    Raises:
        InvalidRequest: when photographs or captions are not what they should be.
        ModelUnavailable: when a system or the judge cannot be loaded.
    """
    placement = device.choose(what.requests[0].device, what.requests[0].dtype)
    process = PartialState(cpu=placement.device == "cpu")
    examiner = _examiner(what, weights, placement.device)
    results = [_evaluate_system(run, what, weights, examiner, work, process, placement) for run in what.runs]
    if not process.is_main_process:
        return None
    return {"environment": fingerprint().to_dict(), "judge": examiner.about, "results": results}


def _examiner(what: Evaluation, weights: Weights, where: str) -> Examiner:
    if not what.metrics:
        return SceneExaminer(weights.models_dir, what.prompt_set, what.prompts, where, unproven=what.unproven_judge)
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


def _evaluate_system(
    run: ModelRun,
    what: Evaluation,
    weights: Weights,
    examiner: Examiner,
    work: Path,
    process: PartialState,
    placement: Placement,
) -> dict[str, Any] | None:
    files = weights.locate(run.model)
    folders = [files.root, files.shared or files.root, weights.models_dir / "judge"]
    # a CPU has no room for several large images of a cascade: each would take longer than alone
    batch = what.batch or (1 if run.model.together and placement.device == "cpu" else _BATCHES[placement.device])
    pieces = Pieces.of(work, run, folders, what.prompt_set, what.metrics, what.prompts, placement.key, batch)
    engine = cast(engines.Sampler, engines.load(run.model, files, placement))  # only the stock pipeline is no sampler
    part = sum(any(engine.reader(run).notes({PROMPT: prompt})) for prompt in examiner.prompts)
    if part and process.is_main_process:
        tqdm.write(f"{run.model.title} does not read all of {part:,} of the {len(examiner.prompts):,} prompts.")
    try:
        drawing = draw_all(engine, run, examiner, pieces, batch, process)
        total, quiet = len(examiner.prompts), not process.is_main_process
        with tqdm(total=total, desc=run.model.id, unit="image", disable=quiet) as bar:
            for progress in drawing:
                bar.update(min(progress.done * process.num_processes, len(examiner.prompts)) - bar.n)
        process.wait_for_everyone()
        found = result(engine, run, examiner, pieces) if process.is_main_process else None
        process.wait_for_everyone()
    finally:
        engine.close()
    if process.is_main_process:
        pieces.remove()
    return found and found | {"prompts_read_in_part": part}
