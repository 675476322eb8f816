"""What would keep a Space from building or starting, found before anything is uploaded."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import ModelUnavailable, Sentence, SpaceRefused
from ..registry import MODELS
from ..weights.locate import Weights
from .contents import ENTRY, LICENCE, imported_libraries
from .hosts import HOSTS, PYTHON, Host
from .installed import Installed

MOST_MB = 10  # of a file; larger ones need Git LFS
MOST_MB_IN_ALL = 1000
_MB = 1_000_000
_GONE = {"asynchat", "asyncore", "distutils", "imp", "smtpd"}  # from Python's own library, in 3.12
_OPTIONAL = {"mcp"}  # what one option needs, which says how to install it
_COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
_SHORT = 60  # characters of a short description


@dataclass(frozen=True)
class Report:
    """A folder in which no fault was found, though there may be a note. Sizes are in bytes."""

    files: int
    size: int
    largest: int
    models: int
    libraries: int
    note: Sentence


def check(folder: Path, host: Host) -> Report:
    """Look for everything that is known to go wrong.

    Raises:
        SpaceRefused: with a sentence for each fault.
    """
    checked = _Checked(folder, host)
    faults = [fault for look in _CHECKS for fault in look(checked)]
    if faults:
        raise SpaceRefused(Sentence.join(faults))
    sizes = checked.sizes.values()
    return Report(
        files=len(sizes),
        size=sum(sizes),
        largest=max(sizes),
        models=sum(spec.shipped for spec in MODELS.values()),
        libraries=len(checked.installed.names),
        note=_note(checked),
    )


@dataclass(frozen=True)
class _Checked:
    """A folder for a host, and what several checks need of it."""

    folder: Path
    host: Host

    @cached_property
    def sizes(self) -> dict[Path, int]:
        files = (path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {path.relative_to(self.folder): path.stat().st_size for path in files}

    @cached_property
    def code(self) -> list[Path]:
        return sorted(path for path in self.sizes if path.suffix == ".py")

    @cached_property
    def front(self) -> dict[str, Any]:
        from huggingface_hub import metadata_load  # noqa: PLC0415 - slow to import

        return dict(metadata_load(self.folder / "README.md") or {})

    @cached_property
    def installed(self) -> Installed:
        """What pip installs for the folder."""
        lines = (self.folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
        return Installed.by([line for line in lines if line and not line.startswith(("-", "#"))])


def _sizes(checked: _Checked) -> Iterator[Sentence]:
    for path, size in checked.sizes.items():
        if size > MOST_MB * _MB:
            yield Sentence(
                "{path} has {size:.1f} MB, and a Space takes {most} MB a file without Git LFS: store it in parts.",
                path=path,
                size=size / _MB,
                most=MOST_MB,
            )
    if (total := sum(checked.sizes.values())) > MOST_MB_IN_ALL * _MB:
        yield Sentence(
            "The folder has {size:.0f} MB, and a Space should have {most} MB at most: ship fewer models.",
            size=total / _MB,
            most=MOST_MB_IN_ALL,
        )


def _front_matter(checked: _Checked) -> Iterator[Sentence]:
    front, gradio = checked.front, checked.host.sdk == "gradio"
    right: dict[str, Callable[[Any], bool]] = {
        "title": bool,
        "sdk": lambda value: value == checked.host.sdk,
        "colorFrom": lambda value: value in _COLOURS,
        "colorTo": lambda value: value in _COLOURS,
        "license": bool,
        "short_description": lambda value: 0 < len(value or "") <= _SHORT,
    }
    if gradio:
        right |= {
            "python_version": lambda value: str(value) == PYTHON,
            "app_file": lambda value: value == ENTRY,
            "sdk_version": lambda value: value and checked.installed.allows("gradio", value),
        }
    for field, is_right in right.items():
        if not is_right(front.get(field)):
            yield Sentence(
                "A Space cannot have “{field}: {value}” in its front matter: correct it in the project's README.md.",
                field=field,
                value=front.get(field),
            )


def _torch(checked: _Checked) -> Iterator[Sentence]:
    for version in checked.host.torch:
        if not checked.installed.allows("torch", version):
            yield Sentence(
                "requirements.txt rules out torch {version}, which the Space offers: widen its range.", version=version
            )


def _libraries(checked: _Checked) -> Iterator[Sentence]:
    """Every import is Python's, the folder's own, or of what the requirements bring, for the Space's Python."""
    own = {path.parts[0].removesuffix(".py") for path in checked.sizes}
    known = (sys.stdlib_module_names - _GONE) | own | _OPTIONAL | set(checked.host.brings) | _of_others(checked.host)
    for path in checked.code:
        for library in sorted(imported_libraries(checked.folder / path) - known):
            if not checked.installed.brings(library):
                yield Sentence(
                    "{path} imports {library}, which requirements.txt does not bring: add it there.",
                    path=path,
                    library=library,
                )
    for library in checked.installed.too_new_or_old():
        yield Sentence(
            "{library} does not run on Python {version}, which the Space has: require another release of it.",
            library=library,
            version=PYTHON,
        )


def _of_others(host: Host) -> set[str]:
    """What the code imports on other hosts alone."""
    return {other.asks_for for other in HOSTS.values()} - {host.asks_for}


def _models(checked: _Checked) -> Iterator[Sentence]:
    weights = Weights(models_dir=checked.folder / "assets" / "models")
    for spec in MODELS.values():
        try:
            if spec.shipped:
                weights.locate(spec)
        except ModelUnavailable as error:
            yield error.sentence


def _notices(checked: _Checked) -> Iterator[Sentence]:
    """The licence of the code, and a card for each model's weights, which says where they come from."""
    cards = [Path("assets", "models", spec.source, "README.md") for spec in MODELS.values() if spec.shipped]
    for path in (Path(LICENCE), *cards):
        if path not in checked.sizes:
            yield Sentence(
                "The Space would lack {path}, which says under which terms it is: restore it from the repository.",
                path=path,
            )


def _note(checked: _Checked) -> Sentence:
    wanted = checked.host.asks_for
    if not wanted or any(wanted in imported_libraries(checked.folder / path) for path in checked.code):
        return Sentence("")
    return Sentence(
        "Nothing here imports {library}, and ZeroGPU starts no Space without a function for it: choose “cpu” or "
        "“docker” with --for.",
        library=wanted,
    )


_CHECKS = (_sizes, _front_matter, _torch, _libraries, _models, _notices)
