"""LoRA files and differences, merged: against the formulas, in every dialect, and refused with a sentence."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_sd
import torch
from safetensors.torch import save_file
from served import ROOT
from small_lora import TEXT as TEXTS
from small_lora import UNET, Oracle, by_formula, low_ranks, small_networks, written
from small_lora import kohya as spelled_by_kohya
from small_lora import peft as spelled_by_peft
from small_lora import peft_own as spelled_by_peft_alone
from terminal import demo
from torch import Tensor, nn

from instaflow_demo import engines
from instaflow_demo.engines.adapters.extras import Extras
from instaflow_demo.engines.adapters.merge import add_difference, merge_lora
from instaflow_demo.engines.backends.eager import EagerNetworks
from instaflow_demo.errors import CheckpointError, InvalidRequest, ModelUnavailable
from instaflow_demo.events import Failed, ImageReady
from instaflow_demo.gallery import Gallery, read_metadata
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest, Lora
from instaflow_demo.service import Service
from instaflow_demo.ui.text import translate
from instaflow_demo.weights.locate import ModelFiles, Weights

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


@pytest.mark.parametrize("extra", ["ours", "base", "theirs"])
def test_a_layer_that_only_one_has_is_refused(extra: str) -> None:
    made = {name: nn.Sequential(nn.Linear(3, 2)) for name in ("ours", "base", "theirs")}
    made[extra].append(nn.Linear(2, 2))
    with torch.no_grad(), pytest.raises(CheckpointError, match=r"\(1.bias differs\)"):
        add_difference(made["ours"], made["base"], made["theirs"])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("which", [1, 2])
def test_a_difference_that_is_no_number_is_a_sentence(which: int, value: float) -> None:
    three = [nn.Linear(3, 2) for _ in range(3)]
    with torch.no_grad():
        three[which].weight[0, 0] = value
        with pytest.raises(CheckpointError, match=r"not finite \(weight\)"):
            add_difference(*three)


@pytest.mark.parametrize(
    ("part", "settings", "said"),
    [
        ("unet", {"attention_head_dim": 8}, "attention_head_dim differs"),
        ("unet", {"flip_sin_to_cos": False}, "flip_sin_to_cos differs"),
        ("scheduler", {"prediction_type": "v_prediction"}, "prediction_type differs"),
        ("unet", {"sample_size": 96, "upcast_attention": True, "_name_or_path": "other"}, ""),
    ],
)
def test_equal_shapes_may_be_another_network_all_the_same(tmp_path: Path, part: str, settings: dict, said: str) -> None:
    base, folder = small_sd.save_published(tmp_path / "base"), small_sd.save_published(tmp_path / "fine-tune")
    (config,) = (folder / part).glob("*config.json")
    config.write_text(json.dumps(json.loads(config.read_text()) | settings))
    service = Service(Weights(folders={"instaflow-0.9b": base, "sd-1.5": base}), Gallery(tmp_path / "out"))
    request = GenerationRequest.parse("a dog", "instaflow-0.9b", size=256, delta_from=str(folder))
    events = list(service.run(request))
    failures = [event.message for event in events if isinstance(event, Failed)]
    assert bool(failures) == bool(said)
    assert all(said in failure != translate("pt-BR", failure) for failure in failures)


def draw(extras: Extras, model: str = "instaflow-mini") -> np.ndarray:
    weights = Weights()
    engine = engines.load(MODELS[model], weights.locate(MODELS[model]), FLOAT32, extras=extras)
    request = GenerationRequest.parse("a big dog", model, seed=7)
    (event,) = [event for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady)]
    return np.asarray(event.image).astype(int)


def test_instaflow_s_difference_from_its_base_makes_it_again() -> None:
    """On a real model: sd-mini + (instaflow-mini - sd-mini) draws what instaflow-mini draws."""
    delta = Weights().locate_delta(MODELS["instaflow-mini"], "sd-mini")
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
        Weights().locate_delta(MODELS["instaflow-mini"], name)


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
        ("instaflow-mini", {"loras": ["nowhere.safetensors"]}, "no safetensors file nowhere.safetensors"),
        ("instaflow-mini", {"loras": ["README.md:0.5"]}, "no safetensors file README.md"),
        ("instaflow-mini", {"loras": [""]}, "no safetensors file"),
        ("instaflow-mini", {"loras": ["x" * 5000 + ".safetensors"]}, "cannot be read"),
        ("instaflow-mini", {"loras": ["tests:0.5"]}, "tests holds no safetensors file"),
        ("sd-mini", {"delta_from": "sd-mini"}, "Stable Diffusion mini is not the fine-tune of another model"),
    ],
)
def test_what_cannot_be_merged_is_refused_at_once(
    model: str, given: dict, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(InvalidRequest, match=said) as caught:
        GenerationRequest.parse("a dog", model, **given)
    assert translate("pt-BR", caught.value.sentence) != caught.value.sentence


def lora(value: str) -> Lora:
    (found,) = GenerationRequest.parse("a dog", "sd-mini", loras=[value]).loras
    return found


@pytest.mark.parametrize("name", ["style.safetensors", "a style.SAFETENSORS"])
def test_a_path_may_be_written_as_people_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / name).touch()
    for value in (f"~/{name}", f"'{tmp_path / name}'", f'"~/{name}"', f" {tmp_path / name} ", f"{tmp_path}//{name}"):
        assert (lora(value).path, lora(value).scale) == (tmp_path / name, 1.0)
    for value in (f"~/{name}:-0.5", f'"~/{name}":-0.5', f"'~/{name}:-0.5'", f"{tmp_path / name}:-.5e0"):
        assert (lora(value).path, lora(value).scale) == (tmp_path / name, -0.5)


@pytest.mark.parametrize("scale", ["nan", "inf", "0,7", "1e30", "", "strong", "-100.1"])
@pytest.mark.parametrize("folder", [False, True])
def test_a_scale_that_is_none_is_a_sentence(tmp_path: Path, scale: str, folder: bool) -> None:
    (tmp_path / "style.safetensors").touch()
    given = tmp_path if folder else tmp_path / "style.safetensors"
    with pytest.raises(InvalidRequest, match="must be a number from -100 to 100, as in FILE:") as caught:
        lora(f"{given}:{scale}")
    assert translate("pt-BR", caught.value.sentence) != caught.value.sentence


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["adapter_model.safetensors", "adapter_config.json"], "adapter_model.safetensors"),
        (["pytorch_lora_weights.safetensors", "optimizer.safetensors"], "pytorch_lora_weights.safetensors"),
        (["ink.safetensors", "README.md"], "ink.safetensors"),
    ],
)
def test_a_folder_stands_for_its_file(tmp_path: Path, names: list[str], wanted: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert lora(str(tmp_path)).path == tmp_path / wanted
    assert (lora(f"{tmp_path}:0.3").path, lora(f"{tmp_path}/:0.3").scale) == (tmp_path / wanted, 0.3)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a.safetensors", "b.safetensors"], "several safetensors files, such as a.safetensors and b.safetensors"),
        (["adapter_model.bin"], "holds no safetensors file"),
        ([], "holds no safetensors file"),
    ],
)
def test_a_folder_that_could_mean_several_files_or_none_is_a_sentence(
    tmp_path: Path, names: list[str], said: str
) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(InvalidRequest, match=said) as caught:
        lora(str(tmp_path))
    assert translate("pt-BR", caught.value.sentence) != caught.value.sentence


@pytest.mark.parametrize("name", ["style.bin", "style.pt", "style.ckpt"])
def test_files_that_can_hold_code_are_not_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(InvalidRequest, match="in which code can hide: save it as safetensors") as caught:
        lora(f"{tmp_path / name}:0.5")
    assert translate("pt-BR", caught.value.sentence) != caught.value.sentence


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
        command = ["generate", "a dog", "--model", "sd-1.5", "--size", "256", "--steps", "1", "--seed", "7"]
        command += ["--out", str(tmp_path / "out"), "--json", str(tmp_path / "r.json")]
        given = [part for value in lora for part in ("--lora", value)]
        done = demo(tmp_path, *command, "--model-dir", f"sd-1.5={folder}", *given)
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


@pytest.mark.parametrize("scale", [0.0, 0.7])
@pytest.mark.parametrize("part", ["unet", "text_encoder"])
def test_sums_start_from_full_precision_and_are_rounded_once(tmp_path: Path, part: str, scale: float) -> None:
    """A checkpoint in both precisions: the halves are for those who merge nothing."""
    folder = small_sd.save_published(tmp_path / "sd")
    for name, network in zip(("text_encoder", "unet", "vae"), small_sd.networks(), strict=True):
        network.half().save_pretrained(folder / name, variant="fp16")
    updates = low_ranks(small_networks())
    save_file(written(updates, spelled_by_peft), tmp_path / "a.safetensors")
    extras = Extras((Lora(tmp_path / "a.safetensors", scale),))
    made = EagerNetworks.read(ModelFiles(folder), Placement("cpu", "bfloat16"), extras).parts[part].state_dict()
    wanted = by_formula(small_networks(), updates, scale)[part]
    others = [(made[name] != tensor.to(torch.bfloat16)).double().mean() for name, tensor in wanted.items()]
    assert max(others) <= (1e-3 if scale else 0)  # a tie may fall either way; rounded twice, a twentieth is another


@pytest.mark.parametrize("kind", ["header", "kohya"])
def test_the_image_is_that_of_the_weights_that_diffusers_merges(tmp_path: Path, kind: str) -> None:
    text_encoder, unet, vae = small_sd.networks()
    base: dict[str, nn.Module] = {"unet": unet, "text_encoder": text_encoder}
    settings = {f"{name}.{key}": value for name in base for key, value in {"r": 4, "lora_alpha": 16}.items()}
    settings |= {"unet.target_modules": list(UNET), "text_encoder.target_modules": list(TEXTS)}
    header = {"lora_adapter_metadata": json.dumps(settings)} if kind == "header" else None
    spelling = spelled_by_peft if kind == "header" else lambda update: spelled_by_kohya(update, alpha=2.0)
    path = tmp_path / "a.safetensors"
    save_file(written(low_ranks(base), spelling), path, metadata=header)
    plain = small_sd.save_published(tmp_path / "plain", (text_encoder, unet, vae))
    for name, tensors in Oracle(base).merged((path, 0.2)).items():
        base[name].load_state_dict(tensors)
    whole = small_sd.save_published(tmp_path / "whole", (text_encoder, unet, vae))

    def drawn(folder: Path, *loras: str) -> np.ndarray:
        service = Service(Weights(folders={"sd-1.5": folder}), Gallery(tmp_path / "out"))
        request = GenerationRequest.parse("a dog", "sd-1.5", size=256, steps=2, seed=7, loras=loras)
        (ready,) = [event for event in service.run(request) if isinstance(event, ImageReady)]
        return np.asarray(ready.image).astype(int)

    assert abs(drawn(whole) - drawn(plain)).mean() > 1
    assert abs(drawn(whole) - drawn(plain, f"{path}:0.2")).max() <= 1


@pytest.mark.parametrize("changed", ["tensors", "settings"])
def test_a_lora_that_was_written_again_is_read_again(tmp_path: Path, changed: str) -> None:
    """By the same service, which keeps loaded models."""
    folder, path = small_sd.save_published(tmp_path / "sd"), tmp_path / "adapter_model.safetensors"
    updates = [update for update in low_ranks(small_networks()) if update.network == "unet"]
    service = Service(Weights(folders={"sd-1.5": folder}), Gallery(tmp_path / "out"))

    def drawn() -> str:
        request = GenerationRequest.parse("a dog", "sd-1.5", size=256, steps=1, seed=7, loras=[str(tmp_path)])
        (ready,) = [event for event in service.run(request) if isinstance(event, ImageReady)]
        assert any("is taken to be 1" in note for note in ready.notes) == (changed == "tensors")
        return ready.sha256

    def write(strength: float) -> None:
        if changed == "settings":
            config = {"r": 4, "lora_alpha": 4 * strength, "peft_type": "LORA"}
            (tmp_path / "adapter_config.json").write_text(json.dumps(config))
        stronger = strength if changed == "tensors" else 1.0
        if changed == "tensors" or not path.exists():
            again = [replace(update, up=update.up * stronger) for update in updates]
            save_file(written(again, spelled_by_peft_alone), path)

    write(0.1)
    first = drawn()
    assert drawn() == first
    write(3.0)
    assert drawn() != first
