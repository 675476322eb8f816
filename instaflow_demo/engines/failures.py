"""What an error of a model tells the user: a sentence in any case."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import DemoError, Sentence
from ..machine import device
from ..registry import ModelSpec

log = logging.getLogger(__name__)


@dataclass
class Failure:
    """What went wrong, as a sentence; None if nothing did."""

    sentence: Sentence | None = None


@contextmanager
def catch_failure(spec: ModelSpec) -> Iterator[Failure]:
    """Work on a model, which an error ends. A defect goes to the log, and the sentence quotes its number."""
    failure = Failure()
    try:
        yield failure
    except DemoError as error:
        failure.sentence = error.sentence
    except Exception as error:
        if device.is_out_of_memory(error):  # while loading, where nothing can be halved
            failure.sentence = Sentence(
                "There is too little free memory for {title}: close other programs, or choose a smaller model or "
                "another device.",
                title=spec.title,
            )
        else:
            number = secrets.token_hex(4)
            log.exception("error %s while running %s", number, spec.id)
            failure.sentence = Sentence("Something went wrong (id {id}); the log of the app says what.", id=number)
