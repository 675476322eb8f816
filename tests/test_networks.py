"""What runs a latent model: OpenVINO and the stock pipeline draw what PyTorch's modules draw."""

import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from served import ROOT, environment
from small_sd import save_published, small_tiny_decoder

from instaflow_demo import engines
from instaflow_demo.engines import Engine
from instaflow_demo.engines.backends.eager import EagerNetworks
from instaflow_demo.engines.backends.kept import is_whole
from instaflow_demo.engines.backends.openvino import Compiled, OpenVinoNetworks
from instaflow_demo.errors import DeviceUnavailable
from instaflow_demo.events import ImageReady, Preview
from instaflow_demo.machine import caches, device
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.weights.locate import ModelFiles, Weights

openvino = pytest.importorskip("openvino")
pytestmark = pytest.mark.usefixtures("home_with_openvino")

EAGER, OPENVINO, STOCK = (
    Placement("cpu", "float32", backend=backend) for backend in ("eager", "openvino", "diffusers")
)
INSTAFLOW = MODELS["instaflow-0.9b"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random one in the published layout, with a tiny decoder of its own."""
    folder = save_published(tmp_path_factory.mktemp("published"))
    small_tiny_decoder(4).save_pretrained(folder / "tiny_vae")
    return folder


@pytest.fixture
def files(checkpoint: Path) -> ModelFiles:
    return Weights(folders={"instaflow-0.9b": checkpoint, "sd-1.5": checkpoint}).locate(INSTAFLOW)


def drawn(files: ModelFiles, placement: Placement, model: str = "instaflow-0.9b", **settings) -> list[np.ndarray]:
    request = GenerationRequest.parse("a big dog", model, **({"seed": 5, "size": 256} | settings))
    engine = engines.load(MODELS[model], files, placement)
    ready = [event for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady)]
    engine.close()
    return [np.asarray(event.image).astype(int) for event in ready]


def furthest(one: list[np.ndarray], other: list[np.ndarray]) -> int:
    """Levels between the most different numbers of two lists of images."""
    return max(int(abs(first - second).max()) for first, second in zip(one, other, strict=True))


@pytest.mark.parametrize("placement", [OPENVINO, STOCK], ids=lambda placement: placement.backend)
@pytest.mark.parametrize(
    "settings",
    [
        {"model": "instaflow-0.9b", "images": 2},
        {"model": "instaflow-0.9b", "images": 3, "batched": True, "size": 320},
        {"model": "sd-1.5", "steps": 3, "guidance": 2.0, "negative_prompt": "blue"},
    ],
    ids=["one by one", "as a batch", "guided"],
)
def test_other_backends_draw_the_same(files: ModelFiles, placement: Placement, settings: dict) -> None:
    assert furthest(drawn(files, placement, **settings), drawn(files, EAGER, **settings)) <= 1


@pytest.mark.skipif(device.choose("cpu", "bfloat16").dtype != "bfloat16", reason="this processor has no bfloat16")
@pytest.mark.parametrize("model", ["instaflow-mini", "sd-mini"])
def test_openvino_in_bfloat16_draws_the_same_up_to_its_rounding(model: str) -> None:
    spec = MODELS[model]
    files, half = Weights().locate(spec), replace(OPENVINO, dtype="bfloat16")
    settings = {"steps": min(5, spec.steps.default), "size": 256}
    (whole,), (rounded,) = (drawn(files, placement, model, **settings) for placement in (OPENVINO, half))
    assert 0 < np.abs(whole - rounded).mean() < 2


def test_openvino_decodes_with_the_tiny_decoder_as_pytorch_does(files: ModelFiles) -> None:
    tiny = drawn(files, EAGER, decoder="tiny")
    assert furthest(drawn(files, OPENVINO, decoder="tiny"), tiny) <= 1
    assert furthest(drawn(files, EAGER), tiny) > 10


@pytest.mark.parametrize(
    ("placement", "decoder", "remedy"), [(EAGER, "int8", "pip install openvino"), (OPENVINO, "int8", "another one")]
)
def test_a_decoder_that_is_not_there_is_a_sentence(files: ModelFiles, placement, decoder, remedy) -> None:
    with pytest.raises(DeviceUnavailable, match=remedy):
        drawn(files, placement, decoder=decoder)


def test_a_network_is_converted_once_and_anew_when_its_weights_change(
    files: ModelFiles, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("INSTAFLOW_DEMO_HOME", str(home))
    OpenVinoNetworks.read(files, EAGER)
    made = {path: path.stat().st_mtime_ns for path in home.rglob("network.xml")}
    OpenVinoNetworks.read(files, EAGER)
    assert {path: path.stat().st_mtime_ns for path in home.rglob("network.xml")} == made
    weights = checkpoint / "vae" / "diffusion_pytorch_model.safetensors"
    weights.touch()
    OpenVinoNetworks.read(files, EAGER)
    now = set(home.rglob("network.xml"))
    assert len(now) == len(made)
    assert len(now - set(made)) == 1


REPORTING = """
import socket, sys
from pathlib import Path
asked = []
socket.getaddrinfo = lambda *address, **_: asked.append(address) or []
from instaflow_demo.engines.backends.openvino import OpenVinoNetworks
from instaflow_demo.machine.device import Placement
from instaflow_demo.weights.locate import ModelFiles
OpenVinoNetworks.read(ModelFiles(Path(sys.argv[1])), Placement("cpu", "float32"))
import time
time.sleep(1)
print(asked)
"""


def with_openvino(folder: Path) -> dict[str, str]:
    """An environment for a process that converts."""
    return environment(folder) | {"PYTHONPATH": str(ROOT), "INSTAFLOW_DEMO_HOME": str(folder / "own")}


def test_two_processes_may_convert_the_same_network_and_report_to_nobody(checkpoint: Path, tmp_path: Path) -> None:
    """Neither while a network is converted nor by importing OpenVINO, which no process that has done so can tell."""
    told = with_openvino(tmp_path) | {"HOME": str(tmp_path)}
    told.pop("CI", None)
    command = [sys.executable, "-c", REPORTING, str(checkpoint)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    both = [subprocess.Popen(command, cwd=ROOT, env=told, text=True, **pipes) for _ in range(2)]
    for process in both:
        said, errors = process.communicate(timeout=600)
        assert (process.returncode, said) == (0, "[]\n"), errors
    assert not (tmp_path / "intel").exists()
    made = list((tmp_path / "own").rglob("network.xml"))
    assert len(made) == len({path.parent.parent for path in made}) == 3
    assert not list((tmp_path / "own").rglob(".partial-*"))


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of one's own, to do harm to."""
    monkeypatch.setenv("INSTAFLOW_DEMO_HOME", str(tmp_path / "own"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / "own"


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def garble(file: Path) -> None:
    """Some bits in its middle, which no reader need notice."""
    content = bytearray(file.read_bytes())
    for place in range(len(content) // 2, len(content) // 2 + 64):
        content[place] ^= 0x40
    file.write_bytes(content)


def test_a_network_that_was_damaged_is_noticed(files: ModelFiles, own_home: Path, tmp_path: Path) -> None:
    OpenVinoNetworks.read(files, EAGER)
    network = next(own_home.rglob("network.xml")).parent
    for harm in (cut, empty, garble, Path.unlink):
        for kind in ("network.bin", "network.xml", "sha256.json"):
            harmed = shutil.copytree(network, tmp_path / f"{harm.__name__}-{kind}")
            assert is_whole(harmed)
            harm(harmed / kind)
            assert not is_whole(harmed)


def test_a_cache_that_was_damaged_is_made_again(files: ModelFiles, own_home: Path) -> None:
    before = drawn(files, OPENVINO)
    blobs, networks = sorted(own_home.rglob("*.blob")), sorted(own_home.rglob("network.bin"))
    assert len(blobs) == len(networks) - 1 == 3  # nothing was shown before its time
    for harm, blob in zip((cut, empty, garble), blobs, strict=True):
        harm(blob)
    assert furthest(drawn(files, OPENVINO), before) == 0
    for harm, network in zip((cut, empty, garble, Path.unlink), networks, strict=True):
        harm(network)
    assert furthest(drawn(files, OPENVINO), before) == 0
    assert sorted(own_home.rglob("network.bin")) == networks
    assert sorted(own_home.rglob("*.blob")) == blobs
    assert all(map(is_whole, (network.parent for network in networks)))


def test_where_nothing_can_be_kept_networks_are_converted_in_memory(
    files: ModelFiles, own_home: Path, tmp_path: Path
) -> None:
    """The cache is a file, and where the spare one would be somebody has put something else."""
    own_home.touch()
    (tmp_path / f"instaflow_demo-{os.getuid()}").touch()
    asked = GenerationRequest.parse("a big dog", INSTAFLOW.id, seed=5, size=256)
    engine = engines.load(INSTAFLOW, files, OPENVINO)
    (note,) = engine.notes
    assert note.startswith(f"OpenVINO's networks cannot be kept in {own_home} (Not a directory), so every start")
    gc.collect()
    made = [each for each in engine.generate(asked, asked.runs[0]) if isinstance(each, ImageReady)]
    images = [np.asarray(each.image).astype(int) for each in made]
    engine.close()
    assert furthest(images, drawn(files, EAGER, size=256)) <= 2


@pytest.mark.parametrize("theirs", ["a link", "writable by others", "another user's"])
def test_the_spare_cache_is_nobody_else_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: str) -> None:
    """Whoever could write to it could have us load weights of theirs."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spare = tmp_path / f"instaflow_demo-{os.getuid()}"
    assert caches.spare_dir() == spare
    if theirs == "a link":
        spare.symlink_to(tmp_path)
    elif theirs == "writable by others":
        spare.mkdir()
        spare.chmod(0o777)
    elif os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    else:
        spare.mkdir()
        os.chown(spare, 12345, 12345)
    assert caches.spare_dir() is None


def test_what_others_are_writing_stays_and_what_they_left_goes(files: ModelFiles, own_home: Path) -> None:
    drawn(files, OPENVINO)
    (network,) = [path for path in own_home.rglob("network.bin") if path.stat().st_size > 100_000][:1]
    place = network.parent.parent
    network.unlink()
    for name, age in ((".partial-now", 0), (".partial-killed", 7200), ("of-another-version", 0)):
        (place / name).mkdir()
        (place / name / "network.bin").touch()
        os.utime(place / name, (time.time() - age,) * 2)
    drawn(files, OPENVINO)
    assert {path.name for path in place.iterdir()} == {".partial-now", network.parent.name}


def test_only_the_last_shapes_stay_compiled(files: ModelFiles) -> None:
    network = Compiled(OpenVinoNetworks.read(files, EAGER).network("tiny"))
    shown = [network(torch.zeros(1, 4, side, 8)).shape for side in (8, 16, 24, 32, 8)]
    assert [shape[2] for shape in shown] == [64, 128, 192, 256, 64]
    assert len(network._compiled) == 3


def test_weights_that_half_precision_cannot_hold_are_kept_whole(files: ModelFiles) -> None:
    """Random float32 weights lose nothing by the conversion: their texts' states are PyTorch's to float32 rounding."""
    ids = torch.arange(8)[None]
    one, other = (kind.read(files, EAGER).encode_text(ids) for kind in (OpenVinoNetworks, EagerNetworks))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def request(model: str, **settings) -> GenerationRequest:
    return GenerationRequest.parse("a dog", model, device="cpu", **settings)


@pytest.mark.parametrize(
    ("model", "backend", "runs_in"),
    [
        ("instaflow-mini", "auto", "openvino"),
        ("instaflow-mini", "eager", "eager"),
        ("instaflow-mini", "diffusers", "diffusers"),
        ("instaflow-0.9b", "auto", "eager"),
        ("instaflow-0.9b", "openvino", "openvino"),
        ("text2im-mini", "auto", "eager"),
        ("text2im-mini", "openvino", "eager"),
    ],
)
def test_openvino_runs_shipped_latent_models_and_others_where_it_is_asked_for(model, backend, runs_in) -> None:
    placement = engines.choose_placement(request(model, backend=backend), MODELS[model])
    assert placement.backend == runs_in
    assert placement.background == (backend == "auto" and runs_in == "openvino")


def test_without_openvino_pytorch_runs_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instaflow_demo.engines.placement.find_spec", lambda name: None)
    assert engines.choose_placement(request("instaflow-mini"), MODELS["instaflow-mini"]).backend == "eager"
    with pytest.raises(DeviceUnavailable, match="pip install openvino"):
        engines.choose_placement(request("instaflow-mini", backend="openvino"), MODELS["instaflow-mini"])


def test_what_openvino_cannot_do_is_a_sentence(tmp_path: Path) -> None:
    merged = request("instaflow-mini", backend="openvino", delta_from="sd-mini")
    with pytest.raises(DeviceUnavailable, match="leave out"):
        engines.choose_placement(merged, MODELS["instaflow-mini"])
    assert (
        engines.choose_placement(request("instaflow-mini", delta_from="sd-mini"), MODELS["instaflow-mini"]).backend
        == "eager"
    )
    with pytest.raises(DeviceUnavailable, match="decoder “full”"):
        engines.choose_placement(
            request("instaflow-mini", backend="diffusers", decoder="tiny"), MODELS["instaflow-mini"]
        )


@pytest.fixture(scope="module")
def mini() -> Iterator[Engine]:
    engine = engines.load(MODELS["instaflow-mini"], Weights().locate(MODELS["instaflow-mini"]), OPENVINO)
    yield engine
    engine.close()


def shown(engine: Engine, request: GenerationRequest) -> list[np.ndarray]:
    ready = [event for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady)]
    return [np.asarray(event.image).astype(float) for event in ready]


def test_the_decoder_in_8_bits_is_as_near_to_the_float_one_as_its_file_says(mini: Engine) -> None:
    said = json.loads((Weights().models_dir / "mini/openvino/decoder_int8.json").read_text())
    prompts = ("a big dog", "two birds on a yellow background", "a pumpkin", "um gato pequeno")
    for prompt in prompts:
        full, int8 = (
            shown(mini, GenerationRequest.parse(prompt, "instaflow-mini", decoder=decoder, seed=3))
            for decoder in ("full", "int8")
        )
        decibels = 10 * np.log10(255**2 / np.square(full[0] - int8[0]).mean())
        assert said["psnr_db_to_the_float_decoder"]["worst"] - 2 < decibels < 60


def test_the_decoder_in_8_bits_was_made_from_the_shipped_one() -> None:
    from instaflow_demo.engines.backends.openvino import MADE_FROM
    from instaflow_demo.training.quantise import digest

    models = Weights().models_dir
    model = openvino.Core().read_model(models / "mini/openvino/decoder_int8.xml")
    assert model.get_rt_info(MADE_FROM).value == digest(models / "mini/vae")


def test_a_prompt_that_was_read_lately_is_not_read_again(files: ModelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engines.load(INSTAFLOW, files, EAGER)
    read: list[int] = []
    networks = engine._networks  # pyright: ignore[reportAttributeAccessIssue]
    encode = networks.encode_text
    monkeypatch.setattr(networks, "encode_text", lambda ids: read.append(len(ids)) or encode(ids))
    first, again = (shown(engine, request("instaflow-0.9b", size=256, seed=1))[0] for _ in range(2))
    assert read == [1]
    assert (first == again).all()
    shown(engine, GenerationRequest.parse("a cat", "instaflow-0.9b", size=256))
    assert read == [1, 1]


def test_previews_show_the_image_that_is_to_come(files: ModelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from instaflow_demo.engines import latent

    monkeypatch.setattr(latent, "PREVIEW_EVERY_S", 0.0)
    asked = replace(request("sd-1.5", steps=4, size=256, images=2), previews=True)
    engine = engines.load(MODELS["sd-1.5"], files, EAGER)
    previews = [event for event in engine.generate(asked, asked.runs[0]) if isinstance(event, Preview)]
    assert [event.image for event in previews] == [0, 0, 0, 1, 1, 1]
    assert all(image.size == (256, 256) for event in previews for image in event.images)
    silent = replace(asked, previews=False)
    assert not [event for event in engine.generate(silent, silent.runs[0]) if isinstance(event, Preview)]


def test_threads_are_real_cores_within_the_container_s_share(tmp_path: Path) -> None:
    from instaflow_demo.machine.environment import usable_cores

    assert 1 <= usable_cores(tmp_path / "nowhere") <= (torch.get_num_threads() * 64)
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert usable_cores(tmp_path) <= 2
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert usable_cores(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert usable_cores(tmp_path) == usable_cores(tmp_path / "nowhere")
    assert device.choose("cpu", "float32").backend == "eager"
