"""The strip of a visitor's runs: their own, a bounded number, and only while their images are there."""

from dataclasses import replace
from pathlib import Path

from page import FINISHED, picture, request, viewed

from instaflow_demo.events import ImageReady
from instaflow_demo.ui.html.view import RunView
from instaflow_demo.ui.tabs.form import FormSubmission
from instaflow_demo.ui.tabs.strip import PastRun, PastRuns


def past(folder: Path, name: str) -> PastRun:
    """A run that is over, with an image of each model in a file."""
    view = RunView.of(request(), True)
    for number, event in enumerate(FINISHED):
        file = folder / f"{name}-{number}.png"
        made = replace(picture(event.index), path=file) if isinstance(event, ImageReady) else None
        if made:
            file.write_bytes(b"")
        view = view.after(event, made)
    return PastRun(view, FormSubmission(request(), True, False, "en"), {"prompt": name}, "<table>")


def prompts(runs: PastRuns, visitor: str) -> list[str]:
    return [run.values["prompt"] for run in runs.of(visitor)]


def test_each_visitor_sees_their_own_runs_newest_first(tmp_path: Path) -> None:
    runs = PastRuns()
    for visitor, name in (("ana", "a"), ("rui", "b"), ("ana", "c")):
        runs.add(visitor, past(tmp_path, name))
    assert (prompts(runs, "ana"), prompts(runs, "rui"), prompts(runs, "eva")) == (["c", "a"], ["b"], [])
    runs.forget("ana")
    assert (prompts(runs, "ana"), prompts(runs, "rui")) == ([], ["b"])


def test_the_oldest_runs_make_way(tmp_path: Path) -> None:
    runs = PastRuns(most=2, of_all=3)
    for name in "abc":
        runs.add("ana", past(tmp_path, name))
    assert prompts(runs, "ana") == ["c", "b"]
    for name in "de":
        runs.add("rui", past(tmp_path, name))
    assert (prompts(runs, "ana"), prompts(runs, "rui")) == (["c"], ["e", "d"])


def test_a_run_goes_with_its_images(tmp_path: Path) -> None:
    runs = PastRuns()
    run = past(tmp_path, "a")
    runs.add("ana", run)
    run.files[-1].unlink()
    assert prompts(runs, "ana") == []


def test_a_run_without_images_is_not_remembered() -> None:
    runs = PastRuns()
    runs.add("ana", PastRun(viewed(), FormSubmission(request(), True, False, "en"), {}, ""))
    assert prompts(runs, "ana") == []
