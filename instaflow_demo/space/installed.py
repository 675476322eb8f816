"""What pip would install for a list of requirements, as far as the libraries that are here can tell."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from .hosts import PYTHON

_SPACE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{PYTHON}.12",
    "python_version": PYTHON,
    "sys_platform": "linux",
}


@dataclass(frozen=True)
class Installed:
    """The requirements themselves by name, the `names` of all that these bring, and what can be imported from each."""

    asked: Mapping[str, Requirement]
    names: frozenset[str]
    imported_from: Mapping[str, list[str]]

    @classmethod
    def by(cls, lines: Iterable[str]) -> "Installed":
        """What these requirements bring to a Space, each with all that it requires in turn."""
        asked = [each for each in map(Requirement, lines) if _wanted(each, "")]
        names: set[str] = set()
        ahead = [(each, extra) for each in asked for extra in ("", *each.extras)]
        seen = set()
        while ahead:
            required, extra = ahead.pop()
            name = str(canonicalize_name(required.name))
            names.add(name)
            if (name, extra) not in seen:
                seen.add((name, extra))
                ahead += [(each, one) for each in _requires(name, extra) for one in ("", *each.extras)]
        by_name = {str(canonicalize_name(each.name)): each for each in asked}
        return cls(by_name, frozenset(names), metadata.packages_distributions())

    def allows(self, name: str, version: str) -> bool:
        """Whether this release of a library is among those asked for."""
        return name in self.asked and self.asked[name].specifier.contains(version, prereleases=True)

    def brings(self, library: str) -> bool:
        """Whether a module of this name can be imported."""
        found = self.imported_from.get(library, [library])
        return not self.names.isdisjoint(str(canonicalize_name(name)) for name in found)

    def too_new_or_old(self) -> list[str]:
        """The libraries whose release that is installed here refuses the Space's Python."""
        return sorted(name for name in self.names if not _runs_there(name))


def _requires(name: str, extra: str) -> Iterator[Requirement]:
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # of another system than this one: nobody here can tell
        return
    yield from (each for each in map(Requirement, lines) if _wanted(each, extra))


def _wanted(required: Requirement, extra: str) -> bool:
    environment = {**default_environment(), **_SPACE, "extra": extra}
    return required.marker is None or required.marker.evaluate(environment)


def _runs_there(name: str) -> bool:
    try:
        needed = metadata.metadata(name).json.get("requires_python", "")
    except metadata.PackageNotFoundError:
        return True
    return SpecifierSet(str(needed)).contains(_SPACE["python_full_version"])
