"""Pictures from drawings, by tensor operations alone: they run on a GPU as they are.

The sky is painted first; the place covers it, things are put on the place, all of it is lit at once, so that sticker
and drawing share one light, and haze, glow and weather come last.
"""

import torch
from torch import Tensor

from .banks import Banks
from .brush import SIZE
from .canvas import Grid, Layers, open_layers
from .picture import Batch, Picture, Placed, stack
from .placing import Thing, put_thing
from .shading import glow, haze, lay_water, light_up, settle_snow, spotlight, vignette, weather, wet_ground
from .sky import add_disc_and_clouds, glitter, mirror, overlays, paint_sky

__all__ = ["SIZE", "Banks", "Batch", "Composer", "Picture", "Placed", "stack"]


class Composer:
    """Composes pictures from banks, on the banks' device.

    Batches of any size are composed `chunk` pictures at a time, which bounds the memory: about 12 MB a picture.
    """

    def __init__(self, banks: Banks, chunk: int = 64):
        self._banks = banks
        self._chunk = chunk
        self._grid = Grid.on(banks.device)

    def __call__(self, batch: Batch) -> Tensor:
        """Images (B, 3, 256, 256) in [0, 1]."""
        return self.compose(batch)[0]

    @torch.no_grad()
    def compose(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Images (B, 3, 256, 256), and how much of each pixel is things, (B, 1, 256, 256); both in [0, 1]."""
        batch = batch.to(self._banks.device)
        images = torch.empty(len(batch), 3, SIZE, SIZE, device=self._banks.device)
        masks = torch.empty(len(batch), 1, SIZE, SIZE, device=self._banks.device)
        for start in range(0, len(batch), self._chunk):
            rows = slice(start, start + self._chunk)
            images[rows], masks[rows] = self._compose(batch[rows])
        return images, masks

    def _compose(self, batch: Batch) -> tuple[Tensor, Tensor]:
        grid = self._grid
        over = overlays(batch, self._banks)
        sky = paint_sky(batch, over, grid)
        layers = open_layers(batch, self._banks)
        settle_snow(layers, batch)
        wet_ground(layers, batch)
        for number in range(batch.things.shape[1]):
            put_thing(layers, Thing(batch.things[:, number], self._banks, grid), batch)
        image = self._shade(batch, layers, sky, over)
        return image.clamp(0, 1), layers.things

    def _shade(self, batch: Batch, layers: Layers, sky: Tensor, over: Tensor) -> Tensor:
        grid = self._grid
        spot = spotlight(batch, grid)
        water = lay_water(layers, batch, mirror(batch, sky, grid), glitter(batch, grid))
        image = light_up(layers, batch, grid, spot) + water * layers.cover
        image = haze(layers, batch, grid, image)
        image = add_disc_and_clouds(batch, sky, over, grid) * (1 - layers.cover) + image
        image = glow(layers, batch, grid, image, spot)
        image = weather(layers, batch, image, over)
        return vignette(batch, grid, image)
