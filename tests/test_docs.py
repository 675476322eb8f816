"""What the documents promise is there."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from PIL import Image
from served import ROOT

from instaflow_demo.grammar import concepts
from instaflow_demo.registry import MODELS, ModelSpec
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results import benchmark
from instaflow_demo.results import paper as results
from instaflow_demo.results.benchmark_file import read_json
from instaflow_demo.ui.text import TEXTS, Language

MANUAL = ROOT / "assets/docs"
PAGES = (ROOT / "README.md", *sorted(MANUAL.glob("*.md")))
README = PAGES[0].read_text(encoding="utf-8")
SHIPPED = [spec for spec in MODELS.values() if spec.shipped]
LATENT = [spec for spec in SHIPPED if spec.kind == "latent"]
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


def page(name: str) -> str:
    """The text of a page of the manual."""
    return (MANUAL / f"{name}.md").read_text(encoding="utf-8")


def table_after(heading: str, text: str = README) -> list[str]:
    """The rows of the first table below a line of a page, the README unless `text` is another."""
    below = text.split(heading, 1)[1].split("\n|", 1)[1].split("\n\n", 1)[0]
    return below.splitlines()[2:]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)\"""")


def links(path: Path) -> list[str]:
    """Every relative link and image of a Markdown page: where it leads, and what follows a “#”."""
    found = ("".join(groups) for groups in LINK.findall(path.read_text(encoding="utf-8")))
    return sorted({link for link in found if not re.match(r"[a-z]+:", link)})


def target(path: Path, link: str) -> Path:
    """The file that a relative link of a page leads to."""
    file = link.partition("#")[0]
    return (path.parent / file).resolve() if file else path


def anchors(path: Path) -> set[str]:
    """What links to the headings of a page may end with, as GitHub names them."""
    prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_front_matter_is_what_spaces_reads() -> None:
    assert FRONT["sdk"] == "gradio"
    assert (ROOT / FRONT["app_file"]).is_file()
    assert FRONT["python_version"] == "3.12"
    assert FRONT["license"] == "apache-2.0"
    assert len(FRONT["short_description"]) <= 60
    assert set(FRONT["models"]) == {
        spec.source for spec in MODELS.values() if not spec.shipped and spec.kind == "latent"
    }


@pytest.mark.parametrize(
    ("system", "machine", "python", "has_wheels"),
    [
        ("linux", "x86_64", "3.11", True),
        ("win32", "AMD64", "3.14", True),
        ("darwin", "arm64", "3.13", True),
        ("darwin", "x86_64", "3.12", False),
        ("linux", "aarch64", "3.12", False),  # they need a newer glibc than PyTorch's, of which no marker can ask
        ("linux", "x86_64", "3.15", False),
    ],
)
def test_openvino_comes_with_the_requirements_where_pip_finds_it(
    system: str, machine: str, python: str, has_wheels: bool
) -> None:
    marker = Requirement(requirements(ROOT / "requirements.txt")["openvino"]).marker
    assert marker
    where = {"sys_platform": system, "platform_machine": machine, "python_version": python}
    assert marker.evaluate(where) == has_wheels


def test_the_space_gets_a_gradio_that_the_requirements_allow() -> None:
    assert FRONT["sdk_version"].startswith("6.31")
    assert requirements(ROOT / "requirements.txt")["gradio"] == "gradio>=6.31,<7"


def test_the_flags_of_the_app_are_those_of_the_manual() -> None:
    rows = "\n".join(table_after("`app.py` takes these flags:", page("running")))
    assert flags(rows) == flags(help_of("app.py"))


def test_the_options_of_the_command_line_are_those_of_the_manual() -> None:
    table = table_after("## Options of `generate` and `compare`", page("command-line"))
    rows = "\n".join(row.split("|")[1] for row in table)
    offered = flags(help_of("-m", "instaflow_demo", "generate")) | flags(help_of("-m", "instaflow_demo", "compare"))
    assert flags(rows) == offered


@pytest.mark.parametrize(("command", "name"), [("evaluate", "quality"), ("benchmark", "speed"), ("space", "spaces")])
def test_the_options_of_a_measurement_are_those_of_the_manual(command: str, name: str) -> None:
    rows = "\n".join(table_after(f"`{command}` takes these options:", page(name)))
    assert flags(rows) == flags(help_of("-m", "instaflow_demo", command))


def test_the_manual_lists_every_command() -> None:
    listed = {cells(row)[0].strip("`") for row in table_after("python -m instaflow_demo models", page("command-line"))}
    offered = re.findall(r"^│ ([a-z-]+) ", help_of("-m", "instaflow_demo").split("Commands")[1], re.MULTILINE)
    assert listed == set(offered)


def time_row(row: benchmark.BenchmarkRow) -> str:
    """A row of the manual's table of times, in milliseconds."""
    assert row.median_s is not None
    assert row.iqr_s is not None
    times = f"{1000 * row.median_s:.0f} | {1000 * row.iqr_s:.0f} | {stages(row, 0)}"
    return f"| `{row.model}` | {row.steps} | {row.backend} | {row.dtype} | {row.decoder} | {times} |"


def gpu_row(row: benchmark.BenchmarkRow) -> str:
    """A row of the manual's table of times on a GPU, in milliseconds."""
    assert row.median_s is not None
    assert row.images_per_second is not None
    what = f"| `{row.model}` | {row.steps} | {row.backend} | {row.decoder} | {row.batch}"
    return f"{what} | {1000 * row.median_s:.1f} | {stages(row, 1)} | {row.images_per_second:.1f} |"


def stages(row: benchmark.BenchmarkRow, digits: int) -> str:
    """Milliseconds of text, sampling and decoding."""
    return ", ".join(f"{1000 * row.stages[stage]:.{digits}f}" for stage in ("text", "sample", "decode"))


@pytest.mark.parametrize(("file", "shown"), [("cpu-2core.json", time_row), ("gpu-h100.json", gpu_row)])
def test_the_manual_s_times_are_those_of_the_file(file: str, shown: Callable[[benchmark.BenchmarkRow], str]) -> None:
    _, rows = read_json((ROOT / "assets/results" / file).read_text(encoding="utf-8"))
    assert table_after(f"--json assets/results/{file}", page("speed")) == [shown(row) for row in rows]


def test_the_manual_s_table_of_methods_is_what_was_evaluated() -> None:
    evaluated = results.read()
    assert evaluated is not None
    assert {row.prompts for row in evaluated.rows} == {5000}
    assert table_after("press a row to\ntry it.", page("quality")) == [method_row(row) for row in evaluated.rows]


def method_row(row: results.EvaluationRow) -> str:
    """A row of the manual's table of methods."""

    def interval(name: str, digits: int, scale: float = 1) -> str:
        figure = row.figures[name]
        assert figure is not None
        value, low, high = (f"{scale * number:.{digits}f}" for number in (figure.value, figure.low, figure.high))
        return f"{value} ({low} to {high})"

    straight, seconds = row.figures["straightness"], row.figures["seconds_per_image"]
    assert seconds is not None
    figures = f"{interval('feature_distance', 1)} | {interval('clip_score', 3)} | {interval('top1', 1, 100)}"
    last = f"{f'{straight.value:.3f}' if straight else '–'} | {seconds.value:.3f}"
    return f"| `{row.model.id}` | {row.steps} | {figures} | {last} |"


MAIN = {
    "OpenVINO, bfloat16": ("cpu-2core.json", "openvino", "bfloat16"),
    "PyTorch, float32": ("cpu-2core.json", "eager", "float32"),
    "the stock diffusers pipeline, float32": ("cpu-2core.json", "diffusers", "float32"),
    "PyTorch, compiled": ("gpu-h100.json", "compiled", "float16"),
    "the stock diffusers pipeline": ("gpu-h100.json", "diffusers", "float16"),
}


def test_the_main_times_of_the_readme_are_those_of_the_files() -> None:
    stated = [cells(row)[1:] for row in table_after("batches of one.")]
    assert stated == [[by, *main_times(*found)] for by, found in MAIN.items()]


def main_times(file: str, backend: str, dtype: str) -> list[str]:
    """The median time of an image, in one step and in Stable Diffusion's 25, with the model's own decoder."""
    _, rows = read_json((ROOT / "assets/results" / file).read_text(encoding="utf-8"))
    case = (backend, dtype, "full", 1)
    fitting = [row for row in rows if (row.backend, row.dtype, row.decoder, row.batch) == case]
    one, many = (
        row
        for family in ("instaflow", "sd-")
        for row in fitting
        if row.model.startswith(family) and row.median_s is not None
    )
    assert (one.steps, many.steps, one.n, many.n) == (1, 25, 10, 10)
    digits = 1 if file.startswith("gpu") else 0
    return [f"{1000 * (row.median_s or 0):.{digits}f} ms" for row in (one, many)]


def test_the_main_figures_of_the_readme_are_those_of_the_manual() -> None:
    measured = {tuple(cells(row)[:2]): cells(row) for row in table_after("press a row to\ntry it.", page("quality"))}
    for row in table_after("with 95 % intervals."):
        model, steps, drawn, distance = cells(row)
        assert [distance, drawn] == [measured[model, steps][place] for place in (2, 4)]


def test_the_manual_tells_how_far_the_quick_decoders_are_from_the_full_one() -> None:
    shared = ROOT / "assets/models/mini"
    int8 = json.loads((shared / "openvino/decoder_int8.json").read_text())["psnr_db_to_the_float_decoder"]
    card = (shared / "README.md").read_text(encoding="utf-8")
    (tiny,) = re.findall(r"\| psnr to full decoder db \| ([\d.]+) \|", card)
    text = " ".join(page("speed").split())
    assert f"{int8['mean']:.1f} dB from the float one's on average, {int8['worst']:.1f} dB at worst" in text
    assert f"{float(tiny):.1f} dB from the full one's" in text


GUIDE = page("development").split("## File guide")[1].split("\n## ")[0]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"^\| `([^`]+)` \| ", GUIDE, re.M))))
def test_the_file_guide_names_what_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_file_guide_is_complete() -> None:
    for path in (ROOT / "instaflow_demo").iterdir():
        if path.name[:1] not in "_." or path.name == "__main__.py":
            assert f"`instaflow_demo/{path.name}{'/' if path.is_dir() else ''}`" in GUIDE


NAMED = re.findall(r"`([\w./]*(?:\.py|/))`", page("development"))


@pytest.mark.parametrize("path", sorted(set(NAMED)))
def test_the_files_that_a_developer_is_sent_to_exist(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / "instaflow_demo" / path).exists()


@pytest.mark.parametrize("spec", MODELS.values(), ids=lambda spec: spec.id)
def test_the_systems_table_says_what_the_registry_says(spec: ModelSpec) -> None:
    (row,) = [
        row for row in table_after("## The systems") if f"`{spec.id}`" in row.split("|")[0 if row[0] != "|" else 1]
    ]
    stated = cells(row)
    (run,) = GenerationRequest.parse("a dog", spec.id).runs
    steps = f"{run.steps} + {spec.upsampling_steps}" if spec.upsampling_steps else str(run.steps)
    assert stated[2:5] == [steps, str(run.network_evaluations), str(run.size)]
    assert stated[5] == ("shipped" if spec.shipped else f"`{spec.source}`")
    assert stated[6] == spec.licence


def test_ci_runs_the_command_that_the_manual_gives() -> None:
    command = page("development").split("To run the tests:\n\n```sh\n")[1].split("\n```")[0]
    assert command in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()


def test_a_visitor_reads_the_readme_in_three_minutes() -> None:
    assert len(README.splitlines()) <= 180


def test_the_readme_says_how_to_clone_without_the_history() -> None:
    assert "git clone --depth 1" in README


@pytest.mark.parametrize(
    ("path", "link"), [pytest.param(path, link, id=f"{path.stem}:{link}") for path in PAGES for link in links(path)]
)
def test_relative_links_lead_somewhere(path: Path, link: str) -> None:
    found = target(path, link)
    assert found.is_file()
    _, named, heading = link.partition("#")
    assert not named or heading in anchors(found)


def test_every_page_of_the_manual_is_reached_from_the_readme() -> None:
    reached, ahead = set(), [PAGES[0]]
    while ahead:
        path = ahead.pop()
        reached.add(path)
        ahead += {target(path, link) for link in links(path)} & set(PAGES) - reached
    assert reached == set(PAGES)


def test_every_page_of_the_manual_is_in_its_index() -> None:
    indexed = {target(MANUAL / "README.md", link) for link in links(MANUAL / "README.md")}
    assert set(PAGES[1:]) - {MANUAL / "README.md"} <= indexed


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_of_the_readme_is_cut_from_the_screenshot(theme: str) -> None:
    """Whoever takes new screenshots cuts it again, in full width: the columns of a finished run."""
    whole, cut = (
        Image.open(ROOT / f"assets/{name}-{theme}.png").convert("RGB")
        for name in ("screenshot-desktop", "docs/columns")
    )
    assert whole.width == cut.width
    assert cut.tobytes() in whole.tobytes()


@pytest.mark.parametrize("spec", SHIPPED, ids=lambda spec: spec.id)
def test_a_model_card_has_what_a_reader_looks_for(spec: ModelSpec) -> None:
    card = (ROOT / "assets/models" / spec.source / "README.md").read_text(encoding="utf-8")
    for words in ("Licence", "parameters", "python -m instaflow_demo.training", "loss", "limits"):
        assert words.lower() in card.lower(), words


RUN_CARDS = """
import json, re, sys, traceback
from pathlib import Path
failed = {}
for card in sys.argv[1:]:
    (code,) = re.findall(r"```python\\n(.*?)```", Path(card).read_text(encoding="utf-8"), re.S)
    code += "assert pixels.shape == (1, 3, 256, 256) and pixels.abs().amax() < 3 and pixels.std() > 0.1"
    try:
        exec(compile(code, card, "exec"), {"__name__": "__main__"})
    except Exception:
        failed[card] = traceback.format_exc()
    assert not [name for name in sys.modules if name.startswith("instaflow_demo")], card
Path("failed.json").write_text(json.dumps(failed))
"""


def card_of(spec: ModelSpec) -> Path:
    return ROOT / "assets/models" / spec.source / "README.md"


@pytest.fixture(scope="module")
def failed_cards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The tracebacks of cards whose code fails. All run in one process, as importing diffusers takes seconds."""
    cards = [str(card_of(spec)) for spec in LATENT]
    program = tmp_path_factory.mktemp("cards") / "program.py"
    program.write_text(RUN_CARDS.replace("failed.json", str(program.with_name("failed.json"))))
    done = subprocess.run(
        [sys.executable, program, *cards], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(program.with_name("failed.json").read_text())


@pytest.mark.parametrize("spec", LATENT, ids=lambda spec: spec.id)
def test_the_code_in_a_model_card_runs_as_it_stands(failed_cards: dict[str, str], spec: ModelSpec) -> None:
    """With stock diffusers and transformers, and nothing of ours."""
    (code,) = re.findall(r"```python\n(.*?)```", card_of(spec).read_text(encoding="utf-8"), re.S)
    assert "instaflow_demo" not in code
    assert str(card_of(spec)) not in failed_cards, failed_cards[str(card_of(spec))]


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
