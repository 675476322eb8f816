"""What is done with trained networks: contact sheets, the shipped folders, pipelines."""

from pathlib import Path
from typing import Annotated

import typer

from ...registry import MODELS
from .. import export, sheet
from ..options import DEFAULT_MODELS, DEFAULT_RUN, DryRun, Guidance, Models, Run
from ..run_folder import RunFolder
from ..stage import plan_only

app = typer.Typer()


@app.command(name="sheet")
def contact_sheet(
    stage: Annotated[str, typer.Argument(help="teacher, reflow or distill; or the id of an exported model")],
    target: Annotated[Path, typer.Argument(help="The PNG file to write.")],
    run: Run = DEFAULT_RUN,
    steps: Annotated[int, typer.Option("--steps")] = 25,
    guidance: Guidance = 1.0,
    seed: Annotated[int, typer.Option("--seed")] = 7,
    prompts: Annotated[Path | None, typer.Option("--prompts", help="A text file of prompts, one a line.")] = None,
    models: Models = DEFAULT_MODELS,
) -> None:
    """Draw the 24 trial prompts, or prompts of your own, to be looked at."""
    lines = prompts.read_text(encoding="utf-8").splitlines() if prompts else sheet.TRIAL_PROMPTS
    if stage in MODELS:
        images = sheet.draw_exported(MODELS[stage], models, lines, seed)
    else:
        images = sheet.draw(RunFolder(run), stage, lines, steps, guidance, seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.grid(images, lines).save(target, optimize=True)


@app.command(name="export")
def export_models(
    run: Run = DEFAULT_RUN,
    target: Annotated[Path, typer.Option("--target", help="Folder of the shipped models.")] = DEFAULT_MODELS,
    dry_run: DryRun = False,
) -> None:
    """Write the folders of what is trained: weights, configurations, model cards, loss curves, and the checksums."""
    if plan_only(dry_run, f"write those of {', '.join(export.SHIPPED)} that are trained into {target}"):
        return
    written = export.write(RunFolder(run), target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    typer.echo(f"Wrote {', '.join(written)}: {size / 1e6:.1f} MB in {target}")


@app.command()
def int8_decoder(
    models: Models = DEFAULT_MODELS,
    calibration: Annotated[int, typer.Option("--calibration", help="Images that ranges are measured on.")] = 64,
    examined: Annotated[int, typer.Option("--examined", help="Other images to compare both decoders by.")] = 100,
) -> None:
    """Write the family's decoder in 8 bits for OpenVINO, after `export`; no GPU is needed."""
    from ..quantise import quantise  # noqa: PLC0415 - OpenVINO and its tools are slow to import

    quality = quantise(models, calibration=calibration, examined=examined)
    export.write_manifest(models)
    typer.echo(
        f"The images of both decoders are {quality.mean:.1f} dB apart on average, {quality.worst:.1f} dB at worst "
        f"({quality.images} images)."
    )


@app.command()
def export_pipeline(
    stage: Annotated[str, typer.Argument(help="Of which the U-Net is taken: progressive/4, for example.")],
    target: Annotated[Path, typer.Argument(help="The folder to write, for --model-dir ID=FOLDER.")],
    run: Run = DEFAULT_RUN,
) -> None:
    """Write a whole pipeline with the U-Net of any stage, to draw and to evaluate with what is not shipped."""
    export.write_pipeline(RunFolder(run), stage, target)
