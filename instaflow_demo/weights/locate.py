"""Where a model's files are, and whether they are what they should be. Nothing here downloads."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ..errors import InvalidRequest, ModelUnavailable, Sentence
from ..machine import caches
from ..machine.paths import exists, is_file, is_folder, list_entries, parse_path, strip_quotes
from ..registry import LOADABLE, MODELS, ModelSpec
from .folders import find_checkpoint
from .hub_cache import find_snapshot
from .manifest import Listed, read_manifest

SAFETY_CHECKER = "CompVis/stable-diffusion-safety-checker"  # for checkpoints that come without one
TINY_DECODER = "madebyollin/taesd"  # for latents of Stable Diffusion 1
MODELS_DIR = Path(__file__).parents[2] / "assets" / "models"
FOLDERS = "INSTAFLOW_DEMO_MODEL_DIRS"  # the environment variable
_AS_PUBLISHED = ("base.pt", "upsample.pt")  # GLIDE's files, which are converted
# other files beside these are of other libraries, or without the moving average
_WEIGHTS = re.compile(
    r"(?:diffusion_pytorch_model|pytorch_model|model)(\.fp16)?(?:-\d+-of-\d+)?(\.fp16)?\.(safetensors|bin)"
)
_REPOSITORY = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")  # what a hub's may be called
Variant = tuple[str, bool]
"""How a network's weights are stored: "safetensors" or "bin", and whether in half precision."""


@dataclass(frozen=True)
class Availability:
    """Whether a model can be used now: where it was found, or why not and what to do about it."""

    available: bool
    reason: str = ""
    found: str = ""


@dataclass(frozen=True)
class ModelFiles:
    """The folders of one checkpoint; components that its family shares are in `shared`.

    `commit` is the revision of a hub's repository that the files are of, where that is known. `tiny_decoder` is the
    folder of a small autoencoder that reads the same latents, where there is one.
    """

    root: Path
    shared: Path | None = None
    commit: str = ""
    tiny_decoder: Path | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders that its files are in."""
        return tuple(folder for folder in (self.root, self.shared, self.tiny_decoder) if folder)

    def component(self, name: str) -> Path:
        """The folder of a component: unet, vae, text_encoder, tokenizer or scheduler."""
        own = self.root / name
        return own if is_folder(own) or self.shared is None else self.shared / name


def parse_folders(values: Iterable[str] | None = None) -> dict[str, Path]:
    """Folders by model id, from values like "sd-1.5=/models/sd15"; by default INSTAFLOW_DEMO_MODEL_DIRS holds them.

    Raises:
        InvalidRequest: with a sentence, for one that names no model, or no folder that could be a model's.
    """
    folders = {}
    for value in values or _split(os.environ.get(FOLDERS, "")):
        name, _, folder = map(strip_quotes, strip_quotes(value).partition("="))
        if name not in LOADABLE or not folder:
            raise InvalidRequest(
                {
                    "model_dir": Sentence(
                        "“{value}” is not like ID=FOLDER, where ID is one of {ids}.",
                        value=value,
                        ids=", ".join(LOADABLE),
                    )
                }
            )
        try:
            folders[name] = _meant(LOADABLE[name], parse_path(folder))
        except ModelUnavailable as error:
            raise InvalidRequest({"model_dir": Sentence("{name}: {why}", name=name, why=error.sentence)}) from error
    return folders


def _split(text: str) -> list[str]:
    """The values of a variable like "sd-1.5=/my models/sd15 2rf=/2rf": each begins with a model's id, as paths do not.

    >>> _split("sd-1.5=/my models/sd15; 2rf='/2rf'")
    ['sd-1.5=/my models/sd15', "2rf='/2rf'"]
    """
    ids = "|".join(map(re.escape, LOADABLE))
    begins = re.split(rf"""(?:^|[\s,;:]+)(?=["'“‘]?(?:{ids})\s*=)""", text)
    return [value.strip(" \t\r\n,;:") for value in begins if value.strip(" \t\r\n,;:")]


def _meant(spec: ModelSpec, path: Path) -> Path:
    """The folder that is meant where `path` is named for a model.

    Raises:
        ModelUnavailable: with a sentence, where none is.
    """
    if spec.traits.converted and path.name in _AS_PUBLISHED:
        path = path.parent
    if spec.traits.converted and exists(path / _AS_PUBLISHED[0]):
        return path
    return find_checkpoint(path, spec.traits.components, spec.traits.pipeline, "" if spec.shipped else spec.source)


def unreadable(spec: ModelSpec, files: ModelFiles, why: str) -> ModelUnavailable:
    """The error for files that are there and cannot be read."""
    return ModelUnavailable(
        "{title} could not be read from {folder} ({why}): restore it.", title=spec.title, folder=files.root, why=why
    )


def variant_of(names: Iterable[str], *, half_first: bool) -> Variant | None:
    """The one to read among a folder's files: safetensors before .bin, then the precision that is wanted."""
    found = {variant for variant in map(_variant, names) if variant}
    order = [(ending, half) for ending in ("safetensors", "bin") for half in (half_first, not half_first)]
    return next((variant for variant in order if variant in found), None)


def weight_files(names: Iterable[str], variant: Variant | None) -> set[str]:
    """The files of a variant: one, or its shards."""
    return {name for name in names if variant and _variant(name) == variant}


def _variant(name: str) -> Variant | None:
    match = _WEIGHTS.fullmatch(name)
    return (match[3], bool(match[1] or match[2])) if match else None


@dataclass
class Weights:
    """Finds models in the folders that the user gave for them, by id; else under `models_dir` (shipped), in the Hugging
    Face cache (published) and among the converted ones.
    """

    models_dir: Path = MODELS_DIR
    converted_dir: Path = field(default_factory=caches.converted_dir)
    folders: Mapping[str, Path] = field(default_factory=dict)
    _verified: set[tuple[Path, int, int]] = field(default_factory=set, repr=False)

    def availability(self, spec: ModelSpec) -> Availability:
        """A quick look: files present and of the right size, without reading them."""
        try:
            files = self._find(spec)
        except ModelUnavailable as error:
            return Availability(False, error.sentence)
        return Availability(True, found=str(files.root))

    def bytes_of(self, spec: ModelSpec) -> int:
        """How large a model is: its shipped files, with those that its family shares, or its download."""
        return sum(self._manifest[name].bytes for name in self._listed(spec)) if spec.shipped else spec.download_bytes

    def use_folder(self, model: str, folder: str) -> None:
        """Look for a model in this folder from now on.

        Raises:
            ModelUnavailable: when there is no such folder, or it does not hold the model.
        """
        given = _meant(LOADABLE[model], parse_path(folder))
        _find_given(LOADABLE[model], given)
        self.folders = {**self.folders, model: given}

    def locate(self, spec: ModelSpec) -> ModelFiles:
        """The model's files; those of shipped models are checked against their SHA-256 once.

        Raises:
            ModelUnavailable: when files are missing or damaged.
        """
        files = self._find(spec)
        if spec.shipped and spec.id not in self.folders:
            for name in self._listed(spec):
                self._verify(spec, name)
        return replace(files, tiny_decoder=self._tiny_decoder(spec, files)) if spec.traits.chooses_decoder else files

    def locate_delta(self, spec: ModelSpec, fine_tune: str) -> tuple[ModelFiles, ModelFiles]:
        """The base that a model was made from, and a fine-tune of it: a folder, a repository or a model's id.

        Raises:
            ModelUnavailable: when one of them is not here.
        """
        base = MODELS[spec.delta_base or ""]
        if fine_tune in MODELS:
            return self.locate(base), self.locate(MODELS[fine_tune])
        path = parse_path(fine_tune)
        is_path = exists(path) or not _REPOSITORY.fullmatch(fine_tune)
        folder = _meant(base, path) if is_path else find_snapshot(fine_tune, ["model_index.json"])
        if folder is None:
            raise ModelUnavailable(
                "{source} is no model's id, no folder, and no repository in the cache: name a folder, or run “hf "
                "download {source}”.",
                source=fine_tune,
            )
        return self.locate(base), _find_given(replace(base, title=fine_tune), folder)

    def locate_safety_checker(self, spec: ModelSpec, files: ModelFiles) -> Path | None:
        """The folder of the safety checker for a model that is not ours: its own, else the one in the hub's cache.

        None where there is neither.

        Raises:
            ModelUnavailable: when there is one, but not whole: a part that is missing is no leave to do without it.
        """
        if self.are_ours(spec):
            return None
        own = files.root / "safety_checker"
        here = [
            folder
            for folder in (own, find_snapshot(SAFETY_CHECKER, ["config.json"]))
            if folder and os.path.lexists(folder)
        ]
        whole = next((folder for folder in here if is_file(folder / "config.json") and _complete(folder)), None)
        if here and whole is None:
            raise ModelUnavailable(
                "{title} is not used without its safety checker, and the one in {folder} lacks config.json or its "
                "weights: run “hf download {source}”, or restore its files.",
                title=spec.title,
                folder=here[0],
                source=SAFETY_CHECKER,
            )
        return whole

    def are_ours(self, spec: ModelSpec) -> bool:
        """Whether a model's weights are the shipped ones, which can draw nothing to be afraid of."""
        return spec.shipped and spec.id not in self.folders

    def _tiny_decoder(self, spec: ModelSpec, files: ModelFiles) -> Path | None:
        """The folder of a tiny decoder for a latent model: its own, else Stable Diffusion's in the hub's cache."""
        own = files.component("tiny_vae")
        folder = own if is_folder(own) or spec.shipped else find_snapshot(TINY_DECODER, ["config.json"])
        return folder if folder and is_file(folder / "config.json") and _complete(folder) else None

    def _find(self, spec: ModelSpec) -> ModelFiles:
        if spec.id in self.folders:
            return _find_given(spec, self.folders[spec.id])
        if spec.shipped:
            return self._find_shipped(spec)
        return self._find_converted(spec) if spec.traits.converted else _find_cached(spec)

    def _find_converted(self, spec: ModelSpec) -> ModelFiles:
        spare, files = caches.spare_dir(), ModelFiles(self.converted_dir / spec.id)
        if spare and _missing(files, spec) and not _missing(ModelFiles(spare / spec.id), spec):
            return ModelFiles(spare / spec.id)
        if missing := _missing(files, spec):
            raise ModelUnavailable(
                "{title} is not on this machine ({part} is missing from {folder}). It is a download of about "
                "{size:.1f} GB under the licence {licence}: add --download to the command “python -m instaflow_demo "
                "generate”.",
                title=spec.title,
                part=missing[0],
                folder=files.root,
                size=spec.download_bytes / 1e9,
                licence=spec.licence,
            )
        return files

    def _find_shipped(self, spec: ModelSpec) -> ModelFiles:
        listed = list(self._listed(spec))
        if not listed:
            raise ModelUnavailable(
                "{title} is not in {folder}: restore assets/models from the repository, for example with “git "
                "checkout -- assets/models”.",
                title=spec.title,
                folder=self.models_dir,
            )
        for name in listed:
            path = self.models_dir / name
            if not path.is_file():
                raise ModelUnavailable(
                    "{title} lacks its file {name}: restore assets/models from the repository, for example with “git "
                    "checkout -- assets/models”.",
                    title=spec.title,
                    name=name,
                )
            if path.stat().st_size != self._manifest[name].bytes:
                raise ModelUnavailable(
                    "{title} has a damaged file, {name}: restore assets/models from the repository, for example with "
                    "“git checkout -- assets/models”.",
                    title=spec.title,
                    name=name,
                )
        self._refuse_unlisted(spec, set(listed))
        return ModelFiles(self.models_dir / spec.source, self.models_dir / spec.shared if spec.shared else None)

    def _refuse_unlisted(self, spec: ModelSpec, listed: set[str]) -> None:
        """A weight file that the manifest does not know could be anything: do not load beside it."""
        for folder in filter(None, (spec.source, spec.shared)):
            for path in (self.models_dir / folder).rglob("*.safetensors"):
                name = path.relative_to(self.models_dir).as_posix()
                if name not in listed:
                    raise ModelUnavailable(
                        "{title} has a file of unknown origin, {name}: remove it.", title=spec.title, name=name
                    )

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
            raise ModelUnavailable(
                "{title} has a damaged file, {name}: restore assets/models from the repository, for example with “git "
                "checkout -- assets/models”.",
                title=spec.title,
                name=name,
            )
        self._verified.add(state)

    @cached_property
    def _manifest(self) -> Mapping[str, Listed]:
        return read_manifest(self.models_dir)


def _missing(files: ModelFiles, spec: ModelSpec) -> list[str]:
    return [name for name in spec.traits.components if not _complete(files.component(name))]


def _complete(folder: Path) -> bool:
    """Whether a component is there: settings or a vocabulary alone, or a network with its weights."""
    if not is_folder(folder):
        return False
    names = {path.name for path in list_entries(folder)}
    return "config.json" not in names or variant_of(names, half_first=False) is not None


def _find_given(spec: ModelSpec, folder: Path) -> ModelFiles:
    files = ModelFiles(folder, commit=folder.name if folder.parent.name == "snapshots" else "")
    if missing := _missing(files, spec):
        if spec.traits.converted and exists(folder / _AS_PUBLISHED[0]):
            both = " ".join(str(folder / name) for name in _AS_PUBLISHED)
            raise ModelUnavailable(
                "{folder} holds {title} as OpenAI published it, which is converted once: run “python -m "
                "instaflow_demo convert-glide {both}”, after which no folder need be named.",
                folder=folder,
                title=spec.title,
                both=both,
            )
        raise ModelUnavailable(
            "{title} is not in {folder}, which lacks {part} or its weights: name a folder that has {parts}.",
            title=spec.title,
            folder=folder,
            part=missing[0],
            parts=", ".join(spec.traits.components),
        )
    return files


def _find_cached(spec: ModelSpec) -> ModelFiles:
    # asked for more, the client would miss what the engine does not need; what it does need is checked below
    folder = find_snapshot(spec.source, ["model_index.json"], spec.revision)
    if folder is None:
        raise ModelUnavailable(
            "{title} is not on this machine. It is a download of about {size:.1f} GB under the licence {licence}: add "
            "--download to the command, or run “hf download {source}”.",
            title=spec.title,
            size=spec.download_bytes / 1e9,
            licence=spec.licence,
            source=spec.source,
        )
    files = ModelFiles(folder, commit=folder.name)  # the cache has a folder for each commit
    if missing := _missing(files, spec):
        raise ModelUnavailable(
            "{title} is only partly in the cache ({part} is missing): run “hf download {source}” again.",
            title=spec.title,
            part=missing[0],
            source=spec.source,
        )
    return files
