"""Published checkpoints as they are, tiny: our engine against the published pipeline's formulas, written out here."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from small_sd import networks, save_published
from terminal import demo
from transformers import CLIPTokenizer

from instaflow_demo import engines
from instaflow_demo.errors import InvalidRequest, ModelUnavailable, NotANumber
from instaflow_demo.events import ImageReady
from instaflow_demo.gallery import read_metadata
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.weights.locate import ModelFiles, Weights, parse_folders

FLOAT32 = Placement("cpu", "float32")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_published(tmp_path_factory.mktemp("published") / "2rf")


@pytest.fixture(scope="module")
def narrow_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_published(tmp_path_factory.mktemp("narrow") / "2rf", networks(narrow=4))


def drawn(folder: Path, placement: Placement = FLOAT32, model: str = "2rf", **options) -> np.ndarray:
    engine = engines.load(MODELS[model], ModelFiles(folder), placement)
    request = GenerationRequest.parse("a big dog", model, **({"seed": 7, "size": 256, "steps": 2} | options))
    (ready,) = [event for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady)]
    engine.close()
    return np.asarray(ready.image).astype(int)


@cache
@torch.inference_mode()
def published_pipeline(folder: Path, steps: int, guidance: float | None, dtype: torch.dtype) -> np.ndarray:
    """RectifiedFlowPipeline from its description: x + v/N at timesteps (1 - i/N) 1000, with guidance or without."""
    text_encoder, unet, vae = (network.to(dtype) for network in networks(narrow=4))
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)

    def encoded(text: str) -> torch.Tensor:
        ids = tokenizer([text], padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
        return text_encoder(ids).last_hidden_state

    states = torch.cat([encoded(""), encoded("a big dog")]) if guidance else encoded("a big dog")
    x = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(7)).to(dtype)
    for i in range(steps):
        t = torch.tensor((1 - i / steps) * 1000.0)
        if guidance:
            without, with_prompt = unet(torch.cat([x, x]), t, states).sample.chunk(2)
            v = without + guidance * (with_prompt - without)
        else:
            v = unet(x, t, states).sample
        x = x + (1 / steps) * v
    image = vae.decode(x / 0.18215).sample[0]
    return ((image / 2 + 0.5).clamp(0, 1).float() * 255).round().permute(1, 2, 0).numpy().astype(int)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("guidance", [0.0, 1.0, 1.5])
@pytest.mark.parametrize("steps", [1, 4, 25])
def test_the_image_is_the_published_pipeline_s(narrow_checkpoint: Path, steps: int, guidance: float, dtype) -> None:
    asked = guidance if guidance > 1 else None  # there is none below, in the published pipeline
    expected = published_pipeline(narrow_checkpoint, steps, asked, getattr(torch, dtype))
    made = drawn(narrow_checkpoint, Placement("cpu", dtype), steps=steps, guidance=guidance)
    assert expected.std() > 3
    # in float32, channels lie last on a CPU, which rounds otherwise; in half precision all is as published
    assert abs(made - expected).max() <= (1 if dtype == "float32" else 0)


def test_the_baseline_keeps_its_own_noise_schedule(checkpoint: Path) -> None:
    assert abs(drawn(checkpoint, model="sd-1.5", steps=4) - drawn(checkpoint, steps=4)).mean() > 1


@pytest.mark.parametrize(("safetensors", "variant"), [(True, "fp16"), (False, None), (False, "fp16")])
def test_other_file_formats_give_the_same_image(checkpoint: Path, tmp_path: Path, safetensors: bool, variant) -> None:
    other = save_published(tmp_path / "other", safetensors=safetensors, variant=variant)
    assert abs(drawn(other) - drawn(checkpoint)).max() <= 1


def test_safetensors_come_before_anything_else(checkpoint: Path, tmp_path: Path) -> None:
    both = save_published(tmp_path / "both")
    (both / "unet/diffusion_pytorch_model.bin").write_bytes(b"never read")
    assert abs(drawn(both) - drawn(checkpoint)).max() == 0


def test_code_in_a_bin_file_is_not_run(tmp_path: Path) -> None:
    folder = save_published(tmp_path / "bad", safetensors=False)
    harm = tmp_path / "harm"

    class Harm:
        def __reduce__(self):
            return (Path.touch, (harm,))

    torch.save({"conv_in.weight": Harm()}, folder / "unet/diffusion_pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match=r"\.bin cannot be read as a PyTorch file of plain tensors"):
        drawn(folder)
    assert not harm.exists()


def test_weights_that_are_not_there_are_a_sentence(tmp_path: Path) -> None:
    folder = save_published(tmp_path / "empty")
    (folder / "unet/diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="unet holds no weights"):
        drawn(folder)


def test_what_is_no_number_is_a_sentence_and_no_black_image(tmp_path: Path) -> None:
    text_encoder, unet, vae = networks()
    torch.nn.init.constant_(vae.decoder.conv_out.weight, 3e38)  # a number each, and none when they are added up
    folder = save_published(tmp_path / "nan", (text_encoder, unet, vae))
    with pytest.raises(NotANumber, match="choose the precision float32"):
        drawn(folder)


# ---------------------------------------------------------------- --model-dir


def test_a_given_folder_comes_first(checkpoint: Path) -> None:
    found = Weights(folders=parse_folders([f"2rf={checkpoint}"])).availability(MODELS["2rf"])
    assert found.available
    assert found.found == str(checkpoint)


@pytest.mark.parametrize("value", ["2rf", "2rf=", "=/tmp", "dall-e=/tmp", "2rf=/no/such/folder"])
def test_a_folder_that_cannot_be_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_folders([value])


def test_a_given_folder_that_lacks_something_says_what(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    found = Weights(folders={"2rf": tmp_path}).availability(MODELS["2rf"])
    assert "lacks tokenizer" in found.reason


def test_the_command_line_takes_a_folder(checkpoint: Path, tmp_path: Path) -> None:
    command = ["generate", "A big dog", "--model", "instaflow-0.9b", "--json", "r.json", "--size", "256"]
    done = demo(tmp_path, *command, "--model-dir", f"instaflow-0.9b={checkpoint}")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads((tmp_path / "r.json").read_text())["results"]
    (image,) = result["images"]
    assert result["network_evaluations"] == 1
    assert read_metadata(tmp_path / image["path"])["licence"] == "CC-BY-NC-4.0"


def test_a_wrong_folder_on_the_command_line_is_one_sentence(tmp_path: Path) -> None:
    done = demo(tmp_path, "models", "--model-dir", "dall-e=/tmp")
    assert done.returncode == 2
    assert "“dall-e=/tmp” is not like ID=FOLDER" in done.stderr
