"""GLIDE's text encoder: a plain bidirectional transformer over byte pairs, with a learned embedding for padding."""

# diffusers describes its classes loosely
# pyright: reportPrivateImportUsage=false

from collections.abc import Sequence

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn
from transformers import GPT2Tokenizer


class TextEncoder(ModelMixin, ConfigMixin):
    """Token ids to what the U-Nets attend to, and to one vector that joins their time embedding.

    Both U-Nets of the cascade have one of their own. Nichol et al. 2021, section 4.1.
    """

    @register_to_config
    def __init__(
        self,
        vocabulary: int = 50257,
        tokens: int = 128,
        width: int = 512,
        layers: int = 16,
        heads: int = 8,
        pooled: int = 768,
    ):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.randn(tokens, width) * 0.01)
        self.padding_embedding = nn.Parameter(torch.randn(tokens, width) * 0.01)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.final_norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, pooled)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, T, D) and the pooled vector (B, P), from ids (B, T) and a mask (B, T) that is false at padding.

        Nothing is hidden from attention: padded positions hold an embedding that says so, and the last of them, as a
        rule, is what the pooled vector is read from.
        """
        states = self.token_embedding(ids) + self.positional_embedding
        states = torch.where(mask[..., None], states, self.padding_embedding)
        for block in self.blocks:
            states = block(states)
        states = self.final_norm(states)
        return states, self.projection(states[:, -1])


def token_ids(tokenizer: GPT2Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """All ids of lower-cased texts; one that spells the end-of-text token is text like any other."""
    return tokenizer([text.lower() for text in texts], split_special_tokens=True, verbose=False)["input_ids"]


def tokenize(tokenizer: GPT2Tokenizer, texts: Sequence[str], length: int) -> tuple[Tensor, Tensor]:
    """Ids and mask, both (B, length), of lower-cased texts: no start or end, cut or padded with the end-of-text id."""
    rows = [row[:length] for row in token_ids(tokenizer, texts)]
    padding = tokenizer.eos_token_id
    ids = [row + [padding] * (length - len(row)) for row in rows]
    mask = [[True] * len(row) + [False] * (length - len(row)) for row in rows]
    return torch.tensor(ids), torch.tensor(mask)
