"""Where the hub's client keeps what it has fetched."""

from contextlib import suppress
from pathlib import Path

from ..machine import caches


def find_snapshot(repository: str, files: list[str], revision: str | None = None) -> Path | None:
    """The folder of a repository's commit in the Hugging Face cache, or in the spare one, if it has such files."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415

    spare = caches.spare_dir()
    for cache in (caches.hub_dir(), *([spare / caches.HUB] if spare else [])):
        with suppress(LocalEntryNotFoundError, HFValidationError, OSError):  # the last where it cannot be looked into
            found = snapshot_download(
                repository, revision=revision, allow_patterns=files, local_files_only=True, cache_dir=cache
            )
            return Path(found)
    return None
