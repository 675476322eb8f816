"""The inputs of the main tab, and the one way from their raw values to a request."""

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, get_args

import gradio as gr

from ...errors import InvalidRequest, Sentence
from ...machine.device import Device, Dtype
from ...registry import MODELS, ModelSpec, Range
from ...request import RANDOM_SEED, Decoder, GenerationRequest, Limits, check_budget
from ...request.restore import BACKENDS, Restored
from ..html.columns import choice_text
from ..inputs import Inputs, prompt_box
from ..listeners import PRIVATE, QUIET
from ..permalink import write_link
from ..settings import Settings
from ..text import Language, say

EXAMPLES = tuple(f"example_{n}" for n in range(1, 6))  # keys of texts: prompts that the shipped models draw well
STORAGE_KEY = "instaflow-demo-form-1"  # counted up when what is kept changes its meaning
_VISIBLE = ("prompt", "models", "images", "seed")  # whatever is folded away


@dataclass(frozen=True)
class FormSubmission:
    """What a visitor asked for: the request, how the page is to show and keep it, and a link that asks for it again."""

    request: GenerationRequest
    display: bool
    keep: bool
    language: Language
    link: str = ""


class Form(Inputs):
    """Builds the inputs in the current gradio context; `parse` makes a request of their raw values."""

    def __init__(self, settings: Settings, text: gr.I18n):
        super().__init__()
        self._settings = settings
        self._text = text
        self._rows: dict[str, Any] = {}

    # ------------------------------------------------------------ building

    def build_prompt(self) -> None:
        self["prompt"] = prompt_box(self._text, say("en", EXAMPLES[0]), "prompt")

    def build_examples(self) -> dict[str, gr.Button]:
        """Buttons with prompts in the visitor's language, by the key of their text."""
        return {example: gr.Button(self._text(example), size="sm", elem_classes="chip") for example in EXAMPLES}

    def build_models(self, available: Container[str]) -> None:
        """Which models run; only those that are `available` can be ticked."""
        self["models"] = gr.CheckboxGroup(
            choices=self.choices("en", available),
            value=list(self._settings.chosen),
            label=self._text("models"),
            elem_id="models",
        )

    def choices(self, language: Language, models: Container[str]) -> list[tuple[str, str]]:
        """What can be chosen of `models`, each a (text, id) pair."""
        return [(choice_text(MODELS[m], language), m) for m in self._settings.models if m in models]

    def build_numbers(self) -> None:
        """How many images, and from which seed."""
        t, limits = self._text, Limits()
        self["images"] = gr.Number(
            1, label=t("images"), precision=0, minimum=1, maximum=limits.images, min_width=90, elem_id="images"
        )
        self._roll, self._copy = gr.Button("🎲", render=False), gr.Button("📋", render=False)
        self["seed"] = gr.Number(
            0,
            label=t("seed"),
            precision=0,
            minimum=RANDOM_SEED,
            maximum=limits.seed,
            buttons=[self._roll, self._copy],
            scale=2,
            min_width=170,
            elem_id="seed",
        )

    def build_switches(self) -> None:
        """Whether each run has a seed of its own, and whether images are refined."""
        t = self._text
        self["randomise"] = gr.Checkbox(True, label=t("randomise"), container=False, min_width=120, elem_id="randomise")
        # shown to visitors as soon as the refiner's weights are there
        self["refine"] = gr.Checkbox(False, label=t("refine"), info=t("refine_info"), visible=False, elem_id="refine")

    def build_settings(self) -> None:
        """Everything that most visitors leave alone."""
        t = self._text
        self["negative_prompt"] = gr.Textbox(
            "", label=t("negative"), info=t("negative_hint"), lines=1, elem_id="negative"
        )
        for model in self._settings.models:
            self._model_row(MODELS[model])
        with gr.Row():
            self["dtype"] = gr.Radio(list(get_args(Dtype)), value="auto", label=t("dtype"), info=t("dtype_info"))
            self["device"] = gr.Radio(list(get_args(Device)), value="auto", label=t("device"), info=t("device_info"))
        with gr.Row():
            self["backend"] = gr.Radio(
                list(BACKENDS), value="auto", label=t("backend"), info=t("backend_info"), elem_id="backend"
            )
            self["decoder"] = gr.Radio(
                list(get_args(Decoder)), value="full", label=t("decoder"), info=t("decoder_info"), elem_id="decoder"
            )
        with gr.Row():
            modes = [(t("mode_single"), "single"), (t("mode_batch"), "batch")]
            self["mode"] = gr.Radio(modes, value="single", label=t("mode"))
            with gr.Column():
                self["display"] = gr.Checkbox(True, label=t("display"), container=False)
                self["save"] = gr.Checkbox(True, label=t("save"), info=t("save_info"), container=False)

    def _model_row(self, spec: ModelSpec) -> None:
        with gr.Row(visible=spec.id in self._settings.chosen) as self._rows[spec.id]:
            gr.Markdown(f"**{spec.title}**")
            if spec.steps.fixed and spec.guidance.fixed:
                gr.Markdown(self._text("fixed"))
            for name, allowed, step in (
                ("steps", spec.steps, 1),
                ("guidance", spec.guidance, 0.1),
                ("size", spec.size, 64),
            ):
                if not allowed.fixed:
                    self[f"{name}:{spec.id}"] = self._slider(name, allowed, step)

    def _slider(self, name: str, allowed: Range[Any], step: float) -> gr.Slider:
        return gr.Slider(allowed.low, allowed.high, value=allowed.default, step=step, label=self._text(name))

    def build_memory(self) -> None:
        """What the browser keeps of the form, so that a reload changes nothing, and a button that empties it."""
        # the browser's own, which is no secret to it, and must be readable after a restart of the server
        self._kept = gr.BrowserState({}, storage_key=STORAGE_KEY, secret=STORAGE_KEY)
        self.reset = gr.Button(self._text("reset"), size="sm", elem_id="reset")

    @property
    def kept(self) -> gr.BrowserState:
        return self._kept

    @property
    def keep(self) -> dict[str, Any]:
        """An event that has the browser keep what stands in the form."""
        named = [name for name in self.names if name != "language"]
        script = f"(...values) => instaflow.keep({json.dumps(named)}, values)"
        return {"fn": None, "inputs": [self[name] for name in named], "outputs": [self._kept], "js": script, **PRIVATE}

    def connect(self) -> None:
        """Show the settings of the chosen models only, and grey out the negative prompt where none of them uses it."""
        self._connect_seed()
        # gradio tells nothing of the first input after it has filled a field itself, so leaving a field counts too
        events = [getattr(part, name, None) for part in self.components[1:] for name in ("input", "blur", "release")]
        gr.on([event for event in events if event], **self.keep)
        models, negative = self["models"], self["negative_prompt"]
        scales = {name: self[name] for name in self.names if name.startswith("guidance:")}
        models.change(self._visible_rows, models, list(self._rows.values()), preprocess=False, **QUIET)
        gr.on(
            [models.change, *(slider.change for slider in scales.values())],
            partial(self._negative_prompt, tuple(name.partition(":")[2] for name in scales)),
            [models, *scales.values()],
            negative,
            preprocess=False,
            trigger_mode="always_last",
            **QUIET,
        )

    def _connect_seed(self) -> None:
        """A seed that is typed or rolled stays: only a visitor who asks for it gets a new one with every run."""
        seed, randomise = self["seed"], self["randomise"]
        seed.input(None, None, randomise, js="() => false", **PRIVATE)
        roll = f"() => [Math.floor(Math.random() * {Limits().seed}), false]"
        self._roll.click(None, None, [seed, randomise], js=roll, **PRIVATE).then(**self.keep)
        self._copy.click(None, seed, None, js="seed => navigator.clipboard?.writeText(String(seed))", **PRIVATE)

    def _visible_rows(self, chosen: Any) -> dict[Any, Any]:
        names = chosen if isinstance(chosen, list) else []
        return {row: gr.Row(visible=model in names) for model, row in self._rows.items()}

    def _negative_prompt(self, guided: Sequence[str], chosen: Any, *scales: Any) -> Any:
        """The field, grey unless a chosen model's guidance scale is above 1."""
        names = chosen if isinstance(chosen, list) else []
        chosen_scales = (scale for model, scale in zip(guided, scales, strict=True) if model in names)
        heeded = any(isinstance(scale, int | float) and scale > 1 for scale in chosen_scales)
        return gr.Textbox(interactive=heeded, info=self._text("negative_hint" if heeded else "negative_off"))

    def fill(self, restored: Restored) -> dict[Any, Any]:
        """An update that asks for one image with restored settings; fields that they say nothing of stay."""
        values: dict[str, Any] = {name: value for name, value in restored.settings.items() if name in self.names}
        if restored.model:
            values["models"] = [restored.model]
            own = {f"{name}:{restored.model}": value for name, value in restored.settings.items()}
            values |= {name: value for name, value in own.items() if name in self.names}
        if "seed" in values:
            values["randomise"] = False
        return {self[name]: value for name, value in ({"images": 1, "mode": "single"} | values).items()}

    def ask_for(self, request: GenerationRequest) -> dict[Any, Any]:
        """An update that asks for one image as a request of one model does."""
        run = request.runs[0]
        settings = {"prompt": request.prompt, "negative_prompt": request.negative_prompt, "seed": request.seed}
        settings |= {name: getattr(run, name) for name in ("steps", "guidance", "size")}
        return self.fill(Restored(settings, run.model.id, ()))

    # ------------------------------------------------------------ judging

    def validate(self, *values: Any) -> list[dict[str, Any]]:
        """Validate every input before the request joins the queue; gradio shows the sentences."""
        return self.judge(self.parse, values, _VISIBLE, "prompt")

    def parse(self, *values: Any) -> FormSubmission:
        """Judge raw values in the order of `components`.

        Raises:
            InvalidRequest: with a sentence for every field that is wrong.
        """
        raw = self.by_name(values)
        request = GenerationRequest.parse(
            raw["prompt"],
            self._settings.check_offered(raw["models"]),
            negative_prompt=raw["negative_prompt"],
            images=raw["images"],
            seed=RANDOM_SEED if raw["randomise"] is True else raw["seed"],
            steps=self._of_models(raw, "steps"),
            guidance=self._of_models(raw, "guidance"),
            size=self._of_models(raw, "size"),
            batched={"single": False, "batch": True}.get(str(raw["mode"])),
            device=raw["device"],
            dtype=raw["dtype"],
            save=raw["save"],
            refine=raw["refine"] is True,
            backend=_check_backend(raw["backend"]),
            decoder=raw["decoder"],
        )
        check_budget([request], self._settings.budget)
        keep, display = request.save, raw["display"] is not False
        # the service writes every image to the folder that the page shows, and the page keeps what is to be kept
        shown = replace(request, save=True, previews=display)
        return FormSubmission(shown, display, keep, self.language(values), write_link(request, self.defaults))

    @property
    def defaults(self) -> dict[str, Any]:
        """The value of each input as the page is built, by name."""
        return {name: part.value for name, part in zip(self.names, self.components, strict=True)}

    def accept(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Sentence]]:
        """Those of `given` values, by name, that a visitor could have entered, and what is wrong with the others.

        Each is judged by itself, and so is each item of a list.
        """
        accepted: dict[str, Any] = {}
        refused: dict[str, Sentence] = {}
        for name, value in given.items():
            for item in [[each] for each in value[: len(MODELS)]] if isinstance(value, list) else [value]:
                problem = self._find_problem(name, item)
                if problem is not None:
                    refused[name] = problem
                elif isinstance(item, list):
                    accepted[name] = [*accepted.get(name, []), *item]
                else:
                    accepted[name] = item
        return accepted, refused

    def _find_problem(self, name: str, value: Any) -> Sentence | None:
        """Why nobody could have entered this value in an otherwise untouched form."""
        default = self.defaults.get(name)
        cannot = Sentence("“{name}” cannot be “{value:.40}” here.", name=name[:40], value=str(value))
        if name == "language" or default is None:
            return cannot
        model = name.partition(":")[2]
        touched = {"randomise": False, name: value} | ({"models": [model]} if model else {})
        try:
            self.parse(*(self.defaults | touched).values())
        except InvalidRequest as error:
            return error.sentence
        return None if _is_alike(value, default) else cannot

    def _of_models(self, raw: Mapping[str, Any], name: str) -> dict[str, Any]:
        return {key.partition(":")[2]: value for key, value in raw.items() if key.startswith(f"{name}:")}


def _is_alike(value: Any, default: Any) -> bool:
    """Whether a component that has one of them could have the other."""
    kinds = (bool, int | float, str, list)
    kind = next(kind for kind in kinds if isinstance(default, kind))
    return isinstance(value, kind) and isinstance(value, bool) == isinstance(default, bool)


def _check_backend(chosen: Any) -> Any:
    """`chosen` as it is, unless it is one that requests know and this page does not offer."""
    if chosen == "diffusers":
        raise InvalidRequest(
            {"backend": Sentence("The backend must be one of {backends} here.", backends=", ".join(BACKENDS))}
        )
    return chosen
