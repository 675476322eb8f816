"""Places, lights and the composer: every place in every light that suits it, with a red and a blue thing in it."""

import colorsys
from dataclasses import replace
from itertools import combinations, pairwise
from random import Random

import numpy as np
import pytest
import torch
from torch import Tensor

from instaflow_demo.grammar.scene import Scene
from instaflow_demo.training.data.brush import LAND_CHANNELS, Brush
from instaflow_demo.training.data.composer import SIZE, Banks, Composer, Picture, Placed, stack
from instaflow_demo.training.data.examples import Variety
from instaflow_demo.training.data.layout import Catalogue, Drawing, picture_of
from instaflow_demo.training.data.lights import LIGHTS
from instaflow_demo.training.data.overlays import OVERLAY_CHANNELS, draw_overlays
from instaflow_demo.training.data.places import PLACES, draw_place

RED, BLUE, GREY = (0.86, 0.16, 0.14), (0.16, 0.34, 0.86), (0.5, 0.5, 0.5)
PAIRS = [(place, light) for place in PLACES for light in PLACES[place].lights]
SIDE = 80.0
FLAG = Placed(3, 128, 226, 150)
LOOKS = Variety().looks
PLACE_ROWS = {name: row for row, name in enumerate(PLACES)}


def square(colour: tuple[float, float, float]) -> Tensor:
    """A sprite of one colour that fills its square but for one pixel of air."""
    sprite = torch.zeros(4, 192, 192)
    sprite[:3, 1:, 1:-1] = torch.tensor(colour)[:, None, None]
    sprite[3, 1:, 1:-1] = 1
    return (sprite * 255).round().byte()


def flag() -> Tensor:
    """A sprite of three bands: red, grey, blue."""
    bands = [square(colour)[:, :, 1:65] for colour in (RED, GREY, BLUE)]
    return torch.cat(bands, 2)


@pytest.fixture(scope="module")
def drawings() -> dict[str, tuple]:
    return {name: draw_place(name, 0) for name in PLACES}


@pytest.fixture(scope="module")
def composer(drawings: dict) -> Composer:
    land = torch.from_numpy(np.stack([pixels for pixels, _ in drawings.values()]))
    return Composer(
        Banks(land, torch.stack([square(RED), square(BLUE), square(GREY), flag()]), draw_overlays(2)), chunk=4
    )


def picture(drawings: dict, place: str, light: str, things: tuple[Placed, ...] = ()) -> Picture:
    return Picture(PLACE_ROWS[place], drawings[place][1], light, things)


def look_of(catalogue: Catalogue, place: str, light: str, look: int) -> Picture:
    """One of the looks that training shows of a place."""
    scene = Scene(place=place.removesuffix("_table"), light=light, slot="table" if place.endswith("_table") else "")
    return picture_of(scene, catalogue, Random(0), look)


def two_things() -> tuple[Placed, ...]:
    return Placed(0, 62, 226, SIDE), Placed(1, 194, 226, SIDE)


def three_things() -> tuple[Placed, ...]:
    return *two_things(), Placed(2, 128, 230, 42)


def inside(image: Tensor, thing: Placed) -> Tensor:
    """The pixels well inside a thing, (3, H, W)."""
    half, x, y = int(thing.side * 0.35), int(thing.x), int(thing.y - thing.side / 2)
    return image[:, y - half : y + half, x - half : x + half]


def hue(image: Tensor) -> float:
    """Degrees of the mean colour."""
    return 360 * colorsys.rgb_to_hls(*image.mean((1, 2)).tolist())[0]


@pytest.fixture(scope="module")
def composed(drawings: dict, composer: Composer) -> dict[tuple[str, str], tuple[Tensor, Tensor]]:
    images, masks = composer.compose(stack([picture(drawings, *pair, (FLAG,)) for pair in PAIRS]))
    return {pair: (image, mask) for pair, image, mask in zip(PAIRS, images, masks, strict=True)}


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_every_place_in_every_light(composed: dict, pair: tuple[str, str]) -> None:
    image, mask = composed[pair]
    assert image.shape == (3, SIZE, SIZE) and mask.shape == (1, SIZE, SIZE)
    for values in (image, mask):
        assert values.dtype == torch.float32 and values.isfinite().all()
        assert values.min() >= 0 and values.max() <= 1
    assert image.std() > 0.05  # there is something to see


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_thing_keeps_its_colour(composed: dict, pair: tuple[str, str]) -> None:
    """A blue car is blue at sunset too, and a red one red by moonlight."""
    image, _ = composed[pair]
    red, grey, blue = (image[:, 110:200, x - 16 : x + 16] for x in (78, 128, 178))
    for pixels, own in ((red, RED), (blue, BLUE)):
        turned = abs(hue(pixels) - 360 * colorsys.rgb_to_hls(*own)[0])
        assert min(turned, 360 - turned) < 30
    assert (blue[2] - blue[0]).mean() > 0.12 and (red[0] - red[2]).mean() > 0.12
    channels = grey.mean((1, 2))
    assert channels.max() - channels.min() < 0.2  # an elephant is not blue by night


@pytest.mark.parametrize("place", [name for name in PLACES if {"day", "night"} <= set(PLACES[name].lights)])
def test_night_is_darker_than_day(composed: dict, place: str) -> None:
    assert composed[place, "night"][0].mean() < 0.75 * composed[place, "day"][0].mean()


@pytest.mark.parametrize("place", PLACES)
def test_lights_differ(composed: dict, place: str) -> None:
    images = [composed[place, light][0] for light in PLACES[place].lights]
    for first, second in pairwise(images):
        assert (first - second).abs().mean() > 0.03


@pytest.mark.parametrize("place", [name for name in PLACES if name != "plain"])
def test_looks_of_a_place_differ(place: str) -> None:
    """Two seeds of a prompt show different pictures: by 20 of 255 in the mean, though one time in six by nothing."""
    light = PLACES[place].lights[0]
    drawn = [draw_place(place, number) for number in range(LOOKS)]
    banks = Banks(torch.from_numpy(np.stack([pixels for pixels, _ in drawn])), square(RED)[None], draw_overlays(4))
    catalogue = Catalogue({place: [Drawing(row, setting) for row, (_, setting) in enumerate(drawn)]}, {}, {}, 4)
    images = Composer(banks)(stack([look_of(catalogue, place, light, number) for number in range(LOOKS)]))
    differences = [(one - other).abs().mean() * 255 for one, other in combinations(images, 2)]
    assert sum(differences) / len(differences) * (LOOKS - 1) / LOOKS >= 20


@pytest.mark.parametrize("place", ["bedroom", "kitchen", "library"])
@pytest.mark.parametrize("light", ["rain", "snow"])
def test_it_rains_outside_the_window_and_nowhere_in_a_room(
    drawings: dict, composer: Composer, place: str, light: str
) -> None:
    indoors = picture(drawings, place, light)
    dry = composer(stack([replace(indoors, overlay=0), replace(indoors, overlay=1)]))
    window = torch.from_numpy(drawings[place][0][3].copy()) < 128
    changed = (dry[0] - dry[1]).abs().amax(0)
    assert window.any() and changed[window].mean() > 0.01  # other drops
    assert changed[~window].mean() < 0.002


def test_lights_of_places_exist() -> None:
    assert {light for place in PLACES.values() for light in place.lights} == set(LIGHTS)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", range(4))
def test_where_things_can_be_lies_in_the_picture(place: str, number: int) -> None:
    setting = PLACES[place].draw(Brush(Random(number), number))
    assert (setting.indoor, setting.sealed) == (PLACES[place].indoor, PLACES[place].sealed)
    strips = [strip for strip in (setting.ground, setting.water, setting.swim) if strip]
    assert strips
    for strip in strips:
        assert 0 < strip.far < strip.near < SIZE and 0 < strip.far_scale <= strip.near_scale
        assert strip.at(0) == (strip.far, strip.far_scale) and strip.at(1) == (strip.near, strip.near_scale)
    assert 0 <= setting.left < setting.right - 100 and setting.right <= SIZE
    for slot in setting.slots.values():
        assert slot.side / 2 < slot.x < SIZE - slot.side / 2 and slot.side < slot.y < SIZE
        assert slot.cut is None or slot.y - slot.side * 0.9 < slot.cut < slot.y
        assert slot.within == (slot.cut is not None)


@pytest.mark.parametrize("place", PLACES)
def test_a_sealed_place_and_the_ground_have_no_holes(drawings: dict, place: str) -> None:
    pixels, setting = drawings[place]
    assert pixels.shape == (LAND_CHANNELS, SIZE, SIZE) and pixels.dtype == np.uint8
    assert pixels[3, int(setting.horizon) + 24 :].min() > 250
    if setting.sealed:
        assert pixels[3].min() > 250


def test_a_flipped_setting_is_that_of_the_mirrored_drawing() -> None:
    _, setting = draw_place("bathroom", 0)
    flipped = setting.flip()
    assert (flipped.left, flipped.right) == (SIZE - setting.right, SIZE - setting.left)
    assert flipped.slots["bathtub"].x == SIZE - setting.slots["bathtub"].x
    assert flipped.flip() == setting


def test_the_same_seed_draws_the_same() -> None:
    for name in ("meadow", "bathroom"):
        (first, where), (again, there), (other, _) = draw_place(name, 1), draw_place(name, 1), draw_place(name, 2)
        assert np.array_equal(first, again) and where == there
        assert not np.array_equal(first, other)
    assert torch.equal(draw_overlays(2), draw_overlays(2))
    assert draw_overlays(2).shape == (2, OVERLAY_CHANNELS, SIZE, SIZE)


def test_a_picture_depends_on_nothing_beside_it(drawings: dict, composer: Composer) -> None:
    """Neither on its batch nor on how many things the others hold."""
    alone = picture(drawings, "beach", "sunset", two_things()[:1])
    crowd = picture(drawings, "city", "night", three_things())
    both = composer(stack([crowd, alone, crowd, crowd, crowd]))
    assert torch.allclose(both[1], composer(stack([alone]))[0], atol=1e-5)
    assert torch.allclose(both[0], both[4], atol=1e-5)  # of two chunks


def test_the_mask_is_where_the_things_are(drawings: dict, composer: Composer) -> None:
    images, masks = composer.compose(
        stack([picture(drawings, "meadow", "day", two_things()), picture(drawings, "meadow", "day")])
    )
    assert masks[1].max() == 0
    assert masks[0].sum() == pytest.approx(2 * SIDE**2, rel=0.06)
    for thing in two_things():
        assert inside(masks[0], thing).min() > 0.99
    changed = (images[0] - images[1]).abs().amax(0) > 0.25
    assert (masks[0, 0][changed] > 0.5).float().mean() > 0.8  # the rest is shadow


def test_a_thing_in_the_bathtub_ends_at_the_rim(drawings: dict, composer: Composer) -> None:
    slot = drawings["bathroom"][1].slots["bathtub"]
    thing = Placed(0, slot.x, slot.y, slot.side, cut=slot.cut, shadow=0)
    _, masks = composer.compose(stack([picture(drawings, "bathroom", "day", (thing,))]))
    assert masks[0, 0, int(slot.cut) + 3 :].max() == 0
    assert masks[0, 0, int(slot.cut) - 4, int(slot.x)] == 1


def test_a_mirrored_picture(drawings: dict, composer: Composer) -> None:
    plain = picture(drawings, "bedroom", "rain")
    same, mirrored = composer(stack([plain, replace(plain, flip=True, setting=plain.setting.flip())]))
    ground = slice(200, 256)  # windows show the same weather, whichever way the room is turned
    assert torch.allclose(same[:, ground], mirrored[:, ground].flip(-1), atol=0.02)


def test_a_plain_ground_has_its_colour(drawings: dict, composer: Composer) -> None:
    for colour in ((1.0, 1.0, 1.0), (0.87, 0.22, 0.22), (0.08, 0.08, 0.08)):
        image = composer(stack([replace(picture(drawings, "plain", "plain", two_things()), tint=colour)]))[0]
        for row, column in ((4, 128), (40, 60), (128, 200)):
            assert image[:, row, column].tolist() == pytest.approx(colour, abs=0.04)
        contact = image[:, 227, 62]
        assert contact.sum() < 0.9 * image[:, 40, 60].sum()  # a soft shadow where it stands


def test_water_mirrors_what_floats(drawings: dict, composer: Composer) -> None:
    boat = Placed(0, 128, 182, 60, cut=180, mirror=1, shadow=0)
    with_boat, without = composer(stack([picture(drawings, "sea", "day", things) for things in ((boat,), ())]))
    below = slice(190, 204)
    redder = (with_boat - without)[0] - (with_boat - without)[2]
    assert redder[below, 110:146].mean() > 0.05
    assert redder[below, 10:60].abs().mean() < 0.02


def test_lamps_shine_at_night_alone(drawings: dict, composer: Composer) -> None:
    lamps = torch.from_numpy(drawings["city"][0][7].copy()) > 200
    day, night = composer(stack([picture(drawings, "city", light) for light in ("day", "night")]))
    assert night[:, lamps].mean() > 2 * night[:, ~lamps].mean()
    assert (night[0] - night[2])[lamps].mean() > 0.1 > (day[0] - day[2])[lamps].mean() - 0.1  # warm, not blue


def test_a_candle_lights_what_is_around(drawings: dict, composer: Composer) -> None:
    places = [
        picture(drawings, "bedroom", "night", (Placed(2, 60, 240, 40, emit=emit, shadow=0),)) for emit in (0.0, 1.0)
    ]
    dark, lit = composer(stack(places))
    assert (lit - dark)[:, 236:, 90:100].mean() > 0.05
    assert (lit - dark)[:, 236:, 220:].abs().mean() < 0.01


def test_what_is_painted_later_hides_a_light() -> None:
    brush = Brush(Random(0))
    brush.glowing(20, 20, 40, 40)
    brush.glowing(120, 20, 40, 40)
    brush.rectangle(10, 10, 80, 80, "#445566")
    lamps = brush.render()[7]
    assert lamps[40, 40] == 0 and lamps[40, 140] > 200


def test_far_things_fade_in_the_fog(drawings: dict, composer: Composer) -> None:
    things = [(Placed(0, 128, 220, SIDE, depth=depth),) for depth in (0.05, 0.9)]
    near, far = (
        inside(image, things[0][0])
        for image in composer(stack([picture(drawings, "meadow", "fog", t) for t in things]))
    )
    assert (far[0] - far[2]).mean() < 0.8 * (near[0] - near[2]).mean()


def test_composing_needs_no_host(drawings: dict, composer: Composer) -> None:
    """Every tensor is made where the banks are, and nothing waits for a value: tensors without values compose too."""
    sprites = torch.stack([square(RED), square(BLUE), square(GREY)])
    land = torch.from_numpy(drawings["city"][0][None].copy())
    nowhere = Composer(Banks(land, sprites, draw_overlays(1)).to("meta"))
    batch = stack([Picture(0, drawings["city"][1], light, three_things()) for light in PLACES["city"].lights])
    images, masks = nowhere.compose(batch)
    assert images.device.type == masks.device.type == "meta"
    assert images.shape == (len(batch), 3, SIZE, SIZE)


def test_a_shadow_changes_no_data() -> None:
    """Snow settles under a tree as beside it."""
    brush = Brush(Random(0))
    with brush.at(depth=0.4, level=1.0):
        brush.rectangle(0, 0, SIZE, SIZE, "#55aa66")
    before = brush.render()
    brush.shadow(128, 128, 60, 30)
    after = brush.render()
    assert after[:3, 128, 128].sum() < before[:3, 128, 128].sum()
    assert np.array_equal(after[4:], before[4:])


def test_a_reflection_ends_at_the_shore(drawings: dict, composer: Composer) -> None:
    setting = drawings["lake"][1]
    boat = Placed(0, 128, setting.water.near + 2, 90, cut=setting.water.near, mirror=1, shadow=0)
    with_boat, without = composer(stack([picture(drawings, "lake", "day", things) for things in ((boat,), ())]))
    difference = (with_boat - without).abs().amax(0)
    assert difference[192:197, 110:146].mean() > 0.02
    assert difference[212:, :].max() < 0.01
