"""Damaged checkpoints: a sentence within seconds, and nobody waits for it, or the image that the whole one draws."""

import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from damaged import Damage, copied, every_damage, save_whole

from instaflow_demo.engines.refiner import Refiner
from instaflow_demo.errors import DemoError
from instaflow_demo.events import Event, Failed, ImageReady
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine.device import Placement
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.ui.text import translate
from instaflow_demo.weights.locate import ModelFiles, Weights

MOST_S = 5.0
MODELS = {"glide": "text2im"}
DAMAGES = every_damage()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory):
    """A checkpoint of each kind, made when it is asked for."""
    home = tmp_path_factory.mktemp("whole")
    return cache(lambda kind: save_whole(kind, home / kind))


@pytest.fixture(scope="module")
def wanted(whole, tmp_path_factory: pytest.TempPathFactory):
    """The SHA-256 of the image that the whole checkpoint of a kind draws, each drawn once."""
    out = tmp_path_factory.mktemp("drawn")
    return cache(lambda kind: drawn(run(kind, whole(kind), out)[0]))


@pytest.fixture
def damaged(whole, tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "damaged"
    shutil.rmtree(tmp_path / "damaged", ignore_errors=True)


def run(kind: str, folder: Path, out: Path) -> tuple[list[Event], float, bool]:
    """The events of a request, the processor seconds until the first one, and whether the device was taken by then."""
    model = MODELS.get(kind, "sd-1.5")
    service = Service(Weights(folders={model: folder}), Gallery(out), safety=kind == "checked")
    settings = {"steps": 10} if model == "text2im" else {"steps": 1, "size": 256}
    request = GenerationRequest.parse("a big dog", model, seed=3, save=False, **settings)
    events: list[Event] = []
    first: list[tuple[float, bool]] = []

    def work() -> None:
        started = time.process_time()
        for event in service.run(request):
            first.append((time.process_time() - started, service.waiting > 0))
            events.append(event)
        service.close()

    in_time(work)
    return events, *first[0]


def refined(folder: Path) -> tuple[list[Event], float, bool]:
    """The same of the refiner, which is read when images wait for it."""
    events: list[Event] = []
    started = time.process_time()

    def work() -> None:
        try:
            Refiner.load(ModelFiles(folder), Placement("cpu", "float32")).close()
        except DemoError as error:
            events.append(Failed("sdxl-refiner", error.sentence))

    in_time(work)
    return events, time.process_time() - started, False


def in_time(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(240)
    assert not thread.is_alive(), "it hangs"


def drawn(events: list[Event]) -> str:
    (event,) = [event for event in events if isinstance(event, ImageReady)]
    return event.sha256


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_a_damaged_checkpoint_is_a_sentence_or_the_right_image(
    damage: Damage, whole, wanted, damaged: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage.do(copied(whole(damage.kind), damaged))
    events, seconds, held = refined(damaged) if damage.kind == "refiner" else run(damage.kind, damaged, tmp_path)
    sentence = next((event.message for event in events if isinstance(event, Failed)), "")
    assert "Something went wrong" not in sentence, caplog.text
    if not sentence:
        assert not damage.said
        assert drawn(events) == wanted(damage.kind)
        return
    assert re.search(damage.said, sentence, re.DOTALL), sentence
    assert sentence.endswith(".")
    assert translate("pt-BR", sentence) != sentence, sentence
    assert not held
    assert seconds < MOST_S


def test_there_are_many_of_each_kind() -> None:
    kinds = Counter(damage.kind for damage in DAMAGES)
    assert sum(kinds.values()) >= 143
    assert len({str(damage) for damage in DAMAGES}) == len(DAMAGES)
    assert min(kinds.values()) > 5
