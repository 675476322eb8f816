"""What an assistant finds and gets, with MCP's own client: the four endpoints as tools, images, and sentences."""

import asyncio
import base64
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conditions import without
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, ImageContent, TextContent, Tool
from PIL import Image
from served import ROOT, App, environment, running_app

from instaflow_demo.gallery import read_metadata


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    flags = ("--offline", "--mcp", "--models", "instaflow-mini,sd-mini,2rf")
    with running_app(tmp_path_factory.mktemp("mcp"), *flags) as app:
        yield app


@pytest.fixture(scope="module")
def tools(app: App) -> dict[str, Tool]:
    async def listed(session: ClientSession) -> list[Tool]:
        return (await session.list_tools()).tools

    return {tool.name: tool for tool in asyncio.run(within(app, listed))}


async def within(app: App, ask: Any, language: str = "en") -> Any:
    """What `ask` finds out in a session of an assistant that speaks this language."""
    async with (
        httpx.AsyncClient(headers={"accept-language": language}, timeout=240, trust_env=False) as http,
        streamable_http_client(app.url + "/gradio_api/mcp/", http_client=http) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        return await ask(session)


def call(app: App, tool: str, language: str = "en", **given: Any) -> CallToolResult:
    return asyncio.run(within(app, lambda session: session.call_tool(tool, given), language))


def said(result: CallToolResult) -> str:
    """The text of an answer, which comes first."""
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


def test_the_four_endpoints_are_tools_and_nothing_else_is(tools: dict[str, Tool]) -> None:
    assert tools.keys() == {"models", "generate", "compare", "benchmark"}
    for tool in tools.values():
        assert str(tool.description).endswith((".", ")"))
        assert "Args" not in str(tool.description)
        assert all(each["description"].endswith(".") for each in tool.inputSchema["properties"].values())


def test_parameters_have_types_and_defaults(tools: dict[str, Tool]) -> None:
    schema = tools["generate"].inputSchema
    assert schema["required"] == ["prompt"]
    types = {name: each.get("type") for name, each in schema["properties"].items()}
    assert (types["prompt"], types["images"], types["seed"]) == ("string", "integer", "integer")
    assert schema["properties"]["model"]["default"] == "instaflow-mini"
    assert tools["compare"].inputSchema["properties"]["models"]["items"] == {"type": "string"}


def test_an_image_is_drawn_and_shown_as_one(app: App, tmp_path: Path) -> None:
    result = call(app, "generate", prompt="A big dog", seed=7)
    assert not result.isError
    (drawn,) = json.loads(said(result))["results"]
    assert drawn["images"][0]["seconds"] > 0
    assert "base64" not in said(result)
    (image,) = result.content[1:]
    assert isinstance(image, ImageContent)
    assert image.mimeType == "image/png"
    png = base64.b64decode(image.data)
    assert Image.open(io.BytesIO(png)).size == (256, 256)
    (tmp_path / "dog.png").write_bytes(png)
    made = read_metadata(tmp_path / "dog.png")
    assert (made["prompt"], made["seed"], made["model"]) == ("A big dog", 7, "instaflow-mini")


def test_the_example_of_the_manual_draws_an_image(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    manual = (ROOT / "assets" / "docs" / "api.md").read_text(encoding="utf-8").partition("## Assistants")[2]
    (code,) = re.findall(r"```python\n(.*?)```", manual, flags=re.DOTALL)
    exec(compile(code.replace("http://127.0.0.1:7860", app.url), "api.md", "exec"), {})
    assert int(capsys.readouterr().out) > 10_000


def test_images_of_a_comparison_come_in_the_order_of_its_models(app: App, tmp_path: Path) -> None:
    models = ["sd-mini", "instaflow-mini"]
    result = call(app, "compare", prompt="three stars", models=models, seed=3)
    assert [each["model"] for each in json.loads(said(result))["results"]] == models
    shown = [image for image in result.content if isinstance(image, ImageContent)]
    for image, model in zip(shown, models, strict=True):
        (tmp_path / "one.png").write_bytes(base64.b64decode(image.data))
        assert read_metadata(tmp_path / "one.png")["model"] == model


def test_models_are_those_that_are_offered(app: App) -> None:
    models = {each["id"]: each for each in json.loads(said(call(app, "models")))}
    assert models.keys() == {"instaflow-mini", "sd-mini", "2rf"}
    assert "hf download" in models["2rf"]["missing"]


@pytest.mark.parametrize(
    ("language", "given", "sentence"),
    [
        ("en", {"prompt": ""}, "the prompt is empty"),
        ("pt-BR", {"prompt": ""}, "o prompt está vazio"),
        ("en", {"prompt": "a dog", "model": "dall-e"}, "no model called 'dall-e'"),
        ("en", {"prompt": "a dog", "model": "sd-1.5"}, "is not offered here"),
        ("en", {"prompt": "a dog", "images": 9}, "from 1 to 8"),
        ("en", {"prompt": "a dog", "images": "many"}, "'many' is not of type 'integer'"),
        ("en", {}, "'prompt' is a required property"),
    ],
)
def test_what_is_refused_is_a_sentence(app: App, language: str, given: dict[str, Any], sentence: str) -> None:
    result = call(app, "generate", language, **given)
    assert result.isError
    assert sentence in said(result)


def test_a_page_without_the_flag_has_no_tools(tmp_path: Path) -> None:
    with running_app(tmp_path, "--offline", "--models", "instaflow-mini") as plain:
        assert plain.post("/gradio_api/mcp/", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})[0] in (404, 405)


def test_without_its_package_the_flag_says_what_to_install(tmp_path: Path) -> None:
    settings = environment(tmp_path) | {"PYTHONPATH": without("mcp", tmp_path / "hidden")}
    command = [sys.executable, "app.py", "--offline", "--mcp"]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 2
    assert 'pip install "gradio[mcp]"' in done.stderr
    assert "Traceback" not in done.stderr
