"""Which folder somebody means who names one for a checkpoint, or names the one above, one inside, or a file.

What is understood is taken; of the rest a sentence says what it is and what to do.
"""

from collections.abc import Sequence
from pathlib import Path

from ..errors import ModelUnavailable, Sentence
from ..machine.paths import absence, is_file, is_folder, is_lfs_pointer, list_entries

_WEIGHTS = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx")
_PIPELINE = "StableDiffusionPipeline"
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".xz", ".7z", ".rar")
_DESCRIBES = ("model_index.json", "config.json")  # files that people pick in place of their folder
_SHOWN = 3  # names in a sentence


def find_checkpoint(path: Path, parts: Sequence[str], pipeline: str = _PIPELINE, source: str = "") -> Path:
    """The folder of a checkpoint with these parts that is meant by `path`; what is in it is not judged here.

    `source` is the repository that a hub's cache is searched for; `pipeline` is what reads single files in diffusers.

    Raises:
        ModelUnavailable: with a sentence, where no folder is meant, or more than one could be.
    """
    if missing := absence(path):
        raise ModelUnavailable("{path} cannot be found ({why}): name a folder that exists.", path=path, why=missing)
    if not is_folder(path):
        return _of_file(path, parts, pipeline)
    if _has_any(path, parts):
        return path
    if found := _find_cached(path, source) or _above(path, parts):
        return found
    inside = [each for each in list_entries(path) if _has_any(each, parts) or is_folder(each / "snapshots")]
    if len(inside) > 1:
        raise ModelUnavailable(
            "{path} holds several checkpoints ({names}): name the folder of one.", path=path, names=_listed(inside)
        )
    if inside:
        return find_checkpoint(inside[0], parts, pipeline, source)
    _refuse_loose(path, pipeline)
    return path


def _has_any(folder: Path, parts: Sequence[str]) -> bool:
    return any(is_folder(folder / part) for part in parts)


def _above(folder: Path, parts: Sequence[str]) -> Path | None:
    """The checkpoint that a folder is a part of, if it is one."""
    folder = folder.absolute()  # “.” has no name
    others = [part for part in parts if part != folder.name]
    return folder.parent if len(others) < len(parts) and _has_any(folder.parent, others) else None


def _find_cached(folder: Path, source: str) -> Path | None:
    """A repository's files in a hub's cache: `folder` is the repository's own there, or the cache, or HF_HOME."""
    name = f"models--{source.replace('/', '--')}"
    places = [folder, folder.absolute().parent, *([folder / name, folder / "hub" / name] if source else [])]
    return next((_revision(place) for place in places if is_folder(place / "snapshots")), None)


def _revision(repository: Path) -> Path:
    """The snapshot that `main` stands for, or the only one there is."""
    snapshots, main = list_entries(repository / "snapshots"), repository / "refs" / "main"
    commit = main.read_text(encoding="utf-8", errors="replace").strip() if is_file(main) else ""
    named = [each for each in snapshots if each.name == commit] or snapshots
    if len(named) == 1:
        return named[0]
    if not named:
        raise ModelUnavailable(
            "{path} is of a hub's cache and holds no files: download the model again.", path=repository
        )
    raise ModelUnavailable(
        "{path} is of a hub's cache and holds several revisions ({names}): name a folder in its “snapshots”.",
        path=repository,
        names=_listed(named),
    )


def _of_file(path: Path, parts: Sequence[str], pipeline: str) -> Path:
    """The folder of a checkpoint that a file is of.

    Raises:
        ModelUnavailable: where it is of none.
    """
    if is_lfs_pointer(path):
        raise ModelUnavailable(_pointer(path))
    if found := _above(path.parent, parts):
        return found
    if path.name in _DESCRIBES and _has_any(path.parent, parts):
        return path.parent
    if path.suffix.lower() in _ARCHIVES:
        raise ModelUnavailable("{path} is an archive: unpack it, and name the folder that comes out.", path=path)
    if path.suffix.lower() in _WEIGHTS:
        raise _single_file(path, pipeline)
    raise ModelUnavailable("{path} is a file: name the folder that has {parts}.", path=path, parts=", ".join(parts))


def _pointer(path: Path) -> Sentence:
    return Sentence(
        "{path} is a pointer of Git LFS and not the file itself: run “git lfs pull” in its repository, or download "
        "the file.",
        path=path,
    )


def _single_file(path: Path, pipeline: str) -> ModelUnavailable:
    target = path.with_name(path.stem)
    return ModelUnavailable(
        "{path} is a single file, and models are read from folders in diffusers' layout: convert it with “python -c "
        "\"from diffusers import {pipeline} as P; P.from_single_file('{path}').save_pretrained('{target}')\"” and "
        "name {target}. If it is a LoRA file, give it with --lora instead.",
        path=path,
        pipeline=pipeline,
        target=target,
    )


def _refuse_loose(folder: Path, pipeline: str) -> None:
    """Raises ModelUnavailable for a folder of files in other layouts, as other programs keep their models in."""
    files = [each for each in list_entries(folder) if is_file(each) and each.suffix.lower() in _WEIGHTS]
    if not files:
        return
    if is_file(folder / "config.json"):
        raise ModelUnavailable(
            "{folder} holds one network and not a whole model: name the folder that it is a part of.", folder=folder
        )
    raise _single_file(files[0], pipeline)


def _listed(paths: Sequence[Path]) -> str:
    """Some of their names."""
    return ", ".join(path.name for path in paths[:_SHOWN]) + (", …" if len(paths) > _SHOWN else "")
