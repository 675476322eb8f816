"""How a model's steps are taken: as a rectified flow, or by the noise schedule of its checkpoint.

Betas and what the network predicts belong to the weights: they are read from the checkpoint, whichever of diffusers'
schedulers wrote them there. The sampler is ours: DPM-Solver++ for Stable Diffusion (Lu et al. 2022, arXiv:2211.01095),
the paper's baseline, with what the file says of it, and Euler's method for the refiner, as published. A file that asks
for what cannot be had is refused by name, as other betas would draw something else without a word.
"""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportCallIssue=false, reportPrivateImportUsage=false

import inspect
import json
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from diffusers import DPMSolverMultistepScheduler, EulerDiscreteScheduler
from torch import Tensor

from ...errors import ModelUnavailable, Sentence
from ...flow import RectifiedFlowScheduler, predict_x1
from ...registry import ModelSpec
from ...weights.locate import ModelFiles

FILE = "scheduler_config.json"
_SPACINGS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas")

# diffusers' schedulers that follow a schedule of betas, by which DPM-Solver and Euler can go as well
FAMILY = frozenset(
    f"{name}Scheduler"
    for name in (
        *("DDIM", "DDPM", "PNDM", "LMSDiscrete", "EulerDiscrete", "EulerAncestralDiscrete", "HeunDiscrete"),
        *("KDPM2Discrete", "KDPM2AncestralDiscrete", "DPMSolverMultistep", "DPMSolverSinglestep", "DPMSolverSDE"),
        *("DEISMultistep", "UniPCMultistep"),
    )
)
# what a file leaves out has its class's default, and these have others than all the rest
_HEUN = ("HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "DPMSolverSDEScheduler")
_HEUN_BETAS = {"beta_start": 0.00085, "beta_end": 0.012}
# fields that mean something to other samplers alone, and some that diffusers wrote once
IGNORED = frozenset(
    (
        *("set_alpha_to_one", "skip_prk_steps", "clip_sample", "clip_sample_range", "predict_x0", "disable_corrector"),
        *("solver_p", "flow_shift", "shift_terminal", "time_shift_type", "sigma_min", "sigma_max"),
        *("noise_sampler_seed", "tensor_format", "timestep_values"),
    )
)
# the solvers of the same family that DPM-Solver++ stands in for, as diffusers itself has it
_STANDS_IN = {
    "algorithm_type": {"deis": "dpmsolver++"},
    "solver_type": {"logrho": "midpoint", "bh1": "midpoint", "bh2": "midpoint"},
}


class DPMSolver(DPMSolverMultistepScheduler):
    """diffusers' DPM-Solver, which begins at the beginning and takes as many steps as it is asked for.

    The original looks for its first timestep among all of them, and where two are equal begins with the second; spaced
    “trailing”, rounding makes it 62 steps of 61.
    """

    def set_timesteps(self, num_inference_steps: int, device: torch.device | str | None = None, **rest: Any) -> None:
        super().set_timesteps(num_inference_steps, device=device, **rest)
        if len(self.timesteps) > num_inference_steps:
            super().set_timesteps(timesteps=self.timesteps[:num_inference_steps].tolist(), device=device)
        self.set_begin_index(0)


Scheduler = RectifiedFlowScheduler | DPMSolver
Made = TypeVar("Made", DPMSolver, EulerDiscreteScheduler)


def load_scheduler(spec: ModelSpec, files: ModelFiles) -> Scheduler:
    """The scheduler that the registry's row names; the paper's baseline is DPM-Solver.

    Raises:
        ModelUnavailable: when the checkpoint's noise schedule is none that it can follow.
    """
    if spec.is_rectified_flow:
        return RectifiedFlowScheduler()
    return build_scheduler(DPMSolver, spec, files, (spec.steps.low, spec.steps.default, spec.steps.high))


def build_scheduler(made: type[Made], spec: ModelSpec, files: ModelFiles, steps: Sequence[int]) -> Made:
    """A scheduler of class `made` that follows the noise schedule of a checkpoint, tried with these numbers of steps.

    Raises:
        ModelUnavailable: when it cannot.
    """
    config = _ScheduleConfig(spec, files.component("scheduler") / FILE)
    fields = inspect.signature(made.__init__).parameters
    settings = {name: value for name, value in config.validate_fields().items() if name in fields}
    if _predicts_noise(settings):
        settings.setdefault("final_sigmas_type", "sigma_min")  # all that there was when such files were written
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # DPM-Solver without “++” is to go from diffusers one day
        follows = made(**settings)
    for number in steps:
        config.refuse_stumbling(follows, number)
    return follows


def advance(
    scheduler: Scheduler, output: Tensor, timestep: Tensor, latents: Tensor, generators: Sequence[torch.Generator]
) -> Tensor:
    """The latents (B, C, h, w) after a step, whose noise, where there is any, is each image's own."""
    own = cast(Any, list(generators))
    return cast(Any, scheduler).step(output, timestep, latents, generator=own, return_dict=False)[0]


def predict_final_latents(scheduler: Scheduler, before: Tensor, after: Tensor, number: int, steps: int) -> Tensor:
    """The final latents (B, C, h, w) as step `number` of `steps` predicts them, from those before and after it.

    A rectified flow goes straight on; DPM-Solver++ predicts these latents, DPM-Solver the noise e in
    x = (x_0 + sigma e) / sqrt(sigma^2 + 1).
    """
    if isinstance(scheduler, RectifiedFlowScheduler):
        return predict_x1(before, after, number, steps)
    predicted = cast(Tensor, scheduler.model_outputs[-1])
    if scheduler.config["algorithm_type"].endswith("++"):
        return predicted
    sigma = scheduler.sigmas[cast(int, scheduler.step_index) - 1].item()
    return before * math.sqrt(sigma**2 + 1) - sigma * predicted


@dataclass(frozen=True)
class Rule:
    """What a field may be: whether it is allowed, and the words for what would be."""

    allows: Callable[[Any], bool]
    allowed: Sentence


def _format(value: Any) -> str:
    """A value as the file has it, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _one_of(*values: Any) -> Rule:
    allowed = Sentence("can be: {values}", values=", ".join(map(_format, values)))
    return Rule(lambda given: any(type(given) is type(value) and given == value for value in values), allowed)


def _between(low: float, high: float, kind: type | tuple[type, ...] = (int, float)) -> Rule:
    def allows(given: Any) -> bool:
        return isinstance(given, kind) and not isinstance(given, bool) and low <= given <= high

    return Rule(allows, Sentence("can be from {low} to {high}", low=low, high=high))


_BETA = _between(1e-8, 0.999)
_SWITCH = _one_of(False, True)
_NOISE = {
    "num_train_timesteps": _between(200, 10_000, int),  # twice as many as the most steps, or some would be none
    "beta_start": _BETA,
    "beta_end": _BETA,
    "beta_schedule": _one_of("linear", "scaled_linear", "squaredcos_cap_v2"),
    "prediction_type": _one_of("epsilon", "sample", "v_prediction"),
}
_SAMPLER = {
    "rescale_betas_zero_snr": _SWITCH,
    "predict_epsilon": _one_of(True),  # what older files have for the type of prediction
    "timestep_spacing": _one_of("linspace", "leading", "trailing"),
    "timestep_type": _one_of("discrete"),
    "steps_offset": _between(0, 10_000, int),
    "interpolation_type": _one_of("linear", "log_linear"),
    **dict.fromkeys(_SPACINGS, _SWITCH),
    "use_flow_sigmas": _one_of(False),
    "use_dynamic_shifting": _one_of(False),
    "algorithm_type": _one_of("dpmsolver++", "sde-dpmsolver++", "dpmsolver", "sde-dpmsolver"),
    "solver_order": _one_of(1, 2, 3),
    "solver_type": _one_of("midpoint", "heun"),
    "lower_order_final": _SWITCH,
    "euler_at_final": _SWITCH,
    "final_sigmas_type": _one_of("zero", "sigma_min"),
    "lambda_min_clipped": _between(-math.inf, -4),  # beyond, it would begin with less than noise
    "thresholding": _SWITCH,
    "dynamic_thresholding_ratio": _between(0, 1),
    "sample_max_value": _between(1, 1000),
    "variance_type": _one_of("fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log"),
}
RULES = _NOISE | _SAMPLER


@dataclass(frozen=True)
class _ScheduleConfig:
    """What a checkpoint says of its noise schedule, in `file`."""

    spec: ModelSpec
    file: Path

    def validate_fields(self) -> dict[str, Any]:
        """The fields of the file that say something, every one of them allowed."""
        config = self._read()
        name = config.get("_class_name")
        if not isinstance(name, str) or name not in FAMILY:
            raise self._refusal(
                Sentence(
                    "{name} follows no schedule of betas, as DPM-Solver and Euler's method must.", name=_format(name)
                )
            )
        said = {field: value for field, value in config.items() if not field.startswith("_") and field not in IGNORED}
        betas = said.pop("trained_betas", None)
        # null says nothing, but of the schedule itself, which must not be guessed
        said = {field: value for field, value in said.items() if value is not None or field in _NOISE}
        for field, others in _STANDS_IN.items():
            if isinstance(said.get(field), str):
                said[field] = others.get(said[field], said[field])
        for field, value in said.items():
            self._judge(field, value)
        self._judge_together(said)
        if betas is not None:
            said["trained_betas"] = self._judge_betas(betas, said.get("num_train_timesteps", 1000))
        said.pop("variance_type", None)  # of the noise that other samplers add
        return (_HEUN_BETAS if name in _HEUN else {}) | said

    def refuse_stumbling(self, made: DPMSolver | EulerDiscreteScheduler, steps: int) -> None:
        """Refuse what does not lead from noise to an image in so many steps, each of them lower than the last."""
        made.set_timesteps(steps)
        times, sigmas = made.timesteps, made.sigmas
        inside = len(times) == steps and times.min() >= 0 and times.max() < made.config["num_train_timesteps"]
        falling = sigmas.isfinite().all() and (sigmas[:-1].diff() < 0).all()
        if not (inside and falling):
            raise self._refusal(Sentence("it gives no {n} steps of falling noise.", n=steps))

    def _read(self) -> dict[str, Any]:
        try:
            config = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            config = None
        if not isinstance(config, dict):
            raise self._refusal(Sentence("it is missing, or not an object in JSON."))
        return config

    def _judge(self, field: str, value: Any) -> None:
        rule = RULES.get(field)
        if rule is None:
            raise self._refusal(Sentence("no scheduler here has a field “{field}”.", field=field))
        if not rule.allows(value):
            raise self._refusal(
                Sentence("“{field}” is {value}, and {rule}.", field=field, value=_format(value), rule=rule.allowed)
            )

    def _judge_together(self, said: dict[str, Any]) -> None:
        """Reject combinations of fields that are valid on their own but not together."""
        spacings = [field for field in _SPACINGS if said.get(field)]
        if len(spacings) > 1:
            raise self._refusal(
                Sentence("“{one}” and “{other}” exclude each other.", one=spacings[0], other=spacings[1])
            )
        if said.get("use_beta_sigmas") and find_spec("scipy") is None:
            raise self._refusal(Sentence("“use_beta_sigmas” needs scipy (“pip install scipy”)."))
        if _predicts_noise(said) and said.get("final_sigmas_type") == "zero":
            raise self._refusal(
                Sentence(
                    "“{algorithm}” and the “final_sigmas_type” “zero” exclude each other.",
                    algorithm=said["algorithm_type"],
                )
            )
        if said.get("algorithm_type") == "sde-dpmsolver" and said.get("solver_order") == 3:
            raise self._refusal(Sentence("“sde-dpmsolver” and a “solver_order” of 3 exclude each other."))

    def _judge_betas(self, betas: Any, count: int) -> list[float]:
        if not isinstance(betas, list) or len(betas) != count or not all(map(_BETA.allows, betas)):
            raise self._refusal(
                Sentence(
                    "“trained_betas” is {value}, and not {n} numbers between 0 and 1.", value=_format(betas), n=count
                )
            )
        return betas

    def _refusal(self, why: Sentence) -> ModelUnavailable:
        return ModelUnavailable(
            "{title} cannot take its steps as {file} says: {why} Restore the file, or take the one of the model that "
            "it was made from.",
            title=self.spec.title,
            file=self.file,
            why=why,
        )


def _predicts_noise(said: dict[str, Any]) -> bool:
    """Whether the solver is DPM-Solver without “++”."""
    return said.get("algorithm_type") in ("dpmsolver", "sde-dpmsolver")
