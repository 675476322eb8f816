"""The table of methods as `evaluate` makes it, with few prompts: every shipped system, and twice the same figures."""

from pathlib import Path

import pytest
from several import evaluated
from small_judge import shipped_or_small_judge

from instaflow_demo.registry import MODELS
from instaflow_demo.results.paper import PAPER

SHIPPED = {spec.id for spec in MODELS.values() if spec.shipped}
METHODS = {f"{method.model}@{method.steps}": method.steps for method in PAPER if method.model in SHIPPED}
ONE_STEP = [name for name, steps in METHODS.items() if steps == 1]
SEVERAL_STEPS = [name for name, steps in METHODS.items() if steps > 1]
CASCADE = "text2im-mini@10"  # of a hundred steps, which would take as long as all the others
PROMPTS = {1: 8, 25: 4, 10: 4}  # by a system's steps; the cascade takes 37 for each image
BATCH = 2  # so that each of two processes has a part of the fewest


def figures(found: dict) -> dict[tuple[str, int], dict]:
    """The rows of a table by system, without what differs from run to run."""
    rows = [{name: value for name, value in row.items() if name != "seconds_per_image"} for row in found["results"]]
    return {(row["model"], row["steps"]): row for row in rows}


@pytest.mark.timeout(900)  # well under a minute on two cores of its own
def test_every_shipped_system_is_evaluated_and_again_with_the_same_figures(tmp_path: Path) -> None:
    asked = [f"{','.join(names)}:{PROMPTS[steps]}" for names, steps in ((ONE_STEP, 1), (SEVERAL_STEPS, 25))]
    asked += [f"{CASCADE}:{PROMPTS[10]}", asked[0]]
    first, *others, again = evaluated(shipped_or_small_judge(tmp_path), asked, tmp_path, batch=BATCH, timed=1)
    rows = [row for found in (first, *others) for row in found["results"]]
    assert {row["model"] for row in rows} == SHIPPED
    for row in rows:
        assert row["top1"]["n"] == row["prompts"] == PROMPTS[row["steps"]]
        assert row["feature_distance"]["low"] < row["feature_distance"]["value"] < row["feature_distance"]["high"]
        assert row["seconds_per_image"]["value"] > 0
    assert len(again["results"]) == len(ONE_STEP) >= 2
    assert figures(again) == figures(first)
