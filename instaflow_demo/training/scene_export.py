"""From a run of the scenes' family to the folders that are shipped, with cards that tell what was measured."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ..errors import DemoError
from . import export
from .export import SHARED, SHIPPED, Shipped
from .run_folder import RunFolder, store_in_8_bits
from .scene_cards import Measured, write_card

MOST_OF_A_FILE, MOST_IN_ALL = 10_000_000, 260_000_000  # bytes


def _ship_flow(folder: Path) -> None:
    """A Stable Diffusion pipeline whose U-Net is stored in 8 bits."""
    export.write_pipeline_index(folder)
    store_in_8_bits(folder / "unet")


SHIPPED_SCENES: Mapping[str, Shipped] = MappingProxyType(
    {
        SHARED: Shipped(
            "What the mini family shares: text encoder, tokenizer and autoencoder",
            {
                "tokenizer": "text-encoder/tokenizer",
                "text_encoder": "teacher/text_encoder",
                "vae": "autoencoder/vae",
                "tiny_vae": "tiny-decoder/tiny_vae",
            },
            optional=("tiny_vae",),
            given=("tokenizer",),
        ),
        "sd-mini": replace(SHIPPED["sd-mini"], finish=_ship_flow),
        "2rf-mini": replace(SHIPPED["2rf-mini"], finish=_ship_flow),
        "instaflow-mini": Shipped("InstaFlow mini: one step", {"unet": "distill/unet"}, _ship_flow),
        "sd-distill-mini": Shipped("SD distilled mini: one step without reflow", {"unet": "direct/unet"}, _ship_flow),
        "pd-mini": replace(SHIPPED["pd-mini"], finish=_ship_flow),
        "text2im-mini": replace(SHIPPED["text2im-mini"], given=("tokenizer",)),
        "judge": SHIPPED["judge"],
    }
)


def write_scenes(run: RunFolder, target: Path, results: Path) -> tuple[str, ...]:
    """Replace the folders under `target` of what `run` has trained; the names of these.

    Raises:
        DemoError: when nothing is trained, or what is written is too large to be shipped.
    """
    written = export.write(run, target, SHIPPED_SCENES, partial(write_card, Measured.read(results)))
    refuse_too_large(target)
    return written


def write_cards(run: RunFolder, target: Path, results: Path) -> tuple[str, ...]:
    """Write the cards of what is exported already once more, with what has been measured since."""
    found = Measured.read(results)
    made = {name: each for name, shipped in SHIPPED_SCENES.items() if (each := shipped.with_trained_parts(run))}
    names = tuple(name for name in made if (target / name).is_dir())
    for name in names:
        write_card(found, name, made[name], run, target / name)
    export.write_manifest(target)
    return names


def refuse_too_large(target: Path) -> None:
    """Look at the sizes of what is to be shipped.

    Raises:
        DemoError: when a file, or all of them, take more than they may.
    """
    sizes = {path: path.stat().st_size for path in target.rglob("*") if path.is_file()}
    path, largest = max(sizes.items(), key=lambda pair: pair[1])
    if largest >= MOST_OF_A_FILE:
        raise DemoError(
            "{path} has {size:.1f} MB, and files must have less than {most:.0f}: store it in more parts.",
            path=path,
            size=largest / 1e6,
            most=MOST_OF_A_FILE / 1e6,
        )
    if (total := sum(sizes.values())) > MOST_IN_ALL:
        raise DemoError(
            "{folder} has {size:.0f} MB, and may have {most:.0f}: store less, or in fewer bits.",
            folder=target,
            size=total / 1e6,
            most=MOST_IN_ALL / 1e6,
        )
