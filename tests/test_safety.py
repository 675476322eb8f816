"""Stable Diffusion's safety checker, tiny: what it refuses or cannot judge is neither shown nor saved."""

import copy
import hashlib
import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from safetensors.torch import load_file
from small_glide import save_converted
from small_refiner import save_refiner
from small_sd import save_published, small_tiny_decoder
from transformers import CLIPConfig

import app
from instaflow_demo.engines import latent, memory
from instaflow_demo.engines.safety import SafetyChecker
from instaflow_demo.errors import ModelUnavailable
from instaflow_demo.events import Event, Failed, ImageReady, Loading, Preview
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS, REFINER
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.ui.text import translate
from instaflow_demo.weights.locate import SAFETY_CHECKER, ModelFiles, Weights

SD, CPU = MODELS["sd-1.5"], Placement("cpu", "float32")
TOWER = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def made_checker(threshold: float, seed: int = 0) -> StableDiffusionSafetyChecker:
    """A checker that finds every concept where its cosine is above `threshold`."""
    torch.manual_seed(seed)
    vision = {**TOWER, "image_size": 32, "patch_size": 16}
    config = CLIPConfig(text_config=TOWER, vision_config=vision, projection_dim=8)
    checker = StableDiffusionSafetyChecker(config)
    torch.nn.init.constant_(checker.concept_embeds_weights, threshold)
    torch.nn.init.constant_(checker.special_care_embeds_weights, 2.0)
    return checker


def save_checker(folder: Path, threshold: float) -> None:
    made_checker(threshold).save_pretrained(folder)


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
    request = GenerationRequest.parse("a big dog", "instaflow-mini", seed=3, backend="eager")
    assert ready(list(service.run(request))).notes == ()
    service.close()


def test_the_checker_counts_in_the_forecast(checkpoint: Path) -> None:
    save_checker(checkpoint / "safety_checker", threshold=1.5)
    spec, files, cpu = MODELS["sd-1.5"], ModelFiles(checkpoint), Placement("cpu", "float32")
    folder = checkpoint / "safety_checker"
    without, beside = (
        memory.estimate_need(spec, files, cpu, 256, guided=True, checker=each) for each in (None, folder)
    )
    numbers = sum(tensor.numel() for tensor in load_file(folder / "model.safetensors").values())
    assert numbers > 0
    for plan in memory.PLANS:
        assert beside.held(plan) - without.held(plan) == numbers * 4
    half = replace(cpu, dtype="bfloat16")
    without, beside = (
        memory.estimate_need(spec, files, half, 256, guided=True, checker=each) for each in (None, folder)
    )
    assert beside.held(memory.WHOLE) - without.held(memory.WHOLE) == numbers * 4, "it computes in float32"


def test_previews_that_nobody_checked_are_held_back(tmp_path: Path) -> None:
    cascade = save_converted(tmp_path)
    save_checker(cascade / "safety_checker", threshold=1.5)
    kinds = {"model": "text2im", "steps": 10, "size": None}
    checked, unchecked = (run(cascade, tmp_path / "out", safety=safety, **kinds) for safety in (True, False))
    assert not any(isinstance(event, Preview) for event in checked)
    assert any(isinstance(event, Preview) for event in unchecked)
    assert ready(checked).sha256 == ready(unchecked).sha256


# ---------------------------------------------------------------- a checker that is broken


def loaded(folder: Path, checker: StableDiffusionSafetyChecker, placement: Placement = CPU) -> SafetyChecker:
    checker.save_pretrained(folder)
    return SafetyChecker.load(SD, ModelFiles(folder), folder, placement)


def picture(seed: int = 0) -> Image.Image:
    noise = torch.randint(0, 256, (8, 8, 3), generator=torch.Generator().manual_seed(seed))
    return Image.fromarray(noise.to(torch.uint8).numpy()).resize((64, 64))


WEIGHTS = [name for name, _ in made_checker(1.5).named_parameters()]
NOT_NUMBERS = (float("nan"), float("inf"), float("-inf"))
NOT_BIASES = [name for name in WEIGHTS if not name.endswith("bias")]


@torch.no_grad()
def broken(checker: StableDiffusionSafetyChecker, name: str, value: float) -> StableDiffusionSafetyChecker:
    """With one number of a weight replaced, or all of them by zeros."""
    weight = checker.get_parameter(name)
    if value == 0:
        weight.zero_()
    else:
        weight.view(-1)[0] = value
    return checker


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> SafetyChecker:
    return loaded(tmp_path_factory.mktemp("checker"), made_checker(1.5))


@pytest.fixture
def checker(sound: SafetyChecker) -> SafetyChecker:
    """One that may be broken."""
    return replace(sound, network=copy.deepcopy(sound.network))


def test_a_sound_checker_allows(checker: SafetyChecker, tmp_path: Path) -> None:
    """What follows would prove nothing otherwise."""
    assert checker.allows(picture())
    assert not loaded(tmp_path, made_checker(-1.5)).allows(picture())


@pytest.mark.parametrize("name", WEIGHTS)
def test_what_is_not_a_number_blocks(sound: SafetyChecker, name: str) -> None:
    for value in NOT_NUMBERS:
        assert not replace(sound, network=broken(copy.deepcopy(sound.network), name, value)).allows(picture())


@pytest.mark.parametrize(("name", "value"), zip(WEIGHTS, itertools.cycle(NOT_NUMBERS)))
def test_what_is_not_a_number_is_refused(checker: SafetyChecker, tmp_path: Path, name: str, value: float) -> None:
    with pytest.raises(ModelUnavailable, match=rf"{re.escape(name)} has values that are not finite"):
        loaded(tmp_path, broken(checker.network, name, value))


@pytest.mark.parametrize("name", NOT_BIASES)
def test_a_weight_of_zeros_alone_is_refused(checker: SafetyChecker, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelUnavailable, match=f"“{name}”"):
        loaded(tmp_path, broken(checker.network, name, 0.0))


@pytest.mark.parametrize("name", ["visual_projection.weight", *(name for name in WEIGHTS if "embeds" in name)])
def test_zeros_block_where_they_would_compare_as_nothing_found(checker: SafetyChecker, name: str) -> None:
    broken(checker.network, name, 0.0)
    assert not checker.allows(picture())


@torch.no_grad()
@pytest.mark.parametrize("name", ["visual_projection.weight", "concept_embeds", "special_care_embeds"])
@pytest.mark.parametrize("scale", [1e6, 1e-30])
def test_what_half_precision_cannot_hold_is_refused_and_blocks(
    checker: SafetyChecker, tmp_path: Path, name: str, scale: float
) -> None:
    """In float32 too, where the cosine would be right at first and then, without a word, 0."""
    checker.network.get_parameter(name).mul_(scale)
    for dtype in ("float16", "bfloat16", "float32"):
        with pytest.raises(ModelUnavailable, match=f"“{name}”"):
            loaded(tmp_path / dtype, checker.network, Placement("cpu", dtype))
    assert not checker.allows(picture())
    checker.network.half()
    assert not checker.allows(picture())


@torch.no_grad()
@pytest.mark.parametrize("name", ["concept_embeds", "special_care_embeds"])
def test_one_concept_that_nothing_resembles_is_refused_and_blocks(
    checker: SafetyChecker, tmp_path: Path, name: str
) -> None:
    checker.network.get_parameter(name)[1].zero_()
    assert not checker.allows(picture())
    with pytest.raises(ModelUnavailable, match=f"“{name}”"):
        loaded(tmp_path, checker.network)


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (("concept_embeds",), 0),
        (("special_care_embeds",), 1),
        (("concept_embeds", "concept_embeds_weights"), 0),
        (("concept_embeds_weights",), 5),
    ],
)
def test_a_checker_without_its_concepts_blocks(checker: SafetyChecker, names: tuple[str, ...], kept: int) -> None:
    for name in names:
        setattr(checker.network, name, torch.nn.Parameter(checker.network.get_parameter(name)[:kept]))
    assert not checker.allows(picture())


def twice(image: Image.Image, return_tensors: str) -> dict[str, torch.Tensor]:
    return {"pixel_values": torch.zeros(2, 3, 32, 32)}


def too_large(image: Image.Image, return_tensors: str) -> dict[str, torch.Tensor]:
    return {"pixel_values": torch.zeros(1, 3, 64, 64)}


def not_numbers(image: Image.Image, return_tensors: str) -> dict[str, torch.Tensor]:
    return {"pixel_values": torch.full((1, 3, 32, 32), float("nan"))}


def fails(image: Image.Image, return_tensors: str) -> dict[str, torch.Tensor]:
    raise MemoryError


@pytest.mark.parametrize("processor", [twice, too_large, not_numbers, fails])
def test_pixels_that_are_not_those_of_one_image_block(sound: SafetyChecker, processor: Callable) -> None:
    assert not replace(sound, processor=processor).allows(picture())


def test_an_image_that_cannot_be_read_blocks(sound: SafetyChecker, tmp_path: Path) -> None:
    picture().save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:500])
    assert sound.allows(Image.open(tmp_path / "whole.png"))
    assert not sound.allows(Image.open(tmp_path / "cut.png"))
    assert not sound.allows(Image.new("RGB", (0, 0)))


@pytest.mark.parametrize("verdict", [[], [False, False], [None], [float("nan")], None])
def test_any_other_answer_than_one_no_blocks(sound: SafetyChecker, monkeypatch: pytest.MonkeyPatch, verdict) -> None:
    forward = StableDiffusionSafetyChecker.forward

    def answered(self, clip_input, images):
        return forward(self, clip_input, images)[0], verdict

    monkeypatch.setattr(StableDiffusionSafetyChecker, "forward", answered)
    assert not sound.allows(picture())


def test_sound_checkers_say_what_diffusers_says(tmp_path: Path) -> None:
    """At thresholds among the cosines themselves, special care and its adjustment with them."""
    said = []
    for seed in range(4):
        for threshold in (-0.2, 0.3, 0.5, 0.6, 0.7, 0.9):
            network = made_checker(threshold, seed)
            torch.nn.init.normal_(network.concept_embeds)
            torch.nn.init.normal_(network.special_care_embeds)
            torch.nn.init.constant_(network.special_care_embeds_weights, threshold - 0.2)
            checker = loaded(tmp_path, network, Placement("cpu", "bfloat16"))
            for number in range(3):
                pixels = checker.processor(picture(number), return_tensors="pt")["pixel_values"]
                _, (found,) = network.eval()(pixels, [np.zeros((1, 1, 3))])
                said.append(found)
                assert checker.allows(picture(number)) is not found
    assert 0.2 < np.mean(said) < 0.8


# ---------------------------------------------------------------- wherever an image could come out


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkers lose a number after they were loaded, so that diffusers would find nothing in any image."""
    load = SafetyChecker.load

    def lost(*given) -> SafetyChecker:
        checker = load(*given)
        broken(checker.network, "visual_projection.weight", float("nan"))
        return checker

    monkeypatch.setattr(SafetyChecker, "load", lost)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every kind of checkpoint, each with a checker of its own."""
    home = tmp_path_factory.mktemp("checkpoints")
    sd, refiner, cascade = save_published(home / "sd"), save_refiner(home / "sdxl"), save_converted(home)
    small_tiny_decoder(4).save_pretrained(sd / "tiny_vae")
    for folder in (sd, refiner, cascade):
        save_checker(folder / "safety_checker", threshold=1.5)
    return dict.fromkeys(("sd-1.4", "sd-1.5", "instaflow-mini"), sd) | {REFINER.id: refiner, "text2im": cascade}


@pytest.mark.parametrize(
    "settings",
    [
        {"images": 2},
        {"images": 3, "batched": True},
        {"steps": 3},
        {"decoder": "tiny"},
        {"refine": True},
        {"model": ["sd-1.4", "sd-1.5"]},
        {"model": "text2im", "size": None, "steps": 10},
        {"model": "instaflow-mini", "steps": None, "backend": "eager"},
    ],
    ids=["one by one", "a batch", "previews", "tiny", "refined", "two models", "a cascade", "another's files as ours"],
)
def test_no_image_comes_out_that_was_not_looked_at(
    folders: dict[str, Path], tmp_path: Path, blind: None, monkeypatch: pytest.MonkeyPatch, settings: dict
) -> None:
    monkeypatch.setattr(latent, "PREVIEW_EVERY_S", 0.0)
    given = {"model": "sd-1.5", "steps": 1, "size": 256} | settings
    asked = replace(GenerationRequest.parse("a dog", given.pop("model"), **given), previews=True)
    service = Service(Weights(folders=folders), Gallery(tmp_path / "out"), safety=True)
    events = list(service.run(asked))
    service.close()
    shown = [event.image for event in events if isinstance(event, ImageReady)]
    assert len(shown) == asked.images * len(asked.runs)
    assert not [event for event in events if isinstance(event, Preview)]
    saved = [Image.open(path) for path in (tmp_path / "out").rglob("*.png")]
    assert len(saved) == len(shown)
    for image in (*shown, *saved):
        assert np.unique(np.asarray(image)).tolist() == [128]


def test_a_refiner_that_fails_lets_no_image_out(
    checkpoint: Path, tmp_path: Path, blind: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checker(checkpoint / "safety_checker", threshold=1.5)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    event = ready(run(checkpoint, tmp_path / "out", refine=True))
    assert event.refinement is None
    assert np.unique(np.asarray(event.image)).tolist() == [128]


def test_a_damaged_checker_lets_its_model_not_be_loaded(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(made_checker(1.5), "concept_embeds", 0.0).save_pretrained(checkpoint / "safety_checker")
    monkeypatch.setattr(latent.LatentEngine, "load", lambda *_: pytest.fail("gigabytes would have been read"))
    *_, failed = run(checkpoint, tmp_path / "out")
    assert isinstance(failed, Failed)
    assert "“concept_embeds”" in failed.message
    assert translate("pt-BR", failed.message) != failed.message


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_checker_that_is_not_whole_is_no_leave_to_do_without(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Unless there is another."""
    save_checker(checkpoint / "safety_checker", threshold=1.5)
    (checkpoint / "safety_checker" / missing).unlink()
    *_, failed = run(checkpoint, tmp_path / "out")
    assert isinstance(failed, Failed)
    assert "not used without its safety checker" in failed.message
    assert translate("pt-BR", failed.message) != failed.message
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repository, commit = tmp_path / f"models--{SAFETY_CHECKER.replace('/', '--')}", "f" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(commit)
    save_checker(repository / "snapshots" / commit, threshold=-1.5)
    assert "blocked" in ready(run(checkpoint, tmp_path / "out")).notes[-1]


def test_our_own_id_makes_no_folder_ours(checkpoint: Path, tmp_path: Path) -> None:
    model, options = "sd-mini", {"backend": "eager"}
    assert "No safety checker looked" in ready(run(checkpoint, tmp_path / "a", model=model, **options)).notes[-1]
    save_checker(checkpoint / "safety_checker", threshold=-1.5)
    assert "blocked" in ready(run(checkpoint, tmp_path / "b", model=model, **options)).notes[-1]


# ---------------------------------------------------------------- who else can come


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
