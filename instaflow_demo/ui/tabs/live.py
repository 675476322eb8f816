"""The live tab: an image as you type, and the images on the way from one prompt or seed to another."""

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import gradio as gr
from markupsafe import Markup
from PIL.Image import Image

from ...errors import DemoError, InvalidRequest, ModelUnavailable, Sentence
from ...events import Event, Failed, ImageReady
from ...registry import MODELS
from ...request import FRAMES, GenerationRequest, Limits, check_budget, parse_interpolation
from ...results.animation import MEDIA, encode_animation
from ...service import Service
from ..html import live as html
from ..html.columns import problem, status_html
from ..html.view import jpeg_uri
from ..inputs import Inputs, refusal
from ..listeners import LIVE, ONE_AT_A_TIME, PRIVATE, QUIET
from ..runner import Runner
from ..settings import Settings
from ..text import Language, requested_language, say, translate

_IMAGE, _STRIP, _LOOK_EVERY_S = "live", "interpolation", 0.25
_COUNTED = 10  # images that the rate is taken over
_AT_ONCE: dict[str, Any] = {"concurrency_id": LIVE, "concurrency_limit": 8}
"""Images that are typed wait for their turn in the service, so that none is drawn while others are being timed."""

_ENDS = ("prompts", "seeds")

Update = dict[Any, Any]


@dataclass(frozen=True)
class _Frames:
    """What an interpolation has come to: its images, and each as an item of the strip."""

    request: GenerationRequest
    language: Language
    images: tuple[Image, ...] = ()
    items: tuple[Markup, ...] = ()
    failed: Sentence | None = None
    began: float = field(default_factory=time.perf_counter)
    took_s: float = 0.0

    @property
    def over(self) -> bool:
        return len(self.images) == self.request.images

    def after(self, event: Event) -> "_Frames":
        """The frames once `event` has happened."""
        if isinstance(event, Failed):
            return replace(self, failed=event.message)
        if not isinstance(event, ImageReady):
            return self
        item = html.frame_html(jpeg_uri(event.image), self.name(event.index + 1))
        took_s = time.perf_counter() - self.began
        return replace(self, images=(*self.images, event.image), items=(*self.items, item), took_s=took_s)

    def name(self, number: int) -> str:
        return html.frame_name(number, self.request.images, self.language)


class LiveTab:
    """Builds the tab in the current gradio context and answers its events."""

    def __init__(self, service: Service, settings: Settings, text: gr.I18n, runner: Runner):
        self._service = service
        self._text = text
        self._runner = runner
        self._budget = settings.budget
        self._inputs = Inputs()
        self._models = tuple(model for model in settings.models if MODELS[model].takes_one_step)

    @property
    def offered(self) -> bool:
        """Whether there is a model that is quick enough for this."""
        return bool(self._models)

    # ------------------------------------------------------------ building

    def build(self) -> None:
        with gr.Row(elem_id="live-ask", equal_height=True):
            self._build_image_inputs()
        with gr.Row(elem_id="live"):
            with gr.Column(scale=5, min_width=300):
                self._picture = gr.HTML(html.NO_PICTURE, elem_id="live-picture")
                with gr.Row(visible=False, elem_id="live-scrub") as self._scrub:
                    label = self._text("live_position")
                    self._position = gr.Slider(0, 1, value=1, step=0.01, label=label, elem_id="live-position")
                    self._play = gr.Button(self._text("flow_play"), size="sm", scale=0, elem_id="live-play")
            with gr.Column(scale=4, min_width=300, elem_id="live-way"):
                self._build_interpolation()
        self._strip = gr.HTML("", elem_id="live-strip")
        self._answered = gr.State(())

    def _build_image_inputs(self) -> None:
        t = self._text
        self._inputs["prompt"] = gr.Textbox(
            say("en", "live_from"),
            label=t("live_prompt"),
            placeholder=t("prompt_hint"),
            lines=1,
            scale=5,
            min_width=260,
            elem_id="live-prompt",
        )
        self._roll = gr.Button("🎲", render=False)
        self._inputs["seed"] = self._seed("seed", 7, buttons=[self._roll], elem_id="live-seed", scale=2)
        self._inputs["model"] = gr.Dropdown(
            [(MODELS[model].title, model) for model in self._models],
            value=next(iter(self._models), None),
            label=t("live_model"),
            filterable=False,
            scale=2,
            min_width=170,
            elem_id="live-model",
        )

    def _build_interpolation(self) -> None:
        t = self._text
        gr.HTML(t("live_lead_html"))
        self._inputs["ends"] = gr.Radio(
            [(t(f"live_{end}"), end) for end in _ENDS], value="prompts", label=t("live_ends"), elem_id="live-ends"
        )
        self._inputs["to_prompt"] = gr.Textbox(
            say("en", "live_to"), label=t("live_to_prompt"), lines=1, elem_id="live-to-prompt"
        )
        self._inputs["to_seed"] = self._seed("live_to_seed", 8, visible=False, elem_id="live-to-seed")
        self._inputs["frames"] = gr.Slider(
            FRAMES.low, FRAMES.high, value=FRAMES.default, step=1, label=t("live_frames"), elem_id="live-frames"
        )
        with gr.Row(elem_id="live-actions"):
            self._draw_frames = gr.Button(t("live_draw"), variant="primary", elem_id="live-draw")
            self._stop = gr.Button(t("stop"), variant="stop", elem_id="live-stop")
        self._status = gr.HTML(status_html(""), elem_id="live-status", min_height=28)
        self._files = gr.HTML("", elem_id="live-files")

    def _seed(self, label: str, value: int, **options: Any) -> gr.Number:
        allowed = {"precision": 0, "minimum": 0, "maximum": Limits().seed}
        return gr.Number(value, label=self._text(label), min_width=150, **allowed, **options)

    def connect(self, page: gr.Blocks, tab: gr.Tab) -> None:
        """Wire the events; call it inside the Blocks context, after `build`."""
        inputs = self._inputs
        self._roll.click(None, None, inputs["seed"], js=f"() => Math.floor(Math.random() * {Limits().seed})", **PRIVATE)
        gr.on(
            [inputs["prompt"].input, inputs["seed"].change, inputs["model"].input, tab.select],
            self._draw,
            [self._answered, *inputs.components],
            [self._picture, self._status, self._answered],
            preprocess=False,
            trigger_mode="always_last",
            show_progress="hidden",
            **_AT_ONCE,
            **PRIVATE,
        )
        run = self._draw_frames.click(
            self._interpolate,
            inputs.components,
            [self._status, self._picture, self._strip, self._scrub, self._position, self._files],
            validator=self.validate,
            preprocess=False,
            show_progress="minimal",
            show_progress_on=[self._status],
            **ONE_AT_A_TIME,
            **PRIVATE,
        )
        self._runner.connect_stop(_STRIP, self._stop, self._status, inputs["language"], run)
        self._position.input(None, self._position, None, js="position => instaflow.frame(position)", **PRIVATE)
        self._play.click(None, None, None, js="() => instaflow.play(instaflow.sweep)", **PRIVATE)
        ends = [inputs["to_prompt"], inputs["to_seed"]]
        inputs["ends"].change(_visible_end, inputs["ends"], ends, preprocess=False, **QUIET)
        greeted = [inputs[name] for name in ("language", "model", "prompt", "to_prompt")]
        page.load(self._greet, None, greeted, **QUIET)

    def _greet(self, request: gr.Request) -> Update:
        """The visitor's language with prompts in it, and the models that can be used now."""
        language = requested_language(request.headers)
        here = self._service.availability()
        models = [model for model in self._models if here[model].available]
        choices = [(MODELS[model].title, model) for model in models]
        return {
            self._inputs["language"]: language,
            self._inputs["model"]: gr.Dropdown(choices=choices, value=next(iter(models), None)),
            self._inputs["prompt"]: say(language, "live_from"),
            self._inputs["to_prompt"]: say(language, "live_to"),
        }

    # ------------------------------------------------------------ an image

    def _draw(self, request: gr.Request, answered: Any, *values: Any) -> Generator[Update, None, None]:
        """An image of what is asked for now; of all that is typed meanwhile, gradio asks for the last."""
        began, language = time.perf_counter(), self._inputs.language(values)
        try:
            asked = self._parse_image(self._inputs.by_name(values), "prompt", "seed")
        except DemoError as error:
            yield {self._status: status_html(translate(language, error.sentence), "refused")}
            return
        waits = self._service.waiting > 0
        if waits:
            yield {self._status: status_html(say(language, "live_waiting"))}
        show = partial(self._show, asked, language)
        with self._runner.follow(_IMAGE, request.session_hash, self._service.run(asked), _LOOK_EVERY_S) as news:
            for events in news:
                seconds = None if waits else time.perf_counter() - began
                yield show(events, answered, seconds)

    def _show(
        self,
        asked: GenerationRequest,
        language: Language,
        events: Sequence[Event],
        answered: tuple[float, ...],
        seconds: float | None,
    ) -> Update:
        """The image among the events, or why there is none; `seconds` is how long it took to answer, if that counts."""
        update: Update = {self._status: gr.skip()}  # even this is an answer, which makes gradio notice who has left
        for event in events:
            if isinstance(event, Failed):
                update[self._status] = problem(say(language, "phase_failed"), translate(language, event.message))
            elif isinstance(event, ImageReady):
                if seconds is not None and event.timing.warm:
                    answered = (*answered, seconds)[-_COUNTED:]
                caption = html.speed_text(event.timing, answered, language)
                update = {
                    self._picture: html.picture_html(jpeg_uri(event.image), asked.prompt, caption),
                    self._status: status_html(_notes(event, language)),
                    self._answered: answered,
                }
        return update

    # ------------------------------------------------------------ an interpolation

    def _interpolate(self, request: gr.Request, *values: Any) -> Generator[Update, None, None]:
        """Everything from a press of the button to the files; closing it ends the work within one step."""
        try:
            frames = _Frames(self.parse(*values), self._inputs.language(values))
        except DemoError as error:
            raise refusal(error, self._inputs.language(values)) from error
        waiting = status_html(say(frames.language, "waiting_device"), "busy")
        yield {self._status: waiting, self._strip: "", self._files: "", self._scrub: gr.Row(visible=False)}
        events_of_run = self._service.run(frames.request)
        with self._runner.follow(_STRIP, request.session_hash, events_of_run, _LOOK_EVERY_S) as news:
            for events in news:
                drawn = len(frames.images)
                for event in events:
                    frames = frames.after(event)
                yield self._advance(frames) if len(frames.images) > drawn else {self._status: gr.skip()}
        yield self._finish(frames)

    def _advance(self, frames: _Frames) -> Update:
        drawn, language = len(frames.images), frames.language
        said = f"{frames.name(drawn)} · {html.rate_text(drawn, frames.took_s, language)}"
        return {
            self._status: status_html(said, "busy"),
            self._picture: html.picture_html(jpeg_uri(frames.images[-1]), frames.name(drawn), frames.name(drawn)),
            self._strip: html.strip_html(frames.items, over=False),
        }

    def _finish(self, frames: _Frames) -> Update:
        """The files of all frames, also of those that were drawn before Stop was pressed."""
        language, drawn = frames.language, len(frames.images)
        if frames.failed:
            said = problem(say(language, "phase_failed"), translate(language, frames.failed))
            return {self._status: said}
        done = "live_drawn" if frames.over else "live_stopped"
        rate = f" · {html.rate_text(drawn, frames.took_s, language)}" if drawn else ""
        update: Update = {self._status: status_html(say(language, done, n=drawn) + rate)}
        if drawn > 1:
            update |= {
                self._strip: html.strip_html(frames.items, over=True),
                self._scrub: gr.Row(visible=True),
                self._position: 1,
                self._files: html.files_html(_encode(frames), language),
            }
        return update

    # ------------------------------------------------------------ judging

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """Validate every input before the request joins the queue; gradio shows the sentences."""
        return self._inputs.judge(self.parse, values, self._inputs.names, "prompt")

    def parse(self, *values: Any) -> GenerationRequest:
        """Judge the raw values of an interpolation, in the order of the inputs.

        Raises:
            InvalidRequest: with a sentence for every field that is wrong.
        """
        raw = self._inputs.by_name(values)
        if raw["ends"] not in _ENDS:
            raise InvalidRequest({"ends": Sentence("Choose what the two ends differ in: the prompt, or the seed.")})
        between_prompts = raw["ends"] == "prompts"
        start = self._parse_image(raw, "prompt", "seed")
        end = self._parse_image(raw, *(("to_prompt", "seed") if between_prompts else ("prompt", "to_seed")))
        request = parse_interpolation(start, end, raw["frames"])
        check_budget([request], self._budget, "frames")
        return request

    def _parse_image(self, raw: Mapping[str, Any], prompt: str, seed: str) -> GenerationRequest:
        """The request for one image, from the fields called `prompt` and `seed`."""
        model = raw["model"]
        if model not in self._models:
            raise InvalidRequest({"model": Sentence("Choose one of the models of one step.")})
        try:
            decoder = self._service.find_quickest_decoder(model)
            return GenerationRequest.parse(raw[prompt], [model], seed=raw[seed], save=False, decoder=decoder)
        except ModelUnavailable as error:
            said = error.sentence
            raise InvalidRequest({"model": said}) from error
        except InvalidRequest as error:
            fields = {"prompt": prompt, "seed": seed, "models": "model"}
            problems = {fields.get(name, name): said for name, said in error.problems.items()}
            raise InvalidRequest(problems) from error


def _visible_end(ends: Any) -> list[Any]:
    """The field of the end that is asked for."""
    return [gr.Textbox(visible=ends != "seeds"), gr.Number(visible=ends == "seeds")]


def _notes(event: ImageReady, language: Language) -> str:
    return " ".join(translate(language, note) for note in event.notes)


def _encode(frames: _Frames) -> dict[Any, bytes]:
    """The frames as files of every kind, with what they were made from."""
    request, end = frames.request, frames.request.interpolation
    made_from = {
        "model": request.runs[0].model.id,
        "prompt": request.prompt,
        "seed": request.seed,
        "to": vars(end) if end else {},
    }
    return {kind: encode_animation(frames.images, kind, made_from) for kind in MEDIA}
