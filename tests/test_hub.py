"""Downloads from a small hub on loopback through the real client: what comes, and what is said when it does not."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from conditions import Condition, nobody_known
from served import ROOT, environment
from small_sd import save_published
from tiny_hub import COMMIT, TinyHub, cached, tiny_hub

from instaflow_demo.gallery import read_metadata
from instaflow_demo.registry import MODELS
from instaflow_demo.weights.hub import RemoteFile, choose_files
from instaflow_demo.weights.locate import variant_of

PARTS = MODELS["2rf"].traits.components


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in the published layout, with files that nobody here needs."""
    folder = save_published(tmp_path_factory.mktemp("repository"))
    for name in (
        "safety_checker/model.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "v1-5-pruned.ckpt",
        "README.md",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"not needed")
    return folder


@pytest.fixture
def hub(checkpoint: Path) -> Iterator[TinyHub]:
    with tiny_hub(checkpoint) as hub:
        yield hub


def test_only_what_the_engine_needs_is_fetched(hub: TinyHub, tmp_path: Path) -> None:
    code, lines, errors = hub.fetch(tmp_path)
    assert code == 0, errors
    files = cached(tmp_path)
    assert "unet/diffusion_pytorch_model.safetensors" in files
    assert "tokenizer/merges.txt" in files
    assert {name.partition("/")[0] for name in files} == {*PARTS, "model_index.json"}
    assert not [name for name in files if name.endswith(".bin")]
    done, total = map(int, lines[-1].split()[1:])
    assert done == total == sum((hub.folder / name).stat().st_size for name in files)
    amounts = [int(line.split()[1]) for line in lines]
    assert amounts == sorted(amounts)


def test_what_was_fetched_is_found_and_its_commit_recorded(hub: TinyHub, tmp_path: Path) -> None:
    """From the command line, as a user would: download, generate, and a second time without the network."""
    command = [sys.executable, "-m", "instaflow_demo", "generate", "A big dog", "--model", "2rf", "--steps", "2"]
    command += ["--size", "256", "--json", "r.json"]
    offline = environment(tmp_path) | {"PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_XET": "1"}
    online = offline | {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    run = partial(subprocess.run, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    without = run(command, env=online)
    assert without.returncode == 1
    assert "--download" in without.stderr
    assert hub.served == []  # nothing comes by surprise
    done = run([*command, "--download"], env=online)
    assert done.returncode == 0, done.stderr
    assert "under the licence CC-BY-NC-4.0" in done.stdout
    again = run(command, env=offline | {"HF_HUB_OFFLINE": "1"})
    assert again.returncode == 0, again.stderr
    (result,) = json.loads((tmp_path / "r.json").read_text())["results"]
    assert result["commit"] == COMMIT
    assert read_metadata(Path(tmp_path / result["images"][0]["path"]))["commit"] == COMMIT


def test_a_connection_that_breaks_off_goes_on_where_it_ended(hub: TinyHub, tmp_path: Path) -> None:
    name = "unet/diffusion_pytorch_model.fp16.safetensors"
    (hub.folder / name).write_bytes(bytes(30_000_000))  # the client writes, and so resumes, in pieces of 10 MB
    hub.cuts, hub.cut_above = 1, 10_000_000
    try:
        code, _, errors = hub.fetch(tmp_path, "2rf", "half")
    finally:
        (hub.folder / name).unlink()
    assert code == 0, errors
    assert hub.resumed == [name]
    assert name in cached(tmp_path)


def test_a_connection_that_stays_broken_is_a_sentence_and_complete_files_are_kept(hub: TinyHub, tmp_path: Path) -> None:
    hub.cuts = math.inf
    code, _, errors = hub.fetch(tmp_path)
    assert code == 1
    assert "check the network" in errors
    before = cached(tmp_path)
    assert before
    hub.cuts = 0
    hub.served.clear()
    code, _, errors = hub.fetch(tmp_path)
    assert code == 0, errors
    assert before.isdisjoint(hub.served)
    assert cached(tmp_path) == before | set(hub.served)


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (404, "RepoNotFound", "is not at https://huggingface.co/XCLiu/2_rectified_flow_from_sd_1_5"),
        (404, "RevisionNotFound", "is not at https://huggingface.co/"),
        (401, "GatedRepo", "for those who accept its licence"),
        (500, "", "check the network"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence(hub: TinyHub, tmp_path: Path, status: int, message: str, said: str) -> None:
    hub.status, hub.message = status, message
    code, _, errors = hub.fetch(tmp_path)
    assert code == 1
    assert said in errors
    assert "Traceback" not in errors


def test_damaged_files_are_noticed_and_removed(hub: TinyHub, tmp_path: Path) -> None:
    hub.swap = True
    code, _, errors = hub.fetch(tmp_path)
    assert code == 1
    assert "came damaged and was removed" in errors
    hub.swap = False
    assert hub.fetch(tmp_path)[0] == 0


def test_without_a_network_the_cache_is_named_as_the_reason(tmp_path: Path, checkpoint: Path) -> None:
    nowhere = TinyHub(checkpoint, url="http://127.0.0.1:9")
    assert "check the network" in nowhere.fetch(tmp_path)[2]
    assert "rules the network out" in nowhere.fetch(tmp_path, HF_HUB_OFFLINE="1")[2]


def test_two_processes_can_fetch_the_same_model(hub: TinyHub, tmp_path: Path) -> None:
    both = [hub.start(tmp_path) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
    assert "unet/diffusion_pytorch_model.safetensors" in cached(tmp_path)


def test_a_disk_without_room_is_named_before_anything_is_fetched(hub: TinyHub, tmp_path: Path) -> None:
    large = hub.folder / "unet/diffusion_pytorch_model.fp16.safetensors"
    with large.open("wb") as file:
        file.truncate(2**43)  # a hole: it takes no room here, and would take eight terabytes there
    try:
        code, _, errors = hub.fetch(tmp_path, "2rf", "half")
    finally:
        large.unlink()
    assert code == 1
    assert "GB free: make room" in errors
    assert hub.served == []


def test_files_that_are_here_need_no_room(hub: TinyHub, tmp_path: Path) -> None:
    assert "GB free: make room" in hub.fetch(tmp_path, FREE_BYTES="0")[2]
    assert hub.fetch(tmp_path)[0] == 0
    assert hub.fetch(tmp_path, FREE_BYTES="0")[0] == 0


NAMES = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors")
OLD_NAMES = ("diffusion_pytorch_model.bin", "diffusion_pytorch_model.fp16.bin", "diffusion_flax_model.msgpack")


@pytest.mark.parametrize(
    ("names", "half", "chosen"),
    [
        (NAMES + OLD_NAMES, False, NAMES[0]),
        (NAMES + OLD_NAMES, True, NAMES[1]),
        (NAMES[1:] + OLD_NAMES, False, NAMES[1]),
        (OLD_NAMES, False, OLD_NAMES[0]),
        (("diffusion_pytorch_model.non_ema.safetensors", OLD_NAMES[1]), False, OLD_NAMES[1]),
    ],
)
def test_one_set_of_weights_is_chosen(names: tuple[str, ...], half: bool, chosen: str) -> None:
    files = [RemoteFile(f"unet/{name}", 1) for name in (*names, "config.json")]
    assert {file.name for file in choose_files(files, ["unet"], half=half)} == {f"unet/{chosen}", "unet/config.json"}


def test_shards_belong_together() -> None:
    names = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)] + ["model.safetensors.index.json"]
    files = [RemoteFile(f"text_encoder/{name}", 1) for name in names]
    assert choose_files(files, ["text_encoder"], half=False) == files
    assert variant_of(["tf_model.h5"], half_first=False) is None


def test_a_cache_that_cannot_be_written_is_a_note_and_the_spare_one_serves(hub: TinyHub, tmp_path: Path) -> None:
    """The second time nothing is fetched, and without the network the model is found."""
    (tmp_path / "file").touch()
    odd = {"HF_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    code, _, errors = hub.fetch(tmp_path, **odd)
    assert code == 0, errors
    hub.served.clear()
    command = [sys.executable, "-m", "instaflow_demo", "models", "--json", "models.json"]
    offline = environment(tmp_path) | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"} | odd
    done = subprocess.run(command, cwd=tmp_path, env=offline, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    found = {each["id"]: each["found"] for each in json.loads((tmp_path / "models.json").read_text())["models"]}
    assert found["2rf"].startswith(str(tmp_path / f"instaflow_demo-{os.getuid()}"))
    assert hub.fetch(tmp_path, **odd)[0] == 0
    assert not hub.served


def test_where_no_cache_can_be_written_nothing_is_fetched(hub: TinyHub, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / f"instaflow_demo-{os.getuid()}").touch()
    code, _, errors = hub.fetch(tmp_path, HF_HOME=str(tmp_path / "file"), TMPDIR=str(tmp_path))
    assert code == 1
    assert f"Nothing can be fetched. Downloads cannot be kept in {tmp_path / 'file'}" in errors
    assert "set HF_HOME" in errors
    assert hub.served == []


def test_what_was_fetched_is_found_where_nothing_may_be_written(hub: TinyHub, tmp_path: Path) -> None:
    assert hub.fetch(tmp_path)[0] == 0
    condition = Condition(nobody_known(), {"HOME": None, "TMPDIR": "/nonexistent"}).or_skip()
    code = "from instaflow_demo.weights.locate import Weights; from instaflow_demo.registry import MODELS; "
    code += "print(Weights().locate(MODELS['2rf']).commit)"
    told = condition.applied(environment(tmp_path) | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"})
    command = [*condition.prefix, sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stdout) == (0, f"{COMMIT}\n"), done.stderr


def test_a_token_that_cannot_be_read_keeps_nobody_from_what_is_public(hub: TinyHub, tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()
    code, _, errors = hub.fetch(tmp_path, HF_TOKEN_PATH=str(tmp_path / "token"))
    assert code == 0, errors
    (tmp_path / "file").touch()
    code, _, errors = hub.fetch(tmp_path / "other", HF_TOKEN_PATH=str(tmp_path / "file" / "token"))
    assert code == 0, errors
