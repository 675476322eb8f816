"""Paths that were recorded once and are kept, so that the page has films to show before anybody presses a button.

A folder holds `paths.json` and a sheet of each model: x_t at each time in its first row, below it the final images
predicted then, and last the same noise in fewer steps.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from ..errors import DemoError
from ..events import Failed, FewSteps, PathEvent, PathFrame, PathShape
from ..request import GenerationRequest

FOLDER = Path(__file__).parents[2] / "assets" / "results" / "first-paths"
_FILE, _QUALITY = "paths.json", 70  # of WebP


def store_paths(request: GenerationRequest, events: Iterable[PathEvent], folder: Path) -> None:
    """Write the paths that `events` tell of into `folder`, whose files of that name go.

    Raises:
        DemoError: with the sentence of a model that failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = list(events)
    for event in told:
        if isinstance(event, Failed):
            raise DemoError(event.message)
    paths = [_store([each for each in told if each.model == run.model.id], folder) for run in request.runs]
    said = {"prompt": request.prompt, "seed": request.seed, "paths": paths}
    (folder / _FILE).write_text(json.dumps(said, ensure_ascii=False) + "\n", encoding="utf-8")


def load_paths(folder: Path, models: Sequence[str]) -> tuple[GenerationRequest, tuple[PathEvent, ...]] | None:
    """The request and the events of those paths in `folder` that are of these models; None where there are none."""
    file = folder / _FILE
    if not file.is_file():
        return None
    said = json.loads(file.read_text(encoding="utf-8"))
    paths = [path for path in said["paths"] if path["shape"]["model"] in models]
    if not paths:
        return None
    steps = {path["shape"]["model"]: len(path["times"]) - 1 for path in paths}
    request = GenerationRequest.parse(said["prompt"], list(steps), seed=said["seed"], steps=steps, save=False)
    return request, tuple(event for path in paths for event in _load(path, folder))


def _store(events: Sequence[PathEvent], folder: Path) -> dict[str, Any]:
    (shape,) = (event for event in events if isinstance(event, PathShape))
    frames = [event for event in events if isinstance(event, PathFrame)]
    few = [event for event in events if isinstance(event, FewSteps)]
    rows = ([frame.state for frame in frames], [frame.prediction for frame in frames], [each.image for each in few])
    side = frames[0].state.width
    sheet = Image.new("RGB", (side * max(map(len, rows)), side * len(rows)))
    for top, row in enumerate(rows):
        for left, image in enumerate(row):
            sheet.paste(image, (left * side, top * side))
    sheet.save(folder / f"{shape.model}.webp", "WEBP", quality=_QUALITY, method=6)
    return {"shape": asdict(shape), "times": [frame.t for frame in frames], "few": [each.steps for each in few]}


def _load(said: dict[str, Any], folder: Path) -> Iterator[PathEvent]:
    shape = said["shape"] | {name: tuple(map(tuple, said["shape"][name])) for name in ("points", "predictions")}
    model, times = shape["model"], said["times"]
    with Image.open(folder / f"{model}.webp") as file:
        sheet = file.convert("RGB")
    side = sheet.height // 3

    def tile(row: int, column: int) -> Image.Image:
        return sheet.crop((column * side, row * side, (column + 1) * side, (row + 1) * side))

    yield PathShape(**shape)
    for number, t in enumerate(times):
        yield PathFrame(model, number, len(times) - 1, t, tile(0, number), tile(1, number))
    for number, steps in enumerate(said["few"]):
        yield FewSteps(model, steps, tile(2, number))
