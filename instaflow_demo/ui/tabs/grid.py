"""The grid tab: one image for every pair of values of two sides, such as models and steps."""

import tempfile
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from ...errors import DemoError, InvalidRequest, Sentence
from ...events import ImageReady
from ...gallery import encode_png
from ...registry import MODELS
from ...request import GenerationRequest, Grid, Limits, check_budget, parse_axis, parse_grid
from ...results.grid import CellEvent, draw, pack, write_csv
from ...results.grid_sheet import draw_sheet
from ...service import Service
from ..albums import Albums
from ..html.columns import status_html
from ..html.grid import GridView, grid_html, plan_text, progress_html, sheet_of
from ..html.view import png_uri
from ..inputs import Inputs, prompt_box, refusal
from ..listeners import ONE_AT_A_TIME, PRIVATE, QUIET
from ..runner import Runner
from ..settings import Settings
from ..text import Language, format_seconds, requested_language, say, translate

_TAB, _LOOK_EVERY_S = "grid", 0.25
_SIDES, _NONE = ("across", "down"), "by:none"
_SETTINGS = ("steps", "guidance", "size")
_VISIBLE = ("prompt", "model", "seed", *(f"{side}_{part}" for side in _SIDES for part in ("kind", "values", "models")))
_FILES = {"zip": "grid_zip", "csv": "download_csv", "png": "grid_png"}  # keys of texts

# what a kind of side is called, the values that it begins with, and how to write others: keys of texts. Its own key is
# none, for gradio translates whatever is the key of a text, a dropdown's value too
_TEXTS = {
    "by:model": ("grid_kind_model", "", ""),
    "by:steps": ("grid_kind_steps", "grid_steps_list", "grid_steps_info"),
    "by:guidance": ("grid_kind_guidance", "grid_guidance_list", "grid_guidance_info"),
    "by:seed": ("grid_kind_seed", "grid_seed_list", "grid_seed_info"),
    "by:size": ("grid_kind_size", "grid_size_list", "grid_size_info"),
    "by:words": ("grid_kind_words", "grid_words_list", "grid_words_info"),
    _NONE: ("grid_kind_none", "", ""),
}

# a button in the dialog: what it is called with is judged like everything that a browser sends
_COMPARE = """element.addEventListener("click", event => {
    const button = event.target.closest("button[data-model]");
    if (button) trigger("click", {...button.dataset});
})"""

Update = dict[Any, Any]


@dataclass(frozen=True)
class Asked:
    """The grid that a visitor wants."""

    grid: Grid
    language: Language


class GridTab:
    """Builds the tab in the current gradio context and answers its events."""

    def __init__(self, service: Service, settings: Settings, text: gr.I18n, runner: Runner, albums: Albums):
        self._service = service
        self._settings = settings
        self._text = text
        self._runner = runner
        self._albums = albums
        self._inputs = Inputs()
        self._files: dict[str, gr.DownloadButton] = {}

    # ------------------------------------------------------------ building

    def build(self) -> None:
        t = self._text
        with gr.Row(equal_height=True, elem_id="grid-ask"):
            self._build_common()
        with gr.Row(elem_id="grid-sides"):
            self._build_side("across", "by:steps")
            self._build_side("down", "by:model")
        with gr.Accordion(t("grid_more"), open=False, elem_id="grid-more"):
            self._build_more()
        with gr.Row(elem_id="grid-state"):
            self._status = gr.HTML(status_html(""), elem_id="grid-status", min_height=28)
            gr.HTML(t("next_html"), elem_id="grid-next")
        self._table = gr.HTML("", elem_id="grid-cells")
        self._drawn = gr.State(False)
        with gr.Row(elem_id="grid-files"):
            for kind, key in _FILES.items():
                label: Any = t(key)  # translated like every other label, though its type does not say so
                self._files[kind] = gr.DownloadButton(
                    label, size="sm", visible=False, elem_id=f"grid-{kind}", scale=0, min_width=170
                )
        self.opened = gr.HTML(t("grid_dialog_html"), js_on_load=_COMPARE, elem_id="grid-opened")

    def _build_common(self) -> None:
        t, limits = self._text, Limits()
        self._inputs["prompt"] = prompt_box(t, say("en", "example_1"), "grid-prompt")
        self._inputs["model"] = gr.Dropdown(
            self._choices(self._settings.models),
            value=self._settings.chosen[-1],
            label=t("grid_model"),
            filterable=False,
            visible=False,
            min_width=170,
            elem_id="grid-model",
        )
        self._inputs["seed"] = gr.Number(
            7, label=t("seed"), precision=0, minimum=-1, maximum=limits.seed, min_width=110, elem_id="grid-seed"
        )
        self._start = gr.Button(t("grid_start"), variant="primary", min_width=130, elem_id="grid-start")
        self._stop = gr.Button(t("stop"), variant="stop", min_width=130, elem_id="grid-stop")

    def _build_side(self, side: str, kind: str) -> None:
        t, model, (_, values, info) = self._text, kind == "by:model", _TEXTS[kind]
        with gr.Row(equal_height=True, elem_classes="side"):
            self._inputs[f"{side}_kind"] = gr.Dropdown(
                [(t(name), each) for each, (name, *_) in _TEXTS.items() if each != _NONE or side == "down"],
                value=kind,
                label=t("grid_across" if side == "across" else "grid_down"),
                filterable=False,
                min_width=150,
                elem_id=f"grid-{side}",
            )
            self._inputs[f"{side}_values"] = gr.Textbox(
                say("en", values) if values else "",
                label=t("grid_values"),
                info=t(info) if info else None,
                lines=1,
                visible=not model,
                scale=3,
                elem_id=f"grid-{side}-values",
            )
            self._inputs[f"{side}_models"] = gr.CheckboxGroup(
                self._choices(self._settings.models),
                value=list(self._settings.chosen),
                label=t("models"),
                visible=model,
                scale=3,
                elem_id=f"grid-{side}-models",
            )

    def _build_more(self) -> None:
        t = self._text
        with gr.Row():
            self._inputs["negative_prompt"] = gr.Textbox(
                "", label=t("negative"), info=t("negative_hint"), lines=1, scale=3
            )
            for name in _SETTINGS:
                self._inputs[name] = gr.Number(
                    None, label=t(name), placeholder=t("grid_own"), min_width=120, elem_id=f"grid-{name}"
                )

    def _choices(self, models: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(MODELS[model].title, model) for model in models]

    def connect(self, page: gr.Blocks, tab: gr.Tab) -> None:
        """Wire the events; call it inside the Blocks context, after `build`."""
        inputs, files = self._inputs, list(self._files.values())
        run = self._start.click(
            self._run,
            inputs.components,
            [self._status, self._table, self._drawn, inputs["seed"], *files],
            validator=self.validate,
            preprocess=False,
            show_progress="minimal",
            show_progress_on=[self._status],
            **ONE_AT_A_TIME,
            **PRIVATE,
        )
        inputs["prompt"].submit(None, None, None, js="() => instaflow.grid.press()", **PRIVATE)
        run.then(None, None, None, js="() => instaflow.grid.over()", **PRIVATE)
        self._runner.connect_stop(_TAB, self._stop, self._status, inputs["language"], run)
        self._connect_sides()
        greeted = [inputs[name] for name in ("language", "prompt", "across_models", "down_models", "model")]
        page.load(self._greet, None, greeted, **QUIET)
        self._status.change(None, None, None, js="() => instaflow.grid.show()", **PRIVATE)
        typed = [inputs[name].change for name in inputs.names if name not in ("language", "seed")]
        gr.on(
            [tab.select, *typed],
            self._plan,
            [self._drawn, *inputs.components],
            [self._status, self._table],
            preprocess=False,
            trigger_mode="always_last",
            **QUIET,
        )

    def _connect_sides(self) -> None:
        """Show the fields that a choice of sides needs."""
        inputs = self._inputs
        asked = [inputs[name] for name in ("language", "prompt", *(f"{side}_kind" for side in _SIDES))]
        shown = [inputs[name] for name in ("model", "seed", *_SETTINGS)]
        for side in _SIDES:
            own = [inputs[f"{side}_values"], inputs[f"{side}_models"]]
            inputs[f"{side}_kind"].input(partial(self._arrange, side), asked, [*own, *shown], preprocess=False, **QUIET)

    # ------------------------------------------------------------ a visitor arrives, and chooses

    def _greet(self, request: gr.Request) -> Update:
        """The visitor's language, a prompt in it, and what can be drawn now."""
        language, here = requested_language(request.headers), self._service.availability()
        models = self._choices(tuple(model for model in self._settings.models if here[model].available))
        update: Update = {self._inputs[f"{side}_models"]: gr.CheckboxGroup(choices=models) for side in _SIDES}
        return update | {
            self._inputs["language"]: language,
            self._inputs["prompt"]: say(language, "example_1"),
            self._inputs["model"]: gr.Dropdown(choices=models),
        }

    def _arrange(self, side: str, language: Any, prompt: Any, across: Any, down: Any) -> list[Any]:
        """The fields of a side that changes now, with values to begin with; those of what is on a side are hidden."""
        kind, sides = across if side == "across" else down, (across, down)
        _, listed, info = _TEXTS.get(kind, _TEXTS[_NONE]) if isinstance(kind, str) else _TEXTS[_NONE]
        values = gr.Textbox(
            value=_suggest(listed, prompt, "en" if language == "en" else "pt-BR"),
            visible=bool(listed),
            info=self._text(info) if info else None,
        )
        own = [values, gr.CheckboxGroup(visible=kind == "by:model")]
        common = [gr.Dropdown(visible="by:model" not in sides), gr.Number(visible="by:seed" not in sides)]
        return [*own, *common, *(gr.Number(visible=f"by:{name}" not in sides) for name in _SETTINGS)]

    def _plan(self, request: gr.Request, drawn: Any, *values: Any) -> Update:
        """What would be drawn: how many cells, and their table until a drawn one has its place; or what is wrong."""
        if self._runner.busy(_TAB, request.session_hash):  # it has the line to itself
            return {self._status: gr.skip()}
        try:
            asked = self.parse(*values)
        except DemoError as error:
            return {self._status: status_html(translate(self._inputs.language(values), error.sentence))}
        update: Update = {self._status: status_html(plan_text(asked.grid, asked.language))}
        return update if drawn else update | {self._table: grid_html(GridView.of(asked.grid), asked.language)}

    # ------------------------------------------------------------ a grid

    def _run(self, request: gr.Request, *values: Any) -> Generator[Update, None, None]:
        """Everything from a press of the button to the files; closing it ends the work within one step."""
        try:
            asked = self.parse(*values)
        except DemoError as error:
            raise refusal(error, self._inputs.language(values)) from error
        view, began = GridView.of(asked.grid), time.monotonic()
        yield self._begin(view, asked)
        cells = draw(self._service, asked.grid)
        with self._runner.follow(_TAB, request.session_hash, cells, _LOOK_EVERY_S) as news:
            for happened in news:
                for event in happened:
                    view = view.after(event, _address(event))
                    if isinstance(event.event, ImageReady):
                        self._albums.add(request.session_hash, event.event)
                update: Update = {self._status: gr.skip()}
                if happened:
                    elapsed = time.monotonic() - began
                    update = {
                        self._status: progress_html(view, elapsed, asked.language),
                        self._table: grid_html(view, asked.language),
                    }
                yield update
        yield from self._finish(view, time.monotonic() - began, asked)

    def _begin(self, view: GridView, asked: Asked) -> Update:
        waiting = "waiting_device" if self._settings.warm.is_set() else "warming"
        return {
            self._status: status_html(say(asked.language, waiting), "busy begun"),
            self._table: grid_html(view, asked.language),
            self._drawn: True,
            self._inputs["seed"]: asked.grid.common.seed,
            **{button: gr.DownloadButton(visible=False) for button in self._files.values()},
        }

    def _finish(self, view: GridView, elapsed_s: float, asked: Asked) -> Generator[Update, None, None]:
        """The last answer, and files of what is finished; gradio copies them before this goes on."""
        over, view = view.over, view.stop()
        update: Update = {
            self._status: status_html(finish_text(view, elapsed_s, asked.language, over=over)),
            self._table: grid_html(view, asked.language),
        }
        with tempfile.TemporaryDirectory(prefix="instaflow-grid-") as folder:
            if view.images:
                for kind, content in make_files(view, asked.language).items():
                    path = Path(folder, f"instaflow-grid.{kind}")
                    path.write_bytes(content)
                    update[self._files[kind]] = gr.DownloadButton(value=path, visible=True)
            yield update

    # ------------------------------------------------------------ judging

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """Validate every input before the request joins the queue; gradio shows the sentences."""
        return self._inputs.judge(self.parse, values, _VISIBLE, "prompt")

    def parse(self, *values: Any) -> Asked:
        """Judge raw values in the order of the inputs.

        Raises:
            InvalidRequest: with a sentence for every field that is wrong.
        """
        raw, language = self._inputs.by_name(values), self._inputs.language(values)
        fields = {side: f"{side}_{'models' if raw[f'{side}_kind'] == 'by:model' else 'values'}" for side in _SIDES}
        try:
            return Asked(self._parse_grid(raw, fields, decimal_comma=language != "en"), language)
        except InvalidRequest as error:
            problems = {fields.get(name, name): said for name, said in error.problems.items()}
            raise InvalidRequest(problems) from error

    def _parse_grid(self, raw: Mapping[str, Any], fields: Mapping[str, str], *, decimal_comma: bool) -> Grid:
        """The grid; problems of a side are named like it."""
        sides, problems = {}, {}
        for side in _SIDES if raw["down_kind"] != _NONE else _SIDES[:1]:
            kind = str(raw[f"{side}_kind"]).removeprefix("by:")
            try:
                sides[side] = parse_axis(side, kind, raw[fields[side]], decimal_comma=decimal_comma)
            except InvalidRequest as error:
                problems |= error.problems
        if problems:
            raise InvalidRequest(problems)
        side, models = next(((s, axis.values) for s, axis in sides.items() if axis.kind == "model"), ("model", ()))
        self._check_offered(side, list(models) or [raw["model"]])
        common = {name: raw[name] for name in ("model", "negative_prompt", "seed", *_SETTINGS)}
        grid = parse_grid(raw["prompt"], sides["across"], sides.get("down"), **common)
        check_budget((cell.request for cell in grid.drawn if cell.request), self._settings.budget, "across")
        return grid

    def _check_offered(self, field: str, models: list[Any]) -> None:
        """Refuse models that are not offered here, at their field."""
        try:
            self._settings.check_offered(models)
        except InvalidRequest as error:
            said = error.sentence
            raise InvalidRequest({field: said}) from error


def _suggest(listed: str, prompt: Any, language: Language) -> str:
    """Values to begin with. The first of words is in the prompt, or none of them would be drawn."""
    values = say(language, listed) if listed else ""
    first, comma, others = values.partition(",")
    if listed != "grid_words_list" or not isinstance(prompt, str) or first in prompt or not prompt.split():
        return values
    return prompt.split()[-1] + comma + others


def _address(happened: CellEvent) -> str:
    """Where a finished image is: in its file, or in the address itself where it could not be stored."""
    event = happened.event
    if not isinstance(event, ImageReady):
        return ""
    return "gradio_api/file=" + quote(str(event.path)) if event.path else png_uri(_read_png(event))


def _read_png(image: ImageReady) -> bytes:
    """The image as it was saved; encoded again where it was not, or where newer ones have taken its place."""
    try:
        return image.path.read_bytes() if image.path else encode_png(image, image.metadata)
    except FileNotFoundError:
        return encode_png(image, image.metadata)


def make_files(view: GridView, language: Language) -> dict[str, bytes]:
    """The files of a grid by kind: the archive has the other two, and every image with its metadata."""
    table, sheet = write_csv(view.results).encode(), draw_sheet(sheet_of(view, language))
    images = {result.file: _read_png(result.image) for result in view.results if result.image}
    packed = pack({**images, "grid.csv": table, "grid.png": sheet})
    return {"zip": packed, "csv": table, "png": sheet}


def finish_text(view: GridView, elapsed_s: float, language: Language, *, over: bool) -> str:
    key = "grid_finished" if over else "grid_stopped"
    drawn = len(view.grid.drawn)
    return say(language, key, n=view.images, total=drawn, s=format_seconds(language, elapsed_s))


def parse_cell(event: Any, settings: Settings) -> GenerationRequest:
    """The request of a cell whose button was pressed.

    Raises:
        InvalidRequest: when the event is not one that a cell sends.
    """
    said = {name: getattr(event, name, "") for name in ("model", "prompt", "negative", "seed", *_SETTINGS)}
    try:
        numbers: dict[str, Any] = {name: float(said[name]) for name in ("seed", *_SETTINGS)}
    except (TypeError, ValueError) as error:
        raise InvalidRequest({"call": Sentence("This is not a cell of a grid.")}) from error
    settings.check_offered([said["model"]])
    return GenerationRequest.parse(said["prompt"], said["model"], negative_prompt=said["negative"], **numbers)
