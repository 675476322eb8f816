"""Checkpoints of the published sizes and formats with random weights: to time the demo on a GPU without the real ones.

Run `PYTHONPATH=.:tests python tests/tools/full_size.py KIND FOLDER`, where KIND is one of

text2im         base.pt and upsample.pt, and a small vocabulary
sd              Stable Diffusion 1.5's layout in half precision, as InstaFlow-0.9B has
sdxl-refiner    the SDXL refiner's layout in half precision
"""

import sys
from pathlib import Path

import small_refiner
import small_sd
import torch
import typer
from diffusers import AutoencoderTiny
from small_glide import random_glide, save_vocabulary

from instaflow_demo import glide

PARAMETERS = {"base.pt": 385_030_726, "upsample.pt": 398_361_286}


def save_text2im(folder: Path) -> None:
    save_vocabulary(folder)
    for name, shape in (("base.pt", glide.BASE), ("upsample.pt", glide.UPSAMPLER)):
        network = random_glide(shape)  # whose output is a finite number: nothing is left as memory had it
        count = sum(parameter.numel() for parameter in network.parameters())
        if count != PARAMETERS[name]:
            raise SystemExit(f"{name} has {count} parameters, not {PARAMETERS[name]}")
        typer.echo(f"{name}: {count} parameters")
        torch.save(network.state_dict(), folder / name)


def save_sd(folder: Path) -> None:
    small_sd.save_published(folder, halved(small_sd.full_size_networks()), variant="fp16")
    (tiny,) = halved((AutoencoderTiny(),))  # of TAESD's shape; timed as the tiny decoder
    tiny.save_pretrained(folder / "tiny_vae", variant="fp16")


def save_refiner(folder: Path) -> None:
    small_refiner.save_refiner(folder, "fp16", halved(small_refiner.full_size_networks()))


def halved(networks: tuple) -> tuple:
    for network in networks:
        typer.echo(
            f"{type(network).__name__}: {sum(parameter.numel() for parameter in network.parameters())} parameters"
        )
        network.half()
    return networks


if __name__ == "__main__":
    kind, target = sys.argv[1], Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    {"text2im": save_text2im, "sd": save_sd, "sdxl-refiner": save_refiner}[kind](target)
