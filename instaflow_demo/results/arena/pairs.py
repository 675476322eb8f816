"""Two pictures of one prompt and one seed by two systems, with nothing in them that says which is whose."""

import io
import random
import secrets
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from PIL import Image

from ...errors import Sentence
from ...events import Event, Failed, ImageReady
from ...registry import MODELS
from ...request import RANDOM_SEED, GenerationRequest
from ...service import Service
from .votes import Verdict, Vote


@dataclass(frozen=True)
class Question:
    """What a pair is to show: a prompt in a language, and the key of the page's example that it is, if it is one."""

    prompt: str
    language: str
    example: str = ""


@dataclass(frozen=True)
class Side:
    """A picture, as a PNG file of pixels alone, and what made it."""

    model: str
    steps: int
    seconds: float
    warm: bool
    png: bytes = field(repr=False)


@dataclass(frozen=True)
class Pair:
    """Two pictures of the same size; `ballot` names them, so that there can be one vote on them."""

    ballot: str
    question: Question
    seed: int
    left: Side
    right: Side

    @property
    def models(self) -> frozenset[str]:
        return frozenset((self.left.model, self.right.model))

    def vote(self, verdict: Verdict, *, seconds_shown: bool) -> Vote:
        """A vote on this pair, given today."""
        left, right = self.left, self.right
        return Vote(
            ballot=self.ballot,
            day=datetime.now(UTC).date().isoformat(),
            language=self.question.language,
            example=self.question.example,
            seed=self.seed,
            left=left.model,
            right=right.model,
            verdict=verdict,
            seconds_shown=seconds_shown,
            left_steps=left.steps,
            right_steps=right.steps,
            left_seconds=round(left.seconds, 6),
            right_seconds=round(right.seconds, 6),
            left_warm=left.warm,
            right_warm=right.warm,
        )


def draw_pair(
    service: Service, question: Question, left: str, right: str, seed: int = RANDOM_SEED
) -> Generator[Event | Pair, None, None]:
    """Draw a picture with each of two systems, yielding events and at last the pair, or `Failed`.

    Which of them is run first is chance. Closing it ends the work within one step.

    Raises:
        InvalidRequest: with a sentence, where the prompt or the seed is wrong.
    """
    order = random.SystemRandom().sample([left, right], 2)
    request = GenerationRequest.parse(question.prompt, order, seed=seed, save=False)
    ready: dict[str, ImageReady] = {}
    for event in service.run(request):
        yield event
        if isinstance(event, Failed):
            return
        if isinstance(event, ImageReady):
            ready[event.model] = event
            if _is_blank(event.image):
                yield Failed(event.model, _nothing(event))
                return
    steps = {run.model.id: run.all_steps for run in request.runs}
    images = _same_size(ready[left].image, ready[right].image)
    sides = [_side(ready[model], steps[model], image) for model, image in zip((left, right), images, strict=True)]
    yield Pair(secrets.token_hex(16), question, request.seed, *sides)


def _side(event: ImageReady, steps: int, image: Image.Image) -> Side:
    return Side(event.model, steps, event.timing.seconds_per_image, event.timing.warm, _png(image))


def _same_size(*images: Image.Image) -> list[Image.Image]:
    """Images as large as the largest one: a size could be told by the browser."""
    size = max(image.size for image in images)
    return [image if image.size == size else image.resize(size, Image.Resampling.LANCZOS) for image in images]


def _png(image: Image.Image) -> bytes:
    """The pixels alone, without the notes that files for keeping have."""
    file = io.BytesIO()
    Image.frombytes("RGB", image.size, image.convert("RGB").tobytes()).save(file, "PNG")
    return file.getvalue()


def _is_blank(image: Image.Image) -> bool:
    """Whether it is of one colour, as what the safety checker puts in place of another."""
    return image.convert("RGB").getcolors(1) is not None


def _nothing(event: ImageReady) -> Sentence:
    if event.notes:
        return Sentence.join(event.notes)
    return Sentence("{title} drew nothing: try another prompt.", title=MODELS[event.model].title)
