"""The Text2im engine on a small random cascade, against the published loops; and the way its files get here."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from published_glide import ddim_sample_loop, p_sample_loop
from served import ROOT, environment
from small_glide import SMALL_BASE, SMALL_UPSAMPLER, random_glide, save_converted, save_published
from terminal import demo
from tiny_hub import TinyHub, tiny_hub
from torch.nn import functional as F
from transformers import GPT2Tokenizer

from instaflow_demo import engines, glide
from instaflow_demo.engines import Engine
from instaflow_demo.errors import DownloadFailed
from instaflow_demo.events import ImageReady, Noted, Preview, Step
from instaflow_demo.glide.sampling import base_scheduler
from instaflow_demo.machine import device
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.weights.hub import download
from instaflow_demo.weights.locate import Weights
from instaflow_demo.weights.openai import Fetched, fetch

SPEC = MODELS["text2im"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    save_converted(folder)
    return folder


@pytest.fixture(scope="module")
def engine(home: Path) -> Iterator[Engine]:
    files = Weights(converted_dir=home).locate(SPEC)
    engine = engines.load(SPEC, files, device.choose("cpu", "float32"))
    yield engine
    engine.close()


def events(engine: Engine, **options) -> list:
    request = GenerationRequest.parse("A big dog", "text2im", **({"seed": 7} | options))
    return list(engine.generate(request, request.runs[0]))


@pytest.fixture(scope="module")
def one(engine: Engine) -> list:
    """The events of one image with seed 7, as it is drawn unasked for anything else."""
    return events(engine)


@pytest.fixture(scope="module")
def three(engine: Engine) -> list:
    """Those of three images together, with seeds 7, 8 and 9."""
    return events(engine, images=3)


def pixels(seen: list) -> list[np.ndarray]:
    return [np.asarray(event.image).astype(int) for event in seen if isinstance(event, ImageReady)]


def test_all_images_go_together_through_both_stages(three: list) -> None:
    steps = [(event.stage, event.step, event.steps) for event in three if isinstance(event, Step)]
    assert steps == [("sample", n, 100) for n in range(1, 101)] + [("upsample", n, 27) for n in range(1, 28)]
    (preview,) = [event for event in three if isinstance(event, Preview)]
    assert three.index(preview) == 100
    assert [image.size for image in preview.images] == [(16, 16)] * 3
    made = [event for event in three if isinstance(event, ImageReady)]
    assert [(event.index, event.seed, event.image.size) for event in made] == [(i, 7 + i, (32, 32)) for i in range(3)]


def test_the_stages_are_timed_apart(three: list) -> None:
    timing = three[-1].timing
    assert timing.images == 3
    assert timing.steps == 127
    assert 0 < timing.upsample_s < timing.sample_s
    last = [event for event in three if isinstance(event, Step)][-1]
    assert last.elapsed_s <= timing.upsample_s


@torch.inference_mode()
def test_the_image_is_the_published_loops_image(one: list, home: Path) -> None:
    """The same networks under their published names, with the same noise, through the published formulas."""
    tokenizer = GPT2Tokenizer.from_pretrained(home, local_files_only=True)
    ids, mask = glide.tokenize(tokenizer, ["a big dog", ""], 16)
    base, upsampler, generator = (
        random_glide(SMALL_BASE),
        random_glide(SMALL_UPSAMPLER),
        torch.Generator().manual_seed(7),
    )
    draw = partial(torch.randn, generator=generator)

    def model_fn(x, t):
        out = base(torch.cat([x, x]), torch.cat([t, t]), ids, mask)
        (prompted, empty), rest = out[:, :3].chunk(2), out[:1, 3:]
        return torch.cat([empty + 3.0 * (prompted - empty), rest], 1)

    x = draw(1, 3, 16, 16)
    timesteps = base_scheduler(100).timesteps.tolist()[::-1]
    low = p_sample_loop(model_fn, x, [draw(1, 3, 16, 16) for _ in range(99)], timesteps)
    low = F.interpolate(((low + 1) * 127.5).round() / 127.5 - 1, (32, 32), mode="bilinear")

    def beside(x, t):
        return upsampler(torch.cat([x, low], 1), t, ids[:1], mask[:1])

    image = ddim_sample_loop(beside, draw(1, 3, 32, 32) * 0.997, list(glide.FAST27))[0]
    expected = ((image.permute(1, 2, 0) / 2 + 0.5).clamp(0, 1) * 255).round().numpy()
    (made,) = pixels(one)
    assert expected.std() > 5
    assert abs(made - expected).max() <= 1


def test_the_shipped_base_is_held_to_the_variances_of_the_schedule(engine: Engine, one: list) -> None:
    request = GenerationRequest.parse("A big dog", "text2im", seed=7)
    (published,) = request.runs
    own = replace(published, model=replace(SPEC, family="shipped"))
    (first,) = pixels(one)
    again, held = (pixels(list(engine.generate(request, run)))[0] for run in (published, own))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, held), "this random base asks for others"


def test_an_image_depends_on_its_seed_alone(engine: Engine, three: list) -> None:
    together, alone = pixels(three), pixels(events(engine, seed=9))
    assert abs(together[2] - alone[0]).max() <= 1
    assert abs(together[0] - together[1]).max() > 10


def test_guidance_and_prompts_matter(engine: Engine) -> None:
    first = pixels(events(engine, steps=10))[0]
    for options in ({"guidance": 1}, {"negative_prompt": "grande"}):
        assert abs(pixels(events(engine, steps=10, **options))[0] - first).max() > 2


def test_a_prompt_that_is_too_long_is_cut_with_a_note(engine: Engine) -> None:
    request = GenerationRequest.parse("a big dog " * 12, "text2im", steps=10)
    noted = next(engine.generate(request, request.runs[0]))
    assert isinstance(noted, Noted)
    assert "reads at most 16 tokens of the prompt" in noted.notes[0]


def test_closing_ends_the_work(engine: Engine) -> None:
    request = GenerationRequest.parse("a dog", "text2im")
    running = engine.generate(request, request.runs[0])
    next(running)
    running.close()
    assert list(running) == []


def test_the_shipped_cascade_obeys_colours() -> None:
    """A red heart on blue: the corners are blue and the middle is red, in the preview as in the image."""
    spec = MODELS["text2im-mini"]
    shipped = engines.load(spec, Weights().locate(spec), device.choose("cpu", "float32"))
    request = GenerationRequest.parse("a red heart on a blue background", [spec.id], seed=7, steps=20)
    seen = list(shipped.generate(request, request.runs[0]))
    shipped.close()
    ((preview,),) = [event.images for event in seen if isinstance(event, Preview)]
    assert preview.size == (64, 64)
    (image,) = pixels(seen)
    for picture in (np.asarray(preview.resize((256, 256))).astype(int), image):
        corner, middle = picture[10, 10], picture[118, 118]
        assert corner[2] > corner[0] + 60
        assert middle[0] > middle[2] + 60


def test_without_its_files_the_model_says_how_to_get_them(tmp_path: Path) -> None:
    found = Weights(converted_dir=tmp_path).availability(SPEC)
    assert not found.available
    assert "--download" in found.reason
    assert "not for commercial use" in found.reason


def test_the_original_experiment_on_the_command_line(home: Path, tmp_path: Path) -> None:
    """InstaFlow one by one with a time each; Text2im together, with 100/100 and then 27/27."""
    Path(environment(tmp_path)["INSTAFLOW_DEMO_HOME"], SPEC.id).symlink_to(home / SPEC.id)
    done = demo(tmp_path, "compare", "A big dog", "--models", "instaflow-mini,text2im", "--images", "2")
    assert done.returncode == 0, done.stderr
    for bar in ("instaflow-mini 2/2", "text2im 2/2", "100/100", "text2im upsampler 2/2", "27/27"):
        assert bar in done.stderr
    assert done.stderr.index("100/100") < done.stderr.index("27/27")
    assert "100 + 27" in done.stdout
    assert len([line for line in done.stdout.splitlines() if "time:" in line]) == 4
    assert len(list((tmp_path / "outputs").glob("*.png"))) == 4


# ---------------------------------------------------------------- fetching


CONTENT = bytes(range(256)) * 40_000


class Site(BaseHTTPRequestHandler):
    """Serves CONTENT, and at /cut only its first third before the connection breaks off."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        begin = int(self.headers.get("Range", "bytes=0-")[6:-1]) if self.path != "/whole" else 0
        if self.path == "/missing":
            return self.send_error(404)
        self.send_response(206 if begin else 200)
        self.send_header("content-length", str(len(CONTENT) - begin))
        self.end_headers()
        self.wfile.write(CONTENT[begin : len(CONTENT) // 3 if self.path == "/cut" else None])
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_is_fetched_with_progress(site: str, tmp_path: Path) -> None:
    seen = list(fetch(f"{site}/file", tmp_path / "base.pt"))
    assert (tmp_path / "base.pt").read_bytes() == CONTENT
    assert seen[-1] == Fetched("base.pt", len(CONTENT), len(CONTENT))
    assert list(fetch(f"{site}/file", tmp_path / "base.pt")) == []  # there already


@pytest.mark.parametrize("then", ["file", "whole"])
def test_a_fetch_that_broke_off_goes_on(site: str, tmp_path: Path, then: str) -> None:
    """Also where the server sends everything again."""
    file = tmp_path / "base.pt"
    with pytest.raises(DownloadFailed, match="goes on where it ended"):
        list(fetch(f"{site}/cut", file))
    assert not file.exists()
    seen = list(fetch(f"{site}/{then}", file))
    assert file.read_bytes() == CONTENT
    assert (seen[0].done > len(CONTENT) // 3) == (then == "file")


@pytest.mark.parametrize("url", ["{site}/missing", "http://127.0.0.1:9/base.pt"])
def test_a_site_that_has_it_not_is_a_sentence(site: str, tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadFailed, match="check the network and run the command again"):
        list(fetch(url.format(site=site), tmp_path / "base.pt"))
    assert not (tmp_path / "base.pt").exists()


DOWNLOAD = """
import sys
from pathlib import Path
from instaflow_demo.errors import DemoError
from instaflow_demo.weights.openai import download
shapes = None
if sys.argv[3:]:
    from small_glide import SMALL_BASE, SMALL_UPSAMPLER
    shapes = SMALL_BASE, SMALL_UPSAMPLER
try:
    for fetched in download(Path(sys.argv[1]), sys.argv[2], shapes):
        print(fetched.file, fetched.done, fetched.total)
except DemoError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[TinyHub]:
    """Where OpenAI's files and GPT-2's vocabulary are."""
    (tmp_path / "served").mkdir()
    save_published(tmp_path / "served")
    with tiny_hub(tmp_path / "served") as hub:
        yield hub


def downloaded(hub: TinyHub, home: Path, *small: str, **extra: str) -> subprocess.CompletedProcess:
    """What comes of fetching the cascade, which is GLIDE itself or a small one."""
    settings = environment(home) | hub.settings | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"} | extra
    command = [sys.executable, "-c", DOWNLOAD, str(home / SPEC.id), f"{hub.url}/any/site/resolve/main", *small]
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=240, check=False)


def test_a_download_that_came_damaged_is_not_kept_and_one_that_came_whole_is_converted_once(
    hub: TinyHub, tmp_path: Path
) -> None:
    base = hub.folder / "base.pt"
    whole = base.read_bytes()
    base.write_bytes(whole[::-1])
    done = downloaded(hub, tmp_path, "small")
    assert done.returncode == 1
    assert "came damaged" in done.stderr
    assert not Weights(converted_dir=tmp_path).availability(SPEC).available
    base.write_bytes(whole)
    done = downloaded(hub, tmp_path, "small")
    assert done.returncode == 0, done.stderr
    assert list(dict.fromkeys(line.split()[0] for line in done.stdout.splitlines())) == ["base.pt", "upsample.pt"]
    assert Weights(converted_dir=tmp_path).availability(SPEC).available
    assert not list(tmp_path.glob("*-download"))


def test_a_network_that_is_ruled_out_is_not_used(hub: TinyHub, tmp_path: Path) -> None:
    done = downloaded(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "rules the network out" in done.stderr
    assert hub.served == []


def test_a_disk_without_room_is_named_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There must be room for the files and for what they are converted into, less what an earlier try has brought."""
    monkeypatch.setenv("INSTAFLOW_DEMO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2 * SPEC.download_bytes - 10**8))
    with pytest.raises(DownloadFailed, match=r"needs 6\.3 GB, .* set INSTAFLOW_DEMO_HOME to a folder on another disk"):
        list(download(SPEC, half=False))
    brought = tmp_path / "home/text2im-download/base.pt"
    brought.parent.mkdir()
    with brought.open("wb") as file:
        file.truncate(2 * 10**8)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadFailed, match="rules the network out"):  # and not for want of room
        list(download(SPEC, half=False))


def test_a_folder_with_openai_s_files_says_how_to_convert_them(tmp_path: Path) -> None:
    save_published(tmp_path)
    reason = Weights(folders={SPEC.id: tmp_path}).availability(SPEC).reason
    assert f"convert-glide {tmp_path / 'base.pt'} {tmp_path / 'upsample.pt'}" in reason


def test_download_without_a_network_is_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "instaflow_demo", "generate", "a dog", "--model", "text2im", "--download"]
    settings = environment(tmp_path) | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "could not be fetched" in done.stderr
    assert "Traceback" not in done.stderr
