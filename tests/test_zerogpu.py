"""The app as a Space on ZeroGPU: with Hugging Face's own package, against a stand-in of its device API.

There is no GPU here: what the package does to tensors is left out, and everything around that is as it is there.
"""

import base64
import json
import os
import pickle
import secrets
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image
from served import App, environment, running_app
from zerogpu_api import FULL, DeviceApi, serve

from instaflow_demo import events
from instaflow_demo.engines.pool import Job
from instaflow_demo.errors import Sentence
from instaflow_demo.machine.device import Placement
from instaflow_demo.measure import Measurement, Timing
from instaflow_demo.request import GenerationRequest
from instaflow_demo.ui.text import Language, translate
from instaflow_demo.zerogpu.duration import LONGEST_S, estimate_s
from instaflow_demo.zerogpu.refusals import BUSY, FAILED, INSTEAD, LOST, SPENT, GpuRefusedError, Quotas

SPACES = find_spec("spaces")
TOKEN = "e30." + base64.urlsafe_b64encode(b'{"user": "me"}').decode().rstrip("=") + ".e30"
MINI, SLOW = "instaflow-mini", "sd-mini"

needs_spaces = pytest.mark.skipif(SPACES is None, reason="the package spaces is not installed: pip install spaces")


# ---------------------------------------------------------------- how long a call may take


def jobs(*models: str, **options: Any) -> list[Job]:
    request = GenerationRequest.parse("a big dog", list(models), **options)
    return [Job(request, run, Placement("cuda", "float16")) for run in request.runs]


def test_more_is_asked_for_where_there_is_more_to_do() -> None:
    def seconds(*models: str, **options: Any) -> int:
        return estimate_s(jobs(*models, **options), cold=False)

    assert seconds(MINI) <= seconds(SLOW) < 10
    assert seconds("sd-1.5") < seconds("sd-1.5", images=4) < seconds("sd-1.5", images=4, steps=100)
    assert seconds("sd-1.5", size=512) < seconds("sd-1.5", size=768)
    assert seconds("sd-1.5") < seconds("sd-1.5", "2rf") < seconds("sd-1.5", "2rf", "text2im")
    assert seconds("sd-1.5") < estimate_s(jobs("sd-1.5"), cold=True) < estimate_s(jobs("sd-1.5"), cold=True, path=True)
    assert estimate_s(jobs(MINI), cold=True) < estimate_s(jobs(MINI), cold=True, cold_bytes=20 * 10**9)
    everything = ("sd-1.5", "sd-1.4", "2rf", "text2im", SLOW)
    assert seconds(*everything, images=8, size=None, steps=None) <= LONGEST_S


# ---------------------------------------------------------------- what a refusal means


def test_a_refusal_is_remembered_until_the_quota_is_filled_up() -> None:
    now = [0.0]
    quotas = Quotas(lambda: now[0])
    quotas.check("me", 60)
    told = "You have exceeded your free ZeroGPU quota (60s requested vs. 20s left). Try again in 0:10:00. "
    said = quotas.explain("me", 60, "ZeroGPU quota exceeded", told)
    assert said
    assert "20 s left" in said
    assert "10 minutes" in said
    with pytest.raises(GpuRefusedError, match="20 s left"):
        quotas.check("me", 60)
    quotas.check("me", 20)
    quotas.check("somebody else", 60)
    now[0] = 601
    quotas.check("me", 60)


@pytest.mark.parametrize(
    ("title", "message", "said"),
    [
        ("ZeroGPU quota exceeded", "vs. 0s left). Try again in 1 day, 2:00:00", "in 1560 minutes"),
        ("ZeroGPU quota exceeded", "Space app has reached its GPU limit.", SPENT),
        ("ZeroGPU pending credits exceeded", "You have too many ZeroGPU credits allocated", SPENT),
        ("ZeroGPU illegal duration", "The requested GPU duration (60s) is larger", "This could take 60 s"),
        ("ZeroGPU queue timeout", "No GPU was available after 60s", BUSY),
        ("ZeroGPU client error", "No GPU was available", BUSY),
        ("ZeroGPU worker error", "anything", None),
        ("", "connection refused", None),
    ],
)
def test_what_the_package_says_becomes_a_sentence_of_ours(title: str, message: str, said: str | None) -> None:
    explained = Quotas().explain("me", 60, title, message)
    assert (explained is None) if said is None else (said in (explained or ""))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "Your quota of the shared GPU has 20 s left, and this could take 60 s: ask for less, log in",
        ),
        (
            "pt-BR",
            "Sua cota da GPU compartilhada ainda tem 20 s, e isto pode levar 60 s: peça menos, entre",
        ),
        ("pt-PT", "Sua quota da GPU partilhada ainda tem 20 s, e isto pode levar 60 s: peça menos, entre"),
    ],
)
def test_refusals_and_waiting_are_said_in_every_language(language: Language, said: str) -> None:
    refused = Quotas().explain("me", 60, "ZeroGPU quota exceeded", "vs. 20s left). Try again in 0:10:00")
    assert translate(language, refused or "").startswith(said)
    for sentence in (BUSY, SPENT, FAILED, LOST, INSTEAD, *events.Waited.of(MINI, 1.5).notes):
        assert (translate(language, sentence) == sentence) == (language == "en")
    assert "1,5 s" in translate("pt-BR", events.Waited.of(MINI, 1.5).notes[0])


# ---------------------------------------------------------------- what crosses between processes

NOTES = (Sentence("{title} needs {size:.1f} GB.", title="SDXL", size=6.94),)
IMAGE = Image.new("RGB", (8, 8), (1, 2, 3))
TIMING = Timing(1, 2, 0.1, 0.2, 0.3, True)
MEASURED = Measurement(
    model=MINI,
    device="cuda",
    dtype="float16",
    steps=1,
    guidance=0.0,
    network_evaluations=1,
    load_s=0.0,
    passes=(TIMING,),
    peak_bytes=1,
    commit="",
    backend="eager",
    decoder="full",
)
MADE = [
    events.Loading(MINI, NOTES),
    events.Noted(MINI, NOTES),
    events.Waited.of(MINI, 1.5),
    events.Step(MINI, 0, 1, 1, 2, 0.5),
    events.Preview(MINI, 0, (IMAGE,)),
    events.Unrefined(MINI, 0, TIMING),
    events.ImageReady(MINI, 0, 7, IMAGE, TIMING, events.digest(IMAGE), notes=NOTES, metadata={"seed": 7}),
    events.Failed(MINI, NOTES[0]),
    events.Done(MINI, MEASURED),
    events.PathStep(MINI, 1, 2),
    events.PathFrame(MINI, 0, 1, 0.5, IMAGE, IMAGE),
    events.PathShape(MINI, ((0.0, 1.0),), ((0.0, 1.0),), 0.1, 0.9, None),
    events.FewSteps(MINI, 1, IMAGE),
]


@pytest.mark.parametrize("event", MADE, ids=lambda event: type(event).__name__)
def test_every_event_is_plain_data(event: Any) -> None:
    again = pickle.loads(pickle.dumps(event))
    assert again == event
    for note in getattr(again, "notes", ()):
        assert note.values == event.notes[0].values


def test_no_event_is_left_out() -> None:
    assert {type(event) for event in MADE} >= {*get_args(events.Event), *get_args(events.PathEvent)}


def test_jobs_are_plain_data() -> None:
    asked = jobs(MINI, "sd-1.5", "text2im", images=2)
    assert pickle.loads(pickle.dumps(asked)) == asked


# ---------------------------------------------------------------- the app


@dataclass(frozen=True)
class Space:
    """A running app and the device API that it asks."""

    app: App
    api: DeviceApi
    log: Path

    def ask(self, *models: str, visitor: str = "", **values: Any) -> str:
        """Everything that the page is sent for a run; `values` replace those of the untouched page."""
        with self.begin(*models, visitor=visitor or secrets.token_hex(4), **values) as answer:
            lines = answer.read().decode().splitlines()
        told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        return json.dumps(told, ensure_ascii=False)

    def begin(self, *models: str, visitor: str, **values: Any) -> Any:
        """Ask for a run, and return the open answer."""
        config = self.config()
        function = next(each for each in config["dependencies"] if each["api_name"] == "page")
        components = {component["id"]: component["props"] for component in config["components"]}
        given = {"models": list(models)} | values
        fields = [components[each] for each in function["inputs"]]
        body = {"data": [given.get(each.get("elem_id"), each.get("value")) for each in fields], "session_hash": visitor}
        begun = self._open("/gradio_api/call/page", body)
        return self._open(f"/gradio_api/call/page/{json.loads(begun.read())['event_id']}")

    def config(self) -> dict[str, Any]:
        return json.loads(self.app.get("/config")[1])

    def stop(self, visitor: str) -> None:
        """Press Stop."""
        config = self.config()
        button = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "stop")
        press = next(d for d in config["dependencies"] if [button, "click"] in d["targets"] and d["backend_fn"])
        values = ["en", *[0] * (len(press["inputs"]) - 1)]
        body = {"data": values, "fn_index": press["id"], "session_hash": visitor}
        self._open("/gradio_api/queue/join", body).close()

    def _open(self, path: str, body: Any = None) -> Any:
        headers = {"content-type": "application/json", "x-ip-token": TOKEN}
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(urllib.request.Request(self.app.url + path, data, headers), timeout=200)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    folder = tmp_path_factory.mktemp("zerogpu")
    api = DeviceApi()
    with serve(api) as address, started(folder, address) as app:
        yield Space(app, api, folder / "app.log")


def started(folder: Path, address: str) -> Any:
    assert SPACES
    assert SPACES.origin
    given = environment(folder)
    there = {
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": address,
        "SPACE_ID": "me/space",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HOME": str(folder / "home"),
        "PYTHONPATH": os.pathsep.join([given["PYTHONPATH"], str(Path(SPACES.origin).parents[1])]),
    }
    prefix = (sys.executable, "tests/zerogpu_start.py")
    return running_app(folder, "--offline", "--models", f"{MINI},{SLOW}", prefix=prefix, given=given | there)


@pytest.fixture
def api(space: Space) -> Iterator[DeviceApi]:
    """The device API as a new visitor finds it."""
    space.api.calls.clear()
    space.api.asked.clear()
    yield space.api
    space.api.left, space.api.answer = FULL, "lend"


@needs_spaces
def test_the_work_is_done_in_another_process_which_is_kept(space: Space, api: DeviceApi) -> None:
    """It starts there at all because a function is lent a GPU, which is told at launch; nobody asks to warm one up."""
    first = space.ask(MINI, SLOW)
    assert "Finished: 2 of 2 models." in first
    assert "The shared GPU was there after" in first
    assert api.calls == ["schedule", "allow", "release"]
    (worker,) = api.workers
    assert worker != space.app.process.pid
    again = space.ask(MINI)
    assert "Finished: 1 of 1 models." in again
    assert api.calls[3:] == ["schedule", "release"]
    assert api.workers == [worker]
    assert api.asked[1] < api.asked[0]


@needs_spaces
def test_models_are_loaded_before_anybody_comes(space: Space, api: DeviceApi) -> None:
    assert "Loading" not in space.ask(MINI)


@needs_spaces
def test_stop_ends_the_work_in_the_other_process(space: Space, api: DeviceApi) -> None:
    begun = time.monotonic()
    with space.begin(SLOW, visitor="impatient", images=8) as answer:
        while b"sd-mini" not in answer.readline() or api.calls[-1:] != ["schedule"]:
            pass
        space.stop("impatient")
        told = answer.read().decode()
    assert "Stopped" in told
    assert "1 of 1 models" not in told
    for _ in range(200):
        if not api.lent:
            break
        time.sleep(0.05)
    assert not api.lent
    assert api.calls[-1] == "release"
    assert time.monotonic() - begun < 60
    assert "Finished: 1 of 1 models." in space.ask(MINI)  # the same process goes on
    assert "allow" not in api.calls


@needs_spaces
def test_who_has_no_quota_left_is_drawn_for_by_the_processor(space: Space, api: DeviceApi) -> None:
    api.left = 0
    visitor = secrets.token_hex(4)
    for told in [space.ask(MINI, visitor=visitor) for _ in range(2)]:
        assert "0 s left" in told
        assert "processor draws" in told
        assert "1 of 1 models" in told
    assert api.calls == ["schedule"]  # the second time it is known


@needs_spaces
def test_where_no_gpu_is_free_the_processor_draws(space: Space, api: DeviceApi) -> None:
    api.answer = "none"
    told = space.ask(MINI)
    assert "No shared GPU is free now" in told
    assert "Finished: 1 of 1 models." in told
    api.answer = "lend"
    assert "The shared GPU was there after" in space.ask(MINI)


@needs_spaces
def test_who_waits_for_a_gpu_gets_it(space: Space, api: DeviceApi) -> None:
    api.answer = "wait"
    assert "The shared GPU was there after" in space.ask(MINI)


@needs_spaces
def test_a_process_that_dies_is_said_to_be_gone_and_the_next_one_draws(space: Space, api: DeviceApi) -> None:
    with space.begin(SLOW, visitor="unlucky", images=8) as answer:
        while not api.lent:
            time.sleep(0.05)
        time.sleep(1)
        os.kill(api.workers[-1], 9)
        told = answer.read().decode()
    assert "taken back" in told
    assert api.calls[-1] == "release!"
    assert "Finished: 1 of 1 models." in space.ask(MINI)
    assert "allow" in api.calls


@needs_spaces
def test_no_process_outlives_the_app(space: Space, api: DeviceApi) -> None:
    """But the test of the log comes after it."""
    space.ask(MINI)
    space.app.process.terminate()
    space.app.process.wait(60)
    for _ in range(200):
        if not Path(f"/proc/{api.workers[-1]}").exists():
            return
        time.sleep(0.05)
    pytest.fail("the process with the GPU is still there")


@needs_spaces
def test_nothing_went_wrong_unseen(space: Space) -> None:
    """Last, as it reads the log of the whole module: one traceback, of the process that was killed."""
    log = space.log.read_text(encoding="utf-8")
    assert log.count("Traceback") == log.count("the call on the shared GPU ended early") <= 1
