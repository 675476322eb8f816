"""Latent models through OpenVINO: on a CPU up to 1.5 times as fast as PyTorch, and three to four times in bfloat16.

Each network is converted once and kept in the user's cache, and compiled for one shape at a time: OpenVINO is several
times slower where shapes may vary. The decoder in 8 bits comes with the shipped models. Where nothing can be kept, each
process converts again: that draws the same images, and after seconds as fast.
"""

# openvino describes its classes loosely
# pyright: reportPrivateImportUsage=false

import hashlib
import io
import json
import secrets
import shutil
import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import Sentence
from ...machine import caches, environment
from ...machine.device import Placement
from ...request import Decoder
from ...weights.locate import ModelFiles
from ..memory import Plan
from .eager import Calls, EagerNetworks, LastRun, Latents, Part, no_decoder

INT8_DECODER = "decoder_int8.xml"
MADE_FROM = "weights_sha256"  # what the decoder in 8 bits was made from, in its own metadata
_SHAPES = 3  # compiled ones that are held of a network: each holds weights of its own
_BLOBS = 8  # and that are kept on the disk
_NETWORK, _SUMS = "network.xml", "sha256.json"


def import_openvino() -> ModuleType:
    """OpenVINO, without its telemetry.

    Importing it would otherwise report that to Google, write to the home folder, and fail for users who have none.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType] - its own stub comes instead
    import openvino  # noqa: PLC0415 - optional

    return openvino


@dataclass(frozen=True)
class Network:
    """A converted network: its file, or the model itself where no file could be kept.

    Code that is compiled for it goes to the folder `compiled`, if there is one; `note` says what could not be kept.
    """

    model: Any
    compiled: Path | None
    note: Sentence | None = None

    def read(self) -> Any:
        """A model of one's own to work on."""
        return import_openvino().Core().read_model(self.model) if isinstance(self.model, Path) else self.model.clone()


class OpenVinoNetworks:
    """A checkpoint's networks, compiled for the shapes that they are asked for.

    What goes in and comes out is float32; with `half`, they compute in bfloat16 between.
    """

    def __init__(self, parts: dict[str, Network], latents: Latents, *, half: bool = False):
        self.latents = latents
        self.notes = tuple(dict.fromkeys(part.note for part in parts.values() if part.note))
        self._networks = parts
        self._parts = {name: Compiled(part, half=half) for name, part in parts.items()}

    @classmethod
    def read(cls, files: ModelFiles, placement: Placement) -> "OpenVinoNetworks":
        """Find the converted networks of a checkpoint, or convert them first, which takes seconds to minutes."""
        whole = replace(placement, dtype="float32")
        eager = cache(lambda: EagerNetworks.read(files, whole))  # read only if something is to be converted
        parts = {
            "text": _convert(files.component("text_encoder"), lambda: _text(eager())),
            "unet": _convert(files.component("unet"), lambda: _unet(eager())),
            "full": _convert(files.component("vae"), lambda: _decoder(eager(), "full")),
        }
        if files.tiny_decoder:
            parts["tiny"] = _convert(files.tiny_decoder, lambda: _decoder(eager(), "tiny"))
        int8 = files.component("openvino") / INT8_DECODER
        if int8.is_file():
            parts["int8"] = Network(int8, caches.converted_dir() / _name(int8, [int8]))
        latents = Latents.of(files.component("unet"), files.component("vae"))
        return cls(parts, latents, half=placement.dtype == "bfloat16")

    def network(self, name: str) -> Network:
        """A converted network: "text", "unet", or a decoder's name."""
        return self._networks[name]

    def encode_text(self, ids: Tensor) -> Tensor:
        return self._parts["text"](ids)

    def predict(self, latents: Tensor, timestep: Tensor, states: Tensor) -> Tensor:
        return self._parts["unet"](latents, timestep.float(), states)

    def decode(self, latents: Tensor, decoder: Decoder) -> Tensor:
        if not self.has(decoder):
            raise no_decoder(decoder)
        return self._parts[decoder](latents)

    def has(self, decoder: Decoder) -> bool:
        return decoder in self._parts

    def modules(self, part: Part) -> tuple[nn.Module, ...]:
        return ()  # there is nothing to move

    def apply(self, plan: Plan) -> None:
        """Images are decoded one by one where the plan says so; OpenVINO has no tiles."""

    def last_run(self) -> LastRun:
        return LastRun("openvino")


class Compiled:
    """A converted network, compiled when a shape is met for the first time; the last few shapes are kept."""

    def __init__(self, network: Network, *, half: bool = False):
        self._network = network
        self._half = half
        self._compiled: OrderedDict[tuple, Any] = OrderedDict()

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The network's one output, a copy of its own."""
        shape = tuple(tuple(each.shape) for each in inputs)
        if shape not in self._compiled:
            self._compiled[shape] = _compiled(self._network, shape, half=self._half).create_infer_request()
            while len(self._compiled) > _SHAPES:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(shape)
        arrays = [(each.float() if each.is_floating_point() else each).contiguous().numpy() for each in inputs]
        return torch.from_numpy(self._compiled[shape].infer(arrays, share_inputs=True)[0])


def _compiled(network: Network, shape: Sequence[Sequence[int]], *, half: bool) -> Any:
    """The network for inputs of this shape, with `half` in bfloat16.

    What was compiled is kept here and not by OpenVINO: that does not notice when a file has changed, and 2026.4 takes
    one precision's code for the other's. Both draw noise.
    """
    openvino = import_openvino()
    core, settings = openvino.Core(), _settings(half=half)
    processor = core.get_property("CPU", "FULL_DEVICE_NAME"), core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    made_for = _digest(repr((shape, sorted(settings.items()), processor, openvino.__version__)))
    file = network.compiled / f"{made_for}.blob" if network.compiled else None
    if file and (kept := caches.read_whole(file)):
        with suppress(RuntimeError):  # it was whole, and OpenVINO has its own reasons
            return core.import_model(io.BytesIO(kept), "CPU", settings)
    model = network.read()
    model.reshape({each: list(size) for each, size in zip(model.inputs, shape, strict=True)})
    made = core.compile_model(model, "CPU", settings)
    if file:
        _keep_compiled(made, file)
    return made


def _settings(*, half: bool) -> dict[str, Any]:
    return {
        "PERFORMANCE_HINT": "LATENCY",
        # without a hint it would choose bfloat16 by itself where the processor has it
        "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
        "INFERENCE_NUM_THREADS": environment.usable_cores(),
    }


def _keep_compiled(made: Any, file: Path) -> None:
    """Keep what was compiled for the next process, among the last few; it is no loss if that cannot be."""
    with suppress(OSError, RuntimeError):
        caches.write_whole(file, made.export_model().getbuffer())
        caches.sweep(file.parent)
        for old in sorted(file.parent.glob("*.blob"), key=lambda blob: blob.stat().st_mtime)[:-_BLOBS]:
            old.unlink()


def _convert(source: Path, make: Callable[[], tuple[nn.Module, tuple[Tensor, ...]]]) -> Network:
    """The converted network of the weights in `source`, which is made if it is not there yet.

    Raises whatever `make` raises; that nothing can be kept is no error.
    """
    name = _name(source, sorted(source.iterdir()))
    wanted, spare = caches.converted_dir(), caches.spare_dir()
    if _is_whole(wanted / name):
        return _find_kept(wanted / name)
    convert = cache(lambda: _save_exactly(*make()))
    if spare is None or not _is_whole(spare / name):
        convert()  # what goes wrong here has nothing to do with folders

    def write(folder: Path) -> Path:
        return folder / name if _is_whole(folder / name) else _write(*convert(), folder / name)

    folder, note = caches.keep(wanted, "conversions", write)
    return replace(_find_kept(folder), note=note) if folder else Network(convert()[0], None, note)


def _find_kept(folder: Path) -> Network:
    return Network(folder / _NETWORK, folder / "compiled")


def _name(source: Path, files: Sequence[Path]) -> Path:
    """Where what is made of these files of `source` is kept, below a cache's folder."""
    stamps = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    made_from = _digest(str(source.resolve())), _digest(repr((stamps, import_openvino().__version__)))
    return Path("openvino", *made_from)


def _is_whole(folder: Path) -> bool:
    """Whether a converted network is as it was written, to the last bit."""
    try:
        sums = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
        return sums == _sums(folder)
    except (OSError, ValueError):
        return False


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a converted network."""

    def digest(name: str) -> str:
        with (folder / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return {name: digest(name) for name in (_NETWORK, Path(_NETWORK).with_suffix(".bin").name)}


def _save_exactly(network: nn.Module, example: tuple[Tensor, ...]) -> tuple[Any, bool]:
    """A network as OpenVINO's model, and whether it may be written in half precision."""
    return _trace(network, example), _halves_exactly(network)


def _write(model: Any, halves: bool, folder: Path) -> Path:
    """The folder, after the model was written to it.

    Raises:
        OSError, RuntimeError: when it cannot be; nothing is left behind.
    """
    others = folder.parent
    others.mkdir(parents=True, exist_ok=True)
    caches.sweep(others)
    partial = others / f"{caches.PARTIAL}{secrets.token_hex(8)}"
    try:
        import_openvino().save_model(model, partial / _NETWORK, compress_to_fp16=halves)
        (partial / _SUMS).write_text(json.dumps(_sums(partial)), encoding="utf-8")
        _publish(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    for other in others.iterdir():  # made from other weights, or by another version
        if other != folder and not other.name.startswith(caches.PARTIAL):
            shutil.rmtree(other, ignore_errors=True)
    return folder


def _trace(network: nn.Module, example: tuple[Tensor, ...]) -> Any:
    """A network as OpenVINO's model, by the front end alone: `openvino.convert_model` would report its use to Intel."""
    import_openvino()
    from openvino.frontend import FrontEndManager  # noqa: PLC0415 - optional
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # noqa: PLC0415 - optional

    front_end = FrontEndManager().load_by_framework("pytorch")
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # what is fixed so holds for every shape
        traced = TorchScriptPythonDecoder(network, example_input=example)  # the front end does not keep it alive
        return front_end.convert(front_end.load(traced))


def _publish(partial: Path, folder: Path) -> None:
    """Give a folder its name, unless another process was faster; one that has been damaged makes way."""
    if folder.exists() and not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        partial.rename(folder)
    except OSError:
        if not _is_whole(folder):
            raise


def _halves_exactly(network: nn.Module) -> bool:
    """Whether half precision holds the weights as they are, because they were stored so."""
    return all(torch.equal(weight.half().float(), weight) for weight in network.parameters())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _text(networks: EagerNetworks) -> tuple[nn.Module, tuple[Tensor, ...]]:
    return Calls(networks.encode_text, networks.parts["text_encoder"]), (torch.ones(1, 8, dtype=torch.long),)


def _unet(networks: EagerNetworks) -> tuple[nn.Module, tuple[Tensor, ...]]:
    unet = networks.parts["unet"]
    states = torch.zeros(2, 8, unet.config["cross_attention_dim"])
    example = torch.zeros(2, networks.latents.channels, 32, 32), torch.tensor(1000.0), states
    return Calls(networks.predict, unet), example


def _decoder(networks: EagerNetworks, decoder: Decoder) -> tuple[nn.Module, tuple[Tensor, ...]]:
    def decode(latents: Tensor) -> Tensor:
        return networks.decode(latents, decoder)

    network = networks.parts["tiny" if decoder == "tiny" else "vae"]
    return Calls(decode, network), (torch.zeros(1, networks.latents.channels, 32, 32),)
