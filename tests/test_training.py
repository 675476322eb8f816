"""The chain that makes the shipped models, at toy size: every stage lowers its loss, and what is exported runs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from served import ROOT
from several import side_by_side
from terminal import run_module
from torch import Tensor
from torch.nn.utils import parameters_to_vector
from typer.testing import CliRunner

from instaflow_demo import engines
from instaflow_demo.engines.batches import Batch
from instaflow_demo.errors import DemoError
from instaflow_demo.evaluation.judge import Judge
from instaflow_demo.events import ImageReady
from instaflow_demo.grammar import concepts, held_out_words
from instaflow_demo.machine import device
from instaflow_demo.registry import MODELS, ModelSpec
from instaflow_demo.request import GenerationRequest
from instaflow_demo.training import export, family
from instaflow_demo.training.__main__ import app
from instaflow_demo.training.architecture import MINI, TOY, Architecture
from instaflow_demo.training.data import sprites
from instaflow_demo.training.data.scenes import Composer, Sampler
from instaflow_demo.training.run_folder import RunFolder
from instaflow_demo.training.stages.autoencoder import decibels
from instaflow_demo.weights.locate import MODELS_DIR, Weights

PAIRS = ("--steps", "40", "--batch", "32", "--count", "64", "--ode-steps", "4")
CHAIN = (
    ("words",),
    ("text-encoder", "--toy", "--steps", "60", "--batch", "64"),
    ("autoencoder", "--toy", "--steps", "60", "--batch", "16"),
    ("tiny-decoder", "--toy", "--steps", "300", "--batch", "16", "--count", "256"),
    ("teacher", "--toy", "--steps", "60", "--batch", "32", "--count", "128"),
    ("reflow", *PAIRS),
    ("features", "--steps", "40", "--batch", "32"),
    ("distill", *PAIRS),
    ("distill", "--perceptual", *PAIRS),
    ("distill", "--from", "teacher", *PAIRS),
    ("distill", "--from", "teacher", "--perceptual", *PAIRS),
    ("progressive", "--steps", "60", "--batch", "32"),
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


def copied(trained: Path, folder: Path) -> Path:
    """What was trained, to go on with, and not what was exported."""
    return shutil.copytree(trained, folder / "run", ignore=shutil.ignore_patterns("models"))


@pytest.mark.parametrize("stage", LEARNING)
def test_a_stage_lowers_its_loss(trained: Path, stage: str) -> None:
    lines = log(trained, stage)
    assert lines[-1]["step"] > lines[0]["step"]
    assert lines[-1]["loss"] < 0.95 * lines[0]["loss"]


@pytest.mark.parametrize("spec", [spec for spec in MODELS.values() if spec.shipped], ids=lambda spec: spec.id)
def test_what_is_exported_is_drawn_with_by_the_engine(trained: Path, spec: ModelSpec) -> None:
    request = GenerationRequest.parse("a dog", spec.id)
    files = Weights(trained / "models").locate(spec)
    engine = engines.load(spec, files, device.choose("cpu", "float32"))
    (ready,) = [e for e in engine.generate(request, request.runs[0]) if isinstance(e, ImageReady)]
    assert len(ready.image.getcolors(2**24) or []) > 100  # a picture, no blank
    engine.close()


def test_exported_weights_have_the_precision_that_they_were_trained_in(trained: Path) -> None:
    exported = UNet2DConditionModel.from_pretrained(trained / "models/instaflow-mini/unet")
    made = UNet2DConditionModel.from_pretrained(trained / "distill-perceptual/unet")
    ours, theirs = (parameters_to_vector(unet.parameters()) for unet in (exported, made))
    assert ours.equal(theirs.half().bfloat16().half().float())


@pytest.mark.parametrize("name", family.TO_ONE_STEP)
def test_a_card_tells_the_minutes_of_every_way_to_one_step(trained: Path, name: str) -> None:
    card = (trained / "models" / name / "README.md").read_text(encoding="utf-8")
    rows = {row.split("|")[1].strip(" `"): row for row in card.splitlines() if row.startswith("| `")}
    assert set(rows) == set(family.TO_ONE_STEP)
    facts = [json.loads((trained / stage / "facts.json").read_text()) for stage in ("direct", "direct-perceptual")]
    minutes = sum(each["minutes"] for each in facts)
    assert rows["sd-distill-mini"] == f"| `sd-distill-mini` | {minutes:.1f} | direct, direct-perceptual |"
    unet = UNet2DConditionModel.from_pretrained(trained / "models" / name / "unet")
    assert f"Parameters: unet {unet.num_parameters() / 1e6:.1f} M." in card
    assert f"assets/models/{name}" in card


def test_weights_of_which_nothing_is_known_are_not_exported(trained: Path, tmp_path: Path) -> None:
    for part in ("teacher/unet", "reflow/unet", "reflow/log.jsonl", "reflow/facts.json"):
        (tmp_path / "run" / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if part.endswith("unet") else shutil.copy
        copy(trained / part, tmp_path / "run" / part)
    assert export.write(RunFolder(tmp_path / "run"), tmp_path / "models") == ("2rf-mini",)


def test_the_card_of_a_judge_counts_what_is_stored_in_8_bits(trained: Path) -> None:
    judge = Judge.load(trained / "models/judge/network", trained / "models/mini/tokenizer", "cpu")
    tensors = judge.state_dict().values()
    card = (trained / "models/judge/README.md").read_text(encoding="utf-8")
    assert f"Parameters: network {sum(tensor.numel() for tensor in tensors) / 1e6:.1f} M." in card


def test_a_student_of_several_steps_is_a_pipeline_of_its_own(trained: Path, tmp_path: Path) -> None:
    train(trained, "export-pipeline", "progressive/4", str(tmp_path / "pd-4"))
    spec = MODELS["2rf-mini"]
    files = Weights(folders={spec.id: tmp_path / "pd-4"}).locate(spec)
    engine = cast(engines.Sampler, engines.load(spec, files, device.choose("cpu", "float32")))
    drawn = engine.sample(Batch(("a dog",), (7,)), GenerationRequest.parse("a dog", spec.id, steps=4).runs[0])
    assert drawn.pixels.float().std() > 1
    assert drawn.straightness is not None
    with pytest.raises(DemoError, match="is not empty"):
        export.write_pipeline(RunFolder(trained), "progressive/4", tmp_path / "pd-4")
    with pytest.raises(DemoError, match="run the stage 'progressive' first"):
        export.write_pipeline(RunFolder(trained), "progressive/3", tmp_path / "pd-3")


def test_a_stage_resumes_where_it_ended(trained: Path, tmp_path: Path) -> None:
    copy = copied(trained, tmp_path)
    train(copy, "teacher", "--toy", "--steps", "62", "--batch", "32", "--count", "128")
    assert json.loads((copy / "teacher/facts.json").read_text())["steps"] == 62
    assert [line["step"] for line in log(copy, "teacher")] == [1, 60, 62]


def test_an_autoencoder_that_goes_on_keeps_its_latents(trained: Path, tmp_path: Path) -> None:
    copy = copied(trained, tmp_path)
    shutil.rmtree(copy / "autoencoder/checkpoint")
    for steps in ("5", "8"):  # the second resumes the first
        train(copy, "autoencoder", "--toy", "--steps", steps, "--batch", "16")
    before, after = (AutoencoderKL.from_pretrained(run / "autoencoder/vae") for run in (trained, copy))
    assert before.config["scaling_factor"] == after.config["scaling_factor"]
    assert parameters_to_vector(before.encoder.parameters()).equal(parameters_to_vector(after.encoder.parameters()))
    assert not parameters_to_vector(before.decoder.parameters()).equal(parameters_to_vector(after.decoder.parameters()))


def both_decoders(folder: Path, shape: Architecture) -> tuple[Tensor, Tensor]:
    """Four scenes as the tiny decoder and the full one show their latents."""
    full, tiny = (
        kind.from_pretrained(folder / name, torch_dtype=torch.float32)
        for kind, name in ((AutoencoderKL, "vae"), (AutoencoderTiny, "tiny_vae"))
    )
    drawn = sprites.load(ROOT / "tests/data/sprites.zip", shape.image_size)
    scenes = Sampler(drawn.keys).scenes(4, seed=3)
    with torch.inference_mode():
        latents = full.encode(Composer(drawn, torch.device("cpu"))(scenes, slice(None))).latent_dist.mean
        return tiny.decode(latents).sample, full.decode(latents).sample


@pytest.mark.parametrize("shipped", [False, True])
def test_the_tiny_decoder_shows_what_the_full_one_does(request: pytest.FixtureRequest, shipped: bool) -> None:
    models = MODELS_DIR if shipped else request.getfixturevalue("trained") / "models"
    shown, wanted = both_decoders(models / "mini", MINI if shipped else TOY)
    blank = wanted.mean((2, 3), keepdim=True).expand_as(wanted)
    assert shown.shape == wanted.shape
    assert decibels(shown, wanted) > decibels(blank, wanted) + (10 if shipped else 1)


def test_the_tiny_decoder_costs_less(trained: Path) -> None:
    facts = json.loads((trained / "tiny-decoder/facts.json").read_text())
    assert 0 < facts["gflop"] < facts["gflop_of_full_decoder"]


def test_a_tiny_decoder_goes_on_from_what_an_earlier_run_left(trained: Path, tmp_path: Path) -> None:
    copy = copied(trained, tmp_path)
    shutil.rmtree(copy / "tiny-decoder/checkpoint")
    train(copy, "tiny-decoder", "--toy", "--steps", "3", "--batch", "16")
    lines = [json.loads(line) for line in (copy / "tiny-decoder/log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 100, 200, 300, 1, 3]
    assert lines[-2]["loss"] < 0.8 * lines[0]["loss"]


def test_a_family_without_a_tiny_decoder_is_exported_too(trained: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(trained, tmp_path / "run", ignore=shutil.ignore_patterns("models", "tiny-decoder"))
    train(copy, "export", "--target", str(tmp_path / "models"))
    assert {path.name for path in (tmp_path / "models/mini").iterdir() if path.is_dir()} == {
        "tokenizer",
        "text_encoder",
        "vae",
    }


def test_a_finished_stage_says_so(trained: Path) -> None:
    with pytest.raises(DemoError, match="is trained already"):
        train(trained, *CHAIN[3])


@pytest.fixture
def encoders(trained: Path, tmp_path: Path) -> Path:
    """A run that has all that comes before the family, where a run in this folder is looked for."""
    folder = tmp_path / "training-runs/mini"
    for stage in ("text-encoder", "autoencoder"):
        shutil.copytree(trained / stage, folder / stage)
    shutil.copy(trained / "sprites.zip", folder)
    return folder


def log(folder: Path, stage: str) -> list[dict]:
    return [json.loads(line) for line in (folder / stage / "log.jsonl").read_text().splitlines()]


FAMILY = ("family", "--toy", "--batch", "16", "--scenes", "64", "--pairs", "64")
PAUSED = ("--minutes", "60", "--pause-after", "0.01")  # after the fewest steps that a run takes


def a_second_more(folder: Path) -> float:
    """Minutes of a family whose teacher, which is paused, has a second left."""
    paused = log(folder, "teacher")[-1]
    assert paused["fraction"] < 1
    return (paused["seconds"] + 1) / 60 / family.STAGES[0].share


def test_a_family_that_is_paused_in_the_middle_of_a_stage_goes_on(encoders: Path) -> None:
    assert train(encoders, *FAMILY, *PAUSED).startswith("Left: teacher, reflow, distill, ")
    assert not (encoders / "reflow").exists()
    before, minutes = log(encoders, "teacher"), a_second_more(encoders)
    assert "All is trained." in train(encoders, *FAMILY, "--minutes", str(minutes))
    after = log(encoders, "teacher")
    assert after[: len(before)] == before
    assert after[-1]["step"] > before[-1]["step"]
    for stage in family.STAGES:
        for student in stage.folders:
            assert log(encoders, student)[-1]["seconds"] >= stage.minutes(minutes) / len(stage.folders) * 60
            assert (encoders / student / "facts.json").exists()
    trained = {path: path.stat().st_mtime_ns for path in encoders.rglob("*") if path.is_file()}
    assert "All is trained." in train(encoders, *FAMILY, "--minutes", str(minutes))
    assert trained == {path: path.stat().st_mtime_ns for path in encoders.rglob("*") if path.is_file()}


def test_a_family_is_trained_by_several_processes_that_pause_together(encoders: Path) -> None:
    command = ("instaflow_demo.training", *FAMILY, "--stages", "teacher,reflow")

    def said(*arguments: str) -> str:
        return side_by_side(encoders.parent.parent, run_module, *command, *arguments)

    assert said(*PAUSED).startswith("Left: teacher, reflow.")
    assert said("--minutes", str(a_second_more(encoders))).startswith("All is trained.")
    assert json.loads((encoders / "reflow/facts.json").read_text())["batch"] == 32


def test_every_way_to_one_step_has_the_same_minutes() -> None:
    shares = {stage.name: stage.share for stage in family.STAGES}
    ways = [sum(shares[name] for name in names) for names in family.TO_ONE_STEP.values()]
    assert ways == pytest.approx([ways[0]] * 3)
    assert sum(shares.values()) == pytest.approx(1)


def test_a_stage_that_no_family_has_is_a_sentence() -> None:
    assert [stage.name for stage in family.choose_stages(["direct", "teacher"])] == ["teacher", "direct"]
    with pytest.raises(DemoError, match="data is not a stage of the family"):
        family.choose_stages(["data"])


@pytest.mark.parametrize("stage", ["data", *STAGES[1:], "export"])
def test_a_dry_run_says_its_plan_and_writes_nothing(tmp_path: Path, stage: str) -> None:
    assert train(tmp_path / "run", stage, "--dry-run").startswith("Would ")
    assert not (tmp_path / "run").exists()


def test_a_dry_run_of_the_family_tells_the_minutes_of_each_stage(tmp_path: Path) -> None:
    said = train(tmp_path / "run", "family", "--minutes", "50", "--dry-run")
    assert said.startswith("Would train teacher for 22.0 minutes, train reflow for 4.0 minutes, ")
    assert not (tmp_path / "run").exists()


def test_a_missing_stage_is_named(tmp_path: Path) -> None:
    assert "run the stage 'text-encoder' first" in refused(tmp_path, "reflow")
    with pytest.raises(DemoError, match="run the stage 'reflow' first"):
        train(tmp_path, "distill")


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
