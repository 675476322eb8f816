"""The chain that makes the shipped models, at toy size: every stage lowers its loss, and what is exported runs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from diffusers import AutoencoderKL
from served import ROOT
from torch.nn.utils import parameters_to_vector
from typer.testing import CliRunner

from instaflow_demo import device, engines
from instaflow_demo.events import ImageReady
from instaflow_demo.grammar import concepts, held_out_words
from instaflow_demo.registry import MODELS, ModelSpec
from instaflow_demo.request import GenerationRequest
from instaflow_demo.training.__main__ import app
from instaflow_demo.weights import Weights

PAIRS = ("--steps", "40", "--batch", "32", "--count", "64", "--ode-steps", "4")
CHAIN = (
    ("words",),
    ("text-encoder", "--toy", "--steps", "60", "--batch", "64"),
    ("autoencoder", "--toy", "--steps", "60", "--batch", "16"),
    ("teacher", "--toy", "--steps", "60", "--batch", "32", "--count", "128"),
    ("reflow", *PAIRS),
    ("features", "--steps", "40", "--batch", "32"),
    ("distill", *PAIRS),
    ("distill", "--perceptual", *PAIRS),
    ("distill", "--from", "teacher", *PAIRS),
    ("distill", "--from", "teacher", "--perceptual", *PAIRS),
    ("progressive", "--steps", "20", "--batch", "32"),
    ("text2im-text", "--toy", "--steps", "60", "--batch", "64"),
    ("text2im-base", "--toy", "--steps", "60", "--batch", "32", "--count", "128"),
    ("text2im-upsampler", "--toy", "--steps", "60", "--batch", "8"),
    ("judge", "--toy", "--steps", "60", "--batch", "32", "--count", "500", "--references", "64"),
)
STAGES = list(dict.fromkeys(stage for stage, *_ in CHAIN))
LEARNING = [
    *(stage for stage in STAGES if stage not in ("words", "progressive")),
    *("distill-perceptual", "direct", "direct-perceptual", "progressive/16", "progressive/1"),
]


def train(folder: Path, *arguments: str) -> str:
    """What a stage that works prints. In this process: starting Python anew takes longer than a toy stage."""
    done = CliRunner().invoke(app, [*arguments, "--run", str(folder)], catch_exceptions=False)
    assert done.exit_code == 0, done.output[-2000:]
    return done.stdout


def refused(folder: Path, *arguments: str) -> str:
    """The sentence of a stage that cannot be run, as a user would run it."""
    command = [sys.executable, "-m", "instaflow_demo.training", *arguments, "--run", str(folder)]
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=ROOT, env=offline, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    shutil.copy(ROOT / "tests/data/sprites.zip", folder)
    for arguments in CHAIN:
        train(folder, *arguments)
    train(folder, "export", "--target", str(folder / "models"))
    return folder


@pytest.mark.parametrize("stage", LEARNING)
def test_a_stage_lowers_its_loss(trained: Path, stage: str) -> None:
    log = [json.loads(line) for line in (trained / stage / "log.jsonl").read_text().splitlines()]
    assert log[-1]["step"] > log[0]["step"]
    assert log[-1]["loss"] < 0.95 * log[0]["loss"]


@pytest.mark.parametrize("spec", [spec for spec in MODELS.values() if spec.shipped], ids=lambda spec: spec.id)
def test_what_is_exported_is_drawn_with_by_the_engine(trained: Path, spec: ModelSpec) -> None:
    request = GenerationRequest.parse("a dog", spec.id)
    files = Weights(trained / "models").locate(spec)
    engine = engines.load(spec, files, device.choose("cpu", "float32"))
    (ready,) = [e for e in engine.generate(request, request.runs[0]) if isinstance(e, ImageReady)]
    assert len(ready.image.getcolors(2**24) or []) > 100  # a picture, no blank
    engine.close()


def test_a_stage_resumes_where_it_ended(trained: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    train(copy, "teacher", "--toy", "--steps", "62", "--batch", "32", "--count", "128")
    assert json.loads((copy / "teacher/facts.json").read_text())["steps"] == 62
    steps = [json.loads(line)["step"] for line in (copy / "teacher/log.jsonl").read_text().splitlines()]
    assert steps == [1, 60, 62]


def test_an_autoencoder_that_goes_on_keeps_its_latents(trained: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(trained, tmp_path / "run")
    shutil.rmtree(copy / "autoencoder/checkpoint")
    for steps in ("5", "8"):  # the second resumes the first
        train(copy, "autoencoder", "--toy", "--steps", steps, "--batch", "16")
    before, after = (AutoencoderKL.from_pretrained(run / "autoencoder/vae") for run in (trained, copy))
    assert before.config["scaling_factor"] == after.config["scaling_factor"]
    assert parameters_to_vector(before.encoder.parameters()).equal(parameters_to_vector(after.encoder.parameters()))
    assert not parameters_to_vector(before.decoder.parameters()).equal(parameters_to_vector(after.decoder.parameters()))


def test_a_finished_stage_says_so(trained: Path) -> None:
    assert "is trained already" in refused(trained, *CHAIN[3])


@pytest.mark.parametrize("stage", ["data", *STAGES[1:], "export"])
def test_a_dry_run_says_its_plan_and_writes_nothing(tmp_path: Path, stage: str) -> None:
    assert train(tmp_path / "run", stage, "--dry-run").startswith("Would ")
    assert not (tmp_path / "run").exists()


def test_a_missing_stage_is_named(tmp_path: Path) -> None:
    assert "run the stage 'text-encoder' first" in refused(tmp_path, "reflow")
    assert "run the stage 'reflow' first" in refused(tmp_path, "distill")


def test_held_out_words_are_in_no_caption() -> None:
    """Else they would not show that the text encoder knows what words mean."""
    names = {
        form
        for concept in concepts()
        for name in (*concept.english, *concept.portuguese)
        for form in (name.singular, name.plural)
    }
    titles = {concept.title for concept in concepts()}
    assert len(held_out_words()) >= 100
    for word, concept in held_out_words():
        assert word not in names
        assert concept in titles
