"""What is asked for: the only judge of raw input, and of which options have an effect on which model."""

from .axes import KINDS, Axis, Kind, parse_axis
from .budget import check_budget, image_steps, weight
from .generation import RANDOM_SEED, Decoder, GenerationRequest, Interpolation, Limits, Lora, ModelRun
from .grid import MOST_CELLS, Cell, Grid, parse_grid
from .interpolation import FRAMES, parse_interpolation

__all__ = [
    "FRAMES",
    "KINDS",
    "MOST_CELLS",
    "RANDOM_SEED",
    "Axis",
    "Cell",
    "Decoder",
    "GenerationRequest",
    "Grid",
    "Interpolation",
    "Kind",
    "Limits",
    "Lora",
    "ModelRun",
    "check_budget",
    "image_steps",
    "parse_axis",
    "parse_grid",
    "parse_interpolation",
    "weight",
]
