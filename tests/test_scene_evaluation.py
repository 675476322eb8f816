"""The evaluation of scenes: its prompts, what is judged of each, and figures of whole systems."""

from pathlib import Path
from random import Random
from typing import get_args

import pytest
import torch
from small_judge import judged_models, models_judged_by_scenes, save_scene_judge
from torch import Tensor

from instaflow_demo.cli.commands import PromptSetName
from instaflow_demo.errors import InvalidRequest, ModelUnavailable
from instaflow_demo.evaluation import metrics
from instaflow_demo.evaluation.command import Evaluation, evaluate, parse_runs
from instaflow_demo.evaluation.judge import UNSTATED
from instaflow_demo.evaluation.prompts import PromptSet
from instaflow_demo.evaluation.scene_judge import scene_classes, scene_truth
from instaflow_demo.evaluation.scene_prompts import ask_scenes
from instaflow_demo.evaluation.whole_scenes import JUDGED_BY, SeedsExaminer, WholeSceneExaminer, best_rank
from instaflow_demo.grammar.held_out import is_held_out, pairs_of, parts_held_out, shows_held_out
from instaflow_demo.grammar.random_scenes import random_scene
from instaflow_demo.grammar.scene import Group, Scene
from instaflow_demo.grammar.understand import understand
from instaflow_demo.results.paper import distinguished, evaluation_columns, pairs_of_methods, parse_row
from instaflow_demo.results.tables import lines, titles
from instaflow_demo.weights.locate import Weights


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped models, and a judge of scenes that may not say how many there are."""
    return models_judged_by_scenes(tmp_path_factory.mktemp("models"), unfit=("count",))


# ---------------------------------------------------------------- prompts


def test_prompts_are_the_same_every_time_and_portuguese_ones_show_the_same_scenes() -> None:
    english, portuguese = ask_scenes("captions", 200), ask_scenes("portuguese", 200)
    assert ask_scenes("captions", 50) == english[:50]
    assert [asked.scene for asked in english] == [asked.scene for asked in portuguese]
    assert sum(one.prompt != other.prompt for one, other in zip(english, portuguese, strict=True)) > 190
    assert not any(shows_held_out(asked.scene) for asked in english)


def test_held_out_prompts_are_judged_by_what_was_held_out() -> None:
    for asked in ask_scenes("held-out", 200):
        assert asked.judged == parts_held_out(asked.scene)
        assert len(asked.judged or ()) >= 2
        assert len(asked.scene.groups) < 2
        assert any(is_held_out(*pair) for pair in pairs_of(asked.scene))
    scene = Scene((Group("dog", colour="blue"),), "beach", "day")
    assert parts_held_out(scene) == frozenset()


def test_each_prompt_of_the_set_of_seeds_comes_twice() -> None:
    asked = ask_scenes("seeds", 41)
    assert len(asked) == 41
    assert [each.prompt for each in asked[:40:2]] == [each.prompt for each in asked[1:40:2]]
    assert all(each.scene.place for each in asked)


def test_synonyms_are_words_that_the_grammar_has_not() -> None:
    asked = ask_scenes("synonyms", 1000)
    assert len(asked) > 150
    assert all(understand(each.prompt).ignored for each in asked)
    assert (scene_truth([each.scene for each in asked])["thing"][:, 0] != UNSTATED).all()


def test_no_scene_of_the_evaluation_is_one_of_training() -> None:
    """Shards are drawn with seeds from 100,000 on; scenes of a few words will recur, but not in a row."""
    asked = [each.scene for each in ask_scenes("captions", 50)]
    for seed in (100_000, 200_000, 400_000, 600_000):
        rng = Random(seed)
        assert asked != [random_scene(rng) for _ in range(50)]


def test_the_command_line_offers_every_set() -> None:
    assert {name.value for name in PromptSetName} == set(get_args(PromptSet))


# ---------------------------------------------------------------- scores


def figures_of(examiner: WholeSceneExaminer, images: Tensor) -> dict:
    return examiner.compute_figures(examiner.score(range(len(images)), images))


def test_a_figure_counts_the_prompts_that_state_it(judged: Path) -> None:
    examiner = WholeSceneExaminer(judged, "captions", 300, "cpu")
    found = figures_of(examiner, torch.rand(300, 3, 32, 32) * 2 - 1)
    scenes = [each.scene for each in ask_scenes("captions", 300)]
    assert set(found) == {"feature_distance", *JUDGED_BY, "sharpness"}
    stated = {
        "thing": sum(len(scene.groups) == 1 for scene in scenes),
        "both_things": sum(len(scene.groups) == 2 for scene in scenes),
        "top1": sum(bool(scene.groups) for scene in scenes),
        "place": sum(bool(scene.place) for scene in scenes),
        "colour": sum(bool(scene.groups and scene.groups[0].colour) for scene in scenes),
        "relation": sum(scene.relation in scene_classes()["relation"] for scene in scenes),
        "sharpness": 300,
    }
    assert {name: found[name].n for name in stated} == stated
    assert 0 < found["light"].n < found["place"].n, "a place of one light says nothing about light"


def test_a_head_that_knows_too_little_does_not_judge(judged: Path) -> None:
    images = torch.rand(20, 3, 32, 32) * 2 - 1
    examiner = WholeSceneExaminer(judged, "captions", 20, "cpu")
    found = figures_of(examiner, images)
    assert found["count"] is None and found["several"] is None and found["thing"] is not None
    assert examiner.about["not_judged"] == {"count": 1 / 3, "several": 1 / 3}
    assert figures_of(WholeSceneExaminer(judged, "captions", 20, "cpu", unproven=True), images)["count"] is not None


def test_copies_are_counted_up_to_four() -> None:
    scenes = [Scene((Group("dog", count=count),)) for count in range(1, 6)]
    assert [scene_classes()["count"][row] for row in scene_truth(scenes)["count"].tolist()] == [1, 2, 3, 4, 5]


def test_the_likeliest_thing_is_one_of_those_asked_for() -> None:
    logits = torch.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    rows = torch.tensor([[0, 2, UNSTATED], [2, 1, UNSTATED], [2, UNSTATED, UNSTATED]])
    assert best_rank(logits, rows).tolist() == [0, 1, 2]


def test_sharpness_is_the_gradient_energy_against_that_of_scenes(judged: Path) -> None:
    examiner = WholeSceneExaminer(judged, "captions", 64, "cpu")
    torch.manual_seed(0)
    noise = torch.rand(64, 3, 32, 32) * 2 - 1
    assert figures_of(examiner, noise)["sharpness"].value == pytest.approx(1, abs=0.02)
    assert figures_of(examiner, noise / 2)["sharpness"].value == pytest.approx(0.5, abs=0.02)
    step = torch.zeros(1, 3, 4, 4)
    step[..., 2:] = 1.0
    assert metrics.gradient_energy(step).item() == pytest.approx(4 / 12 / 2)


def test_variety_is_the_difference_between_two_seeds() -> None:
    examiner = SeedsExaminer(5, "cpu")
    images = torch.zeros(5, 3, 8, 8)
    images[1], images[3] = 0.5, 1.0
    figure = examiner.compute_figures(examiner.score(range(5), images))["variety"]
    assert figure is not None
    assert (figure.n, figure.value) == (2, pytest.approx(0.75 * 127.5))


def test_a_judge_without_what_it_compares_with_is_a_sentence(tmp_path: Path) -> None:
    save_scene_judge(tmp_path / "judge" / "network")
    (tmp_path / "judge/network/reference.json").unlink()
    with pytest.raises(ModelUnavailable, match="lacks what it compares with"):
        WholeSceneExaminer(tmp_path, "captions", 4, "cpu")


# ---------------------------------------------------------------- systems


def test_one_run_has_a_row_for_each_system_with_the_figures_of_every_set(judged: Path, tmp_path: Path) -> None:
    sets = ("captions", "held-out", "portuguese", "seeds")
    asked = Evaluation(parse_runs("instaflow-mini,2rf-mini@2"), 6, sets, batch=3)
    found = evaluate(asked, Weights(judged), tmp_path)
    assert found is not None
    assert not list(tmp_path.iterdir()), "pieces are removed when all is done"
    one, other = found["results"]
    for row in (one, other):
        assert {"thing", "held_out_thing", "portuguese_thing", "variety", "straightness", "sharpness"} <= set(row)
        assert "held_out_straightness" not in row and "held_out_feature_distance" not in row
        assert (row["variety"]["n"], row["sharpness"]["n"], row["count"]) == (3, 6, None)
    rows = [parse_row(result) for result in found["results"]]
    columns = evaluation_columns(rows, found["judge"]["not_judged"])
    cells = dict(zip(titles(columns), lines(rows, columns)[0], strict=True))
    assert cells["count"] == "not judged: the judge knows 33%"
    assert pairs_of_methods(rows) == 0, "two steps of the 2-rectified flow are no row of the paper's"
    again = evaluate(asked, Weights(judged), tmp_path)
    assert again is not None
    assert all(
        {**row, "seconds_per_image": None} == {**before, "seconds_per_image": None}
        for row, before in zip(again["results"], found["results"], strict=True)
    )


def test_pairs_of_methods_are_counted_by_figure() -> None:
    def row(model: str, steps: int, low: float, high: float) -> dict:
        figure = {"value": (low + high) / 2, "low": low, "high": high, "n": 9}
        settings = {"model": model, "steps": steps, "guidance": 1.0, "network_evaluations": 1, "prompts": 9}
        return {**settings, "thing": figure, "place": None}

    table = [row("sd-mini", 25, 0.9, 0.95), row("pd-mini", 1, 0.7, 0.8), row("instaflow-mini", 1, 0.75, 0.85)]
    rows = [parse_row(each) for each in [*table, row("text2im-mini", 100, 0.1, 0.2)]]
    assert distinguished(rows) == {"thing": 2}
    assert pairs_of_methods(rows) == 3


def test_prompts_of_scenes_need_a_judge_of_scenes(tmp_path: Path) -> None:
    models = judged_models(tmp_path)
    with pytest.raises(InvalidRequest, match="knows single things"):
        evaluate(Evaluation(parse_runs("instaflow-mini"), 4, ("held-out",)), Weights(models), tmp_path / "work")
