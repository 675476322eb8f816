"""What programs call: the examples of the manual as they stand there, and the sentences of what is refused."""

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Browser
from served import ROOT, App, running_app

from instaflow_demo.gallery import read_metadata
from instaflow_demo.results import benchmark_file

MANUAL = (ROOT / "assets" / "docs" / "api.md").read_text(encoding="utf-8").partition("## Assistants")[0]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running_app(tmp_path_factory.mktemp("api"), "--offline", "--models", "instaflow-mini,sd-mini,2rf") as app:
        yield app


@pytest.fixture(scope="module")
def client(app: App) -> Client:
    return Client(app.url, verbose=False)


def example(language: str, app: App) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", MANUAL, flags=re.DOTALL)
    return code.replace("http://127.0.0.1:7860", app.url)


def test_the_example_in_python_draws_a_dog(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(example("python", app), "api.md", "exec"), {})
    assert re.search(r"\d+\.\d+ s on cpu, \d+\.\d it/s\n$", capsys.readouterr().out)
    made = read_metadata(tmp_path / "dog.png")
    assert (made["prompt"], made["seed"], made["model"]) == ("A big dog", 7, "instaflow-mini")


def test_the_example_in_javascript_draws_the_same_dog(app: App, client: Client, browser: Browser) -> None:
    run = client.predict("A big dog", seed=7, api_name="/generate")
    page = browser.new_page()
    page.goto(app.url + "/preview.jpg")  # of the same origin
    seconds, source = page.evaluate(f"async () => {{ {example('javascript', app)} }}")
    assert seconds > 0
    theirs, ours = (pixels(each) for each in (source, run["results"][0]["images"][0]["image"]))
    assert theirs == ours


def pixels(uri: str) -> bytes:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).tobytes()


def test_models_are_those_that_are_offered(client: Client) -> None:
    models = {each["id"]: each for each in client.predict(api_name="/models")}
    assert models.keys() == {"instaflow-mini", "sd-mini", "2rf"}
    assert models["sd-mini"]["available"]
    assert "hf download" in models["2rf"]["missing"]


def test_a_comparison_starts_from_one_seed(client: Client) -> None:
    run = client.predict("three stars", models=["instaflow-mini", "sd-mini", "2rf"], seed=3, api_name="/compare")
    assert [result["model"] for result in run["results"]] == ["instaflow-mini", "sd-mini", "2rf"]
    assert [image["seed"] for result in run["results"] for image in result["images"]] == [3, 3]
    assert "hf download" in run["results"][2]["error"]


def test_a_benchmark_is_what_the_command_writes(client: Client) -> None:
    timed = client.predict(models=["instaflow-mini"], repeats=2, backends=["eager"], api_name="/benchmark")
    machine, (row,) = benchmark_file.read_json(json.dumps(timed))
    assert (row.model, row.backend, row.n) == ("instaflow-mini", "eager", 2)
    assert machine
    with pytest.raises(AppError, match="Repeats must be"):
        client.predict(repeats=10_000, api_name="/benchmark")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"prompt": ""}, "the prompt is empty"),
        ({"model": "dall-e"}, "no model called 'dall-e'"),
        ({"model": "sd-1.5"}, "is not offered here"),
        ({"images": 9}, "from 1 to 8"),
        ({"steps": "many", "model": "sd-mini"}, "whole number"),
        ({"decoder": "best"}, "Decoder must be one of"),
    ],
)
def test_what_is_refused_is_a_sentence(client: Client, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AppError, match=sentence):
        client.predict(**{"prompt": "a big dog", **given}, api_name="/generate")


def test_the_description_names_parameters_and_their_types(client: Client) -> None:
    info: Any = client.view_api(return_format="dict", print_info=False)
    named = info["named_endpoints"]
    assert {"/models", "/generate", "/compare", "/benchmark"} == named.keys()
    parameters = {each["parameter_name"]: each for each in named["/generate"]["parameters"]}
    assert list(parameters)[:4] == ["prompt", "model", "images", "seed"]
    assert parameters["images"]["type"]["type"] == "integer"
    assert parameters["seed"]["parameter_default"] == -1
    assert "i18n" not in str(info)
