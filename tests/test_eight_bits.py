"""Weights in 8 bits: read as the numbers that they stand for, and refused where they stand for none."""

# diffusers describes its classes loosely
# pyright: reportPrivateImportUsage=false

from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch import Tensor

from instaflow_demo.engines.checkpoint.settings import read
from instaflow_demo.engines.memory import _parameters
from instaflow_demo.errors import CheckpointError
from instaflow_demo.training.architecture import SCENES_TOY, make_unet
from instaflow_demo.training.run_folder import save_half, store_in_8_bits
from instaflow_demo.weights.eight_bits import as_floats, from_8_bits
from instaflow_demo.weights.files import SCALE
from instaflow_demo.weights.tensors import tensors_of


@pytest.fixture
def unet(tmp_path: Path) -> UNet2DConditionModel:
    """A small network, stored in `tmp_path` in 8 bits."""
    torch.manual_seed(0)
    made = make_unet(SCENES_TOY)
    save_half(made, tmp_path)
    store_in_8_bits(tmp_path)
    return made


def changed(folder: Path, change: dict[str, Tensor | None]) -> None:
    """Replace tensors of the only file in `folder`, or leave them out."""
    (file,) = folder.glob("*.safetensors")
    left = {name: tensor for name, tensor in (load_file(file) | change).items() if tensor is not None}
    save_file(left, file, {"format": "pt"})


def test_what_is_read_is_what_was_stored_up_to_rounding(unet: UNet2DConditionModel, tmp_path: Path) -> None:
    again = read(UNet2DConditionModel, tmp_path, torch.float32, half_first=False).state_dict()
    for name, weights in unet.state_dict().items():
        level = weights.abs().amax(tuple(range(1, weights.dim())), keepdim=True) / 127 if weights.dim() > 1 else 1e-3
        assert ((again[name] - weights).abs() <= 0.6 * level).all(), name
        assert again[name].dtype == torch.float32


def test_a_network_takes_a_byte_for_a_number(unet: UNet2DConditionModel, tmp_path: Path) -> None:
    (file,) = tmp_path.glob("*.safetensors")
    assert file.stat().st_size < 1.3 * unet.num_parameters()
    assert _parameters(tmp_path) == unet.num_parameters()


def test_any_program_can_restore_the_weights(unet: UNet2DConditionModel, tmp_path: Path) -> None:
    (file,) = tmp_path.glob("*.safetensors")
    stored = load_file(file)
    found, wanted = from_8_bits(stored), unet.state_dict()
    assert found.keys() == wanted.keys()
    assert all((found[name] - wanted[name]).abs().max() < 0.01 for name in wanted)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conv_in.weight" + SCALE: None}, "conv_in.weight is stored as I8"),
        ({"conv_in.weight" + SCALE: torch.ones(1)}, "stored as I8|more tensors"),
        ({"conv_in.weight" + SCALE: torch.full((32, 1, 1, 1), torch.nan)}, "values that are not finite"),
        ({"conv_in.weight": None}, "lacks 1 of the"),
    ],
)
def test_what_stands_for_no_number_is_refused(
    unet: UNet2DConditionModel, tmp_path: Path, change: dict[str, Tensor | None], said: str
) -> None:
    changed(tmp_path, change)
    with pytest.raises(CheckpointError, match=said):
        read(UNet2DConditionModel, tmp_path, torch.float32, half_first=False)


def test_a_tensor_that_only_looks_like_a_scale_is_left_alone(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2, 2), "a.scale": torch.ones(2, 1)}, tmp_path / "model.safetensors")
    assert set(as_floats(tensors_of(tmp_path / "model.safetensors"))) == {"a", "a.scale"}
