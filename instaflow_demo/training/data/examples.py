"""Captioned scenes to learn from, laid out and tokenised by many processes; what trains composes the pictures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import CLIPTokenizer

from ...engines.clip import clip_ids
from ...evaluation.scene_judge import scene_truth
from ...grammar.describe import caption
from ...grammar.random_scenes import Shares, any_scene, random_scene
from ...grammar.scene import Scene
from .layout import Catalogue, drawn_place, lay_out
from .picture import Batch, Picture, stack
from .stock import load_catalogue

PORTUGUESE = 0.35
TONED = 0.3  # of the captions of rooms that have a colour say it
MOST_THINGS = 5
SHARD = 1000
TRUTH = "truth."  # begins the names of what a judge should find


@dataclass(frozen=True)
class Variety:
    """How much pictures of a scene differ: `steps` scales jitter (above 1 all is free), `looks` counts drawings."""

    steps: float = 1.0
    looks: int = 6


FLOW = Variety(steps=0.3)
EVERYTHING = Variety(steps=2.0, looks=1000)


@dataclass(frozen=True)
class Example:
    """A scene, its picture, and descriptions of it."""

    scene: Scene
    picture: Picture
    captions: tuple[str, ...]


def examples(
    catalogue: Catalogue, rng: Random, variety: Variety, captions: int, draw: Callable[[Random], Scene] = random_scene
) -> Iterator[Example]:
    """Endless examples of the scenes that `draw` gives and the catalogue can show."""
    while True:
        scene = draw(rng)
        if can_show(catalogue, scene):
            yield example(scene, catalogue, rng, variety, captions)


def example(scene: Scene, catalogue: Catalogue, rng: Random, variety: Variety, captions: int = 1) -> Example:
    """One picture of a scene with captions of it; those of rooms may say the colour that the drawing has."""
    picture = lay_out(scene, catalogue, rng, variety.steps, variety.looks)
    tone = picture.setting.colour if scene.place and not scene.position else ""
    toned = (replace(scene, tone=tone) if tone and rng.random() < TONED else scene for _ in range(captions))
    texts = tuple(caption(each, rng, "pt" if rng.random() < PORTUGUESE else "en") for each in toned)
    return Example(scene, picture, texts)


def can_show(catalogue: Catalogue, scene: Scene) -> bool:
    """Whether everything in the scene has been drawn."""
    return drawn_place(scene) in catalogue.drawings and all(
        catalogue.shows(group, scene.style) for group in scene.groups
    )


def write_shards(
    stock: Path,
    tokenizer: Path,
    folder: Path,
    count: int,
    *,
    seed: int,
    variety: Variety,
    captions: int,
    workers: int,
    held_out: bool = False,
) -> None:
    """Lay out `count` scenes in files of `SHARD`, in `workers` processes; files that are there already are kept.

    With `held_out`, pairs that models never see are among them, as a judge must know them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    make = partial(
        _write_shard,
        size=min(count, SHARD),
        stock=stock,
        tokenizer=tokenizer,
        folder=folder,
        variety=variety,
        captions=captions,
        draw=partial(any_scene, shares=Shares()) if held_out else random_scene,
    )
    seeds = [seed + number for number in range(-(-count // min(count, SHARD)))]
    with ProcessPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(make, seeds))


@dataclass(frozen=True)
class Shards:
    """N laid out scenes: pictures, ids (N, captions, tokens), and the rows that a judge should find (`scene_truth`)."""

    pictures: Batch
    ids: Tensor
    truth: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: Tensor) -> "Shards":
        truth = {name: values[rows] for name, values in self.truth.items()}
        return Shards(self.pictures[rows], self.ids[rows], truth)


def read_shards(paths: Sequence[Path]) -> Shards:
    """The scenes of these files; those with few things first."""
    parts = [load_file(path) for path in sorted(paths)]
    whole = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    ids = whole.pop("ids")
    truth = {name.removeprefix(TRUTH): whole.pop(name).long() for name in list(whole) if name.startswith(TRUTH)}
    order = (whole["things"][:, :, 3] > 0).sum(1).argsort(stable=True)
    return Shards(Batch(**whole), ids, truth)[order]


def _write_shard(
    seed: int,
    *,
    size: int,
    stock: Path,
    tokenizer: Path,
    folder: Path,
    variety: Variety,
    captions: int,
    draw: Callable[[Random], Scene],
) -> None:
    path = folder / f"scenes-{seed:06d}.safetensors"
    if path.exists():
        return
    drawn = examples(_catalogue(stock), Random(seed), variety, captions, draw)
    words = _tokenizer(tokenizer)
    some = list(islice((each for each in drawn if _short_enough(each, words)), size))
    ids = clip_ids(words, [text for each in some for text in each.captions])
    tensors = {
        name: tensor.contiguous() for name, tensor in vars(_padded(stack([each.picture for each in some]))).items()
    }
    truth = {TRUTH + name: rows.to(torch.int16) for name, rows in scene_truth([each.scene for each in some]).items()}
    save_file({**tensors, **truth, "ids": ids.view(len(some), captions, -1).to(torch.int16)}, path)


def _short_enough(drawn: Example, tokenizer: CLIPTokenizer) -> bool:
    """Whether all captions fit the text encoder: the end of one that is cut is a thing that nobody asked for."""
    tokens = tokenizer(list(drawn.captions), verbose=False)["input_ids"]
    return max(map(len, tokens)) <= tokenizer.model_max_length


def _padded(batch: Batch) -> Batch:
    """The batch with room for the same number of things in every file."""
    count, most, columns = batch.things.shape
    room = batch.things.new_zeros(count, max(0, MOST_THINGS - most), columns)
    return replace(batch, things=torch.cat([batch.things, room], 1)[:, :MOST_THINGS])


@cache
def _catalogue(stock: Path) -> Catalogue:
    return load_catalogue(stock)


@cache
def _tokenizer(folder: Path) -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(folder, local_files_only=True)
