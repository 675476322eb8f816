"""The notebook: run from its own folder on shipped models, as a reader would, with no network."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import IPython.display
import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from served import ROOT, environment
from small_glide import save_converted
from small_refiner import save_refiner

from instaflow_demo.cli import notebook
from instaflow_demo.errors import InvalidRequest, ModelUnavailable
from instaflow_demo.machine.device import Dtype
from instaflow_demo.registry import MODELS, REFINER
from instaflow_demo.request import Limits
from instaflow_demo.results import report, tables
from instaflow_demo.results.paper import PAPER

PATH = ROOT / "assets/instaflow_demo.ipynb"
IMAGE = '<img src="data:image/png;base64,'


def stored() -> NotebookNode:
    return nbformat.read(PATH, as_version=4)


def code_cells(book: NotebookNode) -> dict[str, NotebookNode]:
    return {cell.id: cell for cell in book.cells if cell.cell_type == "code"}


def fields(book: NotebookNode) -> dict[str, tuple[str, str]]:
    """Every form field: its value, and what Colab is told about it."""
    source = "\n".join(cell.source for cell in code_cells(book).values())
    return {
        name: (value, form) for name, value, form in re.findall(r"^(\w+) = (.*?)  # @param (.*)$", source, re.MULTILINE)
    }


def filled_in(book: NotebookNode, **values: Any) -> NotebookNode:
    """The notebook with other values in its form fields."""
    for name, value in values.items():
        assert name in fields(book)
        for cell in code_cells(book).values():
            cell.source = re.sub(
                rf"^{name} = .*?(?=  # @param)", f"{name} = {value!r}", cell.source, flags=re.MULTILINE
            )
    return book


def executed(book: NotebookNode, folder: Path, home: Path) -> NotebookNode:
    """Every cell run in turn, with `folder` as the working directory."""
    client = NotebookClient(book, timeout=240, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment(home))
    return book


def shown(cell: NotebookNode, kind: str) -> list[str]:
    """What a cell displayed as `text/html` or `text/markdown`."""
    return [output.data[kind] for output in cell.outputs if kind in output.get("data", {})]


def printed(cell: NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NotebookNode]:
    """The cells after a run as they are stored, but for the number of images and a cascade with few weights.

    Then the run again, refined: in "refused" there is no refiner yet, and in "refined" a tiny one has come into the
    Hugging Face cache.
    """
    home = tmp_path_factory.mktemp("home")
    converted = Path(environment(home)["INSTAFLOW_DEMO_HOME"])
    save_converted(converted)
    book = filled_in(stored(), number_of_images=1, many_steps="text2im")
    refining = code_cells(filled_in(stored(), number_of_images=1, refine=True))["run"].source
    refused, arrives, refined = map(nbformat.v4.new_code_cell, (refining, arrival(home), refining))
    refused.id, refined.id, refused.metadata["tags"] = "refused", "refined", ["raises-exception"]
    book.cells += [refused, arrives, refined]
    return code_cells(executed(book, PATH.parent, home))


def arrival(home: Path) -> str:
    """What puts the refiner's weights, tiny and random, into the Hugging Face cache of a home."""
    staged, cached = home / "staged", home / f"hf/hub/models--{REFINER.source.replace('/', '--')}"
    save_refiner(staged / "snapshots" / ("c" * 40))
    (staged / "refs").mkdir()
    (staged / "refs/main").write_text("c" * 40)
    cached.parent.mkdir(parents=True)
    return f"Path({str(staged)!r}).rename({str(cached)!r})"


def test_it_is_stored_without_outputs() -> None:
    book = stored()
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    assert book.metadata.kernelspec.language == "python"
    assert not [cell for cell in code_cells(book).values() if cell.outputs or cell.execution_count]


def test_its_fields_offer_what_the_registry_has() -> None:
    forms = {name: form for name, (_, form) in fields(stored()).items()}
    assert json.loads(forms["model"]) == json.loads(forms["one_step"]) == json.loads(forms["many_steps"]) == [*MODELS]
    assert tuple(json.loads(forms["torch_dtype"])) == get_args(Dtype)
    assert f"min: 1, max: {Limits().images}," in forms["number_of_images"]
    assert {"prompt", "display_images", "save_images", "refine", "download", "repository"} <= set(forms)
    values = {name: value for name, (value, _) in fields(stored()).items()}
    settings = {name: values[name] for name in ("seed", "negative_prompt", "steps", "guidance")}
    assert settings == {"seed": "-1", "negative_prompt": '""', "steps": "None", "guidance": "None"}


def test_its_defaults_need_no_download() -> None:
    values = {name: value for name, (value, _) in fields(stored()).items()}
    chosen = {json.loads(values[name]) for name in ("model", "one_step", "many_steps")}
    assert all(MODELS[name].shipped for name in chosen)
    assert values["download"] == values["refine"] == "False"


def test_its_setup_looks_for_every_requirement() -> None:
    (libraries,) = re.findall(r"^libraries = (\(.*\))", code_cells(stored())["setup"].source, re.MULTILINE)
    # those with a marker are not for every system
    lines = [line.partition("#")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()]
    listed = [re.split("[<>=]", line)[0].replace("-", "_") for line in lines if line and ";" not in line]
    assert re.findall(r"\w+", libraries.replace("PIL", "pillow")) == listed


def test_loading_says_where_the_model_is(ran: dict[str, NotebookNode]) -> None:
    (said,) = shown(ran["load"], "text/markdown")
    assert re.fullmatch(r"\*\*InstaFlow mini\*\* is ready on (cpu|cuda) in b?float(32|16)\.", said)


def test_a_run_shows_its_image_and_its_times(ran: dict[str, NotebookNode]) -> None:
    (page,) = shown(ran["run"], "text/html")
    (table,) = shown(ran["run"], "text/markdown")
    assert page.count(IMAGE) == 1
    assert re.search(r"<figcaption>\d+\.\d{3} s, \d+\.\d\d it/s</figcaption>", page)  # warm, as it was loaded before
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == ["| InstaFlow mini"]
    assert "time: " in printed(ran["run"])


def test_a_bar_goes_along(ran: dict[str, NotebookNode]) -> None:
    assert "/100 [" in str(ran["compare"].outputs)  # where ipywidgets is installed, how far it came is in a widget


def test_nothing_is_refined_unasked(ran: dict[str, NotebookNode]) -> None:
    assert "refine" not in printed(ran["run"])
    assert "refined" not in "".join(shown(ran["compare"], "text/html"))


def test_the_comparison_is_side_by_side(ran: dict[str, NotebookNode]) -> None:
    (page,) = shown(ran["compare"], "text/html")
    (table,) = shown(ran["compare"], "text/markdown")
    assert re.findall(r"<h4>(.*?)</h4>", page) == ["InstaFlow mini", "Text2im (GLIDE)"]
    assert page.count(IMAGE) == 2
    assert "Speed-up" in table


def test_the_discussion_has_the_published_and_the_measured_rows(ran: dict[str, NotebookNode]) -> None:
    (table,) = shown(ran["discussion"], "text/markdown")
    header, _, *rows = (tuple(line.strip("| ").split(" | ")) for line in table.splitlines())
    assert header == tables.titles(report.DISCUSSION)
    measured = [row for row in rows if row[1].startswith("here, ")]
    assert [row[0] for row in measured] == ["InstaFlow mini", "Text2im (GLIDE)"]
    assert all(float(row[header.index("Seconds per image")]) > 0 for row in measured)
    released = [MODELS[method.checkpoint].title for method in PAPER if method.checkpoint]
    assert [row[0] for row in rows[: -len(measured)]] == released


@pytest.mark.parametrize("folder", [ROOT, PATH.parent], ids=["root", "assets"])
def test_setup_finds_the_checkout_and_leaves_the_libraries_alone(folder: Path, tmp_path: Path) -> None:
    book = stored()
    setup = code_cells(book)["setup"]
    setup.source += "\nprint(Path.cwd())"
    book.cells = [setup, nbformat.v4.new_code_cell("import instaflow_demo")]
    executed(book, folder, tmp_path)
    assert printed(setup).split() == [str(ROOT)]


def test_setup_elsewhere_says_what_to_do(tmp_path: Path) -> None:
    book = stored()
    book.cells = [code_cells(book)["setup"]]
    with pytest.raises(CellExecutionError, match="Open this notebook inside a checkout"):
        executed(book, tmp_path, tmp_path)


def test_refining_is_timed_apart(ran: dict[str, NotebookNode]) -> None:
    (page,) = shown(ran["refined"], "text/html")
    assert page.count(IMAGE) == 1
    assert re.search(r"<figcaption>\d+\.\d{3} s, \d+\.\d\d it/s, refined in \d+\.\d{3} s</figcaption>", page)
    assert "  refined: " in printed(ran["refined"])


def test_refining_without_its_weights_is_a_sentence_before_any_work(ran: dict[str, NotebookNode]) -> None:
    (error,) = [output for output in ran["refused"].outputs if output.output_type == "error"]
    assert "SDXL refiner is not on this machine" in error.evalue
    assert "time: " not in printed(ran["refused"])


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is displayed outside a notebook, in turn."""
    seen: list[Any] = []
    monkeypatch.setattr(IPython.display, "display", seen.append)
    yield seen


def test_images_are_saved_if_asked_and_hidden_if_not(tmp_path: Path, displayed: list[Any]) -> None:
    loaded = notebook.load("instaflow-mini", out=tmp_path)
    assert not list(tmp_path.iterdir())  # the one that warms it up is nobody's
    results = notebook.run(loaded, "a dog", 2, display_images=False, save_images=True)
    assert len(list(tmp_path.glob("*.png"))) == 2
    assert all(image.timing.warm for image in results.outcomes[0].images)
    assert not [item for item in displayed if isinstance(item, IPython.display.HTML)]


def test_settings_reach_the_models_that_leave_them_open(
    tmp_path: Path, displayed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = notebook.load("instaflow-mini", out=tmp_path)
    asked = {"seed": 5, "negative_prompt": "a cat", "steps": 2, "guidance": 2.5}
    results = [notebook.compare(loaded, "a dog", ["instaflow-mini", "sd-mini"], **asked) for _ in range(2)]
    one_step, many = results[0].request.runs
    assert (one_step.steps, many.steps, many.guidance) == (1, 2, 2.5)
    assert results[0].request.negative_prompt == "a cat"
    once, again = ([outcome.images[0].image.tobytes() for outcome in each.outcomes] for each in results)
    assert once == again  # of the same seed
    said = capsys.readouterr().out
    assert "seed: 5" in said
    assert "InstaFlow mini always uses 1 for steps." in said


def test_a_model_that_fails_says_why_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, displayed: list[Any]
) -> None:
    monkeypatch.setenv("INSTAFLOW_DEMO_HOME", str(tmp_path))
    loaded = notebook.load("instaflow-mini", out=tmp_path)
    notebook.discuss(notebook.compare(loaded, "<b>a dog</b>", ["instaflow-mini", "text2im"]))
    (page,) = [item.data for item in displayed if isinstance(item, IPython.display.HTML)]
    assert "Text2im (GLIDE) is not on this machine" in page
    assert "tick “download” in the cell that loads the model" in page
    assert "--" not in page
    assert "<b>" not in page
    assert "| Text2im (GLIDE) |" not in displayed[-1].data
    assert "| InstaFlow mini | here, " in displayed[-1].data


def test_what_cannot_be_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTAFLOW_DEMO_HOME", str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"is not on this machine.*tick “download”"):
        notebook.load("text2im")
    with pytest.raises(InvalidRequest, match="There is no model called"):
        notebook.load("nonesuch")
