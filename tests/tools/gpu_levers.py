"""What each way to be faster is worth, alone: Stable Diffusion 1.5's networks with random weights, in half precision.

Run `PYTHONPATH=.:tests python tests/tools/gpu_levers.py FILE.json` with

--seconds 100    on a GPU; no way is begun after so many seconds
--toy            tiny networks on the CPU, to try this script

"fused" is what the demo compiles; the ways before it are its parts. Median milliseconds, by events of the device
where it has them, and how far the result is from the eager one: levels of 255 for images, else relative to the largest
number. The file is written anew after each way, so that none is lost.
"""

import io
import json
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import small_sd
import torch
import torch._dynamo
import torch._functorch.config as functorch
import typer
from diffusers import AutoencoderTiny, UNet2DConditionModel
from PIL import Image
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from instaflow_demo.engines.backends import fused
from instaflow_demo.engines.backends.compiled import Function, Graph, compile_function, functions_to_compile
from instaflow_demo.engines.backends.eager import Calls, EagerNetworks, Latents
from instaflow_demo.engines.pixels import to_uint8, to_uint8_host
from instaflow_demo.machine.device import Placement
from instaflow_demo.machine.environment import fingerprint

Change = Callable[[EagerNetworks], AbstractContextManager[EagerNetworks]]
"""The networks to be run, changed until the context ends."""
PARTS = ("text", "unet", "full", "tiny")
WHOLES = {"image": "full", "image, tiny decoder": "tiny"}  # noise and token ids to uint8 pixels on the device
ENCODINGS = {"png": {}, "png, level 1": {"compress_level": 1}, "jpeg": {"quality": 95}, "webp": {"quality": 90}}


def unchanged(networks: EagerNetworks) -> AbstractContextManager[EagerNetworks]:
    return nullcontext(networks)


@dataclass(frozen=True)
class Lever:
    """One way to run some stages: `change` holds meanwhile, `settings` are `torch.compile`'s."""

    name: str
    way: Literal["eager", "graph", "compiled"] = "compiled"
    stages: tuple[str, ...] = ("unet", "full")
    batch: int = 1
    change: Change = unchanged
    settings: Mapping[str, Any] = field(default_factory=dict)
    searching: bool = True


def all_changes(networks: EagerNetworks) -> AbstractContextManager[EagerNetworks]:
    return nullcontext(networks.fuse())


def changed(*changes: fused.Change) -> Change:
    """Some of what `all_changes` does."""

    def change(networks: EagerNetworks) -> AbstractContextManager[EagerNetworks]:
        unet, vae = (fused.copy_sharing_weights(networks.parts[part]) for part in ("unet", "vae"))
        fused.replace_modules(unet, *(each for each in changes if each is not fused.to_single_head_processor))
        fused.replace_modules(vae.decoder, *changes)
        return nullcontext(networks.with_parts(unet=unet, vae=vae))

    return change


def fused_projections(*changes: Callable[[UNet2DConditionModel], None]) -> Change:
    """Fused projections, and a U-Net that is changed after that."""

    def change(networks: EagerNetworks) -> AbstractContextManager[EagerNetworks]:
        unet, vae = (fused.copy_sharing_weights(networks.parts[part]) for part in ("unet", "vae"))
        for each in (unet, vae):
            each.fuse_qkv_projections()
        for each in changes:
            each(unet)
        return nullcontext(networks.with_parts(unet=unet, vae=vae))

    return change


def causal(networks: EagerNetworks) -> AbstractContextManager[EagerNetworks]:
    encoder = fused.fuse_text_encoder(networks.parts["text_encoder"])
    return nullcontext(networks.with_parts(text_encoder=encoder))


def in_eight_bits(name: str) -> Change:
    """Linear layers of the U-Net through torchao, by the name of a configuration of its."""

    def change(networks: EagerNetworks) -> AbstractContextManager[EagerNetworks]:
        from torchao import quantization

        unet = deepcopy(networks.parts["unet"])
        quantization.quantize_(unet, getattr(quantization, name)(set_inductor_config=False))  # which searches for tiles
        return nullcontext(networks.with_parts(unet=unet))

    return change


@contextmanager
def contiguous(networks: EagerNetworks) -> Iterator[EagerNetworks]:
    convolutional = [network for name, network in networks.parts.items() if name != "text_encoder"]
    for network in convolutional:
        network.to(memory_format=torch.contiguous_format)
    yield networks
    for network in convolutional:
        network.to(memory_format=torch.channels_last)


def attention(*first: SDPBackend) -> Change:
    rest = (SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH)
    order = [*first, *(backend for backend in rest if backend not in first)]

    @contextmanager
    def change(networks: EagerNetworks) -> Iterator[EagerNetworks]:
        with sdpa_kernel(order, set_priority=True):
            yield networks.fuse()

    return change


def triton(switch: str) -> dict[str, Any]:
    """Settings for the compiler with one switch of its code generator's."""
    return {"options": {f"triton.{switch}": True}}


ALL = (*PARTS, *WHOLES)
SEARCHING = {"options": {"coordinate_descent_tuning": True, "conv_1x1_as_mm": True}}
PRODUCTS = {"options": {"max_autotune_gemm": True, "max_autotune_gemm_backends": "ATEN,TRITON"}}
AUTOTUNE = {"mode": "max-autotune-no-cudagraphs"}
LEVERS = (
    Lever("eager", "eager", ALL),
    Lever("graph", "graph", ALL),
    Lever("compiled", "compiled", ALL),
    Lever("fused QKV", stages=("unet", "full"), change=fused_projections()),
    Lever("fused QKV, fused text KV", stages=("unet",), change=fused_projections(fused.fuse_cross_attention_kv)),
    Lever(
        "fused QKV, fused time",
        stages=("unet",),
        change=fused_projections(fused.fuse_time_projections),
    ),
    Lever("causal attention", stages=("text",), change=causal),
    Lever("channels-last norms", change=changed(fused.to_channels_last_norm)),
    Lever("transposed convolution", change=changed(fused.to_conv_transpose)),
    Lever("single-head attention", stages=("full",), change=changed(fused.to_single_head_processor)),
    Lever("fused", stages=ALL, change=all_changes),
    Lever("fused", stages=("unet",), batch=2, change=all_changes),
    Lever("fused, graph alone", "graph", change=all_changes),
    Lever("fused, convolutions not searched", stages=("unet", "full", "tiny"), change=all_changes, searching=False),
    Lever("compiled", "compiled", ("unet", "full", "tiny"), 16),
    Lever("fused", "compiled", ("unet", "full", "tiny"), 16, all_changes),
    Lever("fused, convolutions not searched", stages=("unet", "full"), batch=16, change=all_changes, searching=False),
    Lever("fused, Flash attention first", stages=("unet",), change=attention(SDPBackend.FLASH_ATTENTION)),
    Lever("fused, frozen weights", change=all_changes, settings={"options": {"freezing": True}}),
    Lever("int8 weights", stages=("unet",), change=in_eight_bits("Int8WeightOnlyConfig")),
    Lever("fp8", stages=("unet",), change=in_eight_bits("Float8DynamicActivationFloat8WeightConfig")),
    Lever("fp8", stages=("unet",), batch=16, change=in_eight_bits("Float8DynamicActivationFloat8WeightConfig")),
    Lever("not channels last", stages=("unet", "full", "tiny"), change=contiguous),
    Lever("fused, cuDNN's attention first", stages=("unet",), change=attention(SDPBackend.CUDNN_ATTENTION)),
    Lever("fused, dependent launches", change=all_changes, settings=triton("enable_pdl")),
    Lever("fused, cooperative reductions", change=all_changes, settings=triton("cooperative_reductions")),
    Lever("fused, combined kernels", change=all_changes, settings={"options": {"combo_kernels": True}}),
    Lever("fused, searched products", stages=("text", "unet"), change=all_changes, settings=PRODUCTS),
    Lever("fused, searching tiles", change=all_changes, settings=SEARCHING),
    Lever("fused, max-autotune", stages=("text", "full", "unet"), change=all_changes, settings=AUTOTUNE),
)


def main(
    file: Annotated[Path, typer.Argument()],
    seconds: Annotated[float, typer.Option("--seconds")] = 100.0,
    only: Annotated[str, typer.Option("--only", help="Ways whose name this pattern fits.")] = "",
    stages: Annotated[str, typer.Option("--stages", help="Only these, with commas between them.")] = "",
    plain: Annotated[bool, typer.Option("--plain", help="Only ways that compile nothing.")] = False,
    toy: Annotated[bool, typer.Option("--toy")] = False,
) -> None:
    started = time.perf_counter()
    placement = Placement("cpu", "float32") if toy else Placement("cuda", "float16")
    found: dict[str, Any] = {"environment": fingerprint().to_dict(), "levers": []}
    bench = Bench(placement, 256 if toy else 512)
    jobs: dict[str, Callable[[], dict[str, Any]]] = {"host": bench.host}
    jobs |= {
        f"{lever.name}, batch {lever.batch}": partial(bench.measured, lever, stages.split(",") if stages else ALL)
        for lever in LEVERS
        if not (plain and lever.way == "compiled")
    }
    jobs["AOTInductor package of the decoder"] = bench.package  # last: PyTorch 2.11 crashed on loading it
    for name, job in jobs.items():
        if time.perf_counter() - started > seconds or not re.search(only, name):
            continue
        began = time.perf_counter()
        result = attempted(job)
        found["levers"].append({"lever": name, "took_s": round(time.perf_counter() - began, 1), **result})
        file.write_text(json.dumps(found, indent=1))
        typer.echo(json.dumps(found["levers"][-1]))


def attempted(job: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a job found, or what stopped it: the next ones have their turn whatever happens."""
    try:
        return job()
    except Exception as error:  # noqa: BLE001 - told in the file
        return {"error": f"{type(error).__name__}: {error}"[:300]}


class Bench:
    """Networks of full size, or tiny ones on a CPU, and how they are timed."""

    def __init__(self, placement: Placement, size: int):
        self._placement, self._side = placement, size // 8
        tiny = placement.device == "cpu"
        with torch.device(placement.device):
            made = small_sd.networks() if tiny else small_sd.full_size_networks()
            decoder = AutoencoderTiny()
        for network in (*made, decoder):
            network.to(placement.torch_dtype).eval().requires_grad_(False)
        for network in (*made[1:], decoder):
            network.to(memory_format=torch.channels_last)
        self._networks = EagerNetworks(*made, Latents(4, 8, 0.18215), placement, decoder)
        self._repeats = 3 if tiny else 30

    @torch.inference_mode()
    def measured(self, lever: Lever, wanted: Collection[str] = ALL) -> dict[str, Any]:
        lever = replace(lever, stages=tuple(stage for stage in lever.stages if stage in wanted))
        inputs = self._inputs(lever.batch)
        expected = {stage: self._functions(self._networks)[stage](*inputs[stage]) for stage in lever.stages}
        found: dict[str, Any] = {}
        torch._dynamo.reset()  # neither its code nor the stored one knows which attention it was made with
        reuse = functorch.patch(enable_autograd_cache=lever.change is unchanged)
        with lever.change(self._networks) as networks, reuse:
            parts, compile_s = self._functions(networks), {}
            for stage in lever.stages if lever.way == "compiled" else ():
                if stage in PARTS:
                    began = time.perf_counter()
                    made = partial(compile_function, parts[stage], inputs[stage], **lever.settings)
                    error = attempted(lambda stage=stage, made=made: parts.update({stage: made()}) or {})
                    compile_s[stage] = {"compile_s": round(time.perf_counter() - began, 1), **error}
            for stage in lever.stages:
                run = partial(self._stage, lever, stage, parts[stage], inputs[stage], expected[stage])
                found[stage] = {**attempted(run), **compile_s.get(stage, {})}
        return found

    def _stage(
        self, lever: Lever, stage: str, function: Function, inputs: list[Tensor], expected: Tensor
    ) -> dict[str, Any]:
        run, memory = function, {}
        if lever.way != "eager" and self._placement.device != "cpu":
            before = torch.cuda.memory_allocated()
            torch.cuda.reset_peak_memory_stats()
            run = Graph(function, inputs, searching=lever.searching)
            memory = {"megabytes to capture": round((torch.cuda.max_memory_allocated() - before) / 1e6)}
        return {
            "ms": self._median(lambda: run(*inputs)),
            "from eager": difference(run(*inputs), expected, stage),
            **memory,
        }

    @torch.inference_mode()
    def package(self) -> dict[str, Any]:
        """The decoder as a package that needs no compiler where it is used: what ZeroGPU asks for."""
        networks, inputs = self._networks.fuse(), self._inputs(1)["full"]
        decoder = Calls(functions_to_compile(networks)["full"], networks.parts["vae"])
        expected = functions_to_compile(self._networks)["full"](*inputs)
        with tempfile.TemporaryDirectory() as folder:
            file, began = Path(folder, "decoder.pt2"), time.perf_counter()
            torch._inductor.aoti_compile_and_package(
                torch.export.export(decoder, tuple(inputs)), package_path=str(file)
            )
            made = time.perf_counter()
            run = torch._inductor.aoti_load_package(str(file))
            found = {
                "made_s": round(made - began, 1),
                "loaded_s": round(time.perf_counter() - made, 2),
                "megabytes": round(file.stat().st_size / 1e6, 1),
                "ms": self._median(lambda: run(*inputs)),
                "from eager": difference(run(*inputs), expected, "full"),
            }
            if self._placement.device != "cpu":
                found["graph_ms"] = self._median(partial(Graph(run, inputs), *inputs))
            return found

    def _functions(self, networks: EagerNetworks) -> dict[str, Function]:
        """A function for each stage; the wholes call what the parts are by then."""
        parts = functions_to_compile(networks)

        def whole(decoder: str, ids: Tensor, noise: Tensor, timestep: Tensor) -> Tensor:
            states = parts["text"](ids).repeat_interleave(len(noise), dim=0)
            return to_uint8(parts[decoder](noise + parts["unet"](noise, timestep, states)))

        parts.update({name: partial(whole, decoder) for name, decoder in WHOLES.items()})
        return parts

    def _inputs(self, batch: int) -> dict[str, list[Tensor]]:
        torch.manual_seed(0)
        where: dict[str, Any] = {"device": self._placement.device}
        exact = where | {"dtype": self._placement.torch_dtype}
        noise = torch.randn(batch, 4, self._side, self._side, **exact)
        ids, timestep = torch.arange(77, **where)[None], torch.tensor(1000.0, **where)
        states = torch.randn(batch, 77, self._networks.parts["unet"].config["cross_attention_dim"], **exact)
        parts = {"text": [ids], "unet": [noise, timestep, states], "full": [noise * 0.2], "tiny": [noise]}
        return parts | {name: [ids, noise, timestep] for name in WHOLES}

    @torch.inference_mode()
    def host(self) -> dict[str, Any]:
        """From the decoder's output to what a browser gets."""
        image = torch.rand(1, 3, 8 * self._side, 8 * self._side, device=self._placement.device) * 2 - 1
        image = torch.nn.functional.avg_pool2d(image.to(self._placement.torch_dtype), 9, 1, 4)  # not all noise
        shown = Image.fromarray(to_uint8_host(image)[0].numpy())
        found = {
            "uint8 on the device, pinned": lambda: to_uint8_host(image),
            "uint8 on the device, pageable": lambda: to_uint8(image).cpu(),
            "uint8 on the host": lambda: to_uint8_host(image.cpu()),
        }
        for name, settings in ENCODINGS.items():
            found[name] = partial(shown.save, io.BytesIO(), name.split(",")[0], **settings)
        return {name: {"ms": self._median(job, by_clock=True)} for name, job in found.items()}

    def _median(self, job: Callable[[], Any], *, by_clock: bool = False) -> float:
        for _ in range(3):
            job()
        timed = by_the_clock if by_clock or self._placement.device == "cpu" else by_events
        return round(statistics.median(timed(job) for _ in range(self._repeats)), 3)


def by_the_clock(job: Callable[[], Any]) -> float:
    """Milliseconds of a job that waits for the device by itself."""
    began = time.perf_counter()
    job()
    return (time.perf_counter() - began) * 1000


def by_events(job: Callable[[], Any]) -> float:
    """Milliseconds of a job on the device."""
    torch.cuda.synchronize()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    job()
    end.record()
    end.synchronize()
    return start.elapsed_time(end)


def difference(made: Tensor, expected: Tensor, stage: str) -> str:
    if stage in ("text", "unet"):
        return f"{float((made - expected).abs().max() / expected.abs().max()):.1e} of the largest"
    one, other = (each if each.dtype == torch.uint8 else to_uint8(each) for each in (made, expected))
    return f"{int((one.int() - other.int()).abs().max())} levels"


if __name__ == "__main__":
    typer.run(main)
