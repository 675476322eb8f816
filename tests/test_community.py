"""LoRA files and differences, merged: against the formulas, in every dialect, and refused with a sentence."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import small_sd
import torch
from safetensors.torch import save_file
from served import ROOT, environment
from torch import Tensor, nn

from instaflow_demo import engines
from instaflow_demo.device import Placement
from instaflow_demo.engines.community import add_difference, merge_lora
from instaflow_demo.engines.extras import Extras
from instaflow_demo.errors import CheckpointError, InvalidRequest, ModelUnavailable
from instaflow_demo.events import Failed, ImageReady
from instaflow_demo.gallery import Gallery, read_metadata
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.weights import ModelFiles, Weights

FLOAT32 = Placement("cpu", "float32")
RANK, ALPHA, SCALE = 4, 2.0, 0.7
LINEAR, CONVOLUTION = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k", "mid_block.resnets.0.conv1"
TEXT = "encoder.layers.1.self_attn.q_proj"
Files = dict[str, Tensor]


@pytest.fixture
def networks() -> dict[str, nn.Module]:
    text_encoder, unet, _ = small_sd.networks()
    return {"unet": unet, "text_encoder": text_encoder}


def low_rank(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """down (r, in) and up (out, r), as convolutions for one."""
    generator, shape = torch.Generator().manual_seed(1), layer.get_parameter("weight").shape
    down = torch.randn(RANK, *shape[1:], generator=generator) * 0.3
    return down, torch.randn(shape[0], RANK, *[1] * (len(shape) - 2), generator=generator) * 0.3


def layers(networks: dict[str, nn.Module]) -> dict[tuple[str, str], tuple[Tensor, Tensor]]:
    chosen = (("unet", LINEAR), ("unet", CONVOLUTION), ("text_encoder", TEXT))
    return {(name, path): low_rank(networks[name].get_submodule(path)) for name, path in chosen}


def peft(networks: dict[str, nn.Module]) -> Files:
    """Without alphas, so that the same strength must be in the numbers."""
    files = {}
    for (name, path), (down, up) in layers(networks).items():
        inside = path if name == "unet" else f"text_model.{path}"
        files |= {f"{name}.{inside}.lora_A.weight": down, f"{name}.{inside}.lora_B.weight": up * ALPHA / RANK}
    return files


def kohya(networks: dict[str, nn.Module]) -> Files:
    files = {}
    for (name, path), (down, up) in layers(networks).items():
        flat = f"{'unet' if name == 'unet' else 'te_text_model'}_{path.replace('.', '_')}"
        tensors = {"lora_down.weight": down, "lora_up.weight": up, "alpha": torch.tensor(ALPHA)}
        files |= {f"lora_{flat}.{part}": tensor for part, tensor in tensors.items()}
    return files


def older_diffusers(networks: dict[str, nn.Module]) -> Files:
    files = {}
    for (name, path), (down, up) in layers(networks).items():
        inside = f"{path}.lora" if name == "unet" else f"text_model.{path}.lora"
        if path == LINEAR:
            inside = path.replace("attn2.to_k", "attn2.processor.to_k_lora")
        files |= {f"{name}.{inside}.down.weight": down, f"{name}.{inside}.up.weight": up * ALPHA / RANK}
    return files


DIALECTS = {"peft": peft, "kohya": kohya, "diffusers": older_diffusers}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_merged_layer_adds_its_low_rank_update(
    networks: dict[str, nn.Module], tmp_path: Path, dialect: Callable[[dict[str, nn.Module]], Files]
) -> None:
    """Run as LoRA is defined: the layer, plus scale alpha / r times up after down."""
    save_file(dialect(networks), tmp_path / "lora.safetensors")
    updates, before = layers(networks), {}
    inputs = {LINEAR: torch.randn(3, 32), CONVOLUTION: torch.randn(1, 64, 5, 5), TEXT: torch.randn(3, 32)}
    with torch.no_grad():
        for name, path in updates:
            before[path] = networks[name].get_submodule(path)(inputs[path])
        merge_lora(tmp_path / "lora.safetensors", SCALE, networks)
        for (name, path), (down, up) in updates.items():
            x = inputs[path]
            if path == CONVOLUTION:
                side = nn.functional.conv2d(nn.functional.conv2d(x, down, padding=1), up)
            else:
                side = x @ down.T @ up.T
            wanted = before[path] + SCALE * ALPHA / RANK * side
            torch.testing.assert_close(networks[name].get_submodule(path)(x), wanted, atol=1e-4, rtol=1e-4)


def test_other_layers_stay_as_they_are(networks: dict[str, nn.Module], tmp_path: Path) -> None:
    save_file(kohya(networks), tmp_path / "lora.safetensors")
    before = {name: tensor.clone() for name, tensor in networks["unet"].state_dict().items()}
    with torch.no_grad():
        merge_lora(tmp_path / "lora.safetensors", SCALE, networks)
    after = networks["unet"].state_dict()
    changed = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert changed == {f"{LINEAR}.weight", f"{CONVOLUTION}.weight"}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda files: {**files, "unet.nowhere.lora_A.weight": torch.zeros(4, 4)}, "unet.nowhere"),
        (lambda files: {**files, f"unet.{LINEAR}.hada_w1_a": torch.zeros(4, 4)}, "hada_w1_a"),
        (lambda files: {name: tensor for name, tensor in files.items() if "lora_B" not in name}, "only a part"),
        (lambda files: {name: tensor[..., :-1].clone() for name, tensor in files.items()}, "does not fit"),
    ],
)
def test_a_lora_for_something_else_is_named_with_its_first_wrong_key(
    networks: dict[str, nn.Module], tmp_path: Path, damage: Callable[[Files], Files], said: str
) -> None:
    save_file(damage(peft(networks)), tmp_path / "lora.safetensors")
    with torch.no_grad(), pytest.raises(CheckpointError, match=said):
        merge_lora(tmp_path / "lora.safetensors", 1.0, networks)


def test_a_damaged_lora_is_a_sentence(networks: dict[str, nn.Module], tmp_path: Path) -> None:
    (tmp_path / "lora.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(CheckpointError, match="cannot be read as a safetensors file"):
        merge_lora(tmp_path / "lora.safetensors", 1.0, networks)


def test_the_difference_is_added_to_the_fine_tune() -> None:
    ours, base, theirs = (nn.Linear(3, 2) for _ in range(3))
    wanted = theirs.weight + (ours.weight - base.weight)
    with torch.no_grad():
        add_difference(ours, base, theirs)
    torch.testing.assert_close(ours.weight, wanted)


def test_a_fine_tune_of_another_shape_is_refused() -> None:
    with torch.no_grad(), pytest.raises(CheckpointError, match="weight differs"):
        add_difference(nn.Linear(3, 2), nn.Linear(3, 2), nn.Linear(4, 2))


def draw(extras: Extras, model: str = "instaflow-mini") -> np.ndarray:
    weights = Weights()
    engine = engines.load(MODELS[model], weights.locate(MODELS[model]), FLOAT32, extras=extras)
    request = GenerationRequest.parse("a big dog", model, seed=7)
    (event,) = [event for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady)]
    return np.asarray(event.image).astype(int)


def test_instaflow_s_difference_from_its_base_makes_it_again() -> None:
    """On a real model: sd-mini + (instaflow-mini - sd-mini) draws what instaflow-mini draws."""
    delta = Weights().delta(MODELS["instaflow-mini"], "sd-mini")
    assert abs(draw(Extras()) - draw(Extras(delta=delta))).max() <= 1


def test_a_fine_tune_brings_its_own_text_encoder_and_decoder(tmp_path: Path) -> None:
    folder = small_sd.save_published(tmp_path / "fine-tune")
    base = small_sd.save_published(tmp_path / "base")
    weights = Weights(folders={"instaflow-0.9b": base, "sd-1.5": base})
    spec = MODELS["instaflow-0.9b"]
    vae = ModelFiles(folder).component("vae")
    (vae / "diffusion_pytorch_model.safetensors").unlink()  # whoever reads this one must fail
    service = Service(weights, Gallery(tmp_path / "out"))
    request = GenerationRequest.parse("a dog", spec.id, size=256, delta_from=str(folder))
    assert isinstance(list(service.run(request))[-1], Failed)
    plain = GenerationRequest.parse("a dog", spec.id, size=256, delta_from=str(base))
    assert any(isinstance(event, ImageReady) for event in service.run(plain))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("someone/dreams", "no repository in the cache"),
        ("no such folder", "cannot be found"),  # what is no repository's name is not to be downloaded
        ("./nowhere", "cannot be found"),
        ("~/nowhere", "cannot be found"),
    ],
)
def test_a_fine_tune_that_is_not_here_is_a_sentence(name: str, said: str) -> None:
    with pytest.raises(ModelUnavailable, match=said):
        Weights().delta(MODELS["instaflow-mini"], name)


def test_bin_files_are_not_merged(tmp_path: Path) -> None:
    base = small_sd.save_published(tmp_path / "base")
    folder = small_sd.save_published(tmp_path / "bin", safetensors=False)
    service = Service(Weights(folders={"instaflow-0.9b": base, "sd-1.5": base}), Gallery(tmp_path / "out"))
    request = GenerationRequest.parse("a dog", "instaflow-0.9b", size=256, delta_from=str(folder))
    last = list(service.run(request))[-1]
    assert isinstance(last, Failed)
    assert "has no safetensors" in last.message


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        ("instaflow-mini", {"loras": ["nowhere.safetensors"]}, "cannot be found"),
        ("instaflow-mini", {"loras": ["README.md:0.5"]}, "no safetensors file"),
        ("sd-mini", {"delta_from": "sd-mini"}, "Stable Diffusion mini is not the fine-tune of another model"),
    ],
)
def test_what_cannot_be_merged_is_refused_at_once(model: str, given: dict, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        GenerationRequest.parse("a dog", model, **given)


def test_text2im_takes_no_lora(tmp_path: Path) -> None:
    (tmp_path / "a:b.safetensors").touch()
    with pytest.raises(InvalidRequest, match="takes no LoRA files"):
        GenerationRequest.parse("a dog", "text2im", loras=[f"{tmp_path}/a:b.safetensors"])
    (lora,) = GenerationRequest.parse("a dog", "sd-mini", loras=[f"{tmp_path}/a:b.safetensors:-0.5"]).loras
    assert (lora.path.name, lora.scale) == ("a:b.safetensors", -0.5)


def test_the_command_line_merges_and_remembers(tmp_path: Path, networks: dict[str, nn.Module]) -> None:
    folder = small_sd.save_published(tmp_path / "sd")
    save_file(kohya(networks), tmp_path / "style.safetensors")

    def drawn(*lora: str) -> tuple[dict, dict]:
        command = [sys.executable, "-m", "instaflow_demo", "generate", "a dog", "--model", "sd-1.5", "--size", "256"]
        command += ["--steps", "1", "--seed", "7", "--out", str(tmp_path / "out"), "--json", str(tmp_path / "r.json")]
        given = [part for value in lora for part in ("--lora", value)]
        done = subprocess.run(
            [*command, "--model-dir", f"sd-1.5={folder}", *given],
            capture_output=True, text=True, cwd=ROOT, env=environment(tmp_path), check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (result,) = json.loads((tmp_path / "r.json").read_text())["results"]
        return result, read_metadata(Path(result["images"][0]["path"]))

    plain, metadata = drawn()
    assert plain["loras"] == []
    assert "loras" not in metadata
    merged, metadata = drawn(f"{tmp_path / 'style.safetensors'}:0.7")
    assert merged["loras"] == [{"file": "style.safetensors", "scale": 0.7}]
    assert metadata["loras"][0]["file"] == "style.safetensors"
    assert merged["images"][0]["sha256"] != plain["images"][0]["sha256"]
    off, _ = drawn(f"{tmp_path / 'style.safetensors'}:0")
    assert off["images"][0]["sha256"] == plain["images"][0]["sha256"]
