"""What is done with the trained family of scenes: shipped folders, their cards, sheets of what they draw."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ...registry import MODELS
from .. import scene_export, scene_sheets
from ..options import DEFAULT_MODELS, Models
from ..run_folder import RunFolder
from ..storage import compare_storage
from .scene_options import DEFAULT_RUN, Run

app = typer.Typer()

DEFAULT_RESULTS, DEFAULT_SHEETS = Path("assets/results"), Path("assets/sheets")
Results = Annotated[Path, typer.Option("--results", help="Folder of measured figures: table1.json, storage.json.")]


@app.command(name="export")
def export_scenes(
    run: Run = DEFAULT_RUN,
    target: Annotated[Path, typer.Option("--target", help="Folder of the shipped models.")] = DEFAULT_MODELS,
    results: Results = DEFAULT_RESULTS,
    cards_only: Annotated[bool, typer.Option("--cards-only", help="Write the cards alone once more.")] = False,
) -> None:
    """Write the folders of what is trained: weights in 8 bits, configurations, cards, loss curves, and checksums."""
    write = scene_export.write_cards if cards_only else scene_export.write_scenes
    written = write(RunFolder(run), target, results)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    typer.echo(f"Wrote {', '.join(written)}: {size / 1e6:.1f} MB in {target}")


@app.command(name="storage")
def measure_storage(
    run: Run = DEFAULT_RUN,
    models: Models = DEFAULT_MODELS,
    images: Annotated[int, typer.Option("--images", help="Images of each model, one a prompt.")] = 32,
    results: Results = DEFAULT_RESULTS,
) -> None:
    """Measure how far the images of exported U-Nets are from those of the trained ones, in decibels."""
    found = compare_storage(RunFolder(run), models, images)
    results.mkdir(parents=True, exist_ok=True)
    (results / "storage.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for model, cost in found.items():
        typer.echo(f"{model}: {cost['mean']:.1f} dB on average, {cost['worst']:.1f} dB at worst ({images} images)")


@app.command(name="sheets")
def draw_sheets(
    models: Models = DEFAULT_MODELS,
    target: Annotated[Path, typer.Option("--target", help="Folder of the sheets.")] = DEFAULT_SHEETS,
    systems: Annotated[str, typer.Option("--systems", help="Ids with commas between them.")] = ",".join(
        scene_sheets.DRAWN
    ),
    batch: Annotated[int, typer.Option("--batch", help="Images in one pass.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Of the first image; the next one has the next.")] = 7,
) -> None:
    """Draw 36 random prompts of the grammar and the 60 typed ones, to be looked at."""
    target.mkdir(parents=True, exist_ok=True)
    for name in systems.split(","):
        for path in scene_sheets.draw_sheets(MODELS[name], models, target, batch, seed):
            typer.echo(path)
