"""Checkpoints' noise schedules: followed whichever scheduler wrote them, or refused by name."""

import inspect
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler
from PIL import Image
from small_refiner import save_refiner
from small_sd import save_published

from instaflow_demo import engines
from instaflow_demo.engines import Engine
from instaflow_demo.engines.batches import Batch
from instaflow_demo.engines.checkpoint.schedulers import (
    FAMILY,
    FILE,
    IGNORED,
    RULES,
    DPMSolver,
    advance,
    load_scheduler,
    predict_final_latents,
)
from instaflow_demo.engines.refiner import Refiner
from instaflow_demo.errors import ModelUnavailable
from instaflow_demo.events import ImageReady
from instaflow_demo.machine.device import Placement
from instaflow_demo.measure import Timing
from instaflow_demo.registry import MODELS, REFINER
from instaflow_demo.request import GenerationRequest
from instaflow_demo.ui.text import translate
from instaflow_demo.weights.locate import ModelFiles

CPU, SD = Placement("cpu", "float32"), MODELS["sd-1.5"]
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# what stable-diffusion-v1-5 has
PUBLISHED = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.6.0",
    **BETAS,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": False,
}
OLD_SOLVER = {"_class_name": "DPMSolverMultistepScheduler", **BETAS, "algorithm_type": "dpmsolver"}
STOCHASTIC = OLD_SOLVER | {"algorithm_type": "sde-dpmsolver++"}
# those that are not dummies for want of another library
AT_HAND = sorted(name for name in FAMILY if hasattr(getattr(diffusers, name), "from_config"))
AT_HAND = [name for name in AT_HAND if "beta_start" in inspect.signature(getattr(diffusers, name).__init__).parameters]


def said(folder: Path, config: object) -> ModelFiles:
    """A checkpoint whose scheduler says so."""
    (folder / "scheduler").mkdir(parents=True, exist_ok=True)
    (folder / "scheduler" / FILE).write_text(config if isinstance(config, str) else json.dumps(config))
    return ModelFiles(folder)


def read(folder: Path, config: object) -> DPMSolver:
    made = load_scheduler(SD, said(folder, config))
    assert isinstance(made, DPMSolver)
    return made


def path(made: Any, steps: int, images: int = 2) -> Iterator[torch.Tensor]:
    """Latents after each step of a network that is easily asked: it says a tenth of what it sees, shifted."""
    made.set_timesteps(steps)
    generators = [torch.Generator().manual_seed(seed) for seed in range(images)]
    x = torch.stack([torch.randn(4, 8, 8, generator=each) for each in generators])
    for timestep in made.timesteps:
        output = 0.1 * x.roll(1, 2) + 0.5
        if isinstance(made, DPMSolver):
            x = advance(made, output, timestep, x, generators)
        else:
            x = made.step(output, timestep, x, generator=generators, return_dict=False)[0]
        yield x


def test_the_published_schedule_is_stepped_by_dpm_solver(tmp_path: Path) -> None:
    made = read(tmp_path, PUBLISHED)
    theirs = DPMSolverMultistepScheduler.from_config(PUBLISHED)
    assert made.config["algorithm_type"] == "dpmsolver++"
    assert torch.equal(made.alphas_cumprod, theirs.alphas_cumprod)
    for one, other in zip(path(made, 25), path(theirs, 25), strict=True):
        assert torch.equal(one, other)
    assert made.timesteps[0] == 999


SCHEDULES = [
    BETAS,
    {"beta_schedule": "squaredcos_cap_v2"},
    {"beta_start": 0.001, "beta_end": 0.03, "beta_schedule": "linear", "num_train_timesteps": 500},
    {"trained_betas": torch.linspace(0.001, 0.015, 1000).tolist()},
    {},
]


@pytest.mark.parametrize("name", AT_HAND)
def test_betas_are_those_of_the_scheduler_that_wrote_them(tmp_path: Path, name: str) -> None:
    """Also where the file leaves them out, and its class has others than DPM-Solver."""
    for schedule in SCHEDULES:
        for predicts in ("epsilon", "v_prediction"):
            wrote = getattr(diffusers, name)(**schedule, prediction_type=predicts)
            short = {"_class_name": name, "prediction_type": predicts, **schedule}
            for config in (short, json.loads(wrote.to_json_string())):
                made = read(tmp_path, config)
                torch.testing.assert_close(made.alphas_cumprod, wrote.alphas_cumprod, rtol=0, atol=0)
                assert made.config["prediction_type"] == predicts
                for steps in (1, 5, 25):
                    assert all(x.isfinite().all() for x in path(made, steps))


@pytest.mark.parametrize("name", ["DDIMScheduler", "EulerDiscreteScheduler"])
def test_a_rescaled_schedule_has_no_signal_at_its_end(tmp_path: Path, name: str) -> None:
    config = {"_class_name": name, **BETAS, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}
    made = read(tmp_path, config | {"timestep_spacing": "trailing"})
    assert made.alphas_cumprod[-1] == 2**-24
    assert all(x.isfinite().all() for x in path(made, 25))


@pytest.mark.parametrize(
    "settings",
    [
        {"use_karras_sigmas": True},
        {"use_exponential_sigmas": True},
        {"use_beta_sigmas": True},
        {"use_lu_lambdas": True, "euler_at_final": True},
        {"timestep_spacing": "leading", "steps_offset": 1},
        {"timestep_spacing": "trailing", "solver_order": 3, "lower_order_final": False},
        {"solver_type": "heun", "thresholding": True, "sample_max_value": 3.0},
        {"algorithm_type": "sde-dpmsolver++", "final_sigmas_type": "sigma_min"},
        {"algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min"},
        {"algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min", "solver_order": 3},
        {"lambda_min_clipped": -5.1, "beta_schedule": "squaredcos_cap_v2"},
        {"use_karras_sigmas": None, "variance_type": "fixed_small", "_made_by": "hand"},
    ],
    ids=lambda settings: ", ".join(f"{name} {value}" for name, value in settings.items()),
)
def test_what_the_file_says_of_dpm_solver_is_done_as_diffusers_does_it(tmp_path: Path, settings: dict) -> None:
    config = {"_class_name": "DPMSolverMultistepScheduler", **BETAS, **settings}
    made = read(tmp_path, config)
    theirs = DPMSolverMultistepScheduler.from_config({name: v for name, v in config.items() if v is not None})
    for steps in (1, 10, 25):
        for one, other in zip(path(made, steps), path(theirs, steps), strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize(
    "config",
    [
        {"_class_name": "DEISMultistepScheduler", **BETAS, "algorithm_type": "deis", "solver_type": "logrho"},
        {"_class_name": "UniPCMultistepScheduler", **BETAS, "solver_type": "bh2", "predict_x0": True},
        {"_class_name": "DPMSolverSinglestepScheduler", **BETAS},
    ],
    ids=lambda config: config["_class_name"],
)
def test_dpm_solver_stands_in_for_solvers_of_its_family(tmp_path: Path, config: dict) -> None:
    plain = read(tmp_path / "plain", PUBLISHED)
    for one, other in zip(path(read(tmp_path, config), 10), path(plain, 10), strict=True):
        assert torch.equal(one, other)


def test_the_first_solver_ends_as_it_did_when_its_files_were_written(tmp_path: Path) -> None:
    """DPM-Solver cannot step to no noise at all, for which its files have no field: they end at the least."""
    for algorithm in ("dpmsolver", "sde-dpmsolver"):
        made = read(tmp_path, OLD_SOLVER | {"algorithm_type": algorithm})
        ends = DPMSolverMultistepScheduler(**BETAS, algorithm_type=algorithm, final_sigmas_type="sigma_min")
        for one, other in zip(path(made, 20), path(ends, 20), strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("spacing", ["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"])
@pytest.mark.parametrize("schedule", [{"beta_schedule": "squaredcos_cap_v2"}, BETAS])
def test_equal_timesteps_are_all_taken(tmp_path: Path, schedule: dict, spacing: str) -> None:
    """diffusers' own skips one and then fails, as it looks for the first among them."""
    made = read(tmp_path, {"_class_name": "DPMSolverMultistepScheduler", **schedule, spacing: True})
    equal = 0
    for steps in (5, 25, 50, 100):
        assert len(list(path(made, steps))) == steps
        equal += len(made.timesteps) - len(set(made.timesteps.tolist()))
        assert made.step_index == steps
    assert equal or schedule is BETAS


def test_as_many_steps_are_taken_as_were_asked_for(tmp_path: Path) -> None:
    for spacing in ("linspace", "leading", "trailing"):
        made = read(tmp_path, PUBLISHED | {"timestep_spacing": spacing})
        for steps in range(1, 101):
            made.set_timesteps(steps)
            assert len(made.timesteps) == steps == made.num_inference_steps
            assert made.timesteps.min() >= 0


# ---------------------------------------------------------------- what is refused


REFUSED = [
    ("null", "not an object"),
    ("[]", "not an object"),
    ("{", "not an object"),
    ({}, "null follows no schedule"),
    ({"_class_name": ["PNDMScheduler"]}, "follows no schedule"),
    ({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}, "FlowMatchEulerDiscreteScheduler"),
    ({"_class_name": "FlowMatchHeunDiscreteScheduler"}, "FlowMatchHeunDiscreteScheduler"),
    ({"_class_name": "EDMEulerScheduler"}, "EDMEulerScheduler"),
    ({"_class_name": "LCMScheduler", **BETAS}, "LCMScheduler"),
    ({"use_flow_sigmas": True}, "“use_flow_sigmas” is true"),
    ({"prediction_type": "flow_prediction"}, "“prediction_type” is flow_prediction"),
    ({"prediction_type": None}, "“prediction_type” is null"),
    ({"prediction_type": "velocity"}, "velocity, and can be: epsilon, sample, v_prediction"),
    ({"predict_epsilon": False}, "predict_epsilon"),
    ({"beta_schedule": "sigmoid"}, "“beta_schedule” is sigmoid"),
    ({"beta_schedule": None}, "“beta_schedule” is null"),
    ({"beta_schedule": ["linear"]}, "“beta_schedule” is "),
    ({"beta_shedule": "linear"}, "has a field “beta_shedule”"),
    ({"beta_start": "0.00085"}, "“beta_start” is 0.00085"),
    ({"beta_end": -0.012}, "“beta_end” is -0.012"),
    ({"beta_end": 1e9}, "“beta_end”"),
    ({"beta_end": True}, "“beta_end” is true"),
    ('{"_class_name": "PNDMScheduler", "beta_end": NaN}', "“beta_end” is NaN"),
    ({"beta_start": 0.9, "beta_end": 0.95}, "falling noise"),
    ({"num_train_timesteps": 10**12}, "“num_train_timesteps” is 1000000000000"),
    ({"num_train_timesteps": 0}, "“num_train_timesteps” is 0"),
    ({"num_train_timesteps": 1000.0}, "“num_train_timesteps”"),
    ({"num_train_timesteps": None}, "“num_train_timesteps” is null"),
    ({"trained_betas": []}, "“trained_betas”"),
    ({"trained_betas": [0.1] * 999}, "1000 numbers"),
    ({"trained_betas": [0.1] * 999 + ["x"]}, "“trained_betas”"),
    ({"trained_betas": "linear"}, "“trained_betas” is linear"),
    ({"timestep_spacing": "uniform"}, "“timestep_spacing” is uniform"),
    ({"timestep_type": "continuous"}, "“timestep_type” is continuous"),
    ({"steps_offset": 999, "timestep_spacing": "leading"}, "falling noise"),
    ({"steps_offset": -1}, "“steps_offset” is -1"),
    ({"solver_order": 4}, "“solver_order” is 4"),
    ({"solver_order": True}, "“solver_order” is true"),
    ({"solver_type": "bh3"}, "“solver_type” is bh3"),
    ({"algorithm_type": "dpmsolver+++"}, "“algorithm_type” is dpmsolver+++"),
    ({"algorithm_type": "sde-dpmsolver", "solver_order": 3}, "“solver_order” of 3"),
    ({"algorithm_type": "dpmsolver", "final_sigmas_type": "zero"}, "“final_sigmas_type”"),
    ({"use_karras_sigmas": "yes"}, "“use_karras_sigmas” is yes"),
    ({"use_karras_sigmas": True, "use_lu_lambdas": True}, "“use_karras_sigmas” and “use_lu_lambdas”"),
    ({"variance_type": "learned_range"}, "“variance_type” is learned_range"),
    ({"lambda_min_clipped": 0}, "“lambda_min_clipped” is 0, and can be from -inf to -4"),
]


@pytest.mark.parametrize(("config", "named"), REFUSED, ids=lambda each: str(each)[:50])
def test_what_cannot_be_followed_is_refused_by_name_at_once(tmp_path: Path, config: object, named: str) -> None:
    files = said(tmp_path, PUBLISHED | config if isinstance(config, dict) and config else config)
    began = time.process_time()
    with pytest.raises(ModelUnavailable) as refused:
        load_scheduler(SD, files)
    assert time.process_time() - began < 2
    sentence = refused.value.sentence
    assert named in sentence
    assert "damaged" not in sentence
    assert str(tmp_path / "scheduler" / FILE) in sentence
    portuguese = translate("pt-BR", sentence)
    assert portuguese.startswith("Stable Diffusion 1.5 não pode dar os passos que")
    assert not {"cannot", "says", "and", "exclude"} & set(portuguese.split())


@pytest.mark.parametrize("config", [{"_class_name": "LCMScheduler"}, {"beta_end": -1}, None, []], ids=repr)
def test_what_cannot_be_followed_is_refused_before_the_networks_are_read(tmp_path: Path, config: object) -> None:
    files = ModelFiles(save_published(tmp_path / "sd"))
    said(files.root, PUBLISHED | config if isinstance(config, dict) else config)
    with pytest.raises(ModelUnavailable, match=re.escape(str(files.root / "scheduler" / FILE))):
        engines.load(SD, files, CPU)


def test_a_file_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="is missing"):
        load_scheduler(SD, ModelFiles(tmp_path))


def test_every_field_of_every_scheduler_is_judged_or_known_to_mean_nothing_here() -> None:
    fields = {
        field
        for name in (*AT_HAND, "DPMSolverMultistepScheduler")
        for field in inspect.signature(getattr(diffusers, name).__init__).parameters
    }
    assert fields - {"self"} <= set(RULES) | IGNORED | {"trained_betas"}
    assert not set(RULES) & IGNORED
    assert len(AT_HAND) >= 10


def test_a_rectified_flow_needs_no_file(tmp_path: Path) -> None:
    assert type(load_scheduler(MODELS["2rf"], said(tmp_path, "null"))).__name__ == "RectifiedFlowScheduler"


def test_the_predicted_final_latents_are_the_same_by_both_solvers(tmp_path: Path) -> None:
    """Both see one output of the network, and must promise the same image of it."""
    promised = []
    for algorithm in ("dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver"):
        made = read(tmp_path, OLD_SOLVER | {"algorithm_type": algorithm})
        made.set_timesteps(5)
        generators = [torch.Generator().manual_seed(0)]
        before = torch.randn(1, 4, 8, 8, generator=generators[0])
        advance(made, 0.9 * before, made.timesteps[0], before, generators)
        promised.append(predict_final_latents(made, before, before, 1, 5))
    for other in promised[1:]:
        torch.testing.assert_close(promised[0], other, rtol=1e-4, atol=1e-4)
    alpha = made.alphas_cumprod[-1].sqrt()
    torch.testing.assert_close(promised[0], (before - (1 - alpha**2).sqrt() * 0.9 * before) / alpha)


# ---------------------------------------------------------------- one seed, one image


@pytest.fixture(scope="module", params=["sde-dpmsolver++", "sde-dpmsolver"])
def stochastic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A checkpoint whose steps add noise."""
    folder = save_published(tmp_path_factory.mktemp("published") / "sd")
    said(folder, STOCHASTIC | {"algorithm_type": request.param})
    engine = engines.load(SD, ModelFiles(folder), CPU)
    yield engine
    engine.close()


def drawn(engine: Engine, **options: Any) -> list[ImageReady]:
    asked = GenerationRequest.parse("a dog", SD.id, **{"seed": 5, "steps": 4, "size": 256, "guidance": 2.0, **options})
    return [event for event in engine.generate(asked, asked.runs[0]) if isinstance(event, ImageReady)]


def test_one_seed_is_one_image_where_steps_add_noise(stochastic: Engine) -> None:
    first, again = (drawn(stochastic, images=3) for _ in range(2))
    assert [event.sha256 for event in first] == [event.sha256 for event in again]
    assert len({event.sha256 for event in first}) == 3
    assert drawn(stochastic, seed=7)[0].sha256 == first[2].sha256
    for together, alone in zip(drawn(stochastic, images=3, batched=True), first, strict=True):
        assert np.abs(np.asarray(together.image).astype(int) - np.asarray(alone.image)).max() <= 1
    run = GenerationRequest.parse("a dog", SD.id, steps=4, size=256, guidance=2.0).runs[0]
    pixels = stochastic.sample(Batch(("a dog",) * 2, (7, 5)), run).pixels.int().numpy()
    for image, alone in zip(pixels, (first[2], first[0]), strict=True):
        assert np.abs(image - np.asarray(alone.image)).max() <= 1


def test_noise_of_steps_is_each_image_s_own_to_the_bit(tmp_path: Path) -> None:
    for algorithm in ("sde-dpmsolver++", "sde-dpmsolver"):
        made = read(tmp_path, STOCHASTIC | {"algorithm_type": algorithm})
        together = list(path(made, 6, images=3))
        for steps, alone in zip(together, path(made, 6, images=1), strict=True):
            assert torch.equal(steps[:1], alone)


def test_the_stock_pipeline_adds_the_same_noise(tmp_path: Path) -> None:
    folder = save_published(tmp_path / "sd")
    files = said(folder, STOCHASTIC)
    ours, stock = (engines.load(SD, files, replace(CPU, backend=backend)) for backend in ("eager", "diffusers"))
    for one, other in zip(drawn(ours, images=2), drawn(stock, images=2), strict=True):
        assert np.abs(np.asarray(one.image).astype(int) - np.asarray(other.image)).max() <= 1


# ---------------------------------------------------------------- the refiner


def refined(folder: Path) -> str:
    refiner = Refiner.load(ModelFiles(folder), CPU)
    event = ImageReady(SD.id, 0, 7, Image.new("RGB", (64, 64), (200, 90, 30)), Timing(1, 1, 1, 1, 1, True), sha256="")
    *_, last = refiner.refine(event, GenerationRequest.parse("a dog", SD.id, refine=True))
    assert isinstance(last, ImageReady)
    return last.sha256


def test_the_refiner_follows_whatever_schedule_its_weights_have(tmp_path: Path) -> None:
    folder = save_refiner(tmp_path / "sdxl")
    published = json.loads((folder / "scheduler" / FILE).read_text())
    expected = refined(folder)
    for name in ("EulerAncestralDiscreteScheduler", "DPMSolverMultistepScheduler", "DDIMScheduler"):
        said(folder, {"_class_name": name, **BETAS, "timestep_spacing": "leading", "steps_offset": 1})
        assert refined(folder) == expected == refined(folder)
    said(folder, published | {"beta_end": 0.02})
    assert refined(folder) != expected
    said(folder, published | {"use_karras_sigmas": True})
    assert refined(folder) not in (expected, "")
    for config, named in (({"_class_name": "FlowMatchEulerDiscreteScheduler"}, "FlowMatch"), ({"beta_end": None}, "n")):
        said(folder, published | config)
        with pytest.raises(ModelUnavailable, match=rf"{REFINER.title} cannot take its steps.*{named}"):
            Refiner.load(ModelFiles(folder), CPU)
