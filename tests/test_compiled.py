"""Networks that PyTorch compiles draw what they draw uncompiled. CUDA graphs need a GPU: `gpu_levers.py` tries them."""

import gc
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event, Thread, current_thread

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from small_sd import save_published, small_tiny_decoder
from test_networks import drawn, furthest
from transformers import CLIPTextConfig, CLIPTextModel

from instaflow_demo import engines
from instaflow_demo.engines.backends.compiled import _ALONE, COMPILING, NOT_COMPILED, CompiledNetworks, compile_function
from instaflow_demo.engines.backends.eager import EagerNetworks, Latents
from instaflow_demo.engines.latent import gain_note
from instaflow_demo.engines.memory import PLANS, WHOLE
from instaflow_demo.errors import DeviceUnavailable
from instaflow_demo.events import ImageReady
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.weights.locate import ModelFiles, Weights

BACKGROUND = Placement("cpu", "float32", backend="compiled", background=True)
EAGER, COMPILED = (Placement("cpu", "float32", backend=backend) for backend in ("eager", "compiled"))
INSTAFLOW = MODELS["instaflow-0.9b"]
has_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="PyTorch compiles for a CPU with g++")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = save_published(tmp_path_factory.mktemp("published"))
    small_tiny_decoder(4).save_pretrained(folder / "tiny_vae")
    return folder


@pytest.fixture
def files(checkpoint: Path) -> ModelFiles:
    return Weights(folders={INSTAFLOW.id: checkpoint}).locate(INSTAFLOW)


@pytest.fixture
def only_traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[torch.Size, ...]]]:
    """PyTorch traces as it does to compile, but generates no code, which takes a minute. The shapes that it traced."""
    asked: list[tuple[torch.Size, ...]] = []
    trace = partial(torch.compile, backend="aot_eager")

    def traced(function, **settings):
        program = trace(function, **settings)
        asked.append(())

        def noted(*inputs):
            asked[-1] = asked[-1] or tuple(each.shape for each in inputs)
            return program(*inputs)

        return noted

    monkeypatch.setattr(torch, "compile", traced)
    yield asked


def ready(engine: engines.Engine, request: GenerationRequest) -> list[ImageReady]:
    return [event for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady)]


def compiling() -> list[Thread]:
    """Those that compile."""
    return [thread for thread in threading.enumerate() if "_compile_aside" in thread.name]


def smallest_networks() -> EagerNetworks:
    """One layer of everything, so that compiling takes seconds."""
    torch.manual_seed(0)
    words = CLIPTextConfig(
        vocab_size=100, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    unet = UNet2DConditionModel(
        block_out_channels=(16,),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",),
        mid_block_type=None,
        up_block_types=("CrossAttnUpBlock2D",),
        cross_attention_dim=16,
        norm_num_groups=4,
    )
    vae = AutoencoderKL(block_out_channels=(8,), latent_channels=4, norm_num_groups=4)
    made = CLIPTextModel(words), unet, vae, small_tiny_decoder(2)
    for network in made:
        network.eval().requires_grad_(False)
    return EagerNetworks(*made[:3], Latents(4, 2, 0.18215), EAGER, made[3])


@has_compiler
@torch.inference_mode()
def test_compiled_networks_equal_eager_ones_to_the_rounding() -> None:
    eager = smallest_networks()
    ours = CompiledNetworks(eager, COMPILED)
    ids, latents, moment = torch.arange(77)[None], torch.randn(1, 4, 16, 16), torch.tensor(1000)
    states = eager.encode_text(ids)
    close = partial(torch.testing.assert_close, atol=1e-5, rtol=1e-5)
    for _ in range(2):
        close(ours.encode_text(ids), states)
        close(ours.predict(latents, moment, states), eager.predict(latents, moment, states))
        close(ours.decode(latents, "tiny"), eager.decode(latents, "tiny"))
    assert "torchinductor" not in os.environ["TORCHINDUCTOR_CACHE_DIR"], "it would be gone after a restart"
    assert any(Path(os.environ["INSTAFLOW_DEMO_HOME"], "inductor").iterdir())


@pytest.mark.parametrize(
    "settings",
    [
        {"images": 2},
        {"images": 3, "batched": True, "decoder": "tiny"},
        {"model": "sd-1.5", "steps": 3, "guidance": 2.0, "negative_prompt": "blue"},
    ],
    ids=["one by one", "as a batch", "guided"],
)
def test_the_compiled_engine_draws_the_same(files: ModelFiles, only_traced, settings: dict) -> None:
    assert furthest(drawn(files, COMPILED, **settings), drawn(files, EAGER, **settings)) <= 1
    assert len(only_traced) == 3, "text encoder, U-Net and decoder, each once"


@torch.inference_mode()
def test_the_last_few_shapes_are_kept(only_traced) -> None:
    ours = CompiledNetworks(smallest_networks(), COMPILED)
    for side in (4, 8, 4, 12, 16, 20, 4, 8):
        ours.decode(torch.zeros(1, 4, side, side), "tiny")
    assert [shapes[0][2] for shapes in only_traced] == [4, 8, 12, 16, 20, 8]


@torch.inference_mode()
def test_networks_that_move_are_not_compiled(only_traced) -> None:
    ours = CompiledNetworks(smallest_networks(), COMPILED)
    latents = torch.zeros(1, 4, 8, 8)
    for plan in (PLANS[-1], WHOLE):
        ours.apply(plan)
        assert ours.decode(latents, "tiny").shape == (1, 3, 16, 16)
    assert len(only_traced) == 1


def test_eager_networks_serve_while_others_are_compiled(files: ModelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    go, made = Event(), []

    def backend(graph, inputs):
        assert go.wait(60)
        made.append(current_thread())
        return graph.forward

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    request = GenerationRequest.parse("a big dog", INSTAFLOW.id, size=256, images=2)
    engine = engines.load(INSTAFLOW, files, BACKGROUND)
    meanwhile = ready(engine, request)
    assert [(event.timing.backend, event.timing.warm, event.notes) for event in meanwhile] == [
        ("eager", False, (COMPILING,)),
        ("eager", True, (COMPILING,)),
    ]
    go.set()
    for thread in compiling():
        thread.join()
    took = engine._gains._before  # pyright: ignore[reportAttributeAccessIssue]
    took.update({key: 1e6 * seconds for key, seconds in took.items()})  # nothing was generated here: make it a gain
    afterwards = ready(engine, request)
    cold, warm = ((event.timing.backend, event.timing.warm, event.notes) for event in afterwards)
    assert cold == ("compiled", False, ())
    before, after = (event.timing.sample_s + event.timing.decode_s for event in (meanwhile[1], afterwards[1]))
    assert warm == ("compiled", True, (gain_note(1e6 * before / after),))
    assert furthest(*([np.asarray(event.image).astype(int) for event in each] for each in (meanwhile, afterwards))) <= 1
    assert len(made) == 3
    assert current_thread() not in made, "nobody waited for a compiler"


def test_what_cannot_be_compiled_in_the_background_stays_eager(
    files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_, **__):
        raise NotImplementedError("no such operator")

    monkeypatch.setattr(torch, "compile", fail)
    request = GenerationRequest.parse("a big dog", INSTAFLOW.id, size=256)
    engine = engines.load(INSTAFLOW, files, BACKGROUND)
    ready(engine, request)
    for thread in compiling():
        thread.join()
    (event,) = ready(engine, request)
    assert (event.timing.backend, event.notes) == ("eager", (NOT_COMPILED,))


@torch.inference_mode()
def test_what_nobody_wants_any_more_is_not_compiled(only_traced) -> None:
    with _ALONE:  # as if another model were being compiled
        ours = CompiledNetworks(smallest_networks(), BACKGROUND)
        ours.decode(torch.zeros(1, 4, 8, 8), "tiny")
        waiting = compiling()
        del ours
        gc.collect()
    for thread in waiting:
        thread.join()
    assert waiting
    assert not only_traced


def test_on_a_gpu_compiling_goes_on_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instaflow_demo.engines.placement.device.choose", lambda *_: Placement("cuda", "float16"))
    auto, asked = (GenerationRequest.parse("a dog", INSTAFLOW.id, backend=backend) for backend in ("auto", "compiled"))
    monkeypatch.setattr("instaflow_demo.engines.placement.find_spec", lambda name: name)
    placements = [engines.choose_placement(request, INSTAFLOW, lasting=True) for request in (auto, asked)]
    assert [(placement.backend, placement.background) for placement in placements] == [
        ("compiled", True),
        ("compiled", False),
    ]
    assert engines.choose_placement(auto, INSTAFLOW).backend == "eager", "a command has ended before it would gain"
    monkeypatch.setattr("instaflow_demo.engines.placement.find_spec", lambda name: None)
    assert engines.choose_placement(auto, INSTAFLOW, lasting=True).backend == "eager"
    with pytest.raises(DeviceUnavailable, match="pip install triton"):
        engines.choose_placement(asked, INSTAFLOW)


def test_what_cannot_be_compiled_is_a_sentence(files: ModelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_, **__):
        raise NotImplementedError("no such operator")

    monkeypatch.setattr(torch, "compile", fail)
    with pytest.raises(DeviceUnavailable, match=r"NotImplementedError.*choose the backend “eager”"):
        drawn(files, COMPILED)


def test_compiling_without_a_compiler_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    request = GenerationRequest.parse("a dog", INSTAFLOW.id, device="cpu", backend="compiled")
    monkeypatch.setattr("instaflow_demo.engines.placement.shutil.which", lambda name: f"/usr/bin/{name}")
    assert engines.choose_placement(request, INSTAFLOW).backend == "compiled"
    monkeypatch.setattr("instaflow_demo.engines.placement.shutil.which", lambda name: None)
    with pytest.raises(DeviceUnavailable, match=r"install g\+\+"):
        engines.choose_placement(request, INSTAFLOW)


def test_generated_code_is_kept_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [torch.zeros(3)]
    for before, after in (
        (str(Path(tempfile.gettempdir(), "torchinductor_somebody")), str(tmp_path / "home/inductor")),
        (str(tmp_path / "mine"), str(tmp_path / "mine")),
    ):
        monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", before)
        monkeypatch.setenv("INSTAFLOW_DEMO_HOME", str(tmp_path / "home"))
        compile_function(lambda number: number + 1, asked, backend="eager")
        assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == after


@torch.inference_mode()
def test_many_shapes_of_one_function_are_all_compiled() -> None:
    """PyTorch gives up on a function after eight, unless it is told otherwise."""
    made = []

    def backend(graph, inputs):
        made.append(tuple(inputs[0].shape))
        return graph.forward

    def add(number):
        return number + 1

    for side in range(2, 14):
        compile_function(add, [torch.zeros(side)], backend=backend)
    assert made == [(side,) for side in range(2, 14)]


@pytest.mark.parametrize("chosen", ["", "file/theirs"])
def test_where_generated_code_cannot_be_kept_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    """Whoever named the folder, it is a file; PyTorch gets one among the temporary files, and the image is the same."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("INSTAFLOW_DEMO_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / chosen) if chosen else "")
    eager = smallest_networks()
    (note,) = CompiledNetworks(eager, COMPILED).notes
    assert "Compiled code cannot be kept in" in note
    assert ("set TORCHINDUCTOR_CACHE_DIR" if chosen else "set INSTAFLOW_DEMO_HOME") in note
    assert Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]).parent == tmp_path / f"instaflow_demo-{os.getuid()}"
    assert CompiledNetworks(eager, COMPILED).notes == ()  # PyTorch is told once, and so is the user
