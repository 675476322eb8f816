"""A checkpoint's parts judged by each other before any is loaded: would they work together, and is each of them whole?

What their configurations say comes first, then each network's tensors, and at last all of them run once on PyTorch's
meta device, where shapes are worked out and nothing else. A second look at files that have not changed costs nothing.
"""

# diffusers describes its classes loosely
# pyright: reportPrivateImportUsage=false

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from torch import Tensor
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer, GPT2Tokenizer

from ...errors import CheckpointError, Sentence, cause
from ...glide import TextEncoder
from ...machine.device import Placement
from ...registry import REFINER, ModelSpec
from ...weights.files import json_object
from ...weights.locate import ModelFiles
from ...weights.tensors import shape_text
from ..adapters.extras import NOTHING, Extras
from .settings import Settings, hush, read_settings, reason, validate_network
from .tokenizers import judge_tokenizer

Parts = tuple[tuple[str, Path], ...]
"""The folders of a checkpoint's parts, by name."""
_Stamps = tuple[tuple[str, int, int], ...]

_CLASSES: Mapping[str, Any] = {
    "text_encoder": CLIPTextModel,
    "text_encoder_2": CLIPTextModelWithProjection,
    "unet": UNet2DConditionModel,
    "vae": AutoencoderKL,
    "tiny_vae": AutoencoderTiny,
    "safety_checker": StableDiffusionSafetyChecker,
    "upsampler": UNet2DConditionModel,
    "upsampler_text_encoder": TextEncoder,
}
_TOKENIZERS: Mapping[str, Any] = {"latent": CLIPTokenizer, "refiner": CLIPTokenizer, "text2im": GPT2Tokenizer}
_SIDE = 32  # latents a side in a rehearsal


def inspect(
    spec: ModelSpec, files: ModelFiles, placement: Placement, extras: Extras = NOTHING, checker: Path | None = None
) -> None:
    """Judge everything that a model is made of, without loading it.

    Raises:
        CheckpointError: with a sentence that names the file and what is wrong with it.
    """
    hush()
    half = placement.dtype != "float32" and placement.backend != "openvino"
    parts = dict(_parts(spec, files, extras))
    _look(spec.kind, tuple(parts.items()), half=half)
    if extras.delta:
        base, fine_tune = extras.delta
        _look("unet", (("unet", base.component("unet")),), half=half)
        _look("latent", tuple(_parts(spec, fine_tune, NOTHING)), half=half)
    if checker:
        _look("safety_checker", (("safety_checker", checker),), half=False)


def _parts(spec: ModelSpec, files: ModelFiles, extras: Extras) -> Iterator[tuple[str, Path]]:
    """The folders of what the kind of checkpoint is made of; a delta changes the U-Net of another fine-tune."""
    rest = extras.delta[1] if extras.delta else files
    for name in spec.traits.components:
        yield name, (files if name in ("unet", "scheduler") else rest).component(name)
    if files.tiny_decoder:
        yield "tiny_vae", files.tiny_decoder


def _look(kind: str, parts: Parts, *, half: bool) -> None:
    _look_once(kind, parts, tuple(stamp for _, folder in parts for stamp in _stamps(folder)), half=half)


def _stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    """What changes when a file of a folder does.

    Raises:
        CheckpointError: when the folder is not there.
    """
    try:
        for path in sorted(folder.iterdir()):
            status = path.stat() if path.exists() else path.lstat()
            yield str(path), status.st_size, status.st_mtime_ns
    except OSError as error:
        raise CheckpointError(
            "{folder} cannot be read ({why}): restore it, or download it again.", folder=folder, why=cause(error)
        ) from error


@lru_cache(maxsize=64)
def _look_once(kind: str, parts: Parts, stamps: _Stamps, *, half: bool) -> None:
    folders = dict(parts)
    classes = {name: _class(kind, name) for name in folders if name.split("_2")[0] not in ("tokenizer", "scheduler")}
    said = {name: read_settings(made, folders[name]) for name, made in classes.items()}
    if kind in _AGREE:
        _AGREE[kind](said, folders)
    if "scheduler" in folders:
        json_object(folders["scheduler"] / "scheduler_config.json")
    for name in folders.keys() - classes.keys() - {"scheduler"}:
        judge_tokenizer(_TOKENIZERS[kind], folders[name], *_rows(kind, said))
    networks = {name: validate_network(made, folders[name], half_first=half)[0] for name, made in classes.items()}
    if kind in _ACTS:
        _rehearse(kind, networks, said, folders)


def _class(kind: str, name: str) -> Any:
    return TextEncoder if kind == "text2im" and name.endswith("text_encoder") else _CLASSES[name]


# ---------------------------------------------------------------- configurations


def _agree_latent(said: Mapping[str, Settings], folders: Mapping[str, Path]) -> None:
    _agree_channels(said, folders)
    _agree_width(said, folders, "text_encoder", "unet", said["text_encoder"]["hidden_size"])
    for name in ("class_embed_type", "num_class_embeds", "addition_embed_type", "encoder_hid_dim_type"):
        if said["unet"][name] is not None:
            raise CheckpointError(
                "The U-Net in {unet} needs more conditions than a prompt (“{name}” is {value}): name a folder with a "
                "U-Net in Stable Diffusion's layout.",
                unet=folders["unet"],
                name=name,
                value=said["unet"][name],
            )
    if "tiny_vae" in said:
        _agree_tiny(said, folders)


def _agree_channels(said: Mapping[str, Settings], folders: Mapping[str, Path]) -> None:
    """The U-Net takes and gives what the autoencoder calls latents, and nothing beside them."""
    latents = said["vae"]["latent_channels"]
    facts = {"unet": folders["unet"], "vae": folders["vae"], "latents": latents}
    if (channels := said["unet"]["in_channels"]) != latents:
        wrong = Sentence(
            "The U-Net in {unet} takes {channels} channels, and the latents of the autoencoder in {vae} have "
            "{latents}: name a folder whose parts belong together.",
            channels=channels,
            **facts,
        )
        inpaints = [Sentence("It is for inpainting.")] if channels == 2 * latents + 1 else []
        raise CheckpointError(Sentence.join([wrong, *inpaints]))
    if (channels := said["unet"]["out_channels"]) != latents:
        raise CheckpointError(
            "The U-Net in {unet} gives {channels} channels, and the latents of the autoencoder in {vae} have "
            "{latents}: name a folder whose parts belong together.",
            channels=channels,
            **facts,
        )


def _agree_width(said: Mapping[str, Settings], folders: Mapping[str, Path], text: str, unet: str, width: int) -> None:
    reads = said[unet]["cross_attention_dim"]
    if other := next((each for each in (reads if isinstance(reads, list) else [reads]) if each != width), None):
        raise CheckpointError(
            "The U-Net in {unet} reads text states of width {reads}, and those of the text encoder in {text} have "
            "{width}: name a folder whose parts belong together.",
            unet=folders[unet],
            reads=other,
            text=folders[text],
            width=width,
        )


def _agree_tiny(said: Mapping[str, Settings], folders: Mapping[str, Path]) -> None:
    tiny, latents = said["tiny_vae"], said["vae"]["latent_channels"]
    if tiny["latent_channels"] != latents:
        raise CheckpointError(
            "The tiny decoder in {tiny} takes {channels} channels, and the latents of the autoencoder in {vae} have "
            "{latents}: name a folder whose parts belong together.",
            tiny=folders["tiny_vae"],
            channels=tiny["latent_channels"],
            vae=folders["vae"],
            latents=latents,
        )


def _agree_refiner(said: Mapping[str, Settings], folders: Mapping[str, Path]) -> None:
    """SDXL's base has folders of the same names, and takes six numbers of an image instead of five."""
    unet, text = said["unet"], said["text_encoder_2"]
    time_ids = 5 * (unet["addition_time_embed_dim"] or 0)
    if unet["projection_class_embeddings_input_dim"] != (text["projection_dim"] or 0) + time_ids:
        root = folders["unet"].parent
        raise CheckpointError(
            "{folder} holds another model than {title}: name a folder that holds it.", folder=root, title=REFINER.title
        )
    _agree_channels(said, folders)
    _agree_width(said, folders, "text_encoder_2", "unet", text["hidden_size"])


def _agree_text2im(said: Mapping[str, Settings], folders: Mapping[str, Path]) -> None:
    for text, unet, channels in (("text_encoder", "unet", 3), ("upsampler_text_encoder", "upsampler", 6)):
        _agree_width(said, folders, text, unet, said[text]["width"])
        side = said[unet]["sample_size"]
        for name, value, wanted in (
            ("in_channels", said[unet]["in_channels"], channels),
            ("out_channels", said[unet]["out_channels"], 6),
            ("class_embed_type", said[unet]["class_embed_type"], "identity"),
        ):
            if value != wanted:
                raise CheckpointError(
                    "In {file}, “{name}” is {value}, and GLIDE's is {wanted}: name a folder whose parts belong "
                    "together.",
                    file=folders[unet] / "config.json",
                    name=name,
                    value=json.dumps(value),
                    wanted=json.dumps(wanted),
                )
        if type(side) is not int or not 0 < side <= _LARGEST_IMAGE or side % 2 ** (_levels(said[unet]) - 1):
            raise CheckpointError(
                "In {file}, “sample_size” is {value}, which cannot be: restore it, or download it again.",
                file=folders[unet] / "config.json",
                value=json.dumps(side)[:40],
            )


_LARGEST_IMAGE = 512  # pixels a side that a cascade may say it draws: no tensor of it depends on that


def _levels(said: Settings) -> int:
    return len(said["block_out_channels"])


_AGREE = {"latent": _agree_latent, "refiner": _agree_refiner, "text2im": _agree_text2im}


# ---------------------------------------------------------------- tokenizers


def _rows(kind: str, said: Mapping[str, Settings]) -> tuple[int, int]:
    """How many words the text encoders know, and how long a text they read."""
    if kind == "text2im":
        both = said["text_encoder"], said["upsampler_text_encoder"]
        return min(each["vocabulary"] for each in both), min(each["tokens"] for each in both)
    text = said["text_encoder_2" if kind == "refiner" else "text_encoder"]
    return text["vocab_size"], text["max_position_embeddings"]


# ---------------------------------------------------------------- a rehearsal


Act = tuple[str, Callable[[], Tensor], tuple[int, ...]]
"""A network's name, what it does, and the shape that has to come of it."""


def _rehearse(
    kind: str, networks: Mapping[str, Any], said: Mapping[str, Settings], folders: Mapping[str, Path]
) -> None:
    """Run every network once on the meta device.

    Raises:
        CheckpointError: when one fails, or gives another shape than the next one takes.
    """
    with torch.device("meta"), torch.inference_mode():
        for name, act, wanted in _ACTS[kind](networks, said):
            try:
                made = act()
            except Exception as error:
                raise CheckpointError(
                    "The network in {folder} does not work as its config.json has it ({why}): restore it, or download "
                    "it again.",
                    folder=folders[name],
                    why=reason(error),
                ) from error
            if tuple(made.shape) != wanted:
                raise CheckpointError(
                    "The network in {folder} gives {made}, where {wanted} is needed: name a folder whose parts belong "
                    "together.",
                    folder=folders[name],
                    made=shape_text(made.shape),
                    wanted=shape_text(wanted),
                )


def _acts_latent(networks: Mapping[str, Any], said: Mapping[str, Settings]) -> Iterator[Act]:
    text, unet, vae = (networks[name] for name in ("text_encoder", "unet", "vae"))
    ids = torch.zeros(2, said["text_encoder"]["max_position_embeddings"], dtype=torch.long)
    states = torch.zeros(*ids.shape, said["text_encoder"]["hidden_size"])
    latents, pixels = _latents(said), _pixels(said)
    yield "text_encoder", lambda: text(input_ids=ids, return_dict=False)[0], tuple(states.shape)
    moment = torch.zeros(())
    yield "unet", lambda: unet(latents, moment, encoder_hidden_states=states, return_dict=False)[0], (*latents.shape,)
    yield "vae", lambda: vae.decode(latents, return_dict=False)[0], pixels
    if tiny := networks.get("tiny_vae"):
        yield "tiny_vae", lambda: tiny.decode(latents, return_dict=False)[0], pixels


def _acts_refiner(networks: Mapping[str, Any], said: Mapping[str, Settings]) -> Iterator[Act]:
    text, unet, vae = (networks[name] for name in ("text_encoder_2", "unet", "vae"))
    ids = torch.zeros(2, said["text_encoder_2"]["max_position_embeddings"], dtype=torch.long)
    states = torch.zeros(*ids.shape, said["text_encoder_2"]["hidden_size"])
    pooled = torch.zeros(2, said["text_encoder_2"]["projection_dim"])
    latents, pixels = _latents(said), _pixels(said)
    facts = {"text_embeds": pooled, "time_ids": torch.zeros(2, 5)}
    yield "text_encoder_2", lambda: text(ids, output_hidden_states=True).hidden_states[-2], tuple(states.shape)
    yield "text_encoder_2", lambda: text(ids).text_embeds, tuple(pooled.shape)
    moment = torch.zeros(())
    yield (
        "unet",
        lambda: unet(latents, moment, states, added_cond_kwargs=facts, return_dict=False)[0],
        (*latents.shape,),
    )
    yield "vae", lambda: vae.encode(torch.zeros(pixels)).latent_dist.mean, tuple(latents.shape)
    yield "vae", lambda: vae.decode(latents, return_dict=False)[0], pixels


def _acts_text2im(networks: Mapping[str, Any], said: Mapping[str, Settings]) -> Iterator[Act]:
    for text, unet in (("text_encoder", "unet"), ("upsampler_text_encoder", "upsampler")):
        encoder, network, side = networks[text], networks[unet], said[unet]["sample_size"]
        ids, mask = (torch.zeros(1, said[text]["tokens"], dtype=each) for each in (torch.long, torch.bool))
        states, pooled = torch.zeros(1, ids.shape[1], said[text]["width"]), torch.zeros(1, said[text]["pooled"])
        image, moment = torch.zeros(1, said[unet]["in_channels"], side, side), torch.zeros(1)
        conditions = {"encoder_hidden_states": states, "class_labels": pooled, "return_dict": False}
        yield text, partial(_first, encoder, ids, mask), tuple(states.shape)
        yield unet, partial(_first, network, image, moment, **conditions), (1, 6, side, side)


def _acts_checker(networks: Mapping[str, Any], said: Mapping[str, Settings]) -> Iterator[Act]:
    checker, side = networks["safety_checker"], said["safety_checker"]["vision_config"]["image_size"]
    image, width = torch.zeros(1, 3, side, side), said["safety_checker"]["projection_dim"]
    yield "safety_checker", lambda: checker.visual_projection(checker.vision_model(image)[1]), (1, width)


def _first(network: Any, *given: Any, **named: Any) -> Tensor:
    return network(*given, **named)[0]


def _latents(said: Mapping[str, Settings]) -> Tensor:
    return torch.zeros(2, said["unet"]["in_channels"], _SIDE, _SIDE)


def _pixels(said: Mapping[str, Settings]) -> tuple[int, int, int, int]:
    side = _SIDE * 2 ** (_levels(said["vae"]) - 1)
    return 2, 3, side, side


_ACTS = {"latent": _acts_latent, "refiner": _acts_refiner, "text2im": _acts_text2im, "safety_checker": _acts_checker}
