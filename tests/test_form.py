"""From raw input to a request, or to a sentence at its field; what visitors may not do."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import FAST, JSON, SLOW
from small_sd import save_published

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.gallery import Gallery
from instaflow_demo.service import Service
from instaflow_demo.ui.runner import Runner
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.download import DownloadPanel
from instaflow_demo.ui.tabs.folders import FolderPanel
from instaflow_demo.ui.tabs.form import EXAMPLES, Form
from instaflow_demo.ui.text import LANGUAGES, TEXTS
from instaflow_demo.weights.locate import Weights


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Form:
    out = tmp_path_factory.mktemp("out")
    settings = Settings(kept=Gallery(out), out=out, models=(FAST, SLOW, "2rf"))
    with gr.Blocks():
        form = Form(settings, gr.I18n(**{language: dict(TEXTS[language]) for language in LANGUAGES}))
        form.build_prompt()
        form.build_models()
        form.build_numbers()
        form.build_settings()
    return form


def values_of(form: Form, **changes: Any) -> list[Any]:
    """What an untouched page sends, with changes by name."""
    return [changes.get(name, form[name].value) for name in form.names]


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


@given(st.data())
def test_any_json_is_accepted_or_refused_in_words(form: Form, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(form.names)))
    values = values_of(form, **{name: data.draw(JSON)})
    answers = form.validate(*values)
    assert len(answers) == len(values)
    if all(answer["is_valid"] for answer in answers):
        assert form.parse(*values).request.runs


def test_a_forged_folder_is_refused_where_others_can_come(tmp_path: Path) -> None:
    checkpoint, service = save_published(tmp_path / "sd"), Service(Weights(), Gallery(tmp_path))

    def answer(model: Any, folder: Any, *, alone: bool) -> str:
        settings = Settings(kept=Gallery(tmp_path), out=tmp_path, alone=alone)
        return FolderPanel(service, settings, gr.I18n())._use_folder(model, folder, "en")

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
    panel = DownloadPanel(Service(Weights(), Gallery(tmp_path)), settings, gr.I18n(), Runner())
    for model in ("2rf", "sd-mini", None, ["2rf"]):
        (answer,) = list(panel._run(gr.Request(), model, True, "en"))[-1:]
        assert "Choose a model to download." in answer
