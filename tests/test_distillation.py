"""What distillation is made of, against closed forms: halving, the perceptual distance, shared examples."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor

from instaflow_demo.errors import DemoError
from instaflow_demo.flow import euler, timestep
from instaflow_demo.training.stages.features import Disturbance, Features, perceptual_distance
from instaflow_demo.training.stages.progressive import two_steps
from instaflow_demo.training.stages.reflow import Pairs


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("steps", [1, 4])
def test_one_step_ends_where_two_half_steps_do(steps: int) -> None:
    """dx/dt = a x + b t, whose Euler steps are known."""
    x = torch.randn(5, 2, 3, 3, generator=generator(), dtype=torch.float64)
    t = torch.tensor([0, 1, 2, 3, 0], dtype=torch.float64) / 4 if steps == 4 else torch.zeros(5, dtype=torch.float64)
    length, a, b = 1 / steps, 0.7, -1.3

    def field(x: Tensor, timesteps: Tensor) -> Tensor:
        flow_time = (1 - timesteps / 1000).view(-1, 1, 1, 1)
        return a * x + b * flow_time

    found = x + length * two_steps(field, x, t, steps)
    start = t.view(-1, 1, 1, 1)
    middle = x + length / 2 * (a * x + b * start)
    wanted = middle + length / 2 * (a * middle + b * (start + length / 2))
    torch.testing.assert_close(found, wanted)


def test_halving_again_and_again_is_the_whole_path() -> None:
    """One step of the last student, if every student were perfect, ends where 8 steps of the teacher do."""

    def teacher(x: Tensor, timesteps: Tensor) -> Tensor:
        return torch.sin(3 * x) + timesteps.view(-1, 1) / 500

    def student_of(field, steps: int):
        return lambda x, timesteps: two_steps(field, x, 1 - timesteps / 1000, steps)

    x = torch.randn(6, 2, generator=generator(), dtype=torch.float64)
    last = student_of(student_of(student_of(teacher, 4), 2), 1)
    *_, wanted = euler(teacher, x, 8)
    torch.testing.assert_close(x + last(x, timestep(torch.zeros(6))), wanted, atol=1e-4, rtol=0)


def test_the_perceptual_distance_is_that_of_unit_feature_vectors() -> None:
    torch.manual_seed(0)
    network = Features(4, (8, 16)).eval()
    one, other = (torch.randn(3, 4, 8, 8, generator=generator(seed)) for seed in (1, 2))
    with torch.inference_mode():
        found = perceptual_distance(network, one, other)
        wanted = torch.zeros(3)
        for a, b in zip(network.maps(one), network.maps(other), strict=True):
            cosine = torch.cosine_similarity(a, b, dim=1)
            wanted += (2 - 2 * cosine).mean((1, 2))  # |a - b|^2 of unit vectors
        assert [tuple(each.shape) for each in network.maps(one)] == [(3, 8, 8, 8), (3, 16, 4, 4)]
        torch.testing.assert_close(found, wanted)
        assert perceptual_distance(network, one, one).abs().max() == 0


def test_features_come_back_as_they_were_saved(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Features(4, (8, 16)).eval()
    network.save(tmp_path)
    again, latents = Features.load(tmp_path, torch.device("cpu")), torch.randn(2, 4, 8, 8, generator=generator())
    for name, logits in network(latents).items():
        torch.testing.assert_close(again(latents)[name], logits)


def test_a_disturbance_does_the_same_to_both() -> None:
    latents = torch.randn(16, 3, 32, 32, generator=generator(1))
    disturbed = Disturbance(16, latents.device, generator(2))
    torch.testing.assert_close(disturbed(latents), disturbed(latents.clone()))
    # linear but for the noise, which is the same: so differences only move and lose what is in the hole
    change = torch.randn(latents.shape, generator=generator(3))
    moved = disturbed(latents + change) - disturbed(latents)
    sizes = moved.flatten(2).norm(dim=2) / change.flatten(2).norm(dim=2)
    assert sizes.max() <= 1 + 1e-5
    assert sizes.min() > 0.7
    assert (moved.flatten(1) == 0).any(1).sum() > 8  # most have a hole
    assert not torch.equal(disturbed(latents), Disturbance(16, latents.device, generator(4))(latents))


@pytest.mark.parametrize(("made_by", "read_by"), [(1, 1), (2, 2), (2, 1), (1, 2), (4, 2)])
def test_examples_are_shared_by_any_number_of_processes(tmp_path: Path, made_by: int, read_by: int) -> None:
    def process(index: int, count: int) -> Accelerator:
        seen = SimpleNamespace(process_index=index, num_processes=count, device=torch.device("cpu"))
        seen.wait_for_everyone = lambda: None
        return cast(Accelerator, seen)

    parts = [torch.full((2, 3), float(index)) for index in range(made_by)]
    for index, part in enumerate(parts):  # in truth they would wait for each other, and none would find another's
        Pairs(part, part.clone(), part.clone()).save(tmp_path / f"pairs-{index}.safetensors")
    read = [Pairs.share(tmp_path, "pairs", process(index, read_by)) for index in range(read_by)]
    rows = torch.cat([each.noise for each in read])
    assert set(rows.unique().tolist()) == set(range(made_by))
    if read_by <= made_by:
        assert len(rows) == 2 * made_by
    with pytest.raises(DemoError, match="There are no others"):
        Pairs.share(tmp_path, "others", process(0, 1))


def test_examples_are_made_once(tmp_path: Path) -> None:
    run, made = Accelerator(cpu=True), []

    def make() -> Pairs:
        made.append(1)
        return Pairs(*(torch.zeros(2, 3) for _ in range(3)))

    for _ in range(2):
        assert len(Pairs.share(tmp_path / "pairs", "pairs", run, make).ids) == 2
    assert made == [1]
