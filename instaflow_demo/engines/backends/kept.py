"""The converted networks that OpenVINO reads: where they are kept, and whether they are as they were written.

Nothing here imports PyTorch or OpenVINO, so whoever only wants to know what is there does not wait for them.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from ...machine import caches
from ...weights.locate import ModelFiles

NETWORK = "network.xml"
OURS = "openvino"
_FILES = (NETWORK, "network.bin")
_SUMS = "sha256.json"


def list_sources(files: ModelFiles) -> dict[str, Path]:
    """The folders of what is converted of a checkpoint: "unet", "text", and the decoders by their names."""
    tiny = {"tiny": files.tiny_decoder} if files.tiny_decoder else {}
    parts = {"unet": "unet", "text": "text_encoder", "full": "vae"}
    return {name: files.component(part) for name, part in parts.items()} | tiny


def is_kept(files: ModelFiles) -> bool:
    """Whether all networks of a checkpoint are converted and kept, so that nobody waits for a conversion."""
    return all(find_kept(cache_name(source)) for source in list_sources(files).values())


def find_kept(name: Path) -> Path | None:
    """The folder of a converted network of this name that is whole, in the user's cache or in the spare one."""
    folders = (folder / name for folder in (caches.converted_dir(), caches.spare_dir()) if folder)
    return next((folder for folder in folders if is_whole(folder)), None)


def cache_name(source: Path, files: Sequence[Path] = ()) -> Path:
    """Where what is made of these files of `source`, or of all of them, is kept, below a cache's folder."""
    made_of = files or sorted(source.iterdir())
    stamps = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in made_of]
    return Path(OURS, digest(str(source.resolve())), digest(repr((stamps, version("openvino")))))


def is_whole(folder: Path) -> bool:
    """Whether a converted network is as it was written, to the last bit."""
    try:
        sums = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
        return sums == _sums(folder)
    except (OSError, ValueError):
        return False


def store(folder: Path, write: Callable[[Path], None]) -> Path:
    """The folder, after `write` has put a network into it: it is there whole or not at all.

    What was made from other weights, or by another version, makes way.

    Raises:
        OSError, RuntimeError: when it cannot be; nothing is left behind.
    """
    others = folder.parent
    with _unfinished(others) as partial:
        write(partial)
        (partial / _SUMS).write_text(json.dumps(_sums(partial)), encoding="utf-8")
        _publish(partial, folder)
    for other in others.iterdir():
        if other != folder and not other.name.startswith(caches.PARTIAL):
            shutil.rmtree(other, ignore_errors=True)
    return folder


def copy(network: Path, folder: Path) -> Path:
    """Keep a converted network in another folder as well. Raises as `store`."""

    def write(partial: Path) -> None:
        for name in _FILES:
            shutil.copyfile(network / name, partial / name)

    return store(folder, write)


def sweep(writer: str) -> None:
    """Remove what the process that was this `caches.WRITER` has left half written."""
    for root in filter(None, (caches.converted_dir(), caches.spare_dir())):
        for path in (root / OURS).rglob(f"{caches.PARTIAL}{writer}*"):
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A new folder inside this one for what is unfinished; gone afterwards, unless it was given another name."""
    folder.mkdir(parents=True, exist_ok=True)
    caches.sweep(folder)
    partial = caches.name_unfinished(folder)
    try:
        partial.mkdir()
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _publish(partial: Path, folder: Path) -> None:
    """Give a folder its name, unless another process was faster; one that has been damaged makes way."""
    if folder.exists() and not is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        partial.rename(folder)
    except OSError:
        if not is_whole(folder):
            raise


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a converted network."""

    def digest_of(name: str) -> str:
        with (folder / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return {name: digest_of(name) for name in _FILES}
