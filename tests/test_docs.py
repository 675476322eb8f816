"""What the documents promise is there."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from served import ROOT

from instaflow_demo.grammar import concepts
from instaflow_demo.registry import MODELS, ModelSpec
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results import benchmark
from instaflow_demo.results import paper as results
from instaflow_demo.results.benchmark_file import read_json
from instaflow_demo.ui.text import TEXTS, Language

README = (ROOT / "README.md").read_text(encoding="utf-8")
SHIPPED = [spec for spec in MODELS.values() if spec.shipped]
FRONT = yaml.safe_load(README.split("---\n")[1])


def requirements(path: Path) -> dict[str, str]:
    """Package names with their version ranges."""
    lines = [line for line in path.read_text().splitlines() if line and line[0] not in "#-"]
    return {re.split(r"[<>=~\[]", line)[0]: line for line in lines}


def help_of(*command: str) -> str:
    wide = {"COLUMNS": "200", "TERMINAL_WIDTH": "200", "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, *command, "--help"], cwd=ROOT, env=wide, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def flags(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--help"}


def table_after(heading: str) -> list[str]:
    """The rows of the first table below a line of the README."""
    below = README.split(heading, 1)[1].split("\n|", 1)[1].split("\n\n", 1)[0]
    return below.splitlines()[2:]


def test_front_matter_is_what_spaces_reads() -> None:
    assert FRONT["sdk"] == "gradio"
    assert (ROOT / FRONT["app_file"]).is_file()
    assert FRONT["python_version"] == "3.12"
    assert FRONT["license"] == "apache-2.0"
    assert len(FRONT["short_description"]) <= 60
    assert set(FRONT["models"]) == {
        spec.source for spec in MODELS.values() if not spec.shipped and spec.kind == "latent"
    }


def test_the_space_gets_a_gradio_that_the_requirements_allow() -> None:
    assert FRONT["sdk_version"].startswith("6.31")
    assert requirements(ROOT / "requirements.txt")["gradio"] == "gradio>=6.31,<7"


def test_the_flags_of_the_app_are_those_of_the_readme() -> None:
    rows = "\n".join(table_after("`app.py` takes these flags:"))
    assert flags(rows) == flags(help_of("app.py"))


def test_the_options_of_the_command_line_are_those_of_the_readme() -> None:
    rows = "\n".join(row.split("|")[1] for row in table_after("and the run ends with a table."))
    offered = flags(help_of("-m", "instaflow_demo", "generate")) | flags(help_of("-m", "instaflow_demo", "compare"))
    assert flags(rows) == offered


def test_the_options_of_the_evaluation_are_those_of_the_readme() -> None:
    rows = "\n".join(table_after("`evaluate` takes these options:"))
    assert flags(rows) == flags(help_of("-m", "instaflow_demo", "evaluate"))


def test_the_options_of_the_benchmark_are_those_of_the_readme() -> None:
    rows = "\n".join(table_after("it draws the same images."))
    assert flags(rows) == flags(help_of("-m", "instaflow_demo", "benchmark"))


def time_row(row: benchmark.BenchmarkRow) -> str:
    """A row of the README's table of times, in milliseconds."""
    assert row.median_s is not None
    assert row.p95_s is not None
    times = f"{1000 * row.median_s:.0f} | {1000 * row.p95_s:.0f} | {stages(row, 0)}"
    return f"| `{row.model}` | {row.steps} | {row.backend} | {row.dtype} | {row.decoder} | {times} |"


def gpu_row(row: benchmark.BenchmarkRow) -> str:
    """A row of the README's table of times on a GPU, in milliseconds."""
    assert row.median_s is not None
    assert row.images_per_second is not None
    what = f"| `{row.model}` | {row.steps} | {row.backend} | {row.decoder} | {row.batch}"
    return f"{what} | {1000 * row.median_s:.1f} | {stages(row, 1)} | {row.images_per_second:.1f} |"


def stages(row: benchmark.BenchmarkRow, digits: int) -> str:
    """Milliseconds of text, sampling and decoding."""
    return ", ".join(f"{1000 * row.stages[stage]:.{digits}f}" for stage in ("text", "sample", "decode"))


@pytest.mark.parametrize(("file", "shown"), [("cpu-2core.json", time_row), ("gpu-h100.json", gpu_row)])
def test_the_readme_s_times_are_those_of_the_file(file: str, shown: Callable[[benchmark.BenchmarkRow], str]) -> None:
    _, rows = read_json((ROOT / "assets/results" / file).read_text(encoding="utf-8"))
    assert table_after(f"--json assets/results/{file}") == [shown(row) for row in rows]


def test_the_readme_s_table_of_methods_is_what_was_evaluated() -> None:
    evaluated = results.read()
    assert evaluated is not None
    assert {row.prompts for row in evaluated.rows} == {5000}
    shown = [row for row in README.splitlines() if row.startswith("| `") and "to" in row and row.count("|") == 8]
    assert shown[-len(evaluated.rows) :] == [method_row(row) for row in evaluated.rows]


def method_row(row: results.EvaluationRow) -> str:
    """A row of the README's table of methods."""

    def interval(name: str, digits: int, scale: float = 1) -> str:
        figure = row.figures[name]
        assert figure is not None
        value, low, high = (f"{scale * number:.{digits}f}" for number in (figure.value, figure.low, figure.high))
        return f"{value} ({low} to {high})"

    bend, seconds = row.figures["straightness"], row.figures["seconds_per_image"]
    assert seconds is not None
    figures = f"{interval('feature_distance', 1)} | {interval('clip_score', 3)} | {interval('top1', 1, 100)}"
    last = f"{f'{bend.value:.3f}' if bend else '–'} | {seconds.value:.3f}"
    return f"| `{row.model.id}` | {row.steps} | {figures} | {last} |"


def test_the_readme_tells_how_far_the_quick_decoders_are_from_the_full_one() -> None:
    shared = ROOT / "assets/models/mini"
    int8 = json.loads((shared / "openvino/decoder_int8.json").read_text())["psnr_db_to_the_float_decoder"]
    card = (shared / "README.md").read_text(encoding="utf-8")
    (tiny,) = re.findall(r"\| psnr to full decoder db \| ([\d.]+) \|", card)
    text = " ".join(README.split())
    assert f"{int8['mean']:.1f} dB from the float one's on average, {int8['worst']:.1f} dB at worst" in text
    assert f"{float(tiny):.1f} dB from the full one's" in text


@pytest.mark.parametrize("path", sorted(set(re.findall(r"^\| `([^`]+)` \| ", README.split("## File guide")[1], re.M))))
def test_the_file_guide_names_what_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_file_guide_is_complete() -> None:
    guide = README.split("## File guide")[1]
    for path in (ROOT / "instaflow_demo").iterdir():
        if path.name[:1] not in "_." or path.name == "__main__.py":
            assert f"`instaflow_demo/{path.name}{'/' if path.is_dir() else ''}`" in guide


@pytest.mark.parametrize("spec", MODELS.values(), ids=lambda spec: spec.id)
def test_the_systems_table_says_what_the_registry_says(spec: ModelSpec) -> None:
    (row,) = [
        row for row in table_after("## The systems") if f"`{spec.id}`" in row.split("|")[0 if row[0] != "|" else 1]
    ]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    (run,) = GenerationRequest.parse("a dog", spec.id).runs
    steps = f"{run.steps} + {spec.upsampling_steps}" if spec.upsampling_steps else str(run.steps)
    assert cells[2:5] == [steps, str(run.network_evaluations), str(run.size)]
    assert cells[5] == ("shipped" if spec.shipped else f"`{spec.source}`")
    assert cells[6] == spec.licence


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    command = README.split("To run the tests:\n\n```sh\n")[1].split("\n```")[0]
    assert command in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_local_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("spec", SHIPPED, ids=lambda spec: spec.id)
def test_a_model_card_has_what_a_reader_looks_for(spec: ModelSpec) -> None:
    card = (ROOT / "assets/models" / spec.source / "README.md").read_text(encoding="utf-8")
    for words in ("Licence", "parameters", "python -m instaflow_demo.training", "loss", "limits"):
        assert words.lower() in card.lower(), words


@pytest.mark.parametrize("spec", [spec for spec in SHIPPED if spec.kind == "latent"], ids=lambda spec: spec.id)
def test_the_code_in_a_model_card_runs_as_it_stands(spec: ModelSpec) -> None:
    """With stock diffusers and transformers, and nothing of ours."""
    card = (ROOT / "assets/models" / spec.source / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", card, re.S)
    assert "instaflow_demo" not in code
    code += "assert pixels.shape == (1, 3, 256, 256) and pixels.abs().amax() < 3 and pixels.std() > 0.1"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_file_is_too_large_for_a_plain_clone() -> None:
    sizes = [path.stat().st_size for path in (ROOT / "assets/models").rglob("*") if path.is_file()]
    assert max(sizes) < 50e6
    assert sum(sizes) < 260e6


def test_the_cascade_is_small() -> None:
    folder = ROOT / "assets/models" / MODELS["text2im-mini"].source
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 45e6


@pytest.mark.parametrize("language", TEXTS)
def test_the_page_counts_what_the_models_know(language: Language) -> None:
    assert f" {len(concepts())} " in TEXTS[language]["honest"]
