"""Which of the project's files serve the page: the code that `app.py` imports, what lies beside it, the shipped models.

Tests, training, its data and the manual are reached by none of these, so nobody has to remember to leave them out.
"""

import ast
from collections.abc import Iterator
from modulefinder import ModuleFinder
from pathlib import Path

from ..registry import MODELS

ROOT = Path(__file__).parents[2]
ENTRY = "app.py"
LICENCE = "LICENSE"
CREDITS = Path("assets", "docs", "credits.md")
# what the page reads beside the models; a test compares this with the paths in the code
_RESULTS = ("first-run", "first-paths", "samples", "table1.json")
_ASSETS = ("preview.jpg", *(f"results/{name}" for name in _RESULTS), "models/MANIFEST.json")


def list_files(root: Path = ROOT) -> list[Path]:
    """The files that a Space needs of the project at `root`, relative to it, by name."""
    found = {Path(ENTRY), Path(LICENCE), *_code(root), *_assets(root)}
    return sorted(path for path in found if not any(part.startswith((".", "__pycache__")) for part in path.parts))


def _code(root: Path) -> Iterator[Path]:
    """Every module that is imported, at once or later, and the files that lie beside one."""
    finder = ModuleFinder(path=[str(root)])
    finder.run_script(str(root / ENTRY))
    files = (getattr(module, "__file__", None) for module in finder.modules.values())
    modules = {Path(file) for file in files if file}
    for folder in {path.parent for path in modules} - {root}:
        yield from (path.relative_to(root) for path in _data(folder))
    yield from (path.relative_to(root) for path in modules)


def _data(folder: Path) -> Iterator[Path]:
    """The style sheets, scripts and tables of a package, also those in folders that hold no code."""
    for path in folder.iterdir():
        if path.is_dir() and not any(path.rglob("*.py")):
            yield from (file for file in path.rglob("*") if file.is_file())
        elif path.is_file() and path.suffix != ".py" and path.name != "requirements.txt":
            yield path


def _assets(root: Path) -> Iterator[Path]:
    """What the page shows, and the shipped models whole, with their cards."""
    models = {name for spec in MODELS.values() if spec.shipped for name in (spec.source, spec.shared) if name}
    for name in (*_ASSETS, *(f"models/{model}" for model in sorted(models))):
        path = root / "assets" / name
        files = [path] if path.is_file() else path.rglob("*")
        yield from (file.relative_to(root) for file in files if file.is_file())


def imported_libraries(path: Path) -> set[str]:
    """The top-level names that a file imports of other people, or of Python."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}
