"""The judge of scenes: what it should say of a scene, when it is right, and that it can learn to say it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from instaflow_demo.errors import ModelUnavailable
from instaflow_demo.evaluation.judge import UNSTATED
from instaflow_demo.evaluation.scene_judge import (
    LEAST,
    SceneJudge,
    SceneJudgeShape,
    right_answers,
    scene_classes,
    scene_truth,
)
from instaflow_demo.grammar.scene import Group, Scene
from instaflow_demo.grammar.things import things
from instaflow_demo.training.data.sprite import every_key, keys, sources
from instaflow_demo.training.stages.scene_judge import judging_loss, vary

SHAPE = SceneJudgeShape((8, 8, 16, 16), (1, 1, 1, 1))
SCENES = (
    Scene((Group("car", "blue"), Group("house", "red")), "city", "night", "left"),
    Scene((Group("dog", count=3),), "beach", "sunset"),
    Scene((Group("cat"), Group("tree")), relation="next"),
    Scene(place="kitchen", light="day"),
)


def test_what_should_be_said_of_a_scene() -> None:
    truth, known = scene_truth(SCENES), scene_classes()
    assert set(known) == set(truth) == set(LEAST)

    def words(name: str) -> list:
        return [known[name][row] if row != UNSTATED else None for row in truth[name].tolist()]

    assert [[known["thing"][row] for row in rows if row != UNSTATED] for rows in truth["thing"].tolist()] == [
        ["car", "house"],
        ["dog"],
        ["cat", "tree"],
        [],
    ]
    assert words("place") == ["city", "beach", "plain", "kitchen"]
    assert words("light") == ["night", "sunset", "plain", "day"]
    assert words("colour") == ["blue", None, None, None]
    assert words("count") == [None, 3, None, None]
    assert words("relation") == ["left", None, None, None]


def test_all_things_must_be_ahead_of_all_others() -> None:
    truth = scene_truth(SCENES)
    logits = {name: torch.zeros(len(SCENES), len(values)) for name, values in scene_classes().items()}
    rows = scene_classes()["thing"]
    for row, names in enumerate((("car", "house"), ("dog",), ("cat", "dog"))):
        logits["thing"][row, [rows.index(name) for name in names]] = 5.0
    right = right_answers(logits, truth)["thing"]
    assert right[:3].tolist() == [1.0, 1.0, 0.0] and right[3].isnan()


def test_the_answer_depends_on_what_is_asked() -> None:
    torch.manual_seed(0)
    judge, images = SceneJudge(SHAPE).eval(), torch.rand(2, 3, 64, 64) * 2 - 1
    one, other = (judge(images, torch.tensor([[row, 0], [row, 0]])) for row in (1, 2))
    assert torch.equal(one["place"], other["place"]) and not torch.equal(one["colour"], other["colour"])
    assert {name: logits.shape for name, logits in one.items()} == {
        name: (2, len(values)) for name, values in scene_classes().items()
    }


def test_the_judge_learns_what_four_pictures_show() -> None:
    torch.manual_seed(0)
    judge, images, truth = SceneJudge(SHAPE), torch.rand(4, 3, 64, 64) * 2 - 1, scene_truth(SCENES)
    asked = truth["thing"][:, :2].clamp(min=0)
    optimiser = torch.optim.Adam(judge.parameters(), 1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        loss = judging_loss(judge(images, asked), truth)
        loss.backward()
        optimiser.step()
    right = right_answers(judge(images, asked), truth)
    assert all(values.nanmean() == 1 for values in right.values())


def test_a_judge_that_looks_everywhere_finds_a_thing_in_a_corner() -> None:
    torch.manual_seed(0)
    judge = SceneJudge(replace(SHAPE, side=64, everywhere=True)).eval()
    seen = torch.zeros(2, 16, 4, 4)
    assert judge.things is not None
    seen[0, :, 3, 3] = 100 * judge.things.weight[7] / judge.things.weight[7].norm()
    logits = judge.answer(seen, torch.zeros(2, 2, dtype=torch.long))["thing"]
    assert (logits[0] - logits[1]).argmax() == 7


def test_what_varies_is_still_what_it_was() -> None:
    truth = scene_truth(SCENES[:2]) | {"relation": torch.tensor([scene_classes()["relation"].index("left"), UNSTATED])}
    images = torch.zeros(2, 3, 64, 64)
    images[:, :, 24:40, 4:20] = 1.0  # something on the left
    found = set()
    for seed in range(20):
        varied, so = vary(images, truth, torch.Generator().manual_seed(seed))
        assert varied.shape == images.shape and varied.abs().max() <= 1
        assert so["relation"][1] == UNSTATED and torch.equal(so["thing"], truth["thing"])
        brighter_left = bool(varied[0, :, :, :32].mean() > varied[0, :, :, 32:].mean())
        relation = scene_classes()["relation"][so["relation"][0]]
        assert relation == ("left" if brighter_left else "right")
        found.add(relation)
    assert found == {"left", "right"}


def test_a_judge_is_read_as_it_was_written(tmp_path: Path) -> None:
    judge = SceneJudge(SHAPE).eval()
    judge.save(tmp_path)
    images, asked = torch.rand(1, 3, 64, 64), torch.zeros(1, 2, dtype=torch.long)
    again = SceneJudge.load(tmp_path, "cpu")
    assert torch.allclose(judge(images, asked)["place"], again(images, asked)["place"], atol=0.05)
    older = {name: list(value) for name, value in vars(SHAPE).items() if name in ("widths", "depths")}
    (tmp_path / "shape.json").write_text(json.dumps(older))
    assert SceneJudge.load(tmp_path, "cpu").shape == SHAPE, "files of the first judges say less"
    (tmp_path / "shape.json").unlink()
    with pytest.raises(ModelUnavailable, match="train it again"):
        SceneJudge.load(tmp_path, "cpu")


def test_the_judge_has_drawings_besides_those_of_training() -> None:
    every, trained = every_key(), set(keys())
    assert len(every) == len(set(every)) > len(trained)
    for key in set(every) - trained:
        thing = things()[key.name]
        assert key.drawing >= len(sources(thing)) and key.drawing < len(sources(thing)) + len(thing.judge)
