"""Latent models compiled by PyTorch for the shapes that they are asked for, and replayed from CUDA graphs on a GPU.

With an image or two in a pass, a GPU waits for Python more than it computes: one network evaluation is hundreds of
kernels, each started by itself. Compiling makes fewer and larger ones of them, and a CUDA graph starts all of a
network's at once. Both hold for fixed shapes, so there is one graph for each of the last few.
"""

import logging
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from .. import device
from ..device import Placement
from ..errors import DeviceUnavailable
from ..memory import Plan
from ..request import Decoder
from ..weights import converted_dir
from .networks import EagerNetworks, Part, no_decoder

Function = Callable[..., Tensor]
Shapes = tuple[tuple[torch.Size, torch.dtype], ...]
"""What tells the inputs of one compiled program from another's."""

log = logging.getLogger(__name__)

_CACHE = "TORCHINDUCTOR_CACHE_DIR"
_SHAPES = 4  # programs that are kept of a network: a graph holds memory of its own
_WARM_UPS = 3  # before a graph is captured: the first ones allocate, and choose among kernels
_VARIANTS = 256  # of one function that PyTorch may compile: all models and all shapes count


class CompiledNetworks:
    """A checkpoint's networks, compiled when a shape is met for the first time, which takes a minute or two.

    What PyTorch generates is kept in the user's cache, so that the next process only reads it. Where memory is so short
    that networks move between devices or decode in tiles, the eager ones do the work: a graph is bound to addresses.
    """

    def __init__(self, eager: EagerNetworks, placement: Placement):
        self.latents = eager.latents
        self._eager = eager
        self._moves = False
        on_gpu = placement.device.startswith("cuda")
        pool = torch.cuda.graph_pool_handle() if on_gpu else None  # graphs take turns, so they share their memory
        self._programs = {name: _Programs(each, placement, pool) for name, each in functions(eager).items()}

    def text(self, ids: Tensor) -> Tensor:
        return self._eager.text(ids) if self._moves else self._programs["text"](ids)

    def predict(self, latents: Tensor, timestep: Tensor, states: Tensor) -> Tensor:
        run = self._eager.predict if self._moves else self._programs["unet"]
        return run(latents, timestep.float(), states)  # some schedulers count in integers: one program for all

    def decode(self, latents: Tensor, decoder: Decoder) -> Tensor:
        if not self.has(decoder):
            raise no_decoder(decoder)
        if self._moves:
            return self._eager.decode(latents, decoder)
        return self._programs[decoder](latents)

    def has(self, decoder: Decoder) -> bool:
        return self._eager.has(decoder)

    def modules(self, part: Part) -> tuple[nn.Module, ...]:
        return self._eager.modules(part)

    def fit(self, plan: Plan) -> None:
        self._moves = plan.offloaded or plan.tiled
        if self._moves:
            for programs in self._programs.values():
                programs.forget()
        self._eager.fit(plan)


def functions(eager: EagerNetworks) -> dict[str, Function]:
    """What there is to compile: "text", "unet", and the decoders by their names."""
    return {
        "text": eager.text,
        "unet": eager.predict,
        "full": lambda latents: eager.decode(latents, "full"),
        "tiny": lambda latents: eager.decode(latents, "tiny"),
    }


class _Programs:
    """A function of tensors, compiled for each shape of them; the last few are kept."""

    def __init__(self, function: Function, placement: Placement, pool: Any):
        self._made = lru_cache(maxsize=_SHAPES)(lambda shapes: _made(function, shapes, placement, pool))

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The function's one output, a tensor of its own.

        Raises:
            DeviceUnavailable: when PyTorch cannot compile it here.
        """
        return self._made(tuple((each.shape, each.dtype) for each in inputs))(*inputs)

    def forget(self) -> None:
        self._made.cache_clear()


def compiled(function: Function, inputs: Sequence[Tensor], **settings: Any) -> Function:
    """A function compiled for inputs of exactly these shapes, called once. `settings` are `torch.compile`'s."""
    import torch._dynamo.config as limits  # noqa: PLC0415 - takes seconds, and only those who compile need it

    _keep_what_is_generated()
    program = torch.compile(function, dynamic=False, **settings)
    with limits.patch(recompile_limit=_VARIANTS, fail_on_recompile_limit_hit=True):
        program(*inputs)
    return program


def _keep_what_is_generated() -> None:
    """Generated code goes where converted checkpoints are, unless TORCHINDUCTOR_CACHE_DIR names another folder."""
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir  # noqa: PLC0415 - with PyTorch's compiler

    if os.environ.get(_CACHE) in (None, default_cache_dir()):  # a temporary one, which importing diffusers names
        os.environ[_CACHE] = str(converted_dir() / "inductor")


class Graph:
    """A function's kernels for inputs of fixed shapes as one CUDA graph."""

    def __init__(self, function: Function, inputs: Sequence[Tensor], pool: Any = None):
        """Capture the function; `inputs` are kept, to be filled before each replay."""
        self._inputs = inputs
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UPS):
                function(*inputs)
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        # other threads may go on allocating meanwhile
        with torch.cuda.graph(self._graph, pool=pool, capture_error_mode="thread_local"):
            self._output = function(*inputs)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The output, a tensor of its own. Nothing here waits for the device."""
        for kept, given in zip(self._inputs, inputs, strict=True):
            kept.copy_(given)
        self._graph.replay()
        return self._output.clone()


def _made(function: Function, shapes: Shapes, placement: Placement, pool: Any) -> Function:
    inputs = [torch.zeros(shape, dtype=dtype, device=placement.device) for shape, dtype in shapes]
    try:
        program = compiled(function, inputs)
        return Graph(program, inputs, pool) if placement.device.startswith("cuda") else _contiguous(program)
    except Exception as error:
        if device.is_out_of_memory(error):
            raise
        log.exception("compiling failed")
        raise DeviceUnavailable(
            f"PyTorch cannot compile this model here ({type(error).__name__}; the log says more): choose the backend "
            "“eager”."
        ) from error


def _contiguous(program: Function) -> Function:
    """A program that sees its inputs laid out as when it was compiled, or it would be compiled again."""
    return lambda *inputs: program(*(each.contiguous() for each in inputs))
