"""The strip of what a visitor has run in this session: a press brings a run back, with its images and settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr

from ..html.view import RunView
from ..listeners import PRIVATE, QUIET
from ..shelf import Shelf
from .form import FormSubmission


@dataclass(frozen=True)
class PastRun:
    """A run that is over, as it was shown last: its columns, its table, and what stood in the form, by name."""

    view: RunView
    submission: FormSubmission
    values: Mapping[str, Any]
    table: str
    id: int = field(default_factory=count().__next__)

    @property
    def files(self) -> list[Path]:
        """Where its images lie."""
        return [picture.path for column in self.view.columns for picture in column.pictures if picture.path]


class PastRuns:
    """The runs of all visitors, of which each sees their own, newest first: at most `most`, and all together `of_all`.

    A run goes with the first of its images, which may be deleted at any time.
    """

    def __init__(self, most: int = 12, of_all: int = 200):
        self._most = most
        self._runs: Shelf[PastRun] = Shelf(of_all)

    def add(self, visitor: str | None, run: PastRun) -> None:
        """Remember a visitor's run; one without images cannot be shown again."""
        if visitor is None or not run.files:
            return
        self._runs.add(visitor, run)
        old = {each.id for each in self._runs.of(visitor)[self._most :]}
        self._runs.take(visitor, lambda each: each.id in old)

    def of(self, visitor: str | None) -> tuple[PastRun, ...]:
        """A visitor's runs whose images are all still there, newest first."""
        return tuple(run for run in self._runs.of(visitor) if all(file.is_file() for file in run.files))

    def forget(self, visitor: str | None) -> None:
        """Forget the runs of a visitor who has left."""
        self._runs.take(visitor, lambda each: True)


class RunStrip:
    """Builds the strip in the current gradio context; `runs` are what it shows."""

    def __init__(self, text: gr.I18n) -> None:
        self._text = text
        self.runs = PastRuns()

    def build(self) -> None:
        # gradio's sessions end within an hour of their visitor's leaving; so do these runs
        self._owner = gr.State(None, delete_callback=self.runs.forget)
        self._shown: gr.State = gr.State(())  # the ids of the runs in the order in which they are shown
        with gr.Row(elem_id="runs-row"):
            self._gallery = gr.Gallery(
                label=self._text("runs"),
                columns=12,
                height="auto",
                object_fit="cover",
                allow_preview=False,
                interactive=False,
                visible=False,
                buttons=[],
                elem_id="runs",
            )

    def connect(self, run: Any, bring_back: Any, outputs: list[Any]) -> Any:
        """Show a run once `run` is over; a press calls `bring_back` with it, or None where it is gone.

        Returns the event of a press.
        """
        shown = [self._owner, self._shown, self._gallery]
        named: dict[str, Any] = {"fn": None, "js": "() => instaflow.name()", **PRIVATE}
        run.then(self._refresh, None, shown, **QUIET).then(**named)

        def choose(ids: Any, event: gr.SelectData, request: gr.Request) -> Any:
            chosen = ids[event.index] if isinstance(event.index, int) and 0 <= event.index < len(ids) else None
            own = self.runs.of(request.session_hash)
            return bring_back(next((each for each in own if each.id == chosen), None), request)

        return self._gallery.select(choose, self._shown, outputs, **QUIET)

    def _refresh(self, request: gr.Request) -> tuple[Any, ...]:
        runs = self.runs.of(request.session_hash)
        covers = [(str(run.files[0]), run.submission.request.prompt) for run in runs]
        ids = tuple(run.id for run in runs)
        return request.session_hash, ids, gr.Gallery(value=covers, visible=bool(runs), selected_index=None)
