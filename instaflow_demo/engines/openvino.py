"""Latent models through OpenVINO: on a CPU up to 1.5 times as fast as PyTorch, and three to four times in bfloat16.

Each network is converted once and kept in the user's cache, and compiled for one shape at a time: OpenVINO is several
times slower where shapes may vary. The decoder in 8 bits comes with the shipped models.
"""

import hashlib
import secrets
import shutil
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .. import environment
from ..device import Placement
from ..memory import Plan
from ..request import Decoder
from ..weights import ModelFiles, converted_dir
from .networks import Calls, EagerNetworks, Latents, Part, Ran, no_decoder

INT8_DECODER = "decoder_int8.xml"
MADE_FROM = "weights_sha256"  # what the decoder in 8 bits was made from, in its own metadata
_SHAPES = 3  # compiled ones that are kept of a network: each holds weights of its own


class OpenVinoNetworks:
    """A checkpoint's networks, compiled for the shapes that they are asked for.

    What goes in and comes out is float32; with `half`, they compute in bfloat16 between.
    """

    def __init__(self, parts: dict[str, Path], latents: Latents, *, half: bool = False):
        self.latents = latents
        self._parts = {name: Compiled(path, half=half) for name, path in parts.items()}

    @classmethod
    def read(cls, files: ModelFiles, placement: Placement) -> "OpenVinoNetworks":
        """Find the converted networks of a checkpoint, or convert them first, which takes seconds to minutes."""
        whole = replace(placement, dtype="float32")
        eager = cache(lambda: EagerNetworks.read(files, whole))  # read only if something is to be converted
        parts = {
            "text": _converted(files.component("text_encoder"), lambda: _text(eager())),
            "unet": _converted(files.component("unet"), lambda: _unet(eager())),
            "full": _converted(files.component("vae"), lambda: _decoder(eager(), "full")),
        }
        if files.tiny_decoder:
            parts["tiny"] = _converted(files.tiny_decoder, lambda: _decoder(eager(), "tiny"))
        int8 = files.component("openvino") / INT8_DECODER
        if int8.is_file():
            parts["int8"] = int8
        latents = Latents.of(files.component("unet"), files.component("vae"))
        return cls(parts, latents, half=placement.dtype == "bfloat16")

    def path(self, name: str) -> Path:
        """The file of a converted network: "text", "unet", or a decoder's name."""
        return self._parts[name].path

    def text(self, ids: Tensor) -> Tensor:
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

    def fit(self, plan: Plan) -> None:
        """Images are decoded one by one where the plan says so; OpenVINO has no tiles."""

    def ran(self) -> Ran:
        return Ran("openvino")


class Compiled:
    """A converted network, compiled when a shape is met for the first time; the last few shapes are kept."""

    def __init__(self, path: Path, *, half: bool = False):
        self.path = path
        self._half = half
        self._compiled: OrderedDict[tuple, Any] = OrderedDict()

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The network's one output, a copy of its own."""
        shape = tuple(tuple(each.shape) for each in inputs)
        if shape not in self._compiled:
            self._compiled[shape] = _compile(self.path, shape, half=self._half)
            while len(self._compiled) > _SHAPES:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(shape)
        arrays = [(each.float() if each.is_floating_point() else each).contiguous().numpy() for each in inputs]
        return torch.from_numpy(self._compiled[shape].infer(arrays, share_inputs=True)[0])


def _compile(path: Path, shape: Sequence[Sequence[int]], *, half: bool) -> Any:
    """What runs the network in `path` for inputs of this shape, with `half` in bfloat16."""
    import openvino  # noqa: PLC0415 - optional

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape({each: list(size) for each, size in zip(model.inputs, shape, strict=True)})
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        # without a hint it would choose bfloat16 by itself where the processor has it
        "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
        "INFERENCE_NUM_THREADS": environment.usable_cores(),
        # of its own for each precision: OpenVINO 2026.4 takes one's code for the other's, and draws noise with it
        "CACHE_DIR": str(converted_dir() / "openvino" / ("compiled-half" if half else "compiled")),
    }
    return core.compile_model(model, "CPU", settings).create_infer_request()


def _converted(source: Path, make: Callable[[], tuple[nn.Module, tuple[Tensor, ...]]]) -> Path:
    """The converted network of the weights in `source`, which is made if it is not there yet."""
    import openvino  # noqa: PLC0415 - optional

    stamps = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(source.iterdir())]
    home = converted_dir() / "openvino" / _digest(str(source.resolve()))
    folder = home / _digest(repr((stamps, openvino.__version__)))
    if not folder.exists():
        network, example = make()
        shutil.rmtree(home, ignore_errors=True)  # what was made from other weights, or by another version
        partial = home / f".partial-{secrets.token_hex(8)}"
        model = _traced(network, example)
        openvino.save_model(model, partial / "network.xml", compress_to_fp16=_halves_exactly(network))
        _publish(partial, folder)
    return folder / "network.xml"


def _traced(network: nn.Module, example: tuple[Tensor, ...]) -> Any:
    """A network as OpenVINO's model, by the front end alone: `openvino.convert_model` would report its use to Intel."""
    from openvino.frontend import FrontEndManager  # noqa: PLC0415 - optional
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # noqa: PLC0415 - optional

    front_end = FrontEndManager().load_by_framework("pytorch")
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # what is fixed so holds for every shape
        traced = TorchScriptPythonDecoder(network, example_input=example)  # the front end does not keep it alive
        return front_end.convert(front_end.load(traced))


def _publish(partial: Path, folder: Path) -> None:
    """Give a folder its name, unless another process was faster."""
    try:
        partial.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(partial, ignore_errors=True)


def _halves_exactly(network: nn.Module) -> bool:
    """Whether half precision holds the weights as they are, because they were stored so."""
    return all(torch.equal(weight.half().float(), weight) for weight in network.parameters())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _text(networks: EagerNetworks) -> tuple[nn.Module, tuple[Tensor, ...]]:
    return Calls(networks.text, networks.parts["text_encoder"]), (torch.ones(1, 8, dtype=torch.long),)


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
