"""What the page makes of events and raw input, as pure functions: no server, no browser, no models."""

import asyncio
import base64
import io
import re
import string
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import gradio as gr
import httpx
import pytest
import torch
from huggingface_hub import errors
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from small_sd import save_published
from test_paths import REFUSED
from transformers import CLIPTokenizer

from app import REMEDY
from instaflow_demo import engines
from instaflow_demo.engines import memory
from instaflow_demo.engines.backends.compiled import COMPILING, NOT_COMPILED
from instaflow_demo.engines.backends.eager import no_decoder
from instaflow_demo.engines.batches import Batch, run_batches
from instaflow_demo.engines.latent import gained
from instaflow_demo.engines.pixels import to_uint8_host
from instaflow_demo.engines.unread import NEGATIVE, PROMPT, Reader
from instaflow_demo.errors import DemoError, DeviceUnavailable, InvalidRequest
from instaflow_demo.events import Done, Event, Failed, ImageReady, Loading, Preview, Step, Unrefined
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine import caches, device
from instaflow_demo.machine.device import Placement
from instaflow_demo.machine.environment import Environment
from instaflow_demo.measure import Measurement, Timing
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.benchmark import Benchmark
from instaflow_demo.results.report import COLUMNS, collect, rows, to_csv, to_markdown
from instaflow_demo.service import Service
from instaflow_demo.ui.html.columns import (
    choice_text,
    column_html,
    download_link,
    progress_line,
    results_html,
    speedup_text,
    status_html,
    unavailable_html,
)
from instaflow_demo.ui.html.tables import comparison_html, environment_html
from instaflow_demo.ui.html.view import Picture, RunView
from instaflow_demo.ui.runner import UnderWay, batches
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.download import DownloadPanel
from instaflow_demo.ui.tabs.folders import FolderPanel
from instaflow_demo.ui.tabs.form import EXAMPLES, Form
from instaflow_demo.ui.text import LANGUAGES, TEXTS, gigabytes, number, preferred, say, seconds, translate
from instaflow_demo.weights import hub
from instaflow_demo.weights.locate import MODELS_DIR, ModelFiles, Weights

HOSTILE = '"><img src=x onerror="window.__x=1"><script>window.__x=2</script>${window.__x=3}{{value}}\''
FAST, SLOW = "instaflow-mini", "sd-mini"
CPU = Placement("cpu", "float32")


def request(**options: Any) -> GenerationRequest:
    return GenerationRequest.parse(options.pop("prompt", "a big dog"), [FAST, SLOW], images=2, seed=7, **options)


def timing(seconds_: float, steps: int = 25, warm: bool = True) -> Timing:
    return Timing(1, steps, seconds_ / 4, seconds_ / 2, seconds_ / 4, warm)


def picture(index: int, seconds_: float = 2.0, notes: tuple[str, ...] = ()) -> Picture:
    return Picture(index, 7 + index, timing(seconds_), Path(f"/shown/{index}.png"), notes)


def ready(model: str, index: int, seconds_: float) -> ImageReady:
    return ImageReady(model, index, 7 + index, Image.new("RGB", (8, 8)), timing(seconds_), "00")


def measurement(model: str, seconds_: float, load_s: float = 0.5) -> Measurement:
    passes = (timing(seconds_), timing(seconds_))
    return Measurement(model, "cpu", "float32", 25, 3.0, 50, load_s, passes, 512_000_000)


def viewed(*events: Event, display: bool = True, **options: Any) -> RunView:
    view = RunView.of(request(**options), display)
    for event in events:
        made = picture(event.index, event.timing.total_s) if isinstance(event, ImageReady) else None
        view = view.after(event, made)
    return view


FINISHED = (
    ready(FAST, 0, 0.1),
    ready(FAST, 1, 0.1),
    Done(FAST, measurement(FAST, 0.1)),
    ready(SLOW, 0, 2.0),
    ready(SLOW, 1, 2.0),
    Done(SLOW, measurement(SLOW, 2.0)),
)


class Tags(HTMLParser):
    """Every tag with its attributes, and the text in between."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def attribute(self, tag: str, name: str) -> list[str | None]:
        return [attributes[name] for found, attributes in self.tags if found == tag and name in attributes]


def is_harmless(html: str) -> bool:
    tags = Tags(html).tags
    return not any(tag == "script" or any(name.startswith("on") for name in attributes) for tag, attributes in tags)


# ---------------------------------------------------------------- the view


def test_progress_counts_all_images_of_a_model() -> None:
    """One of two images took 2 s, and the second is at step 5 of 25 after 0.5 s: 60 % in 2.5 s leaves 5/3 s."""
    view = viewed(ready(SLOW, 0, 2.0), Step(SLOW, 1, 1, 5, 25, 0.5, stepped=5, stepping_s=0.4))
    progress = view.column(SLOW).progress
    assert progress is not None
    assert progress.fraction == pytest.approx(0.6)
    assert progress.elapsed_s == pytest.approx(2.5)
    assert progress.remaining_s == pytest.approx(5 / 3)
    assert progress.speed == pytest.approx(12.5), "the text took a fifth of it"


def test_progress_of_a_batch() -> None:
    progress = viewed(Step(SLOW, 0, 2, 10, 25, 4.0), batched=True).column(SLOW).progress
    assert progress is not None
    assert progress.fraction == pytest.approx(0.4)
    assert progress.remaining_s == pytest.approx(6.0)


def cascade(*events: Event) -> RunView:
    """Two images of Text2im, both in one pass, after 100 base steps in 4 s and a preview."""
    view = RunView.of(GenerationRequest.parse("a big dog", "text2im", images=2), True)
    before = Step("text2im", 0, 2, 100, 100, 4.0), Preview("text2im", 0, (Image.new("RGB", (4, 4), "red"),) * 2)
    for event in (*before, *events):
        view = view.after(event)
    return view


def test_a_cascade_shows_its_stages_one_below_the_other() -> None:
    column = cascade(Step("text2im", 0, 2, 9, 27, 3.0, "upsample")).column("text2im")
    progress = column.progress
    assert progress is not None
    assert progress.fraction == pytest.approx(1 / 3)
    assert progress.elapsed_s == pytest.approx(7.0)
    assert progress.remaining_s == pytest.approx(6.0)  # 9 steps took 3 s, 18 are left
    view = cascade(Step("text2im", 0, 2, 9, 27, 3.0, "upsample"))
    html = column_html(view, "text2im", "en")
    assert Tags(html).attribute("div", "aria-valuenow") == ["100", "33"]
    assert "upsampler 9/27" in html
    assert "100 + 27 steps" in html


def test_a_cascade_shows_a_preview_until_its_images_are_there() -> None:
    view = cascade()
    shown = [source for source in Tags(column_html(view, "text2im", "en")).attribute("img", "src") if source]
    assert [source.partition(",")[0] for source in shown] == ["data:image/jpeg;base64"] * 2
    decoded = Image.open(io.BytesIO(base64.b64decode(shown[0].partition(",")[2])))
    assert decoded.getpixel((0, 0)) == pytest.approx((255, 0, 0), abs=2)
    event = ImageReady("text2im", 0, 7, Image.new("RGB", (8, 8)), timing(4.0), "00")
    after = view.after(event, picture(0, 4.0))
    assert "data:image" not in column_html(after, "text2im", "en")
    results = Tags(results_html(after, "text2im", "a big dog", "en"))
    assert [str(source)[:15] for source in results.attribute("img", "src")] == ["gradio_api/file", "data:image/jpeg"]


def preview(index: int, colour: str) -> Preview:
    return Preview(SLOW, index, (Image.new("RGB", (64, 64), colour),))


def test_a_preview_stands_in_the_frame_of_its_own_image() -> None:
    """One by one: the second image is previewed after the first one is finished, and the frame is in its place."""
    first = viewed(preview(0, "red"), preview(0, "blue"))
    assert [tag for tag, _ in Tags(column_html(first, SLOW, "en")).tags if tag in ("img", "i")] == ["img", "i"]
    second = viewed(preview(0, "red"), ready(SLOW, 0, 2.0), preview(1, "blue"))
    assert "frames" not in column_html(second, SLOW, "en")
    shown = [tag for tag in Tags(results_html(second, SLOW, "dog", "en")).tags if tag[0] == "img"]
    assert [attributes["src"].partition(",")[0] for _, attributes in shown] == [  # type: ignore[union-attr]
        "gradio_api/file=/shown/0.png",
        "data:image/jpeg;base64",
    ]
    after = viewed(preview(0, "red"), ready(SLOW, 0, 2.0), preview(1, "blue"), ready(SLOW, 1, 2.0))
    assert "data:image" not in results_html(after, SLOW, "dog", "en")


def test_previews_stay_while_finished_images_wait_for_the_refiner() -> None:
    view = viewed(preview(0, "red"), Unrefined(SLOW, 0, timing(2.0)), preview(1, "blue"))
    assert column_html(view, SLOW, "en").count('class="preview"') == 2


def test_nothing_is_previewed_where_images_are_hidden_or_the_run_is_over() -> None:
    assert "data:image" not in column_html(viewed(preview(0, "red"), display=False), SLOW, "en")
    stopped = viewed(ready(SLOW, 0, 2.0), preview(1, "red")).stopped()
    assert "data:image" not in results_html(stopped, SLOW, "dog", "en")


def test_a_preview_costs_less_than_the_image() -> None:
    noise = Image.effect_noise((256, 256), 60).convert("RGB")
    png = io.BytesIO()
    noise.save(png, "PNG")
    shown = viewed(Preview(SLOW, 0, (noise,))).column(SLOW).previews[0]
    assert len(shown) < len(png.getvalue())


def test_a_cascade_s_time_is_told_by_stage() -> None:
    passes = (Timing(2, 127, 0.5, 9.0, 0.5, True, upsample_s=3.0),)
    measured = Measurement("text2im", "cpu", "float32", 100, 3.0, 227, 0.0, passes, 0)
    view = cascade(Done("text2im", measured))
    html = results_html(view, "text2im", "a big dog", "en")
    assert "sampling <b>6.00 s</b>" in html
    assert "upsampling <b>3.00 s</b>" in html
    assert "upsampling" not in results_html(viewed(*FINISHED), FAST, "a big dog", "en")


def test_an_event_changes_its_own_column_only() -> None:
    before = viewed(*FINISHED[:3])
    after = before.after(Step(SLOW, 0, 1, 1, 25, 0.1))
    assert after.column(FAST) is before.column(FAST)
    assert after.column(SLOW).phase == "running"


def test_phases_follow_the_events() -> None:
    assert viewed().column(SLOW).phase == "waiting"
    assert viewed(Loading(SLOW)).column(SLOW).phase == "loading"
    assert viewed(Loading(SLOW), Step(SLOW, 0, 1, 1, 25, 0.1)).column(SLOW).phase == "running"
    assert viewed(Failed(SLOW, "No.")).column(SLOW).phase == "failed"
    assert viewed(*FINISHED).over
    assert viewed(*FINISHED).done == 2


def test_stopping_keeps_what_is_finished() -> None:
    view = viewed(*FINISHED[:3], ready(SLOW, 0, 2.0), Step(SLOW, 1, 1, 3, 25, 0.2)).stopped()
    assert view.column(FAST).phase == "done"
    assert view.column(SLOW).phase == "stopped"
    assert len(view.column(SLOW).pictures) == 1
    assert view.over
    assert "3 of 25" in column_html(view, SLOW, "en")


def test_speedup_is_against_the_slowest_finished_system() -> None:
    assert viewed(*FINISHED[:3]).speedup(FAST) is None
    assert viewed(*FINISHED).speedup(FAST) == pytest.approx(20)
    assert viewed(*FINISHED).speedup(SLOW) == pytest.approx(1)


def test_a_note_belongs_to_the_model_with_the_longest_title() -> None:
    made = GenerationRequest.parse("dog", ["2rf", "2rf-mini"], negative_prompt="cat", guidance=1.0)
    view = RunView.of(made, True)
    assert [len(column.notes) for column in view.columns] == [1, 1]
    assert "mini" not in view.column("2rf").notes[0]


def test_an_unknown_model_is_an_error() -> None:
    with pytest.raises(KeyError):
        viewed().column("nothing")


# ---------------------------------------------------------------- columns


def test_progress_line_has_every_figure() -> None:
    step = Step(SLOW, 1, 1, 5, 25, 0.5, stepped=5, stepping_s=0.4)
    column = viewed(ready(SLOW, 0, 2.0), step).column(SLOW)
    line = progress_line(column, "en")
    assert line == "60% · Image 2 of 2 · step 5/25 · 2.50 s elapsed · 1.67 s left · 12.5 it/s"
    assert "2,50 s decorridos" in progress_line(column, "pt-BR")


def test_progress_bar_is_readable_by_machines() -> None:
    html = column_html(viewed(Step(SLOW, 0, 2, 10, 25, 4.0)), SLOW, "en")
    assert Tags(html).attribute("div", "aria-valuenow") == ["40"]


def test_empty_frames_wait_for_images() -> None:
    assert column_html(viewed(), SLOW, "en").count("<i></i>") == 2
    assert column_html(viewed(display=False), SLOW, "en").count("<i></i>") == 0
    view = viewed(ready(SLOW, 0, 2.0))
    assert "frames" not in column_html(view, SLOW, "en")
    assert results_html(view, SLOW, "dog", "en").count("<i></i>") == 1


def test_results_show_each_image_with_its_time_speed_and_seed() -> None:
    html = results_html(viewed(*FINISHED), SLOW, "a big dog", "en")
    tags = Tags(html)
    assert tags.attribute("img", "src") == ["gradio_api/file=/shown/0.png", "gradio_api/file=/shown/1.png"]
    assert tags.attribute("img", "alt") == ["Stable Diffusion mini: a big dog"] * 2
    # 25 steps in half of 2 s of sampling
    assert re.findall(r"<td>(\d+)</td><td>(\d+)</td><td><b>([^<]*)</b> </td><td>([^<]*)</td>", html) == [
        ("1", "7", "2.00 s", "25.0"),
        ("2", "8", "2.00 s", "25.0"),
    ]


def test_results_show_stages_and_rates_once_a_model_is_done() -> None:
    text = Tags(results_html(viewed(*FINISHED), SLOW, "dog", "en")).text
    for expected in (
        "load 0.500 s",
        "text 1.00 s",
        "sampling 2.00 s",
        "decode 1.00 s",
        "0.50images/s",
        "512 MB",
        "warm",
    ):
        assert expected in text, expected
    assert "50network evaluations per image" in text
    assert "sampling" not in Tags(results_html(viewed(*FINISHED[3:5]), SLOW, "dog", "en")).text


@pytest.mark.parametrize(("model", "decoder"), [(SLOW, " · int8 decoder"), ("text2im", "")])
def test_results_say_what_ran_a_model(model: str, decoder: str) -> None:
    measured = replace(measurement(model, 2.0), backend="openvino", decoder="int8")
    view = RunView.of(GenerationRequest.parse("a big dog", model), True).after(Done(model, measured))
    assert f"cpu · float32 · openvino{decoder} · warm" in Tags(results_html(view, model, "dog", "en")).text


def test_stage_bar_is_in_proportion() -> None:
    html = results_html(viewed(*FINISHED), SLOW, "dog", "en")
    assert re.findall(r'class="(\w+)" style="width:([\d.]+)%"', html) == [
        ("text", "25.00"),
        ("sample", "50.00"),
        ("decode", "25.00"),
    ]


def test_hidden_images_are_counted_and_not_sent() -> None:
    html = results_html(viewed(*FINISHED, display=False), SLOW, "dog", "en")
    assert "<img" not in html
    assert "2 made" in html


def test_cold_passes_are_marked() -> None:
    view = viewed()
    cold = replace(picture(0), timing=timing(2.0, warm=False))
    view = view.after(ready(SLOW, 0, 2.0), cold)
    assert ">cold<" in results_html(view, SLOW, "dog", "en")


def test_a_failure_is_shown_in_words() -> None:
    html = column_html(viewed(Failed(SLOW, "It is not here: run the download.")), SLOW, "en")
    assert "It is not here: run the download." in html
    assert 'role="alert"' in html


def test_the_page_says_what_a_model_is_and_where_it_is_from() -> None:
    """Also before it is here: that nobody measured it, and that it is not for commerce, belong to the choice."""
    spec = MODELS["text2im"]
    told = unavailable_html([(spec, "It is not here.")], "en")
    assert "no metrics were ever published" in told
    assert spec.source in told
    assert "not for commercial use" in choice_text(spec, "en", False)
    assert "nunca se publicaram métricas" in unavailable_html([(spec, "")], "pt-BR")
    assert all(each.summary_pt not in ("", each.summary) for each in MODELS.values())
    assert MODELS[SLOW].summary in results_html(viewed(*FINISHED), SLOW, "dog", "en")


def test_headline_says_how_much_faster() -> None:
    assert "20× faster" in column_html(viewed(*FINISHED), FAST, "en")
    assert "slowest" in column_html(viewed(*FINISHED), SLOW, "en")
    assert speedup_text("pt-BR", 3.14) == "3,1× mais rápido"


# ---------------------------------------------------------------- hostile text


@given(st.one_of(st.just(HOSTILE), st.text(max_size=200)))
def test_a_prompt_never_becomes_markup(prompt: str) -> None:
    html = results_html(viewed(*FINISHED), SLOW, prompt, "en")
    assert is_harmless(html)
    # control characters aside, which the parser rewrites, what is read out is what was typed
    if prompt.isprintable():
        assert Tags(html).attribute("img", "alt") == [f"Stable Diffusion mini: {prompt}"] * 2


def test_no_text_becomes_markup() -> None:
    view = viewed(Loading(FAST, (HOSTILE,)), Failed(SLOW, HOSTILE))
    view = view.after(ready(FAST, 0, 1.0), picture(0, notes=(HOSTILE,)))
    pages = [
        column_html(view, FAST, "en"),
        column_html(view, SLOW, "en"),
        results_html(view, FAST, HOSTILE, "en"),
        status_html(HOSTILE),
        unavailable_html([(replace(MODELS["2rf"], title=HOSTILE, summary=HOSTILE, source=HOSTILE), HOSTILE)], "en"),
        download_link(HOSTILE, HOSTILE, "text/csv", HOSTILE),
        environment_html(replace(MACHINE, cpu=HOSTILE, gpu=HOSTILE, versions={HOSTILE: HOSTILE}), "en"),
        comparison_html([[HOSTILE, *TABLE[0][1:]]], "en"),
    ]
    for html in pages:
        assert is_harmless(html), html
        assert HOSTILE not in html


# ---------------------------------------------------------------- table and machine

MACHINE = Environment(
    "Linux", "3.12", "A CPU", 2, 4, 6_100_000_000, 15_600_000_000, None, None, None, 1, 4, {"torch": "2.9"}
)
TABLE = rows(collect(FINISHED, request()), request())


def test_table_shows_the_report_and_its_downloads_hold_all_of_it() -> None:
    html = comparison_html(TABLE, "en")
    tags = Tags(html)
    for name in ("System", "Seconds per image", "Network evaluations", "it/s"):
        assert TABLE[0][COLUMNS.index(name)] in tags.text
    assert "20.0×" in tags.text
    links = [urllib.parse.unquote(str(link).partition(",")[2]) for link in tags.attribute("a", "href")]
    assert links == [to_csv(TABLE), to_markdown(TABLE)]
    assert tags.attribute("a", "download") == ["instaflow-comparison.csv", "instaflow-comparison.md"]


def test_table_bars_are_against_the_slowest() -> None:
    assert re.findall(r"width:([\d.]+)%", comparison_html(TABLE, "en")) == ["5.0", "100.0"]


def test_no_table_without_results() -> None:
    assert comparison_html([], "en") == ""


def test_machine_panel() -> None:
    text = Tags(environment_html(MACHINE, "en")).text
    for expected in ("none found", "6.1 GB of 15.6 GB used", "2 physical cores, 4 threads", "torch 2.9"):
        assert expected in text
    with_gpu = replace(MACHINE, gpu="H100", gpu_memory_used=10**9, gpu_memory_total=8 * 10**9)
    assert "1,0 GB de 8,0 GB em uso" in Tags(environment_html(with_gpu, "pt-BR")).text


def test_model_cards_say_what_one_needs_to_know() -> None:
    assert choice_text(MODELS["sd-mini"], "en", True).split("\n") == [
        "Stable Diffusion mini",
        "25 steps · shipped",
        "Apache-2.0",
    ]
    assert "needs download" in choice_text(MODELS["2rf"], "en", False)
    assert "1 passo · precisa ser baixado" in choice_text(MODELS["instaflow-0.9b"], "pt-BR", False)


# ---------------------------------------------------------------- words


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts() -> None:
    english, portuguese = TEXTS["en"], TEXTS["pt-BR"]
    assert english.keys() == portuguese.keys()
    for key, text in english.items():
        assert _placeholders(text) == _placeholders(portuguese[key]), key


def sentences(folder: Path) -> Iterator[str]:
    """What visitors meet most often, as the code itself says it."""
    weights = Weights(converted_dir=folder)
    yield from (weights.availability(spec).reason for spec in MODELS.values() if not spec.shipped)
    raw: dict[str, Any] = {"negative_prompt": "blue", "steps": 2, "guidance": 2}
    yield from GenerationRequest.parse("a dog", FAST, **raw).notes
    texts = {PROMPT: "a dog " * 40 + "🐕", NEGATIVE: "Ω"}
    tokenizer = CLIPTokenizer.from_pretrained(MODELS_DIR / "mini/tokenizer", local_files_only=True)
    yield from Reader("InstaFlow mini", tokenizer, 32).notes(texts)
    yield from idle(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("torch.cuda.is_available", lambda: False)
        patch.setattr(device, "has_fast_half", lambda: False)
        yield from device.choose("cpu", "float16").notes
        try:
            device.choose("cuda", "auto")
        except DeviceUnavailable as error:
            yield error.sentence
    yield from (no_decoder(decoder).sentence for decoder in ("int8", "tiny"))
    yield from (COMPILING, gained(5.8), NOT_COMPILED)
    for placement in (Placement("cuda", "float16"), Placement("cpu", "float16")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(device, "choose", lambda *_, placement=placement: placement)
            patch.setattr(engines, "find_spec", lambda _: True)
            with pytest.raises(DeviceUnavailable) as caught:
                engines.placed(GenerationRequest.parse("a dog", FAST, backend="openvino"), MODELS[FAST])
            yield caught.value.sentence
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "find_spec", lambda _: None)
        with pytest.raises(DeviceUnavailable) as caught:
            engines.placed(GenerationRequest.parse("a dog", FAST, backend="openvino", device="cpu"), MODELS[FAST])
        yield caught.value.sentence


def idle(folder: Path) -> Iterator[str]:
    """What is said of options without effect, and of what is left out of texts."""
    (folder / "ink.safetensors").touch()
    lora = {"loras": [f"{folder / 'ink.safetensors'}:0"]}
    for model, raw in (
        ("sd-mini", {"guidance": 0.5, "batched": True, "negative_prompt": " "}),
        ("text2im-mini", {"images": 2, "backend": "openvino", "decoder": "tiny", "size": 512}),
        (FAST, {"negative_prompt": "blue\x00", "refine": True, "delta_from": "sd-mini", **lora}),
        (FAST, {"prompt": "a\x00dog\x01"}),
    ):
        notes = GenerationRequest.parse(**{"prompt": "a dog", "models": model, **raw}).notes
        assert notes
        yield from notes
    yield from Benchmark.parse([FAST], backends=["openvino", "eager", "diffusers"], decoders=["int8"]).notes


def raised(work: Callable[[], Any]) -> str:
    with pytest.raises(DemoError) as caught:
        work()
    return caught.value.sentence


def failures(folder: Path) -> Iterator[str]:
    """What keeps published models from being found, fetched and loaded, as the code itself says it."""
    published, weights = MODELS["2rf"], Weights(converted_dir=folder)
    yield raised(lambda: weights.use_folder("2rf", str(folder / "none")))
    yield from (
        raised(lambda named=named: weights.use_folder("2rf", str(named(mixed(folder))))) for named, _ in REFUSED
    )
    yield from unkept(folder)
    yield raised(lambda: weights.use_folder("2rf", str(folder)))
    (folder / "base.pt").touch()
    yield raised(lambda: weights.use_folder("text2im", str(folder)))
    yield raised(lambda: memory.need(published, ModelFiles(folder), CPU, 512, guided=True))
    yield raised(lambda: Weights(models_dir=folder).locate(MODELS[FAST]))
    need = memory.Need((2 * 10**9,), 10**9)
    yield from memory.forecast(published, need, memory.WHOLE, 1, 10**9)
    yield raised(lambda: memory.refuse_hopeless(published, need, 10**9, CPU))
    yield from (plan.note for plan in memory.PLANS if plan.note)
    yield raised(lambda: to_uint8_host(torch.full((1, 3, 2, 2), torch.nan)))

    def no_memory(_: Batch) -> Iterator[Any]:
        yield from ()
        raise MemoryError

    (run,) = GenerationRequest.parse("a dog", "2rf").runs
    yield raised(lambda: list(run_batches([Batch(("a dog",), (7,))], no_memory, run, CPU)))


def mixed(folder: Path) -> Path:
    """A new folder in it."""
    return Path(tempfile.mkdtemp(dir=folder))


def unkept(folder: Path) -> Iterator[str]:
    """What is said of folders that cannot be written to, with a spare one and without."""
    (folder / "file").touch()
    for spare in (folder, folder / "file"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tempfile, "tempdir", str(spare))
            kinds: tuple[caches.Kind, ...] = ("conversions", "compiled code", "downloads")
            notes = {kind: caches.keep(folder / "file", kind, Path)[1] for kind in kinds}
            if spare != folder:
                patch.setattr("instaflow_demo.weights.hub._listed", lambda _: ("c" * 40, []))
                patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "file"))
                notes["downloads"] = raised(lambda: list(hub.download(MODELS["2rf"], half=False)))
            yield from notes.values()
    yield raised(lambda: Gallery(folder / "file", remedy=REMEDY).save(ready(FAST, 0, 1.0), {}))


def refusals(folder: Path) -> Iterator[str]:
    """What downloads end with."""
    answer = httpx.Response(404, request=httpx.Request("GET", "http://hub"))
    refused = (
        errors.GatedRepoError("no", response=answer),
        errors.RepositoryNotFoundError("no", response=answer),
        errors.OfflineModeIsEnabled("no"),
        OSError("no route"),
    )
    for error in refused:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("huggingface_hub.HfApi.model_info", Mock(side_effect=error))
            yield raised(lambda: list(hub.download(MODELS["2rf"], half=False)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSTAFLOW_DEMO_HOME", str(folder))
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        yield raised(lambda: list(hub.download(MODELS["text2im"], half=False)))
        patch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
        yield raised(lambda: list(hub.download(MODELS["text2im"], half=False)))


def test_what_visitors_are_told_is_told_in_portuguese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    said = [*sentences(tmp_path), *failures(tmp_path), *refusals(tmp_path)]
    assert len(said) > 26
    for sentence in said:
        assert translate("pt-BR", sentence) != sentence, sentence
        assert translate("en", sentence) == sentence


def test_a_forged_folder_is_refused_where_others_can_come(tmp_path: Path) -> None:
    checkpoint, service = save_published(tmp_path / "sd"), Service(Weights(), Gallery(tmp_path))

    def answer(model: Any, folder: Any, *, alone: bool) -> str:
        settings = Settings(kept=Gallery(tmp_path), out=tmp_path, alone=alone)
        return FolderPanel(service, settings, gr.I18n())._taken(model, folder, "en")

    for model, folder in (("2rf", str(checkpoint)), ("2rf", "/etc"), (["2rf"], None)):
        assert "Choose a model, and name its folder." in answer(model, folder, alone=False)
    for model, folder in (("sd-mini", str(checkpoint)), ("2rf", 7), ("2rf", " "), ("2rf", "x" * 5000), (None, "/etc")):
        assert "Choose a model, and name its folder." in answer(model, folder, alone=True)
    assert "cannot be found" in answer("2rf", str(tmp_path / "none"), alone=True)
    assert not service.availability()["2rf"].available
    assert "is taken from there" in answer("2rf", str(checkpoint), alone=True)
    assert service.availability()["2rf"].found == str(checkpoint)


def test_a_forged_download_is_refused_where_there_is_no_button(tmp_path: Path) -> None:
    settings = Settings(kept=Gallery(tmp_path), out=tmp_path)
    panel = DownloadPanel(Service(Weights(), Gallery(tmp_path)), settings, gr.I18n())
    for model in ("2rf", "sd-mini", None, ["2rf"]):
        (answer,) = list(panel._run(gr.Request(), model, True, "en"))[-1:]
        assert "Choose a model to download." in answer


def test_every_text_is_used() -> None:
    folder = Path(__file__).parent.parent / "instaflow_demo" / "ui"
    code = "".join(p.read_text(encoding="utf-8") for p in folder.rglob("*.py") if "texts" not in p.parts)
    composed = {f"stage_{stage}" for stage in ("load", "text", "sample", "upsample", "decode")}
    composed |= {"progress_sample", "progress_upsample", "progress_refine"}
    unused = {key for key in TEXTS["en"] if f'"{key}"' not in code and f"'{key}'" not in code} - composed
    assert not unused


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
        ("pt", "pt-BR"),
        ("en-GB,pt", "en"),
        ("de,fr;q=0.5", "en"),
        ("ptx,en", "en"),
        (";;,,=", "en"),
    ],
)
def test_language_of_a_browser(header: str | None, language: str) -> None:
    assert preferred(header) == language


def test_numbers_are_written_as_the_language_does() -> None:
    assert number("en", 1234.56, 1) == "1,234.6"
    assert number("pt-BR", 1234.56, 1) == "1.234,6"
    assert [seconds("en", s) for s in (0.1234, 1.234, 12.34, 123.4)] == ["0.123 s", "1.23 s", "12.3 s", "2 min 3 s"]
    assert gigabytes("pt-BR", 2_340_000_000) == "2,3 GB"
    assert (gigabytes("en", 999_400_000), gigabytes("en", 999_600_000)) == ("999 MB", "1.0 GB")


def test_sentences_of_the_request_have_translations() -> None:
    problems: dict[str, str] = {}
    for bad in (
        {"prompt": ""},
        {"prompt": "x" * 600},
        {"models": []},
        {"seed": 1.5},
        {"seed": -2},
        {"seed": "7 "},
        {"images": "two"},
        {"steps": "x"},
        {"models": [SLOW], "steps": 101},
        {"models": [SLOW], "guidance": "1,5"},
        {"models": ["2rf"], "size": 100},
        {"batched": "yes"},
        {"dtype": "int8"},
        {"device": None},
        {"prompt": "x", "negative_prompt": "x" * 600},
    ):
        with pytest.raises(InvalidRequest) as caught:
            GenerationRequest.parse(**{"prompt": "a dog", "models": [FAST], **bad})
        problems |= {value: value for value in caught.value.problems.values()}
    notes = GenerationRequest.parse("dog", [FAST], negative_prompt="cat").notes
    for sentence in (*problems, *notes):
        assert translate("pt-BR", sentence) != sentence
        assert translate("en", sentence) == sentence
        assert not re.search(r"\b(must|not|the|for|from)\b", translate("pt-BR", sentence)), sentence


def test_numbers_in_sentences_are_written_as_the_language_does() -> None:
    said = "The seed must be from 0 to 4,294,967,295, or -1 for a random one, not the text “7”."
    there = "Semente: deve ser de 0 a 4.294.967.295, ou -1 para uma ao acaso, e não o texto “7”."
    assert translate("pt-BR", said) == there
    said = "Size must be a multiple of 64 pixels from 256 to 768 for Stable Diffusion 1.5, not 100."
    there = "Tamanho: deve ser um múltiplo de 64 pixels de 256 a 768 em Stable Diffusion 1.5, e não 100."
    assert translate("pt-BR", said) == there


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("en", "nothing")


# ---------------------------------------------------------------- the form


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Form:
    out = tmp_path_factory.mktemp("out")
    settings = Settings(kept=Gallery(out), out=out, models=(FAST, SLOW, "2rf"))
    with gr.Blocks():
        form = Form(settings, gr.I18n(**{language: dict(TEXTS[language]) for language in LANGUAGES}))
        form.prompt()
        form.models()
        form.numbers()
        form.settings()
    return form


def values_of(form: Form, **changes: Any) -> list[Any]:
    """What an untouched page sends, with changes by name."""
    names = {id(form[name]): name for name in form.names}
    return [changes.get(names[id(part)], part.value) for part in form.inputs]


def test_an_untouched_page_can_be_generated_from(form: Form) -> None:
    ask = form.parse(*values_of(form))
    assert ask.request.prompt == EXAMPLES[0]
    assert [run.model.id for run in ask.request.runs] == [FAST, SLOW]
    assert ask.display and ask.keep and not ask.request.batched
    assert all(part["is_valid"] for part in form.validate(*values_of(form)))


def test_settings_reach_their_own_model(form: Form) -> None:
    changes = {f"steps:{SLOW}": 10, f"guidance:{SLOW}": 1.5, "mode": "batch", "save": False, "display": False}
    ask = form.parse(*values_of(form, **changes))
    run = ask.request.runs[1]
    assert (run.steps, run.guidance, ask.request.batched, ask.keep, ask.display) == (10, 1.5, True, False, False)


def test_what_runs_and_what_decodes_are_settings(form: Form) -> None:
    untouched = form.parse(*values_of(form)).request
    assert (untouched.backend, untouched.decoder) == ("auto", "full")
    made = form.parse(*values_of(form, backend="openvino", decoder="tiny")).request
    assert (made.backend, made.decoder) == ("openvino", "tiny")
    for changes in ({"backend": "diffusers"}, {"backend": "nothing"}, {"decoder": None}):
        assert not all(answer["is_valid"] for answer in form.validate(*values_of(form, **changes)))


def test_unfinished_images_are_asked_for_where_images_are_shown(form: Form) -> None:
    assert form.parse(*values_of(form)).request.previews
    assert not form.parse(*values_of(form, display=False)).request.previews


def test_size_is_a_setting_of_models_that_let_it_be_chosen(form: Form) -> None:
    assert [name for name in form.names if name.startswith("size:")] == ["size:2rf"]
    part = form["size:2rf"]
    assert (part.minimum, part.maximum, part.step, part.value) == (256, 768, 64, 512)
    ask = form.parse(*values_of(form, models=[FAST, "2rf"], **{"size:2rf": 640}))
    assert [run.size for run in ask.request.runs] == [256, 640]
    with pytest.raises(InvalidRequest, match="multiple of 64"):
        form.parse(*values_of(form, models=["2rf"], **{"size:2rf": 650}))


def test_a_locked_seed_stays_and_a_random_one_changes(form: Form) -> None:
    locked = [form.parse(*values_of(form, randomise=False, seed=42)).request.seed for _ in range(2)]
    random = {form.parse(*values_of(form, randomise=True, seed=42)).request.seed for _ in range(8)}
    assert locked == [42, 42]
    assert len(random) > 1


def test_problems_stand_at_their_field(form: Form) -> None:
    answers = dict(
        zip(form.names, form.validate(*values_of(form, prompt="", models=[], language="pt-BR")), strict=True)
    )
    wrong = {name: answer["message"] for name, answer in answers.items() if not answer["is_valid"]}
    assert wrong.keys() == {"prompt", "models"}
    assert wrong["models"] == "Escolha pelo menos um modelo."


def test_models_that_are_not_offered_are_refused(form: Form) -> None:
    with pytest.raises(InvalidRequest, match="not offered here"):
        form.parse(*values_of(form, models=["2rf-mini"]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_any_json_is_accepted_or_refused_in_words(form: Form, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(form.names)))
    values = values_of(form, **{name: data.draw(JSON)})
    answers = form.validate(*values)
    assert len(answers) == len(values)
    if all(answer["is_valid"] for answer in answers):
        assert form.parse(*values).request.runs


# ---------------------------------------------------------------- the thread


def counted(closed: threading.Event, threads: set[int]) -> Iterator[int]:
    try:
        for i in range(1000):
            threads.add(threading.get_ident())
            time.sleep(0.005)
            yield i
    finally:
        closed.set()


def test_batches_lose_nothing_and_keep_the_order() -> None:
    assert [i for batch in batches((i for i in range(500)), 0.01) for i in batch] == list(range(500))


def test_work_stays_on_one_thread_whoever_looks() -> None:
    closed, threads = threading.Event(), set()
    looks = batches(counted(closed, threads), 0.02)
    for _ in range(4):
        reader = threading.Thread(target=next, args=(looks,))
        reader.start()
        reader.join()
    looks.close()
    assert closed.wait(1)
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_closing_ends_the_work_within_one_item() -> None:
    closed, threads = threading.Event(), set()
    looks = batches(counted(closed, threads), 0.02)
    made = next(looks)
    looks.close()
    assert closed.wait(0.5)
    assert made[-1] < 50


def test_looks_come_even_when_nothing_happens() -> None:
    def slow() -> Iterator[int]:
        time.sleep(0.3)
        yield 1

    looks = batches(slow(), 0.05)
    assert next(looks) == []
    assert [i for batch in looks for i in batch] == [1]


def test_an_error_of_the_work_is_raised_where_it_is_heard() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise DeviceUnavailable("no GPU")

    seen = []
    with pytest.raises(DeviceUnavailable, match="no GPU"):
        for batch in batches(failing(), 0.01):
            seen += batch
    assert seen == [1]


def test_stop_ends_the_work_of_one_visitor_and_waits_for_its_last_words() -> None:
    under_way, closed = UnderWay(), {name: threading.Event() for name in ("ana", "rui")}
    begun = threading.Barrier(3)
    said: list[str] = []

    def visit(name: str) -> None:
        with under_way.batches(name, counted(closed[name], set()), 0.02) as news:
            begun.wait(5)
            for _ in news:
                pass
            time.sleep(0.1)  # the last answer takes its time to be sent
            said.append(name)

    visits = [threading.Thread(target=visit, args=(name,)) for name in closed]
    for thread in visits:
        thread.start()
    begun.wait(5)
    assert asyncio.run(under_way.ended("ana"))
    assert said == ["ana"]
    assert closed["ana"].wait(1)
    assert not closed["rui"].is_set()
    assert not asyncio.run(under_way.ended("ana"))
    assert asyncio.run(under_way.ended("rui"))
    for thread in visits:
        thread.join(1)
    assert said == ["ana", "rui"]
