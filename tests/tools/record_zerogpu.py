"""Record what a ZeroGPU Space does, on a machine with a GPU: the whole app with Hugging Face's own package `spaces`.

    PYTHONPATH=.:tests python tests/tools/record_zerogpu.py WEIGHTS RECORD.json

WEIGHTS is a checkpoint of Stable Diffusion's layout, such as tests/tools/full_size.py makes; the device API is the
tests' stand-in. With --without-cuda all is as in the tests, to try this out. It takes two minutes.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gradio_client import Client
from zerogpu_api import FULL, DeviceApi, serve

PORT = 7871
ONE, MANY, SHIPPED = "instaflow-0.9b", "sd-1.5", "instaflow-mini"
TOKEN = "e30.e30.e30"  # what tells `spaces` whose quota counts
LATER = 10
PATIENCE_S = 180


@dataclass
class Recorder:
    """The steps so far. Each has the wall-clock seconds of the call and what the API said, without the pixels."""

    client: Client
    api: DeviceApi
    smaller: Mapping[str, Any]  # what the model of many steps draws where there is no GPU
    steps: list[dict[str, Any]] = field(default_factory=list)

    def note(self, name: str, began: float, **facts: Any) -> dict[str, Any]:
        seconds = round(time.monotonic() - began, 4)
        step = {"step": name, "wall_seconds": seconds, "asked_seconds": self.api.asked[-1:], **facts}
        self.steps.append(step)
        sys.stdout.write(f"{name}: {seconds:.2f} s {facts.get('error') or facts.get('notes') or ''}\n")
        sys.stdout.flush()
        return step

    def draw(self, name: str, model: str, **options: Any) -> None:
        """Draw by the endpoint `generate`."""
        began = time.monotonic()
        options |= self.smaller if model == MANY else {}
        try:
            said = self.client.predict("A big dog", model=model, seed=7, **options, api_name="/generate")
        except Exception as error:  # noqa: BLE001 - recorded, whatever it is
            self.note(name, began, error=str(error))
            return
        (result,) = said["results"]
        images = [{key: value for key, value in image.items() if key != "image"} for image in result["images"]]
        self.note(name, began, **{**result, "images": images})


def main(weights: Path, record: Path, *, cuda: bool) -> None:
    began, api = time.monotonic(), DeviceApi(uuid=card("uuid") if cuda else "GPU-0")
    with serve(api) as address, running(address, weights, cuda=cuda) as log:
        ready = time.monotonic() - began
        client = Client(f"http://127.0.0.1:{PORT}", headers={"x-ip-token": TOKEN}, verbose=False)
        recorder = Recorder(client, api, {} if cuda else {"steps": 2, "size": 256})
        record_draws(recorder)
        record_stop(recorder)
        record_refusals(recorder)
        record_release(recorder)
        environment = recorder.client.predict("A big dog", model=ONE, seed=7, api_name="/generate")["environment"]
        told = log.read_text(errors="replace")
    facts = {
        "gpu": card("name") if cuda else "none",
        "ready_seconds": round(ready, 2),
        "steps": recorder.steps,
        "device_api": asdict(api),
        "environment_as_told": environment,
        "versions": versions(),
        "packing": [line for line in told.replace("\r", "\n").splitlines() if "packing" in line][-1:],
        "tracebacks": told.count("Traceback"),
        "log_end": told[-4000:],
    }
    record.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def record_draws(recorder: Recorder) -> None:
    """First images, and later ones."""
    recorder.draw("first image of one step", ONE)
    for number in range(1 if recorder.smaller else LATER):
        recorder.draw(f"later image of one step, {number + 1}", ONE)
    recorder.draw("first image of 25 steps", MANY)
    for number in range(3):
        recorder.draw(f"later image of 25 steps, {number + 1}", MANY)
    recorder.draw("four images of 25 steps", MANY, images=4)
    recorder.draw("first image of the shipped model", SHIPPED)
    recorder.draw("later image of the shipped model", SHIPPED)


def record_stop(recorder: Recorder) -> None:
    """A run of the page that its visitor stops: when the page says so, and when the GPU is given back."""
    visitor, api = secrets.token_hex(6), recorder.api
    config = get("/config")
    answer = begin_run(config, visitor)
    while not api.lent:
        time.sleep(0.01)
    time.sleep(1.5)
    began = time.monotonic()
    post("/gradio_api/queue/join", stop_press(config, visitor)).close()
    told = answer.read().decode()
    said = time.monotonic() - began
    while api.lent and time.monotonic() - began < PATIENCE_S:
        time.sleep(0.005)
    recorder.note("stop", began, said_seconds=round(said, 4), stopped="Stopped" in told, calls=api.calls[-2:])
    recorder.draw("image after the stop", ONE)


def record_refusals(recorder: Recorder) -> None:
    """A quota that is spent, and no GPU that is free."""
    recorder.api.left = 0
    recorder.draw("quota spent, published model", ONE)
    recorder.draw("quota spent, shipped model", SHIPPED)
    recorder.api.left, recorder.api.answer = FULL, "none"
    recorder.client = Client(recorder.client.src, headers={"x-ip-token": TOKEN}, verbose=False)  # another visitor
    recorder.draw("no GPU free, shipped model", SHIPPED)
    recorder.api.answer = "lend"
    recorder.draw("a GPU again", ONE)


def record_release(recorder: Recorder) -> None:
    """A worker that is gone, as ZeroGPU ends idle ones: what a cold call costs once more."""
    os.kill(recorder.api.workers[-1], 15)
    time.sleep(1)
    recorder.api.used = False
    recorder.draw("first image of a new process", ONE)
    recorder.draw("later image of a new process", ONE)


def begin_run(config: Mapping[str, Any], visitor: str) -> Any:
    """Eight images of the model of many steps, as the page asks for them; the open answer."""
    function = next(each for each in config["dependencies"] if each["api_name"] == "page")
    components = {component["id"]: component["props"] for component in config["components"]}
    given = {"models": [MANY], "images": 8}
    data = [given.get(components[each].get("elem_id"), components[each].get("value")) for each in function["inputs"]]
    data[:2] = ["en", "A big dog"]
    with post("/gradio_api/call/page", {"data": data, "session_hash": visitor}) as begun:
        event = json.loads(begun.read())["event_id"]
    return open_(f"/gradio_api/call/page/{event}", None)


def stop_press(config: Mapping[str, Any], visitor: str) -> dict[str, Any]:
    button = next(each["id"] for each in config["components"] if each["props"].get("elem_id") == "stop")
    press = next(each for each in config["dependencies"] if [button, "click"] in each["targets"] and each["backend_fn"])
    return {"data": ["en", *[0] * (len(press["inputs"]) - 1)], "fn_index": press["id"], "session_hash": visitor}


def get(path: str) -> Any:
    with open_(path, None) as answer:
        return json.loads(answer.read())


def post(path: str, body: Any) -> Any:
    return open_(path, json.dumps(body).encode())


def open_(path: str, data: bytes | None) -> Any:
    headers = {"content-type": "application/json", "x-ip-token": TOKEN}
    return urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, headers), timeout=PATIENCE_S
    )


@contextmanager
def running(address: str, weights: Path, *, cuda: bool) -> Iterator[Path]:
    """The app as a Space starts it; its log."""
    with tempfile.TemporaryDirectory(prefix="zerogpu-") as name:
        folder, flags = Path(name), ["--offline", "--no-safety", "--port", str(PORT), "--out", f"{name}/out"]
        models = [f"--model-dir={model}={weights}" for model in (ONE, MANY)]
        there = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": address, "SPACE_ID": "me/space"}
        homes = {"HF_HOME": f"{name}/hf", "INSTAFLOW_DEMO_HOME": f"{name}/home", "ZEROGPU_OFFLOAD_DIR": f"{name}/pack"}
        start = [] if cuda else ["tests/zerogpu_start.py", sys.executable]
        command = [sys.executable, *start, "app.py", *flags, *models, "--models", f"{ONE},{MANY},{SHIPPED}"]
        log = folder / "log"
        with (
            log.open("wb") as out,
            subprocess.Popen(command, env=os.environ | there | homes, stdout=out, stderr=out) as app,
        ):
            try:
                wait(lambda: app.poll() is None, log)
                yield log
            finally:
                app.terminate()
                threading.Timer(10, app.kill).start()


def wait(lives: Callable[[], bool], log: Path) -> None:
    began = time.monotonic()
    while lives() and time.monotonic() - began < PATIENCE_S:
        try:
            open_("/healthz", None).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the app did not start:\n{log.read_text(errors='replace')[-6000:]}")


def card(what: str) -> str:
    """The GPU's UUID or name."""
    command = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0].strip()


def versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("spaces", "torch", "gradio", "diffusers", "transformers")}


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), cuda="--without-cuda" not in sys.argv)
    os._exit(0)  # gradio's client keeps threads
