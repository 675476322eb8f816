"""From a network's images to pixels on the host."""

from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor

from ..errors import NotANumber

AsyncPixels = Callable[[], Tensor]
"""Waits for pixels (B, H, W, 3), uint8 on the host, and returns them."""


def to_uint8(images: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [-1, 1] as pixels (B, H, W, 3), uint8 on their device, rounded as diffusers does."""
    rounded = ((images / 2 + 0.5).clamp(0, 1).float() * 255).round().to(torch.uint8)
    return rounded.permute(0, 2, 3, 1).contiguous()


def to_uint8_host(images: Tensor) -> Tensor:
    """Images (B, 3, H, W) in [-1, 1] as pixels (B, H, W, 3), uint8 on the host.

    Raises:
        NotANumber: where there is NaN or infinity, which would be a black pixel.
    """
    return to_uint8_async(images)()


def to_uint8_async(images: Tensor) -> AsyncPixels:
    """`to_uint8_host`, submitted to the device now; only calling the result waits for it, and raises."""
    pixels, finite = _to_host(to_uint8(images)), _to_host(images.isfinite().all())
    arrived = None
    if images.is_cuda:
        arrived = torch.cuda.Event()
        arrived.record()

    def wait() -> Tensor:
        if arrived is not None:
            arrived.synchronize()
        if not finite:
            raise NotANumber(
                "The model produced NaN or infinity, so there is no image: choose the precision float32, and if that "
                "does not help, restore the model's files."
            )
        return pixels

    return wait


def to_pil(pixels: Tensor) -> tuple[Image.Image, ...]:
    """Pixels (B, H, W, 3), uint8 on the host, as B images."""
    return tuple(Image.fromarray(image.numpy()) for image in pixels)


def _to_host(tensor: Tensor) -> Tensor:
    """A copy on the host, which a GPU makes when it comes to it: pinned memory is faster and waits for nothing."""
    if not tensor.is_cuda:
        return tensor
    return torch.empty_like(tensor, device="cpu", pin_memory=True).copy_(tensor, non_blocking=True)
