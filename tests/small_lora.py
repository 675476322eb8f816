"""LoRA files for small networks in every trainer's spelling, and what diffusers and PEFT make of them."""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import small_sd
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from torch import Tensor, nn

Networks = dict[str, nn.Module]
Files = dict[str, Tensor]

ATTENTION = "mid_block.attentions.0"
UNET = (
    f"{ATTENTION}.transformer_blocks.0.attn2.to_q",
    f"{ATTENTION}.transformer_blocks.0.attn2.to_k",
    "up_blocks.1.attentions.1.transformer_blocks.0.attn1.to_v",
    "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0",
    f"{ATTENTION}.transformer_blocks.0.ff.net.0.proj",
    f"{ATTENTION}.transformer_blocks.0.ff.net.2",
    f"{ATTENTION}.proj_in",
    "up_blocks.1.attentions.0.proj_out",
    "mid_block.resnets.0.conv1",
    "up_blocks.0.resnets.1.conv2",
    "down_blocks.1.resnets.0.conv_shortcut",
    "down_blocks.1.resnets.0.time_emb_proj",
    "down_blocks.0.downsamplers.0.conv",
    "up_blocks.0.upsamplers.0.conv",
    "time_embedding.linear_1",
    "time_embedding.linear_2",
    "conv_in",
    "conv_out",
)
TEXT = (
    "encoder.layers.0.self_attn.q_proj",
    "encoder.layers.0.self_attn.k_proj",
    "encoder.layers.1.self_attn.v_proj",
    "encoder.layers.1.self_attn.out_proj",
    "encoder.layers.1.mlp.fc1",
    "encoder.layers.0.mlp.fc2",
)


@dataclass(frozen=True)
class LowRank:
    """What is added to a layer: strength times up after down."""

    network: str
    path: str
    down: Tensor
    up: Tensor
    strength: float = 1.0

    @property
    def change(self) -> Tensor:
        """strength B A, as a matrix."""
        return self.strength * self.up.flatten(1).double() @ self.down.flatten(1).double()


def small_networks() -> Networks:
    text_encoder, unet, _ = small_sd.networks()
    return {"unet": unet, "text_encoder": text_encoder}


def low_ranks(networks: Networks, ranks: tuple[int, ...] = (4,), seed: int = 1) -> list[LowRank]:
    """An update for a layer of every kind; the ranks are taken in turn."""
    generator, made = torch.Generator().manual_seed(seed), []
    for index, (network, path) in enumerate([("unet", path) for path in UNET] + [("text_encoder", p) for p in TEXT]):
        shape, rank = networks[network].get_submodule(path).get_parameter("weight").shape, ranks[index % len(ranks)]
        down = torch.randn(rank, *shape[1:], generator=generator) * 0.3
        up = torch.randn(shape[0], rank, *[1] * (len(shape) - 2), generator=generator) * 0.3
        made.append(LowRank(network, path, down, up))
    return made


def written(updates: list[LowRank], spelling: Callable[[LowRank], Files]) -> Files:
    return {key: tensor.contiguous() for update in updates for key, tensor in spelling(update).items()}


def _inside(update: LowRank) -> str:
    """A layer's path in the networks that files were made for: the text encoder's had a text_model."""
    return update.path if update.network == "unet" else f"text_model.{update.path}"


def peft(update: LowRank, prefix: str = "") -> Files:
    """PEFT's tensors with diffusers' prefix for the network, or another one."""
    stem = f"{prefix or update.network + '.'}{_inside(update)}"
    return {f"{stem}.lora_A.weight": update.down, f"{stem}.lora_B.weight": update.up}


def peft_flattened(update: LowRank) -> Files:
    """As transformers 5 has the text encoder, without a text_model."""
    stem = f"{update.network}.{update.path}"
    return {f"{stem}.lora_A.weight": update.down, f"{stem}.lora_B.weight": update.up}


def peft_own(update: LowRank) -> Files:
    """What `PeftModel.save_pretrained` writes; one file has one network."""
    return peft(update, "base_model.model.")


def peft_named(update: LowRank) -> Files:
    """With the adapter's name in the keys, as a plain `state_dict` has it."""
    return {key.replace(".weight", ".style.weight"): tensor for key, tensor in peft(update).items()}


def peft_own_in_unet(update: LowRank) -> Files:
    return peft(update, f"{update.network}.base_model.model.")


def bare(update: LowRank) -> Files:
    """What a network's own `save_lora_adapter` writes."""
    stem = _inside(update)
    return {f"{stem}.lora_A.weight": update.down, f"{stem}.lora_B.weight": update.up}


def lora_down(update: LowRank) -> Files:
    stem = f"{update.network}.{_inside(update)}"
    return {f"{stem}.lora.down.weight": update.down, f"{stem}.lora.up.weight": update.up}


def linear_layer(update: LowRank) -> Files:
    stem = f"{update.network}.{_inside(update)}"
    return {f"{stem}.lora_linear_layer.down.weight": update.down, f"{stem}.lora_linear_layer.up.weight": update.up}


def processors(update: LowRank, prefix: str | None = None, processor: str = ".processor") -> Files:
    """diffusers before PEFT: attention had processors, and the text encoder spoke as if it were the U-Net."""
    stem = _inside(update)
    if ".attn" in stem:
        stem = re.sub(r"\.(to_q|to_k|to_v|to_out)(?:\.0)?$", rf"{processor}.\1_lora", stem)
    elif "self_attn" in stem:
        stem = re.sub(r"\.(q|k|v|out)_proj$", r".to_\1_lora", stem)
    else:
        stem += ".lora" if update.network == "unet" else ".lora_linear_layer"
    stem = f"{update.network}." * (prefix is None) + stem
    return {f"{stem}.down.weight": update.down, f"{stem}.up.weight": update.up}


def to_q_lora(update: LowRank) -> Files:
    return processors(update, processor="")


def bare_processors(update: LowRank) -> Files:
    """What `unet.save_attn_procs` wrote."""
    return processors(update, prefix="")


def kohya(update: LowRank, text: str = "lora_te", alpha: float | None = None) -> Files:
    stem = f"{'lora_unet' if update.network == 'unet' else text}_{_inside(update).replace('.', '_')}"
    files = {f"{stem}.lora_down.weight": update.down, f"{stem}.lora_up.weight": update.up}
    return files | ({f"{stem}.alpha": torch.tensor(alpha)} if alpha is not None else {})


def kohya_te1(update: LowRank) -> Files:
    return kohya(update, "lora_te1")


def dotted_kohya(update: LowRank) -> Files:
    stem = f"{update.network}.{_inside(update)}"
    return {f"{stem}.lora_down.weight": update.down, f"{stem}.lora_up.weight": update.up}


@dataclass
class Oracle:
    """Networks like ours, in diffusers' own pipeline."""

    networks: Networks

    def pipeline(self) -> StableDiffusionPipeline:
        unet, text_encoder = (copy.deepcopy(self.networks[name]) for name in ("unet", "text_encoder"))
        return StableDiffusionPipeline(
            vae=small_sd.small_autoencoder(),
            text_encoder=text_encoder,
            tokenizer=None,
            unet=unet,
            scheduler=DDIMScheduler(),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )

    def merged(self, *loras: tuple[Path, float], unet_only: bool = False, **options) -> dict[str, Files]:
        """All weights of both networks with the files merged by diffusers and PEFT."""
        pipeline = self.pipeline()
        for index, (path, _) in enumerate(loras):
            if unet_only:
                pipeline.unet.load_lora_adapter(path, prefix=None, adapter_name=f"a{index}", **options)
            else:
                pipeline.load_lora_weights(path, adapter_name=f"a{index}", **options)
        pipeline.set_adapters([f"a{index}" for index in range(len(loras))], [scale for _, scale in loras])
        pipeline.fuse_lora()
        pipeline.unload_lora_weights()
        return {"unet": pipeline.unet.state_dict(), "text_encoder": pipeline.text_encoder.state_dict()}


def weights(networks: Networks) -> dict[str, Files]:
    return {name: dict(network.state_dict()) for name, network in networks.items()}


def by_formula(networks: Networks, updates: list[LowRank], scale: float) -> dict[str, Files]:
    """W + scale strength B A, in double precision."""
    wanted = {name: {key: value.clone() for key, value in all_.items()} for name, all_ in weights(networks).items()}
    for update in updates:
        key = f"{update.path}.weight"
        before = wanted[update.network][key]
        wanted[update.network][key] = (before.double() + scale * update.change.view_as(before)).float()
    return wanted


def apart(ours: Mapping[str, Files], theirs: Mapping[str, Files]) -> Iterator[str]:
    """The tensors that differ by more than a millionth of their size."""
    for network, tensors in theirs.items():
        assert tensors.keys() == ours[network].keys()
        for key, tensor in tensors.items():
            if (ours[network][key].double() - tensor.double()).norm() > 1e-6 * tensor.double().norm():
                yield f"{network}.{key}"
