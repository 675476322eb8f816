"""What a view, a table and the machine look like as HTML, and that no text becomes markup."""

import re
import urllib.parse
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import (
    FAST,
    FINISHED,
    HOSTILE,
    MACHINE,
    SLOW,
    Tags,
    is_harmless,
    measurement,
    picture,
    ready,
    request,
    timing,
    viewed,
)

from instaflow_demo.events import Done, Failed, Loading, Step
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.report import COLUMNS, collect, comparison_rows
from instaflow_demo.results.tables import to_csv, to_markdown
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
from instaflow_demo.ui.html.view import RunView


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
        comparison_html([replace(TABLE[0], system=HOSTILE)], "en"),
    ]
    for html in pages:
        assert is_harmless(html), html
        assert HOSTILE not in html


# ---------------------------------------------------------------- table and machine
TABLE = comparison_rows(collect(FINISHED, request()), request())


def test_table_shows_the_report_and_its_downloads_hold_all_of_it() -> None:
    html = comparison_html(TABLE, "en")
    tags = Tags(html)
    for name in ("System", "Seconds per image", "Network evaluations", "it/s"):
        (column,) = [column for column in COLUMNS if column.title == name]
        assert column.text(TABLE[0]) in tags.text
    assert "20.0×" in tags.text
    links = [urllib.parse.unquote(str(link).partition(",")[2]) for link in tags.attribute("a", "href")]
    assert links == [to_csv(TABLE, COLUMNS), to_markdown(TABLE, COLUMNS)]
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
