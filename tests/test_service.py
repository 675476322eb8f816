"""The service on the shipped models: order, failures, and visitors who come at once."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from small_sd import save_published

from instaflow_demo import engines
from instaflow_demo.errors import ModelUnavailable
from instaflow_demo.events import Done, Event, Failed, ImageReady, Loading, Step
from instaflow_demo.gallery import Gallery, read_metadata
from instaflow_demo.machine import environment
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights


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

        def broken(spec, files, placement, plan, extras):
            if spec.id == model:
                raise error
            return load(spec, files, placement, plan, extras)

        monkeypatch.setattr(engines, "load", broken)

    return arrange


def ask(*models: str, **options) -> GenerationRequest:
    return GenerationRequest.parse("a big dog", models, **({"seed": 7, "steps": 2} | options))


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def until(condition: Callable[[], bool]) -> None:
    for _ in range(20_000):
        if condition():
            return
        time.sleep(0.005)
    pytest.fail("it never happened")


def test_events_come_in_order_one_model_after_another(tmp_path: Path) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    events = list(service.run(ask("instaflow-mini", "2rf-mini")))
    one, two = (["Loading", *["Step"] * steps, "ImageReady", "Done"] for steps in (1, 2))
    assert kinds(events) == one + two
    assert kinds(list(service.run(ask("instaflow-mini")))) == one[1:]  # loaded already
    service.close()


def test_saved_images_can_be_made_again_from_what_is_in_them(service: Service) -> None:
    *_, first = (e for e in service.run(ask("2rf-mini", seed=9, images=2)) if isinstance(e, ImageReady))
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
        (torch.OutOfMemoryError("CUDA out of memory"), "too little free memory for Stable Diffusion mini"),
        (ValueError("secret /path"), "Something went wrong (id "),
    ],
)
def test_a_model_that_fails_leaves_the_others(
    tmp_path: Path, fails: Callable, caplog: pytest.LogCaptureFixture, error: Exception, said: str
) -> None:
    fails("sd-mini", error)
    service = Service(Weights(), Gallery(tmp_path))
    events = list(service.run(ask("sd-mini", "instaflow-mini")))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.model == "sd-mini"
    assert said in failed.message
    assert "secret" not in failed.message
    assert "Traceback" not in failed.message
    quoted = re.findall(r"id (\w{8})", failed.message)
    assert quoted == [record.args[0] for record in caplog.records if record.args]
    assert [bool(record.exc_info) for record in caplog.records] == [True] * len(quoted)
    assert [event.model for event in events if isinstance(event, Done)] == ["instaflow-mini"]
    service.close()


def test_a_failed_load_can_be_tried_again(tmp_path: Path, fails: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    load = engines.load
    fails("instaflow-mini", MemoryError())
    assert kinds(list(service.run(ask("instaflow-mini")))) == ["Loading", "Failed"]
    monkeypatch.setattr(engines, "load", load)
    assert isinstance(list(service.run(ask("instaflow-mini")))[-1], Done)
    service.close()


def test_closing_ends_the_work_and_lets_the_next_visitor_in(service: Service) -> None:
    """Gradio may close a generator on another thread than the one that began it."""
    run = service.run(ask("sd-mini", steps=100))
    next(event for event in run if isinstance(event, Step))
    seen: list[Event] = []
    visitor = threading.Thread(target=lambda: seen.extend(service.run(ask("instaflow-mini"))), daemon=True)
    visitor.start()
    visitor.join(1)
    assert seen == []  # the device is taken
    closer = threading.Thread(target=run.close)
    closer.start()
    visitor.join(240)
    assert isinstance(seen[-1], Done)


def test_a_model_whose_folder_changes_is_loaded_again(tmp_path: Path) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    first, second = (save_published(tmp_path / name) for name in ("one", "two"))
    request = GenerationRequest.parse("a dog", "2rf", steps=1, size=256, save=False)
    for folder in (first, first, second):
        service.use_folder("2rf", str(folder))
        assert "Loading" in kinds(list(service.run(request)))
    assert "Loading" not in kinds(list(service.run(request)))
    with pytest.raises(ModelUnavailable, match="several checkpoints"):
        service.use_folder("2rf", str(tmp_path))
    assert "Loading" not in kinds(list(service.run(request)))
    service.close()


def test_visitors_at_once_wait_for_each_other_and_get_their_own(service: Service) -> None:
    seen: dict[int, list[Event]] = {}

    def visit(seed: int) -> None:
        seen[seed] = list(service.run(ask("instaflow-mini", seed=seed, images=3)))

    def digests(events: list[Event]) -> list[str]:
        return [event.sha256 for event in events if isinstance(event, ImageReady)]

    visitors = [threading.Thread(target=visit, args=(100 * n,)) for n in range(1, 5)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(240)
    for seed, events in seen.items():
        assert [e.seed for e in events if isinstance(e, ImageReady)] == [seed, seed + 1, seed + 2]
    alone = list(service.run(ask("instaflow-mini", seed=300, images=3, save=False)))
    assert digests(seen[300]) == digests(alone)
    paths = [e.path for events in seen.values() for e in events if isinstance(e, ImageReady)]
    assert len(set(paths)) == 12


def test_visitors_have_their_turns_in_the_order_in_which_they_came(service: Service) -> None:
    """A warm-up, which asks again as soon as it is served, does not pass who waits."""
    order: list[int] = []

    def visit(seed: int) -> None:
        for event in service.run(ask("instaflow-mini", seed=seed, save=False)):
            if isinstance(event, Done):
                order.append(seed)

    first = service.run(ask("2rf-mini", save=False))
    next(first)
    visitors = [threading.Thread(target=visit, args=(seed,), daemon=True) for seed in range(5)]
    for count, visitor in enumerate(visitors, start=2):
        visitor.start()
        until(lambda count=count: service.waiting == count)
    first.close()
    visit(5)
    for visitor in visitors:
        visitor.join(240)
    assert order == [0, 1, 2, 3, 4, 5]
    assert not service.waiting


def test_without_a_gallery_nothing_is_saved() -> None:
    service = Service(Weights())
    *_, image, _ = service.run(ask("instaflow-mini", save=False))
    assert isinstance(image, ImageReady)
    assert image.path is None
    service.close()


def test_a_batch_is_measured_once(service: Service) -> None:
    *_, done = service.run(ask("instaflow-mini", images=2, batched=True))
    assert isinstance(done, Done)
    assert done.measurement.images == 2


def test_an_image_that_cannot_be_saved_is_shown_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    service = Service(Weights(), Gallery(tmp_path / "file" / "images"))
    *_, image, done = service.run(ask("instaflow-mini"))
    assert isinstance(image, ImageReady)
    assert image.path is None
    assert "could not be saved" in image.notes[-1]
    assert isinstance(done, Done)
    service.close()


def test_another_precision_than_was_asked_for_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "cpu_flags", lambda: "sse4_2 avx avx2 fma")
    service = Service(Weights(), Gallery(tmp_path))
    loading, *_, image, _ = service.run(ask("instaflow-mini", device="cpu", dtype="float16"))
    assert isinstance(loading, Loading)
    assert isinstance(image, ImageReady)
    assert "float16" in loading.notes[0]
    assert image.notes == loading.notes
    service.close()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_missing_fails_every_model_with_a_sentence(service: Service) -> None:
    events = list(service.run(ask("instaflow-mini", "2rf-mini", device="cuda")))
    assert kinds(events) == ["Failed", "Failed"]
    assert all(isinstance(event, Failed) and "no usable CUDA GPU" in event.message for event in events)


def test_availability_names_every_model(service: Service) -> None:
    found = service.availability()
    assert found["instaflow-mini"].available
    assert all(state.available or state.reason for state in found.values())
