"""The things of scenes: their table, and that their pictures are what they are called."""

import re
from pathlib import Path

import numpy as np
import pytest

from instaflow_demo.grammar import concepts
from instaflow_demo.grammar.captions import BACKGROUNDS
from instaflow_demo.grammar.things import things
from instaflow_demo.training.data.drawings import drawings
from instaflow_demo.training.data.drawings.shapes import bounds
from instaflow_demo.training.data.icons import SETS, Icons, load_icons
from instaflow_demo.training.data.sprite import SIZE, Key, Sprite, keys, sources, thing_sprite
from instaflow_demo.training.data.tints import COLOURS, GREYS, LEAST, oklab, paint, tint

PLACES = {"ground", "floor", "table", "sky", "road", "beach", "farm", "cold", "hot", "space"}
TAGS = PLACES | {"water", "swims", "bottom", "tall", "float", "sits", "vehicle", "furniture"}


@pytest.fixture(scope="module")
def icons() -> Icons:
    return load_icons(Path(__file__).parent / "data/icons.json.xz")


def test_table_says_what_is_needed_of_each_thing() -> None:
    assert len(things()) >= 200
    for thing in things().values():
        assert 30 <= thing.size <= 160, thing.name
        assert thing.tags and thing.tags <= TAGS, thing.name
        assert set(thing.colours) <= set(COLOURS) and thing.own not in thing.colours, thing.name
        assert thing.own in ("", *COLOURS), thing.name
        assert thing.drawings and thing.weight in (1, 2, 3, 4), thing.name
        assert 0 <= thing.sink < 0.5 and (not thing.sink or thing.tags & {"water"}), thing.name


def test_every_thing_is_known_by_name_in_both_languages() -> None:
    known = {concept.title for concept in concepts()}
    for thing in things().values():
        assert thing.new != (thing.name in known)
        assert thing.english[0].singular == thing.name and thing.portuguese, thing.name
        assert all(name.gender in ("m", "f") for name in thing.portuguese), thing.name


def test_every_drawing_exists() -> None:
    for key in [*keys(), *keys(held_out=True)]:
        thing = things()[key.name]
        for source in sources(thing, key.pose) + sources(thing, key.pose, held_out=True):
            style, _, name = source.partition(":")
            assert name in drawings() if style == "own" else style in SETS, source


def test_judge_has_no_drawing_of_training() -> None:
    for thing in things().values():
        assert not set(thing.drawings) & set(thing.judge), thing.name


@pytest.mark.parametrize("key", [Key("dog"), Key("fox"), Key("knight"), Key("cat", pose="sleeping"), Key("rocket")])
def test_sprite_stands_on_the_lower_edge_in_the_middle(key: Key, icons: Icons) -> None:
    sprite = thing_sprite(*key, icons=icons)
    assert sprite.pixels.shape == (4, SIZE, SIZE) and sprite.pixels.dtype == np.uint8
    assert (sprite.pixels[:3] <= sprite.pixels[3]).all()  # multiplied by alpha
    rows, columns = np.flatnonzero((sprite.pixels[3] > 24).any(1)), np.flatnonzero((sprite.pixels[3] > 24).any(0))
    assert SIZE - 2 <= rows[-1] <= SIZE - 1
    assert abs((columns[0] + columns[-1]) / 2 - SIZE / 2) <= 2
    assert (len(rows) / SIZE, len(columns) / SIZE) == pytest.approx((sprite.height, sprite.width), abs=0.02)
    assert max(sprite.width, sprite.height) > 0.97


def test_same_key_gives_same_pixels(icons: Icons) -> None:
    first, second = (thing_sprite("unicorn", "pink", icons=icons).pixels for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("car", "blue"),
        ("dog", "black"),
        ("elephant", "pink"),
        ("dragon", "purple"),
        ("apple", "green"),
        ("sofa", "yellow"),
    ],
)
def test_colour_reads_as_its_name(name: str, colour: str, icons: Icons) -> None:
    """Of all colour words, the named one is nearest to the middle of what changed."""
    plain, tinted = thing_sprite(name, icons=icons), thing_sprite(name, colour, icons=icons)
    changed = (np.abs(plain.pixels.astype(int) - tinted.pixels).sum(0) > 30) & (plain.pixels[3] > 250)
    assert changed.mean() > LEAST / 2
    seen = np.median(oklab(tinted.pixels[:3, changed].T / 255), axis=0)
    assert min(COLOURS, key=lambda word: float(np.linalg.norm(paint(word) - seen))) == colour


def test_wheels_and_windows_keep_their_colour(icons: Icons) -> None:
    plain, blue = (thing_sprite("car", colour, icons=icons).pixels for colour in ("", "yellow"))
    dark = (plain[:3].max(0) < 90) & (plain[3] == 255)
    assert dark.sum() > 300
    assert np.abs(plain.astype(int) - blue)[:, dark].mean() < 12


def test_light_and_shade_stay_under_a_new_colour() -> None:
    ramp = np.linspace(90, 200, 64, dtype=np.uint8)
    picture = np.stack([ramp, ramp // 4, ramp // 4, np.full(64, 255, np.uint8)], -1)[None]
    lightness = oklab(tint(picture, "blue", "red")[0, :, :3] / 255)[:, 0]
    assert (np.diff(lightness) >= -0.005).all() and lightness[-1] - lightness[0] > 0.2


def test_what_is_transparent_has_no_say_in_the_main_colour() -> None:
    picture = np.zeros((8, 8, 4), np.uint8)
    picture[2:6, 2:6] = (70, 68, 76, 255)
    middle = np.median(oklab(tint(picture, "red", "black")[2:6, 2:6, :3] / 255), axis=(0, 1))
    assert np.linalg.norm(middle - paint("red")) < 0.08


def _overlap(first: Sprite, second: Sprite) -> float:
    """Shared area of two silhouettes over that of both, as they stand in their squares."""
    a, b = first.pixels[3] > 127, second.pixels[3] > 127
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize(("first", "second"), [("dog", "cat"), ("fox", "wolf"), ("cat", "fox"), ("bear", "lion")])
def test_animals_are_told_apart(first: str, second: str, icons: Icons) -> None:
    """By outline, or by the colour of what they share."""
    one, other = thing_sprite(first, icons=icons), thing_sprite(second, icons=icons)
    means = [oklab((s.pixels[:3, s.pixels[3] == 255] / 255).T).mean(0) for s in (one, other)]
    assert _overlap(one, other) < 0.65 or np.linalg.norm(means[0] - means[1]) > 0.08
    if {first, second} == {"dog", "cat"}:
        assert _overlap(one, other) < 0.65


def test_things_face_left(icons: Icons) -> None:
    """A rocket of the set points to the upper right; its sprite points to the upper left."""
    alpha = thing_sprite("rocket", icons=icons).pixels[3] > 127
    top = np.flatnonzero(alpha[: SIZE // 8].any(0)).mean()
    assert top < SIZE / 2


@pytest.mark.parametrize(
    ("path", "box"),
    [
        ("M10 20L30 5Z", (10, 5, 30, 20)),
        ("M10 20h5v-8l-20 0", (-5, 12, 15, 20)),
        ("M0 0Q10 20 30 0q10 10 20 0", (0, 0, 50, 20)),
        ("M0 0C1 2 3 4 5 6T9 9", (0, 0, 9, 9)),
    ],
)
def test_bounds_of_paths(path: str, box: tuple[float, ...]) -> None:
    assert bounds(path) == pytest.approx(box)


def test_every_shape_lies_within_the_region_of_its_cushion() -> None:
    """A filter cuts what is outside its region; upright lines have no width of their own."""
    for name in ("flower", "lamp", "riding a horse boy"):
        for region in re.findall(r'<filter [^>]*width="([\d.]+)" height="([\d.]+)"', str(drawings()[name]())):
            assert min(map(float, region)) > 5, name


def test_greys_and_grounds_have_the_same_words() -> None:
    assert set(COLOURS) == {*BACKGROUNDS, "brown"}
    assert set(GREYS) <= set(BACKGROUNDS)
