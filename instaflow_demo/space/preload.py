"""Which published files a Space fetches while it is built, so that they are there when it starts."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..errors import InvalidRequest, Sentence
from ..registry import MODELS, ModelSpec
from ..weights.hub import RemoteFile, choose_files, list_files
from ..weights.locate import SAFETY_CHECKER, TINY_DECODER, variant_of, weight_files
from .hosts import Host

_CHECKER = "safety_checker"  # the folder of a checkpoint that has one of its own


def list_preloads(models: Iterable[str], host: Host) -> list[str]:
    """Entries of `preload_from_hub` for published models: their files in half precision, as the engine would choose.

    The safety checker comes too, as others can reach a Space, and the tiny decoder for previews. The hub is asked which
    files there are.

    Raises:
        InvalidRequest: for a host or a model that cannot have its files fetched beforehand.
        DownloadFailed: when the hub does not tell.
    """
    specs = [_parse(model, host) for model in models]
    if not specs:
        return []
    entries = [_of_model(spec) for spec in specs]
    return [*entries, *(_of_parts(replace(specs[0], source=source)) for source in (SAFETY_CHECKER, TINY_DECODER))]


def _parse(model: str, host: Host) -> ModelSpec:
    able = [spec.id for spec in MODELS.values() if not (spec.shipped or spec.traits.converted)]
    if not host.preloads:
        raise InvalidRequest(
            {
                "preload": Sentence(
                    "--preload is for Spaces that Hugging Face builds without a Dockerfile: leave it out, and mount a "
                    "folder with the checkpoints as /home/user/.cache/huggingface."
                )
            }
        )
    if model not in able:
        raise InvalidRequest(
            {
                "preload": Sentence(
                    "“{model}” is not a model that can be preloaded: choose from {ids}.",
                    model=model,
                    ids=", ".join(able),
                )
            }
        )
    return MODELS[model]


def _of_model(spec: ModelSpec) -> str:
    _, files = list_files(spec)
    return _entry(spec, choose_files(files, (*spec.traits.components, _CHECKER), half=True))


def _of_parts(spec: ModelSpec) -> str:
    """Of a repository that holds one network alone."""
    _, files = list_files(spec)
    return _entry(spec, _top(files))


def _top(files: Iterable[RemoteFile]) -> Iterator[RemoteFile]:
    names = {file.name: file for file in files if "/" not in file.name}
    weights = weight_files(names, variant_of(names, half_first=True))
    yield from (file for name, file in names.items() if name in weights or name.endswith(".json"))


def _entry(spec: ModelSpec, files: Iterable[RemoteFile]) -> str:
    """One line: the repository, and its files with commas between them.

    The commit is left out: with one, the cache would not know that it is the branch's, by which models are looked up.
    """
    return f"{spec.source} {','.join(file.name for file in files)}"
