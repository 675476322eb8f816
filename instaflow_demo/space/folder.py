"""The folder itself, which is there whole or not at all."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from ..errors import InvalidRequest, Sentence, StorageFull, cause
from ..machine.caches import name_unfinished
from ..machine.paths import exists, is_folder, list_entries
from .checks import Report, check
from .contents import ROOT, list_files
from .documents import documents
from .hosts import Host


def write(to: Path, host: Host, preloads: list[str], root: Path = ROOT, *, login: bool = False) -> Report:
    """Write everything that `host` needs to a new or empty folder, check it, and say what was found.

    With `login`, its visitors can sign in with Hugging Face.

    Raises:
        InvalidRequest: when there is something at `to` already.
        SpaceRefused: when a check fails; nothing is left behind.
        StorageFull: when it cannot be written.
    """
    to = to.absolute()
    if exists(to) and (not is_folder(to) or list_entries(to)):
        raise InvalidRequest(
            {"to": Sentence("There is something in {to}: remove it, or name a new folder with --to.", to=to)}
        )
    unfinished = name_unfinished(to.parent)
    try:
        _fill(unfinished, root, documents(root, host, preloads, login=login))
        report = check(unfinished, host)
        if exists(to):
            to.rmdir()
        unfinished.rename(to)
    except OSError as error:
        raise StorageFull(
            "The Space cannot be written to {to} ({why}): make room, or name another folder with --to.",
            to=to,
            why=cause(error),
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return report


def _fill(folder: Path, root: Path, written: Mapping[str, str]) -> None:
    for path in list_files(root):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target)
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
