"""Real conditions that a process may be started under: homes of every kind, unknown users, full disks."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

UNKNOWN_UID = 54321


@dataclass(frozen=True)
class Condition:
    """What a command is put behind, and what its environment says; None for a variable that is not there."""

    prefix: list[str] = field(default_factory=list)
    variables: dict[str, str | None] = field(default_factory=dict)

    def applied(self, environment: dict[str, str]) -> dict[str, str]:
        given = {**environment, **self.variables}
        return {name: value for name, value in given.items() if value is not None}

    def or_skip(self) -> "Condition":
        """Itself; the test is skipped where this machine cannot have it."""
        tried = subprocess.run(
            [*self.prefix, "true"], capture_output=True, text=True, check=False, env=self.applied({})
        )
        if tried.returncode:
            pytest.skip(f"this machine does not allow it: {tried.stderr.strip()}")
        return self


def mounted(folder: Path, options: str, then: str = "true") -> list[str]:
    """What begins a command that finds a file system of its own on `folder`; it is gone with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = f'mount -t tmpfs -o {options} tmpfs "{folder}" && cd "{folder}"'
    script = f'{mount} && {{ {then}; }} && cd "$OLDPWD" && exec "$@"'
    return ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"]), "sh", "-c", script, "sh"]


def full(folder: Path, left: int = 0) -> list[str]:
    """A disk on `folder` with so many bytes left."""
    fill = f"head -c 1048576 /dev/zero > full 2>/dev/null; truncate -s {1048576 - left} full"
    return mounted(folder, "size=1m,mode=1777", fill)


def nobody_known() -> list[str]:
    """A user without an entry in passwd, who may read everything, for Python may be installed in root's own home."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        return ["sh", "-c", "echo only root can become another user >&2; exit 1", "sh"]
    allowed = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return ["setpriv", f"--reuid={UNKNOWN_UID}", f"--regid={UNKNOWN_UID}", "--clear-groups", *allowed]


def a_file(folder: Path) -> Condition:
    (folder / "file").touch()
    return Condition(variables={"HOME": str(folder / "file")})


def read_only(folder: Path) -> Condition:
    return Condition(mounted(folder / "home", "ro"), {"HOME": str(folder / "home")})


def full_home(folder: Path) -> Condition:
    return Condition(full(folder / "home"), {"HOME": str(folder / "home")})


def unknown_user(folder: Path) -> Condition:
    return Condition(nobody_known(), {"HOME": None})


HOMES: list[Callable[[Path], Condition]] = [a_file, read_only, full_home, unknown_user]
"""Homes in which nothing can be kept."""


def without(library: str, folder: Path) -> str:
    """A path for PYTHONPATH on which a library is not to be had."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{library!r}] = None\n")
    return str(folder)
