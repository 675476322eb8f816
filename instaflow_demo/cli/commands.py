"""The command line: the same service as the page, without a browser."""

import io
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal, cast

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..errors import DemoError, DependencyMissing, InvalidRequest, Sentence, StorageFull, cause
from ..gallery import Gallery
from ..machine.caches import converted_dir, let_torch_be_imported
from ..machine.environment import fingerprint
from ..machine.paths import exists, is_folder, path_of
from ..registry import DEFAULT_MODELS, LOADABLE, MODELS, ModelSpec, Range
from ..request import RANDOM_SEED, GenerationRequest, Limits
from ..results import benchmark as benchmarks
from ..results import report
from ..service import Service
from ..weights.locate import FOLDERS, Availability, Weights, given_folders
from . import progress

log = logging.getLogger("instaflow_demo.cli")

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")

# click's UsageError, from whichever click this typer carries
UsageError = cast(type[Exception], typer.BadParameter.__base__)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


class PublishedMetric(StrEnum):
    """What papers report, by networks that are fetched when they are first used."""

    FID = "fid"
    CLIP_VIT = "clip-vit"


def number(what: str, **words: int) -> Callable[[Any], Any]:
    """What reads a number as people write it: with blanks around it, a decimal comma, or one of `words` that mean one.

    `what` says in an error what it should be. Whether the number itself will do, a request judges.
    """

    def read(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        asked = text.strip().lower()
        if asked in words:
            return words[asked]
        if "_" not in asked and not _THOUSANDS.fullmatch(asked):  # which Python and decimal commas take for others
            for kind in (int, float):
                with suppress(ValueError):
                    return kind(asked.replace(",", "."))
        raise typer.BadParameter(f"“{text}” is not {what}.")

    return read


def _widest(setting: Literal["steps", "guidance", "size"]) -> str:
    """The ends of what any model allows."""
    allowed = [getattr(spec, setting) for spec in MODELS.values()]
    return f"from {min(each.low for each in allowed):g} to {max(each.high for each in allowed):g}"


Prompt = Annotated[str, typer.Argument(help="What to draw. Put -- before a prompt that begins with a dash.")]
Images = Annotated[
    int,
    typer.Option(
        "--images",
        parser=number(f"a whole number from 1 to {Limits().images}"),
        metavar="N",
        help=f"Images of each model, 1 to {Limits().images}.",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        parser=number(f"a whole number {_widest('steps')}"),
        metavar="N",
        help="Denoising steps; each model has its own default.",
    ),
]
Guidance = Annotated[
    float | None,
    typer.Option(
        "--guidance",
        parser=number(f"a number {_widest('guidance')}, like 1.5"),
        metavar="SCALE",
        help="Guidance scale; at most 1 is none.",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        parser=number(f"a whole number from 0 to {Limits().seed}, or -1 for a random one", random=RANDOM_SEED),
        metavar="N",
        help="Seed of the first image; -1 or “random”, the default, draws one.",
    ),
]
Negative = Annotated[str, typer.Option("--negative-prompt", help="What to avoid, where guidance is on.")]
Size = Annotated[
    int | None,
    typer.Option(
        "--size",
        parser=number(f"a multiple of 64 {_widest('size')}"),
        metavar="PIXELS",
        help="Pixels of each side, a multiple of 64.",
    ),
]
Batched = Annotated[bool, typer.Option("--batched/--one-by-one", help="All images in one pass, or each in its own.")]
Dtype = Annotated[str, typer.Option("--dtype", help="auto, float32, float16 or bfloat16.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
Out = Annotated[Path, typer.Option("--out", parser=path_of, metavar="FOLDER", help="Folder for the images.")]
Save = Annotated[bool, typer.Option("--save/--no-save", help="Write the images to the folder.")]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", parser=path_of, metavar="FILE", help="Write everything measured to this file."),
]
ModelDirs = Annotated[
    list[str] | None,
    typer.Option(
        "--model-dir", metavar="ID=FOLDER", help=f"A model's own folder; repeatable. {FOLDERS} holds several."
    ),
]
Download = Annotated[bool, typer.Option("--download", help="Fetch published models that are not here: gigabytes.")]
Loras = Annotated[
    list[str] | None,
    typer.Option("--lora", metavar="FILE[:SCALE]", help="Merge a LoRA: a safetensors file, or its folder; repeatable."),
]
DeltaFrom = Annotated[
    str,
    typer.Option(
        "--delta-from",
        metavar="ID",
        help="Add the model's difference from its base to this fine-tune: an id, a folder or a repository.",
    ),
]
Refine = Annotated[bool, typer.Option("--refine", help="Refine every image with the SDXL refiner.")]
BackendName = Annotated[
    str, typer.Option("--backend", help="What runs latent models: auto, eager, compiled, openvino, or diffusers.")
]
DecoderName = Annotated[str, typer.Option("--decoder", help="full, int8 (OpenVINO) or tiny, which is quicker.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@app.command()
def generate(
    prompt: Prompt,
    model: Annotated[str, typer.Option("--model", help="A model's id; see `models`.")] = DEFAULT_MODELS[0],
    images: Images = 1,
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = RANDOM_SEED,
    negative_prompt: Negative = "",
    size: Size = None,
    batched: Batched = False,
    dtype: Dtype = "auto",
    device: Device = "auto",
    out: Out = Path("outputs"),
    save: Save = True,
    json_file: JsonFile = None,
    model_dir: ModelDirs = None,
    download: Download = False,
    lora: Loras = None,
    delta_from: DeltaFrom = "",
    refine: Refine = False,
    backend: BackendName = "auto",
    decoder: DecoderName = "full",
    debug: Debug = False,
) -> None:
    """Generate images with one model."""
    raw = dict(images=images, steps=steps, guidance=guidance, seed=seed, negative_prompt=negative_prompt)
    raw |= dict(size=size, batched=batched, dtype=dtype, device=device, save=save)
    raw |= dict(loras=lora or (), delta_from=delta_from, refine=refine, backend=backend, decoder=decoder)
    with _sentences(debug):
        _run(prompt, [model], raw, Files(out, json_file, model_dir, download))


@app.command()
def compare(
    prompt: Prompt,
    models: Annotated[str, typer.Option("--models", help="Ids with commas between them.")] = ",".join(DEFAULT_MODELS),
    images: Images = 1,
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = RANDOM_SEED,
    negative_prompt: Negative = "",
    size: Size = None,
    batched: Batched = False,
    dtype: Dtype = "auto",
    device: Device = "auto",
    out: Out = Path("outputs"),
    save: Save = True,
    json_file: JsonFile = None,
    model_dir: ModelDirs = None,
    download: Download = False,
    lora: Loras = None,
    delta_from: DeltaFrom = "",
    refine: Refine = False,
    backend: BackendName = "auto",
    decoder: DecoderName = "full",
    debug: Debug = False,
) -> None:
    """Generate images with several models in turn, and compare what they took."""
    raw = dict(images=images, steps=steps, guidance=guidance, seed=seed, negative_prompt=negative_prompt)
    raw |= dict(size=size, batched=batched, dtype=dtype, device=device, save=save)
    raw |= dict(loras=lora or (), delta_from=delta_from, refine=refine, backend=backend, decoder=decoder)
    with _sentences(debug):
        _run(prompt, _listed_in(models), raw, Files(out, json_file, model_dir, download))


@app.command(name="models")
def list_models(json_file: JsonFile = None, model_dir: ModelDirs = None, debug: Debug = False) -> None:
    """List the models and the refiner: where each was found, or what is missing."""
    with _sentences(debug):
        _check_paths(json_file=json_file)
        weights = Weights(folders=given_folders(model_dir))
        found = [(spec, weights.availability(spec), weights.bytes_of(spec)) for spec in LOADABLE.values()]
        table = Table("Id", "What it is, and where it was found or what is missing", show_lines=True)
        table.columns[0].no_wrap = True
        table.columns[1].overflow = "fold"  # a path that was cut would be of no use
        for row in found:
            table.add_row(row[0].id, _described(*row))
        _console().print(table)
        *models, refiner = [_listed(*row) for row in found]
        _write(json_file, lambda: _json({"models": models, "refiner": refiner}), "--json")


@app.command()
def evaluate(
    models: Annotated[
        str, typer.Option("--models", help="Ids with commas between them; ID@STEPS takes so many steps.")
    ] = ",".join(DEFAULT_MODELS),
    prompts: Annotated[int, typer.Option("--prompts", min=2, help="How many prompts, an image each.")] = 5000,
    prompt_set: Annotated[
        Literal["captions", "portuguese", "synonyms"], typer.Option("--set", help="What is asked for.")
    ] = "captions",
    metric: Annotated[
        list[PublishedMetric] | None,
        typer.Option("--metric", help="Compare with photographs; repeatable. Without it our judge judges."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", parser=path_of, metavar="FOLDER", help="Folder of photographs.")
    ] = None,
    captions: Annotated[
        Path | None,
        typer.Option("--captions", parser=path_of, metavar="FILE", help="Their captions, a file like COCO's."),
    ] = None,
    steps: Steps = None,
    guidance: Guidance = None,
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Images in one pass.")] = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    work: Annotated[
        Path,
        typer.Option("--work", parser=path_of, metavar="FOLDER", help="Where an unfinished evaluation is kept."),
    ] = Path("outputs/evaluation"),
    json_file: JsonFile = None,
    model_dir: ModelDirs = None,
    unproven_judge: Annotated[bool, typer.Option("--unproven-judge", hidden=True)] = False,
    debug: Debug = False,
) -> None:
    """Measure how good the images of models are, and how fast they come. Spread over GPUs by `accelerate launch`."""
    with _sentences(debug):
        _check_paths(json_file=json_file, out=work)
        evaluation = _evaluation()
        what = evaluation.Evaluation(
            evaluation.parse_runs(models, steps=steps, guidance=guidance, device=device, dtype=dtype),
            prompts,
            prompt_set,
            tuple(metric or ()),
            reference,
            captions,
            batch,
            unproven_judge,
        )
        for note in what.notes:
            typer.echo(note, err=True)
        found = evaluation.evaluate(what, Weights(folders=given_folders(model_dir)), work)
        if found is None:  # one of the processes that only helped
            return
        header, *rows = evaluation.table(found["results"])
        table = Table(*header)
        for row in rows:
            table.add_row(*row)
        _console().print(table)
        _write(json_file, lambda: _json(found), "--json")


@app.command()
def benchmark(
    models: Annotated[str, typer.Option("--models", help="Ids with commas between them.")] = ",".join(DEFAULT_MODELS),
    repeats: Annotated[int, typer.Option("--repeats", help="Warm passes of each case, after a cold one.")] = 10,
    backends: Annotated[str, typer.Option("--backend", help="One or more: auto, eager, compiled, openvino.")] = "auto",
    decoders: Annotated[str, typer.Option("--decoder", help="One or more: full, int8, tiny.")] = "full",
    batches: Annotated[str, typer.Option("--batch", help="Images in a pass, one number or more.")] = "1",
    baseline: Annotated[
        Literal["diffusers"] | None,
        typer.Option("--baseline", help="Time the stock pipeline too, on the same weights in the same process."),
    ] = None,
    steps: Steps = None,
    guidance: Guidance = None,
    size: Size = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    json_file: JsonFile = None,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", parser=path_of, metavar="FILE", help="Write the table to this file, as CSV."),
    ] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", parser=path_of, metavar="FILE", help="The same as Markdown.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--compare", parser=path_of, metavar="FILE", help="Show a file of --json, of another machine, below ours."
        ),
    ] = None,
    model_dir: ModelDirs = None,
    debug: Debug = False,
) -> None:
    """Measure how fast models are on this machine, in turn, round after round."""
    with _sentences(debug):
        for path in (json_file, csv_file, markdown_file):
            _check_paths(json_file=path)
        theirs = benchmarks.read_json(_text_of(against)) if against else None
        asked = benchmarks.Benchmark.parse(
            _listed_in(models),
            repeats=repeats,
            backends=[*_listed_in(backends), *[baseline] * bool(baseline)],
            decoders=_listed_in(decoders),
            batches=[int(number) if number.isdecimal() else number for number in _listed_in(batches)],
            **dict(steps=steps, guidance=guidance, size=size, device=device, dtype=dtype),
        )
        service = Service(Weights(folders=given_folders(model_dir)), Gallery(Path("outputs")))
        followed = progress.timed(benchmarks.run(service, asked), asked)
        table = benchmarks.table(followed.rows)
        _console().print(_sideways(benchmarks.COLUMNS, table))
        if theirs:
            typer.echo(f"Measured on {theirs[0]}:")
            _console().print(_sideways(benchmarks.COLUMNS, benchmarks.table(theirs[1])))
        _write(json_file, lambda: _json(benchmarks.results_json(fingerprint(), followed.rows)), "--json")
        _write(csv_file, lambda: report.to_csv(table, benchmarks.COLUMNS), "--csv")
        _write(markdown_file, lambda: report.to_markdown(table, benchmarks.COLUMNS), "--markdown")
        if followed.stopped:
            raise KeyboardInterrupt
        if followed.refused:
            raise typer.Exit(1)


@app.command()
def convert_glide(
    base: Annotated[
        Path,
        typer.Argument(
            parser=path_of, metavar="BASE", help="OpenAI's base.pt, with GPT-2's vocab.json and merges.txt beside it."
        ),
    ],
    upsampler: Annotated[Path, typer.Argument(parser=path_of, metavar="UPSAMPLER", help="OpenAI's upsample.pt.")],
    out: Annotated[
        Path | None,
        typer.Argument(parser=path_of, metavar="OUT", help="The folder to write; by default where the demo looks."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Turn the published GLIDE files into a folder of safetensors."""
    with _sentences(debug):
        from ..weights.convert_glide import convert  # noqa: PLC0415 - torch is slow to import

        target = out or converted_dir() / "text2im"
        convert(base, upsampler, target)
        typer.echo(f"Text2im is in {target}.")


def main() -> None:
    """Run the command line. Exit codes: 0, 1 for a run that failed, 2 for bad input, 130 for Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to fail
    let_torch_be_imported()
    try:
        code = app(standalone_mode=False)
    except UsageError as error:
        typer.echo(_usage(cast(typer.BadParameter, error)), err=True)
        code = 2
    except typer.Abort:
        code = 130
    sys.exit(code)


def _usage(error: typer.BadParameter) -> str:
    """What is wrong with a command, and what to do where a prompt was taken for an option."""
    said, unknown = error.format_message(), getattr(error, "option_name", None)
    command = error.ctx.info_name if error.ctx else ""
    misspelt = getattr(error, "possibilities", None) and " " not in str(unknown)
    if not unknown or misspelt or command not in ("generate", "compare"):
        return said
    return f'{said.rstrip(".")}. A prompt that begins with a dash goes last, after “--”: {command} -- "{unknown} …"'


@contextmanager
def _sentences(debug: bool) -> Iterator[None]:
    """Every error ends the program with one sentence and its exit code; with `debug` its traceback comes first."""
    logging.basicConfig(level=logging.ERROR if debug else logging.CRITICAL)
    try:
        yield
    except InvalidRequest as error:
        raise _ended(str(error), 2) from None
    except DemoError as error:
        raise _ended(str(error), 1) from None
    except KeyboardInterrupt:
        raise _ended("Stopped.", 130) from None
    except (typer.Exit, BrokenPipeError):
        raise
    except Exception as error:
        log.exception("a defect")
        raise _ended(f"Something went wrong ({type(error).__name__}): --debug shows where.", 1) from None


def _evaluation() -> ModuleType:
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


def _ended(sentence: str, code: int) -> typer.Exit:
    log.error("exit code %d", code, exc_info=True)
    typer.echo(sentence, err=True)
    return typer.Exit(code)


@dataclass(frozen=True)
class Files:
    """Where a run's results go, and where its models come from."""

    out: Path
    json: Path | None
    model_dirs: list[str] | None
    download: bool


def _run(prompt: str, models: list[str], raw: dict[str, Any], files: Files) -> None:
    """Parse, run, show.

    Raises:
        InvalidRequest: for bad input.
        DemoError: when something cannot be fetched, or the refiner is wanted and not here.
        typer.Exit: with 1, when a model failed or an image could not be saved or refined; the others are shown all the
            same.
    """
    request = GenerationRequest.parse(prompt, models, **raw)
    weights = Weights(folders=given_folders(files.model_dirs))
    _check_paths(json_file=files.json, out=files.out if request.save else None)
    progress.prepare(request, weights, download=files.download)
    outcomes = report.collect(progress.shown(Service(weights, Gallery(files.out)).run(request), request), request)
    measured = report.rows(outcomes, request)
    if measured:
        _console().print(_sideways(report.COLUMNS, measured))
    _write(files.json, lambda: _json(report.results_json(fingerprint(files.out), request, outcomes)), "--json")
    if any(outcome.error or _incomplete(outcome, request) for outcome in outcomes):
        raise typer.Exit(1)


def _check_paths(*, json_file: Path | None, out: Path | None = None) -> None:
    """Find out before a long run, not after it, that its results have nowhere to go.

    Raises:
        InvalidRequest: with a sentence.
    """
    if json_file and (is_folder(json_file) or not is_folder(json_file.absolute().parent)):
        raise InvalidRequest(
            {
                "json": Sentence(
                    "{json_file} is a folder, or its folder does not exist: choose another one with --json.",
                    json_file=json_file,
                )
            }
        )
    if json_file and not _may_write(json_file.absolute() if exists(json_file) else json_file.absolute().parent):
        raise InvalidRequest(
            {"json": Sentence("{json_file} cannot be written: choose another one with --json.", json_file=json_file)}
        )
    if out and exists(out) and not is_folder(out):
        raise InvalidRequest({"out": Sentence("{out} is not a folder: choose another one with --out.", out=out)})
    if out and not _may_write(out.absolute()):
        raise InvalidRequest(
            {"out": Sentence("{out} cannot be written to: choose another folder with --out.", out=out)}
        )


def _may_write(path: Path) -> bool:
    """Whether a file may be written, or files may be made in a folder, or in the nearest one above that is there."""
    above = next((each for each in (path, *path.parents) if exists(each)), path)
    wanted = os.W_OK | (os.X_OK if is_folder(above) else 0)
    return os.access(above, wanted, effective_ids=os.access in os.supports_effective_ids)


def _incomplete(outcome: report.Outcome, request: GenerationRequest) -> bool:
    """Whether an image was not saved, or not refined, as it should have been."""
    unsaved = request.save and any(image.path is None for image in outcome.images)
    return unsaved or (request.refine and any(image.refinement is None for image in outcome.images))


def _listed_in(text: str) -> list[str]:
    """What stands between the commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _sideways(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    """Rows on their side, a column for each system, which fits a terminal of 80 characters."""
    name, *figures = zip(columns, *rows, strict=True)
    table = Table(*name)
    for figure in figures:
        table.add_row(*figure)
    return table


def _described(spec: ModelSpec, availability: Availability, size: int) -> str:
    """A model for the terminal: what it is, how it runs, its size, origin and licence, and where it is."""
    upsampling = f" + {spec.upsampling_steps}" if spec.upsampling_steps else ""
    origin = "shipped" if spec.shipped else f"from {spec.source}"
    where = f"found in {availability.found}" if availability.available else availability.reason
    lines = (
        f"{spec.title} · {spec.summary}",
        f"steps: {_span(spec.steps)}{upsampling}, pixels a side: {_span(spec.size)}",
        f"{_bytes(size)} {origin}, licence {spec.licence}",
        where,
    )
    return "\n".join(map(escape, lines))


def _bytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size < 999.5e6 else f"{size / 1e9:.1f} GB"


def _span(allowed: Range[int]) -> str:
    if allowed.fixed:
        return str(allowed.default)
    return f"{allowed.default} ({allowed.low} to {allowed.high})"


def _listed(spec: ModelSpec, availability: Availability, size: int) -> dict[str, Any]:
    """A model as plain values for `models --json`."""
    return {
        "id": spec.id,
        "title": spec.title,
        "summary": spec.summary,
        "family": spec.family,
        "source": spec.source,
        "licence": spec.licence,
        "steps": spec.steps.default,
        "size": spec.size.default,
        "bytes": size,
        "download_bytes": spec.download_bytes,
        "available": availability.available,
        "found": availability.found or None,
        "missing": availability.reason or None,
    }


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path | None, text: Callable[[], str], option: str) -> None:
    """Write a result to the file that was named for it, if one was."""
    if path is None:
        return
    try:
        # a file name that is not UTF-8 holds lone surrogates, whose escapes are what JSON writes for them
        path.write_text(text(), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StorageFull(
            "{path} could not be written ({why}): choose another file with {option}.",
            path=path,
            why=cause(error),
            option=option,
        ) from None


def _text_of(path: Path) -> str:
    """Raises InvalidRequest, with a sentence, when the file cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            {"file": Sentence("{path} cannot be read: name a file that “benchmark --json” wrote.", path=path)}
        ) from error


def _console() -> Console:
    # piped output has no width of its own, and cut cells would lose figures
    return Console(width=None if sys.stdout.isatty() else 200)
