"""From OpenAI's base.pt and upsample.pt to a folder of safetensors that diffusers can read.

The two files name the same parameters differently and interleave queries, keys and values head by head. Every one is
checked: nothing may be missing, left over or of another shape.
"""

# transformers describes its classes loosely
# pyright: reportCallIssue=false

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import GPT2Tokenizer

from ..errors import CheckpointError, StorageFull, cause
from ..glide.unet import BASE, UPSAMPLER, Shape, make_text_encoder, make_unet
from .files import json_object, require_regular_file
from .tensors import refuse_not_finite, tensors_of

VOCABULARY = ("vocab.json", "merges.txt")
_END = "<|endoftext|>"


@dataclass(frozen=True)
class Rename:
    """One tensor of the published file and the parameter or parameters that it becomes, each along the first axis.

    With more than one target, or with `fused`, heads of width `head` hold their queries, keys and values side by side.
    """

    source: str
    targets: tuple[str, ...]
    head: int = 0
    parts: int = 1


def convert(base: Path, upsampler: Path, out: Path, shapes: tuple[Shape, Shape] = (BASE, UPSAMPLER)) -> None:
    """Write the cascade of two published files into the folder `out`, with the vocabulary that lies beside `base`.

    Raises:
        CheckpointError: with a sentence that names the first key that is missing, left over or misshapen.
        StorageFull: when the folder cannot be written; nothing is left behind.
    """
    for file in (base, upsampler):
        if not file.is_file():
            raise CheckpointError("{file} is not a file: name OpenAI's base.pt, and then its upsample.pt.", file=file)
    vocabulary = [base.parent / name for name in VOCABULARY]
    for file in vocabulary:
        if not file.is_file():
            raise CheckpointError(
                "{file} is missing: put vocab.json and merges.txt of openai-community/gpt2 beside {base}.",
                file=file,
                base=base.name,
            )
    refuse_vocabulary(*vocabulary)
    # both files are judged before anything is written
    networks = {
        "": networks_of(read_state(base), shapes[0], base.name),
        "upsampler": networks_of(read_state(upsampler), shapes[1], upsampler.name),
    }
    with _whole(out) as folder:
        for prefix, (unet, text_encoder) in networks.items():
            unet.save_pretrained(folder / (prefix or "unet"), max_shard_size="2GB")
            name = "_".join(filter(None, [prefix, "text_encoder"]))
            text_encoder.save_pretrained(folder / name, max_shard_size="2GB")
        save_tokenizer(vocabulary, folder / "tokenizer", shapes[0].tokens)
        write_index(folder)


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A folder beside `out` to write to, whose contents are moved there once all of them are written.

    Raises:
        StorageFull: when that cannot be; nothing is left behind.
    """
    partial = out.with_name(f".partial-{secrets.token_hex(8)}")
    try:
        partial.mkdir(parents=True)
        yield partial
        out.mkdir(exist_ok=True)
        for made in partial.iterdir():
            if (out / made.name).is_dir():
                shutil.rmtree(out / made.name)
            made.replace(out / made.name)
    except (OSError, SafetensorError) as error:
        raise StorageFull(
            "The converted model could not be written to {out} ({why}): make room there, or name another folder.",
            out=out,
            why=cause(error),
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_state(file: Path) -> dict[str, Tensor]:
    """The tensors of a .pt file, without running anything that it may hold.

    Raises:
        CheckpointError: when it cannot be read, or holds something else than finite numbers.
    """
    stored = tensors_of(file)
    refuse_not_finite(stored)
    return {name: each.read() for name, each in stored.items()}


def refuse_vocabulary(words: Path, merges: Path) -> None:
    """Judge GPT-2's vocab.json and merges.txt by each other: a merge makes every word of more than a letter.

    Raises:
        CheckpointError: when one of them is garbled or cut off.
    """
    known = json_object(words)
    lines = require_regular_file(merges).read_text(encoding="utf-8", errors="replace").splitlines()
    made = {line.replace(" ", "", 1) for line in lines}
    unmade = [word for word in known if len(word) > 1 and word not in made and word != _END]
    if unmade or _END not in known or not all(type(number) is int for number in known.values()):
        raise CheckpointError(
            "{words} and {merges} do not belong together: put vocab.json and merges.txt of openai-community/gpt2 in "
            "their place.",
            words=words,
            merges=merges.name,
        )


def networks_of(state: Mapping[str, Tensor], shape: Shape, name: str) -> tuple[nn.Module, nn.Module]:
    """A published state dict as our U-Net and text encoder; `name` is the file's, for error messages.

    Raises:
        CheckpointError: as `convert`.
    """
    with torch.device("meta"):
        networks = make_unet(shape), make_text_encoder(shape)
    names = [*unet_names(shape)], [*text_names(shape)]
    for network, renames in zip(networks, names, strict=True):
        wanted = {key: value.shape for key, value in network.state_dict().items()}
        renamed = {}
        for rename in renames:
            renamed |= _rename(rename, state, wanted, name)
        network.load_state_dict(renamed, strict=True, assign=True)
    if left_over := sorted(set(state) - {rename.source for renames in names for rename in renames}):
        raise CheckpointError(
            "{name} has a parameter that GLIDE does not, {parameter}: is it the right file?",
            name=name,
            parameter=left_over[0],
        )
    return networks


def unet_names(shape: Shape) -> Iterator[Rename]:
    """Every parameter of a U-Net: what OpenAI calls it, and what diffusers does."""
    yield from _same("time_embed.0", "time_embedding.linear_1")
    yield from _same("time_embed.2", "time_embedding.linear_2")
    yield from _same("input_blocks.0.0", "conv_in")
    yield from _same("out.0", "conv_norm_out")
    yield from _same("out.2", "conv_out")
    yield from _residual("middle_block.0", "mid_block.resnets.0", shortcut=False)
    yield from _attention("middle_block.1", "mid_block.attentions.0", shape)
    yield from _residual("middle_block.2", "mid_block.resnets.1", shortcut=False)
    yield from _down(shape)
    yield from _up(shape)


def text_names(shape: Shape) -> Iterator[Rename]:
    """Every parameter of a text encoder: what OpenAI calls it, and what ours does."""
    yield Rename("token_embedding.weight", ("token_embedding.weight",))
    yield Rename("positional_embedding", ("positional_embedding",))
    yield Rename("padding_embedding", ("padding_embedding",))
    yield from _same("final_ln", "final_norm")
    yield from _same("transformer_proj", "projection")
    head = shape.text_width // shape.text_heads
    for number in range(shape.text_layers):
        theirs, ours = f"transformer.resblocks.{number}", f"blocks.{number}"
        yield Rename(f"{theirs}.attn.c_qkv.weight", (f"{ours}.self_attn.in_proj_weight",), head, 3)
        yield Rename(f"{theirs}.attn.c_qkv.bias", (f"{ours}.self_attn.in_proj_bias",), head, 3)
        yield from _same(f"{theirs}.attn.c_proj", f"{ours}.self_attn.out_proj")
        yield from _same(f"{theirs}.ln_1", f"{ours}.norm1")
        yield from _same(f"{theirs}.ln_2", f"{ours}.norm2")
        yield from _same(f"{theirs}.mlp.c_fc", f"{ours}.linear1")
        yield from _same(f"{theirs}.mlp.c_proj", f"{ours}.linear2")


def save_tokenizer(vocabulary: list[Path], folder: Path, tokens: int) -> None:
    """GPT-2's tokenizer for texts of so many tokens, from its vocab.json and merges.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in vocabulary:
        shutil.copy(file, folder / file.name)
    GPT2Tokenizer.from_pretrained(folder, model_max_length=tokens, local_files_only=True).save_pretrained(folder)


def write_index(folder: Path) -> None:
    """model_index.json: which library and class each part of the cascade belongs to."""
    text_encoder, unet = ["instaflow_demo.glide", "TextEncoder"], ["diffusers", "UNet2DConditionModel"]
    index = {
        "_class_name": "Text2Im",
        "tokenizer": ["transformers", "GPT2Tokenizer"],
        "text_encoder": text_encoder,
        "unet": unet,
        "upsampler_text_encoder": text_encoder,
        "upsampler": unet,
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _down(shape: Shape) -> Iterator[Rename]:
    number, width = 1, shape.channels[0]
    for level, channels in enumerate(shape.channels):
        for layer in range(shape.layers):
            theirs, ours = f"input_blocks.{number}", f"down_blocks.{level}"
            yield from _residual(f"{theirs}.0", f"{ours}.resnets.{layer}", shortcut=width != channels)
            if shape.attention[level]:
                yield from _attention(f"{theirs}.1", f"{ours}.attentions.{layer}", shape)
            number, width = number + 1, channels
        if level < len(shape.channels) - 1:
            yield from _residual(f"input_blocks.{number}.0", f"{ours}.downsamplers.0", shortcut=False)
            number += 1


def _up(shape: Shape) -> Iterator[Rename]:
    number, deepest = 0, len(shape.channels) - 1
    for level in range(deepest, -1, -1):
        ours, attends = f"up_blocks.{deepest - level}", shape.attention[level]
        for layer in range(shape.layers + 1):
            theirs = f"output_blocks.{number}"
            yield from _residual(f"{theirs}.0", f"{ours}.resnets.{layer}", shortcut=True)  # its input is two, joined
            if attends:
                yield from _attention(f"{theirs}.1", f"{ours}.attentions.{layer}", shape)
            number += 1
        if level:
            yield from _residual(f"{theirs}.{2 if attends else 1}", f"{ours}.upsamplers.0", shortcut=False)


def _residual(theirs: str, ours: str, *, shortcut: bool) -> Iterator[Rename]:
    yield from _same(f"{theirs}.in_layers.0", f"{ours}.norm1")
    yield from _same(f"{theirs}.in_layers.2", f"{ours}.conv1")
    yield from _same(f"{theirs}.emb_layers.1", f"{ours}.time_emb_proj")
    yield from _same(f"{theirs}.out_layers.0", f"{ours}.norm2")
    yield from _same(f"{theirs}.out_layers.3", f"{ours}.conv2")
    if shortcut:
        yield from _same(f"{theirs}.skip_connection", f"{ours}.conv_shortcut")


def _attention(theirs: str, ours: str, shape: Shape) -> Iterator[Rename]:
    yield from _same(f"{theirs}.norm", f"{ours}.group_norm")
    yield from _same(f"{theirs}.proj_out", f"{ours}.to_out.0")
    for kind in ("weight", "bias"):
        image = tuple(f"{ours}.to_{part}.{kind}" for part in "qkv")
        text = tuple(f"{ours}.add_{part}_proj.{kind}" for part in "kv")
        yield Rename(f"{theirs}.qkv.{kind}", image, shape.head_width, 3)
        yield Rename(f"{theirs}.encoder_kv.{kind}", text, shape.head_width, 2)


def _same(theirs: str, ours: str) -> Iterator[Rename]:
    for kind in ("weight", "bias"):
        yield Rename(f"{theirs}.{kind}", (f"{ours}.{kind}",))


def _rename(
    rename: Rename, state: Mapping[str, Tensor], wanted: Mapping[str, torch.Size], name: str
) -> dict[str, Tensor]:
    """The parameters that one published tensor becomes.

    Raises:
        CheckpointError: if it is missing or has another shape.
    """
    if rename.source not in state:
        raise CheckpointError(
            "{name} lacks the parameter {parameter}: is it the right file?", name=name, parameter=rename.source
        )
    tensor = state[rename.source]
    shapes = [wanted[target] for target in rename.targets]
    expected = (sum(shape[0] for shape in shapes), *shapes[0][1:])
    if tuple(tensor.shape) not in (expected, (*expected, 1)):  # 1x1 convolutions over positions are linear layers
        raise CheckpointError(
            "In {name}, the parameter {parameter} is {theirs} and not {ours}: is it the right file?",
            name=name,
            parameter=rename.source,
            theirs=str(list(tensor.shape)),
            ours=str(list(expected)),
        )
    if not tensor.is_floating_point():
        raise CheckpointError(
            "In {name}, the parameter {parameter} is {kind}: is it the right file?",
            name=name,
            parameter=rename.source,
            kind=str(tensor.dtype),
        )
    tensor = tensor.reshape(expected)
    if rename.parts > 1:
        tensor = _by_part(tensor, rename.head, rename.parts)
    return dict(zip(rename.targets, tensor.split([shape[0] for shape in shapes]), strict=True))


def _by_part(tensor: Tensor, head: int, parts: int) -> Tensor:
    """From rows ordered (head, part, width) to rows ordered (part, head, width)."""
    return tensor.unflatten(0, (-1, parts, head)).transpose(0, 1).flatten(0, 2).contiguous()
