"""Where finished images are kept: written whole or not at all, never over another file, and never too many."""

import contextlib
import errno
import io
import json
import math
import os
import re
import secrets
import struct
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from . import __version__
from .errors import InvalidRequest, Sentence, StorageFull, cause
from .events import ImageReady
from .machine.caches import PARTIAL, sweep

KEY, PARAMETERS = "instaflow_demo", "parameters"  # ours, and one that other image tools read
MOST_PIXELS = 64_000_000
"""Of an image whose texts are read."""

_PNG, _SIZE = b"\x89PNG\r\n\x1a\n", slice(16, 24)  # a file's first bytes, and where the first chunk has its sides
_REMEDY = Sentence("choose another folder with --out")
_OURS = re.compile(r"\d{8}T\d{12}-[0-9a-f]{8}-.+-\d+\.png")
# what file systems without hard links answer: exFAT, some network shares, some FUSE mounts
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Gallery:
    """A folder of PNG files, of which the oldest are removed when there are more than `max_images`.

    The folder may hold other files: only those whose names `save` made are counted and removed. `remedy` is what to do
    where it cannot be written to.
    """

    def __init__(self, folder: Path, max_images: int = 500, remedy: Sentence = _REMEDY):
        self.folder = Path(folder).absolute()
        self._max_images = max_images
        self._remedy = remedy

    def save(self, event: ImageReady, metadata: Mapping[str, Any]) -> Path:
        """Write an image with the metadata that makes it again, and return its path.

        Raises:
            StorageFull: when there is no room, or the folder cannot be written to; nothing is left behind.
        """
        return self._store(event, lambda: encode_png(event, metadata))

    def keep(self, event: ImageReady) -> Path:
        """Copy the file that an image was saved to, and return the copy's path; one without a file is written anew.

        Raises:
            StorageFull: as `save`.
        """
        return self._store(event, lambda: event.path.read_bytes() if event.path else encode_png(event, event.metadata))

    def _store(self, event: ImageReady, content: Callable[[], bytes]) -> Path:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep(self.folder)
            path = self._write(event, content())
        except OSError as error:
            raise StorageFull(
                "The image could not be saved in {folder} ({why}): free some space or {remedy}.",
                folder=self.folder,
                why=cause(error),
                remedy=self._remedy,
            ) from error
        self._trim()
        return path

    def _write(self, event: ImageReady, content: bytes) -> Path:
        partial = self.folder / f"{PARTIAL}{secrets.token_hex(8)}"
        try:
            with partial.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return _publish(partial, self.folder, f"{event.model}-{event.index}")
        finally:
            partial.unlink(missing_ok=True)

    def _trim(self) -> None:
        # names begin with the time, so that the oldest come first
        images = sorted(path for path in self.folder.glob("*.png") if _OURS.fullmatch(path.name))
        for path in images[: max(0, len(images) - self._max_images)]:
            with contextlib.suppress(OSError):  # another process may trim as well
                path.unlink()


def encode_png(event: ImageReady, metadata: Mapping[str, Any]) -> bytes:
    """An image as a PNG file with the metadata that makes it again."""
    png = io.BytesIO()
    event.image.save(png, "PNG", pnginfo=_text(metadata))
    return png.getvalue()


def read_metadata(path: Path) -> dict[str, Any]:
    """What `Gallery.save` wrote into a PNG file; empty for any other image."""
    with Image.open(path) as image:
        image.load()
        return json.loads(getattr(image, "text", {}).get(KEY, "{}"))


def read_texts(png: bytes) -> dict[str, str]:
    """The texts in a PNG file, by their keys. Pixels are never looked at, and may be missing.

    Raises:
        InvalidRequest: with a sentence, when it is not a whole PNG file, or larger than images of this kind are.
    """
    if not png.startswith(_PNG):
        raise InvalidRequest({"file": Sentence("That is not a PNG file: settings are read from PNG files only.")})
    if len(png) > _SIZE.stop and math.prod(struct.unpack(">II", png[_SIZE])) > MOST_PIXELS:
        raise InvalidRequest(
            {"file": Sentence("That image has more than {n:,} pixels: choose a smaller one.", n=MOST_PIXELS)}
        )
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            texts = image.info
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error) as error:
        raise InvalidRequest(
            {"file": Sentence("That PNG file is damaged, or its texts are too long: choose another one.")}
        ) from error
    return {key: str(text) for key, text in texts.items() if isinstance(key, str) and isinstance(text, str)}


def _publish(partial: Path, folder: Path, label: str) -> Path:
    """Give a finished file its name, which no other file may have."""
    while True:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        path = folder / f"{stamp}-{secrets.token_hex(4)}-{label}.png"
        with contextlib.suppress(FileExistsError):
            _name(partial, path)
            return path


def _name(partial: Path, path: Path) -> None:
    """Let `path` be the file, whole at once. Raises FileExistsError rather than overwrite."""
    try:
        os.link(partial, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        path.touch(exist_ok=False)  # claims the name
        try:
            partial.replace(path)
        except OSError:
            path.unlink()
            raise


def _text(metadata: Mapping[str, Any]) -> PngInfo:
    info = PngInfo()
    values = {**metadata, "version": __version__, "note": "AI generated"}
    info.add_itxt(KEY, json.dumps(values, ensure_ascii=True))
    info.add_itxt(PARAMETERS, _parameters(metadata))
    info.add_text("Software", f"instaflow_demo {__version__}")
    return info


def _parameters(metadata: Mapping[str, Any]) -> str:
    """The line that other image tools read: prompt, negative prompt, then the settings."""
    size = metadata.get("size")
    settings = {
        "Steps": metadata.get("steps"),
        "CFG scale": metadata.get("guidance"),
        "Seed": metadata.get("seed"),
        "Size": f"{size}x{size}",
        "Model": metadata.get("model"),
    }
    lines = [str(metadata.get("prompt", ""))]
    if metadata.get("negative_prompt"):
        lines.append(f"Negative prompt: {metadata['negative_prompt']}")
    return "\n".join([*lines, ", ".join(f"{name}: {value}" for name, value in settings.items())])
