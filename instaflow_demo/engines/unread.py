"""What a text encoder does not see of a text: all beyond its length, and what its vocabulary has no token for."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from ..errors import Sentence
from ..events import Noted
from ..request import GenerationRequest, ModelRun
from ..request.texts import TEXTS

PROMPT, NEGATIVE = TEXTS["prompt"], TEXTS["negative_prompt"]
"""What the texts of a request are called."""
_MEANS_LITTLE = "PCMZ"  # punctuation, control and format characters, marks, spaces


@dataclass(frozen=True)
class Reader:
    """A text encoder as its user knows it: whose it is, its tokenizer, and how many tokens of a text it reads.

    `lower` and `split_special_tokens` are how the text is given to the tokenizer.
    """

    whose: str
    tokenizer: PreTrainedTokenizerBase
    length: int
    lower: bool = False
    split_special_tokens: bool = False

    def notes(self, texts: Mapping[Sentence, str]) -> Iterator[Sentence]:
        """A sentence for each of the texts, by what they are called, that is cut, or not understood in part."""
        for name, text in texts.items():
            lowered = text.lower() if self.lower else text
            tokens, room = self._tokens(lowered)
            shown = text if len(text) == len(lowered) else lowered
            cut = tokens[room][1] if len(tokens) > room else len(shown)
            if dropped := shown[cut:].strip():
                yield Sentence(
                    "{title} reads at most {n} tokens of the {text}, so this was left out: “{cut}”.",
                    title=self.whose,
                    n=self.length,
                    text=name,
                    cut=dropped,
                )
            if unknown := " ".join(dict.fromkeys(self._unknown(tokens[:room], shown[:cut]))):
                yield Sentence(
                    "{title} has no token for this in the {text}, and does not see it: “{unknown}”.",
                    title=self.whose,
                    text=name,
                    unknown=unknown,
                )

    def note_unread(self, request: GenerationRequest, run: ModelRun) -> Iterator[Noted]:
        """What to tell before a model begins; it reads the negative prompt where it is guided."""
        texts = {PROMPT: request.prompt}
        if run.guided:
            texts[NEGATIVE] = request.negative_prompt
        if notes := tuple(self.notes(texts)):
            yield Noted(run.model.id, notes)

    def _tokens(self, text: str) -> tuple[list[tuple[int, int, int]], int]:
        """Each token of a text with the place that it begins and ends at, and how many of them are read."""
        settings: dict[str, Any] = {"split_special_tokens": True} if self.split_special_tokens else {}
        made = self.tokenizer(text, return_offsets_mapping=True, verbose=False, **settings)
        places = [(id_, *place) for id_, place in zip(made["input_ids"], made["offset_mapping"], strict=True)]
        tokens = [token for token in places if token[1] < token[2]]  # those that mark start and end have no place
        return tokens, self.length - self.tokenizer.num_special_tokens_to_add()

    def _unknown(self, tokens: Iterable[tuple[int, int, int]], text: str) -> Iterator[str]:
        """The parts of a text that became a token for the unknown, or none at all."""
        special, seen = set(self.tokenizer.all_special_ids), [False] * len(text)
        for id_, start, end in tokens:
            if id_ not in special:
                seen[start:end] = [True] * (end - start)
        for id_, start, end in tokens:
            if id_ in special:  # a sign of several bytes may be known in part
                seen[start:end] = [False] * (end - start)
        for part in _parts(text, seen):
            if any(unicodedata.category(character)[0] not in _MEANS_LITTLE for character in part):
                yield part


def _parts(text: str, seen: Iterable[bool]) -> Iterator[str]:
    """The stretches of a text that are not seen."""
    hidden = "".join(" " if known else character for character, known in zip(text, seen, strict=True))
    return iter(hidden.split())
