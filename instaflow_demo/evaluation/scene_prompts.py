"""What systems are asked in an evaluation of scenes, and what their images should show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from ..grammar import Language, held_out_words
from ..grammar.describe import caption
from ..grammar.held_out import parts_held_out, shows_held_out
from ..grammar.random_scenes import Shares, any_scene, random_scene
from ..grammar.scene import Group, Scene
from ..grammar.things import things
from ..grammar.understand import understand
from ..grammar.vocabulary import single_icons
from .prompts import SEED, PromptSet

_SEEDS_OF = {"held-out": SEED + 1, "seeds": SEED + 2}  # sets whose scenes are others than those of "captions"


@dataclass(frozen=True)
class AskedScene:
    """A prompt, the scene that it describes, and what of that is judged: None is everything."""

    prompt: str
    scene: Scene
    judged: frozenset[str] | None = None


def ask_scenes(prompt_set: PromptSet, count: int) -> Sequence[AskedScene]:
    """The first `count` prompts of a set, the same ones every time; training draws its scenes with other seeds.

    "captions" are new scenes in English, "portuguese" the same ones in Portuguese; "held-out" show pairs that training
    never does, and are judged by these; "seeds" has each prompt twice, in a row; "synonyms" name one thing each by a
    word that the grammar has not, and there are only so many.
    """
    if prompt_set == "synonyms":
        return _named_by_synonyms()[:count]
    scenes = Random(_SEEDS_OF.get(prompt_set, SEED))
    drawn = [_DRAWN_BY.get(prompt_set, random_scene)(scenes) for _ in range(count)]
    words, language = Random(SEED), "pt" if prompt_set == "portuguese" else "en"
    if prompt_set == "seeds":
        return _twice([_described(scene, words, language) for scene in drawn[: -(-count // 2)]])[:count]
    asked = [_described(scene, words, language) for scene in drawn]
    if prompt_set == "held-out":
        return [AskedScene(each.prompt, each.scene, parts_held_out(each.scene)) for each in asked]
    return asked


def _described(scene: Scene, words: Random, language: Language) -> AskedScene:
    return AskedScene(caption(scene, words, language), scene)


def _twice(asked: Sequence[AskedScene]) -> list[AskedScene]:
    return [each for each in asked for _ in range(2)]


def _held_out_scene(rng: Random) -> Scene:
    """With one thing at most, so that what is judged is what was held out."""
    while not shows_held_out(scene := any_scene(rng, Shares())) or len(scene.groups) > 1:
        pass
    return scene


def _scene_at_a_place(rng: Random) -> Scene:
    while (scene := random_scene(rng)).plain:
        pass
    return scene


def _named_by_synonyms() -> list[AskedScene]:
    """Things by words that are in none of the grammar's lists, a thing on a plain ground each."""
    drawable = {*things(), *single_icons()}
    asked = [(f"{'an' if word[0] in 'aeiou' else 'a'} {word}", title) for word, title in held_out_words()]
    return [
        AskedScene(prompt, Scene((Group(title),)))
        for prompt, title in asked
        if title in drawable and understand(prompt).ignored
    ]


_DRAWN_BY: dict[str, Callable[[Random], Scene]] = {"held-out": _held_out_scene, "seeds": _scene_at_a_place}
