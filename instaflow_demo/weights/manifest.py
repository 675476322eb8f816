"""The list of the shipped files, by which each of them is checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Listed:
    """A shipped file as the manifest has it."""

    bytes: int
    sha256: str


def read_manifest(models_dir: Path) -> Mapping[str, Listed]:
    """What every shipped file must be; empty, so that nothing is available, when the list is missing or garbled."""
    try:
        listed = json.loads((models_dir / "MANIFEST.json").read_text(encoding="utf-8"))
        return {name: Listed(**facts) for name, facts in listed.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
