"""What the code must not do, read from its syntax: imports point one way, and nothing dangerous is called."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from served import ROOT

PACKAGE = ROOT / "instaflow_demo"
SOURCES = sorted([*PACKAGE.rglob("*.py"), ROOT / "app.py"])

# what each part of the package may import of the package itself; a part is a module or a folder below instaflow_demo/
ALLOWED = {
    "__init__": set(),
    "errors": set(),
    "registry": set(),
    "flow": set(),
    "grammar": set(),
    "measure": set(),
    "glide": set(),
    "events": {"errors", "measure"},
    "machine": {"errors"},
    "request": {"errors", "machine", "registry"},
    "weights": {"errors", "events", "glide", "machine", "registry"},
    "gallery": {"errors", "events", "machine"},
    "engines": {"errors", "events", "flow", "glide", "machine", "measure", "registry", "request", "weights"},
    "finishing": {"engines", "errors", "events", "gallery", "machine", "registry", "request", "weights"},
    "zerogpu": {"engines", "errors", "events"},
    "service": {
        "engines",
        "errors",
        "events",
        "finishing",
        "gallery",
        "machine",
        "measure",
        "registry",
        "request",
        "weights",
        "zerogpu",
    },
    "results": {"errors", "events", "machine", "measure", "registry", "request", "service"},
    "evaluation": {
        "engines",
        "errors",
        "events",
        "flow",
        "grammar",
        "machine",
        "measure",
        "registry",
        "request",
        "weights",
    },
    "space": {"errors", "machine", "registry", "weights"},
    "cli": {
        "errors",
        "evaluation",
        "events",
        "gallery",
        "machine",
        "measure",
        "registry",
        "request",
        "results",
        "service",
        "space",
        "weights",
    },
    "ui": {"errors", "events", "gallery", "machine", "measure", "registry", "request", "results", "service", "weights"},
    "training": {
        "cli",
        "engines",
        "errors",
        "evaluation",
        "events",
        "flow",
        "glide",
        "grammar",
        "machine",
        "registry",
        "request",
        "weights",
    },
}
PAGE = ("ui", "app")  # all that may know gradio
LIGHT = (
    "errors",
    "registry",
    "measure",
    "events",
    "gallery",
    "request",
    "machine.environment",
    "machine.paths",
    "machine.caches",
    "weights.locate",
    "weights.folders",
    "weights.files",
    "weights.hub",
    "weights.openai",
    "results.report",
    "results.paper",
    "results.tables",
)

BANNED_IMPORTS = {"pickle", "marshal", "shelve", "dill", "joblib"}
BANNED_CALLS = {"eval", "exec", "compile", "os.system", "os.popen", "print", "input"}


def part(path: Path) -> str:
    """`ui` for instaflow_demo/ui/form.py, `device` for instaflow_demo/device.py, `app` for app.py."""
    inside = path.relative_to(ROOT).with_suffix("").parts
    return inside[1] if len(inside) > 1 else inside[0]


@cache
def parsed(path: Path) -> ast.Module:
    """A file's syntax."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Absolute names of the modules that a file imports, wherever in it."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    here = part(path)
    if here in ("app", "__main__"):
        return  # the two entry points may know everything
    inside = {name.split(".")[1] for name in imports(path) if name.startswith("instaflow_demo.")}
    assert inside <= ALLOWED[here] | {here, "__version__"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_page_knows_gradio(path: Path) -> None:
    if part(path) not in PAGE:
        assert not [name for name in imports(path) if name.split(".")[0] == "gradio"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_dangerous_is_called(path: Path) -> None:
    tree = parsed(path)
    harmless = {"pickle.UnpicklingError"}  # to catch it
    assert not {name.split(".")[0] for name in set(imports(path)) - harmless} & BANNED_IMPORTS
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)]
    for name, call in calls(tree):
        assert name not in BANNED_CALLS, name
        assert name != "torch.load" or "weights_only=True" in ast.unparse(call), ast.unparse(call)
        for keyword in call.keywords:
            dangerous = keyword.arg in ("shell", "trust_remote_code", "allow_pickle")
            assert not (dangerous and ast.unparse(keyword.value) != "False"), ast.unparse(call)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_importing_a_module_does_no_work(path: Path) -> None:
    """At the top level: definitions, constants and tables, but no loops, files or processes."""
    tree = parsed(path)
    for node in tree.body:
        assert not isinstance(node, ast.For | ast.While | ast.With | ast.Try), ast.unparse(node)
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant), ast.unparse(node)


HEAVY_BY_MODULE = """
import importlib, json, sys
heavy = {}
for module in sys.argv[1:]:
    importlib.import_module("instaflow_demo." + module)
    heavy[module] = sorted({"torch", "diffusers", "gradio"} & set(sys.modules))
print(json.dumps(heavy))
"""


@pytest.fixture(scope="module")
def heavy() -> dict[str, list[str]]:
    """Of each light module, the large libraries that are there once it and those before it are imported."""
    command = [sys.executable, "-c", HEAVY_BY_MODULE, *LIGHT]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("module", LIGHT)
def test_plain_modules_need_no_torch(heavy: dict[str, list[str]], module: str) -> None:
    """They must be there at once, also for `--help` and for a page that opens before torch is loaded."""
    assert heavy[module] == []


def test_every_part_has_its_rule() -> None:
    assert {part(path) for path in SOURCES} - {"app", "__main__"} == set(ALLOWED)


def test_the_top_level_has_few_rooms() -> None:
    """Its modules are the nouns and verbs that everything else is about."""
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert len(modules) <= 8


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    functions = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        assert (function.end_lineno or 0) - function.lineno < 60, function.name
