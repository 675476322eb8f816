"""The examination of published models, as their papers do it: captions of photographs, FID and CLIP score.

Inception (through torch-fidelity) and OpenAI's CLIP (through transformers) are fetched when they are first used.
"""

# transformers describes its classes loosely
# pyright: reportArgumentType=false, reportCallIssue=false

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torchmetrics.image.fid import FrechetInceptionDistance
from transformers import CLIPModel, CLIPProcessor

from ..errors import DemoError, InvalidRequest, ModelUnavailable, Sentence
from ..measure import Figure
from . import metrics

CLIP = "openai/clip-vit-large-patch14"
_BATCH = 32

Extractor = Callable[[Tensor], Tensor]
"""Images (B, 3, S, S) in uint8 to features (B, D)."""
Scorer = Callable[[Tensor, Sequence[str]], Tensor]
"""Images (B, 3, S, S) in uint8 and their prompts to cosine similarities (B,)."""


@dataclass(frozen=True)
class Photo:
    """A real image and its first caption."""

    path: Path
    caption: str


def read_captions(folder: Path, captions: Path, count: int) -> list[Photo]:
    """The first `count` photographs of a COCO captions file (`images` and `annotations`), which are in `folder`.

    Raises:
        InvalidRequest: when the file is not like COCO's, or a photograph is missing.
    """
    try:
        table = json.loads(captions.read_text(encoding="utf-8"))
        names = {image["id"]: image["file_name"] for image in table["images"]}
        first: dict[int, str] = {}
        for annotation in table["annotations"]:
            first.setdefault(annotation["image_id"], annotation["caption"].strip())
        photos = [Photo(folder / names[identity], caption) for identity, caption in first.items()][:count]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(
            {
                "captions": Sentence(
                    "{captions} is not a captions file like COCO's captions_val2017.json: give one with --captions.",
                    captions=captions,
                )
            }
        ) from error
    missing = [photo.path for photo in photos if not photo.path.is_file()]
    if missing or not photos:
        wrong = (
            Sentence("{path} is missing: give the folder of the photographs with --reference.", path=missing[0])
            if missing
            else Sentence(
                "{captions} names no photographs: give the folder of the photographs with --reference.",
                captions=captions,
            )
        )
        raise InvalidRequest({"reference": wrong})
    return photos


class PhotoExaminer:
    """FID, CLIP score or both against photographs; either network may be None."""

    together = 1

    def __init__(self, photos: Sequence[Photo], size: int, inception: Extractor | None, clip: Scorer | None):
        self.prompts = tuple(photo.caption for photo in photos)
        self._inception = inception
        self._clip = clip
        self._reference = _reference(photos, size, inception) if inception else None

    @property
    def about(self) -> Mapping[str, Any]:
        """What stands beside the figures."""
        return {
            "extractor": "Inception v3 (torch-fidelity)" if self._inception else None,
            "clip": CLIP if self._clip else None,
            "reference_images": len(self.prompts),
        }

    @torch.inference_mode()
    def score(self, rows: range, images: Tensor) -> dict[str, Tensor]:
        """Features and similarities of images (B, 3, S, S) in [-1, 1] of the prompts `rows`."""
        pixels = ((images + 1) * 127.5).round().byte()
        scores = {}
        if self._inception:
            scores["features"] = self._inception(pixels).float().cpu()
        if self._clip:
            scores["clip_vit"] = self._clip(pixels, [self.prompts[row] for row in rows]).float().cpu()
        return scores

    def compute_figures(self, scores: Mapping[str, Tensor]) -> dict[str, Figure | None]:
        """The figures of one system."""
        figures = {}
        if self._reference:
            figures["fid"] = metrics.feature_distance(scores["features"], self._reference)
        if self._clip:
            figures["clip_vit"] = metrics.mean(scores["clip_vit"])
        return figures


def load_inception(device: str) -> Extractor:
    """The network of the Inception FID.

    Raises:
        ModelUnavailable: without torch-fidelity, or when its weights cannot be fetched.
    """
    try:
        network = FrechetInceptionDistance(feature=2048).inception.to(device)
    except ModuleNotFoundError as error:
        raise ModelUnavailable("The Inception FID needs torch-fidelity: pip install torch-fidelity.") from error
    except OSError as error:
        raise ModelUnavailable("The Inception network could not be fetched: connect to the network.") from error
    return lambda images: network(images.to(device))


def clip_vit(device: str) -> Scorer:
    """OpenAI's CLIP.

    Raises:
        ModelUnavailable: when it is neither in the Hugging Face cache nor can be fetched.
    """
    try:
        model, processor = CLIPModel.from_pretrained(CLIP).to(device).eval(), CLIPProcessor.from_pretrained(CLIP)
    except OSError as error:
        raise ModelUnavailable("{source} could not be fetched: connect to the network.", source=CLIP) from error

    def score(images: Tensor, prompts: Sequence[str]) -> Tensor:
        inputs = processor(text=list(prompts), images=list(images), return_tensors="pt", padding=True, truncation=True)
        output = model(**inputs.to(device))
        return F.cosine_similarity(output.image_embeds, output.text_embeds)

    return score


@torch.inference_mode()
def _reference(photos: Sequence[Photo], size: int, extract: Extractor) -> dict[str, Tensor]:
    batches = (photos[start : start + _BATCH] for start in range(0, len(photos), _BATCH))
    images = (torch.stack([_pixels(photo.path, size) for photo in batch]) for batch in batches)
    return metrics.reference_sums(torch.cat([extract(batch).float().cpu() for batch in images]))


def _pixels(path: Path, size: int) -> Tensor:
    """The square in the middle of a photograph, (3, size, size) in uint8, as large as what is compared with it."""
    try:
        image = Image.open(path).convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise DemoError("{path} is not an image that can be read: restore or remove it.", path=path) from error
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.resize((size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    return torch.from_numpy(np.array(square)).permute(2, 0, 1)
