"""Use a folder of one's own for a published model, where only this machine's user can be the visitor."""

from typing import Any

import gradio as gr
from markupsafe import Markup

from ...errors import DemoError
from ...service import Service
from ..html.columns import problem, status_html
from ..listeners import QUIET
from ..settings import Settings
from ..text import Language, say, translate

_LONGEST = 4096  # characters, as of a path on Linux


class FolderPanel:
    """Builds the panel in the current gradio context; `connect` says what to run when a folder is in use."""

    def __init__(self, service: Service, settings: Settings, text: gr.I18n):
        self._service = service
        self._settings = settings
        self._text = text

    def build(self) -> None:
        t = self._text
        with gr.Column(visible=self._settings.alone, elem_id="folders", elem_classes="panel"):
            gr.Markdown(t("folder_title"))
            self._model = gr.Radio(
                [(spec.title, spec.id) for spec in self._settings.published.values()], label=t("folder_model")
            )
            self._folder = gr.Textbox("", label=t("folder"), placeholder="/models/instaflow", lines=1)
            with gr.Row():
                self._use = gr.Button(t("folder_use"), scale=0, min_width=160)
            self._answer = gr.HTML("")

    def connect(self, language: gr.State, refreshed: dict[str, Any]) -> None:
        """Wire the events; `refreshed` are the arguments of the event that shows what can be used now."""
        inputs = [self._model, self._folder, language]
        use = {"inputs": inputs, "outputs": [self._answer], "preprocess": False, **QUIET, "concurrency_limit": 1}
        self._use.click(self._use_folder, **use).then(**refreshed)

    def _use_folder(self, model: Any, folder: Any, language: Language) -> Markup:
        try:
            self._take(model, folder)
        except DemoError as error:
            return problem(say(language, "folder_failed"), translate(language, error.sentence))
        return status_html(say(language, "folder_done", title=self._settings.published[model].title))

    def _take(self, model: Any, folder: Any) -> None:
        """Raises DemoError, with a sentence, unless the visitor may name this folder and it holds the model."""
        known = isinstance(model, str) and self._settings.alone and model in self._settings.published
        if not known or not isinstance(folder, str) or not folder.strip() or len(folder) > _LONGEST:
            raise DemoError("Choose a model, and name its folder.")
        self._service.use_folder(model, folder.strip())
