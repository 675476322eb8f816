"""Fetch a published checkpoint when the user asks for it: only the files that are needed, resumed, checked."""

import hashlib
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from ..errors import DownloadFailed, Sentence
from ..events import Downloading
from ..machine import caches
from ..registry import ModelSpec
from .locate import variant_of, weight_files

_LOOK_EVERY_S = 0.2
_SHA256_DIGITS = 64


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository and its size in bytes."""

    name: str
    size: int


def download(spec: ModelSpec, *, half: bool) -> Generator[Downloading, None, None]:
    """Bring a published model's files onto this machine; closing the generator stops.

    The next call goes on with the files that are not complete: the hub's client begins those anew.

    With `half`, the half-precision files are fetched where the repository has them.

    Raises:
        DownloadFailed: with a sentence.
    """
    if spec.traits.converted:
        yield from _glide(spec)
        return
    commit, files = list_files(spec)
    wanted = choose_files(files, spec.traits.components, half=half)
    cache, note = _cache(caches.hub_dir(), caches.HUB, "HF_HOME")
    _make_room(spec, _coming(spec, wanted, commit, cache), cache, "HF_HOME")
    total, done = sum(file.size for file in wanted), 0
    for file in wanted:
        for so_far in _fetch(spec, file, commit, cache):
            yield Downloading(spec.id, file.name, done + so_far, total, note)
        done += file.size
        yield Downloading(spec.id, file.name, done, total, note)
    _settle(spec, wanted, cache)


def _glide(spec: ModelSpec) -> Iterator[Downloading]:
    from . import openai as glide  # noqa: PLC0415 - httpx is slow to import

    setting = "INSTAFLOW_DEMO_HOME"
    home, note = _cache(caches.converted_dir(), "", setting)
    target = home / spec.id
    _make_room(spec, 2 * spec.download_bytes - glide.downloaded_bytes(target), home, setting)
    for fetched in glide.download(target):
        yield Downloading(spec.id, fetched.file, fetched.done, fetched.total, note)


def _cache(folder: Path, spare: str, setting: str) -> tuple[Path, Sentence]:
    """Where downloads go: to the folder, or to this part of the spare one; and a note if it is the latter.

    Raises:
        DownloadFailed: when neither can be written to.
    """

    def made(to: Path) -> Path:
        where = to if to == folder else to / spare
        where.mkdir(exist_ok=True)
        return where

    kept, note = caches.keep(folder, "downloads", made, setting)
    if kept is None:
        raise DownloadFailed(note)
    return kept, note


def choose_files(files: Iterable[RemoteFile], folders: Iterable[str], *, half: bool) -> list[RemoteFile]:
    """The files that the engine reads: of each folder the settings and one set of weights, and model_index.json."""
    files = list(files)
    chosen = [file for file in files if file.name == "model_index.json"]
    for folder in folders:
        inside = {file.name.partition("/")[2]: file for file in files if file.name.startswith(f"{folder}/")}
        weights = weight_files(inside, variant_of(inside, half_first=half))
        chosen += [file for name, file in inside.items() if name in weights or name.endswith((".json", ".txt"))]
    return chosen


def list_files(spec: ModelSpec) -> tuple[str, list[RemoteFile]]:
    """The commit that the revision of a published model stands for now, and its files.

    Raises:
        DownloadFailed: with a sentence.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415 - slow to import

    with _sentences(spec):
        info = HfApi(token=_token()).model_info(spec.source, revision=spec.revision, files_metadata=True)
        return str(info.sha), [RemoteFile(file.rfilename, file.size or 0) for file in info.siblings or []]


def _token() -> bool | None:
    """False where the hub's client could not read the user's token: what is public comes without one."""
    from huggingface_hub import get_token  # noqa: PLC0415 - slow to import

    try:
        get_token()
    except (OSError, ValueError):  # a folder, not ours to read, no text
        return False
    return None


def _make_room(spec: ModelSpec, size: int, folder: Path, setting: str) -> None:
    """Find out before a long download, not in the middle of it, that there is no room for so many bytes."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise DownloadFailed(
            "{title} needs {size:.1f} GB, and {folder} has {free:.1f} GB free: make room, or set {setting} to a "
            "folder on another disk.",
            title=spec.title,
            size=size / 1e9,
            folder=folder,
            free=free / 1e9,
            setting=setting,
        )


def _coming(spec: ModelSpec, files: Iterable[RemoteFile], commit: str, cache: Path) -> int:
    """The bytes that are not here yet: an earlier try may have brought some of the files."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - slow to import

    def here(file: RemoteFile) -> bool:
        return isinstance(try_to_load_from_cache(spec.source, file.name, cache, commit), str)

    return sum(file.size for file in files if not here(file))


def _fetch(spec: ModelSpec, file: RemoteFile, commit: str, cache: Path) -> Iterator[int]:
    """How many bytes of a file are there, every so often; huggingface_hub does the work on a thread of its own."""
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - slow to import

    progress, stop = [0], Event()

    def count(bytes_: float) -> None:
        if stop.is_set():
            raise _Stopped
        progress[0] += int(bytes_)

    with ThreadPoolExecutor(1) as thread, _sentences(spec):
        settings = {"revision": commit, "cache_dir": cache, "token": _token(), "tqdm_class": partial(_Bar, count)}
        future = thread.submit(partial(hf_hub_download, spec.source, file.name, **settings))
        try:
            while not future.done():
                wait([future], timeout=_LOOK_EVERY_S)
                yield min(progress[0], file.size)
        finally:
            stop.set()
        _check(Path(future.result()), spec)


def _settle(spec: ModelSpec, files: Iterable[RemoteFile], cache: Path) -> None:
    """Let the cache know that the revision's name stands for this commit, as it is looked up by name."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import

    with _sentences(spec):
        names = [file.name for file in files]
        snapshot_download(spec.source, revision=spec.revision, allow_patterns=names, cache_dir=cache, token=_token())


def _check(path: Path, spec: ModelSpec) -> None:
    """Compare a large file with its SHA-256, which the cache names it by."""
    blob = path.resolve()
    if len(blob.name) != _SHA256_DIGITS:
        return
    with blob.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == blob.name:
            return
    path.unlink()
    blob.unlink()
    raise DownloadFailed(
        "{file} of {title} came damaged and was removed: run the download again.", file=path.name, title=spec.title
    )


@contextmanager
def _sentences(spec: ModelSpec) -> Iterator[None]:
    """What the hub's client raises, as sentences."""
    from huggingface_hub import errors  # noqa: PLC0415 - slow to import

    page = f"https://huggingface.co/{spec.source}"
    # which HTTP library the client is built on differs between its versions
    transport: type[Exception] = getattr(errors, "HTTPError", OSError)
    try:
        yield
    except errors.GatedRepoError as error:
        raise DownloadFailed(
            "{title} is for those who accept its licence: do so at {page}, run “hf auth login”, and try again.",
            title=spec.title,
            page=page,
        ) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise DownloadFailed(
            "{title} is not at {page}, or not for you: run “hf auth login”, or name a folder with --model-dir "
            "{id}=FOLDER.",
            title=spec.title,
            page=page,
            id=spec.id,
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise DownloadFailed(
            "{title} cannot be fetched, because HF_HUB_OFFLINE or --offline rules the network out: unset it.",
            title=spec.title,
        ) from error
    except (transport, OSError) as error:
        raise DownloadFailed(
            "{title} could not be fetched ({why}): check the network and the disk, and try again. Files that are "
            "complete are kept.",
            title=spec.title,
            why=str(error),
        ) from error


class _Stopped(Exception):
    """The one who asked for the download is gone."""


class _Bar:
    """As much of tqdm as the hub's client uses, which tells `count` how many bytes have come."""

    def __init__(self, count: Callable[[float], None], *_: Any, initial: float = 0, **__: Any):
        self._count = count
        count(initial)

    def update(self, bytes_: float = 1) -> None:
        self._count(bytes_)

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing to close."""

    def refresh(self) -> None:
        """Nothing to draw."""

    def set_description(self, *_: Any, **__: Any) -> None:
        """Nothing to draw."""
