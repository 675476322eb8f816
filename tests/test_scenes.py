"""The grammar of scenes: what captions say is understood again, what is held out is never shown, and all of it fits."""

from collections import Counter
from random import Random

import pytest

from instaflow_demo.grammar.describe import caption, noun_phrase
from instaflow_demo.grammar.held_out import held_out_pairs, is_held_out, pairs_of
from instaflow_demo.grammar.random_scenes import Shares, any_scene, random_scene
from instaflow_demo.grammar.scene import Group, Scene, fill_in, fits
from instaflow_demo.grammar.things import things
from instaflow_demo.grammar.understand import understand
from instaflow_demo.grammar.vocabulary import LANGUAGES, names, phrases, places
from instaflow_demo.training.data.lights import LIGHTS
from instaflow_demo.training.data.places import PLACES

SUGGESTED = (
    ("a big dog", Scene((Group("dog", size="big"),))),
    ("A bathroom with charming light", Scene(place="bathroom", light="golden")),
    ("a blue car", Scene((Group("car", colour="blue"),))),
    ("a cat next to a tree", Scene((Group("cat"), Group("tree")), relation="next")),
    ("two boats on the sea at night", Scene((Group("sailboat", count=2),), "sea", "night")),
    ("um gato no sofá", Scene((Group("cat"),), "living_room", "day", slot="sofa")),
    ("uma casa vermelha à esquerda de uma árvore", Scene((Group("house", "red"), Group("tree")), relation="left")),
    ("a unicorn under a rainbow", Scene((Group("unicorn"), Group("rainbow")), relation="under")),
    ("um gato embaixo da mesa", Scene((Group("cat"), Group("table")), relation="under")),
    ("a cozy bedroom on a rainy day", Scene(place="bedroom", light="rain")),
    ("a fish in the sea", Scene((Group("fish"),), "underwater", "day")),
    ("a whale in the sea", Scene((Group("whale"),), "sea", "day")),
    ("a cat sleeping on the bed", Scene((Group("cat", pose="sleeping"),), "bedroom", "day", slot="bed")),
    ("an orange cat and an orange", Scene((Group("cat", "orange"), Group("orange")), relation="and")),
    ("uma rosa vermelha e um carro rosa", Scene((Group("rose", "red"), Group("car", "pink")), relation="and")),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(4))
def test_captions_are_understood_again(language: str, seed: int) -> None:
    rng = Random(seed)
    scenes = [random_scene(rng) for _ in range(500)]
    read = [understand(caption(scene, rng, language)) for scene in scenes]
    right = sum(found.scene == fill_in(scene) and not found.ignored for found, scene in zip(read, scenes, strict=True))
    assert right / len(scenes) >= 0.99


@pytest.mark.parametrize(("prompt", "scene"), SUGGESTED)
def test_prompts_are_understood(prompt: str, scene: Scene) -> None:
    assert understand(prompt).scene == scene


@pytest.mark.parametrize(
    ("prompt", "ignored"), [("a dog and a fluxcapacitor", ("fluxcapacitor",)), ("qwerty", ("qwerty",))]
)
def test_unknown_words_are_told(prompt: str, ignored: tuple[str, ...]) -> None:
    assert understand(prompt).ignored == ignored


def test_nothing_that_is_suggested_is_held_out() -> None:
    assert not [pair for _, scene in SUGGESTED for pair in pairs_of(scene) if is_held_out(*pair)]


@pytest.mark.parametrize("kind", ["thing at place", "light at place", "colour of thing"])
def test_a_twentieth_of_the_pairs_is_held_out(kind: str) -> None:
    every = {
        "thing at place": sum(fits(thing, place) for thing in things().values() for place in places()),
        "light at place": sum(len(place.lights) - ("day" in place.lights) for place in places().values()),
        "colour of thing": sum(len(thing.colours) for thing in things().values()),
    }[kind]
    assert 0.02 <= len(held_out_pairs(kind)) / every <= 0.09


def test_training_never_sees_a_pair_that_is_held_out() -> None:
    rng, kept = Random(0), set().union(*map(held_out_pairs, ("thing at place", "light at place", "colour of thing")))
    shown = Counter(pair for _ in range(4000) for pair in pairs_of(random_scene(rng)))
    assert not kept & set(shown)
    without = Counter(pair for _ in range(4000) for pair in pairs_of(any_scene(rng, Shares())))
    assert kept & set(without)  # they would be seen otherwise


def test_scenes_are_of_every_kind() -> None:
    rng = Random(1)
    scenes = [random_scene(rng) for _ in range(4000)]
    share = {
        "plain": sum(scene.plain for scene in scenes),
        "alone": sum(not scene.groups for scene in scenes),
        "related": sum(scene.relation not in ("", "and") for scene in scenes),
        "styled": sum(bool(scene.style) for scene in scenes),
    }
    assert {name for name, count in share.items() if count < 40} == set()
    assert 0.3 <= share["plain"] / len(scenes) <= 0.4
    assert {group.count for scene in scenes for group in scene.groups} == {1, 2, 3, 4, 5}
    assert {scene.relation for scene in scenes} - {""} == set(phrases("relation", "en"))
    assert {scene.place for scene in scenes} - {""} == set(places())


def test_what_people_ask_for_is_seen_often() -> None:
    """Half as often again as in an even draw, and nothing is forgotten."""
    rng, count = Random(2), 20000
    shown = Counter(group.thing for _ in range(count) for group in random_scene(rng).groups)
    even = sum(shown[name] for name in things()) / len(things())
    for name in ("dog", "cat", "car", "house", "tree", "man", "girl", "horse", "bird", "sailboat", "flower"):
        assert shown[name] > 1.5 * even, name
    assert min(shown[name] for name in things()) >= 4


def test_every_place_of_the_grammar_is_drawn_in_its_lights() -> None:
    for place in places().values():
        assert set(place.lights) <= set(PLACES[place.name].lights) <= set(LIGHTS)
        assert place.indoors == PLACES[place.name].indoor


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_means_one_thing(language: str) -> None:
    forms = Counter(form for choices in names(language).values() for form in {n.singular for n in choices})
    assert {form for form, count in forms.items() if count > 1} == set()
    words = {word for place in places().values() for word in place.words[language]}
    assert not words & set(forms)


@pytest.mark.parametrize(
    ("group", "language", "words"),
    [
        (Group("house", "red", 2), "pt", "duas casas vermelhas"),
        (Group("car", "blue", 3), "pt", "três carros azuis"),
        (Group("elephant"), "en", "an elephant"),
        (Group("sheep", count=2), "en", "two sheep"),
    ],
)
def test_groups_agree_with_their_nouns(group: Group, language: str, words: str) -> None:
    said = Counter(noun_phrase(group, Random(seed), language) for seed in range(60))
    assert words in dict(said.most_common(3))


def test_poses_have_words() -> None:
    assert {pose for thing in things().values() for pose in thing.poses} <= set(phrases("pose", "en"))
