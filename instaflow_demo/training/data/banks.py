"""Drawings held on a device as bytes: places, things at three sizes, and overlays."""

import torch
import torch.nn.functional as F
from torch import Tensor

SPRITE = 192  # pixels of a sprite's side
ATLAS = SPRITE + SPRITE // 2  # the width of a sprite with its smaller copies at its right


class Banks:
    """What pictures are composed of, uint8.

    land: (P, 9, 256, 256), drawings of places: RGBA, depth, water, level, lamps, beams.
    sprites: (N, 4, 192, 192), things in premultiplied RGBA, standing on the lower edge.
    overlays: (O, 5, 256, 256): light and alpha of clouds, then stars, rain and flakes.
    """

    def __init__(self, land: Tensor, sprites: Tensor, overlays: Tensor):
        self.land = land
        self.atlas = sprites if sprites.shape[-1] == ATLAS else _atlas(sprites)
        self.overlays = overlays

    def to(self, device: torch.device | str) -> "Banks":
        return Banks(self.land.to(device), self.atlas.to(device), self.overlays.to(device))

    @property
    def device(self) -> torch.device:
        return self.land.device


def _atlas(sprites: Tensor) -> Tensor:
    """Each sprite (N, 4, 192, 192) beside its copies of a half and a quarter the size: (N, 4, 192, 288)."""
    half, quarter = SPRITE // 2, SPRITE // 4
    atlas = sprites.new_zeros(len(sprites), 4, SPRITE, ATLAS)
    for start in range(0, len(sprites), 256):
        rows = slice(start, start + 256)
        small = F.avg_pool2d(sprites[rows].float(), 2)
        atlas[rows, :, :, :SPRITE] = sprites[rows]
        atlas[rows, :, :half, SPRITE:] = small.round().byte()
        atlas[rows, :, half : half + quarter, SPRITE : SPRITE + quarter] = F.avg_pool2d(small, 2).round().byte()
    return atlas
