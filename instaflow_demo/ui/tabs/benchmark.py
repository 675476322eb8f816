"""The benchmark's tab: how fast the systems are on this machine, and beside it on somebody else's."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, get_args

import gradio as gr
from markupsafe import Markup

from ...errors import DemoError, InvalidRequest, Sentence
from ...machine import device
from ...machine.environment import fingerprint
from ...registry import MODELS
from ...request import Decoder
from ...results import benchmark
from ...results.benchmark import Benchmark
from ...service import Service
from ..html.columns import problem, status_html
from ..html.timings import Theirs, Timings, progress_html, timings_html
from ..listeners import ONE_AT_A_TIME, PRIVATE, QUIET
from ..runner import UnderWay
from ..settings import Settings
from ..text import LANGUAGES, Language, preferred, say, translate
from .form import BACKENDS

_LOOK_EVERY_S = 0.5
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
    """What the page adds to what `Benchmark.parse` judges; `images` in all, where others wait for the device too."""

    repeats: int = 50
    batches: tuple[int, ...] = (1, 4, 16)
    backends: tuple[str, ...] = BACKENDS
    decoders: tuple[str, ...] = get_args(Decoder)
    images: int = 500


@dataclass(frozen=True)
class Asked:
    """What a visitor wants timed, and what it is shown beside."""

    benchmark: Benchmark
    theirs: Theirs | None
    language: Language


class BenchmarkTab:
    """Builds the tab in the current gradio context and answers its events."""

    def __init__(self, service: Service, settings: Settings, text: gr.I18n):
        self._service = service
        self._settings = settings
        self._text = text
        self._limits = PageLimits()
        self._under_way = UnderWay()
        self._parts: dict[str, Any] = {}

    # ------------------------------------------------------------ building

    def build(self) -> None:
        t = self._text
        self._parts["language"], self._parts["theirs"] = gr.State("en"), gr.State(None)
        self._ours = gr.State(Timings())
        self._left = gr.State(0)  # how often the visitor has left the queue
        gr.HTML(t("bench_lead_html"))
        self._inputs()
        with gr.Row(elem_id="bench-actions"):
            self._start = gr.Button(t("bench_start"), variant="primary", elem_id="bench-start")
            self._stop = gr.Button(t("stop"), elem_id="bench-stop")
        self._status = gr.HTML(status_html(""), elem_id="bench-status", min_height=28)
        self._results = gr.HTML("", elem_id="bench-results")
        with gr.Row(elem_id="bench-import", equal_height=True):
            self._file = gr.HTML(t("bench_import_html"), js_on_load=_READ)
            self._forget = gr.Button(t("bench_forget"), size="sm", scale=0, min_width=200, visible=False)
        self._answer = gr.HTML("", elem_id="bench-answer")

    def _inputs(self) -> None:
        t, limits = self._text, self._limits
        self._parts["models"] = gr.CheckboxGroup(
            [(MODELS[model].title, model) for model in self._settings.models],
            value=list(self._settings.chosen),
            label=t("bench_models"),
            elem_id="bench-models",
        )
        with gr.Row():
            self._parts["repeats"] = gr.Slider(
                1,
                limits.repeats,
                value=5,
                step=1,
                label=t("bench_repeats"),
                info=t("bench_repeats_info"),
                min_width=280,
            )
            self._parts["batches"] = gr.CheckboxGroup(
                [(str(size), size) for size in limits.batches],
                value=[1],
                label=t("bench_batches"),
                info=t("bench_batches_info"),
                elem_id="bench-batches",
                min_width=280,
            )
        with gr.Row():
            self._parts["backends"] = gr.CheckboxGroup(
                list(self._backends()),
                value=["auto"],
                label=t("backend"),
                info=t("backend_info"),
                elem_id="bench-backends",
                min_width=280,
            )
            self._parts["decoders"] = gr.CheckboxGroup(
                list(self._decoders()),
                value=["full"],
                label=t("decoder"),
                info=t("decoder_info"),
                elem_id="bench-decoders",
                min_width=280,
            )
        self._parts["stock"] = gr.Checkbox(True, label=t("bench_stock"), container=False, elem_id="bench-stock")

    def connect(self, page: gr.Blocks, tab: gr.Tab) -> None:
        """Wire the events; call it inside the Blocks context, after `build`."""
        inputs, shown = list(self._parts.values()), [self._parts["language"], self._ours, self._parts["theirs"]]
        run = self._start.click(
            self._run,
            inputs,
            [self._status, self._results, self._ours],
            validator=self.validate,
            preprocess=False,
            show_progress="minimal",
            show_progress_on=[self._status],
            **ONE_AT_A_TIME,
            **PRIVATE,
        )
        run.then(self._shown, shown, [self._results], **QUIET)  # with what was imported meanwhile
        language = self._parts["language"]
        self._stop.click(self._stopped, [language, self._left], [self._status, self._left], **QUIET)
        self._left.change(None, None, None, cancels=[run], **PRIVATE)
        other = [self._parts["theirs"], self._answer, self._forget]
        imported = self._file.submit(self._imported, [language], other, **QUIET)
        forgotten = self._forget.click(self._forgotten, None, other, **QUIET)
        for changed in (imported, forgotten):
            changed.success(self._shown, shown, [self._results], **QUIET)
        greeted = [self._parts[name] for name in ("language", "models", "backends", "decoders")]
        gr.on([page.load, tab.select], self._greet, None, greeted, **QUIET)

    # ------------------------------------------------------------ a visitor arrives

    def _greet(self, request: gr.Request) -> Update:
        """The visitor's language, and what can be timed now."""
        here = self._service.availability()
        models = [(MODELS[model].title, model) for model in self._settings.models if here[model].available]
        return {
            self._parts["language"]: preferred(request.headers.get("accept-language")),
            self._parts["models"]: gr.CheckboxGroup(choices=models),
            self._parts["backends"]: gr.CheckboxGroup(choices=list(self._backends())),
            self._parts["decoders"]: gr.CheckboxGroup(choices=list(self._decoders())),
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

    def _run(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Everything from a press of Start to the last figure; closing it ends the work within one step."""
        try:
            asked = self.parse(*values)
        except DemoError as error:
            raise gr.Error(translate(self._language(values), error.sentence), print_exception=False) from error
        timings, language = Timings.of(asked.benchmark), asked.language
        yield self._changed(timings, 0.0, asked)
        started, passes = time.monotonic(), benchmark.run(self._service, asked.benchmark)
        with self._under_way.batches(request.session_hash, passes, _LOOK_EVERY_S) as news:
            for events in news:
                before = timings
                for event in events:
                    timings = timings.after(event)
                update = self._changed(timings, time.monotonic() - started, asked)
                if timings.rows == before.rows and timings.refused == before.refused:
                    update[self._results] = gr.skip()
                yield update
        timings = replace(timings, environment=fingerprint(self._settings.out))
        said = say(language, "bench_finished", n=timings.done) if timings.over else say(language, "bench_stopped")
        yield {self._status: status_html(said), self._results: gr.skip(), self._ours: timings}

    def _changed(self, timings: Timings, elapsed_s: float, asked: Asked) -> Update:
        return {
            self._status: progress_html(timings, elapsed_s, asked.language),
            self._results: timings_html(timings, asked.theirs, asked.language),
            self._ours: gr.skip(),
        }

    def _shown(self, language: Language, ours: Timings, theirs: Theirs | None, request: gr.Request) -> Any:
        """Both machines, unless a benchmark of the visitor's is under way, which shows its own."""
        if self._under_way.busy(request.session_hash):
            return gr.skip()
        return timings_html(ours, theirs, language)

    async def _stopped(self, language: Language, left: int, request: gr.Request) -> tuple[Any, int]:
        """End the visitor's benchmark, or take it out of the queue, where gradio's way to cancel can be relied on."""
        if await self._under_way.ended(request.session_hash):
            return gr.skip(), left
        return status_html(say(language, "nothing_running")), left + 1

    # ------------------------------------------------------------ another machine

    def _imported(self, language: Language, event: gr.EventData, request: gr.Request) -> tuple[Any, Markup, Any]:
        """What a file says, or why it says nothing."""
        try:
            theirs = read_theirs(_sent(event))
        except DemoError as error:
            return gr.skip(), problem(say(language, "bench_unread"), translate(language, error.sentence)), gr.skip()
        read = say(language, "bench_imported", n=len(theirs.rows), machine=theirs.machine)
        if self._under_way.busy(request.session_hash):
            read = f"{read} {say(language, 'bench_later')}"
        return theirs, status_html(read), gr.Button(visible=True)

    def _forgotten(self) -> tuple[None, str, Any]:
        return None, "", gr.Button(visible=False)

    # ------------------------------------------------------------ judging

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """For every input whether it is good, before a place in the queue is taken; gradio shows the sentences."""
        language = self._language(values)
        problems: dict[str, str] = {}
        try:
            self.parse(*values)
        except InvalidRequest as error:
            for name, sentence in error.problems.items():
                shown_at = name if name in self._parts else "models"
                problems[shown_at] = f"{problems.get(shown_at, '')} {translate(language, sentence)}".strip()
        return [gr.validate(name not in problems, problems.get(name, "")) for name in self._parts]

    def parse(self, *values: Any) -> Asked:
        """Judge raw values in the order of the inputs.

        Raises:
            InvalidRequest: with a sentence for every field that is wrong.
        """
        raw = dict(zip(self._parts, values, strict=True))
        language = self._language(values)
        limits = replace(self._limits, images=2**31) if self._settings.alone else self._limits
        theirs = raw["theirs"] if isinstance(raw["theirs"], Theirs) else None
        return Asked(judged(raw, self._settings.models, limits), theirs, language)

    def _language(self, values: Sequence[Any]) -> Language:
        return values[0] if values and values[0] in LANGUAGES else "en"


def judged(raw: dict[str, Any], models: Iterable[str], limits: PageLimits) -> Benchmark:
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
    chosen = {name: _chosen(raw[name], choices) for name, choices in offered.items()}
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
    return asked


def _chosen(value: Any, choices: Sequence[Any]) -> list[Any]:
    """The choices that are ticked, in their order; none where anything else is among them."""
    if not isinstance(value, list) or any(isinstance(each, bool) or each not in choices for each in value):
        return []
    return [each for each in choices if each in value]


def read_theirs(text: Any) -> Theirs:
    """What a file holds that a browser has read.

    Raises:
        InvalidRequest: with a sentence, when it is too large or no benchmark's.
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
    return Theirs(*benchmark.read_json(text))


def import_html(words: Any) -> str:
    """The field for a file. Fixed text only."""
    return (
        f'<label class="import"><span>{words["bench_import"]}</span>'
        '<input type="file" accept=".json,application/json"></label>'
    )


def _sent(event: gr.EventData) -> Any:
    """The text that came with an event; a forged one may come with anything."""
    try:
        return event.text
    except (AttributeError, TypeError):
        return None
