"""Checkpoints damaged in every way that somebody has met or could think of, from tiny ones that are whole.

Each damage is done to a folder of its own and comes with what has to be said of it; where that is empty, the damage may
also be harmless, and then the image is the one that the whole checkpoint draws.
"""

import json
import os
import re
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import small_glide
import small_refiner
import small_sd
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import load_file, save_file
from test_safety import save_checker

Tensors = dict[str, torch.Tensor]
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 3438167540\n"


@dataclass(frozen=True)
class Damage:
    """What is done to a checkpoint of a kind, and a pattern that the sentence about it has to match."""

    name: str
    kind: str
    do: Callable[[Path], Any]
    said: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


# ---------------------------------------------------------------- checkpoints that are whole


def save_whole(kind: str, folder: Path) -> Path:
    """A checkpoint of a kind."""
    if kind == "glide":
        folder.mkdir()
        return small_glide.save_converted(folder)
    if kind == "refiner":
        return small_refiner.save_refiner(folder)
    small_sd.save_published(folder, safetensors=kind != "bin")
    if kind == "sharded":
        unet = small_sd.networks()[1]
        shutil.rmtree(folder / "unet")
        unet.save_pretrained(folder / "unet", max_shard_size="100KB")
    if kind == "checked":
        save_checker(folder / "safety_checker", threshold=1.5)
    if kind == "tiny":
        torch.manual_seed(2)
        AutoencoderTiny(encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4).save_pretrained(
            folder / "tiny_vae"
        )
    return folder


def copied(whole: Path, folder: Path) -> Path:
    """A copy that shares its files with the whole one: what is damaged has to be replaced."""
    return Path(shutil.copytree(whole, folder, copy_function=os.link))


# ---------------------------------------------------------------- ways to damage


def put(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def cut(path: Path, share: float) -> None:
    put(path, path.read_bytes()[: int(path.stat().st_size * share)])


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    path.unlink()
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("gone"))


def looping(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def header(path: Path, change: Callable[[dict], None]) -> None:
    """Change what a safetensors file says of itself."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    said = json.loads(content[8 : 8 + length])
    change(said)
    text = json.dumps(said).encode()
    put(path, len(text).to_bytes(8, "little") + text + content[8 + length :])


def weights(folder: Path) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.suffix in (".safetensors", ".bin"))


def tensors(folder: Path, change: Callable[[Tensors], Any]) -> None:
    """Change the tensors in a folder's one file of weights."""
    path = weights(folder)
    if path.suffix == ".bin":
        state = torch.load(path, weights_only=True)
        change(state)
        path.unlink()
        torch.save(state, path)
    else:
        state = load_file(path)
        change(state)
        path.unlink()
        save_file(state, path)


def settings(path: Path, **changes: Any) -> None:
    """Change values of a file of JSON; those that become `...` are removed."""
    said = {name: value for name, value in (json.loads(path.read_text()) | changes).items() if value is not ...}
    put(path, json.dumps(said).encode())


def first(state: Tensors) -> str:
    return next(name for name in sorted(state) if state[name].dim() == 1)


def lose(count: int, state: Tensors) -> None:
    for name in sorted(state)[:count]:
        del state[name]


def replace_first(state: Tensors, made: Callable[[torch.Tensor], torch.Tensor]) -> None:
    name = first(state)
    state[name] = made(state[name])


def spoil(value: float, state: Tensors) -> None:
    state[first(state)][-1] = value


# ---------------------------------------------------------------- every damage


def _not_files(kind: str, name: str) -> Iterator[Damage]:
    """What may lie where a file should be."""
    file = re.escape(Path(name).name)
    ways = {
        "a named pipe": (fifo, f"{file} is a named pipe, not a file"),
        "a socket": (unix_socket, f"{file} is a socket, not a file"),
        "a device": (device, f"{file} is a device, not a file"),
        "a folder": (directory, f"{file} is a folder, not a file"),
        "a link to nothing": (dangling, f"{file} is a link to a file that is not there"),
        "a link to itself": (looping, f"{file} cannot be read|lacks|not there"),
        "a Git LFS pointer": (partial(put, content=LFS), f"{file} is a Git LFS pointer.*run “git lfs pull” in "),
    }
    for what, (do, said) in ways.items():
        yield Damage(f"{name} is {what}", kind, lambda folder, do=do: do(folder / name), said)


def _not_weights(kind: str, name: str) -> Iterator[Damage]:
    """What may lie in a file of safetensors."""
    file = re.escape(Path(name).name)
    no = f"{file} is not a safetensors file"

    def longer(said: dict) -> None:
        entry = next(value for key, value in sorted(said.items()) if key != "__metadata__")
        entry["shape"][0] *= 1000

    def beyond(said: dict) -> None:
        entry = next(value for key, value in sorted(said.items()) if key != "__metadata__")
        entry["data_offsets"][1] += 10**12

    def untyped(said: dict) -> None:
        next(value for key, value in sorted(said.items()) if key != "__metadata__")["dtype"] = "F13"

    ways: dict[str, tuple[Callable, str]] = {
        "is cut in half": (partial(cut, share=0.5), f"{file} is cut off: .* bytes of .* are there"),
        "lacks its last bytes": (partial(cut, share=0.999), f"{file} is cut off"),
        "is cut within its header": (lambda path: put(path, path.read_bytes()[:100]), f"{file} is cut off"),
        "is empty": (partial(put, content=b""), no),
        "is text": (partial(put, content=b"<html>404: not found</html>" * 9), f"{no}|{file} is cut off"),
        "has a header of an exabyte": (partial(put, content=(2**60).to_bytes(8, "little") + b"{}"), no),
        "has a header that is no JSON": (partial(put, content=(4).to_bytes(8, "little") + b"nope"), no),
        "has a header nested deep": (
            partial(put, content=(100_000).to_bytes(8, "little") + b"[" * 100_000),
            no,
        ),
        "says that a tensor is longer": (partial(header, change=longer), no),
        "says that a tensor ends far behind": (partial(header, change=beyond), f"{file} is cut off"),
        "says that a tensor is of an unknown type": (partial(header, change=untyped), no),
        "has bytes at the end": (lambda path: put(path, path.read_bytes() + b"x"), no),
        "is a pickle": (lambda path: (path.unlink(), torch.save({"a": torch.zeros(2)}, path)), f"{no}|{file} is cut"),
    }
    for what, (do, said) in ways.items():
        yield Damage(f"{name} {what}", kind, lambda folder, do=do: do(folder / name), said)


def _tensors(kind: str, part: str) -> Iterator[Damage]:
    """Tensors that are missing, left over, misshapen or no numbers, for each network alike."""
    ways: dict[str, tuple[Callable[[Tensors], Any], str]] = {
        "lacks a tensor": (partial(lose, 1), rf"{part} lacks 1 of the \d+ tensors .*, the first \S+: restore"),
        "lacks three tensors": (partial(lose, 3), rf"{part} lacks 3 of the \d+ tensors"),
        "has a tensor more": (
            lambda state: state.update({"more.weight": torch.zeros(3)}),
            f"{part} has 1 more tensors than its config.json asks for, the first more.weight",
        ),
        "has a tensor of another shape": (
            partial(replace_first, made=lambda tensor: torch.zeros(len(tensor) + 1)),
            rf"{part} has 1 tensors of another shape .* is \d+ and not \d+",
        ),
        "has whole numbers": (partial(replace_first, made=lambda tensor: tensor.int()), "stored as .*32, which cannot"),
        "has what is no number": (partial(spoil, torch.nan), "has values that are not finite numbers"),
        "has infinity": (partial(spoil, torch.inf), "has values that are not finite numbers"),
    }
    for what, (change, said) in ways.items():
        yield Damage(f"{part} {what}", kind, lambda folder, change=change: tensors(folder / part, change), said)


def _garbled(kind: str, name: str) -> Iterator[Damage]:
    """What may lie in a file of JSON that should hold an object."""
    file = re.escape(Path(name).name)
    contents = {
        "null": b"null",
        "a list": b"[]",
        "a number": b"7",
        "a string": b'"x"',
        "nothing": b"",
        "half of it": b'{"_class_name": "UNet2D',
        "what is no text": b"\xff\xfe\x00",
        "a hundred thousand brackets": b"[" * 100_000,
    }
    for what, content in contents.items():
        said = "does not hold a JSON object" if content in (b"null", b"[]", b"7", b'"x"') else "is not valid JSON"
        yield Damage(
            f"{name} holds {what}", kind, lambda folder, content=content: put(folder / name, content), f"{file} {said}"
        )
    spare = file in (r"tokenizer\.json", r"vocab\.json")  # the one is as good as the other
    said = "" if spare else f"{file} is missing|lacks"
    yield Damage(f"{name} is missing", kind, lambda folder: (folder / name).unlink(), said)


def _values(kind: str, part: str, changes: dict[str, list[Any]], said: str = "") -> Iterator[Damage]:
    """Values of a config.json, each alone."""
    for name, values in changes.items():
        for value in values:
            yield Damage(
                f"{part}'s {name} is {json.dumps(value)[:30]}",
                kind,
                lambda folder, name=name, value=value: settings(folder / part / "config.json", **{name: value}),
                said or f"“{name}”|{part}|the text encoder",
            )


_UNET = {
    "in_channels": [None, 0, -4, 4.0, "4", [4], True, 10**12],
    "block_out_channels": [None, [], [32], [0, 64], [-32, 64], "32", [32, None], [32] * 50],
    "layers_per_block": [None, 0, 100_000, -1, "2", []],
    "attention_head_dim": [0, -4, None, [], 3],
    "cross_attention_dim": [0, None, [], 33],
    "transformer_layers_per_block": [100_000, 0, "1"],
    "down_block_types": [None, [], ["NoSuchBlock", "DownBlock2D"], ["DownBlock2D"], 3],
    "norm_num_groups": [0, 7, -8, None],
    "norm_eps": [None, "1e-5", float("nan"), -1, 10**9],
    "act_fn": ["no such", None, 3],
    "sample_size": ["64", -1],
    "class_embed_type": ["timestep", "no such"],
    "addition_embed_type": ["text", "text_time"],
    "time_embedding_type": ["no such", "fourier"],
    "quantization_config": [{"quant_method": "bitsandbytes"}],
    "_class_name": ["AutoencoderKL", "UNetMotionModel"],
}
_TEXT = {
    "hidden_size": [None, 0, -32, 33, "32", 10**12],
    "num_hidden_layers": [1_000_000, 0, None, "2", 1.5],
    "num_attention_heads": [0, -2, None, [], 3],
    "max_position_embeddings": [0, 10**9, 76, None],
    "vocab_size": [0, -1, 7999, 10**9],
    "layer_norm_eps": [None, "0", -1, float("inf")],
    "hidden_act": ["no such", None],
    "model_type": ["t5", "bert"],
}
_VAE = {
    "latent_channels": [0, None, 16, "4"],
    "scaling_factor": [None, 0, -0.18, "0.18", float("nan")],
    "block_out_channels": [None, [], [8, 8, 16], [0] * 4],
    "layers_per_block": [100_000, 0, -1],
    "norm_num_groups": [0, 3, None],
    "out_channels": [0, 4, None],
}


def remade(network: Any, changes: dict[str, Any]) -> Any:
    """A network of the same class, whose configuration differs."""
    said = {name: value for name, value in network.config.items() if not name.startswith("_")}
    return type(network)(**said | changes)


def _agreement() -> Iterator[Damage]:
    """Parts of different checkpoints in one folder, each of them whole."""

    def unet(folder: Path, **changes: Any) -> None:
        shutil.rmtree(folder / "unet")
        torch.manual_seed(3)
        made = small_sd.networks()[1]
        remade(made, changes).save_pretrained(folder / "unet")

    def vae(folder: Path, **changes: Any) -> None:
        shutil.rmtree(folder / "vae")
        made = small_sd.networks()[2]
        remade(made, changes).save_pretrained(folder / "vae")

    for channels, said in ((9, "the latents .* have 4: .* It is for inpainting"), (8, "the latents .* have 4")):
        yield Damage(
            f"a U-Net of {channels} channels",
            "sd",
            partial(unet, in_channels=channels),
            rf"The U-Net in \S+ takes {channels} channels, and {said}",
        )
    yield Damage("a U-Net that gives 8", "sd", partial(unet, out_channels=8), "gives 8 channels, .* have 4")
    for width in (48, 64):
        said = rf"reads text states of width {width}, .* have 32"
        yield Damage(f"a U-Net for text of width {width}", "sd", partial(unet, cross_attention_dim=width), said)
    yield Damage("an autoencoder of 8 latents", "sd", partial(vae, latent_channels=8), "takes 4 channels, .* have 8")
    yield Damage("an autoencoder of 2 latents", "sd", partial(vae, latent_channels=2), "takes 4 channels, .* have 2")
    yield Damage(
        "a U-Net that is told a class",
        "sd",
        partial(unet, num_class_embeds=7),
        "needs more conditions than a prompt .“num_class_embeds” is 7",
    )
    yield Damage(
        "an autoencoder for grey images", "sd", partial(vae, out_channels=1), "gives 2x1x256x256, where 2x3x256x256"
    )


def _tokenizer(kind: str, part: str) -> Iterator[Damage]:
    def words(folder: Path, change: Callable[[dict, list], Any]) -> None:
        path = folder / part / "tokenizer.json"
        said = json.loads(path.read_text())
        change(said["model"]["vocab"], said["model"]["merges"])
        put(path, json.dumps(said).encode())

    def plain(folder: Path) -> None:
        (folder / part / "tokenizer.json").unlink()

    def plain_cut(folder: Path) -> None:
        plain(folder)
        cut(folder / part / "merges.txt", 0.3)

    yield Damage("only vocab.json and merges.txt", kind, plain)
    yield Damage(
        "only vocab.json, and merges.txt cut off", kind, plain_cut, r"has \d+ words that no merge makes|holds no"
    )
    yield Damage(
        "only vocab.json",
        kind,
        lambda folder: (plain(folder), (folder / part / "merges.txt").unlink()),
        "merges.txt is missing",
    )
    yield Damage(
        "no merges", kind, partial(words, change=lambda _, merges: merges.clear()), "words that no merge makes"
    )
    yield Damage(
        "no words", kind, partial(words, change=lambda known, _: known.clear()), "holds no tokenizer|does not read"
    )
    yield Damage(
        "a word beyond the last row",
        kind,
        partial(words, change=lambda known, _: known.update({"ab</w>": 9000})),
        "has words up to number 9000, and the text encoder knows 8000",
    )
    for name in ("tokenizer_config.json", "tokenizer.json"):
        yield from _garbled(kind, f"{part}/{name}")
    for value in (None, "77", 0, -1, 78, 10**30, 77.5, True, ...):
        yield Damage(
            f"model_max_length is {value}",
            kind,
            lambda folder, value=value: settings(folder / part / "tokenizer_config.json", model_max_length=value),
            "“model_max_length” is .*, and the text encoder reads 77 tokens",
        )
    yield Damage("the folder is missing", kind, lambda folder: shutil.rmtree(folder / part), "lacks tokenizer")


def _shards() -> Iterator[Damage]:
    def index(folder: Path, change: Callable[[dict], Any]) -> None:
        path = folder / "unet/diffusion_pytorch_model.safetensors.index.json"
        said = json.loads(path.read_text())
        change(said)
        put(path, json.dumps(said).encode())

    def shard(folder: Path, number: int) -> Path:
        return sorted((folder / "unet").glob("*.safetensors"))[number]

    def move(said: dict) -> None:
        names = sorted(set(said["weight_map"].values()))
        key = next(key for key, file in said["weight_map"].items() if file == names[0])
        said["weight_map"][key] = names[1]

    def name_all(file: Any) -> Callable[[dict], None]:
        return lambda said: said.update(weight_map=dict.fromkeys(said["weight_map"], file))

    ways: dict[str, tuple[Callable[[Path], Any], str]] = {
        "a shard is missing": (lambda folder: shard(folder, 1).unlink(), r"00002-of-\d+\.safetensors is missing"),
        "a shard is a named pipe": (
            lambda folder: fifo(shard(folder, 0)),
            r"00001-of-\d+\.safetensors is a named pipe",
        ),
        "a shard is a Git LFS pointer": (lambda folder: put(shard(folder, 0), LFS), "is a Git LFS pointer"),
        "a shard is cut off": (lambda folder: cut(shard(folder, 1), 0.5), r"00002-of-\d+\.safetensors is cut off"),
        "two shards are one": (
            lambda folder: put(shard(folder, 1), shard(folder, 0).read_bytes()),
            "in two files|where its index says",
        ),
        "the index is missing": (
            lambda folder: (folder / "unet/diffusion_pytorch_model.safetensors.index.json").unlink(),
            r"unet lacks the index of its \d+ files of weights",
        ),
        "the index maps a key wrongly": (partial(index, change=move), "where its index says that it is"),
        "the index names a file above": (
            partial(index, change=name_all("../vae/diffusion_pytorch_model.safetensors")),
            "names ../vae/.*, which is not a weights file beside it",
        ),
        "the index names a file elsewhere": (
            partial(index, change=name_all("/etc/passwd")),
            "names /etc/passwd, which",
        ),
        "the index names numbers": (partial(index, change=name_all(3)), "does not say which file each tensor is in"),
        "the index names nothing": (
            partial(index, change=lambda said: said.update(weight_map={})),
            "does not say which file",
        ),
        "the index has no map": (partial(index, change=lambda said: said.pop("weight_map")), "does not say which file"),
        "the index has no metadata": (partial(index, change=lambda said: said.pop("metadata")), ""),
    }
    for what, (do, said) in ways.items():
        yield Damage(what, "sharded", do, said)


def _pickles() -> Iterator[Damage]:
    """What may be wrong with the .bin files of older checkpoints."""
    file = "unet/diffusion_pytorch_model.bin"
    no = "cannot be read as a PyTorch file of plain tensors"

    def stretched(state: Tensors) -> None:
        state[first(state)] = torch.zeros(1).expand(10**12)

    def compressed(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        path.unlink()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)

    ways: dict[str, tuple[Callable[[Path], Any], str]] = {
        "is cut in half": (partial(cut, share=0.5), no),
        "is empty": (partial(put, content=b""), no),
        "is text": (partial(put, content=b"<html>404</html>"), no),
        "is compressed": (compressed, "is compressed, as PyTorch's files are not"),
        "holds a list": (lambda path: (path.unlink(), torch.save([torch.zeros(2)], path)), "no dictionary of tensors"),
        "holds dictionaries": (
            lambda path: (path.unlink(), torch.save({"state_dict": {"a": torch.zeros(2)}}, path)),
            "no dictionary of tensors",
        ),
    }
    for what, (do, said) in ways.items():
        yield Damage(f"{file} {what}", "bin", lambda folder, do=do: do(folder / file), said)
    yield Damage(
        "a single number is said to be a trillion",
        "bin",
        lambda folder: tensors(folder / "unet", stretched),
        "is larger than what the file holds of it",
    )


def _cascade() -> Iterator[Damage]:
    for part in ("unet", "upsampler"):
        yield from _tensors("glide", part)
        yield from _values(
            "glide",
            part,
            {
                "sample_size": [None, 0, 10**5, [16, 16], "16", 15],
                "class_embed_type": [None, "timestep"],
                "in_channels": [5],
            },
            "“",
        )
    for part in ("text_encoder", "upsampler_text_encoder"):
        yield from _tensors("glide", part)
        changes = {
            "layers": [0, 1_000_000],
            "heads": [0, 5, -3],
            "tokens": [0, None, 17],
            "vocabulary": [1, 399, 10**9],
        }
        yield from _values("glide", part, changes | {"width": [0, 47], "pooled": [0, 7]})
    for name in ("tokenizer/vocab.json", "upsampler/config.json"):
        yield from _garbled("glide", name)


def every_damage() -> list[Damage]:
    """All of them."""
    files = ("unet/config.json", "vae/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors")
    made = [damage for name in files for damage in _not_files("sd", name)]
    made += _not_files("bin", "unet/diffusion_pytorch_model.bin")
    made += _not_files("sd", "tokenizer/tokenizer_config.json")
    made += _not_files("refiner", "unet/diffusion_pytorch_model.safetensors")
    made += _not_weights("sd", "unet/diffusion_pytorch_model.safetensors")
    made += _not_weights("sd", "text_encoder/model.safetensors")
    for kind, parts in {
        "sd": ("unet", "vae", "text_encoder"),
        "bin": ("unet", "vae", "text_encoder"),
        "refiner": ("unet", "vae", "text_encoder_2"),
        "tiny": ("tiny_vae",),
        "checked": ("safety_checker",),
    }.items():
        made += [damage for part in parts for damage in _tensors(kind, part)]
    for name in ("unet", "vae", "text_encoder"):
        made += _garbled("sd", f"{name}/config.json")
    made += _garbled("sd", "scheduler/scheduler_config.json")
    made += _values(
        "refiner", "text_encoder_2", {"projection_dim": [None, 23], "num_hidden_layers": [1_000_000]}, "SDXL|_2"
    )
    made += _values("sd", "unet", _UNET)
    made += _values("sd", "text_encoder", _TEXT)
    made += _values("sd", "vae", _VAE)
    made += [*_agreement(), *_tokenizer("sd", "tokenizer"), *_shards(), *_pickles(), *_cascade()]
    return made
