"""The texts of a request: what of them is kept, and what is said of the rest."""

import re
import unicodedata
from collections.abc import Iterator

from ..errors import Sentence

TEXTS = {"prompt": Sentence("prompt"), "negative_prompt": Sentence("negative prompt")}
"""What the fields are called in sentences."""
_NOT_PRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def normalise(text: str) -> str:
    """NFC, without surrogates, control characters and runs of white space."""
    return " ".join(_NOT_PRINTABLE.sub(" ", unicodedata.normalize("NFC", text)).split())


def visible(text: str) -> bool:
    """Whether there is anything to see in it: joiners, direction marks and lone accents show nothing by themselves."""
    return any(unicodedata.category(character) not in ("Cf", "Mn", "Me") for character in text)


def left_out(name: Sentence, text: str) -> Iterator[Sentence]:
    """A note where a text held what cannot be printed and is no white space either."""
    count = sum(not character.isspace() for character in _NOT_PRINTABLE.findall(text))
    if count == 1:
        yield Sentence("1 character that cannot be printed was left out of the {text}.", text=name)
    elif count:
        yield Sentence("{n:,} characters that cannot be printed were left out of the {text}.", n=count, text=name)


def too_long(name: Sentence, length: int, most: int) -> Sentence:
    """The sentence for a text of more than so many characters."""
    return Sentence("The {text} is too long ({n:,} characters): use at most {most}.", text=name, n=length, most=most)
