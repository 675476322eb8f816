"""The options of the command line: their names, their help, and how what is typed is read."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from ..machine.device import Backend, Baseline, Device, Dtype
from ..machine.paths import parse_path
from ..registry import DEFAULT_MODELS, MODELS
from ..request import RANDOM_SEED, Decoder, GenerationRequest, Limits
from ..weights.locate import FOLDERS

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
(_BASELINE,) = get_args(Baseline)
BACKENDS = tuple(name for name in get_args(Backend) if name != _BASELINE)
DECODERS = get_args(Decoder)
_FULL, _INT8, _TINY = DECODERS
EVERY_MODEL = ",".join(DEFAULT_MODELS)


def read_number(what: str, **words: int) -> Callable[[Any], Any]:
    """Return a parser of numbers as people type them: with blanks around, a decimal comma, or one of `words`.

    `what` completes the error's sentence: "... is not {what}". The request judges whether a number is within its range.
    """

    def read(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        typed = text.strip().lower()
        if typed in words:
            return words[typed]
        if "_" not in typed and not _THOUSANDS.fullmatch(typed):  # 1_0 and 1,000 would be read as other numbers
            for kind in (int, float):
                with suppress(ValueError):
                    return kind(typed.replace(",", "."))
        raise typer.BadParameter(f"“{text}” is not {what}.")

    return read


def split_names(text: str) -> list[str]:
    """The names between the commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _widest(setting: Literal["steps", "guidance", "size"]) -> str:
    """The range of a setting over all models."""
    allowed = [getattr(spec, setting) for spec in MODELS.values()]
    return f"from {min(each.low for each in allowed):g} to {max(each.high for each in allowed):g}"


def _either(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


Prompt = Annotated[str, typer.Argument(help="What to draw. Put -- before a prompt that begins with a dash.")]
Model = Annotated[str, typer.Option("--model", help="A model's id; see `models`.")]
Models = Annotated[str, typer.Option("--models", help="Ids with commas between them.")]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        parser=read_number(f"a whole number {_widest('steps')}"),
        metavar="N",
        help="Denoising steps; each model has its own default.",
    ),
]
Guidance = Annotated[
    float | None,
    typer.Option(
        "--guidance",
        parser=read_number(f"a number {_widest('guidance')}, like 1.5"),
        metavar="SCALE",
        help="Guidance scale; at most 1 is none.",
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        "--size",
        parser=read_number(f"a multiple of 64 {_widest('size')}"),
        metavar="PIXELS",
        help="Pixels of each side, a multiple of 64.",
    ),
]
DtypeName = Annotated[str, typer.Option("--dtype", help=f"{_either(get_args(Dtype))}.")]
DeviceName = Annotated[str, typer.Option("--device", help=f"{_either(get_args(Device))}.")]
CsvFile = Annotated[
    Path | None,
    typer.Option("--csv", parser=parse_path, metavar="FILE", help="Write the table to this file, as CSV."),
]
MarkdownFile = Annotated[
    Path | None, typer.Option("--markdown", parser=parse_path, metavar="FILE", help="The same as Markdown.")
]
Against = Annotated[
    Path | None,
    typer.Option(
        "--compare", parser=parse_path, metavar="FILE", help="Show a file of --json, of another machine, below ours."
    ),
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", parser=parse_path, metavar="FILE", help="Write everything measured to this file."),
]
ModelDirs = Annotated[
    list[str] | None,
    typer.Option(
        "--model-dir", metavar="ID=FOLDER", help=f"A model's own folder; repeatable. {FOLDERS} holds several."
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@dataclass(frozen=True)
class RunOptions:
    """The options of `generate` and `compare`."""

    images: Annotated[
        int,
        typer.Option(
            "--images",
            parser=read_number(f"a whole number from 1 to {Limits().images}"),
            metavar="N",
            help=f"Images of each model, 1 to {Limits().images}.",
        ),
    ] = 1
    steps: Steps = None
    guidance: Guidance = None
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            parser=read_number(f"a whole number from 0 to {Limits().seed}, or -1 for a random one", random=RANDOM_SEED),
            metavar="N",
            help="Seed of the first image; -1 or “random”, the default, draws one.",
        ),
    ] = RANDOM_SEED
    negative_prompt: Annotated[str, typer.Option("--negative-prompt", help="What to avoid, where guidance is on.")] = ""
    size: Size = None
    batched: Annotated[
        bool, typer.Option("--batched/--one-by-one", help="All images in one pass, or each in its own.")
    ] = False
    dtype: DtypeName = "auto"
    device: DeviceName = "auto"
    out: Annotated[Path, typer.Option("--out", parser=parse_path, metavar="FOLDER", help="Folder for the images.")] = (
        Path("outputs")
    )
    save: Annotated[bool, typer.Option("--save/--no-save", help="Write the images to the folder.")] = True
    json_file: JsonFile = None
    model_dir: ModelDirs = None
    download: Annotated[
        bool, typer.Option("--download", help="Fetch published models that are not here: gigabytes.")
    ] = False
    lora: Annotated[
        list[str] | None,
        typer.Option(
            "--lora", metavar="FILE[:SCALE]", help="Merge a LoRA: a safetensors file, or its folder; repeatable."
        ),
    ] = None
    delta_from: Annotated[
        str,
        typer.Option(
            "--delta-from",
            metavar="ID",
            help="Add the model's difference from its base to this fine-tune: an id, a folder or a repository.",
        ),
    ] = ""
    refine: Annotated[bool, typer.Option("--refine", help="Refine every image with the SDXL refiner.")] = False
    backend: Annotated[
        str,
        typer.Option("--backend", help=f"What runs latent models: {', '.join(BACKENDS)}, or {_BASELINE}."),
    ] = "auto"
    decoder: Annotated[
        str, typer.Option("--decoder", help=f"{_FULL}, {_INT8} (OpenVINO) or {_TINY}, which is quicker.")
    ] = "full"
    debug: Debug = False

    def request(self, prompt: str, models: list[str]) -> GenerationRequest:
        """The request that these options, a prompt and ids of models make.

        Raises:
            InvalidRequest: with one sentence for every value that is wrong.
        """
        return GenerationRequest.parse(
            prompt,
            models,
            images=self.images,
            steps=self.steps,
            guidance=self.guidance,
            seed=self.seed,
            negative_prompt=self.negative_prompt,
            size=self.size,
            batched=self.batched,
            dtype=self.dtype,
            device=self.device,
            save=self.save,
            loras=self.lora or (),
            delta_from=self.delta_from,
            refine=self.refine,
            backend=self.backend,
            decoder=self.decoder,
        )
