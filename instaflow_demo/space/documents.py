"""The files that are written for a Space, not copied: README.md, requirements.txt, Dockerfile."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from ..registry import MODELS, ModelSpec
from .contents import CREDITS
from .hosts import PYTHON, Host

_TEMPLATES = Path(__file__).with_name("templates")
_PORT = 7860
_OAUTH = "gradio[oauth]"  # which a Space with gradio's kit has by itself, and a Dockerfile has not
_OF_GRADIO = ("sdk_version", "python_version", "app_file")  # what a Dockerfile says instead


def documents(root: Path, host: Host, preloads: Sequence[str] = (), *, login: bool = False) -> dict[str, str]:
    """The text of each file by name, made of the project's own README.md and requirements.txt at `root`.

    `preloads` are entries of `preload_from_hub`. With `login`, visitors can sign in with Hugging Face.
    """
    front = front_matter(root, host, preloads) | ({"hf_oauth": True} if login else {})
    requirements = [*_requirements(root, host), *([_OAUTH] if login and host.sdk == "docker" else [])]
    made = {
        "README.md": _readme(root, front),
        "requirements.txt": "\n".join([*requirements, ""]),
        ".gitattributes": _template("gitattributes").template,
    }
    if host.sdk == "docker":
        torch = next(line for line in _requirements(root, host) if line.startswith("torch"))
        made["Dockerfile"] = _template("Dockerfile").substitute(python=PYTHON, port=_PORT, torch=torch)
        made[".dockerignore"] = _template("dockerignore").template
    return made


def front_matter(root: Path, host: Host, preloads: Sequence[str] = ()) -> dict[str, Any]:
    """A Space's configuration: what the project's README says, and what the host needs beside that."""
    from huggingface_hub import metadata_load  # noqa: PLC0415 - slow to import

    front: dict[str, Any] = dict(metadata_load(root / "README.md") or {})
    if host.sdk == "docker":
        front = {name: value for name, value in front.items() if name not in _OF_GRADIO}
        front |= {"sdk": host.sdk, "app_port": _PORT}
    if host.hardware:
        front["suggested_hardware"] = host.hardware
    if preloads:
        front["preload_from_hub"] = list(preloads)
    return front


def _readme(root: Path, front: Mapping[str, Any]) -> str:
    from huggingface_hub.utils import yaml_dump  # noqa: PLC0415 - slow to import

    rows = [spec for spec in MODELS.values() if spec.shipped]
    others = [spec for spec in MODELS.values() if not spec.shipped]
    body = _template("README.md").substitute(
        title=front.get("title", ""),
        systems="\n".join(_table(rows)),
        published="\n".join(_published(others)),
        credits=_credits(root),
    )
    return f"---\n{yaml_dump(front, sort_keys=False)}---\n{body}"


def _table(rows: Sequence[ModelSpec]) -> Iterator[str]:
    yield "| id | system | licence |"
    yield "|---|---|---|"
    for spec in rows:
        card = f"assets/models/{spec.source}/README.md"
        yield f"| [`{spec.id}`]({card}) | {spec.title}: {spec.summary} | {spec.licence} |"


def _published(rows: Sequence[ModelSpec]) -> Iterator[str]:
    yield "Checkpoints that others published keep their own licences, wherever this Space runs them:"
    yield ""
    for spec in rows:
        yield f"- {spec.title} (`{spec.source}`): {spec.licence}"


def _credits(root: Path) -> str:
    """The manual's page of credits, without its heading and its links to other pages."""
    return (root / CREDITS).read_text(encoding="utf-8").split("\n\n", 2)[2].strip()


def _requirements(root: Path, host: Host) -> Iterator[str]:
    """The project's own; PyTorch as the host offers it, or from an index of its wheels without CUDA."""
    if host.wheels:
        yield f"--extra-index-url {host.wheels}"
    for line in (root / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if asked := line.partition("#")[0].strip():
            newest = f",<={host.torch[-1]}" if host.torch and asked.startswith("torch>") else ""
            yield asked + newest


def _template(name: str) -> Template:
    return Template((_TEMPLATES / name).read_text(encoding="utf-8"))
