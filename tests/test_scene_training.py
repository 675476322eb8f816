"""Scenes become pictures that hold what they say, and a toy family is trained on them from the drawings on."""

import json
import shutil
from pathlib import Path
from random import Random

import pytest
import torch
from served import ROOT
from transformers import CLIPTextModel, CLIPTokenizer
from typer.testing import CliRunner

from instaflow_demo.evaluation.scene_judge import LEAST, SceneJudge
from instaflow_demo.grammar.random_scenes import random_scene
from instaflow_demo.grammar.scene import Group, Scene
from instaflow_demo.training import architecture
from instaflow_demo.training.__main__ import make_scenes_app
from instaflow_demo.training.data.composer import Composer
from instaflow_demo.training.data.examples import EVERYTHING, FLOW, can_show, examples, read_shards, write_shards
from instaflow_demo.training.data.layout import EDGE, SIZE, Catalogue, Drawing, Shape, lay_out, picture_of
from instaflow_demo.training.data.picture import Picture, stack
from instaflow_demo.training.data.places import draw_place
from instaflow_demo.training.data.sprite import Key
from instaflow_demo.training.data.stock import Stock, draw_stock
from instaflow_demo.training.run_folder import save_half

PLACES = ("plain", "beach", "meadow", "bathroom", "sea")


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """A few places and things, none of them from an icon set, written and read again."""
    folder = tmp_path_factory.mktemp("stock")
    draw_stock(None, 2, 1, places=PLACES, things=60).save(folder)
    return Stock.load(folder)


def boxes(picture: Picture, stock: Stock) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of what is seen of each thing."""
    shapes: dict[int, Shape] = {shape.row: shape for shape in stock.catalogue.sprites.values()}
    found = []
    for thing in picture.things:
        shape, cut = shapes[thing.sprite], SIZE if thing.cut is None else thing.cut
        half = thing.side * shape.width / 2
        found.append((thing.x - half, thing.y - thing.side * shape.height, thing.x + half, min(thing.y, cut)))
    return found


def shown(stock: Stock, seed: int, count: int) -> list[tuple[Scene, Picture]]:
    drawn = examples(stock.catalogue, Random(seed), FLOW, 1)
    return [(each.scene, each.picture) for each in (next(drawn) for _ in range(count))]


def test_things_are_inside_the_frame(stock: Stock) -> None:
    for scene, picture in shown(stock, 0, 300):
        assert len(picture.things) == scene.things
        for left, top, right, bottom in boxes(picture, stock):
            assert min(left, top) >= EDGE - 1 and right <= SIZE - EDGE + 1 and bottom <= SIZE + 1, scene


@pytest.mark.parametrize("place", ["", "beach", "meadow", "bathroom"])
@pytest.mark.parametrize(("relation", "sign"), [("left", -1), ("right", 1), ("next", -1)])
def test_the_first_thing_is_on_the_side_that_is_said(stock: Stock, place: str, relation: str, sign: int) -> None:
    scene = Scene((Group("dog"), Group("cat")), place, "day" if place else "", relation)
    picture = lay_out(scene, stock.catalogue, Random(1))
    dogs = {shape.row for key, shape in stock.catalogue.sprites.items() if key.name == "dog"}
    dog, cat = sorted(picture.things, key=lambda thing: thing.sprite not in dogs)
    assert (dog.x - cat.x) * sign > 20


def test_what_is_above_is_above_and_what_is_in_front_is_nearer(stock: Stock) -> None:
    above = lay_out(Scene((Group("dog"), Group("cat")), "beach", "day", "above"), stock.catalogue, Random(1))
    first, second = boxes(above, stock)
    assert first[3] < second[1] + 12
    behind = lay_out(Scene((Group("dog"), Group("cat")), "beach", "day", "behind"), stock.catalogue, Random(1))
    dogs = {shape.row for key, shape in stock.catalogue.sprites.items() if key.name == "dog"}
    assert behind.things[0].sprite in dogs and behind.things[0].y < behind.things[1].y


@pytest.mark.parametrize("place", ["sea", "lake"])
@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("look", [0, 1])
def test_boats_lie_on_the_waterline(place: str, count: int, look: int) -> None:
    """Most of a boat is above the line below which it is hidden, and that line is in the water, below the horizon."""
    drawings = [Drawing(number, draw_place(place, number)[1]) for number in range(2)]
    catalogue = Catalogue({place: drawings}, {Key("sailboat"): Shape(0, 0.9, 0.99)}, {}, 4)
    picture = picture_of(Scene((Group("sailboat", count=count),), place, "night"), catalogue, Random(1), look)
    water = picture.setting.water
    assert water and len(picture.things) == count
    for thing in picture.things:
        assert thing.cut is not None and picture.setting.horizon < water.far - 1 <= thing.cut <= water.near + 1
        assert 0 < thing.y - thing.cut < 0.3 * thing.side


@pytest.mark.parametrize(("relation", "order"), [("front", 1), ("behind", 0)])
@pytest.mark.parametrize("place", ["", "meadow"])
def test_one_thing_before_the_other_hides_a_part_of_it(stock: Stock, place: str, relation: str, order: int) -> None:
    scene = Scene((Group("dog"), Group("cat")), place, "day" if place else "", relation)
    picture = lay_out(scene, stock.catalogue, Random(1))
    dogs = {shape.row for key, shape in stock.catalogue.sprites.items() if key.name == "dog"}
    assert picture.things[order].sprite in dogs  # what comes later is put on top
    (left, _, right, foot), (start, _, _, near) = boxes(picture, stock)
    assert left < start < right and near > foot


@pytest.mark.parametrize("place", ["", "meadow"])
def test_what_is_under_something_is_below_its_middle(stock: Stock, place: str) -> None:
    scene = Scene((Group("cat"), Group("dog")), place, "day" if place else "", "under")
    (left, top, right, _), (start, low, end, _) = boxes(lay_out(scene, stock.catalogue, Random(1)), stock)
    assert low > top + 20 and abs((left + right) - (start + end)) < 24


def test_a_slot_holds_what_is_put_into_it(stock: Stock) -> None:
    picture = lay_out(Scene((Group("cat"),), "bathroom", "day", slot="bathtub"), stock.catalogue, Random(1))
    slot = picture.setting.slots["bathtub"]
    assert abs(picture.things[0].x - slot.x) < 12 and picture.things[0].cut == slot.cut


def test_big_is_bigger_than_small(stock: Stock) -> None:
    sides = {
        size: lay_out(Scene((Group("dog", size=size),)), stock.catalogue, Random(1)).things[0].side
        for size in ("small", "", "big")
    }
    assert sides["small"] < sides[""] * 0.8 < sides["big"] * 0.8


def test_the_same_scene_looks_otherwise_with_another_seed(stock: Stock) -> None:
    scene = Scene((Group("dog"),), "meadow", "day")
    pictures = [lay_out(scene, stock.catalogue, Random(seed)) for seed in range(8)]
    assert len({picture.place for picture in pictures}) == 2
    images = Composer(stock.banks(torch.device("cpu")))(stack(pictures))
    one, other = (next(n for n, p in enumerate(pictures) if p.place == place) for place in {p.place for p in pictures})
    assert (images[one] - images[other]).abs().mean() * 255 > 15


def test_saving_leaves_no_older_weights(tmp_path: Path) -> None:
    """Those of a text encoder in one file would be read before newer ones in shards."""
    text = architecture.make_text_encoder(
        architecture.TOY, CLIPTokenizer.from_pretrained(ROOT / "assets/models/mini/tokenizer")
    )
    text.save_pretrained(tmp_path)
    with torch.no_grad():
        for parameter in text.parameters():
            parameter.fill_(0.5)
    save_half(text, tmp_path)
    again = CLIPTextModel.from_pretrained(tmp_path)
    assert all((parameter == 0.5).all() for parameter in again.parameters())


def test_scenes_of_what_was_not_drawn_are_not_shown(stock: Stock) -> None:
    assert not can_show(stock.catalogue, Scene((Group("dog"),), "forest", "day"))
    assert can_show(stock.catalogue, Scene((Group("dog"),), "beach", "day"))
    assert any(can_show(stock.catalogue, random_scene(Random(seed))) for seed in range(50))


def test_shards_are_the_same_however_many_processes_write_them(stock: Stock, tmp_path: Path) -> None:
    stock.save(tmp_path / "stock")
    tokenizer = ROOT / "assets/models/mini/tokenizer"
    settings = {"seed": 5, "variety": EVERYTHING, "captions": 2}
    for workers in (1, 2):
        write_shards(tmp_path / "stock", tokenizer, tmp_path / str(workers), 6, workers=workers, **settings)
    one, two = (read_shards(sorted((tmp_path / name).iterdir())) for name in ("1", "2"))
    assert torch.equal(one.pictures.things, two.pictures.things) and torch.equal(one.ids, two.ids)
    assert one.ids.shape[:2] == (6, 2)
    assert one.truth["thing"].shape == (6, 3) and (one.truth["place"] >= 0).all()


@pytest.mark.timeout(900)  # every stage there is
def test_a_toy_family_is_trained_on_scenes(stock: Stock, tmp_path: Path) -> None:
    for name in ("stock", "judge-stock"):
        stock.save(tmp_path / name)
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(ROOT / "assets/models/mini" / part, tmp_path / "text-encoder" / part)
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("a dog on the beach\na big cat\n", encoding="utf-8")
    few = ["--steps", "1", "--batch", "2"]
    drawn = ["--prompts", prompts, "--sheets", tmp_path / "sheets"]
    for stage in (
        ["shards", "pictures", "--count", 8, "--workers", 1],
        ["shards", "unseen", "--count", 32, "--workers", 1],
        ["shards", "flow", "--count", 8, "--workers", 1],
        ["shards", "judge", "--count", 8, "--workers", 1],
        ["shards", "judge-unseen", "--count", 8, "--workers", 1],
        ["shards", "reference", "--count", 8, "--workers", 1],
        ["judge", *few, "--toy"],
        ["judge-reference"],
        ["autoencoder", *few, "--features-minutes", 0.001, "--toy"],
        ["autoencoder", *few, "--crop", 128, "--name", "autoencoder-crops", "--begin-with", "autoencoder", "--toy"],
        ["tiny-decoder", *few, "--toy"],
        ["text2im-begin", "--toy"],
        ["text2im-base", *few, "--toy"],
        ["text2im-upsampler", *few, "--toy"],
        ["teacher", *few, "--toy", *drawn],
        ["reflow", *few, "--count", 4, "--ode-steps", 1, "--bend", 4, *drawn],
        ["distill", *few, "--count", 4, "--ode-steps", 1, "--look", *drawn],
        ["distill", *few, "--from", "teacher", "--count", 4, "--ode-steps", 1, *drawn],
        ["progressive", *few, *drawn],
    ):
        done = CliRunner().invoke(make_scenes_app(), [*map(str, stage), "--run", str(tmp_path)])
        assert done.exit_code == 0, done.output
    tiny = json.loads((tmp_path / "tiny-decoder/facts.json").read_text())
    assert tiny["gflop"] > 0 and "psnr_to_full_decoder_db" in tiny and (tmp_path / "tiny-decoder/tiny_vae").is_dir()
    SceneJudge.load(tmp_path / "judge/network", "cpu")
    reference = json.loads((tmp_path / "judge/network/reference.json").read_text())
    assert reference["images"] == 8 and 0 < reference["gradient_energy"] < 1 and reference["seeds"] == [970_000] * 2
    assert set(json.loads((tmp_path / "judge/network/accuracy.json").read_text())["unseen_drawings"]) == set(LEAST)
    assert {"psnr_db", "psnr_inside_things_db"} <= set(json.loads((tmp_path / "autoencoder/facts.json").read_text()))
    assert {path.name for path in (tmp_path / "sheets").iterdir()} >= {
        "teacher-2-3-0.jpg",
        "distill-1-1-0.jpg",
        "direct-1-1-0.jpg",
        "progressive-1-1-1-0.jpg",
    }
