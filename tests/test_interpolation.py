"""Images on the way from one prompt and seed to another: the ends are ordinary images, and nothing jumps between."""

import io
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.events import ImageReady
from instaflow_demo.flow import slerp
from instaflow_demo.gallery import Gallery, read_metadata
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest, parse_interpolation
from instaflow_demo.results.animation import encode_animation
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights

ONE_STEP = [name for name, spec in MODELS.items() if spec.takes_one_step and spec.shipped]
CAT, DOG = "a cat on a yellow background", "a big dog"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(Weights(), Gallery(tmp_path_factory.mktemp("shown")))
    yield service
    service.close()


def ask(prompt: str, seed: int, model: str = "instaflow-mini", **options: Any) -> GenerationRequest:
    return GenerationRequest.parse(prompt, [model], seed=seed, **{"save": False, "decoder": "tiny", **options})


def draw(service: Service, request: GenerationRequest) -> list[ImageReady]:
    return [event for event in service.run(request) if isinstance(event, ImageReady)]


def difference(a: ImageReady, b: ImageReady) -> float:
    return np.abs(np.asarray(a.image).astype(int) - np.asarray(b.image).astype(int)).mean()


# ---------------------------------------------------------------- the arc


def test_the_ends_of_an_arc_are_what_it_goes_between() -> None:
    a, b = torch.randn(2, 3, 4, 8, 8, dtype=torch.float32).unbind()
    for dtype in (torch.float32, torch.bfloat16):
        x, y = a.to(dtype), b.to(dtype)
        assert torch.equal(slerp(x, y, torch.zeros(3)), x)
        assert torch.equal(slerp(x, y, torch.ones(3)), y)
        assert slerp(x, y, torch.full((3,), 0.5)).dtype == dtype


def test_noise_on_an_arc_is_as_long_as_its_ends_and_turns_evenly() -> None:
    torch.manual_seed(0)
    a, b = (each / each.norm() for each in torch.randn(2, 4096).double().unbind())
    t = torch.linspace(0, 1, 9).double()
    way = slerp(a.expand(9, -1), b.expand(9, -1), t)
    assert torch.allclose(way.norm(dim=1), torch.ones(9).double())
    turned = (way @ a).clamp(-1, 1).acos()
    assert torch.allclose(turned, t * (a @ b).acos(), atol=1e-6)


def test_parallel_noise_is_interpolated_without_dividing_by_nothing() -> None:
    a = torch.randn(2, 16)
    for b in (a, 2 * a, -a):
        way = slerp(a, b, torch.tensor([0.25, 0.75]))
        assert torch.allclose(way, torch.lerp(a, b, torch.tensor([[0.25], [0.75]])), atol=1e-6)


# ---------------------------------------------------------------- judging


def test_ends_are_requests_and_the_rest_is_the_first_ones() -> None:
    asked = parse_interpolation(ask(CAT, 3), ask(DOG, 9), 5)
    assert asked.interpolation is not None
    assert (asked.interpolation.prompt, asked.interpolation.seed) == (DOG, 9)
    assert (asked.images, asked.seeds, asked.positions) == (5, (3,) * 5, (0.0, 0.25, 0.5, 0.75, 1.0))
    assert ask(CAT, 3).positions == ()


@pytest.mark.parametrize("frames", [1, 33, 2.5, True, "8", None, float("nan")])
def test_a_wrong_number_of_frames_gets_its_sentence(frames: Any) -> None:
    with pytest.raises(InvalidRequest, match="from 2 to 32") as raised:
        parse_interpolation(ask(CAT, 3), ask(DOG, 3), frames)
    assert set(raised.value.problems) == {"frames"}


def test_models_of_several_steps_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="more than one step"):
        parse_interpolation(ask(CAT, 3, "sd-mini"), ask(DOG, 3, "sd-mini"), 4)


# ---------------------------------------------------------------- images


@pytest.mark.parametrize("model", ONE_STEP)
@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_the_ends_are_the_ordinary_images_to_the_bit(service: Service, model: str, backend: str) -> None:
    start, end = (ask(*each, model, backend=backend) for each in ((CAT, 3), (DOG, 9)))
    frames = draw(service, parse_interpolation(start, end, 3))
    (first,), (last,) = draw(service, start), draw(service, end)
    assert [frames[0].sha256, frames[-1].sha256] == [first.sha256, last.sha256]
    assert frames[1].sha256 not in (first.sha256, last.sha256)


@pytest.mark.parametrize("end", [(CAT, 9), (DOG, 3)], ids=["seeds", "prompts"])
def test_frames_move_from_one_end_to_the_other_without_a_jump(service: Service, end: tuple[str, int]) -> None:
    frames = draw(service, parse_interpolation(ask(CAT, 3), ask(*end), 9))
    whole = difference(frames[0], frames[-1])
    assert [frame.index for frame in frames] == list(range(9))
    assert difference(frames[0], frames[1]) < whole
    assert max(difference(a, b) for a, b in pairwise(frames)) < 0.9 * whole


def test_each_frame_is_the_same_whatever_is_drawn_beside_it(service: Service) -> None:
    few, many = (draw(service, parse_interpolation(ask(CAT, 3), ask(DOG, 9), n)) for n in (3, 5))
    assert [frame.sha256 for frame in few] == [frame.sha256 for frame in many[::2]]


def test_a_saved_frame_says_where_it_lies(service: Service) -> None:
    frames = draw(service, parse_interpolation(ask(CAT, 3, save=True), ask(DOG, 9), 3))
    assert isinstance(frames[1].path, Path)
    assert read_metadata(frames[1].path)["interpolation"] == {"prompt": DOG, "seed": 9, "position": 0.5}


def test_the_quickest_decoder_is_the_tiny_one_where_there_is_one(service: Service) -> None:
    assert service.find_quickest_decoder("instaflow-mini") == "tiny"


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("kind", ["GIF", "WebP"])
def test_files_play_there_and_back_without_end(service: Service, kind: Any) -> None:
    frames = [event.image for event in draw(service, parse_interpolation(ask(CAT, 3), ask(DOG, 9), 4))]
    file = Image.open(io.BytesIO(encode_animation(frames, kind, {"prompt": "um gato laranja é"})))
    assert file.format == kind.upper()
    assert file.info["loop"] == 0
    played = [frame.convert("RGB") for frame in ImageSequence.Iterator(file)]
    for number, shown in zip([0, 1, 2, 3, 2, 1], played, strict=True):
        apart = np.abs(np.asarray(shown).astype(int) - np.asarray(frames[number]).astype(int)).mean()
        assert apart < 6
    said = file.info["comment"].decode() if kind == "GIF" else file.getexif()[0x010E]
    assert json.loads(said) == {"prompt": "um gato laranja é", "note": "AI generated"}
