"""Paths that are recorded: the very steps of a click, what is drawn of them, and who has none to show."""

import math
from collections.abc import Iterator
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from small_sd import save_published

from instaflow_demo.engines.batches import Batch
from instaflow_demo.engines.latent import LatentEngine
from instaflow_demo.engines.pixels import to_pil
from instaflow_demo.events import Failed, FewSteps, ImageReady, Noted, PathEvent, PathFrame, PathShape, PathStep
from instaflow_demo.flow import project
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights

PROMPT = "a red heart on a blue background"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service(Weights())
    yield service
    service.close()


def ask(*models: str, prompt: str = PROMPT, **options) -> GenerationRequest:
    return GenerationRequest.parse(prompt, models, **{"seed": 5, "steps": 3, "backend": "eager", **options})


def of(kind, events: list[PathEvent], model: str) -> list:
    return [event for event in events if isinstance(event, kind) and event.model == model]


@pytest.fixture(scope="module")
def events(service: Service) -> list[PathEvent]:
    return list(service.follow(ask("instaflow-mini", "2rf-mini", "sd-mini")))


# ---------------------------------------------------------------- the plane


def test_a_straight_path_is_drawn_as_a_straight_line() -> None:
    x0, x1 = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    drawn = project([torch.lerp(x0, x1, t) for t in (0.0, 0.25, 0.5, 1.0)], [x1] * 4)
    assert drawn.points == tuple((pytest.approx(t, abs=1e-6), 0.0) for t in (0.0, 0.25, 0.5, 1.0))
    assert drawn.predictions == ((pytest.approx(1.0), 0.0),) * 4
    assert (drawn.deviation, drawn.share) == (0.0, 1.0)


def test_half_a_circle_is_drawn_as_half_a_circle() -> None:
    """Whatever plane it lies in: from (0, 0) over (1/2, 1/2) to (1, 0), with all of it in the plane."""
    across, up = torch.linalg.qr(torch.randn(64, 2))[0].T
    angles = [math.pi * i / 8 for i in range(9)]
    path = [3 + 2 * ((1 - math.cos(angle)) * across + math.sin(angle) * up) for angle in angles]
    drawn = project(path, path)
    expected = [((1 - math.cos(angle)) / 2, math.sin(angle) / 2) for angle in angles]
    assert np.allclose(drawn.points, expected, atol=1e-5)
    assert drawn.deviation == pytest.approx(0.5, abs=1e-5)
    assert drawn.share == pytest.approx(1, abs=1e-5)


def test_what_bends_out_of_the_plane_is_told() -> None:
    """Two equal deviations at right angles: the plane holds one of them."""
    path = [torch.tensor(point) for point in ([0.0, 0, 0], [1.0, 1, 0], [2.0, 0, 1], [3.0, 0, 0])]
    assert project(path, path).share == pytest.approx(0.5)


def test_a_path_that_does_not_move_is_a_point() -> None:
    assert project([torch.ones(3)] * 2, [torch.ones(3)]).points == ((0.0, 0.0), (0.0, 0.0))


# ---------------------------------------------------------------- the shipped models


@pytest.mark.parametrize(("model", "steps"), [("instaflow-mini", 1), ("2rf-mini", 3), ("sd-mini", 3)])
def test_there_is_a_frame_of_every_step_and_the_same_noise_in_fewer(
    events: list[PathEvent], model: str, steps: int
) -> None:
    frames = of(PathFrame, events, model)
    assert [frame.t for frame in frames] == pytest.approx([i / steps for i in range(steps + 1)])
    assert {frame.state.size for frame in frames} == {frame.prediction.size for frame in frames} == {(160, 160)}
    assert frames[-1].state is frames[-1].prediction
    fewer = of(FewSteps, events, model)
    assert [each.steps for each in fewer] == ([1] if steps == 1 else [1, 2, 3])
    assert fewer[-1].image is frames[-1].state
    assert np.array_equal(np.asarray(fewer[0].image), np.asarray(frames[0].prediction))  # one step goes straight on


def test_the_noise_is_the_same_for_all(events: list[PathEvent]) -> None:
    first = [np.asarray(of(PathFrame, events, model)[0].state) for model in ("instaflow-mini", "2rf-mini", "sd-mini")]
    assert np.array_equal(first[0], first[1])
    assert np.array_equal(first[0], first[2])


def test_reflow_straightens_the_path(events: list[PathEvent]) -> None:
    one, two, bent = (of(PathShape, events, model)[0] for model in ("instaflow-mini", "2rf-mini", "sd-mini"))
    assert one.straightness is None
    assert one.points == ((0.0, 0.0), (pytest.approx(1.0), 0.0))
    assert two.straightness < bent.straightness / 2
    assert two.deviation < bent.deviation / 2
    assert all(0 < shape.share <= 1 for shape in (one, two, bent))


def test_it_is_the_path_of_a_click_and_its_measured_straightness(service: Service) -> None:
    """The end of the path is the image of `generate` to the bit, and the straightness that of an evaluation."""
    request = ask("2rf-mini")
    run, (batch,) = request.runs[0], Batch.of(request, together=True)
    (drawn,) = (event for event in service.run(request) if isinstance(event, ImageReady))
    (shape,) = of(PathShape, list(service.follow(request)), "2rf-mini")
    engine = service.pool.loaded[-1].engine
    assert isinstance(engine, LatentEngine)
    *_, end = engine.follow(batch, run)
    assert to_pil(engine._decode(end.state, "full")())[0].tobytes() == drawn.image.tobytes()
    measured = engine.sample(batch, run).straightness
    assert measured is not None
    assert shape.straightness == pytest.approx(measured.item())


def test_steps_are_announced_and_closing_ends_the_work(service: Service) -> None:
    with closing(service.follow(ask("2rf-mini", steps=25))) as told:
        steps = list(islice((each for each in told if isinstance(each, PathStep)), 4))
    assert [(event.step, event.steps) for event in steps] == [(0, 25), (1, 25), (2, 25), (3, 25)]
    assert service.waiting == 0


def test_what_is_not_read_of_a_prompt_is_told(service: Service) -> None:
    told = list(service.follow(ask("instaflow-mini", prompt="a guitar " * 30)))
    (noted,) = of(Noted, told, "instaflow-mini")
    assert "left out" in noted.notes[0]


def test_a_cascade_has_no_path_and_the_others_go_on(service: Service) -> None:
    told = list(service.follow(ask("text2im-mini", "instaflow-mini", steps={})))
    (failed,) = of(Failed, told, "text2im-mini")
    assert failed.message.startswith("Text2im mini does not go from noise to image along one path")
    assert of(FewSteps, told, "instaflow-mini")


# ---------------------------------------------------------------- published models


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_published(tmp_path_factory.mktemp("published"))


def follow_published(folder: Path, *, safety: bool) -> list[PathEvent]:
    service = Service(Weights(folders={"sd-1.5": folder}), safety=safety)
    told = list(service.follow(ask("sd-1.5", size=256)))
    service.close()
    return told


def test_a_noise_schedule_has_times_and_no_straightness(published: Path) -> None:
    told = follow_published(published, safety=False)
    times = [frame.t for frame in of(PathFrame, told, "sd-1.5")]
    assert all(before < after for before, after in pairwise(times))
    assert (times[0] >= 0, times[-1]) == (True, 1.0)
    (shape,) = of(PathShape, told, "sd-1.5")
    assert shape.straightness is None


def test_nothing_is_shown_that_nobody_checked(published: Path) -> None:
    told = follow_published(published, safety=True)
    (failed,) = of(Failed, told, "sd-1.5")
    assert "checked for safety" in failed.message
    assert not of(PathFrame, told, "sd-1.5")
