"""Text that a model does not see is told: of every text, by every reader, on every way to run it, and once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from markupsafe import escape
from small_glide import save_converted
from small_refiner import save_refiner
from small_sd import save_published
from terminal import demo
from torch import nn

from instaflow_demo import engines
from instaflow_demo.engines import Engine
from instaflow_demo.events import Event, ImageReady, Loading, Noted
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS, REFINER
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.ui.runner import Runner
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.compare import ComparePage
from instaflow_demo.ui.text import LANGUAGES, TEXTS, translate
from instaflow_demo.weights.locate import Weights

CPU = Placement("cpu", "float32")
LONG = "red " * 90 + "guitar"
OTHER = "blue " * 90 + "heart"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("unread")
    folders = {"2rf": save_published(folder / "2rf"), REFINER.id: save_refiner(folder / "sdxl")}
    save_converted(folder, "a red guitar and a blue heart", tokens=40)
    made = Service(Weights(folders=folders, converted_dir=folder), Gallery(folder / "images"))
    yield made
    made.close()


def run(service: Service, model: str, **options: Any) -> list[Event]:
    settings = {"steps": {"2rf": 2, "sd-mini": 2, "text2im": 10}, "save": False, "seed": 7, "device": "cpu"}
    prompt = options.pop("prompt", "a dog")
    return list(service.run(GenerationRequest.parse(prompt, model, **settings | options)))


def told(events: list[Event]) -> list[str]:
    """Everything that is told of the texts, as often as it is."""
    notes = [note for event in events if isinstance(event, Loading | Noted | ImageReady) for note in event.notes]
    return [note for note in notes if "left out" in note or "no token" in note]


def sha256(events: list[Event]) -> list[str]:
    return [event.sha256 for event in events if isinstance(event, ImageReady)]


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("sd-mini", {}),
        ("2rf", {"guidance": 2}),
        ("2rf", {"guidance": 2, "backend": "diffusers", "batched": True}),
        ("text2im", {}),
    ],
)
def test_what_is_cut_from_either_text_is_told_once(service: Service, model: str, options: dict[str, Any]) -> None:
    """The end that is quoted is the one that changes nothing."""
    events = run(service, model, prompt=LONG, negative_prompt=OTHER, images=2, **options)
    first, second = told(events)
    assert " of the prompt, " in first and first.endswith("red guitar”.")
    assert " of the negative prompt, " in second and second.endswith("blue heart”.")
    assert all(note.startswith(f"{MODELS[model].title} reads at most") for note in (first, second))
    rest = [note.partition("“")[2].removesuffix("”.") for note in (first, second)]
    shorter = [text.removesuffix(cut).strip() for text, cut in zip((LONG, OTHER), rest, strict=True)]
    again = run(service, model, prompt=shorter[0], negative_prompt=shorter[1], images=2, **options)
    assert told(again) == []
    assert sha256(again) == sha256(events)


def test_a_negative_prompt_that_is_not_read_is_not_said_to_be_cut(service: Service) -> None:
    assert told(run(service, "2rf", negative_prompt=OTHER, guidance=1)) == []


def test_the_refiner_says_what_it_does_not_read_once_for_all_images(service: Service) -> None:
    events = run(service, "instaflow-mini", prompt=LONG, negative_prompt=OTHER, images=2, refine=True)
    own, *refiner = told(events)
    assert own.startswith("InstaFlow mini reads at most 32 tokens of the prompt")
    assert [note.partition(",")[0] for note in refiner] == [
        f"SDXL refiner reads at most 77 tokens of the {what}" for what in ("prompt", "negative prompt")
    ]


def test_each_stage_of_a_cascade_says_what_it_cuts_where_they_differ(tmp_path: Path) -> None:
    save_converted(tmp_path)
    engine = engines.load(MODELS["text2im"], Weights(converted_dir=tmp_path).locate(MODELS["text2im"]), CPU)
    request = GenerationRequest.parse("a big dog " * 12, "text2im", steps=10)
    assert len(noted(engine, request)) == 1, "both read as much"
    encoder = engine._upsampler[0]  # type: ignore[attr-defined]
    encoder.register_to_config(tokens=8)
    for name in ("positional_embedding", "padding_embedding"):
        setattr(encoder, name, nn.Parameter(getattr(encoder, name)[:8], requires_grad=False))
    base, upsampler = noted(engine, request)
    assert base.startswith("Text2im (GLIDE) reads at most 16 tokens")
    assert upsampler.startswith("Text2im (GLIDE)'s upsampler reads at most 8 tokens")
    assert len(upsampler) > len(base)


def noted(engine: Engine, request: GenerationRequest) -> list[str]:
    """What is told before the first step."""
    notes = []
    for event in engine.generate(request, request.runs[0]):
        if not isinstance(event, Noted):
            break
        notes += event.notes
    return notes


@pytest.mark.parametrize(
    ("model", "prompt", "quoted"),
    [
        ("sd-mini", "a dog 🐕 and a cat", "“🐕”"),
        ("sd-mini", "50 dogs, a Ω", "“50 Ω”"),
        ("sd-mini", "a dog<|endoftext|>cat", "“<|endoftext|>”"),
        ("sd-mini", "a dog! (“big”)?", None),  # punctuation means little to models that read words
        ("2rf", "a 本 dog", "“本”"),
        ("text2im", "a dog 🐕 <|endoftext|> 50 本", None),  # its byte pairs can spell everything
    ],
)
def test_signs_that_a_vocabulary_lacks_are_told(service: Service, model: str, prompt: str, quoted: str | None) -> None:
    notes = told(run(service, model, prompt=prompt))
    assert [note.partition("see it: ")[2] for note in notes] == ([f"{quoted}."] if quoted else [])
    both = told(run(service, model, negative_prompt=prompt, guidance=2))
    assert [" negative prompt, " in note for note in both] == [True] * bool(quoted)


def test_the_terminal_and_its_file_tell_it_once(tmp_path: Path) -> None:
    asked = ["compare", LONG, "--models", "instaflow-mini,sd-mini", "--images", "2", "--steps", "2", "--no-save"]
    done = demo(tmp_path, *asked, "--device", "cpu", "--json", "r.json")
    assert done.returncode == 0, done.stderr
    stored = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    for result in stored["results"]:
        (note,) = [note for note in result["notes"] if "left out" in note]
        assert MODELS[result["model"]].title in note
        assert done.stdout.count(note) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_it_once_in_the_column_of_its_model(service: Service, tmp_path: Path, language: Any) -> None:
    settings = Settings(kept=Gallery(tmp_path / "kept"), out=tmp_path, models=("instaflow-mini", "sd-mini"))
    settings.warm.set()
    with gr.Blocks() as blocks:
        page = ComparePage(service, settings, gr.I18n(**{each: dict(TEXTS[each]) for each in LANGUAGES}), Runner())
        page.build()
        page.connect(blocks)
    form = page._form
    changes = {"language": language, "prompt": LONG, "images": 2, "steps:sd-mini": 2, "device": "cpu"}
    changes |= {"models": ["instaflow-mini", "sd-mini"], "randomise": False}
    names = {id(form[name]): name for name in form.names}
    values = [changes.get(names[id(part)], part.value) for part in form.components]
    shown: dict[Any, str] = {}
    for update in page._run(gr.Request(session_hash="x"), *values):
        shown |= {part: str(value) for part, value in update.items() if not isinstance(value, dict)}
    for model, place in page._columns.items():
        html = shown[place.head] + shown[place.results]
        (note,) = told(run(service, model, prompt=LONG))
        assert html.count(str(escape(translate(language, note)))) == 1
