"""Stable Diffusion's safety checker, tiny: what it refuses or cannot judge is neither shown nor saved."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from safetensors.torch import load_file
from small_glide import save_converted
from small_sd import save_published
from transformers import CLIPConfig

import app
from instaflow_demo import memory
from instaflow_demo.device import Placement
from instaflow_demo.events import Event, Failed, ImageReady, Loading, Preview
from instaflow_demo.gallery import Gallery
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.weights import ModelFiles, Weights

TOWER = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def save_checker(folder: Path, threshold: float) -> None:
    """A checker that finds every concept where its cosine is above `threshold`."""
    torch.manual_seed(0)
    vision = {**TOWER, "image_size": 32, "patch_size": 16}
    config = CLIPConfig(text_config=TOWER, vision_config=vision, projection_dim=8)
    checker = StableDiffusionSafetyChecker(config)
    torch.nn.init.constant_(checker.concept_embeds_weights, threshold)
    torch.nn.init.constant_(checker.special_care_embeds_weights, 2.0)
    checker.save_pretrained(folder)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return save_published(tmp_path / "sd")


def run(checkpoint: Path, out: Path, *, safety: bool = True, model: str = "sd-1.5", **options) -> list[Event]:
    service = Service(Weights(folders={model: checkpoint}), Gallery(out), safety=safety)
    request = GenerationRequest.parse("a big dog", model, **({"steps": 1, "size": 256, "seed": 3} | options))
    events = list(service.run(request))
    service.close()
    return events


def ready(events: list[Event]) -> ImageReady:
    (event,) = [event for event in events if isinstance(event, ImageReady)]
    return event


def test_what_is_allowed_is_shown_as_it_is(checkpoint: Path, tmp_path: Path) -> None:
    save_checker(checkpoint / "safety_checker", threshold=1.5)  # no cosine is larger than 1
    checked = ready(run(checkpoint, tmp_path / "a"))
    assert checked.sha256 == ready(run(checkpoint, tmp_path / "b", safety=False)).sha256
    assert not any("safety" in note for note in checked.notes)


def test_what_is_refused_is_neither_shown_nor_saved(checkpoint: Path, tmp_path: Path) -> None:
    save_checker(checkpoint / "safety_checker", threshold=-1.5)
    event = ready(run(checkpoint, tmp_path / "out"))
    assert "blocked" in event.notes[-1]
    assert np.unique(np.asarray(event.image)).tolist() == [128]
    assert event.sha256 == hashlib.sha256(event.image.tobytes()).hexdigest()
    assert event.path
    (saved,) = (tmp_path / "out").rglob("*.png")
    assert np.unique(np.asarray(Image.open(saved))).tolist() == [128]


def test_a_checker_that_fails_blocks(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    save_checker(checkpoint / "safety_checker", threshold=1.5)

    def fail(self, clip_input, images):
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(StableDiffusionSafetyChecker, "forward", fail)
    assert "blocked" in ready(run(checkpoint, tmp_path / "out")).notes[-1]
    assert "no such kernel" in caplog.text


def test_a_damaged_checker_lets_its_model_not_be_used(checkpoint: Path, tmp_path: Path) -> None:
    save_checker(checkpoint / "safety_checker", threshold=1.5)
    (checkpoint / "safety_checker/model.safetensors").write_bytes(b"garbled")
    service = Service(Weights(folders={"sd-1.5": checkpoint}), Gallery(tmp_path / "out"), safety=True)
    request = GenerationRequest.parse("a big dog", "sd-1.5", steps=1, size=256)
    for _ in range(2):
        (failed,) = [event for event in service.run(request) if not isinstance(event, Loading)]
        assert isinstance(failed, Failed)
        assert "is not a safetensors file" in failed.message


def test_without_a_checker_images_say_so(checkpoint: Path, tmp_path: Path) -> None:
    assert "No safety checker looked at this" in ready(run(checkpoint, tmp_path / "a")).notes[-1]
    assert ready(run(checkpoint, tmp_path / "b", safety=False)).notes == ()


def test_shipped_models_need_none(tmp_path: Path) -> None:
    service = Service(Weights(), Gallery(tmp_path), safety=True)
    request = GenerationRequest.parse("a big dog", "instaflow-mini", seed=3)
    assert ready(list(service.run(request))).notes == ()
    service.close()


def test_the_checker_counts_in_the_forecast(checkpoint: Path) -> None:
    save_checker(checkpoint / "safety_checker", threshold=1.5)
    spec, files, cpu = MODELS["sd-1.5"], ModelFiles(checkpoint), Placement("cpu", "float32")
    folder = checkpoint / "safety_checker"
    without, beside = (memory.need(spec, files, cpu, 256, guided=True, checker=each) for each in (None, folder))
    numbers = sum(tensor.numel() for tensor in load_file(folder / "model.safetensors").values())
    assert numbers > 0
    for plan in memory.PLANS:
        assert beside.held(plan) - without.held(plan) == numbers * 4


def test_previews_that_nobody_checked_are_held_back(tmp_path: Path) -> None:
    cascade = save_converted(tmp_path)
    save_checker(cascade / "safety_checker", threshold=1.5)
    kinds = {"model": "text2im", "steps": 10, "size": None}
    checked, unchecked = (run(cascade, tmp_path / "out", safety=safety, **kinds) for safety in (True, False))
    assert not any(isinstance(event, Preview) for event in checked)
    assert any(isinstance(event, Preview) for event in unchecked)
    assert ready(checked).sha256 == ready(unchecked).sha256


@pytest.mark.parametrize(
    ("host", "share", "space", "alone"),
    [
        ("127.0.0.1", False, False, True),
        ("0.0.0.0", False, False, False),
        ("127.0.0.1", True, False, False),
        ("127.0.0.1", False, True, False),
    ],
)
def test_others_can_come_from_the_network_a_link_or_a_space(
    monkeypatch: pytest.MonkeyPatch, host: str, *, share: bool, space: bool, alone: bool
) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    if space:
        monkeypatch.setenv("SPACE_ID", "someone/demo")
    assert app.only_user(host, share=share) is alone
