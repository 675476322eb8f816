"""The API's endpoints as tools of the Model Context Protocol: gradio's server, with images that can be seen."""

import json
from typing import TYPE_CHECKING, Any

import gradio as gr

if TYPE_CHECKING:
    from mcp.types import ImageContent, TextContent

ADDRESS = "/gradio_api/mcp/"


def show_images(page: gr.Blocks) -> None:
    """Have the tools of a page that was launched answer as `contents` does."""
    server: Any = page.mcp_server_obj
    server.postprocess_output_data = lambda answers, address: contents(answers[0])


def contents(answer: Any) -> "list[TextContent | ImageContent]":
    """What a tool answers: the endpoint's answer as JSON, then the images of the run, in its order.

    gradio would put everything into one text, with images in letters that no model can see, and that fill its memory.
    """
    from mcp.types import ImageContent, TextContent  # noqa: PLC0415 - optional

    results = answer.get("results", []) if isinstance(answer, dict) else []
    pictures = [picture.pop("image") for result in results for picture in result.get("images", [])]
    images = [ImageContent(type="image", mimeType=kind, data=data) for kind, data in map(_parse_uri, pictures)]
    return [TextContent(type="text", text=json.dumps(answer, ensure_ascii=False)), *images]


def _parse_uri(uri: str) -> tuple[str, str]:
    """The media type of a data URI, and its data in base64."""
    kind, _, data = uri.removeprefix("data:").partition(";base64,")
    return kind, data
