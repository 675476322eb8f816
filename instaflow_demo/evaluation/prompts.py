"""What systems are asked in an evaluation, and what their images should show."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from ..errors import InvalidRequest, Sentence
from ..grammar import STYLES, Concept, Language, Scene, caption, concepts, held_out_words, random_scene

PromptSet = Literal["captions", "portuguese", "held-out", "seeds", "synonyms"]
SEED = 9000  # of no scene that anything was trained on


@dataclass(frozen=True)
class Asked:
    """A prompt and the scene that it describes."""

    prompt: str
    scene: Scene


def ask(prompt_set: PromptSet, count: int) -> Sequence[Asked]:
    """The first `count` prompts of a set, the same ones every time.

    "captions" are new scenes in English, "portuguese" the same ones in Portuguese; "synonyms" name one thing each by a
    word that no caption has, and there are only so many.

    Raises:
        InvalidRequest: for a set of scenes, of which this grammar of single things has none.
    """
    if prompt_set in ("held-out", "seeds"):
        raise InvalidRequest(
            {
                "set": Sentence(
                    "The prompts “{name}” are of scenes, and the judge here knows single things: choose captions, "
                    "portuguese or synonyms.",
                    name=prompt_set,
                )
            }
        )
    if prompt_set == "synonyms":
        known = {concept.title: concept for concept in concepts()}
        return [_named(word, known[title]) for word, title in held_out_words()[:count]]
    language: Language = "pt" if prompt_set == "portuguese" else "en"
    scenes, words = Random(SEED), Random(SEED)
    drawn = [_scene(scenes) for _ in range(count)]
    return [Asked(caption(scene, words, language), scene) for scene in drawn]


def _scene(rng: Random) -> Scene:
    style = rng.choices(list(STYLES), [style.weight for style in STYLES.values()])[0]
    return random_scene(rng.choice(concepts()), style, rng)


def _named(word: str, concept: Concept) -> Asked:
    return Asked(f"{'an' if word[0] in 'aeiou' else 'a'} {word}", Scene(concept, next(iter(STYLES))))
