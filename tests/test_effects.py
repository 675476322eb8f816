"""For every model and every option: either something changes, or a note says that nothing does."""

import inspect
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from small_glide import save_converted
from small_sd import save_published
from terminal import demo

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.evaluation.command import Evaluation, parse_runs
from instaflow_demo.events import Failed, ImageReady
from instaflow_demo.gallery import Gallery
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.request.effects import RULES
from instaflow_demo.results.benchmark import Benchmark
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights

KINDS = ("instaflow-mini", "sd-mini", "2rf", "text2im")  # what fixes its settings, what does not, and a cascade
# an option and a value of it that is not its default; what goes to the device is looked at in other tests
OPTIONS: dict[str, Any] = {
    "negative_prompt": "blue",
    "images": 2,
    "seed": 8,
    "steps": 12,
    "guidance": 4.0,
    "size": 128 * 3,
    "batched": True,
    "backend": "openvino",
    "decoder": "tiny",
    "loras": ":0",  # of a file that fits
    "delta_from": "sd-mini",
}


def test_every_option_of_a_request_has_a_rule() -> None:
    parameters = inspect.signature(GenerationRequest.parse).parameters
    options = {name for name, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY}
    assert set(RULES) == options - {"limits"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("effects")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    latent = save_published(folder / "sd")
    save_converted(folder)
    folders = {name: latent for name in ("instaflow-0.9b", "2rf", "sd-1.5")}
    weights = Weights(folders=folders, converted_dir=folder)
    for model in KINDS:
        save_lora(weights.locate(MODELS[model]).component("unet"), folder / f"{model}.safetensors")
    made = Service(weights, Gallery(folder / "images"))
    yield made
    made.close()


def save_lora(unet: Path, path: Path) -> None:
    """A LoRA of the first convolution."""
    shape = json.loads((unet / "config.json").read_text())
    down, up = torch.ones(1, shape["in_channels"], 3, 3), torch.ones(shape["block_out_channels"][0], 1, 1, 1)
    save_file({"unet.conv_in.lora_A.weight": down, "unet.conv_in.lora_B.weight": up}, path)


@pytest.fixture(scope="module")
def untouched(service: Service, folder: Path) -> Callable[[str], list[Any]]:
    """What comes of each model without any option."""
    return cache(lambda model: outcome(service, asked(folder, model)))


def asked(folder: Path, model: str, **options: Any) -> GenerationRequest:
    """With as few steps as a model allows, and its own guidance; `options` come over that."""
    few = {name: max(spec.steps.low, 2) for name, spec in MODELS.items() if not spec.steps.fixed}
    if "loras" in options:
        options["loras"] = [f"{folder / model}.safetensors{options['loras']}"]
    return GenerationRequest.parse(
        "a big dog",
        model,
        **{"steps": few, "size": {"2rf": 256}, "seed": 7, "save": False, "device": "cpu", "backend": "eager"} | options,
    )


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("model", KINDS)
def test_an_option_changes_something_or_a_note_says_so(
    service: Service, folder: Path, untouched: Callable[[str], list[Any]], model: str, option: str
) -> None:
    try:
        request = asked(folder, model, **{option: OPTIONS[option]})
    except InvalidRequest as refused:
        assert option in refused.problems
        return
    if request.notes:
        assert all(note.startswith(MODELS[model].title) for note in request.notes)
    changed = outcome(service, request) != untouched(model)
    assert changed or request.notes, "nothing changes, and nobody is told"
    if option != "images":  # a cascade's are always made together, which is said beside them
        assert not (changed and request.notes), request.notes


def outcome(service: Service, request: GenerationRequest) -> list[Any]:
    """The images, or why there are none; and with how many of them each was made and by what."""
    events = list(service.run(request))
    images = [(e.sha256, e.timing.images, e.timing.backend) for e in events if isinstance(e, ImageReady)]
    return images or [event.message for event in events if isinstance(event, Failed)]


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("instaflow-mini", {"steps": 5, "guidance": 4, "negative_prompt": "cat"}, 3),
        ("instaflow-mini", {"steps": 1, "guidance": 0, "size": 256}, 0),
        ("sd-mini", {"guidance": 0.7}, 1),
        ("sd-mini", {"guidance": 0.7, "negative_prompt": "cat"}, 2),
        ("sd-mini", {"guidance": 1}, 0),
        ("text2im-mini", {"images": 2}, 1),
        ("text2im-mini", {"images": 2, "batched": True}, 1),
        ("text2im-mini", {"backend": "eager"}, 0),
        ("text2im-mini", {"backend": "compiled", "decoder": "int8"}, 2),
        ("2rf", {"size": 512}, 0),
    ],
)
def test_so_many_notes(model: str, options: dict[str, Any], said: int) -> None:
    assert len(GenerationRequest.parse("a dog", model, **options).notes) == said


def test_a_negative_prompt_that_only_the_refiner_reads_is_told_so() -> None:
    (note,) = GenerationRequest.parse("a dog", "instaflow-mini", negative_prompt="cat", refine=True).notes
    assert note.endswith("; only the refiner reads it.")


def test_a_benchmark_says_what_it_cannot_heed() -> None:
    every = Benchmark.parse(
        ["instaflow-mini", "text2im-mini"],
        backends=["openvino", "eager", "diffusers"],
        decoders=["int8"],
        batches=[1, 4],
        steps=12,
        guidance=4,
    )
    said = " ".join(every.notes)
    for words in (
        "InstaFlow mini always uses 1 for steps",
        "always uses 0 for guidance",
        "Text2im mini is always run by PyTorch",
        "the decoder “int8” has no effect",
        "the backend “eager” is not timed with “int8”",
        "it is timed with “full”",
    ):
        assert words in said
    assert len(every.notes) == len(set(every.notes))
    assert Benchmark.parse(["sd-mini"], batches=[1, 4]).notes == ()
    with pytest.raises(InvalidRequest, match="is not timed with “int8”"):
        Benchmark.parse(["instaflow-mini"], backends=["eager"], decoders=["int8"])


def test_an_evaluation_says_what_it_cannot_heed(tmp_path: Path) -> None:
    requests = parse_runs("instaflow-mini@5,2rf-mini@5", guidance=0.5)
    assert len(list(Evaluation(requests, 4).notes)) == 3  # steps and guidance of the one, guidance of the other
    heard = Evaluation(parse_runs("2rf-mini"), 4, prompt_sets=("portuguese",), metrics=("fid",))
    assert [note for note in heard.notes if "--set portuguese has no effect" in note]
    assert [note for note in Evaluation(parse_runs("2rf-mini"), 4, captions=tmp_path).notes if "--captions" in note]
    assert list(Evaluation(parse_runs("2rf-mini@5"), 4).notes) == []


def test_the_terminal_says_so_too(tmp_path: Path) -> None:
    options = ["--steps", "5", "--guidance", "1,5", "--negative-prompt", "-cat", "--no-save", "--seed", "random"]
    done = demo(tmp_path, "generate", *options, "--device", "cpu", "--json", "r.json", "--", "-a dog")
    assert done.returncode == 0, done.stderr
    for words in ("always uses 1 for steps", "always uses 0 for guidance", "ignores the negative prompt"):
        assert done.stdout.count(words) == 1
