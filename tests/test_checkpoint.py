"""What the strict reader accepts: files as diffusers and transformers wrote them over the years, to the last number."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from damaged import LFS, Tensors, cut, put, save_whole, tensors
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from small_glide import SMALL_BASE, SMALL_UPSAMPLER, save_published
from test_safety import save_checker
from transformers import CLIPTextModel, CLIPTextModelWithProjection

from instaflow_demo.engines.checkpoint.settings import read
from instaflow_demo.errors import CheckpointError
from instaflow_demo.glide import TextEncoder
from instaflow_demo.weights.convert_glide import convert

NETWORKS = [
    ("sd", "text_encoder", CLIPTextModel),
    ("sharded", "unet", UNet2DConditionModel),
    ("bin", "unet", UNet2DConditionModel),
    ("sd", "vae", AutoencoderKL),
    ("tiny", "tiny_vae", AutoencoderTiny),
    ("refiner", "text_encoder_2", CLIPTextModelWithProjection),
    ("checked", "safety_checker", StableDiffusionSafetyChecker),
    ("glide", "text_encoder", TextEncoder),
]


def contents(network: Any) -> Tensors:
    """Parameters and buffers, those that are not saved too."""
    return {name: value.detach() for name, value in [*network.named_parameters(), *network.named_buffers()]}


@pytest.mark.parametrize(("kind", "part", "made"), NETWORKS, ids=lambda value: getattr(value, "__name__", value))
def test_what_is_read_is_what_its_library_reads(tmp_path: Path, kind: str, part: str, made: Any) -> None:
    folder = save_whole(kind, tmp_path / kind) / part
    theirs = contents(made.from_pretrained(folder, local_files_only=True, use_safetensors=kind != "bin"))
    ours = contents(read(made, folder, torch.float32, half_first=False))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert not read(made, folder, torch.float32, half_first=False).training


def older_attention(state: Tensors) -> None:
    """As diffusers called an autoencoder's attention when Stable Diffusion was published."""
    for name in list(state):
        older = name
        for ours, theirs in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
            older = re.sub(rf"(mid_block\.attentions\.0)\.{re.escape(ours)}\.", rf"\1.{theirs}.", older)
        state[older] = state.pop(name)


def within(prefix: str, positions: str) -> Callable[[Tensors], None]:
    """As transformers named a tower's weights, and with the positions that it saved."""

    def change(state: Tensors) -> None:
        for name in [name for name in state if not name.startswith(prefix)]:
            state[prefix + name] = state.pop(name)
        state[positions] = torch.arange(77)[None]

    return change


def twice_within(state: Tensors) -> None:
    for name in [name for name in state if name.startswith("vision_model.")]:
        older = f"vision_model.vision_model.{name.removeprefix('vision_model.').removeprefix('vision_model.')}"
        state[older] = state.pop(name)
    state["vision_model.vision_model.embeddings.position_ids"] = torch.arange(5)[None]


@pytest.mark.parametrize("kind", ["sd", "bin"])
@pytest.mark.parametrize(
    ("part", "made", "change"),
    [
        ("vae", AutoencoderKL, older_attention),
        ("text_encoder", CLIPTextModel, within("text_model.", "text_model.embeddings.position_ids")),
        ("safety_checker", StableDiffusionSafetyChecker, twice_within),
    ],
    ids=["autoencoder", "text encoder", "safety checker"],
)
def test_older_spellings_are_read(
    tmp_path: Path, kind: str, part: str, made: Any, change: Callable[[Tensors], None]
) -> None:
    folder = save_whole(kind, tmp_path / kind)
    if part == "safety_checker":
        save_checker(folder / part, threshold=1.5)
    now = contents(read(made, folder / part, torch.float32, half_first=False))
    tensors(folder / part, change)
    older = contents(read(made, folder / part, torch.float32, half_first=False))
    assert older.keys() == now.keys()
    assert all(torch.equal(older[name], now[name]) for name in now)


def test_null_is_false_as_converters_wrote_it(tmp_path: Path) -> None:
    path = save_whole("sd", tmp_path / "sd") / "unet/config.json"
    for name in ("upcast_attention", "use_linear_projection"):
        put(path, json.dumps(json.loads(path.read_text()) | {name: None}).encode())
        read(UNet2DConditionModel, path.parent, torch.float32, half_first=False)


def test_weights_do_not_change_with_their_file(tmp_path: Path) -> None:
    """What is mapped into memory would, and a file that is cut off would end the process."""
    for kind in ("sd", "bin"):
        folder = save_whole(kind, tmp_path / kind) / "unet"
        network = read(UNet2DConditionModel, folder, torch.float32, half_first=False)
        before = {name: weight.clone() for name, weight in contents(network).items()}
        (file,) = [path for path in folder.iterdir() if path.name != "config.json"]
        file.write_bytes(bytes(file.stat().st_size))
        assert all(torch.equal(before[name], weight) for name, weight in contents(network).items())


# ---------------------------------------------------------------- GLIDE's own files


def spoiled(file: Path, value: float) -> None:
    state = torch.load(file)
    state["time_embed.0.bias"][3] = value
    torch.save(state, file)


def rounded(file: Path) -> None:
    torch.save({name: value.int() for name, value in torch.load(file).items()}, file)


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("base.pt", lambda file: put(file, LFS), "base.pt is a Git LFS pointer"),
        ("merges.txt", lambda file: put(file, LFS), "merges.txt is a Git LFS pointer"),
        ("base.pt", lambda file: spoiled(file, torch.nan), "base.pt, time_embed.0.bias has values that are not finite"),
        ("upsample.pt", lambda file: spoiled(file, torch.inf), "upsample.pt, time_embed.0.bias has values that are"),
        ("base.pt", rounded, "base.pt, the parameter .* is torch.int32"),
        ("upsample.pt", lambda file: cut(file, 0.7), "upsample.pt cannot be read as a PyTorch file"),
        ("merges.txt", lambda file: cut(file, 0.5), "vocab.json and merges.txt do not belong together"),
        ("vocab.json", lambda file: put(file, b"null"), "vocab.json does not hold a JSON object"),
        ("vocab.json", lambda file: put(file, b"{}"), "vocab.json and merges.txt do not belong together"),
    ],
)
def test_nothing_is_written_from_files_that_are_damaged(
    tmp_path: Path, name: str, damage: Callable[[Path], None], said: str
) -> None:
    files = save_published(tmp_path)
    damage(tmp_path / name)
    with pytest.raises(CheckpointError, match=said):
        convert(*files, tmp_path / "out", (SMALL_BASE, SMALL_UPSAMPLER))
    assert not (tmp_path / "out").exists()
