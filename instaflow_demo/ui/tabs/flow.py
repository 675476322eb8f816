"""The tab of paths: how each model gets from one noise to one image, moment by moment."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import gradio as gr

from ...errors import DemoError
from ...registry import MODELS
from ...request import GenerationRequest, Limits, check_budget
from ...results.stored_paths import FOLDER, load_paths
from ...service import Service
from ..html.columns import choice_text, status_html
from ..html.film import FIRST_SHOWN, Film, film_html, progress_text
from ..inputs import Inputs, prompt_box, refusal
from ..listeners import ONE_AT_A_TIME, PRIVATE, QUIET
from ..runner import Runner
from ..settings import Settings
from ..text import Language, requested_language, say

PROMPT, SEED = "example_1", 7  # the key of a text, and one of its noises in which the paths differ plainly

_TAB, _LOOK_EVERY_S = "flow", 0.25
_SCRUB_STEP = 0.04  # a step of the slider is one of twenty-five

Update = dict[Any, Any]


@dataclass(frozen=True)
class Asked:
    """Whose paths a visitor wants to see."""

    request: GenerationRequest
    language: Language


class FlowTab:
    """Builds the tab in the current gradio context and answers its events."""

    def __init__(self, service: Service, settings: Settings, text: gr.I18n, runner: Runner):
        self._service = service
        self._settings = settings
        self._text = text
        self._runner = runner
        self._inputs = Inputs()
        # a cascade has no one path
        self._models = tuple(model for model in settings.models if MODELS[model].kind == "latent")
        self._films: dict[str, gr.HTML] = {}

    # ------------------------------------------------------------ building

    def build(self) -> None:
        self._build_inputs()
        with gr.Row(elem_id="flow-state"):
            self._status = gr.HTML(status_html(""), elem_id="flow-status", min_height=28)
            gr.HTML(self._text("next_html"), elem_id="flow-next")
        with gr.Accordion(self._text("flow_lead_title"), open=False, elem_id="flow-lead"):
            gr.HTML(self._text("flow_lead_html"))
        self._build_scrubber()
        for model in self._models:
            self._films[model] = gr.HTML("", elem_classes="film-of", elem_id=f"film-{model}")

    def _build_inputs(self) -> None:
        t, limits = self._text, Limits()
        with gr.Row(equal_height=True, elem_id="flow-ask"):
            self._inputs["prompt"] = prompt_box(t, say("en", PROMPT), "flow-prompt")
            self._inputs["seed"] = gr.Number(
                SEED, label=t("seed"), precision=0, minimum=-1, maximum=limits.seed, min_width=110, elem_id="flow-seed"
            )
            self._start = gr.Button(t("flow_start"), variant="primary", min_width=130, elem_id="flow-start")
            self._stop = gr.Button(t("stop"), variant="stop", min_width=130, elem_id="flow-stop")
        self._inputs["models"] = gr.CheckboxGroup(
            self._choices("en", self._models), value=self._chosen, label=t("models"), elem_id="flow-models"
        )

    def _build_scrubber(self) -> None:
        t = self._text
        with gr.Row(elem_id="flow-scrub", equal_height=True):
            self._play = gr.Button(t("flow_play"), size="sm", scale=0, min_width=110, elem_id="flow-play")
            self._time = gr.Slider(
                0, 1, value=FIRST_SHOWN, step=_SCRUB_STEP, label=t("flow_time"), buttons=[], elem_id="flow-time"
            )

    def connect(self, page: gr.Blocks, tab: gr.Tab) -> None:
        """Wire the events; call it inside the Blocks context, after `build`."""
        language, films = self._inputs["language"], list(self._films.values())
        asked = {
            "fn": self._run,
            "inputs": self._inputs.components,
            "outputs": [self._status, self._inputs["seed"], *films],
            "validator": self.validate,
            "preprocess": False,
            "show_progress": "minimal",
            "show_progress_on": [self._status],
            **ONE_AT_A_TIME,
            **PRIVATE,
        }
        run = self._start.click(**asked)
        self._inputs["prompt"].submit(None, None, None, js="() => instaflow.flow.press()", **PRIVATE)
        run.then(None, None, None, js="() => instaflow.flow.over()", **PRIVATE)
        self._runner.connect_stop(_TAB, self._stop, self._status, language, run)
        scrub = "(t) => instaflow.scrub(t)"
        gr.on([self._time.change, *(film.change for film in films)], None, self._time, None, js=scrub, **PRIVATE)
        self._play.click(None, None, None, js="() => instaflow.play()", **PRIVATE)
        greeted = [self._inputs[name] for name in ("language", "prompt", "models")]
        page.load(self._greet, None, greeted, **QUIET)
        seen = gr.State(False)
        tab.select(self._show_stored, [seen], [seen, self._status, *films], **QUIET)

    @property
    def _chosen(self) -> list[str]:
        return [model for model in self._settings.chosen if model in self._models] or list(self._models[:1])

    def _choices(self, language: Language, models: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(choice_text(MODELS[model], language), model) for model in models]

    # ------------------------------------------------------------ a visitor arrives

    def _greet(self, request: gr.Request) -> Update:
        """The visitor's language, a prompt in it, and whose path can be shown now."""
        language = requested_language(request.headers)
        here = self._service.availability()
        models = tuple(model for model in self._models if here[model].available)
        return {
            self._inputs["language"]: language,
            self._inputs["prompt"]: say(language, PROMPT),
            self._inputs["models"]: gr.CheckboxGroup(choices=self._choices(language, models)),
        }

    def _show_stored(self, seen: bool, request: gr.Request) -> Any:
        """Something to look at before anything is pressed: paths of this prompt that were kept. Once for a visitor."""
        untouched = (gr.skip(),) * (len(self._films) + 1)
        if seen or self._runner.busy(_TAB, request.session_hash):
            return True, *untouched
        language = requested_language(request.headers)
        films = _stored_films(language, tuple(self._chosen))
        if not films:
            return True, *untouched
        said = status_html(say(language, "flow_stored"))
        return True, said, *(films.get(model, "") for model in self._films)

    # ------------------------------------------------------------ paths

    def _run(self, request: gr.Request, *values: Any) -> Generator[Update, None, None]:
        """Everything from a press of the button to the last frame; closing it ends the work within one step."""
        try:
            asked = self.parse(*values)
        except DemoError as error:
            raise refusal(error, self._inputs.language(values)) from error
        films = {run.model.id: Film(run) for run in asked.request.runs}
        yield self._begin(asked)
        events = self._service.follow(asked.request)
        with self._runner.follow(_TAB, request.session_hash, events, _LOOK_EVERY_S) as news:
            for happened in news:
                changed: set[str] = set()
                for event in happened:
                    before = films[event.model]
                    films[event.model] = after = before.after(event)
                    if after.over or after.complete != before.complete:
                        changed.add(event.model)
                yield self._advance(films, changed, asked)
        over = all(film.over for film in films.values())
        said = say(asked.language, "flow_finished" if over else "stopped_status")
        others = {film: "" for model, film in self._films.items() if model not in films}
        yield {self._status: status_html(said), **others}

    def _begin(self, asked: Asked) -> Update:
        waiting = "waiting_device" if self._settings.warm.is_set() else "warming"
        update: Update = {film: "" for film in self._films.values()}
        update[self._status] = status_html(say(asked.language, waiting), "busy")
        update[self._inputs["seed"]] = asked.request.seed
        return update

    def _advance(self, films: Mapping[str, Film], changed: set[str], asked: Asked) -> Update:
        """The line of what goes on, and the films of `changed` models alone, for each is large."""
        line = progress_text(list(films.values()), asked.language)
        update: Update = {self._status: status_html(line, "busy")}
        for model in changed:
            update[self._films[model]] = film_html(films[model], asked.request.prompt, asked.language)
        return update

    # ------------------------------------------------------------ judging

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """Validate every input before the request joins the queue; gradio shows the sentences."""
        return self._inputs.judge(self.parse, values, self._inputs.names, "prompt")

    def parse(self, *values: Any) -> Asked:
        """Judge raw values in the order of the inputs.

        Raises:
            InvalidRequest: with a sentence for every field that is wrong.
        """
        raw = self._inputs.by_name(values)
        models = self._settings.check_offered(raw["models"], self._models)
        request = GenerationRequest.parse(raw["prompt"], models, seed=raw["seed"], save=False)
        check_budget([request], self._settings.budget, "models")
        return Asked(request, self._inputs.language(values))


@cache
def _stored_films(language: Language, models: tuple[str, ...]) -> Mapping[str, str]:
    """The films of the kept paths of these models, by model."""
    stored = load_paths(FOLDER / language, models)
    if stored is None:
        return {}
    request, events = stored
    films = {run.model.id: Film(run) for run in request.runs}
    for event in events:
        films[event.model] = films[event.model].after(event)
    return {model: film_html(film, request.prompt, language) for model, film in films.items()}
