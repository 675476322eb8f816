"""A file that is not what it should be makes its model unavailable, with a sentence, and nothing else."""

import json
import pickle
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from small_sd import save_published

from instaflow_demo import engines
from instaflow_demo.errors import ModelUnavailable
from instaflow_demo.machine import device
from instaflow_demo.registry import MODELS
from instaflow_demo.weights.locate import MODELS_DIR, ModelFiles, Weights

SD, INSTAFLOW = MODELS["sd-mini"], MODELS["instaflow-mini"]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The shipped models as links; what a test damages, it replaces."""
    for file in MODELS_DIR.rglob("*"):
        if file.is_file():
            link = tmp_path / file.relative_to(MODELS_DIR)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    return tmp_path


def weight_file(models: Path, source: str = SD.source) -> Path:
    """One of a model's shards, as a copy that may be damaged."""
    link = min((models / source / "unet").glob("*.safetensors"))
    original = link.resolve()
    link.unlink()
    shutil.copy(original, link)
    return link


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def pickle_instead(file: Path) -> None:
    """As long as the real one, so that only its content gives it away."""
    content = pickle.dumps({"weights": b"x"})
    file.write_bytes(content.ljust(file.stat().st_size, b"\0"))


def lfs_pointer(file: Path) -> None:
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9000000\n")


@pytest.mark.parametrize("damage", [truncate, flip_a_bit, pickle_instead, lfs_pointer, Path.unlink])
def test_a_damaged_file_makes_its_model_unavailable_and_no_other(models: Path, damage: Callable) -> None:
    damage(weight_file(models))
    weights = Weights(models)
    with pytest.raises(ModelUnavailable, match=r"sd-mini/unet/.*restore assets/models"):
        weights.locate(SD)
    assert weights.locate(INSTAFLOW).root == models / "instaflow-mini"


@pytest.mark.parametrize("damage", [truncate, lfs_pointer, Path.unlink])
def test_what_a_glance_can_see_is_said_before_a_run(models: Path, damage: Callable) -> None:
    damage(weight_file(models))
    found = Weights(models).availability(SD)
    assert not found.available
    assert found.reason.endswith(".")


def test_damage_to_a_shared_file_concerns_the_whole_family(models: Path) -> None:
    (models / "mini/vae/config.json").unlink()
    weights = Weights(models)
    assert not any(weights.availability(spec).available for spec in MODELS.values() if spec.shared)


def test_a_file_that_changes_later_is_checked_again(models: Path) -> None:
    file, weights = weight_file(models), Weights(models)
    weights.locate(SD)
    flip_a_bit(file)
    with pytest.raises(ModelUnavailable):
        weights.locate(SD)


def test_a_weight_file_of_unknown_origin_is_not_loaded_beside(models: Path) -> None:
    (models / "sd-mini/unet/extra.safetensors").write_bytes(b"who knows")
    with pytest.raises(ModelUnavailable, match="unknown origin"):
        Weights(models).locate(SD)


class Trap:
    """Unpickling it leaves a file."""

    def __init__(self, left: Path):
        self.left = left

    def __reduce__(self) -> tuple:
        return Path.touch, (self.left,)


def test_a_pickle_is_not_run_even_where_no_manifest_stops_it(models: Path) -> None:
    """Published models have no manifest of ours, so that the engine is the last to say no."""
    weight_file(models).write_bytes(pickle.dumps(Trap(models / "ran")))
    with pytest.raises(ModelUnavailable, match="is not a safetensors file"):
        engines.load(SD, ModelFiles(models / "sd-mini", models / "mini"), device.choose("cpu", "float32"))
    assert not (models / "ran").exists()


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", '{"sd-mini/x": 3}', '{"sd-mini/x": {"bytes": 1}}'])
def test_without_its_manifest_nothing_shipped_is_available(models: Path, text: str | None) -> None:
    manifest = models / "MANIFEST.json"
    manifest.unlink()
    if text is not None:
        manifest.write_text(text)
    found = Weights(models).availability(SD)
    assert not found.available
    assert "restore assets/models" in found.reason


def test_the_manifest_names_every_shipped_file() -> None:
    listed = set(json.loads((MODELS_DIR / "MANIFEST.json").read_text()))
    present = {path.relative_to(MODELS_DIR).as_posix() for path in MODELS_DIR.rglob("*") if path.is_file()}
    documents = {name for name in present if name.endswith((".md", ".png"))}
    assert present - documents - {"MANIFEST.json"} <= listed <= present


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub's."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("spec", [s for s in MODELS.values() if not s.shipped], ids=lambda spec: spec.id)
def test_a_published_model_that_is_not_here_says_how_to_get_it(
    spec, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it looks on the disk alone, although the hub's own switch would allow the network."""
    tried = []

    def refused(host: str, *_: object, **__: object) -> None:
        tried.append(host)
        raise socket.gaierror("no network")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    found = Weights(converted_dir=cache).availability(spec)
    assert not found.available
    assert tried == []
    remedy = "--download" if spec.kind == "text2im" else f"hf download {spec.source}"
    for words in (remedy, spec.licence, "GB"):
        assert words in found.reason


def test_a_published_model_that_is_only_partly_here_is_unavailable(cache: Path) -> None:
    spec = MODELS["instaflow-0.9b"]
    cached = cache / f"models--{spec.source.replace('/', '--')}"
    (cached / "snapshots/0123/unet").mkdir(parents=True)
    (cached / "refs").mkdir()
    (cached / "refs/main").write_text("0123")
    found = Weights().availability(spec)
    assert not found.available
    assert "only partly in the cache (tokenizer is missing)" in found.reason


def test_a_revision_can_be_pinned(cache: Path) -> None:
    """The commit that a row of the registry names is taken, not the one that the branch stands for."""
    spec = MODELS["instaflow-0.9b"]
    repository = cache / f"models--{spec.source.replace('/', '--')}"
    for commit in ("a" * 40, "b" * 40):
        save_published(repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("b" * 40)
    assert Weights().locate(spec).commit == "b" * 40
    assert Weights().locate(replace(spec, revision="a" * 40)).commit == "a" * 40
