"""A cascade of GLIDE's architecture, small and random, in the published format and converted."""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from published_glide import PublishedGlide
from together import new_folder
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from instaflow_demo import glide
from instaflow_demo.weights.convert_glide import convert

END = "<|endoftext|>"
TEXT = {"vocabulary": 400, "tokens": 16, "text_width": 48, "text_layers": 2, "text_heads": 3}
SMALL_BASE = glide.Shape(16, 3, (32, 64, 96), (False, True, True), layers=2, head_width=16, groups=8, **TEXT)
SMALL_UPSAMPLER = glide.Shape(32, 6, (32, 32, 64), (False, False, True), layers=1, head_width=16, groups=8, **TEXT)


def save_vocabulary(folder: Path, *more: str) -> None:
    """A small vocab.json and merges.txt of GPT-2's kind, which have the words of `more` texts too."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=[END], initial_alphabet=alphabet)
    texts = ["a big dog on a blue background", "um cachorro grande", *more]
    tokenizer.train_from_iterator(texts * 9, trainer)
    tokenizer.model.save(str(folder))


def random_glide(shape: glide.Shape) -> PublishedGlide:
    torch.manual_seed(0)
    network = PublishedGlide(shape).eval()
    for parameter in network.parameters():  # all of them count: nothing is zero, and no layer drowns the next
        wide = parameter.dim() > 1
        torch.nn.init.normal_(parameter, 0.0 if wide else 0.5, parameter[0].numel() ** -0.5 if wide else 0.3)
    return network


def shapes(tokens: int) -> tuple[glide.Shape, glide.Shape]:
    """Both stages, which read so many tokens."""
    return replace(SMALL_BASE, tokens=tokens), replace(SMALL_UPSAMPLER, tokens=tokens)


def save_published(folder: Path, *more: str, tokens: int = 16) -> tuple[Path, Path]:
    """base.pt and upsample.pt in the published format, beside their vocabulary."""
    save_vocabulary(folder, *more)
    files = folder / "base.pt", folder / "upsample.pt"
    for file, shape in zip(files, shapes(tokens), strict=True):
        torch.save(random_glide(shape).state_dict(), file)
    return files


def save_converted(folder: Path, *more: str, tokens: int = 16) -> Path:
    """The cascade as the demo reads it, beside its published files."""
    shutil.copytree(_converted(*more, tokens=tokens), folder, dirs_exist_ok=True)
    return folder / "text2im"


@cache
def _converted(*more: str, tokens: int) -> Path:
    """What is copied, since drawing and converting it takes longer."""
    folder = new_folder("cascade")
    convert(*save_published(folder, *more, tokens=tokens), folder / "text2im", shapes(tokens))
    return folder
