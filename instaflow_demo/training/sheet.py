"""Contact sheets: what a trained model draws for a list of prompts, to be looked at by a person."""

# PyTorch describes its modules loosely
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from tqdm import tqdm

from .. import engines
from ..events import ImageReady
from ..flow import euler
from ..machine import device
from ..registry import ModelSpec
from ..request import GenerationRequest
from ..weights.locate import Weights
from .objectives import guided_field
from .run_folder import RunFolder

TRIAL_PROMPTS = (
    "a big dog",
    "a small dog",
    "two dogs",
    "a red heart on a blue background",
    "a big cat, 3d style",
    "three stars",
    "a house on a green background",
    "a pizza, flat style",
    "a rocket",
    "a small fish on the left",
    "a smiling face",
    "an astronaut, 3d style",
    "a big tree",
    "a cup of coffee on a pink background",
    "a bicycle",
    "a strawberry, blob style",
    "a crying face",
    "two birds on a yellow background",
    "a guitar",
    "a sunflower",
    "a robot on a purple background",
    "a car, noto style",
    "a flower",
    "a dragon, 3d style",
)


@torch.inference_mode()
def draw(
    run: RunFolder, stage: str, prompts: Sequence[str], steps: int, guidance: float, seed: int
) -> list[Image.Image]:
    """One image a prompt, with the noise that the demo would draw for seeds `seed`, `seed + 1`, ..."""
    where = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    words, unet = run.load_prompts(where), run.load_unet(stage).to(where).eval()
    vae, shape = run.load_autoencoder(where), (unet.config["in_channels"], *[unet.config["sample_size"]] * 2)
    noise = torch.stack(
        [torch.randn(shape, generator=torch.Generator().manual_seed(seed + i)) for i in range(len(prompts))]
    )
    field = guided_field(unet, words.states(words.ids(list(prompts)).to(where)), words.states(words.empty), guidance)
    *_, latents = euler(field, noise.to(where), steps)
    return [to_image(vae.decode(one[None]).sample[0]) for one in latents]


def grid(images: Sequence[Image.Image], prompts: Sequence[str], columns: int = 6, size: int = 200) -> Image.Image:
    """The images in rows, each above its prompt."""
    line = 26
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * size, rows * (size + line)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.truetype(findfont("DejaVu Sans"), 11)
    for number, (image, prompt) in enumerate(zip(images, prompts, strict=True)):
        x, y = number % columns * size, number // columns * (size + line)
        sheet.paste(image.resize((size - 4, size - 4), Image.Resampling.LANCZOS), (x + 2, y + 2))
        pen.text((x + 4, y + size + 4), prompt[:34], fill="black", font=font)
    return sheet


def draw_exported(spec: ModelSpec, models: Path, prompts: Sequence[str], seed: int) -> list[Image.Image]:
    """One image a prompt by a model of the folder `models`, as the demo draws it: its own settings, the same seeds."""
    engine = engines.load(spec, Weights(models).locate(spec), device.choose("auto", "auto"))
    images = []
    for number, prompt in enumerate(tqdm(prompts, desc=spec.id)):
        request = GenerationRequest.parse(prompt, spec.id, seed=seed + number)
        events = engine.generate(request, request.runs[0])
        images += [event.image for event in events if isinstance(event, ImageReady)]
    return images


def save_grid(images: Tensor, path: Path, columns: int = 6) -> None:
    """Save images (N, 3, S, S) in [-1, 1] side by side."""
    some = images[: len(images) // columns * columns]
    rows = torch.cat([torch.cat(list(row), 2) for row in some.split(columns)], 1)
    to_image(rows).save(path, quality=92)


def to_image(pixels: Tensor) -> Image.Image:
    """Convert a tensor (3, H, W) in [-1, 1] to an image."""
    levels = ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().byte()
    return Image.fromarray(levels.permute(1, 2, 0).cpu().numpy())
