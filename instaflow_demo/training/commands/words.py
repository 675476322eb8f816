"""Icons, words and their meanings, and the text encoder that learns them."""

from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from safetensors.torch import save_file

from .. import architecture
from ..data import sprites
from ..data.wordnet import WordNet
from ..loop import Budget
from ..options import DEFAULT_RUN, BatchSize, DryRun, Mode, Run, Toy, WordNetFolder
from ..run_folder import RunFolder, save_half
from ..stage import Facts, Job, Stage, Training, carry_out, plan_only
from ..stages import text_encoder as text

app = typer.Typer()


@app.command()
def data(
    run: Run = DEFAULT_RUN,
    size: Annotated[int, typer.Option("--size", help="Pixels of a rendered icon.")] = 256,
    wordnet: WordNetFolder = None,
    dry_run: DryRun = False,
) -> None:
    """Fetch and render the icons; collect words and their meanings. Without --wordnet, the captions' words alone."""
    folder = RunFolder(run)
    plan = f"fetch {', '.join(sprites.PACKAGES)}; render at {size} px into {folder.sprites}; embed the words"
    if plan_only(dry_run, plan):
        return
    sprites.fetch(folder.stage("packages"))
    typer.echo(f"{sprites.render(folder.stage('packages'), folder.sprites, size)} sprites in {folder.sprites}")
    _collect_words(folder, wordnet)


@app.command()
def words(run: Run = DEFAULT_RUN, wordnet: WordNetFolder = None) -> None:
    """The second half of `data`: collect words and their meanings."""
    _collect_words(RunFolder(run), wordnet)


@app.command(name="text-encoder")
def train_text_encoder(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Annotated[int, typer.Option("--steps", help="Train for this many steps.")] = 6000,
    batch: BatchSize = 192,
    dry_run: DryRun = False,
) -> None:
    """Train the tokenizer and the text encoder."""
    shape = architecture.TOY if toy else architecture.MINI
    plan = f"train a text encoder {shape.text_width} wide for {steps} steps of {batch}"
    stage = Stage("text-encoder", partial(_begin_text_encoder, shape), plan)
    carry_out(stage, run, Budget(steps), batch, Mode(compile_=False, dry_run=dry_run))


def _begin_text_encoder(shape: architecture.Architecture, job: Job, folder: Path) -> Training:
    torch.manual_seed(0)
    tokenizer = text.train_tokenizer(job.files.load_words()[0], shape)
    encoder = architecture.make_text_encoder(shape, tokenizer)
    tokenizer.save_pretrained(folder / "tokenizer")
    tokenizer.backend_tokenizer.model.save(str(folder / "tokenizer"))  # vocab.json and merges.txt, the older layout
    return teach_words(text.Encoding.clip(encoder, tokenizer), shape.text_width, job)


def teach_words(encoding: text.Encoding, width: int, job: Job) -> Training:
    """Teach a text encoder what words mean; save it with its reader, and how well it knows words not taught.

    Every process trains the same encoder, so `job.batch` is the whole batch.
    """
    device, (lexicon, meanings) = job.process.device, job.files.load_words()
    encoder, reader, bank = encoding.network.to(device).train(), text.Reader(width), meanings.concepts.to(device)
    examples = text.Examples(lexicon, meanings, encoding.ids)
    steps = text.train(examples, encoding, reader.to(device), bank, job.budget.steps or 0, job.batch)

    def save(folder: Path) -> Facts:
        save_half(encoder.eval(), folder / "text_encoder")
        save_file({"concepts": bank, **reader.state_dict()}, folder / "reader.safetensors")
        top1, top5 = text.held_out_accuracy(encoding, reader, bank)
        typer.echo(
            f"Of the words that no caption has, {top1:.1%} are nearest to their concept ({top5:.1%} among five)."
        )
        return {"batch": job.batch, "held_out_top1": round(top1, 4), "held_out_top5": round(top5, 4)}

    return Training(steps, save)


def _collect_words(folder: RunFolder, wordnet: Path | None) -> None:
    embed = text.SentenceTeacher(folder.stage("packages") / "sentence-teacher")
    lexicon = text.lexicon(WordNet(wordnet), embed) if wordnet else text.no_lexicon()
    folder.save_words(lexicon, text.Meanings.of(lexicon, embed))
    synonyms = sum(len(words) for words in lexicon.synonyms)
    typer.echo(f"{synonyms} synonyms and {len(lexicon.others)} other words")
