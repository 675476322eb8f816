"""The command line: the same service as the page, without a browser."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from ..errors import DependencyMissing
from ..gallery import Gallery
from ..machine.caches import converted_dir
from ..machine.device import Baseline
from ..machine.environment import fingerprint
from ..machine.paths import parse_path
from ..registry import DEFAULT_MODELS, LOADABLE
from ..request import GenerationRequest
from ..results import benchmark as benchmarks
from ..results import benchmark_file, paper, report, tables
from ..service import Service
from ..weights.locate import Weights, parse_folders
from . import output, progress
from .exits import FAILED, report_errors
from .expand import expand
from .options import (
    BACKENDS,
    DECODERS,
    EVERY_MODEL,
    Against,
    CsvFile,
    Debug,
    DeviceName,
    DtypeName,
    Guidance,
    JsonFile,
    MarkdownFile,
    ModelDirs,
    Models,
    Prompt,
    RunOptions,
    Size,
    Steps,
    split_names,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


_WIDE = 20  # columns; a terminal shows a table of more on its side


class PromptSetName(StrEnum):  # typer takes no list of a Literal
    """The sets of prompts of an evaluation."""

    CAPTIONS = "captions"
    PORTUGUESE = "portuguese"
    HELD_OUT = "held-out"
    SEEDS = "seeds"
    SYNONYMS = "synonyms"


class HostName(StrEnum):  # typer takes no list of a Literal
    """What may serve the page."""

    ZEROGPU = "zerogpu"
    CPU = "cpu"
    DOCKER = "docker"


class PublishedMetric(StrEnum):  # typer takes no list of a Literal
    """The metrics that papers report, by networks that are fetched on first use."""

    FID = "fid"
    CLIP_VIT = "clip-vit"


@app.command()
@expand
def generate(
    prompt: Prompt,
    model: Annotated[str, typer.Option("--model", help="A model's id; see `models`.")] = DEFAULT_MODELS[0],
    *,
    options: RunOptions,
) -> None:
    """Generate images with one model."""
    with report_errors(options.debug):
        _run(options.request(prompt, [model]), options)


@app.command()
@expand
def compare(prompt: Prompt, models: Models = EVERY_MODEL, *, options: RunOptions) -> None:
    """Generate images with several models in turn, and compare what they took."""
    with report_errors(options.debug):
        _run(options.request(prompt, split_names(models)), options)


@app.command(name="models")
def list_models(json_file: JsonFile = None, model_dir: ModelDirs = None, debug: Debug = False) -> None:
    """List the models and the refiner: where each was found, or what is missing."""
    with report_errors(debug):
        output.check_destinations(json_file=json_file)
        weights = Weights(folders=parse_folders(model_dir))
        found = [(spec, weights.availability(spec), weights.bytes_of(spec)) for spec in LOADABLE.values()]
        output.show(output.models_table(found))
        *models, refiner = [output.model_json(*row) for row in found]
        output.write_json(json_file, lambda: {"models": models, "refiner": refiner})


@app.command()
def evaluate(
    models: Annotated[
        str, typer.Option("--models", help="Ids with commas between them; ID@STEPS takes so many steps.")
    ] = EVERY_MODEL,
    prompts: Annotated[int, typer.Option("--prompts", min=2, help="How many prompts, an image each.")] = 5000,
    prompt_set: Annotated[
        list[PromptSetName] | None, typer.Option("--set", help="What is asked for, captions by default; repeatable.")
    ] = None,
    metric: Annotated[
        list[PublishedMetric] | None,
        typer.Option("--metric", help="Compare with photographs; repeatable. Without it our judge judges."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", parser=parse_path, metavar="FOLDER", help="Folder of photographs.")
    ] = None,
    captions: Annotated[
        Path | None,
        typer.Option("--captions", parser=parse_path, metavar="FILE", help="Their captions, a file like COCO's."),
    ] = None,
    steps: Steps = None,
    guidance: Guidance = None,
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Images in one pass.")] = None,
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    work: Annotated[
        Path,
        typer.Option("--work", parser=parse_path, metavar="FOLDER", help="Where an unfinished evaluation is kept."),
    ] = Path("outputs/evaluation"),
    json_file: JsonFile = None,
    model_dir: ModelDirs = None,
    unproven_judge: Annotated[bool, typer.Option("--unproven-judge", hidden=True)] = False,
    debug: Debug = False,
) -> None:
    """Measure how good the images of models are, and how fast they come. Spread over GPUs by `accelerate launch`."""
    with report_errors(debug):
        output.check_destinations(json_file=json_file, out=work)
        evaluation = _import_evaluation()
        asked = evaluation.Evaluation(
            requests=evaluation.parse_runs(models, steps=steps, guidance=guidance, device=device, dtype=dtype),
            prompts=prompts,
            prompt_sets=tuple(dict.fromkeys(each.value for each in prompt_set or ())) or ("captions",),
            metrics=tuple(metric or ()),
            photographs=reference,
            captions=captions,
            batch=batch,
            unproven_judge=unproven_judge,
        )
        for note in asked.notes:
            typer.echo(note, err=True)
        found = evaluation.evaluate(asked, Weights(folders=parse_folders(model_dir)), work)
        if found is None:  # one of the processes that only helped
            return
        rows = [paper.parse_row(result) for result in found["results"]]
        found["pairs_distinguished"] = paper.distinguished(rows)
        _show_evaluation(rows, found)
        output.write_json(json_file, lambda: found)


@app.command()
def benchmark(
    models: Models = EVERY_MODEL,
    repeats: Annotated[int, typer.Option("--repeats", help="Warm passes of each case, after a cold one.")] = 10,
    backends: Annotated[str, typer.Option("--backend", help=f"One or more: {', '.join(BACKENDS)}.")] = "auto",
    decoders: Annotated[str, typer.Option("--decoder", help=f"One or more: {', '.join(DECODERS)}.")] = "full",
    batches: Annotated[str, typer.Option("--batch", help="Images in a pass, one number or more.")] = "1",
    baseline: Annotated[
        Baseline | None,
        typer.Option("--baseline", help="Time the stock pipeline too, on the same weights in the same process."),
    ] = None,
    steps: Steps = None,
    guidance: Guidance = None,
    size: Size = None,
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    json_file: JsonFile = None,
    csv_file: CsvFile = None,
    markdown_file: MarkdownFile = None,
    against: Against = None,
    model_dir: ModelDirs = None,
    debug: Debug = False,
) -> None:
    """Measure how fast models are on this machine, in turn, round after round."""
    with report_errors(debug):
        for path in (json_file, csv_file, markdown_file):
            output.check_destinations(json_file=path)
        theirs = benchmark_file.read_json(output.read_benchmark_file(against)) if against else None
        asked = benchmarks.Benchmark.parse(
            split_names(models),
            repeats=repeats,
            backends=[*split_names(backends), *[baseline] * bool(baseline)],
            decoders=split_names(decoders),
            batches=[int(number) if number.isdecimal() else number for number in split_names(batches)],
            steps=steps,
            guidance=guidance,
            size=size,
            device=device,
            dtype=dtype,
        )
        service = Service(Weights(folders=parse_folders(model_dir)))
        followed = progress.show_benchmark(benchmarks.run(service, asked), asked)
        columns = benchmarks.COLUMNS
        output.show(tables.to_terminal(followed.rows, columns, sideways=True))
        if theirs:
            typer.echo(f"Measured on {theirs[0]}:")
            output.show(tables.to_terminal(theirs[1], columns, sideways=True))
        output.write_json(json_file, lambda: benchmark_file.results_json(fingerprint(), followed.rows))
        output.write_file(csv_file, lambda: tables.to_csv(followed.rows, columns), "--csv")
        output.write_file(markdown_file, lambda: tables.to_markdown(followed.rows, columns), "--markdown")
        if followed.stopped:
            raise KeyboardInterrupt
        if followed.refused:
            raise typer.Exit(FAILED)


@app.command()
def convert_glide(
    base: Annotated[
        Path,
        typer.Argument(
            parser=parse_path,
            metavar="BASE",
            help="OpenAI's base.pt, with GPT-2's vocab.json and merges.txt beside it.",
        ),
    ],
    upsampler: Annotated[Path, typer.Argument(parser=parse_path, metavar="UPSAMPLER", help="OpenAI's upsample.pt.")],
    out: Annotated[
        Path | None,
        typer.Argument(parser=parse_path, metavar="OUT", help="The folder to write; by default where the demo looks."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Turn the published GLIDE files into a folder of safetensors."""
    with report_errors(debug):
        from ..weights.convert_glide import convert  # noqa: PLC0415 - torch is slow to import

        target = out or converted_dir() / "text2im"
        convert(base, upsampler, target)
        typer.echo(f"Text2im is in {target}.")


@app.command()
def space(
    to: Annotated[
        Path | None, typer.Option("--to", parser=parse_path, metavar="FOLDER", help="The folder to write, a new one.")
    ] = None,
    host: Annotated[HostName, typer.Option("--for", help="What is to run it; docker is for servers too.")] = (
        HostName.ZEROGPU
    ),
    push: Annotated[str, typer.Option("--push", metavar="NAME/SPACE", help="Upload it to this Space.")] = "",
    private: Annotated[bool, typer.Option("--private", help="Only you see a Space that --push makes.")] = False,
    preload: Annotated[
        str, typer.Option("--preload", metavar="IDS", help="Published models to fetch while the Space is built.")
    ] = "",
    login: Annotated[
        bool, typer.Option("--login", help="Let visitors sign in with Hugging Face, if they like.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Write, check and upload the folder that a Hugging Face Space or Docker builds the page from."""
    with report_errors(debug):
        from . import space as spaces  # noqa: PLC0415 - of use here only

        spaces.publish(to, host.value, split_names(preload), push, private=private, login=login)


def _run(request: GenerationRequest, options: RunOptions) -> None:
    """Run a request, show its table and write its JSON.

    Raises:
        InvalidRequest: when the results have nowhere to go.
        DemoError: when something cannot be fetched, or the refiner is wanted and not here.
        typer.Exit: with 1, after the table, when a model failed or an image was not saved or refined.
    """
    weights = Weights(folders=parse_folders(options.model_dir))
    output.check_destinations(json_file=options.json_file, out=options.out if request.save else None)
    progress.prepare(request, weights, download=options.download)
    events = progress.show(Service(weights, Gallery(options.out)).run(request), request)
    outcomes = report.collect(events, request)
    measured = report.comparison_rows(outcomes, request)
    if measured:
        output.show_comparison(measured)
    output.write_json(options.json_file, lambda: report.results_json(fingerprint(options.out), request, outcomes))
    if any(outcome.error or _incomplete(outcome, request) for outcome in outcomes):
        raise typer.Exit(FAILED)


def _incomplete(outcome: report.Outcome, request: GenerationRequest) -> bool:
    """Whether an image was not saved, or not refined, as it should have been."""
    unsaved = request.save and any(image.path is None for image in outcome.images)
    return unsaved or (request.refine and any(image.refinement is None for image in outcome.images))


def _show_evaluation(rows: Sequence[paper.EvaluationRow], found: Mapping[str, Any]) -> None:
    columns = paper.evaluation_columns(rows, found["judge"].get("not_judged", {}))
    output.show(tables.to_terminal(rows, columns, sideways=len(columns) > _WIDE))
    if pairs := found["pairs_distinguished"]:
        listed = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in pairs.items())
        typer.echo(
            f"Pairs of the paper's methods, of {paper.pairs_of_methods(rows)}, whose intervals differ: {listed}."
        )


def _import_evaluation() -> ModuleType:
    """The package that evaluates.

    Raises:
        DependencyMissing: without what it needs beyond running.
    """
    try:
        from ..evaluation import command  # noqa: PLC0415 - torch is slow to import
    except ModuleNotFoundError as error:
        raise DependencyMissing(
            "Evaluation needs {library}: pip install -r instaflow_demo/evaluation/requirements.txt", library=error.name
        ) from error
    return command
