"""A link asks for what was drawn, and for nothing that the form would refuse; what a browser kept is judged as well."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page import FAST, HOSTILE, JSON, SLOW, is_harmless

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.gallery import Gallery
from instaflow_demo.registry import REFINER
from instaflow_demo.ui.html.link import share_html
from instaflow_demo.ui.permalink import MOST_CHARACTERS, read_link
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.arrival import Arrival, arrive
from instaflow_demo.ui.tabs.form import EXAMPLES, Form, FormSubmission
from instaflow_demo.ui.text import LANGUAGES, Language, say
from instaflow_demo.weights.locate import Availability

HERE = {FAST: Availability(True), SLOW: Availability(True), "2rf": Availability(False), REFINER.id: Availability(False)}


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Form:
    out = tmp_path_factory.mktemp("out")
    with gr.Blocks():
        form = Form(Settings(kept=Gallery(out), out=out, models=(FAST, SLOW, "2rf")), gr.I18n())
        form.build_prompt()
        form.build_models((FAST, SLOW))
        form.build_numbers()
        form.build_switches()
        form.build_settings()
    return form


def submit(form: Form, **changes: Any) -> FormSubmission:
    return form.parse(*(form.defaults | changes).values())


def query(link: str) -> dict[str, str]:
    return dict(parse_qsl(link.removeprefix("?"), keep_blank_values=True))


def come(form: Form, link: str = "", kept: Any = None, language: Language = "en") -> Arrival:
    return arrive(form, query(link), kept, HERE, language)


# ---------------------------------------------------------------- links


def test_a_link_is_short_and_says_only_what_is_not_usual(form: Form) -> None:
    assert submit(form, randomise=False, seed=7).link == f"?prompt=A+big+dog&models={FAST},{SLOW}&seed=7"
    changes = {f"steps:{SLOW}": 10, f"guidance:{SLOW}": 1.5, "decoder": "tiny", "mode": "batch", "save": False}
    link = submit(form, models=[SLOW], randomise=False, seed=7, images=2, negative_prompt="blue", **changes).link
    rest = "&images=2&negative=blue&decoder=tiny&mode=batch"
    assert link == f"?prompt=A+big+dog&models={SLOW}&seed=7{rest}&steps={SLOW}:10&guidance={SLOW}:1.5"


def test_settings_of_models_that_do_not_run_are_not_in_a_link(form: Form) -> None:
    assert "steps" not in submit(form, models=[FAST], **{f"steps:{SLOW}": 10}).link


@settings(deadline=None)  # it reads every setting by itself
@given(st.data())
def test_what_a_link_asks_for_is_what_was_asked_for(form: Form, data: st.DataObject) -> None:
    changes = {
        "prompt": data.draw(st.text(min_size=1, max_size=40).filter(str.strip)),
        "models": data.draw(st.sampled_from([[FAST], [SLOW], [SLOW, FAST]])),
        "images": data.draw(st.integers(1, 8)),
        "seed": data.draw(st.integers(0, 2**32 - 8)),
        "randomise": False,
        f"steps:{SLOW}": data.draw(st.integers(1, 100)),
        f"guidance:{SLOW}": data.draw(st.integers(0, 100)) / 10,
        "dtype": data.draw(st.sampled_from(["auto", "float32"])),
        "mode": data.draw(st.sampled_from(["single", "batch"])),
    }
    values = form.defaults | changes
    try:
        asked = form.parse(*values.values())
    except InvalidRequest:  # a prompt in which nothing can be seen
        return
    arrival = come(form, asked.link)
    assert arrival.draws and arrival.said.count("</p>") == 1
    again = submit(form, **arrival.values)
    assert again.link == asked.link
    assert again.request == replace(asked.request, text_notes=())  # what cannot be printed is not in the link


def test_a_link_is_told_what_it_cannot_ask_for(form: Form) -> None:
    arrival = come(form, f"?prompt=a+cat&models={SLOW},2rf,foo&seed=7x&images=99&shoes=2&refine=yes&steps={FAST}:3")
    assert arrival.values == {"prompt": "a cat", "models": [SLOW]}
    assert arrival.draws
    for said in (
        "Opened from a link.",
        "“shoes”, which means nothing here",
        "2-Rectified Flow is not on this machine",
        "SDXL refiner is not on this machine",
        "There is no model called &#39;foo&#39;",
        "The seed must be a whole number",
        "The number of images must be from 1 to 8, not 99.",
        f"“steps:{FAST}” cannot be “3” here.",
    ):
        assert said in arrival.said
    assert is_harmless(arrival.said)


REFUSED = """seed=random refine=maybe mode=fast backend=diffusers device=mars guidance=sd-mini:99 guidance=2rf:99
    size=2rf:650 steps=7 prompt= language=en images=nan"""


@pytest.mark.parametrize("link", [*REFUSED.split(), "prompt=" + "é" * 501])
def test_what_the_form_refuses_no_link_can_ask_for(form: Form, link: str) -> None:
    arrival = come(form, link)
    assert (arrival.values, arrival.draws) == ({}, False)
    assert re.search(r"left out|Left out|without it", arrival.said)
    assert "data-draw" not in arrival.said


@pytest.mark.parametrize("name", ["display", "save", "randomise", "lora", "delta_from", "out", "model-dir"])
def test_a_link_can_set_nothing_else(form: Form, name: str) -> None:
    arrival = come(form, f"?{name}=yes&prompt=a+cat")
    assert arrival.values == {"prompt": "a cat"}
    assert f"“{name}”" in arrival.said


def test_a_link_that_is_too_long_is_not_read(form: Form) -> None:
    arrival = come(form, f"?prompt=a+cat&seed=7&negative={'x' * MOST_CHARACTERS}")
    assert (arrival.values, arrival.draws) == ({}, False)
    assert "This link is too long (2,524 characters, and at most 2,500 are read)" in arrival.said


def test_what_others_add_to_addresses_is_no_link(form: Form) -> None:
    assert come(form, "?lang=pt-PT&__theme=dark&utm_source=mail&view=api") == Arrival({})


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_without_a_prompt_draws_the_first_example(form: Form, language: Language) -> None:
    arrival = come(form, "?seed=5", language=language)
    assert arrival.values == {"seed": 5, "randomise": False, "prompt": say(language, EXAMPLES[0])}


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=6))
def test_any_query_is_read_or_refused_in_words(form: Form, asked: Mapping[str, str]) -> None:
    arrival = arrive(form, asked, None, HERE, "pt-PT")
    assert is_harmless(arrival.said)
    assert not read_link(asked).notes or arrival.said


def test_a_link_in_a_page_is_text(form: Form) -> None:
    link = submit(form, prompt=HOSTILE).link
    assert is_harmless(share_html(link, "en"))
    assert come(form, link).values["prompt"] == HOSTILE


# ---------------------------------------------------------------- what the browser has kept


def test_what_was_kept_comes_back_but_for_what_nobody_could_have_entered(form: Form) -> None:
    kept = {"prompt": "a cat", "models": [SLOW, "2rf", 3], "seed": 5, "randomise": False, "display": False, "save": "x"}
    kept |= {"images": 99, f"steps:{SLOW}": 10, "steps:gone": 3, "language": "pt-BR", "refine": True}
    arrival = come(form, kept=kept)
    assert arrival.values == {
        **{"prompt": "a cat", "models": [SLOW], "seed": 5, "randomise": False, "display": False},
        f"steps:{SLOW}": 10,
    }
    assert (arrival.said, arrival.draws) == ("", False)


def test_a_link_comes_before_what_was_kept(form: Form) -> None:
    assert come(form, "?prompt=a+cat", kept={"seed": 5, "prompt": "a dog"}).values == {"prompt": "a cat"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_prompt_of_the_page_s_own_follows_the_language(form: Form, language: Language) -> None:
    for example in EXAMPLES:
        kept = {"prompt": say("pt-BR", example)}
        assert come(form, kept=kept, language=language).values == {"prompt": say(language, example)}


@settings(deadline=None)
@given(JSON)
def test_whatever_was_kept_does_no_harm(form: Form, kept: Any) -> None:
    arrival = come(form, kept=kept)
    assert (arrival.said, arrival.draws) == ("", False)
    mixed = come(form, kept={"prompt": kept, "models": kept, "seed": kept, "randomise": kept, "dtype": kept})
    assert submit(form, **mixed.values).request.runs


def test_a_large_value_is_not_read_to_its_end(form: Form, tmp_path: Path) -> None:
    assert come(form, kept={"models": ["foo"] * 100_000 + [FAST]}).values == {}
