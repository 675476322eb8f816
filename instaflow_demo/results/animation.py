"""The frames of an interpolation as one file that moves."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from PIL.Image import Image

Format = Literal["GIF", "WebP"]
MEDIA: Mapping[Format, str] = {"GIF": "image/gif", "WebP": "image/webp"}

_FRAME_MS = 80
_WEBP_QUALITY = 85
_DESCRIPTION = 0x010E  # EXIF's ImageDescription


def encode_animation(frames: "Sequence[Image]", kind: Format, made_from: Mapping[str, Any]) -> bytes:
    """Frames of one size as a file that plays them there and back without end, so that it never jumps.

    What they were made from goes with them, as JSON: a GIF's comment, a WebP's description.
    """
    if kind == "GIF":
        frames = [frame.quantize() for frame in frames]  # here, or Pillow does it for the way back too
    first, *rest = [*frames, *frames[-2:0:-1]]
    said, file = json.dumps({**made_from, "note": "AI generated"}), io.BytesIO()
    shared: dict[str, Any] = {"save_all": True, "append_images": rest, "duration": _FRAME_MS, "loop": 0}
    if kind == "GIF":
        first.save(file, "GIF", comment=said.encode(), **shared)
    else:
        exif = first.getexif()
        exif[_DESCRIPTION] = said
        first.save(file, "WEBP", quality=_WEBP_QUALITY, exif=exif, **shared)
    return file.getvalue()
