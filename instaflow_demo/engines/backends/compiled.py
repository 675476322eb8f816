"""Latent models compiled by PyTorch for the shapes that they are asked for, and replayed from CUDA graphs on a GPU.

With an image or two in a pass, a GPU waits for Python more than it computes: one network evaluation is hundreds of
kernels, each started by itself. Compiling makes fewer and larger ones of them, and a CUDA graph starts all of a
network's at once. Both hold for fixed shapes, so there is one graph for each of the last few.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from weakref import ref

import torch
from torch import Tensor, nn

from ...errors import DeviceUnavailable, Sentence
from ...machine import caches, device
from ...machine.device import Placement
from ...request import Decoder
from ..memory import Plan
from .eager import EagerNetworks, LastRun, Part, no_decoder

Function = Callable[..., Tensor]
Shapes = tuple[tuple[torch.Size, torch.dtype], ...]
"""What tells the inputs of one compiled program from another's."""

log = logging.getLogger(__name__)

COMPILING = Sentence("PyTorch is compiling this model for this size: in a minute or two it will be faster.")
NOT_COMPILED = Sentence("PyTorch could not compile this model for this size, so it runs as it is; the log says why.")
_OWN = "inductor"
_SHAPES = 4  # programs that are kept of a network: a graph holds memory of its own
_WARM_UPS = 3  # before a graph is captured: the first ones allocate, and choose among kernels
_VARIANTS = 256  # of one function that PyTorch may compile: all models and all shapes count
_ALONE = Lock()  # the compiler is the process's, and nothing may wait for the whole GPU while a graph is captured


class CompiledNetworks:
    """A checkpoint's networks, compiled when a shape is met for the first time, which takes a minute or two.

    In the background, if the placement says so: the eager ones serve meanwhile. What PyTorch generates is kept in the
    user's cache, so that the next process only reads it. Where memory is so short that networks move between devices or
    decode in tiles, the eager ones do all the work: a graph is bound to addresses.
    """

    def __init__(self, eager: EagerNetworks, placement: Placement):
        self.latents = eager.latents
        self.notes = tuple(filter(None, [_keep_what_is_generated()]))
        self._eager = eager
        self._moves = False
        self._best: dict[str, Function] = {}
        self._on_gpu = placement.device.startswith("cuda")
        pool = torch.cuda.graph_pool_handle() if self._on_gpu else None  # graphs take turns, so they share their memory
        self._programs = {
            name: _Programs(each, partial(self._to_compile, name), placement, pool)
            for name, each in functions_to_compile(eager).items()
        }

    def encode_text(self, ids: Tensor) -> Tensor:
        return self._eager.encode_text(ids) if self._moves else self._programs["text"](ids)

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

    def apply(self, plan: Plan) -> None:
        self._moves = plan.offloaded or plan.tiled
        self._best = {}
        if self._moves:
            for programs in self._programs.values():
                programs.forget()
        self._eager.apply(plan)

    def last_run(self) -> LastRun:
        if self._moves:
            return self._eager.last_run()
        notes = {note for programs in self._programs.values() for note in programs.pop_notes()}
        return LastRun("eager" if notes else "compiled", (*self._eager.notes, *sorted(notes)))

    def _to_compile(self, name: str) -> Function:
        """What is compiled of a function; made only when it is, as weights are by then where they will be."""
        if not self._best:
            self._best = functions_to_compile(self._eager.fuse() if self._on_gpu else self._eager)
        return self._best[name]


def functions_to_compile(eager: EagerNetworks) -> dict[str, Function]:
    """What there is to compile: "text", "unet", and the decoders by their names."""
    return {
        "text": eager.encode_text,
        "unet": eager.predict,
        "full": lambda latents: eager.decode(latents, "full"),
        "tiny": lambda latents: eager.decode(latents, "tiny"),
    }


class _Programs:
    """A function of tensors, compiled for each shape of them; the last few are kept.

    `to_compile` gives the form of it that is compiled.
    """

    def __init__(self, function: Function, to_compile: Callable[[], Function], placement: Placement, pool: Any):
        self._function = function
        self._background = placement.background
        self._begun = lru_cache(maxsize=_SHAPES)(
            lambda shapes: self._begin(_Program(to_compile, shapes, placement, pool))
        )
        self._instead: set[Sentence] = set()

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The function's one output, a tensor of its own.

        Raises:
            DeviceUnavailable: when PyTorch cannot compile it here, unless that was tried in the background.
        """
        program = self._begun(tuple((each.shape, each.dtype) for each in inputs))
        run = program.ready()
        if run is None:
            self._instead.add(NOT_COMPILED if program.failed else COMPILING)
        return (run or self._function)(*inputs)

    def pop_notes(self) -> set[Sentence]:
        """Why the function itself did the work since this was asked last; nothing if it did not."""
        notes, self._instead = self._instead, set()
        return notes

    def forget(self) -> None:
        self._begun.cache_clear()

    def _begin(self, program: "_Program") -> "_Program":
        if self._background:
            Thread(target=_compile_aside, args=(ref(program),), daemon=True).start()
            return program
        try:
            with _ALONE:
                program.compile()
                program.capture()
        except Exception as error:
            if device.is_out_of_memory(error):
                raise
            log.exception("compiling failed")
            raise DeviceUnavailable(
                "PyTorch cannot compile this model here ({kind}; the log or --debug says more): choose the backend "
                "“eager”.",
                kind=type(error).__name__,
            ) from error
        return program


class _Program:
    """A function for inputs of one shape: compiled, and on a GPU captured as a graph. `failed` if that cannot be."""

    def __init__(self, to_compile: Callable[[], Function], shapes: Shapes, placement: Placement, pool: Any):
        self.failed = False
        self._to_compile = to_compile
        self._inputs = [torch.zeros(shape, dtype=dtype, device=placement.device) for shape, dtype in shapes]
        self._pool = pool
        self._threads = 0
        self._compiled: Function | None = None
        self._run: Function | None = None

    def compile(self) -> None:
        """Compile it, which takes a minute."""
        self._threads = torch.get_num_threads()
        with torch.inference_mode():
            self._compiled = compile_function(self._to_compile(), self._inputs)

    def capture(self) -> None:
        """Make what is called of what was compiled; a few passes long, so it is not done beside others' work."""
        if self._compiled is None:
            return
        if self._pool is None:
            self._run = _contiguous(self._compiled)
        else:
            self._run = Graph(self._compiled, self._inputs, self._pool)

    def ready(self) -> Function | None:
        """What to call; None as long as there is nothing, or something else is being compiled."""
        if self._run is None and self._compiled is not None and not self.failed and _ALONE.acquire(blocking=False):
            try:
                torch.set_num_threads(self._threads)  # each thread has its own, and code that is compiled asks for it
                with torch.compiler.set_stance("fail_on_recompile"):  # a minute's surprise, for somebody who waits
                    self.capture()
            except Exception:  # noqa: BLE001 - it is logged there
                self.give_up()
            finally:
                _ALONE.release()
        return self._run

    def give_up(self) -> None:
        """Leave the work to the function as it is, for an error that is being handled."""
        log.exception("compiling in the background failed")
        self.failed = True


def _compile_aside(program: "ref[_Program]") -> None:
    """Compile a program when its turn comes, if anybody still wants it then."""
    with _ALONE:
        wanted = program()
        if wanted is None:
            return
        try:
            wanted.compile()
        except Exception:  # noqa: BLE001 - it is logged there
            wanted.give_up()


def compile_function(function: Function, inputs: Sequence[Tensor], **settings: Any) -> Function:
    """A function compiled for inputs of exactly these shapes, called once. `settings` are `torch.compile`'s."""
    import torch._dynamo.config as limits  # noqa: PLC0415 - takes seconds, and only those who compile need it

    _keep_what_is_generated()
    program = torch.compile(function, dynamic=False, **settings)
    with limits.patch(recompile_limit=_VARIANTS):
        program(*inputs)
    return program


def _keep_what_is_generated() -> Sentence:
    """Generated code goes where converted checkpoints are, unless TORCHINDUCTOR_CACHE_DIR names another folder.

    The answer is a note, where it cannot be kept there.
    """
    chosen = Path(os.environ.get(caches.INDUCTOR, ""))
    temporary = chosen.name.startswith("torchinductor_") and chosen.parent == Path(tempfile.gettempdir())
    if chosen.name == "" or temporary:  # importing diffusers already names PyTorch's own, in /tmp
        chosen = caches.converted_dir() / _OWN
    setting = "INSTAFLOW_DEMO_HOME" if chosen == caches.converted_dir() / _OWN else caches.INDUCTOR
    kept, note = caches.keep(chosen, "compiled code", lambda to: to if to == chosen else to / _OWN, setting)
    if kept:
        os.environ[caches.INDUCTOR] = str(kept)
    return note


class Graph:
    """A function's kernels for inputs of fixed shapes as one CUDA graph."""

    def __init__(self, function: Function, inputs: Sequence[Tensor], pool: Any = None, *, searching: bool = True):
        """Capture the function; `inputs` are kept, to be filled before each replay.

        `searching`, cuDNN times all its convolutions first: of those that it takes unasked, some are far from the best.
        """
        self._inputs = inputs
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with _search() if searching else nullcontext():
            with torch.cuda.stream(aside):
                for _ in range(_WARM_UPS):
                    function(*inputs)
            torch.cuda.current_stream().wait_stream(aside)
            torch.cuda.empty_cache()  # the search has tried what takes gigabytes
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


def _search() -> AbstractContextManager[None]:
    return torch.backends.cudnn.flags(enabled=True, benchmark=True, benchmark_limit=0)


def _contiguous(program: Function) -> Function:
    """A program that sees its inputs laid out as when it was compiled, or it would be compiled again."""
    return lambda *inputs: program(*(each.contiguous() for each in inputs))
