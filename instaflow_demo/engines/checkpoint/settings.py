"""The one reader of networks: a folder's config.json and its tensors are judged by each other, then read.

A network is first built on PyTorch's meta device, where weights take neither time nor memory, and no further than there
are tensors in the files. Every tensor must then be there, of the shape that is asked for, and none beside them.
"""

# diffusers describes its classes loosely
# pyright: reportOptionalMemberAccess=false, reportPrivateImportUsage=false

import inspect
import json
import math
import re
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ...errors import CheckpointError
from ...weights.eight_bits import as_floats
from ...weights.files import json_object, require_regular_file
from ...weights.locate import variant_of, weight_files
from ...weights.tensors import Stored, refuse_not_finite, shape_text, tensors_of

Settings = dict[str, Any]
"""What config.json says of a network, with the defaults of its class."""

_LARGEST = 10**6  # no width, count or size of an image is larger
_CALLS = 64  # of PyTorch for each tensor of a network that is built: there are about ten
_SIGNED = {"shift_factor", "latent_shift", "latents_mean"}
_POSITIVE = {"scaling_factor", "mid_block_scale_factor", "resnet_out_scale_factor", "hidden_size"}
_POSITIVE |= {"num_attention_heads", "attention_head_dim", "heads", "patch_size", "image_size", "block_out_channels"}
# what is read of a config.json without regard to a class's defaults
_NEEDED = {UNet2DConditionModel: ("in_channels", "block_out_channels"), AutoencoderKL: ("block_out_channels",)}
# how older files spell a tensor: the first that leads to one that is asked for
_RENAMES = (
    (re.compile(r"^text_model\."), ""),
    (re.compile(r"^vision_model\.vision_model\."), "vision_model."),
    (re.compile(r"(mid_block\.attentions\.\d+)\.query\."), r"\1.to_q."),
    (re.compile(r"(mid_block\.attentions\.\d+)\.key\."), r"\1.to_k."),
    (re.compile(r"(mid_block\.attentions\.\d+)\.value\."), r"\1.to_v."),
    (re.compile(r"(mid_block\.attentions\.\d+)\.proj_attn\."), r"\1.to_out.0."),
)
_POSITIONS = "position_ids"  # 0, 1, 2...: older files hold them, which says nothing


def read(kind: Any, folder: Path, dtype: torch.dtype, *, half_first: bool) -> Any:
    """The network of class `kind` that is stored in `folder`, ready for inference, its weights in memory of their own.

    Safetensors come before .bin files, and half precision where it is wanted, if there is a choice.

    Raises:
        CheckpointError: with a sentence, when config.json and the tensors do not agree to the last one.
    """
    network, found = validate_network(kind, folder, half_first=half_first)
    state = {name: _copy(stored.read(), dtype) for name, stored in found.items()}
    network.load_state_dict(state, strict=True, assign=True)
    for module in network.modules():
        if (positions := module._buffers.get(_POSITIONS)) is not None:
            module.register_buffer(_POSITIONS, torch.arange(positions.shape[-1]).expand((1, -1)), persistent=False)
    return network.eval()


def validate_network(kind: Any, folder: Path, *, half_first: bool) -> tuple[Any, Mapping[str, Stored]]:
    """A network on the meta device, and where each of its tensors is.

    Raises:
        CheckpointError: as `read`.
    """
    said = read_settings(kind, folder)
    found = _find(folder, half_first=half_first)
    network = _built(kind, folder, said, len(found))
    wanted = network.state_dict()
    matched = _match(folder, wanted, found)
    _refuse_misshapen(folder, wanted, matched)
    refuse_not_finite(matched)
    return network, matched


def read_settings(kind: Any, folder: Path) -> Settings:
    """What config.json says of a network of class `kind`, with its class's defaults; every value is one that can be.

    Raises:
        CheckpointError: when it is missing, garbled, of another class, or has a value that cannot be.
    """
    path = folder / "config.json"
    # diffusers would take its own values for those that this names
    said = {name: value for name, value in json_object(path).items() if name != "_use_default_values"}
    if said.get("quantization_config"):
        raise CheckpointError(
            "{path} is of a quantised network, which cannot be read here: use its plain weights.", path=path
        )
    if issubclass(kind, transformers.PreTrainedModel):
        return _transformers_settings(kind, path, said)
    _refuse_class(path, str(said.get("_class_name") or kind.__name__).removeprefix("Flax"), kind.__name__)
    for name in _NEEDED.get(kind, ()):
        if name not in said:
            raise CheckpointError("{path} lacks “{name}”: restore it, or download it again.", path=path, name=name)
    known = {
        name: parameter for name, parameter in inspect.signature(kind.__init__).parameters.items() if name != "self"
    }
    for name, parameter in known.items():
        if name in said:
            refuse_value(path, name, said[name], parameter.annotation, parameter.default)
    return {name: said.get(name, parameter.default) for name, parameter in known.items()} | said


def refuse_value(path: Path, name: str, value: Any, hint: Any, default: Any = None) -> None:
    """Judge a value of a config.json by the type that its class wants, and by its size.

    Raises:
        CheckpointError: when it cannot be.
    """
    fits = _fits(value, hint) or (value is None and default is False)  # converters wrote null for false
    if not fits or not all(_sane(name, number) for number in _numbers(value)):
        raise CheckpointError(
            "In {path}, “{name}” is {value}, which cannot be: restore it, or download it again.",
            path=path,
            name=name,
            value=json.dumps(value)[:40],
        )


def reason(error: BaseException) -> str:
    """An error of a library in a few words, for a sentence's brackets."""
    (first, *_) = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {first[:120].rstrip('.')}" if first else type(error).__name__


def hush() -> None:
    """Keep bars and advice of diffusers and transformers away: the run has a bar, and what is wrong is raised."""
    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()


def _transformers_settings(kind: Any, path: Path, said: dict[str, Any]) -> Settings:
    wanted = kind.config_class
    if said.get("model_type") == "clip" and isinstance(part := said.get(wanted.base_config_key), dict):
        said = part  # a whole CLIP's
    _refuse_class(path, str(said.get("model_type") or wanted.model_type), wanted.model_type)
    _refuse_values(path, said, wanted)
    try:
        config = wanted.from_dict(said)
    except Exception as error:
        raise _cannot_be_built(path, error) from error
    _refuse_values(path, config.to_dict(), wanted)  # older files hold a part of it twice
    return config.to_dict()


def _refuse_values(path: Path, said: Mapping[str, Any], config: Any) -> None:
    """Judge a configuration of transformers', and those within it."""
    for name, hint in config.__annotations__.items():
        if name in said and not name.endswith("_token_id") and not (part := config.sub_configs.get(name)):
            refuse_value(path, name, said[name], hint)
        elif name in said and part and isinstance(said[name], dict):
            _refuse_values(path, said[name], part)


def _refuse_class(path: Path, said: str, wanted: str) -> None:
    if said != wanted:
        raise CheckpointError(
            "{path} is of a {what}, and a {wanted} is needed here: name a folder that holds one.",
            path=path,
            what=said[:80],
            wanted=wanted,
        )


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value of JSON is of a type; lists stand for tuples, of any length."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, each) for each in typing.get_args(hint))
    if origin is tuple or hint is tuple or origin is list:
        items = [each for each in typing.get_args(hint) if each is not ...]
        return isinstance(value, list) and all(not items or any(_fits(x, each) for each in items) for x in value)
    if hint is float:
        return type(value) in (int, float)
    if hint in (int, bool, str, types.NoneType, None):
        return type(value) is (types.NoneType if hint is None else hint)
    return True


def _sane(name: str, number: float) -> bool:
    if not math.isfinite(number) or abs(number) > _LARGEST:
        return False
    if name.endswith("eps"):
        return 0 < number < 1
    return name in _SIGNED or number > 0 or (number == 0 and name not in _POSITIVE)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif type(value) in (int, float):
        yield value


def _built(kind: Any, folder: Path, said: Settings, tensors: int) -> Any:
    """The network on the meta device.

    Raises:
        CheckpointError: when that takes more than so many tensors allow, or cannot be done.
    """
    path = folder / "config.json"
    try:
        with torch.device("meta"), _Bounded(_CALLS * (tensors + 8)):
            if issubclass(kind, transformers.PreTrainedModel):
                return kind(kind.config_class.from_dict(said)).eval()
            return kind.from_config(said).eval()
    except _TooMany as error:
        raise CheckpointError(
            "{path} describes a network that is far larger than its {count} tensors: restore it, or download it again.",
            path=path,
            count=tensors,
        ) from error
    except Exception as error:
        raise _cannot_be_built(path, error) from error


def _cannot_be_built(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        "{path} describes no network that can be built ({why}): restore it, or download it again.",
        path=path,
        why=reason(error),
    )


class _TooMany(Exception):
    """More was asked of PyTorch than is allowed."""


class _Bounded(TorchFunctionMode):
    """Ends what calls PyTorch more often than `most` times, on this thread."""

    def __init__(self, most: int):
        super().__init__()
        self._left = most

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _TooMany
        return func(*args, **(kwargs or {}))


def _find(folder: Path, *, half_first: bool) -> dict[str, Stored]:
    """Every tensor of a folder's weights, of one file or of its shards."""
    index, files = _files(folder, half_first=half_first)
    found: dict[str, Stored] = {}
    for file in files:
        for name, stored in tensors_of(file).items():
            if name in found:
                raise CheckpointError(
                    "{folder} has {name} in two files: restore it, or download it again.", folder=folder, name=name
                )
            found[name] = stored
    for name, file in index.items():
        if name not in found or found[name].file.name != file:
            raise CheckpointError(
                "{folder} has no {name} in {file}, where its index says that it is: restore it, or download it again.",
                folder=folder,
                name=name,
                file=file,
            )
    return as_floats(found)


def _files(folder: Path, *, half_first: bool) -> tuple[Mapping[str, str], list[Path]]:
    """The files that hold a network's tensors, and the index that says which is where, if there is one."""
    names = sorted(path.name for path in folder.iterdir())
    variant = variant_of(names, half_first=half_first)
    if variant is None:
        raise CheckpointError("{folder} holds no weights: restore it, or download it again.", folder=folder)
    chosen = sorted(weight_files(names, variant))
    if whole := [name for name in chosen if not re.search(r"-\d+-of-\d+", name)]:
        return {}, [folder / whole[0]]
    ending, half = variant
    indices = [name for name in names if re.fullmatch(rf".*\.{ending}(\.\w+)?\.index(\.\w+)?\.json", name)]
    indices = [name for name in indices if ("fp16" in name) == half]
    if not indices:
        raise CheckpointError(
            "{folder} lacks the index of its {count} files of weights: restore it, or download it again.",
            folder=folder,
            count=len(chosen),
        )
    index = _index(folder / indices[0])
    return index, [folder / name for name in sorted(set(index.values()))]


def _index(path: Path) -> Mapping[str, str]:
    """Which file each tensor is in; all are beside the index."""
    index = json_object(path).get("weight_map")
    if not isinstance(index, dict) or not index or not all(isinstance(file, str) for file in index.values()):
        raise CheckpointError(
            "{path} does not say which file each tensor is in: restore it, or download it again.", path=path
        )
    for file in sorted(set(index.values())):
        if Path(file).name != file or not file.endswith((".safetensors", ".bin")):
            raise CheckpointError(
                "{path} names {other}, which is not a weights file beside it: restore it, or download it again.",
                path=path,
                other=file[:80],
            )
        require_regular_file(path.parent / file)
    return index


def _match(folder: Path, wanted: Mapping[str, Tensor], found: Mapping[str, Stored]) -> dict[str, Stored]:
    """The tensors that were found by the names that are asked for; none is missing, and none is left over."""
    matched: dict[str, Stored] = {}
    others = []
    for name, stored in found.items():
        ours = _spelling(name, wanted)
        if ours in wanted and ours not in matched:
            matched[ours] = stored
        elif not name.endswith(_POSITIONS):
            others.append(name)
    if missing := [name for name in wanted if name not in matched]:
        raise CheckpointError(
            "{folder} lacks {count} of the {all} tensors that its config.json asks for, the first {part}: restore it, "
            "or download it again.",
            folder=folder,
            count=len(missing),
            all=len(wanted),
            part=missing[0],
        )
    if others:
        raise CheckpointError(
            "{folder} has {count} more tensors than its config.json asks for, the first {name}: restore it, or "
            "download it again.",
            folder=folder,
            count=len(others),
            name=others[0],
        )
    return matched


def _spelling(name: str, wanted: Mapping[str, Tensor]) -> str:
    if name in wanted:
        return name
    spellings = (pattern.sub(ours, name) for pattern, ours in _RENAMES)
    return next((spelling for spelling in spellings if spelling in wanted), name)


def _refuse_misshapen(folder: Path, wanted: Mapping[str, Tensor], matched: Mapping[str, Stored]) -> None:
    if wrong := [name for name, tensor in wanted.items() if matched[name].shape != tuple(tensor.shape)]:
        theirs, ours = (shape_text(each[wrong[0]].shape) for each in (matched, wanted))
        raise CheckpointError(
            "{folder} has {count} tensors of another shape than its config.json asks for; the first, {name}, is "
            "{theirs} and not {ours}: restore it, or download it again.",
            folder=folder,
            count=len(wrong),
            name=wrong[0],
            theirs=theirs,
            ours=ours,
        )
    for name, tensor in wanted.items():
        if tensor.is_floating_point() and not matched[name].floating:
            raise CheckpointError(
                "In {file}, {name} is stored as {what}, which cannot be read here: use the checkpoint's plain weights.",
                file=matched[name].file,
                name=name,
                what=matched[name].numbers,
            )


def _copy(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A tensor in memory of its own, in PyTorch's own layout: a file may change while it is mapped."""
    return torch.empty(tensor.shape, dtype=dtype if tensor.is_floating_point() else tensor.dtype).copy_(tensor)
