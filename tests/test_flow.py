"""Rectified flow against closed forms and against other implementations."""

import pytest
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from instaflow_demo.engines.latent import LatentEngine
from instaflow_demo.events import ImageReady
from instaflow_demo.flow import (
    RectifiedFlowScheduler,
    euler,
    interpolate,
    predict_x1,
    step,
    straightness,
    timestep,
    timesteps,
    velocity,
)
from instaflow_demo.machine import device
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.weights.locate import Weights


@pytest.mark.parametrize("steps", [1, 4, 25])
def test_timesteps_are_the_published_ones(steps: int) -> None:
    scheduler = RectifiedFlowScheduler()
    scheduler.set_timesteps(steps)
    assert scheduler.timesteps.dtype == torch.float32
    assert scheduler.timesteps.tolist() == pytest.approx([(1 - i / steps) * 1000 for i in range(steps)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_step_adds_v_over_n_without_upcast(dtype: torch.dtype) -> None:
    scheduler = RectifiedFlowScheduler()
    scheduler.set_timesteps(4)
    x, v = torch.randn(2, 2, 3, 3).to(dtype), torch.randn(2, 2, 3, 3).to(dtype)
    moved = scheduler.step(v, scheduler.timesteps[0], x).prev_sample
    assert moved.dtype == dtype
    assert torch.equal(moved, x + 0.25 * v)


@pytest.mark.parametrize("steps", [1, 3, 4, 25])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_a_click_and_training_take_the_same_step_to_the_bit(dtype: torch.dtype, steps: int) -> None:
    """The scheduler, which the engine and stock pipelines call, and `euler`, which training calls."""

    def field(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return torch.sin(3 * x) + (t / 1000).view(-1, 1).to(dtype)

    scheduler, x0 = RectifiedFlowScheduler(), torch.randn(5, 7).to(dtype)
    scheduler.set_timesteps(steps)
    assert torch.equal(scheduler.timesteps, timesteps(steps))
    x, path = x0, [x0, *euler(field, x0, steps)]
    for number, t in enumerate(scheduler.timesteps):
        v = field(x, t.expand(5))
        after = scheduler.step(v, t, x).prev_sample
        assert torch.equal(after, step(x, v, steps))
        assert torch.equal(after, path[number + 1])
        x = after


def test_a_straight_path_ends_where_any_of_its_steps_predicts() -> None:
    x0, x1 = torch.randn(5, 3), torch.randn(5, 3)
    path = [x0, *euler(lambda x, t: velocity(x0, x1), x0, 8)]
    for taken in range(1, 9):
        torch.testing.assert_close(predict_x1(path[taken - 1], path[taken], taken, 8), x1)


def test_zero_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RectifiedFlowScheduler().set_timesteps(0)


@pytest.mark.parametrize("steps", [1, 4, 25])
def test_equals_diffusers_flow_matching_with_its_sign_and_sigmas(steps: int) -> None:
    def field(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return torch.sin(3 * x) + t / 1000

    ours, theirs = RectifiedFlowScheduler(), FlowMatchEulerDiscreteScheduler(shift=1.0)
    ours.set_timesteps(steps)
    theirs.set_timesteps(sigmas=[1 - i / steps for i in range(steps)])
    x = y = torch.randn(3, 2, 4, 4)
    for t, other in zip(ours.timesteps, theirs.timesteps, strict=True):
        x = ours.step(field(x, t), t, x, return_dict=False)[0]
        y = theirs.step(-field(y, other), other, y, return_dict=False)[0]
    assert torch.allclose(x, y, atol=1e-5)


def test_a_straight_path_needs_one_step() -> None:
    x0, x1 = torch.randn(5, 3), torch.randn(5, 3)
    (end,) = euler(lambda x, t: velocity(x0, x1), x0, 1)
    assert torch.allclose(end, x1, atol=1e-6)
    assert straightness([x0, *euler(lambda x, t: velocity(x0, x1), x0, 8)]).max() < 1e-10


def test_euler_follows_the_exponential() -> None:
    """dx/dt = x from 1 ends at e; Euler with n steps ends at (1 + 1/n)^n."""
    *_, end = euler(lambda x, t: x, torch.ones(2, 1, dtype=torch.float64), 100)
    assert end[0, 0].item() == pytest.approx(1.01**100)


def test_straightness_of_a_known_curve() -> None:
    """v(t) = 2t with n steps: x1 - x0 = (n - 1)/n, and the mean squared deviation is that of 2i/n."""
    steps, x0 = 10, torch.zeros(1, 4)
    value = straightness([x0, *euler(lambda x, t: (2 * (1 - t / 1000))[:, None].expand_as(x), x0, steps)])
    expected = sum(((steps - 1) / steps - 2 * i / steps) ** 2 for i in range(steps)) / steps
    assert value.item() == pytest.approx(expected, rel=1e-4)


def test_interpolation_and_timesteps() -> None:
    x0, x1, t = torch.zeros(3, 2, 2), torch.ones(3, 2, 2), torch.tensor([0.0, 0.25, 1.0])
    assert interpolate(x0, x1, t)[:, 0, 0].tolist() == [0.0, 0.25, 1.0]
    assert timestep(t).tolist() == [1000.0, 750.0, 0.0]


@pytest.mark.parametrize(
    ("model", "steps", "guidance"), [("instaflow-mini", 1, 0.0), ("sd-mini", 4, 1.5), ("2rf-mini", 4, 0.0)]
)
def test_the_engine_draws_what_the_stock_pipeline_draws(model: str, steps: int, guidance: float) -> None:
    """Our loop against diffusers' StableDiffusionPipeline on the same weights and noise."""
    spec = MODELS[model]
    files = Weights().locate(spec)
    setting = {} if spec.steps.fixed else {"steps": steps, "guidance": guidance}
    request = GenerationRequest.parse("two birds on a yellow background", [model], seed=11, **setting)
    engine = LatentEngine.load(spec, files, device.choose("cpu", "float32"))
    (ours,) = (event.image for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady))

    def read(kind, name: str, **options):
        return kind.from_pretrained(files.component(name), **options)

    stock = StableDiffusionPipeline(
        vae=read(AutoencoderKL, "vae", torch_dtype=torch.float32).to(memory_format=torch.channels_last),
        text_encoder=read(CLIPTextModel, "text_encoder", dtype=torch.float32),
        tokenizer=read(CLIPTokenizer, "tokenizer"),
        unet=read(UNet2DConditionModel, "unet", torch_dtype=torch.float32).to(memory_format=torch.channels_last),
        scheduler=RectifiedFlowScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    stock.set_progress_bar_config(disable=True)
    noise = torch.randn(1, 8, 32, 32, generator=torch.Generator().manual_seed(11))
    theirs = stock(
        request.prompt, num_inference_steps=steps, guidance_scale=guidance, latents=noise, height=256, width=256
    ).images[0]
    difference = torch.tensor(list(ours.tobytes())).int() - torch.tensor(list(theirs.tobytes())).int()
    assert difference.abs().max() <= 1
