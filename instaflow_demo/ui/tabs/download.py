"""Fetch published models from the page, where only this machine's user can be the visitor, who accepts the licence."""

from collections.abc import Generator
from typing import Any

import gradio as gr
from markupsafe import Markup

from ...errors import DemoError
from ...events import Downloading
from ...machine import device
from ...registry import ModelSpec
from ...service import Service
from ...weights import hub
from ..html.columns import bar, notes_html, problem, status_html
from ..listeners import QUIET
from ..runner import Runner
from ..settings import Settings
from ..text import Language, format_gigabytes, say, translate

_TAB, _LOOK_EVERY_S = "download", 0.25


class DownloadPanel:
    """Builds the panel in the current gradio context; `connect` says what to run when a download has ended."""

    def __init__(self, service: Service, settings: Settings, text: gr.I18n, runner: Runner):
        self._service = service
        self._settings = settings
        self._text = text
        self._runner = runner

    def build(self) -> None:
        t = self._text
        with gr.Accordion(t("download_title"), open=False, visible=self._settings.downloads, elem_id="download"):
            choices = [(_choice(spec), spec.id) for spec in self._settings.published.values()]
            self._model = gr.Radio(choices, value=None, label=t("download_model"))
            self._accepted = gr.Checkbox(False, label=t("download_accept"), container=False)
            with gr.Row():
                self._start = gr.Button(t("download_start"), scale=0, min_width=160)
                self._stop = gr.Button(t("stop"), scale=0, min_width=120)
            self._progress = gr.HTML("")

    def connect(self, language: gr.State, refreshed: dict[str, Any]) -> None:
        """Wire the events; `refreshed` are the arguments of the event that shows what can be used now."""
        inputs = [self._model, self._accepted, language]
        start = {"inputs": inputs, "outputs": [self._progress], "preprocess": False, **QUIET, "concurrency_limit": 1}
        run = self._start.click(self._run, **start)
        run.then(**refreshed)
        self._runner.connect_stop(_TAB, self._stop, self._progress, language, run)

    def _run(self, request: gr.Request, model: Any, accepted: Any, language: Language) -> Generator[Markup, None, None]:
        """Everything from the press of the button to the last byte; what was stopped goes on with the next press."""
        try:
            spec = self._parse(model, accepted)
            yield status_html(say(language, "download_begins"), "busy")
            yield from self._fetch(spec, request.session_hash, language)
        except DemoError as error:
            yield problem(say(language, "download_failed"), translate(language, error.sentence))

    def _fetch(self, spec: ModelSpec, visitor: str | None, language: Language) -> Generator[Markup, None, None]:
        steps, last = hub.download(spec, half=device.choose("auto", "auto").dtype != "float32"), None
        with self._runner.follow(_TAB, visitor, steps, _LOOK_EVERY_S) as news:
            for latest in news:
                last = latest[-1] if latest else last
                if last:
                    yield _progress(last, language)
        complete = self._service.availability()[spec.id].available
        said = say(language, "download_done", title=spec.title) if complete else say(language, "download_stopped")
        yield status_html(said)

    def _parse(self, model: Any, accepted: Any) -> ModelSpec:
        """Raises DemoError, with a sentence, unless the visitor may have this model and wants it."""
        published = self._settings.published if self._settings.downloads else {}
        spec = published.get(model) if isinstance(model, str) else None
        if spec is None:
            raise DemoError("Choose a model to download.")
        if self._service.availability()[spec.id].available:
            raise DemoError("{title} is on this machine already.", title=spec.title)
        if accepted is not True:
            raise DemoError("Accept the licence first: {licence}.", licence=spec.licence)
        return spec


def _choice(spec: ModelSpec) -> str:
    return f"{spec.title} · {format_gigabytes('en', spec.download_bytes)} · {spec.licence}"


def _progress(step: Downloading, language: Language) -> Markup:
    fraction = step.done / step.total if step.total else 0.0
    amounts = f"{format_gigabytes(language, step.done)} / {format_gigabytes(language, step.total)}"
    note = notes_html([step.note], language) if step.note else Markup("")
    return bar(fraction, step.file) + status_html(f"{fraction:.0%} · {amounts} · {step.file}") + note
