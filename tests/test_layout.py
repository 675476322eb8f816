"""How weights lie in memory: as PyTorch puts them where images are to be the published ones, else as is fastest."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from small_glide import save_converted
from small_refiner import save_refiner
from small_sd import save_published, small_tiny_decoder
from transformers import CLIPTextModel

from instaflow_demo.engines.backends.eager import EagerNetworks
from instaflow_demo.engines.refiner import Refiner
from instaflow_demo.engines.text2im import Text2ImEngine
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS
from instaflow_demo.weights.locate import ModelFiles

AS_IT_IS = [Placement("cpu", dtype) for dtype in ("bfloat16", "float16")]
CHANNELS_LAST = [
    Placement("cpu", "float32"),
    *(Placement("cpu", t, backend="compiled") for t in ("float32", "float16")),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    folder = save_published(tmp_path_factory.mktemp("published") / "sd")
    small_tiny_decoder(4).save_pretrained(folder / "tiny_vae")
    return ModelFiles(folder, tiny_decoder=folder / "tiny_vae")


def lie_last(networks: Iterable[torch.nn.Module]) -> set[bool]:
    """Whether channels lie last in the weights of 3x3 convolutions, where that makes a difference."""
    weights = [p for network in networks for p in network.parameters() if p.dim() == 4 and min(p.shape) > 1]
    assert weights
    return {weight.is_contiguous(memory_format=torch.channels_last) for weight in weights}


def convolutional(kind: str, files: ModelFiles, folder: Path, placement: Placement) -> list[torch.nn.Module]:
    """The networks of an engine that have convolutions."""
    if kind == "latent":
        parts = EagerNetworks.read(files, placement).parts
        return [parts[name] for name in ("unet", "vae", "tiny")]
    if kind == "refiner":
        refiner = Refiner.load(ModelFiles(save_refiner(folder)), placement)
        return [refiner._unet, refiner._vae]
    cascade = Text2ImEngine.load(MODELS["text2im"], ModelFiles(save_converted(folder)), placement)
    return [cascade._base[1], cascade._upsampler[1]]


@pytest.mark.parametrize("kind", ["latent", "refiner", "text2im"])
@pytest.mark.parametrize("placement", AS_IT_IS + CHANNELS_LAST, ids=lambda each: f"{each.backend} {each.dtype}")
def test_channels_lie_last_where_that_is_faster_and_nowhere_else(
    files: ModelFiles, tmp_path: Path, kind: str, placement: Placement
) -> None:
    assert lie_last(convolutional(kind, files, tmp_path, placement)) == {placement in CHANNELS_LAST}


def test_on_a_gpu_they_lie_as_pytorch_puts_them(files: ModelFiles) -> None:
    """They are laid out before they are moved there."""
    for dtype in ("float16", "float32"):
        parts = EagerNetworks.read(files, Placement("cuda", dtype)).parts
        assert lie_last([parts["unet"], parts["vae"]]) == {False}
        compiled = EagerNetworks.read(files, Placement("cuda", dtype, backend="compiled")).parts
        assert lie_last([compiled["unet"], compiled["vae"]]) == {True}


@torch.inference_mode()
@pytest.mark.parametrize("placement", AS_IT_IS, ids=lambda each: each.dtype)
def test_half_precision_gives_the_numbers_of_the_published_modules_to_the_bit(
    files: ModelFiles, placement: Placement
) -> None:
    ours, dtype = EagerNetworks.read(files, placement), placement.torch_dtype
    words = CLIPTextModel.from_pretrained(files.component("text_encoder"), dtype=dtype).eval()
    unet = UNet2DConditionModel.from_pretrained(files.component("unet"), torch_dtype=dtype)
    vae = AutoencoderKL.from_pretrained(files.component("vae"), torch_dtype=dtype)
    tiny = AutoencoderTiny.from_pretrained(files.component("tiny_vae"), torch_dtype=dtype)
    ids, moment = torch.arange(77)[None], torch.tensor(999.0)
    for images in (1, 3):
        latents = torch.randn(images, 4, 32, 32, generator=torch.Generator().manual_seed(images)).to(dtype)
        states = words(ids).last_hidden_state.expand(images, -1, -1)
        assert torch.equal(ours.encode_text(ids).expand(images, -1, -1), states)
        assert torch.equal(ours.predict(latents, moment, states), unet(latents, moment, states).sample)
        assert torch.equal(ours.decode(latents, "full"), vae.decode(latents / ours.latents.scale).sample)
        assert torch.equal(ours.decode(latents, "tiny"), tiny.decode(latents).sample)
