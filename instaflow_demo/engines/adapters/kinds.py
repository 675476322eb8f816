"""Files that people take for a LoRA of this model, recognised by their keys."""

import re
from collections.abc import Iterable
from pathlib import Path

from ...errors import Sentence

# first come, first named; a file of Stable Diffusion XL has keys of Stable Diffusion 1 too
_OTHER_BASES = {
    "Flux or another transformer": r"(?:lora_)?transformer[._]|.*(?:double|single)(?:_transformer)?_blocks[._]"
    r"|.*joint_blocks[._]|diffusion_model\.(?:blocks|layers)\.|lora_unet_blocks_",
    "Stable Diffusion XL": r"lora_te[23]_|text_encoder_[23]\.|.*(?:label_emb|add_embedding)[._]"
    r"|.*transformer_blocks[._][1-9]",
    "a ControlNet": r"lora_controlnet|control(?:net|_model)[._]|.*input_hint_block",
    "AnimateDiff": r".*motion_modules[._]",
    "Stable Diffusion 2": r".*text_model[._]encoder[._]layers[._](?:1[2-9]|2\d)[._]",
}
_OTHER_METHODS = {
    "LoHa": r".*[._](?:hada_|loha_)",
    "LoKr": r".*[._](?:lokr_)",
    "OFT": r".*[._]b?oft_",
    "IA3": r".*[._](?:ia3_|on_input$)",
    "VeRA": r".*[._]?vera_",
    "AdaLoRA": r".*[._]lora_(?:E|ranknum)\b",
    "GLoRA": r".*\.[ab][12]\.weight$",
    "DoRA (LyCORIS)": r".*\.dora_scale$",
    "Full (LyCORIS)": r".*\.(?:diff|diff_b|w_norm|b_norm)$",
    "Custom Diffusion": r".*custom_diffusion",
    "LoRA (cloneofsimo)": r"(?:unet|text_encoder):\d+:",
    "IP-Adapter": r"(?:image_proj|ip_adapter)\.",
    "Textual Inversion": r"emb_params$|string_to_param|clip_[lg]$|<[^>]*>$|bundle_emb\.",
    "PEFT bias": r"base_model\.model\.(?!.*lora_).*\.bias$",
    "PEFT modules_to_save": r".*\.modules_to_save\.|base_model\.model\.(?!.*lora_).*\.weight$",
}
_WHOLE = re.compile(
    r"(?:model\.diffusion_model|cond_stage_model|first_stage_model|conditioner)\."
    r"|(?:unet\.|text_encoder\.|vae\.)?(?:down_blocks|up_blocks|mid_block|text_model|encoder|decoder|conv_in|conv_out"
    r"|time_embedding|quant_conv|post_quant_conv)\.(?!.*lora).*(?:weight|bias)$"
)


def refusal(path: Path, strangers: Iterable[str]) -> Sentence:
    """A sentence on what a file is, by those of its keys that no LoRA of this model has."""
    keys = list(strangers)
    if found := _first(_OTHER_BASES, keys):
        base, key = found
        return Sentence(
            "{path} is for {base} ({key}): name a LoRA file for Stable Diffusion 1.", path=path, base=base, key=key
        )
    if found := _first(_OTHER_METHODS, keys):
        kind, key = found
        return Sentence(
            "{path} is of the kind {kind} ({key}), which is not merged here: name a LoRA file.",
            path=path,
            kind=kind,
            key=key,
        )
    if whole := next(filter(_WHOLE.match, keys), None):
        return Sentence(
            "{path} holds a whole network ({key}), not a LoRA: name its folder with --model-dir, or name a LoRA file "
            "here.",
            path=path,
            key=whole,
        )
    return Sentence(
        "{path} has a key that no layer of this model has, {key}: it is for another model, or it is not a LoRA file.",
        path=path,
        key=keys[0],
    )


def _first(kinds: dict[str, str], keys: list[str]) -> tuple[str, str] | None:
    """The first of the kinds that any key is of, and that key."""
    return next(((kind, key) for kind, pattern in kinds.items() for key in keys if re.match(pattern, key)), None)
