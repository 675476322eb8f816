"""What the page knows about a run after each of its events."""

import base64
import io
from dataclasses import replace

import pytest
from page import FAST, FINISHED, SLOW, Tags, picture, ready, timing, viewed
from PIL import Image

from instaflow_demo.events import Done, Event, Failed, ImageReady, Loading, Preview, Step, Unrefined
from instaflow_demo.measure import Measurement, Timing
from instaflow_demo.request import GenerationRequest
from instaflow_demo.ui.html.columns import (
    column_html,
    results_html,
)
from instaflow_demo.ui.html.view import RunView


def test_progress_counts_all_images_of_a_model() -> None:
    """One of two images took 2 s, and the second is at step 5 of 25 after 0.5 s: 60 % in 2.5 s leaves 5/3 s."""
    view = viewed(ready(SLOW, 0, 2.0), Step(SLOW, 1, 1, 5, 25, 0.5, stepped=5, stepping_s=0.4))
    progress = view.column(SLOW).progress
    assert progress is not None
    assert progress.fraction == pytest.approx(0.6)
    assert progress.elapsed_s == pytest.approx(2.5)
    assert progress.remaining_s == pytest.approx(5 / 3)
    assert progress.iterations_per_second == pytest.approx(12.5), "the text took a fifth of it"


def test_progress_of_a_batch() -> None:
    progress = viewed(Step(SLOW, 0, 2, 10, 25, 4.0), batched=True).column(SLOW).progress
    assert progress is not None
    assert progress.fraction == pytest.approx(0.4)
    assert progress.remaining_s == pytest.approx(6.0)


def cascade(*events: Event) -> RunView:
    """Two images of Text2im, both in one pass, after 100 base steps in 4 s and a preview."""
    view = RunView.of(GenerationRequest.parse("a big dog", "text2im", images=2), True)
    before = Step("text2im", 0, 2, 100, 100, 4.0), Preview("text2im", 0, (Image.new("RGB", (4, 4), "red"),) * 2)
    for event in (*before, *events):
        view = view.after(event)
    return view


def test_a_cascade_shows_its_stages_one_below_the_other() -> None:
    column = cascade(Step("text2im", 0, 2, 9, 27, 3.0, "upsample")).column("text2im")
    progress = column.progress
    assert progress is not None
    assert progress.fraction == pytest.approx(1 / 3)
    assert progress.elapsed_s == pytest.approx(7.0)
    assert progress.remaining_s == pytest.approx(6.0)  # 9 steps took 3 s, 18 are left
    view = cascade(Step("text2im", 0, 2, 9, 27, 3.0, "upsample"))
    html = column_html(view, "text2im", "en")
    assert Tags(html).attribute("div", "aria-valuenow") == ["100", "33"]
    assert "upsampler 9/27" in html
    assert "100 + 27 steps" in html


def test_a_cascade_shows_a_preview_until_its_images_are_there() -> None:
    view = cascade()
    shown = [source for source in Tags(column_html(view, "text2im", "en")).attribute("img", "src") if source]
    assert [source.partition(",")[0] for source in shown] == ["data:image/jpeg;base64"] * 2
    decoded = Image.open(io.BytesIO(base64.b64decode(shown[0].partition(",")[2])))
    assert decoded.getpixel((0, 0)) == pytest.approx((255, 0, 0), abs=2)
    event = ImageReady("text2im", 0, 7, Image.new("RGB", (8, 8)), timing(4.0), "00")
    after = view.after(event, picture(0, 4.0))
    assert "data:image" not in column_html(after, "text2im", "en")
    results = Tags(results_html(after, "text2im", "a big dog", "en"))
    assert [str(source)[:15] for source in results.attribute("img", "src")] == ["gradio_api/file", "data:image/jpeg"]


def preview(index: int, colour: str) -> Preview:
    return Preview(SLOW, index, (Image.new("RGB", (64, 64), colour),))


def test_a_preview_stands_in_the_frame_of_its_own_image() -> None:
    """One by one: the second image is previewed after the first one is finished, and the frame is in its place."""
    first = viewed(preview(0, "red"), preview(0, "blue"))
    assert [tag for tag, _ in Tags(column_html(first, SLOW, "en")).tags if tag in ("img", "i")] == ["img", "i"]
    second = viewed(preview(0, "red"), ready(SLOW, 0, 2.0), preview(1, "blue"))
    assert "frames" not in column_html(second, SLOW, "en")
    shown = [tag for tag in Tags(results_html(second, SLOW, "dog", "en")).tags if tag[0] == "img"]
    assert [attributes["src"].partition(",")[0] for _, attributes in shown] == [  # type: ignore[union-attr]
        "gradio_api/file=/shown/0.png",
        "data:image/jpeg;base64",
    ]
    after = viewed(preview(0, "red"), ready(SLOW, 0, 2.0), preview(1, "blue"), ready(SLOW, 1, 2.0))
    assert "data:image" not in results_html(after, SLOW, "dog", "en")


def test_previews_stay_while_finished_images_wait_for_the_refiner() -> None:
    view = viewed(preview(0, "red"), Unrefined(SLOW, 0, timing(2.0)), preview(1, "blue"))
    assert column_html(view, SLOW, "en").count('class="preview"') == 2


def test_nothing_is_previewed_where_images_are_hidden_or_the_run_is_over() -> None:
    assert "data:image" not in column_html(viewed(preview(0, "red"), display=False), SLOW, "en")
    stopped = viewed(ready(SLOW, 0, 2.0), preview(1, "red")).stop()
    assert "data:image" not in results_html(stopped, SLOW, "dog", "en")


def test_a_preview_costs_less_than_the_image() -> None:
    noise = Image.effect_noise((256, 256), 60).convert("RGB")
    png = io.BytesIO()
    noise.save(png, "PNG")
    shown = viewed(Preview(SLOW, 0, (noise,))).column(SLOW).previews[0]
    assert len(shown) < len(png.getvalue())


def test_a_cascade_s_time_is_told_by_stage() -> None:
    passes = (Timing(2, 127, 0.5, 9.0, 0.5, True, upsample_s=3.0),)
    measured = Measurement("text2im", "cpu", "float32", 100, 3.0, 227, 0.0, passes, 0)
    view = cascade(Done("text2im", measured))
    html = results_html(view, "text2im", "a big dog", "en")
    assert "sampling <b>6.00 s</b>" in html
    assert "upsampling <b>3.00 s</b>" in html
    assert "upsampling" not in results_html(viewed(*FINISHED), FAST, "a big dog", "en")


def test_an_event_changes_its_own_column_only() -> None:
    before = viewed(*FINISHED[:3])
    after = before.after(Step(SLOW, 0, 1, 1, 25, 0.1))
    assert after.column(FAST) is before.column(FAST)
    assert after.column(SLOW).phase == "running"


def test_phases_follow_the_events() -> None:
    assert viewed().column(SLOW).phase == "waiting"
    assert viewed(Loading(SLOW)).column(SLOW).phase == "loading"
    assert viewed(Loading(SLOW), Step(SLOW, 0, 1, 1, 25, 0.1)).column(SLOW).phase == "running"
    assert viewed(Failed(SLOW, "No.")).column(SLOW).phase == "failed"
    assert viewed(*FINISHED).over
    assert viewed(*FINISHED).done == 2


def test_stopping_keeps_what_is_finished() -> None:
    view = viewed(*FINISHED[:3], ready(SLOW, 0, 2.0), Step(SLOW, 1, 1, 3, 25, 0.2)).stop()
    assert view.column(FAST).phase == "done"
    assert view.column(SLOW).phase == "stopped"
    assert len(view.column(SLOW).pictures) == 1
    assert view.over
    assert "3 of 25" in column_html(view, SLOW, "en")


def test_speedup_is_against_the_slowest_finished_system() -> None:
    assert viewed(*FINISHED[:3]).speedup(FAST) is None
    assert viewed(*FINISHED).speedup(FAST) == pytest.approx(20)
    assert viewed(*FINISHED).speedup(SLOW) == pytest.approx(1)


def test_a_cold_time_is_called_cold_beside_it_and_gives_no_speedup() -> None:
    *warm, done = FINISHED
    assert isinstance(done, Done)
    cold = replace(done.measurement, passes=(timing(2.0, warm=False),))
    view = viewed(*warm, Done(SLOW, cold))
    assert view.speedup(FAST) is None
    assert '<span class="tag cold">cold</span>' in column_html(view, SLOW, "en")
    assert '<span class="tag cold">cold</span>' not in column_html(view, FAST, "en")


def test_a_note_belongs_to_the_model_with_the_longest_title() -> None:
    made = GenerationRequest.parse("dog", ["2rf", "2rf-mini"], negative_prompt="cat", guidance=1.0)
    view = RunView.of(made, True)
    assert [len(column.notes) for column in view.columns] == [1, 1]
    assert "mini" not in view.column("2rf").notes[0]


def test_an_unknown_model_is_an_error() -> None:
    with pytest.raises(KeyError):
        viewed().column("nothing")
