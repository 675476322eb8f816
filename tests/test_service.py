"""The service on the shipped models: order, failures, and visitors who come at once."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from instaflow_demo import engines
from instaflow_demo.errors import ModelUnavailable
from instaflow_demo.events import Done, Event, Failed, ImageReady, Step
from instaflow_demo.gallery import Gallery, read_metadata
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.weights import Weights


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(Weights(), Gallery(tmp_path_factory.mktemp("images")))
    yield service
    service.close()


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Exception], None]:
    """Let loading one model fail."""

    def arrange(model: str, error: Exception) -> None:
        load = engines.load

        def broken(spec, files, placement):
            if spec.id == model:
                raise error
            return load(spec, files, placement)

        monkeypatch.setattr(engines, "load", broken)

    return arrange


def ask(*models: str, **options) -> GenerationRequest:
    return GenerationRequest.parse("a big dog", models, **({"seed": 7, "steps": 2} | options))


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_events_come_in_order_one_model_after_another(tmp_path: Path) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    events = list(service.run(ask("instaflow-mini", "2rf-mini")))
    one, two = (["Loading", *["Step"] * steps, "ImageReady", "Done"] for steps in (1, 2))
    assert kinds(events) == one + two
    assert kinds(list(service.run(ask("instaflow-mini")))) == one[1:]  # loaded already
    service.close()


def test_saved_images_can_be_made_again_from_what_is_in_them(service: Service) -> None:
    first = next(e for e in service.run(ask("2rf-mini", seed=9)) if isinstance(e, ImageReady))
    assert first.path
    told = read_metadata(first.path)
    again = ask(told["model"], seed=told["seed"], steps=told["steps"], guidance=told["guidance"], save=False)
    second = next(e for e in service.run(again) if isinstance(e, ImageReady))
    assert second.sha256 == first.sha256 == told["sha256"]
    assert second.path is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelUnavailable("Its weights are gone: restore them."), "restore them"),
        (ValueError("secret /path"), "Something went wrong (id "),
    ],
)
def test_a_model_that_fails_leaves_the_others(tmp_path: Path, fails: Callable, error: Exception, said: str) -> None:
    fails("sd-mini", error)
    service = Service(Weights(), Gallery(tmp_path))
    events = list(service.run(ask("sd-mini", "instaflow-mini")))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.model == "sd-mini"
    assert said in failed.message
    assert "secret" not in failed.message
    assert [event.model for event in events if isinstance(event, Done)] == ["instaflow-mini"]
    service.close()


def test_a_failed_load_can_be_tried_again(tmp_path: Path, fails: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    with monkeypatch.context():
        fails("instaflow-mini", MemoryError())
        assert kinds(list(service.run(ask("instaflow-mini")))) == ["Loading", "Failed"]
        monkeypatch.undo()
    assert isinstance(list(service.run(ask("instaflow-mini")))[-1], Done)
    service.close()


def test_closing_ends_the_work_and_frees_the_service(service: Service) -> None:
    run = service.run(ask("sd-mini", steps=100))
    for event in run:
        if isinstance(event, Step):
            break
    run.close()
    assert isinstance(list(service.run(ask("instaflow-mini")))[-1], Done)


def test_the_least_recently_used_model_is_unloaded(tmp_path: Path) -> None:
    service = Service(Weights(), Gallery(tmp_path), loaded_models=1)

    def loads(model: str) -> bool:
        return "Loading" in kinds(list(service.run(ask(model))))

    assert [loads(m) for m in ("instaflow-mini", "instaflow-mini", "2rf-mini", "instaflow-mini")] == [1, 0, 1, 1]
    service.close()


def test_visitors_at_once_wait_for_each_other_and_get_their_own(service: Service) -> None:
    seen: dict[int, list[Event]] = {}

    def visit(seed: int) -> None:
        seen[seed] = list(service.run(ask("instaflow-mini", seed=seed, images=3)))

    visitors = [threading.Thread(target=visit, args=(100 * n,)) for n in range(1, 5)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(60)
    for seed, events in seen.items():
        assert [e.seed for e in events if isinstance(e, ImageReady)] == [seed, seed + 1, seed + 2]
    paths = [e.path for events in seen.values() for e in events if isinstance(e, ImageReady)]
    assert len(set(paths)) == 12


def test_availability_names_every_model(service: Service) -> None:
    found = service.availability()
    assert found["instaflow-mini"].available
    assert all(state.available or state.reason for state in found.values())
