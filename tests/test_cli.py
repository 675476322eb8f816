"""The command line as a user meets it: a process, its output and its exit code."""

import hashlib
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from served import ROOT, environment
from small_sd import networks, save_published
from terminal import demo, started

from instaflow_demo.gallery import read_metadata
from instaflow_demo.registry import MODELS

PROMPT = "A big dog"
MODEL_FIELDS = {
    *("model", "prompt", "steps", "guidance", "network_evaluations", "device", "dtype", "warm", "images"),
    *("load_seconds", "text_seconds", "sample_seconds", "decode_seconds", "total_seconds"),
    *("iterations_per_second", "peak_bytes"),
}
IMAGE_FIELDS = {"index", "seed", "seconds", "iterations_per_second", "sha256", "path"}


@cache
def compared(folder: Path, *mode: str) -> tuple[subprocess.CompletedProcess, dict[str, Any]]:
    """The issue's own command, once for each mode; fewer steps, as they change nothing here but the time."""
    models = "instaflow-mini,2rf-mini,sd-mini"
    result = folder / f"r{len(list(folder.iterdir()))}.json"
    settings = ("--images", "2", "--seed", "7", "--steps", "4", "--out", "made", "--json", str(result))
    done = demo(folder, "compare", PROMPT, "--models", models, *settings, *mode)
    assert done.returncode == 0, done.stderr
    return done, json.loads(result.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


def images(results: dict[str, Any]) -> list[dict[str, Any]]:
    return [image for result in results["results"] for image in result["images"]]


def pixels(folder: Path, image: dict[str, Any]) -> np.ndarray:
    return np.asarray(Image.open(folder / image["path"]))


def test_every_image_is_timed_and_named(folder: Path) -> None:
    done, results = compared(folder)
    lines = [line for line in done.stdout.splitlines() if "time:" in line]
    assert len(lines) == 6
    for line, image in zip(lines, images(results), strict=True):
        assert re.search(r"time: \d+\.\d+ s", line)
        assert line.endswith(image["path"])


def test_the_run_ends_with_a_table(folder: Path) -> None:
    done, _ = compared(folder)
    for title in ("InstaFlow mini", "2-Rectified Flow mini", "Stable Diffusion mini", "Speed-up"):
        assert title in done.stdout


def test_a_bar_for_each_model(folder: Path) -> None:
    done, _ = compared(folder)
    assert "2/2" in done.stderr  # instaflow-mini: one step for each of two images
    assert done.stderr.count("8/8") >= 2  # the others: four for each
    assert "Loading" not in done.stderr  # and none of the libraries'


def test_the_json_holds_everything_measured(folder: Path) -> None:
    _, results = compared(folder)
    assert {"python", "platform", "cpu", "versions"} <= set(results["environment"])
    assert [result["model"] for result in results["results"]] == ["instaflow-mini", "2rf-mini", "sd-mini"]
    for result in results["results"]:
        assert set(result) >= MODEL_FIELDS
        assert [image["seed"] for image in result["images"]] == [7, 8]
        assert all(set(image) >= IMAGE_FIELDS for image in result["images"])
    assert [result["network_evaluations"] for result in results["results"]] == [1, 4, 8]


def test_the_hash_is_of_the_saved_pixels(folder: Path) -> None:
    _, results = compared(folder)
    for image in images(results):
        assert hashlib.sha256(pixels(folder, image).tobytes()).hexdigest() == image["sha256"]
        assert read_metadata(folder / image["path"])["prompt"] == PROMPT


def test_the_same_command_gives_the_same_images(folder: Path) -> None:
    again = demo(folder, "generate", PROMPT, "--seed", "8", "--json", "again.json", "--no-save")
    assert again.returncode == 0, again.stderr
    (result,) = json.loads((folder / "again.json").read_text())["results"]
    first = compared(folder)[1]["results"][0]["images"]
    assert result["images"][0]["sha256"] == first[1]["sha256"]  # as the second of two, or alone with its seed
    assert result["images"][0]["sha256"] != first[0]["sha256"]
    assert result["images"][0]["path"] is None


def test_a_batch_gives_the_same_images_up_to_rounding(folder: Path) -> None:
    alone, together = images(compared(folder)[1]), images(compared(folder, "--batched")[1])
    for one, other in zip(alone, together, strict=True):
        difference = pixels(folder, one).astype(int) - pixels(folder, other)
        assert abs(difference).max() <= 2
        assert one["path"] != other["path"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["generate", ""], "the prompt is empty"),
        (["generate", "x" * 501], "too long"),
        (["generate", PROMPT, "--images", "9"], "from 1 to 8"),
        (["generate", PROMPT, "--images", "two"], "--images"),
        (["generate", PROMPT, "--model", "dall-e"], "no model called 'dall-e'"),
        (["generate", PROMPT, "--model", "sd-mini", "--steps", "0"], "from 1 to 100"),
        (["generate", PROMPT, "--model", "sd-mini", "--guidance", "nan"], "must be a number"),
        (["generate", PROMPT, "--seed", "-2"], "The seed must be from 0 to 4,294,967,295, or -1 for a random one"),
        (["generate", PROMPT, "--seed", "4294967296"], "The seed must be from 0 to 4,294,967,295"),
        (["generate", PROMPT, "--seed", ""], "or -1 for a random one"),
        (["generate", PROMPT, "--steps", "1,000"], "“1,000” is not a whole number from 1 to"),
        (["generate", PROMPT, "--size", "100", "--model", "2rf"], "a multiple of 64 pixels from 256 to 768"),
        (["generate", "-a dog"], "goes last, after “--”"),
        (["compare", "--two dogs"], "goes last, after “--”"),
        (["generate", PROMPT, "--dtype", "int8"], "Precision must be one of"),
        (["compare", PROMPT, "--models", ","], "Choose at least one model"),
        (["generate", PROMPT, "--json", "no/such/folder/r.json"], "choose another one with --json"),
        (["generate", PROMPT, "--no-such-option"], "--no-such-option"),
        (["paint", PROMPT], "paint"),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = demo(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not [path for path in tmp_path.rglob("*.png")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ["--device", "cuda"],
            "There is no usable CUDA GPU here",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU"),
        ),
        (["--model", "instaflow-0.9b"], "XCLiu/instaflow_0_9B_from_sd_1_5"),
    ],
)
def test_a_run_that_fails_says_why_and_ends_with_1(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = demo(tmp_path, "generate", PROMPT, *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["models"], 0), (["generate", ""], 2), (["generate", PROMPT, "--model", "instaflow-0.9b", "--seed", "7"], 1)],
)
def test_a_started_program_ends_as_a_forked_one_does(tmp_path: Path, arguments: list[str], code: int) -> None:
    real, forked = started(tmp_path, *arguments), demo(tmp_path, *arguments)
    assert real.returncode == code
    assert (real.returncode, real.stdout, real.stderr) == (forked.returncode, forked.stdout, forked.stderr)


def test_one_failure_does_not_stop_the_others(tmp_path: Path) -> None:
    done = demo(tmp_path, "compare", PROMPT, "--models", "sd-1.5,instaflow-mini", "--json", "r.json")
    assert done.returncode == 1
    assert "instaflow-mini 1/1  time:" in done.stdout
    failed, fine = json.loads((tmp_path / "r.json").read_text())["results"]
    assert failed["error"]
    assert fine["images"]


def test_half_precision_on_a_cpu_is_explained(tmp_path: Path) -> None:
    folder = save_published(tmp_path / "small", networks(narrow=4))
    small = ("--model", "instaflow-0.9b", "--model-dir", f"instaflow-0.9b={folder}", "--size", "256")
    half = ("--dtype", "float16", "--device", "cpu")
    done = demo(tmp_path, "generate", PROMPT, *small, *half, "--no-save", "--json", "r.json")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads((tmp_path / "r.json").read_text())["results"]
    assert result["dtype"] == "float16" or "float32" in done.stdout


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    assert "Traceback" in demo(tmp_path, "generate", "", "--debug").stderr


def test_models_lists_every_system_with_what_it_needs(tmp_path: Path) -> None:
    done = demo(tmp_path, "models", "--json", "models.json")
    assert done.returncode == 0, done.stderr
    listed = json.loads((tmp_path / "models.json").read_text(encoding="utf-8"))["models"]
    assert [model["id"] for model in listed] == list(MODELS)
    for model in listed:
        assert model["id"] in done.stdout
        assert model["available"] == MODELS[model["id"]].shipped
        assert model["available"] or model["missing"]
        assert MODELS[model["id"]].licence in done.stdout
    assert "2.7 GB" in done.stdout
    assert "no metrics were ever published" in done.stdout
    shipped = listed[0]["bytes"]
    assert f"{shipped / 1e6:.0f} MB shipped" in done.stdout
    folders = [ROOT / "assets/models" / name for name in ("mini", MODELS[listed[0]["id"]].source)]
    assert shipped == sum(path.stat().st_size for each in folders for path in each.rglob("*") if path.is_file())


def test_a_narrow_terminal_shows_all_of_what_it_lists(tmp_path: Path) -> None:
    found = tmp_path / "a folder with a rather long name that no column of eighty letters holds in one line"
    save_published(found)
    command = f"stty cols 80; '{sys.executable}' -m instaflow_demo models --model-dir 'instaflow-0.9b={found}'"
    settings = environment(tmp_path) | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"], env=settings, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80 + len("\x1b[1m\x1b[0m") * 6
    told = "".join(line.split("│")[2].removeprefix(" ").rstrip() for line in done.stdout.splitlines() if "│" in line)
    assert str(found).replace(" ", "") in told.replace(" ", "")
    assert all(re.search(rf"│ {re.escape(name)} +│", done.stdout) for name in MODELS)


def test_an_evaluation_that_cannot_be_is_a_sentence(folder: Path) -> None:
    wrong = demo(folder, "evaluate", "--models", "instaflow-mini@x", "--prompts", "2")
    assert (wrong.returncode, wrong.stderr.strip()[-1]) == (2, ".")
    assert "instaflow-mini@1" in wrong.stderr
    alone = demo(folder, "evaluate", "--models", "instaflow-mini", "--metric", "fid", "--prompts", "2")
    assert (alone.returncode, "--reference and --captions" in alone.stderr) == (2, True)
    assert demo(folder, "evaluate", "--set", "nonsense").returncode == 2
