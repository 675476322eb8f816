"""The main tab: one prompt, several systems, their images and times side by side."""

import asyncio
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from ...errors import DemoError
from ...events import Event, ImageReady
from ...gallery import encode_png
from ...machine.environment import fingerprint
from ...registry import MODELS, REFINER
from ...request.restore import Restored
from ...results.report import collect, comparison_rows
from ...results.stored_run import FOLDER, load_stored_run
from ...service import Service
from ...weights.locate import Availability
from ..albums import Albums
from ..html.columns import column_html, notes_html, results_html, seconds_html, status_html, unavailable_html
from ..html.link import share_html
from ..html.tables import comparison_html, environment_html
from ..html.view import Picture, RunView, png_uri
from ..inputs import refusal
from ..listeners import ONE_AT_A_TIME, PRIVATE, QUIET
from ..runner import Runner
from ..settings import Settings
from ..text import Language, machine_text, requested_language, say
from .arrival import arrive
from .download import DownloadPanel
from .folders import FolderPanel
from .form import EXAMPLES, Form, FormSubmission
from .grid import parse_cell
from .results import parse_press
from .strip import PastRun, RunStrip

_TAB, _LOOK_EVERY_S = "compare", 0.25

Update = dict[Any, Any]


@dataclass(frozen=True)
class ColumnOutputs:
    """The components of one model's column.

    Every output of a streaming handler costs time at every yield: gradio rebuilds even the skipped ones, galleries
    slowest of all (10 ms each). So there are two, and neither is a gallery.
    """

    head: gr.HTML
    results: gr.HTML


class ComparePage:
    """Builds the tab in the current gradio context and answers its events."""

    def __init__(
        self, service: Service, settings: Settings, text: gr.I18n, runner: Runner, albums: Albums | None = None
    ):
        self._service = service
        self._settings = settings
        self._text = text
        self._albums = albums or Albums()
        self._form = Form(settings, text)
        self._download = DownloadPanel(service, settings, text, runner)
        self._folders = FolderPanel(service, settings, text)
        self._runner = runner
        self._strip = RunStrip(text)
        self._columns: dict[str, ColumnOutputs] = {}

    # ------------------------------------------------------------ building

    def build(self) -> None:
        self._inputs()
        self._outputs()
        self._more()

    def _inputs(self) -> None:
        form, t = self._form, self._text
        with gr.Column(elem_id="ask"):
            with gr.Row(equal_height=True, elem_id="numbers"):
                form.build_prompt()
                form.build_numbers()
                with gr.Row(elem_id="actions"):
                    self._generate = gr.Button(t("generate"), variant="primary", min_width=130, elem_id="generate")
                    self._stop = gr.Button(t("stop"), variant="stop", min_width=130, elem_id="stop")
            with gr.Row(elem_id="chips"):
                self._chips = form.build_examples()
                form.build_switches()
        with gr.Row(elem_id="choices"):
            form.build_models(self._offered(self._service.availability()))
            self._settings_button = gr.Button(t("settings"), size="sm", elem_id="open-settings")
        with gr.Sidebar(t("settings"), open=False, position="right", width=380, elem_id="settings"):
            form.build_settings()
            form.build_memory()

    def _outputs(self) -> None:
        with gr.Row(elem_id="state"):
            self._status = gr.HTML(status_html(""), elem_id="status", min_height=28)
            gr.HTML(self._text("next_html"), elem_id="next")
            self._warmth = gr.HTML("", elem_id="warmth")
        self._restored = gr.HTML("", elem_id="restored")  # the line above is that of a run, which may be under way
        self._from_link = gr.HTML("", elem_id="from-link")
        with gr.Row(elem_id="columns"):
            for model in self._settings.models:
                self._columns[model] = self._column(model)
        self._strip.build()
        self._seconds = gr.HTML("", elem_id="seconds")
        self._table = gr.HTML("", elem_id="comparison")

    def _more(self) -> None:
        t = self._text
        with gr.Accordion(t("more_models"), open=False, elem_id="more-models"):
            self._unavailable = gr.HTML("")
            self._download.build()
            self._folders.build()
        with gr.Accordion(t("honest_title"), open=False):
            gr.HTML(t("honest_html"))
        self._environment = gr.HTML("", elem_id="environment")

    def _column(self, model: str) -> ColumnOutputs:
        # the style sheet hides a column in which there is nothing
        with gr.Column(min_width=300, elem_classes="model", elem_id=f"column-{model}"):
            return ColumnOutputs(gr.HTML(""), gr.HTML(""))

    def connect(self, page: gr.Blocks) -> None:
        """Wire the events; call it inside the Blocks context, after `build`."""
        form = self._form
        form.connect()
        outputs = [part for p in self._columns.values() for part in (p.head, p.results)]
        self.run = run = self._generate.click(
            self._run,
            form.components,
            [self._status, self._seconds, self._table, form["seed"], *outputs],
            validator=form.validate,
            preprocess=False,
            show_progress="minimal",
            show_progress_on=[self._status],
            api_name="page",
            api_visibility="undocumented",
            **ONE_AT_A_TIME,
        )
        self._generate.click(None, None, self._restored, js="() => ''", **PRIVATE)
        self._runner.connect_stop(_TAB, self._stop, self._status, form["language"], run)
        self._connect_presses(run)
        back = [self._status, self._seconds, self._table, *outputs, *(form[n] for n in form.names if n != "language")]
        pressed = self._strip.connect(run, self._bring_back, back)
        pressed.then(None, None, None, js="() => instaflow.reveal()", **PRIVATE).then(**form.keep)
        run.then(self._show_environment, [form["language"]], [self._environment], **QUIET)
        greeted = [form["language"], form["models"], form["refine"], self._unavailable, self._warmth]
        greeting = {"fn": self._greet, "inputs": None, "outputs": greeted, **QUIET}
        arrival = page.load(**greeting)
        arrival.then(self._show_environment, [form["language"]], [self._environment], **QUIET)
        found = [self._status, self._seconds, self._from_link, *form.components, *outputs]
        come = page.load(self._arrive, [form.kept], found, **QUIET)
        come.then(None, self._from_link, None, js="html => instaflow.draw(html)", **PRIVATE)
        form.reset.click(self._reset, None, [form.kept, self._from_link, *form.components], **QUIET).then(
            None, None, None, js="() => instaflow.own()", **PRIVATE
        )
        page.load(self._wait_until_warm, None, [self._warmth], **QUIET)
        self._download.connect(form["language"], greeting)
        self._folders.connect(form["language"], greeting)

    def _connect_presses(self, run: Any) -> None:
        """What else begins a run: Enter and the examples. While one is under way, the next one waits for it."""
        prompt = self._form["prompt"]
        prompt.submit(None, None, None, js="() => instaflow.press()", **PRIVATE)
        for example, chip in self._chips.items():
            pressed = chip.click(partial(_example, example), [self._form["language"]], [prompt], **QUIET)
            pressed.then(None, None, None, js="() => instaflow.press()", **PRIVATE).then(**self._form.keep)
        run.then(None, None, None, js="() => instaflow.over()", **PRIVATE)
        self._settings_button.click(None, None, None, js="() => instaflow.drawer()", **PRIVATE)
        self._status.change(None, None, None, js="() => instaflow.show()", **PRIVATE)

    def connect_results(self, table: gr.HTML, tabs: gr.Tabs) -> None:
        """Run the system of a row that is pressed in `table`, in the tab "compare" of `tabs`."""
        form = self._form
        steps = {model: form[f"steps:{model}"] for model in self._settings.models if f"steps:{model}" in form.names}

        def choose(event: gr.EventData) -> Update:
            row = parse_press(event)
            if row is None or row[0] not in self._settings.models:
                raise gr.Error(print_exception=False)
            model, count = row
            update: Update = {tabs: gr.Tabs(selected="compare"), form["models"]: [model]}
            return update | ({steps[model]: count} if model in steps else {})

        pressed = table.click(choose, None, [tabs, form["models"], *steps.values()], **QUIET)
        pressed.success(None, None, None, js="() => instaflow.press()", **PRIVATE).then(**form.keep)

    @property
    def filled(self) -> list[Any]:
        """The components that `fill` updates."""
        return [self._restored, *(self._form[name] for name in self._form.names if name != "language")]

    def fill(self, restored: Restored, language: Language) -> Update:
        """An update that puts restored settings into the form, and says what of them could not be restored."""
        said = status_html(say(language, "restored"))
        return self._form.fill(restored) | {self._restored: said + notes_html(restored.notes, language)}

    def connect_cells(self, opened: gr.HTML, tabs: gr.Tabs) -> None:
        """Draw the image of a grid's cell when the button in `opened`, where its settings are, is pressed."""
        form = self._form

        def choose(event: gr.EventData) -> Update:
            try:
                asked = parse_cell(event, self._settings)
            except DemoError as error:
                raise gr.Error(print_exception=False) from error
            return {tabs: gr.Tabs(selected="compare"), **form.ask_for(asked)}

        changed = [form[name] for name in form.names if name != "language"]
        pressed = opened.click(choose, None, [tabs, *changed], **QUIET)
        pressed.success(None, None, None, js="() => instaflow.press()", **PRIVATE).then(**form.keep)

    # ------------------------------------------------------------ a visitor arrives

    def _greet(self, request: gr.Request) -> Update:
        """The visitor's language, what can be used now, and whether the device has warmed up."""
        language = requested_language(request.headers)
        availability = self._service.availability()
        available = self._offered(availability)
        missing = [(MODELS[m], availability[m].reason) for m in self._settings.models if m not in available]
        choices = self._form.choices(language, available)
        return {
            self._form["language"]: language,
            self._form["models"]: gr.CheckboxGroup(choices=choices),
            self._form["refine"]: gr.Checkbox(visible=availability[REFINER.id].available),
            self._unavailable: unavailable_html(missing, language),
            self._warmth: self._warmth_line(language),
        }

    def _arrive(self, kept: Any, request: gr.Request) -> Update:
        """What a link asks for, or else what this browser has kept, above a run of the page's own that was kept."""
        language, form = requested_language(request.headers), self._form
        arrival = arrive(form, dict(request.query_params), kept, self._service.availability(), language)
        update: Update = {self._from_link: arrival.said, form["language"]: language}
        if not arrival.draws:
            update |= self._show_stored_run(arrival.values.get("prompt"), language)
        return update | {form[name]: value for name, value in arrival.values.items()}

    def _show_stored_run(self, prompt: str | None, language: Language) -> Update:
        """Something to look at before anything is pressed. It may be of another prompt than the visitor's."""
        stored = load_stored_run(FOLDER / language, self._settings.chosen)
        if stored is None:
            return {}
        view, drawn = RunView.of_stored(stored), stored.request.prompt
        said = "stored" if prompt in (None, drawn) else "stored_other"
        machine = machine_text(stored.machine, language)
        update: Update = {
            self._status: status_html(say(language, said, machine=machine, prompt=drawn)),
            self._seconds: seconds_html(view, language),
            self._form["prompt"]: drawn,
            self._form["seed"]: stored.request.seed,
        }
        return update | self._show_columns(view, drawn, language)

    def _show_columns(self, view: RunView, prompt: str, language: Language) -> Update:
        update: Update = {}
        for column in view.columns:
            outputs = self._columns[column.model]
            update[outputs.head] = column_html(view, column.model, language)
            update[outputs.results] = results_html(view, column.model, prompt, language)
        return update

    def _bring_back(self, run: PastRun | None, request: gr.Request) -> Update:
        """An earlier run as it was shown, and the settings that draw it again; not while another one is shown."""
        language = requested_language(request.headers)
        if run is None or self._runner.busy(_TAB, request.session_hash):
            gr.Info(say(language, "runs_gone" if run is None else "runs_busy"))
            return {self._status: gr.skip()}
        asked, form = run.submission.request, self._form
        values = {**run.values, "seed": asked.seed, "randomise": False}
        said = status_html(say(language, "runs_back", prompt=asked.prompt)) + share_html(run.submission.link, language)
        empty = {part: "" for column in self._columns.values() for part in (column.head, column.results)}
        return {
            self._status: said,
            self._seconds: seconds_html(run.view, language),
            self._table: run.table,
            **{form[name]: value for name, value in values.items() if name != "language"},
            **empty,
            **self._show_columns(run.view, asked.prompt, language),
        }

    def _reset(self, request: gr.Request) -> Update:
        """The form as on a first visit."""
        language, form = requested_language(request.headers), self._form
        values = form.defaults | {"language": language, "prompt": say(language, EXAMPLES[0])}
        return {form.kept: {}, self._from_link: "", **{form[name]: value for name, value in values.items()}}

    def _offered(self, availability: Mapping[str, Availability]) -> list[str]:
        """Those of the page's models that can be used."""
        return [model for model in self._settings.models if availability[model].available]

    async def _wait_until_warm(self, request: gr.Request) -> str:
        """Answer once the device is warm: an event of its own, for the page skips events that are under way."""
        while not self._settings.warm.is_set():
            await asyncio.sleep(0.3)
        return self._warmth_line(requested_language(request.headers))

    def _warmth_line(self, language: Language) -> str:
        warm = self._settings.warm.is_set()
        return status_html(say(language, "warm" if warm else "warming"), "ready" if warm else "warming")

    def _show_environment(self, language: Language) -> str:
        return environment_html(fingerprint(self._settings.out), language)

    # ------------------------------------------------------------ a run

    def _run(self, request: gr.Request, *values: Any) -> Generator[Update, None, None]:
        """Everything from a press of Generate to the last number; closing it ends the work within one step."""
        try:
            submission = self._form.parse(*values)
        except DemoError as error:
            raise refusal(error, self._form.language(values)) from error
        view = RunView.of(submission.request, submission.display)
        yield self._begin(view, submission)
        seen: list[Event] = []
        events_of_run = self._service.run(submission.request)
        with self._runner.follow(_TAB, request.session_hash, events_of_run, _LOOK_EVERY_S) as news:
            for events in news:
                for event in events:
                    picture = None
                    if isinstance(event, ImageReady):
                        picture = self._picture(event, submission)
                        self._albums.add(request.session_hash, event)
                    view = view.after(event, picture)
                seen += events
                yield self._advance(view, {event.model for event in events}, submission)
        update, view = self._finish(view, seen, submission)
        past = PastRun(view, submission, self._form.by_name(values), update[self._table])
        self._strip.runs.add(request.session_hash, past)
        yield update

    def _begin(self, view: RunView, submission: FormSubmission) -> Update:
        waiting = "waiting_device" if self._settings.warm.is_set() else "warming"
        update: Update = {
            self._status: status_html(say(submission.language, waiting), "busy begun"),
            self._seconds: "",
            self._table: "",
            self._form["seed"]: submission.request.seed,
        }
        asked = {run.model.id for run in submission.request.runs}
        for model, column in self._columns.items():
            update[column.head] = column_html(view, model, submission.language) if model in asked else ""
            update[column.results] = ""
        return update

    def _advance(self, view: RunView, models: set[str], submission: FormSubmission) -> Update:
        """Only the columns of `models`, so that a slow one never touches a fast one's images."""
        update: Update = {self._status: gr.skip()}  # even this is an answer, which makes gradio notice who has left
        if models:
            running = say(submission.language, "running", done=view.done, total=len(view.columns))
            update[self._status] = status_html(running, "busy")
        for model in models:
            column = self._columns[model]
            update[column.head] = column_html(view, model, submission.language)
            if view.column(model).pictures:
                update[column.results] = results_html(view, model, submission.request.prompt, submission.language)
        return update

    def _finish(self, view: RunView, seen: list[Event], submission: FormSubmission) -> tuple[Update, RunView]:
        """The table, and every column once more: speed-ups are known only now. Also the view, which is stopped."""
        language = submission.language
        finished = say(language, "finished", done=view.done, total=len(view.columns))
        if not view.over:
            view, finished = view.stop(), say(language, "stopped_status")
        table = comparison_rows(collect(seen, submission.request), submission.request)
        update: Update = {
            self._status: status_html(finished) + share_html(submission.link, language),
            self._seconds: seconds_html(view, language),
            self._table: comparison_html(table, language),
        }
        for column in view.columns:
            update[self._columns[column.model].head] = column_html(view, column.model, language)
        return update, view

    def _picture(self, event: ImageReady, submission: FormSubmission) -> Picture:
        """Keep the image if the visitor wants it kept: a copy, for the folder that is kept is never served."""
        notes = event.notes
        if submission.keep:
            try:
                self._settings.kept.keep(event)
            except DemoError as error:
                notes = (*notes, error.sentence)
        refined_s = event.refinement.seconds if event.refinement else None
        inline = "" if event.path else png_uri(encode_png(event, event.metadata))
        return Picture(event.index, event.seed, event.timing, event.path, notes, refined_s, inline)


def _example(example: str, language: Language) -> str:
    return say(language, example)
