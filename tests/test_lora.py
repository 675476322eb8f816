"""LoRA files against diffusers and PEFT: every spelling, the strength that a file says, and what is refused."""

import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import peft as peft_library
import pytest
import small_sd
import torch
from diffusers import StableDiffusionPipeline
from peft.utils import get_peft_model_state_dict
from peft.utils.other import get_pattern_key
from safetensors.torch import load_file, save_file
from small_lora import (
    ATTENTION,
    TEXT,
    UNET,
    Files,
    LowRank,
    Networks,
    Oracle,
    apart,
    bare,
    bare_processors,
    by_formula,
    dotted_kohya,
    kohya,
    kohya_te1,
    linear_layer,
    lora_down,
    low_ranks,
    peft,
    peft_flattened,
    peft_named,
    peft_own,
    peft_own_in_unet,
    processors,
    small_networks,
    to_q_lora,
    weights,
    written,
)
from torch import Tensor, nn

from instaflow_demo.engines.adapters.config import AdapterConfig
from instaflow_demo.engines.adapters.merge import merge_lora, merge_loras
from instaflow_demo.engines.adapters.names import Layer, Layers
from instaflow_demo.errors import CheckpointError
from instaflow_demo.request import Lora
from instaflow_demo.ui.text import translate

HEADER = "lora_adapter_metadata"
INPUTS = {"one rank": ((4,), 0.7, 1), "many ranks": ((2, 8, 3), -1.3, 2)}
Which = Callable[[LowRank], bool]


def everything(_: LowRank) -> bool:
    return True


def in_unet(update: LowRank) -> bool:
    return update.network == "unet"


def in_text(update: LowRank) -> bool:
    return update.network == "text_encoder"


def in_attention(update: LowRank) -> bool:
    return ".attn" in update.path


@pytest.fixture(scope="module")
def base() -> Networks:
    return small_networks()


@pytest.fixture
def ours() -> Networks:
    return small_networks()


def merged(networks: Networks, *loras: tuple[Path, float]) -> dict[str, Files]:
    with torch.no_grad():
        merge_loras([Lora(path, scale) for path, scale in loras], networks)
    return weights(networks)


def chosen(networks: Networks, which: Which, kind: str) -> tuple[list[LowRank], float]:
    ranks, scale, seed = INPUTS[kind]
    return [update for update in low_ranks(networks, ranks, seed) if which(update)], scale


# what diffusers 0.42 loads, and through which of its doors
LOADED: dict[str, tuple[Callable[[LowRank], Files], Which, bool]] = {
    "peft": (peft, everything, False),
    "peft flattened": (peft_flattened, everything, False),
    "bare peft": (bare, in_unet, True),
    "lora.down": (lora_down, in_unet, False),
    "lora_linear_layer": (linear_layer, in_text, False),
    "processors": (processors, everything, False),
    "to_q_lora": (to_q_lora, everything, False),
    "bare processors": (bare_processors, in_attention, True),
    "kohya": (kohya, everything, False),
    "kohya te1": (kohya_te1, everything, False),
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize(("spelling", "which", "unet_only"), LOADED.values(), ids=LOADED)
def test_a_spelling_that_diffusers_loads_gives_what_it_gives(
    base: Networks, ours: Networks, tmp_path: Path, spelling: Callable, which: Which, unet_only: bool, kind: str
) -> None:
    updates, scale = chosen(base, which, kind)
    save_file(written(updates, spelling), tmp_path / "a.safetensors")
    theirs = Oracle(base).merged((tmp_path / "a.safetensors", scale), unet_only=unet_only)
    assert len(list(apart(theirs, weights(base)))) == len(updates)
    assert not list(apart(merged(ours, (tmp_path / "a.safetensors", scale)), theirs))


# what it refuses, or leaves out with a warning, though nothing else can be meant
UNDERSTOOD: dict[str, tuple[Callable[[LowRank], Files], Which]] = {
    "peft's own, U-Net": (peft_own, in_unet),
    "peft's own, text encoder": (peft_own, in_text),
    "peft's own within unet": (peft_own_in_unet, everything),
    "an adapter's name": (peft_named, everything),
    "bare text encoder": (bare, in_text),
    "bare processors of both": (bare_processors, everything),
    "lora.down of both": (lora_down, everything),
    "lora_linear_layer of both": (linear_layer, everything),
    "dots and kohya's ends": (dotted_kohya, everything),
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize(("spelling", "which"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_a_spelling_that_diffusers_does_not_load_gives_the_same(
    base: Networks, ours: Networks, tmp_path: Path, spelling: Callable, which: Which, kind: str
) -> None:
    updates, scale = chosen(base, which, kind)
    save_file(written(updates, spelling), tmp_path / "a.safetensors")
    wanted = by_formula(base, updates, scale)
    assert not list(apart(merged(ours, (tmp_path / "a.safetensors", scale)), wanted))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("spelling", [peft, kohya])
def test_halves_are_multiplied_in_full_precision(
    base: Networks, ours: Networks, tmp_path: Path, spelling: Callable, dtype: torch.dtype
) -> None:
    updates = [replace(u, down=u.down.to(dtype), up=u.up.to(dtype)) for u in low_ranks(base)]
    save_file(written(updates, spelling), tmp_path / "a.safetensors")
    theirs = Oracle(base).merged((tmp_path / "a.safetensors", 0.7))
    found = merged(ours, (tmp_path / "a.safetensors", 0.7))
    assert not list(apart(found, theirs))
    assert not list(apart(found, by_formula(base, updates, 0.7)))


def first_stable_diffusion(attention: tuple[bool, ...], deep: int) -> dict[str, str]:
    """diffusers' name of each piece of a U-Net with such levels, and CompVis', as the loops of theirs count."""
    names = {"conv_in": "input_blocks.0.0", "conv_out": "out.2"}
    names |= {f"time_embedding.linear_{1 + i}": f"time_embed.{2 * i}" for i in range(2)}
    names |= {f"mid_block.resnets.{i}": f"middle_block.{2 * i}" for i in range(2)}
    names |= {"mid_block.attentions.0": "middle_block.1"}
    row, last = 1, len(attention) - 1
    for level, attends in enumerate(attention):
        for index in range(deep):
            names[f"down_blocks.{level}.resnets.{index}"] = f"input_blocks.{row}.0"
            names |= {f"down_blocks.{level}.attentions.{index}": f"input_blocks.{row}.1"} if attends else {}
            row += 1
        if level != last:
            names[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{row}.0.op"
            row += 1
    row = 0
    for level, attends in enumerate(reversed(attention)):
        for index in range(deep + 1):
            names[f"up_blocks.{level}.resnets.{index}"] = f"output_blocks.{row}.0"
            names |= {f"up_blocks.{level}.attentions.{index}": f"output_blocks.{row}.1"} if attends else {}
            if level != last and index == deep:
                names[f"up_blocks.{level}.upsamplers.0.conv"] = f"output_blocks.{row}.{2 if attends else 1}.conv"
            row += 1
    return names


def original(path: str, attention: tuple[bool, ...] = (True, False), deep: int = 1) -> str:
    """A layer's name in CompVis' U-Net."""
    names = first_stable_diffusion(attention, deep)
    start = next(there for there in names if f"{path}.".startswith(f"{there}."))
    inside = {"conv1": "in_layers.2", "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1"}
    rest = path.removeprefix(start).removeprefix(".")
    rest = (inside | {"conv_shortcut": "skip_connection"}).get(rest, rest)
    return names[start] + f".{rest}" * bool(rest)


@pytest.mark.parametrize("prefix", ["lora_unet_", "diffusion_model.", "model.diffusion_model."])
@pytest.mark.parametrize("kind", INPUTS)
def test_the_first_stable_diffusion_s_block_names_mean_the_same_layers(
    base: Networks, ours: Networks, tmp_path: Path, kind: str, prefix: str
) -> None:
    updates, scale = chosen(base, in_unet, kind)

    def spelling(update: LowRank) -> Files:
        stem = original(update.path)
        stem = prefix + (stem.replace(".", "_") if prefix == "lora_unet_" else stem)
        return {f"{stem}.lora_down.weight": update.down, f"{stem}.lora_up.weight": update.up}

    save_file(written(updates, spelling), tmp_path / "a.safetensors")
    assert not list(apart(merged(ours, (tmp_path / "a.safetensors", scale)), by_formula(base, updates, scale)))


def test_diffusers_reads_those_names_so_too(base: Networks, ours: Networks, tmp_path: Path) -> None:
    """Where it is told of the U-Net; the upsampler after a block without attention it takes for an attention."""
    updates = [u for u in low_ranks(base) if in_unet(u) and "upsamplers" not in u.path and "time_emb" not in u.path]

    def spelling(update: LowRank) -> Files:
        stem = "lora_unet_" + original(update.path).replace(".", "_")
        return {f"{stem}.lora_down.weight": update.down, f"{stem}.lora_up.weight": update.up}

    save_file(written(updates, spelling), tmp_path / "a.safetensors")
    config = base["unet"].config
    theirs = Oracle(base).merged((tmp_path / "a.safetensors", 0.7), unet_config=config)
    assert not list(apart(merged(ours, (tmp_path / "a.safetensors", 0.7)), theirs))


def test_every_layer_of_the_published_networks_has_its_own_names() -> None:
    with torch.device("meta"):
        text_encoder, unet, _ = small_sd.full_size_networks()
    networks: Networks = {"unet": unet, "text_encoder": text_encoder}
    layers, seen = Layers(networks), 0
    for network, prefix in (("unet", "lora_unet_"), ("text_encoder", "lora_te_text_model_")):
        for path, layer in networks[network].named_modules():
            if not isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
                continue
            spellings = [path, f"{network}.{path}", prefix + path.replace(".", "_")]
            if network == "unet":
                name = original(path, (True, True, True, False), 2)
                spellings += [f"diffusion_model.{name}", f"lora_unet_{name.replace('.', '_')}"]
            seen += 1
            for spelling in spellings:
                found = layers.find(spelling)
                assert found is not None, spelling
                assert (found.network, found.path) == (network, path), spelling
    assert seen == 356


# --- strength


SETTINGS = {
    "alpha": {"r": 4, "lora_alpha": 16},
    "rank stabilised": {"r": 9, "lora_alpha": 6, "use_rslora": True},
    "patterns": {
        "r": 4,
        "lora_alpha": 16,
        "rank_pattern": {"proj_in": 2, "^mid_block.resnets.0.conv1": 7, "q_proj": 3},
        "alpha_pattern": {"attn2.to_k": 3, "resnets.0.conv1": 5, r"layers\.\d.self_attn.(k|v)_proj": 1, "net.2": 11},
    },
    "both": {"r": 2, "lora_alpha": 8, "use_rslora": True, "rank_pattern": {"to_q": 16}, "alpha_pattern": {"fc1": 4}},
}


def adapted(networks: Networks, settings: dict) -> StableDiffusionPipeline:
    """diffusers' pipeline with trained adapters in both networks, as its training scripts have it."""
    pipeline = Oracle(networks).pipeline()
    torch.manual_seed(3)
    for network, layers in ((pipeline.unet, UNET), (pipeline.text_encoder, TEXT)):
        config = peft_library.LoraConfig(**settings, target_modules=list(layers), init_lora_weights=False)
        peft_library.inject_adapter_in_model(config, network, "default")
    return pipeline


def fused(pipeline: StableDiffusionPipeline, scale: float = 1.0) -> dict[str, Files]:
    """The same adapters, merged where they are."""
    for network in (pipeline.unet, pipeline.text_encoder):
        for module in network.modules():
            if isinstance(module, peft_library.tuners.lora.LoraLayer):
                module.scale_layer(scale)
                module.merge()
    pipeline.unload_lora_weights()
    return {"unet": pipeline.unet.state_dict(), "text_encoder": pipeline.text_encoder.state_dict()}


def save(pipeline: StableDiffusionPipeline, folder: Path, *, header: bool) -> Path:
    """The file that diffusers' training scripts write."""
    parts = {"unet": pipeline.unet, "text_encoder": pipeline.text_encoder}
    tensors = {f"{name}_lora_layers": get_peft_model_state_dict(part) for name, part in parts.items()}
    said = {f"{n}_lora_adapter_metadata": part.peft_config["default"].to_dict() for n, part in parts.items()}
    pipeline.save_lora_weights(folder, **tensors, **(said if header else {}))
    return folder / "pytorch_lora_weights.safetensors"


@pytest.mark.parametrize("scale", [1.0, 0.6])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_what_diffusers_writes_is_as_strong_as_it_was_trained(
    base: Networks, ours: Networks, tmp_path: Path, settings: dict, scale: float
) -> None:
    pipeline = adapted(base, settings)
    path = save(pipeline, tmp_path, header=True)
    found = merged(ours, (path, scale))
    assert not list(apart(found, fused(pipeline, scale)))
    assert not list(apart(found, Oracle(base).merged((path, scale))))


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("network", ["unet", "text_encoder"])
def test_what_peft_writes_is_as_strong_as_it_was_trained(
    base: Networks, ours: Networks, tmp_path: Path, settings: dict, network: str
) -> None:
    """A folder with adapter_model.safetensors and adapter_config.json."""
    torch.manual_seed(4)
    layers = list(UNET if network == "unet" else TEXT)
    config = peft_library.LoraConfig(**settings, target_modules=layers, init_lora_weights=False)
    model = peft_library.get_peft_model(small_networks()[network], config)
    model.save_pretrained(tmp_path)
    found = merged(ours, (tmp_path / "adapter_model.safetensors", 1.0))
    assert not list(apart({network: found[network]}, {network: model.merge_and_unload().state_dict()}))
    other = "text_encoder" if network == "unet" else "unet"
    assert not list(apart({other: found[other]}, {other: weights(base)[other]}))


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_one_network_s_file_may_have_a_header_without_names(
    base: Networks, ours: Networks, tmp_path: Path, settings: dict
) -> None:
    pipeline = adapted(base, settings)
    pipeline.unet.save_lora_adapter(tmp_path)
    path = tmp_path / "pytorch_lora_weights.safetensors"
    found = merged(ours, (path, 0.6))
    theirs = Oracle(base).merged((path, 0.6), unet_only=True, use_safetensors=True)  # else it reads no header
    assert len(list(apart(theirs, weights(base)))) == len(UNET)
    assert not list(apart(found, theirs))


def test_a_file_that_says_nothing_has_a_strength_of_one(base: Networks, ours: Networks, tmp_path: Path) -> None:
    path = save(adapted(base, SETTINGS["patterns"]), tmp_path, header=False)
    assert not list(apart(merged(ours, (path, 0.6)), Oracle(base).merged((path, 0.6))))


def test_a_header_of_one_network_says_nothing_of_the_other(base: Networks, ours: Networks, tmp_path: Path) -> None:
    updates = [replace(update, strength=4.0 if in_unet(update) else 1.0) for update in low_ranks(base)]
    header = {HEADER: json.dumps({"unet.r": 4, "unet.lora_alpha": 16})}
    save_file(written(updates, peft), tmp_path / "a.safetensors", metadata=header)
    assert not list(apart(merged(ours, (tmp_path / "a.safetensors", 0.7)), by_formula(base, updates, 0.7)))


def test_older_spellings_have_headers_too(base: Networks, ours: Networks, tmp_path: Path) -> None:
    updates = [replace(update, strength=4.0) for update in low_ranks(base) if in_unet(update)]
    settings = {"unet.r": 4, "unet.lora_alpha": 16, "unet.target_modules": list(UNET)}
    save_file(written(updates, lora_down), tmp_path / "a.safetensors", metadata={HEADER: json.dumps(settings)})
    found = merged(ours, (tmp_path / "a.safetensors", 0.7))
    assert not list(apart(found, Oracle(base).merged((tmp_path / "a.safetensors", 0.7))))
    assert not list(apart(found, by_formula(base, updates, 0.7)))


def test_settings_beside_a_file_of_another_program_are_not_its_own(
    base: Networks, ours: Networks, tmp_path: Path
) -> None:
    """People keep their files in one folder."""
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 64}))
    save_file(written(low_ranks(base), kohya), tmp_path / "style.safetensors")
    assert not list(apart(merged(ours, (tmp_path / "style.safetensors", 1.0)), by_formula(base, low_ranks(base), 1.0)))


@pytest.mark.parametrize("alpha", [2.0, 32.0])
@pytest.mark.parametrize("ranks", [(4,), (2, 8, 3)])
def test_kohya_s_alpha_is_divided_by_the_rank(
    base: Networks, ours: Networks, tmp_path: Path, ranks: tuple[int, ...], alpha: float
) -> None:
    updates = [replace(update, strength=alpha / len(update.down)) for update in low_ranks(base, ranks)]
    save_file(written(updates, lambda update: kohya(update, alpha=alpha)), tmp_path / "a.safetensors")
    found = merged(ours, (tmp_path / "a.safetensors", 0.7))
    assert not list(apart(found, Oracle(base).merged((tmp_path / "a.safetensors", 0.7))))
    assert not list(apart(found, by_formula(base, updates, 0.7)))


@pytest.mark.parametrize("first", [1.0, 7.0])
def test_where_each_layer_has_its_own_alpha_the_formula_decides(
    base: Networks, ours: Networks, tmp_path: Path, first: float
) -> None:
    """diffusers 0.42 does not find those of attention again under the names that it gives them."""
    alphas = {update.path: first + index for index, update in enumerate(low_ranks(base))}
    updates = [replace(update, strength=alphas[update.path] / 4) for update in low_ranks(base)]
    save_file(written(updates, lambda update: kohya(update, alpha=alphas[update.path])), tmp_path / "a.safetensors")
    found = merged(ours, (tmp_path / "a.safetensors", 0.7))
    assert not list(apart(found, by_formula(base, updates, 0.7)))
    wrong = set(apart(found, Oracle(base).merged((tmp_path / "a.safetensors", 0.7))))
    assert f"unet.{ATTENTION}.transformer_blocks.0.attn2.to_k.weight" in wrong
    assert "text_encoder.encoder.layers.0.self_attn.k_proj.weight" in wrong


@pytest.mark.parametrize("which", [in_unet, in_text])
def test_what_peft_wrote_and_lost_its_settings_is_noted(
    base: Networks, ours: Networks, tmp_path: Path, which: Which
) -> None:
    files = written([update for update in low_ranks(base) if which(update)], peft_own)
    save_file(files, tmp_path / "adapter_model.safetensors")
    with torch.no_grad():
        (note,) = merge_loras([Lora(tmp_path / "adapter_model.safetensors")], ours)
        assert "strength of adapter_model.safetensors is taken to be 1" in note
        assert translate("pt-BR", note) != note
        (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 4}))
        assert merge_loras([Lora(tmp_path / "adapter_model.safetensors")], ours) == ()


PATTERNS = (
    ["to_k"],
    ["attn2.to_k", "to_k"],
    ["to_k", "attn2.to_k"],
    ["^mid_block.attentions.0.transformer_blocks.0.attn2.to_k"],
    ["^attentions.0.transformer_blocks.0.attn2.to_k"],
    ["o_k"],
    ["mid_block"],
    [r".*attn\d.to_(q|k)"],
    ["to_q|to_k"],
    ["mid_block.*to_k"],
    ["TO_K"],
)


@pytest.mark.parametrize("patterns", PATTERNS, ids=" ".join)
def test_a_pattern_matches_what_peft_s_does(patterns: list[str]) -> None:
    alphas = {pattern: 10.0 + index for index, pattern in enumerate(patterns)}
    for path in UNET:
        config = AdapterConfig("here", {"r": 4, "lora_alpha": 4, "alpha_pattern": alphas})
        wanted = alphas.get(get_pattern_key(patterns, path), 4.0)
        assert config.strength(Layer("unet", path, nn.Identity()), 4) == wanted / 4


def test_a_pattern_may_know_the_text_encoder_by_its_older_name() -> None:
    for pattern in ("text_model.encoder.layers.0.mlp.fc1", "^text_model.encoder.layers.0.mlp.fc1", "layers.0.mlp.fc1"):
        config = AdapterConfig("here", {"r": 4, "lora_alpha": 4, "alpha_pattern": {pattern: 8}})
        assert config.strength(Layer("text_encoder", "encoder.layers.0.mlp.fc1", nn.Identity()), 4) == 2
        assert config.strength(Layer("text_encoder", "encoder.layers.1.mlp.fc1", nn.Identity()), 4) == 1


# --- more than two matrices


@pytest.mark.parametrize("scale", [1.0, 0.6])
@pytest.mark.parametrize("settings", [SETTINGS["alpha"], SETTINGS["both"]], ids=["alpha", "both"])
@pytest.mark.parametrize("header", [True, False])
def test_weight_decomposition_is_peft_s(
    base: Networks, ours: Networks, tmp_path: Path, settings: dict, header: bool, scale: float
) -> None:
    """DoRA: magnitudes that were trained too. diffusers 0.42 loses those of the text encoder."""
    if not header:
        settings = {"r": 4, "lora_alpha": 4}  # what is taken for granted
    pipeline = adapted(base, settings | {"use_dora": True})
    with torch.no_grad():
        for name, parameter in [*pipeline.unet.named_parameters(), *pipeline.text_encoder.named_parameters()]:
            if "lora_magnitude" in name:
                parameter.mul_(torch.rand_like(parameter) + 0.5)
    path = save(pipeline, tmp_path, header=header)
    found, theirs = merged(ours, (path, scale)), Oracle(base).merged((path, scale))
    assert {name.split(".")[0] for name in apart(found, theirs)} == {"text_encoder"}
    assert not list(apart(found, fused(pipeline, scale)))


@pytest.mark.parametrize("scale", [1.0, -0.6])
@pytest.mark.parametrize("alpha", [4, 16])
def test_what_a_lora_adds_to_biases_is_peft_s(
    base: Networks, ours: Networks, tmp_path: Path, alpha: int, scale: float
) -> None:
    pipeline = Oracle(base).pipeline()
    layers = [path for path in UNET if base["unet"].get_submodule(path).bias is not None]
    torch.manual_seed(5)
    config = peft_library.LoraConfig(
        r=4, lora_alpha=alpha, lora_bias=True, target_modules=layers, init_lora_weights=False
    )
    pipeline.unet.add_adapter(config, "default")
    tensors = get_peft_model_state_dict(pipeline.unet)
    assert any(key.endswith("lora_B.bias") for key in tensors)
    pipeline.save_lora_weights(tmp_path, tensors, unet_lora_adapter_metadata=config.to_dict())
    path = tmp_path / "pytorch_lora_weights.safetensors"
    found, theirs = merged(ours, (path, scale)), Oracle(base).merged((path, scale))
    assert len(list(apart(theirs, weights(base)))) == 2 * len(layers)
    assert not list(apart(found, theirs))


@pytest.mark.parametrize("name", ["token_embedding", "position_embedding"])
def test_embeddings_can_be_changed_too(base: Networks, ours: Networks, tmp_path: Path, name: str) -> None:
    rows, width = base["text_encoder"].get_submodule(f"embeddings.{name}").weight.shape
    stem = f"text_encoder.text_model.embeddings.{name}"
    files = {f"{stem}.lora_embedding_A": torch.randn(4, rows), f"{stem}.lora_embedding_B": torch.randn(width, 4)}
    files |= written([update for update in low_ranks(base) if in_text(update)], peft)
    save_file(files, tmp_path / "a.safetensors")
    found = merged(ours, (tmp_path / "a.safetensors", 0.7))
    theirs = Oracle(base).merged((tmp_path / "a.safetensors", 0.7))
    assert f"text_encoder.embeddings.{name}.weight" in set(apart(theirs, weights(base)))
    assert not list(apart(found, theirs))


@pytest.mark.parametrize("alpha", [None, 2.0])
@pytest.mark.parametrize("path", ["mid_block.resnets.0.conv1", "conv_in"])
def test_locon_s_middle_is_a_convolution_between_the_others(
    base: Networks, ours: Networks, tmp_path: Path, path: str, alpha: float | None
) -> None:
    layer, generator = base["unet"].get_submodule(path), torch.Generator().manual_seed(6)
    outputs, inputs = layer.weight.shape[:2]
    shapes = ((4, inputs, 1, 1), (4, 4, 3, 3), (outputs, 4, 1, 1))
    down, mid, up = (torch.randn(shape, generator=generator) * 0.3 for shape in shapes)
    stem = f"lora_unet_{path.replace('.', '_')}"
    files = {f"{stem}.lora_down.weight": down, f"{stem}.lora_mid.weight": mid, f"{stem}.lora_up.weight": up}
    files |= {f"{stem}.alpha": torch.tensor(alpha)} if alpha else {}
    save_file(files, tmp_path / "a.safetensors")
    x, convolve = torch.randn(1, inputs, 5, 5), nn.functional.conv2d
    with torch.no_grad():
        wanted = layer(x) + 0.7 * (alpha or 4) / 4 * convolve(convolve(convolve(x, down), mid, padding=1), up)
        merge_lora(tmp_path / "a.safetensors", 0.7, ours)
        torch.testing.assert_close(ours["unet"].get_submodule(path)(x), wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("spelling", [peft, kohya])
def test_a_1x1_convolution_may_be_written_as_a_matrix(
    base: Networks, ours: Networks, tmp_path: Path, spelling: Callable
) -> None:
    updates = [update for update in low_ranks(base) if "proj_in" in update.path or "shortcut" in update.path]
    flat = [replace(update, down=update.down.flatten(1), up=update.up.flatten(1)) for update in updates]
    save_file(written(flat, spelling), tmp_path / "a.safetensors")
    assert not list(apart(merged(ours, (tmp_path / "a.safetensors", 0.7)), by_formula(base, updates, 0.7)))


# --- several


def test_several_add_up_as_in_diffusers_in_any_order(base: Networks, tmp_path: Path) -> None:
    loras = []
    for index, (spelling, scale) in enumerate([(peft, 0.7), (kohya, -0.4), (processors, 1.2)]):
        save_file(written(low_ranks(base, (4, 2), seed=index), spelling), tmp_path / f"{index}.safetensors")
        loras.append((tmp_path / f"{index}.safetensors", scale))
    theirs = Oracle(base).merged(*loras)
    for order in itertools.permutations(loras):
        assert not list(apart(merged(small_networks(), *order), theirs))


def test_weight_decomposition_starts_from_the_model_s_own_weights_in_any_order(base: Networks, tmp_path: Path) -> None:
    dora = save(adapted(base, SETTINGS["alpha"] | {"use_dora": True}), tmp_path, header=True)
    save_file(written(low_ranks(base), kohya), tmp_path / "plain.safetensors")
    loras = [(dora, 0.5), (tmp_path / "plain.safetensors", 0.7)]
    assert not list(apart(merged(small_networks(), *loras), merged(small_networks(), *reversed(loras))))


@pytest.mark.parametrize("dora", [False, True])
def test_a_scale_of_zero_is_no_lora(base: Networks, ours: Networks, tmp_path: Path, dora: bool) -> None:
    path = save(adapted(base, SETTINGS["alpha"] | {"use_dora": dora}), tmp_path, header=True)
    found = merged(ours, (path, 0.0))
    for name, tensors in weights(base).items():
        assert all(torch.equal(tensor, found[name][key]) for key, tensor in tensors.items())


# --- refused


def judged(networks: Networks, path: Path) -> str:
    """What is said of a file that is refused, within five seconds of a processor and before anything was changed."""
    started = time.process_time()
    before = {name: {k: t.clone() for k, t in all_.items()} for name, all_ in weights(networks).items()}
    with torch.no_grad(), pytest.raises(CheckpointError) as caught:
        merge_lora(path, 1.0, networks)
    assert time.process_time() - started < 5
    for name, tensors in weights(networks).items():
        assert all(torch.equal(tensor, before[name][key]) for key, tensor in tensors.items())
    said = caught.value.sentence
    assert said.startswith(str(path)) or str(path.parent) in said
    assert said.endswith(".")
    assert translate("pt-BR", said) != said
    return said


ELSEWHERE = {
    "Stable Diffusion XL": [
        "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight",
        "text_encoder_2.text_model.encoder.layers.0.mlp.fc1.lora_A.weight",
        "lora_unet_input_blocks_4_1_transformer_blocks_1_attn1_to_q.lora_down.weight",
        "unet.down_blocks.0.attentions.0.transformer_blocks.9.attn1.to_q.lora_A.weight",
        "lora_unet_label_emb_0_0.lora_down.weight",
    ],
    "Flux or another transformer": [
        "transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight",
        "lora_unet_double_blocks_0_img_attn_proj.lora_down.weight",
        "diffusion_model.blocks.0.self_attn.q.lora_A.weight",
        "lora_transformer_single_transformer_blocks_0_attn_to_q.lora_down.weight",
    ],
    "Stable Diffusion 2": ["lora_te_text_model_encoder_layers_22_mlp_fc1.lora_down.weight"],
    "AnimateDiff": ["down_blocks.0.motion_modules.0.temporal_transformer.attn.processor.to_q_lora.down.weight"],
    "a ControlNet": ["lora_controlnet", "control_model.zero_convs.0.0.weight"],
    "LoHa": ["lora_unet_conv_in.hada_w1_a", "unet.conv_in.hada_t1"],
    "LoKr": ["lora_unet_conv_in.lokr_w1", "unet.conv_in.lokr_w2_a"],
    "OFT": ["lora_unet_conv_in.oft_blocks", "base_model.model.conv_in.oft_R.weight"],
    "IA3": ["base_model.model.conv_in.ia3_l", "lora_unet_conv_in.on_input"],
    "GLoRA": ["lora_unet_conv_in.a1.weight"],
    "DoRA (LyCORIS)": ["lora_unet_conv_in.dora_scale"],
    "Full (LyCORIS)": ["lora_unet_conv_in.diff", "lora_unet_conv_in.diff_b", "lora_te_final_layer_norm.w_norm"],
    "VeRA": ["base_model.model.conv_in.vera_lambda_b"],
    "AdaLoRA": [f"base_model.model.{UNET[0]}.lora_E"],
    "Custom Diffusion": [f"{ATTENTION}.transformer_blocks.0.attn2.processor.to_k_custom_diffusion.weight"],
    "LoRA (cloneofsimo)": ["unet:0:up", "text_encoder:3:down"],
    "IP-Adapter": ["image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight"],
    "Textual Inversion": ["emb_params", "<cat-toy>", "clip_l", "bundle_emb.cat.string_to_param.*"],
    "PEFT modules_to_save": ["base_model.model.conv_in.modules_to_save.weight", "base_model.model.conv_in.weight"],
    "PEFT bias": ["base_model.model.conv_in.bias", "base_model.model.encoder.layers.0.mlp.fc1.bias"],
    "a whole network": [
        "model.diffusion_model.input_blocks.0.0.weight",
        "down_blocks.0.resnets.0.conv1.weight",
        "text_model.encoder.layers.0.mlp.fc1.bias",
        "decoder.conv_in.weight",
    ],
    "a key that no layer of this model has": ["unet.nowhere.lora_A.weight", "something", "lora_unet_conv_in.lora_x"],
}


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "in a mixture"])
@pytest.mark.parametrize(
    ("kind", "key"), [(kind, key) for kind, keys in ELSEWHERE.items() for key in keys], ids=lambda value: value
)
def test_other_kinds_are_refused_by_name(base: Networks, tmp_path: Path, kind: str, key: str, alone: bool) -> None:
    rest = {} if alone else written(low_ranks(base), kohya)
    save_file(rest | {key: torch.zeros(4, 4)}, tmp_path / "a.safetensors")
    said = judged(base, tmp_path / "a.safetensors")
    assert kind in said
    assert key in said


def without(files: Files, ending: str) -> Files:
    key = next(key for key in files if key.endswith(ending))
    return {name: tensor for name, tensor in files.items() if name != key}


def instead(files: Files, ending: str, change: Callable[[Tensor], Tensor]) -> Files:
    key = next(key for key in files if key.endswith(ending))
    return files | {key: change(files[key]).contiguous()}


def spoiled(value: float) -> Callable[[Tensor], Tensor]:
    return lambda tensor: tensor.index_put((torch.tensor(0),), torch.tensor(value))


DAMAGES: dict[str, tuple[Callable[[Files], Files], str]] = {
    "no up": (lambda files: without(files, "lora_up.weight"), "only a part"),
    "no down": (lambda files: without(files, "lora_down.weight"), "only a part"),
    "alpha alone": (lambda files: files | {"lora_unet_conv_out.alpha": torch.tensor(1.0)}, "only a part"),
    "NaN": (lambda files: instead(files, "lora_up.weight", spoiled(float("nan"))), "not finite"),
    "infinity": (lambda files: instead(files, "lora_down.weight", spoiled(float("-inf"))), "not finite"),
    "alpha NaN": (lambda files: instead(files, "alpha", lambda _: torch.tensor(float("nan"))), "not finite"),
    "two alphas": (lambda files: instead(files, "alpha", lambda _: torch.ones(2)), "does not fit"),
    "whole numbers": (lambda files: instead(files, "lora_up.weight", lambda t: (t * 9).to(torch.int8)), "kind int8"),
    "complex alpha": (lambda files: instead(files, "alpha", lambda t: t + 0j), "kind complex64"),
    "other ranks": (lambda files: instead(files, "lora_up.weight", lambda t: t[:, 1:]), "does not fit"),
    "fewer inputs": (lambda files: instead(files, "lora_down.weight", lambda t: t[:, 1:]), "does not fit"),
    "fewer outputs": (lambda files: instead(files, "lora_up.weight", lambda t: t[1:]), "does not fit"),
    "no rank": (
        lambda files: instead(
            instead(files, "lora_up.weight", lambda t: t[:, :0]), "lora_down.weight", lambda t: t[:0]
        ),
        "does not fit",
    ),
    "no outputs": (lambda files: instead(files, "lora_up.weight", lambda t: t[:0]), "does not fit"),
    "a number for a matrix": (lambda files: instead(files, "lora_down.weight", lambda t: t[0, 0]), "does not fit"),
    "a middle for a matrix": (
        lambda files: files | {key.replace("_up", "_mid"): torch.ones(4, 4) for key in files if "_up" in key},
        "does not fit",
    ),
    "magnitudes of another size": (
        lambda files: files | {k.replace("up.weight", "magnitude_vector"): torch.ones(7) for k in files if "_up" in k},
        "does not fit",
    ),
    "never trained": (
        lambda files: {k: torch.zeros_like(t) if "lora_up" in k else t for k, t in files.items()},
        "changes nothing",
    ),
    "alpha zero": (
        lambda files: {k: torch.zeros_like(t) if "alpha" in k else t for k, t in files.items()},
        "changes nothing",
    ),
    "empty": (lambda _: {}, "no tensors"),
}


@pytest.mark.parametrize("text", ["lora_te", "lora_te1"])
@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES)
def test_damage_is_a_sentence(base: Networks, tmp_path: Path, damage: Callable, said: str, text: str) -> None:
    updates = [u for u in low_ranks(base, seed=len(text)) if u.path in (UNET[0], UNET[8], TEXT[1])]
    files = written(updates[:: 1 if text == "lora_te" else -1], lambda update: kohya(update, text, alpha=2.0))
    save_file(damage(files), tmp_path / "a.safetensors")
    assert said in judged(base, tmp_path / "a.safetensors")


@pytest.mark.parametrize("other", [kohya, processors, bare, peft_own, peft_named, to_q_lora])
def test_a_layer_in_two_spellings_is_refused_with_both(base: Networks, tmp_path: Path, other: Callable) -> None:
    updates = low_ranks(base)
    twice = {key: tensor.clone() for key, tensor in written(updates[:1], other).items()}
    save_file(
        written(updates, peft) | {key: tensor.clone() for key, tensor in twice.items()}, tmp_path / "a.safetensors"
    )
    said = judged(base, tmp_path / "a.safetensors")
    assert "two names" in said
    assert any(key in said for key in twice)


@pytest.mark.parametrize(("width", "kind"), [(768, "Diffusion 1"), (1024, "Diffusion 2"), (2048, "Diffusion XL")])
def test_the_width_of_the_text_tells_what_a_file_is_for(base: Networks, tmp_path: Path, width: int, kind: str) -> None:
    update = next(update for update in low_ranks(base) if update.path.endswith("attn2.to_k"))
    save_file(peft(replace(update, down=torch.randn(4, width))), tmp_path / "a.safetensors")
    said = judged(base, tmp_path / "a.safetensors")
    assert f"It is for Stable {kind}." in said
    assert f"64x{width} numbers where this model has 64x32" in said


OTHER_FILES = {
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab\nsize 12345\n",
    "a web page": b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>",
    "a PyTorch file": b"PK\x03\x04" + bytes(100),
    "is empty": b"",
    "cannot be read": b"not safetensors",
}
OTHER_STARTS = {
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1",
    "a web page": b"\n  <html>",
    "a PyTorch file": b"\x80\x02}q\x00.",
    "cannot be read": (10**15).to_bytes(8, "little") + b"{}",
}


@pytest.mark.parametrize(("said", "content"), [*OTHER_FILES.items(), *OTHER_STARTS.items()])
def test_other_files_are_called_what_they_are(base: Networks, tmp_path: Path, said: str, content: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    assert said in judged(base, tmp_path / "a.safetensors")


def test_only_files_are_opened(base: Networks, tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "a.safetensors")
    assert "is a named pipe, not a file" in judged(base, tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").mkdir()
    assert "is a folder, not a file" in judged(base, tmp_path / "b.safetensors")
    assert "is missing" in judged(base, tmp_path / "c.safetensors")


def test_a_truncated_file_is_a_sentence(base: Networks, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file(written(low_ranks(base), peft), path)
    whole = path.read_bytes()
    for size in (7, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert "cannot be read as a safetensors file" in judged(base, path)


WRONG_SETTINGS = {
    "rank 8": {"r": 8, "lora_alpha": 8},
    "rank 2": {"r": 4, "rank_pattern": {"to_q": 2}},
    "peft_type LOHA": {"r": 4, "peft_type": "LOHA"},
    "peft_type IA3": {"peft_type": "IA3"},
    "init_lora_weights pissa": {"r": 4, "init_lora_weights": "pissa_niter_16"},
    "init_lora_weights olora": {"r": 4, "init_lora_weights": "olora"},
    "alora_invocation_tokens": {"r": 4, "alora_invocation_tokens": [1, 2]},
    "layer_replication": {"r": 4, "layer_replication": [[0, 2]]},
    "use_qalora": {"r": 4, "use_qalora": True},
    "kasa_config": {"r": 4, "kasa_config": {"a": 1}},
    "use_something_new": {"r": 4, "use_something_new": True},
    "for lora_alpha, not a number": {"r": 4, "lora_alpha": None},
    "'16' for lora_alpha": {"r": 4, "lora_alpha": "16"},
    "nan for lora_alpha": {"r": 4, "lora_alpha": float("nan")},
    "True for r": {"r": True},
    "for alpha_pattern": {"r": 4, "alpha_pattern": {"to_q": [1]}},
    "alpha_pattern that cannot be read": {"r": 4, "alpha_pattern": {"to_(q": 1}},
    "rank_pattern that cannot be read": {"r": 4, "rank_pattern": ["to_q"]},
    "its magnitudes or the rest": {"r": 4, "use_dora": True},
}


@pytest.mark.parametrize("beside", [True, False], ids=["beside", "header"])
@pytest.mark.parametrize(("said", "settings"), WRONG_SETTINGS.items(), ids=WRONG_SETTINGS)
def test_settings_that_are_not_honoured_are_named(
    base: Networks, tmp_path: Path, said: str, settings: dict, beside: bool
) -> None:
    header = None if beside else {HEADER: json.dumps({f"unet.{name}": value for name, value in settings.items()})}
    if beside:
        (tmp_path / "adapter_config.json").write_text(json.dumps(settings))
    files = written([update for update in low_ranks(base) if in_unet(update)], peft)
    save_file(files, tmp_path / "adapter_model.safetensors", metadata=header)
    assert said in judged(base, tmp_path / "adapter_model.safetensors")


@pytest.mark.parametrize("raw", ["", "null", "[]", "{", '"x"', "7", "[" * 100_000])
@pytest.mark.parametrize("beside", [True, False], ids=["beside", "header"])
def test_settings_that_are_none_are_a_sentence(base: Networks, tmp_path: Path, raw: str, beside: bool) -> None:
    if beside:
        (tmp_path / "adapter_config.json").write_text(raw)
    files = written(low_ranks(base), peft)
    save_file(files, tmp_path / "a.safetensors", metadata=None if beside else {HEADER: raw or " "})
    assert "no settings that can be read" in judged(base, tmp_path / "a.safetensors")


@pytest.mark.parametrize("pattern", ["(a*)*b", "([a-z_.0-9]+)+!", ".*.*.*.*.*!", "(.*a){25}!"])
def test_a_pattern_cannot_hold_the_app(base: Networks, tmp_path: Path, pattern: str) -> None:
    settings = {"unet.r": 4, "unet.lora_alpha": 4, "unet.alpha_pattern": {pattern: 8}}
    save_file(written(low_ranks(base), peft), tmp_path / "a.safetensors", metadata={HEADER: json.dumps(settings)})
    assert "alpha_pattern that cannot be read" in judged(base, tmp_path / "a.safetensors")


def test_as_many_patterns_as_a_model_has_layers_are_quick(base: Networks, tmp_path: Path) -> None:
    alphas = {f"^{path}": 4 + i for i, path in enumerate(UNET)} | {f"down_blocks.9.x.{i}.to_q": 1 for i in range(900)}
    settings = {"unet.r": 4, "unet.lora_alpha": 4, "unet.alpha_pattern": alphas}
    updates = [replace(update, strength=alphas[f"^{update.path}"] / 4) for update in low_ranks(base) if in_unet(update)]
    save_file(written(updates, peft), tmp_path / "a.safetensors", metadata={HEADER: json.dumps(settings)})
    started, networks = time.process_time(), small_networks()
    found = merged(networks, (tmp_path / "a.safetensors", 1.0))
    assert time.process_time() - started < 5
    assert not list(apart(found, by_formula(base, updates, 1.0)))


def test_two_strengths_for_one_layer_are_refused(base: Networks, ours: Networks, tmp_path: Path) -> None:
    files = written(low_ranks(base), lambda update: kohya(update, alpha=2.0))
    for alpha, agrees in ((2, True), (16, False)):
        settings = {f"{name}.{key}": value for name in base for key, value in {"r": 4, "lora_alpha": alpha}.items()}
        save_file(files, tmp_path / "a.safetensors", metadata={HEADER: json.dumps(settings)})
        if agrees:
            merged(ours, (tmp_path / "a.safetensors", 1.0))
        else:
            assert re.search("two strengths .* 0.5 .* 4:", judged(base, tmp_path / "a.safetensors"))


@pytest.mark.parametrize("scale", [100.0, -100.0])
def test_numbers_that_overflow_are_a_sentence(ours: Networks, tmp_path: Path, scale: float) -> None:
    updates = [replace(update, up=update.up * 1e37) for update in low_ranks(ours)[:2]]
    save_file(written(updates, peft), tmp_path / "a.safetensors")
    with torch.no_grad(), pytest.raises(CheckpointError, match=r"too large at a scale of -?100: choose a smaller one"):
        merge_lora(tmp_path / "a.safetensors", scale, ours)


def test_nothing_is_changed_when_the_second_file_is_refused(base: Networks, ours: Networks, tmp_path: Path) -> None:
    save_file(written(low_ranks(base), peft), tmp_path / "a.safetensors")
    save_file({"something": torch.zeros(1)}, tmp_path / "b.safetensors")
    with pytest.raises(CheckpointError, match="something"):
        merged(ours, (tmp_path / "a.safetensors", 1.0), (tmp_path / "b.safetensors", 1.0))
    assert not list(apart(weights(ours), weights(base)))
    assert load_file(tmp_path / "a.safetensors")
