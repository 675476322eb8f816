"""The benchmark's tab: how fast the systems are on this machine, beside the figures of another one."""

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, get_args

import gradio as gr
from markupsafe import Markup

from ...errors import DemoError, InvalidRequest, Sentence
from ...machine import device
from ...machine.environment import fingerprint
from ...registry import MODELS
from ...request import Decoder, check_budget
from ...results import benchmark, benchmark_file
from ...results.benchmark import Benchmark
from ...service import Service
from ..html.columns import problem, status_html
from ..html.timings import Theirs, Timings, progress_html, timings_html
from ..inputs import Inputs, refusal
from ..listeners import ONE_AT_A_TIME, PRIVATE, QUIET, READING
from ..runner import Runner
from ..settings import Settings
from ..text import Language, machine_text, requested_language, say, translate
from .form import BACKENDS

_TAB, _LOOK_EVERY_S = "benchmark", 0.5
_MOST_BYTES = 200 * 1024  # of a file, as the browser sends it

# the routes for uploads are closed, so the browser reads the file and sends its text like everything else
_READ = f"""element.addEventListener("change", async event => {{
    const file = event.target.files?.[0];
    if (!file) return;
    const text = file.size <= {_MOST_BYTES} ? await file.text() : null;
    event.target.value = "";
    const fits = new Blob([JSON.stringify(text)]).size <= {_MOST_BYTES};
    trigger("submit", {{text: fits ? text : null}});
}})"""

Update = dict[Any, Any]


@dataclass(frozen=True)
class PageLimits:
    """Limits beyond those of `Benchmark.parse`; `images` and `image_steps` are of all cases, where others wait."""

    repeats: int = 50
    batches: tuple[int, ...] = (1, 4, 16)
    backends: tuple[str, ...] = BACKENDS
    decoders: tuple[str, ...] = get_args(Decoder)
    images: int = 500
    image_steps: float | None = None


@dataclass(frozen=True)
class Asked:
    """What a visitor wants timed, and the rows of another machine to show it beside."""

    benchmark: Benchmark
    theirs: Theirs | None
    language: Language


class BenchmarkTab:
    """Builds the tab in the current gradio context and answers its events."""

    def __init__(self, service: Service, settings: Settings, text: gr.I18n, runner: Runner):
        self._service = service
        self._settings = settings
        self._text = text
        self._limits = PageLimits()
        self._runner = runner
        self._inputs = Inputs()

    # ------------------------------------------------------------ building

    def build(self) -> None:
        t = self._text
        self._inputs["theirs"] = gr.State(None)
        self._ours = gr.State(Timings())
        gr.HTML(t("bench_lead_html"))
        self._build_inputs()
        with gr.Row(elem_id="bench-actions"):
            self._start = gr.Button(t("bench_start"), variant="primary", elem_id="bench-start")
            self._stop = gr.Button(t("stop"), elem_id="bench-stop")
        self._status = gr.HTML(status_html(""), elem_id="bench-status", min_height=28)
        self._results = gr.HTML("", elem_id="bench-results")
        with gr.Row(elem_id="bench-import", equal_height=True):
            self._file = gr.HTML(t("bench_import_html"), js_on_load=_READ)
            self._forget = gr.Button(t("bench_forget"), size="sm", scale=0, min_width=200, visible=False)
        self._answer = gr.HTML("", elem_id="bench-answer")

    def _build_inputs(self) -> None:
        t, limits = self._text, self._limits
        self._inputs["models"] = gr.CheckboxGroup(
            [(MODELS[model].title, model) for model in self._settings.models],
            value=list(self._settings.chosen),
            label=t("bench_models"),
            elem_id="bench-models",
        )
        with gr.Row():
            self._inputs["repeats"] = gr.Slider(
                1,
                limits.repeats,
                value=5,
                step=1,
                label=t("bench_repeats"),
                info=t("bench_repeats_info"),
                min_width=280,
            )
            self._inputs["batches"] = gr.CheckboxGroup(
                [(str(size), size) for size in limits.batches],
                value=[1],
                label=t("bench_batches"),
                info=t("bench_batches_info"),
                elem_id="bench-batches",
                min_width=280,
            )
        with gr.Row():
            self._inputs["backends"] = gr.CheckboxGroup(
                list(self._backends()),
                value=["auto"],
                label=t("backend"),
                info=t("backend_info"),
                elem_id="bench-backends",
                min_width=280,
            )
            self._inputs["decoders"] = gr.CheckboxGroup(
                list(self._decoders()),
                value=["full"],
                label=t("decoder"),
                info=t("decoder_info"),
                elem_id="bench-decoders",
                min_width=280,
            )
        self._inputs["stock"] = gr.Checkbox(True, label=t("bench_stock"), container=False, elem_id="bench-stock")

    def connect(self, page: gr.Blocks, tab: gr.Tab) -> None:
        """Wire the events; call it inside the Blocks context, after `build`."""
        language, theirs = self._inputs["language"], self._inputs["theirs"]
        show = {"fn": self._show, "inputs": [language, self._ours, theirs], "outputs": [self._results], **QUIET}
        run = self._start.click(
            self._run,
            self._inputs.components,
            [self._status, self._results, self._ours],
            validator=self.validate,
            preprocess=False,
            show_progress="minimal",
            show_progress_on=[self._status],
            **ONE_AT_A_TIME,
            **PRIVATE,
        )
        run.then(**show)  # with what was imported meanwhile
        self._runner.connect_stop(_TAB, self._stop, self._status, language, run)
        other = [theirs, self._answer, self._forget]
        self._file.submit(self._import, [language], other, **READING).success(**show)
        self._forget.click(self._clear_import, None, other, **QUIET).success(**show)
        greeted = [self._inputs[name] for name in ("language", "models", "backends", "decoders")]
        gr.on([page.load, tab.select], self._greet, None, greeted, **QUIET)

    # ------------------------------------------------------------ a visitor arrives

    def _greet(self, request: gr.Request) -> Update:
        """The visitor's language, and what can be timed now."""
        here = self._service.availability()
        models = [(MODELS[model].title, model) for model in self._settings.models if here[model].available]
        return {
            self._inputs["language"]: requested_language(request.headers),
            self._inputs["models"]: gr.CheckboxGroup(choices=models),
            self._inputs["backends"]: gr.CheckboxGroup(choices=list(self._backends())),
            self._inputs["decoders"]: gr.CheckboxGroup(choices=list(self._decoders())),
        }

    def _backends(self) -> Iterator[str]:
        """Those of the page's backends that can run here. OpenVINO needs a CPU, which is known once torch is there."""
        for backend in self._limits.backends:
            if backend != "openvino" or (find_spec("openvino") and self._on_cpu()):
                yield backend

    def _decoders(self) -> Iterator[str]:
        """Those of the decoders that can run here: the one in 8 bits needs OpenVINO."""
        for decoder in self._limits.decoders:
            if decoder != "int8" or "openvino" in self._backends():
                yield decoder

    def _on_cpu(self) -> bool:
        return not self._settings.warm.is_set() or device.choose("auto", "auto").device == "cpu"

    # ------------------------------------------------------------ a benchmark

    def _run(self, request: gr.Request, *values: Any) -> Generator[Update, None, None]:
        """Everything from a press of Start to the last figure; closing it ends the work within one step."""
        try:
            asked = self.parse(*values)
        except DemoError as error:
            raise refusal(error, self._inputs.language(values)) from error
        timings, language = Timings.of(asked.benchmark), asked.language
        yield self._advance(timings, 0.0, asked)
        started, passes = time.monotonic(), benchmark.run(self._service, asked.benchmark)
        with self._runner.follow(_TAB, request.session_hash, passes, _LOOK_EVERY_S) as news:
            for events in news:
                before = timings
                for event in events:
                    timings = timings.after(event)
                update = self._advance(timings, time.monotonic() - started, asked)
                if timings.rows == before.rows and timings.refused == before.refused:
                    update[self._results] = gr.skip()
                yield update
        timings = replace(timings, environment=fingerprint(self._settings.out))
        said = say(language, "bench_finished", n=timings.done) if timings.over else say(language, "bench_stopped")
        yield {self._status: status_html(said), self._results: gr.skip(), self._ours: timings}

    def _advance(self, timings: Timings, elapsed_s: float, asked: Asked) -> Update:
        return {
            self._status: progress_html(timings, elapsed_s, asked.language),
            self._results: timings_html(timings, asked.theirs, asked.language),
            self._ours: gr.skip(),
        }

    def _show(self, language: Language, ours: Timings, theirs: Theirs | None, request: gr.Request) -> Any:
        """Both machines, unless the visitor's benchmark is under way, which shows them itself."""
        if self._runner.busy(_TAB, request.session_hash):
            return gr.skip()
        return timings_html(ours, theirs, language)

    # ------------------------------------------------------------ another machine

    def _import(self, language: Language, event: gr.EventData, request: gr.Request) -> tuple[Any, Markup, Any]:
        """The rows of a file, or why it cannot be read."""
        try:
            theirs = read_theirs(_text_of(event))
        except DemoError as error:
            return gr.skip(), problem(say(language, "bench_unread"), translate(language, error.sentence)), gr.skip()
        read = say(language, "bench_imported", n=len(theirs.rows), machine=machine_text(theirs.machine, language))
        if self._runner.busy(_TAB, request.session_hash):
            read = f"{read} {say(language, 'bench_later')}"
        return theirs, status_html(read), gr.Button(visible=True)

    def _clear_import(self) -> tuple[None, str, Any]:
        return None, "", gr.Button(visible=False)

    # ------------------------------------------------------------ judging

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """Validate every input before the request joins the queue; gradio shows the sentences."""
        return self._inputs.judge(self.parse, values, self._inputs.names, "models")

    def parse(self, *values: Any) -> Asked:
        """Judge raw values in the order of the inputs.

        Raises:
            InvalidRequest: with a sentence for every field that is wrong.
        """
        raw, language = self._inputs.by_name(values), self._inputs.language(values)
        images = 2**31 if self._settings.alone else self._limits.images
        limits = replace(self._limits, images=images, image_steps=self._settings.budget)
        theirs = raw["theirs"] if isinstance(raw["theirs"], Theirs) else None
        return Asked(parse_benchmark(raw, self._settings.models, limits), theirs, language)


def parse_benchmark(raw: Mapping[str, Any], models: Iterable[str], limits: PageLimits) -> Benchmark:
    """The benchmark that raw values ask for.

    Raises:
        InvalidRequest: with a sentence for every field that is wrong.
    """
    offered = {
        "models": tuple(models),
        "batches": limits.batches,
        "backends": limits.backends,
        "decoders": limits.decoders,
    }
    chosen = {name: _ticked_choices(raw[name], choices) for name, choices in offered.items()}
    problems = {
        name: Sentence(
            "Choose at least one, and nothing but these: {choices}.", choices=", ".join(map(str, offered[name]))
        )
        for name, values in chosen.items()
        if not values and not (name == "backends" and raw["stock"] is True and raw[name] == [])
    }
    repeats = raw["repeats"]
    if not isinstance(repeats, int) or isinstance(repeats, bool) or not 1 <= repeats <= limits.repeats:
        problems["repeats"] = Sentence("Repeats must be a whole number from 1 to {most:,}.", most=limits.repeats)
    if problems:
        raise InvalidRequest(problems)
    asked = Benchmark.parse(
        chosen["models"],
        repeats=repeats,
        backends=[*chosen["backends"], *["diffusers"] * (raw["stock"] is True)],
        decoders=chosen["decoders"],
        batches=chosen["batches"],
    )
    images = sum(case.batch for case in asked.cases) * (repeats + 1)
    if images > limits.images:
        raise InvalidRequest(
            {
                "repeats": Sentence(
                    "That would be {n} images, and others wait for this machine: choose fewer repeats, models or "
                    "batch sizes, for at most {most}.",
                    n=images,
                    most=limits.images,
                )
            }
        )
    requests = [case.request for case in asked.cases]
    check_budget(requests * (repeats + 1), limits.image_steps, "repeats")
    return asked


def _ticked_choices(value: Any, choices: Sequence[Any]) -> list[Any]:
    """The choices that are ticked, in their order; none where anything else is among them."""
    if not isinstance(value, list) or any(isinstance(each, bool) or each not in choices for each in value):
        return []
    return [each for each in choices if each in value]


def read_theirs(text: Any) -> Theirs:
    """The machine and the rows in the text of a file, which a browser has read.

    Raises:
        InvalidRequest: with a sentence, when it is too large or not a benchmark's.
    """
    if not isinstance(text, str) or len(text) > _MOST_BYTES:
        raise InvalidRequest(
            {
                "file": Sentence(
                    "Only text files of at most {kb} KB are read: choose a file that “benchmark --json” wrote.",
                    kb=_MOST_BYTES // 1024,
                )
            }
        )
    return Theirs(*benchmark_file.read_json(text))


def import_html(words: Any) -> str:
    """The field for a file. Fixed text only."""
    return (
        f'<label class="import"><span>{words["bench_import"]}</span>'
        '<input type="file" accept=".json,application/json"></label>'
    )


def _text_of(event: gr.EventData) -> Any:
    """The text that came with an event; a forged event may come with anything."""
    try:
        return event.text
    except (AttributeError, TypeError):
        return None
