"""Where a model's files are, and whether they are what they should be. Nothing here downloads."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .errors import InvalidRequest, ModelUnavailable
from .registry import MODELS, ModelSpec

MODELS_DIR = Path(__file__).parent.parent / "assets" / "models"
_COMPONENTS = {
    "latent": ("tokenizer", "text_encoder", "unet", "vae", "scheduler"),
    "text2im": ("tokenizer", "text_encoder", "unet", "upsampler_text_encoder", "upsampler"),
}


@dataclass(frozen=True)
class Availability:
    """Whether a model can be used now: where it was found, or why not and what to do about it."""

    available: bool
    reason: str = ""
    found: str = ""


@dataclass(frozen=True)
class ModelFiles:
    """The folders of one checkpoint; components that its family shares are in `shared`.

    `commit` is the revision of a hub's repository that the files are of, where that is known.
    """

    root: Path
    shared: Path | None = None
    commit: str = ""

    def component(self, name: str) -> Path:
        """The folder of a component: unet, vae, text_encoder, tokenizer or scheduler."""
        own = self.root / name
        return own if own.is_dir() or self.shared is None else self.shared / name


def converted_dir() -> Path:
    """Where converted checkpoints are kept: INSTAFLOW_DEMO_HOME, or a folder of the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("INSTAFLOW_DEMO_HOME") or cache / "instaflow_demo")


def given_folders(values: Iterable[str]) -> dict[str, Path]:
    """Folders by model id, from values like "sd-1.5=/models/sd15".

    Raises:
        InvalidRequest: with a sentence, for one that names no model or no folder.
    """
    folders = {}
    for value in values:
        name, _, folder = value.partition("=")
        if name not in MODELS or not folder:
            raise InvalidRequest(
                {"model_dir": f"“{value}” is not like ID=FOLDER, where ID is one of {', '.join(MODELS)}."}
            )
        if not Path(folder).is_dir():
            raise InvalidRequest({"model_dir": f"{folder}, given for {name}, is not a folder: name one that exists."})
        folders[name] = Path(folder)
    return folders


@dataclass
class Weights:
    """Finds models in the folders that the user gave for them, by id; else under `models_dir` (shipped), in the Hugging
    Face cache (published) and among the converted ones.
    """

    models_dir: Path = MODELS_DIR
    converted_dir: Path = field(default_factory=converted_dir)
    folders: Mapping[str, Path] = field(default_factory=dict)
    _verified: set[tuple[Path, int, int]] = field(default_factory=set, repr=False)

    def availability(self, spec: ModelSpec) -> Availability:
        """A quick look: files present and of the right size, without reading them."""
        try:
            files = self._find(spec)
        except ModelUnavailable as error:
            return Availability(False, str(error))
        return Availability(True, found=str(files.root))

    def locate(self, spec: ModelSpec) -> ModelFiles:
        """The model's files; those of shipped models are checked against their SHA-256 once.

        Raises:
            ModelUnavailable: when files are missing or damaged.
        """
        files = self._find(spec)
        if spec.shipped and spec.id not in self.folders:
            for name in self._listed(spec):
                self._verify(spec, name)
        return files

    def _find(self, spec: ModelSpec) -> ModelFiles:
        if spec.id in self.folders:
            return _given(spec, self.folders[spec.id])
        if spec.shipped:
            return self._shipped(spec)
        return self._converted(spec) if spec.kind == "text2im" else _cached(spec)

    def _converted(self, spec: ModelSpec) -> ModelFiles:
        files = ModelFiles(self.converted_dir / spec.id)
        if missing := _missing(files, spec):
            raise ModelUnavailable(
                f"{spec.title} is not on this machine ({missing[0]} is missing from {files.root}). It is a download of "
                f"about {spec.download_bytes / 1e9:.1f} GB under the licence {spec.licence}: run “python -m "
                "instaflow_demo download-glide”, then reload."
            )
        return files

    def _shipped(self, spec: ModelSpec) -> ModelFiles:
        listed = list(self._listed(spec))
        if not listed:
            raise ModelUnavailable(f"{spec.title} is not in {self.models_dir}: {_RESTORE}")
        for name in listed:
            path = self.models_dir / name
            if not path.is_file():
                raise ModelUnavailable(f"{spec.title} lacks its file {name}: {_RESTORE}")
            if path.stat().st_size != self._manifest[name].bytes:
                raise ModelUnavailable(f"{spec.title} has a damaged file, {name}: {_RESTORE}")
        self._refuse_unlisted(spec, set(listed))
        return ModelFiles(self.models_dir / spec.source, self.models_dir / spec.shared if spec.shared else None)

    def _refuse_unlisted(self, spec: ModelSpec, listed: set[str]) -> None:
        """A weight file that the manifest does not know could be anything: do not load beside it."""
        for folder in filter(None, (spec.source, spec.shared)):
            for path in (self.models_dir / folder).rglob("*.safetensors"):
                name = path.relative_to(self.models_dir).as_posix()
                if name not in listed:
                    raise ModelUnavailable(f"{spec.title} has a file of unknown origin, {name}: remove it.")

    def _listed(self, spec: ModelSpec) -> Iterator[str]:
        """The manifest's files of a model and of what it shares."""
        folders = tuple(f"{name}/" for name in (spec.source, spec.shared) if name)
        return (name for name in self._manifest if name.startswith(folders))

    def _verify(self, spec: ModelSpec, name: str) -> None:
        path = self.models_dir / name
        status = path.stat()
        state = (path, status.st_mtime_ns, status.st_size)
        if state in self._verified:
            return
        if hashlib.sha256(path.read_bytes()).hexdigest() != self._manifest[name].sha256:
            raise ModelUnavailable(f"{spec.title} has a damaged file, {name}: {_RESTORE}")
        self._verified.add(state)

    @cached_property
    def _manifest(self) -> dict[str, "_Listed"]:
        """What every shipped file must be; empty, so that nothing is available, when the list is missing or garbled."""
        try:
            listed = json.loads((self.models_dir / "MANIFEST.json").read_text(encoding="utf-8"))
            return {name: _Listed(**facts) for name, facts in listed.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


@dataclass(frozen=True)
class _Listed:
    """A shipped file as the manifest has it."""

    bytes: int
    sha256: str


_RESTORE = "restore assets/models from the repository, for example with “git checkout -- assets/models”."


def _missing(files: ModelFiles, spec: ModelSpec) -> list[str]:
    return [name for name in _COMPONENTS[spec.kind] if not files.component(name).is_dir()]


def _given(spec: ModelSpec, folder: Path) -> ModelFiles:
    files = ModelFiles(folder)
    if missing := _missing(files, spec):
        raise ModelUnavailable(
            f"{spec.title} is not in {folder}, which has no folder {missing[0]}: name a folder that has "
            f"{', '.join(_COMPONENTS[spec.kind])}."
        )
    return files


def _cached(spec: ModelSpec) -> ModelFiles:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    try:
        folder = snapshot_download(
            spec.source,
            revision=spec.revision,
            allow_patterns=[*(f"{name}/*" for name in _COMPONENTS[spec.kind]), "model_index.json"],
            local_files_only=True,
        )
    except LocalEntryNotFoundError as error:
        raise ModelUnavailable(
            f"{spec.title} is not on this machine. It is a download of about {spec.download_bytes / 1e9:.1f} GB under "
            f"the licence {spec.licence}: run “hf download {spec.source}”, then reload."
        ) from error
    files = ModelFiles(Path(folder), commit=Path(folder).name)  # the cache has a folder for each commit
    if missing := _missing(files, spec):
        raise ModelUnavailable(
            f"{spec.title} is only partly in the cache ({missing[0]} is missing): run “hf download "
            f"{spec.source}” again."
        )
    return files
