"""What a run of scenes becomes when it is shipped: a toy family is written, told about, and drawn with."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from served import ROOT
from small_judge import save_scene_judge
from typer.testing import CliRunner

from instaflow_demo.errors import DemoError
from instaflow_demo.registry import MODELS
from instaflow_demo.training import architecture, scene_export
from instaflow_demo.training.__main__ import app, make_scenes_app
from instaflow_demo.training.run_folder import RunFolder, save_half
from instaflow_demo.training.scene_sheets import prompts_of_sheets
from instaflow_demo.weights.locate import Weights

FLOWS = {"sd-mini": "teacher", "2rf-mini": "reflow", "instaflow-mini": "distill"}
STAGES = ("autoencoder", *FLOWS.values())


def called(*arguments: object) -> str:
    done = CliRunner().invoke(make_scenes_app(), list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def write_stage(folder: Path, minutes: float) -> None:
    """What is recorded of a stage."""
    facts = {"command": "chain 7", "hardware": "2 threads", "steps": 9, "minutes": minutes, "loss": 0.5}
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    (folder / "log.jsonl").write_text('{"step": 1, "loss": 2.0}\n{"step": 9, "loss": 0.5}\n', encoding="utf-8")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of toy networks that nobody has trained: a teacher, its reflow and what was distilled of that."""
    folder, shape = tmp_path_factory.mktemp("run"), architecture.SCENES_TOY
    torch.manual_seed(0)
    shutil.copytree(ROOT / "assets/models/mini/tokenizer", folder / "text-encoder/tokenizer")
    shutil.copytree(ROOT / "assets/models/mini/text_encoder", folder / "teacher/text_encoder")
    save_half(architecture.make_autoencoder(shape), folder / "autoencoder/vae")
    for stage in FLOWS.values():
        save_half(architecture.make_unet(shape), folder / stage / "unet")
    for number, stage in enumerate(STAGES):
        write_stage(folder / stage, number + 0.25)
    return folder


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("models")
    said = called("export", "--run", run, "--target", models, "--results", models / "none")
    assert said.startswith("Wrote mini, sd-mini, 2rf-mini, instaflow-mini: ")
    return models


def card(models: Path, name: str) -> str:
    return (models / name / "README.md").read_text(encoding="utf-8")


def test_what_is_exported_is_found_and_sound(exported: Path) -> None:
    weights = Weights(exported)
    for name in FLOWS:
        assert weights.availability(MODELS[name]).available, weights.availability(MODELS[name])
        assert not list((exported / name).glob("*.safetensors")) and (exported / name / "loss.png").exists()


def test_a_card_tells_the_budget_the_data_and_the_limits(exported: Path) -> None:
    text = card(exported, "instaflow-mini")
    assert "| `instaflow-mini` | 5.5 | reflow, distill |" in text, "2.25 and 3.25 minutes"
    for words in (
        "info.json",
        "MIT",
        "CC BY 4.0",
        "## Limits",
        "python -m instaflow_demo.training",
        "Licence",
        "loss.png",
    ):
        assert words in text
    assert "chain 7" not in text, "how stages were chained on a machine helps nobody"
    assert "$" not in re.sub(r"```.*?```", "", text, flags=re.S)
    assert "## Measured" not in text


def test_the_code_of_a_card_draws_what_is_stored(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", card(exported, "sd-mini"), re.S)
    (exported / "assets").mkdir()
    (exported / "assets/models").symlink_to(exported)
    monkeypatch.chdir(exported)
    spoken: dict = {}
    exec(code.replace(", 25", ", 2"), spoken)
    assert spoken["pixels"].shape == (1, 3, 256, 256)


def test_figures_come_from_the_files_of_results(run: Path, exported: Path, tmp_path: Path) -> None:
    figure = {"value": 0.91234, "low": 0.9, "high": 0.92, "n": 100}
    row = {"model": "sd-mini", "steps": 25, "thing": figure, "both_things": figure, "held_out_thing": figure}
    row |= {"count": None, "variety": {"value": 21.04, "low": 20.0, "high": 22.0, "n": 9}}
    (tmp_path / "table1.json").write_text(json.dumps({"results": [row]}), encoding="utf-8")
    storage = {"sd-mini": {"images": 8, "mean": 48.25, "worst": 44.0}}
    (tmp_path / "storage.json").write_text(json.dumps(storage), encoding="utf-8")
    models = shutil.copytree(exported, tmp_path / "models", symlinks=True)
    called("export", "--cards-only", "--run", run, "--target", models, "--results", tmp_path)
    text = card(models, "sd-mini")
    assert "| | 25 steps |" in text and "| the thing, of prompts with one (%) | 91.2 (90.0 to 92.0) |" in text
    assert "pairs held out (%) | 91.2" in text and "of 255 | 21.0 (20.0 to 22.0) |" in text
    assert "48.2 dB from those of the float16 weights on average, 44.0 dB at worst (8 images)" in text
    assert "count of one" not in text
    assert "## Measured" not in card(models, "instaflow-mini")


def test_what_is_too_large_is_not_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").write_bytes(bytes(60))
    (tmp_path / "two").write_bytes(bytes(50))
    scene_export.refuse_too_large(tmp_path)
    monkeypatch.setattr(scene_export, "MOST_IN_ALL", 100)
    with pytest.raises(DemoError, match="store less, or in fewer bits"):
        scene_export.refuse_too_large(tmp_path)
    monkeypatch.setattr(scene_export, "MOST_OF_A_FILE", 60)
    with pytest.raises(DemoError, match="store it in more parts"):
        scene_export.refuse_too_large(tmp_path)


def test_an_empty_run_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="There is nothing to export"):
        scene_export.write_scenes(RunFolder(tmp_path), tmp_path / "models", tmp_path)


def test_storage_costs_few_decibels(run: Path, exported: Path, tmp_path: Path) -> None:
    said = called("storage", "--run", run, "--models", exported, "--images", 2, "--results", tmp_path)
    found = json.loads((tmp_path / "storage.json").read_text())
    assert set(found) == set(FLOWS)
    assert all(cost["mean"] >= cost["worst"] > 25 for cost in found.values()), said


def test_the_decoder_of_an_exported_family_is_stored_in_8_bits(exported: Path, tmp_path: Path) -> None:
    pytest.importorskip("nncf")
    models = shutil.copytree(exported, tmp_path / "models", symlinks=True)
    save_scene_judge(models / "judge/network")
    done = CliRunner().invoke(app, ["int8-decoder", "--models", str(models), "--calibration", "2", "--examined", "1"])
    assert done.exit_code == 0, done.output
    assert "dB apart on average" in done.stdout
    assert json.loads((models / "mini/openvino/decoder_int8.json").read_text())["calibration_images"] == 2


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, tuple[str, ...]]]:
    """Two prompts of each sheet."""
    some = {name: prompts[:2] for name, prompts in prompts_of_sheets().items()}
    monkeypatch.setattr("instaflow_demo.training.scene_sheets.prompts_of_sheets", lambda: some)
    return lambda: some


def test_sheets_show_random_and_typed_prompts(few: Callable, exported: Path, tmp_path: Path) -> None:
    called("sheets", "--models", exported, "--target", tmp_path, "--systems", "instaflow-mini", "--batch", 2)
    assert {path.name for path in tmp_path.iterdir()} == {"instaflow-mini-random.jpg", "instaflow-mini-typed.jpg"}
    assert Image.open(tmp_path / "instaflow-mini-typed.jpg").width == 1200


def test_the_prompts_of_sheets_are_thirty_six_and_sixty() -> None:
    prompts = prompts_of_sheets()
    assert {name: len(set(each)) for name, each in prompts.items()} == {"random": 36, "typed": 60}
    assert prompts["typed"][:2] == ("a big dog", "a bathroom with charming light")
