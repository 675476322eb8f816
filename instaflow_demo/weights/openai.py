"""Fetch GLIDE's published files, when the user asks for it, and convert them."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from ..errors import CheckpointError, DownloadFailed
from ..glide.unet import BASE, UPSAMPLER, Shape
from .convert_glide import VOCABULARY, convert

SITE = "https://openaipublic.blob.core.windows.net/diffusion/dec-2021"
FILES = ("base.pt", "upsample.pt")
VOCABULARY_REPOSITORY = "openai-community/gpt2"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Fetched:
    """So many bytes of a file are there."""

    file: str
    done: int
    total: int


def download(target: Path, site: str = SITE, shapes: tuple[Shape, Shape] = (BASE, UPSAMPLER)) -> Iterator[Fetched]:
    """Fetch the files beside `target`, resuming where an earlier try ended, then convert them into `target`.

    The fetched files are removed once they are converted, or when they turn out to be damaged.

    Raises:
        DownloadFailed: when a file cannot be had or is not what it should be.
    """
    _refuse_offline()
    parts = _parts(target)
    parts.mkdir(parents=True, exist_ok=True)
    for name in VOCABULARY:
        _vocabulary(name, parts)
    for name in FILES:
        yield from fetch(f"{site}/{name}", parts / name)
    try:
        base, upsampler = (parts / name for name in FILES)
        convert(base, upsampler, target, shapes)
    except CheckpointError as error:
        for name in FILES:  # or the next try would find them there and not fetch them
            (parts / name).unlink()
        raise DownloadFailed(
            "{base} or {upsampler} came damaged, and both were removed: run the command again. {error}",
            base=FILES[0],
            upsampler=FILES[1],
            error=error.sentence,
        ) from error
    shutil.rmtree(parts, ignore_errors=True)


def downloaded_bytes(target: Path) -> int:
    """The bytes that an unfinished download has brought so far."""
    return sum(path.stat().st_size for path in _parts(target).glob("*.pt*"))


def fetch(url: str, file: Path) -> Iterator[Fetched]:
    """Fetch `url` into `file`, from where an unfinished file of an earlier try ends.

    Raises:
        DownloadFailed: when the server cannot be reached, refuses, or sends less than it promised.
    """
    if file.exists():
        return
    partial = file.with_suffix(file.suffix + ".partial")
    begun = partial.stat().st_size if partial.exists() else 0
    try:
        with httpx.stream("GET", url, headers={"Range": f"bytes={begun}-"}, follow_redirects=True) as answer:
            if answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:  # else nothing is left to fetch
                yield from _write(answer.raise_for_status(), partial, begun)
    except (httpx.HTTPError, OSError) as error:
        raise DownloadFailed(
            "{file} could not be fetched from {url} ({why}): check the network and run the command again. It goes on "
            "where it ended.",
            file=file.name,
            url=url,
            why=str(error),
        ) from error
    partial.replace(file)


def _write(answer: httpx.Response, partial: Path, begun: int) -> Iterator[Fetched]:
    done = begun if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0  # a server may send all of it again
    total = done + int(answer.headers["content-length"])
    with partial.open("ab" if done else "wb") as out:
        for chunk in answer.iter_raw(_CHUNK):
            out.write(chunk)
            done += len(chunk)
            yield Fetched(partial.stem, done, total)
    if done != total:
        raise OSError(f"{done:,} of {total:,} bytes came")


def _parts(target: Path) -> Path:
    """Where files wait until all are there and can be converted."""
    return target.with_name(f"{target.name}-download")


def _refuse_offline() -> None:
    """The hub's client obeys its own switch; what is fetched from elsewhere must obey it too."""
    from huggingface_hub import constants  # noqa: PLC0415 - slow to import

    if constants.HF_HUB_OFFLINE:
        raise DownloadFailed(
            "GLIDE could not be fetched, because HF_HUB_OFFLINE or --offline rules the network out: unset it."
        )


def _vocabulary(name: str, folder: Path) -> None:
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - slow to import
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled  # noqa: PLC0415

    try:
        # whoever is not known to the hub may have it too, and has a cache nowhere
        hf_hub_download(VOCABULARY_REPOSITORY, name, local_dir=folder, cache_dir=folder, token=False)
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise DownloadFailed(
            "{name} could not be fetched from {source}: check the network and run the command again, or convert files "
            "that you have with “python -m instaflow_demo convert-glide”.",
            name=name,
            source=VOCABULARY_REPOSITORY,
        ) from error
