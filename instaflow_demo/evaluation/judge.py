"""The judge: a small CLIP for our scenes, with heads that read an image's concept, count, size, colour and position.

A network trained on photographs knows little of drawings, and one trained on generated images would share their
faults: this one has seen renders of real scenes alone. Radford et al. 2021 (CLIP), section 2.
"""

# transformers describes its classes loosely
# pyright: reportArgumentType=false, reportOptionalSubscript=false

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer, ResNetConfig, ResNetModel

from ..engines.clip import clip_ids
from ..errors import ModelUnavailable
from ..grammar import BACKGROUNDS, POSITIONS, SIZES, Scene, concepts
from ..weights.eight_bits import from_8_bits, to_8_bits

SIDE = 128  # pixels a side of the images that the judge encodes
UNSTATED = -100  # the class that cross entropy leaves out
CLASSES: Mapping[str, Sequence] = MappingProxyType(
    {
        "concept": tuple(concept.title for concept in concepts()),
        "count": (1, 2, 3),
        "size": SIZES[1:],
        "colour": tuple(BACKGROUNDS),
        "position": POSITIONS[1:],
    }
)
_WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class JudgeShape:
    """Widths of the image tower's stages, and of the text tower."""

    widths: tuple[int, ...] = (48, 96, 192, 320)
    text_width: int = 192
    text_layers: int = 3
    embedding: int = 192


@dataclass(frozen=True)
class ImageEncoding:
    """B images as the judge encodes them: features (B, D), unit embeddings (B, E), logits (B, classes) of each head."""

    features: Tensor
    embeddings: Tensor
    logits: Mapping[str, Tensor]


class Judge(nn.Module):
    """Image and text towers that share an embedding, and a linear head for each entry of `CLASSES`."""

    def __init__(self, image_encoder: ResNetModel, text_encoder: CLIPTextModelWithProjection, tokenizer: CLIPTokenizer):
        super().__init__()
        width = image_encoder.config.hidden_sizes[-1]
        self.image_encoder = image_encoder
        self.text_encoder = text_encoder
        self.tokenizer = tokenizer
        self.projection = nn.Linear(width, text_encoder.config.projection_dim, bias=False)
        self.heads = nn.ModuleDict({name: nn.Linear(width, len(values)) for name, values in CLASSES.items()})

    @classmethod
    def of(cls, shape: JudgeShape, tokenizer: CLIPTokenizer) -> "Judge":
        """An untrained judge."""
        images = ResNetConfig(
            embedding_size=shape.widths[0], hidden_sizes=list(shape.widths), depths=[2] * 4, layer_type="basic"
        )
        words = CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=shape.text_width,
            intermediate_size=shape.text_width * 4,
            num_hidden_layers=shape.text_layers,
            num_attention_heads=shape.text_width // 32,
            max_position_embeddings=tokenizer.model_max_length,
            projection_dim=shape.embedding,
            hidden_act="gelu",
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        return cls(ResNetModel(images), CLIPTextModelWithProjection(words), tokenizer)

    @staticmethod
    def load_tokenizer(folder: Path) -> CLIPTokenizer:
        """The tokenizer, which the judge shares with the family that it judges."""
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True)

    @classmethod
    def load(cls, folder: Path, tokenizer: Path, device: str) -> "Judge":
        """Read a trained judge, in float32.

        Raises:
            ModelUnavailable: when its files are missing or damaged.
        """
        try:
            images = ResNetConfig.from_pretrained(folder / "image_encoder", local_files_only=True)
            words = CLIPTextConfig.from_pretrained(folder / "text_encoder", local_files_only=True)
            judge = cls(ResNetModel(images), CLIPTextModelWithProjection(words), cls.load_tokenizer(tokenizer))
            judge.load_state_dict(from_8_bits(load_file(folder / _WEIGHTS)))
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise ModelUnavailable(
                "The judge in {folder} is missing or damaged: restore the folder.", folder=folder
            ) from error
        return judge.to(device).eval().requires_grad_(False)

    def save(self, folder: Path) -> None:
        """Write the judge, its matrices and convolutions in 8 bits: half the size, and it judges the same."""
        self.image_encoder.config.save_pretrained(folder / "image_encoder")
        self.text_encoder.config.save_pretrained(folder / "text_encoder")
        save_file(to_8_bits(self.state_dict()), folder / _WEIGHTS)

    def encode_image(self, images: Tensor) -> ImageEncoding:
        """Images (B, 3, S, S) in [-1, 1] of any size, scaled to the side that the judge was trained with."""
        scaled = F.interpolate(images, (SIDE, SIDE), mode="bilinear", antialias=True)
        features = self.image_encoder(scaled).pooler_output.flatten(1)
        logits = {name: head(features) for name, head in self.heads.items()}
        return ImageEncoding(features, F.normalize(self.projection(features).float(), dim=1), logits)

    def encode_text(self, ids: Tensor) -> Tensor:
        """Unit embeddings (B, E) of the captions whose token ids (B, T) these are."""
        return F.normalize(self.text_encoder(input_ids=ids).text_embeds.float(), dim=1)

    def ids(self, texts: Sequence[str]) -> Tensor:
        """Token ids (B, T)."""
        return clip_ids(self.tokenizer, texts)


def classes_of(scenes: Sequence[Scene]) -> dict[str, Tensor]:
    """For each head, the class (N,) that an image of each scene should have; `UNSTATED` where its caption says nothing.

    Size means big or small: an object of ordinary size is as large as a small one would be elsewhere. Without a word
    about it, the background is white.
    """
    stated = {
        "concept": [scene.concept.title for scene in scenes],
        "count": [scene.count for scene in scenes],
        "size": [scene.size for scene in scenes],
        "colour": [scene.background or "white" for scene in scenes],
        "position": [scene.position for scene in scenes],
    }
    rows = {name: {value: row for row, value in enumerate(values)} for name, values in CLASSES.items()}
    return {name: torch.tensor([rows[name].get(value, UNSTATED) for value in stated[name]]) for name in CLASSES}
