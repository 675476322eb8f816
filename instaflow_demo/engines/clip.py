"""Token ids of CLIP, for engines, training and the judge alike."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from transformers import CLIPTokenizer


def clip_ids(tokenizer: CLIPTokenizer, texts: Sequence[str]) -> Tensor:
    """Token ids (B, T), padded and cut to the model's length as Stable Diffusion does.

    The tokenizer can do that too, and takes three times as long, for which a GPU would have to wait.
    """
    length, padding = tokenizer.model_max_length, cast(int, tokenizer.pad_token_id)
    cut = [ids if len(ids) <= length else [*ids[: length - 1], ids[-1]] for ids in tokenizer(list(texts))["input_ids"]]
    return torch.tensor([ids + [padding] * (length - len(ids)) for ids in cut])
