"""The endpoints that programs call: typed, described on gradio's page of the API, in the queue like all visitors."""

# gradio's function for endpoints is public, and not exported by its types
# pyright: reportPrivateImportUsage=false

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, TypeVar

import gradio as gr

from ..errors import DemoError
from ..events import ImageReady
from ..gallery import encode_png
from ..machine.environment import fingerprint
from ..registry import MODELS
from ..request import RANDOM_SEED, GenerationRequest, check_budget
from ..results import benchmark_file
from ..results.benchmark import Timed, run
from ..results.report import Outcome, collect, results_json
from ..service import Service
from .html.view import png_uri
from .inputs import refusal
from .listeners import ONE_AT_A_TIME
from .runner import Runner
from .settings import Settings
from .tabs.benchmark import PageLimits, parse_benchmark
from .text import requested_language, translate

_TAB, _LOOK_EVERY_S = "api", 0.25
Item = TypeVar("Item")

MODEL_FIELDS = ("id", "title", "summary", "family", "source", "licence")


class Api:
    """Adds the endpoints to the page that is being built. They refuse what the page would refuse."""

    def __init__(self, service: Service, settings: Settings, runner: Runner):
        self._service = service
        self._settings = settings
        self._runner = runner

    def build(self) -> None:
        gr.api(self._endpoint_models(), api_name="models", concurrency_limit=None)
        gr.api(self._endpoint_generate(), api_name="generate", **ONE_AT_A_TIME)
        gr.api(self._endpoint_compare(), api_name="compare", **ONE_AT_A_TIME)
        gr.api(self._endpoint_benchmark(), api_name="benchmark", **ONE_AT_A_TIME)

    def _endpoint_models(self) -> Callable[..., Any]:
        def models(request: gr.Request) -> list[dict[str, Any]]:
            """The models that are offered here, and whether each can run now, or else what is missing."""
            return self._list_models(request)

        return models

    def _endpoint_generate(self) -> Callable[..., Any]:
        def generate(
            prompt: str,
            request: gr.Request,
            model: str = "instaflow-mini",
            images: int = 1,
            seed: int = RANDOM_SEED,
            negative_prompt: str = "",
            steps: int | None = None,
            guidance: float | None = None,
            size: int | None = None,
            decoder: str = "full",
        ) -> dict[str, Any]:
            """Draw images of a prompt with one model: its times, and each image as a data URI of a PNG.

            A seed of -1 is drawn; steps, guidance and size are the model's own where they are left out.

            Args:
                prompt: What the image shows, in English or Portuguese, such as "a red heart on a blue background".
                model: The id of a model that `models` lists as available.
                images: How many, from 1 to 8.
                seed: The first image's; the next ones count on. The same seed draws the same image.
                negative_prompt: What the image is not to show; only models with guidance above 1 heed it.
                steps: Denoising steps: more take longer.
                guidance: How closely the prompt is followed; 1 is without guidance.
                size: The image's width and height in pixels.
                decoder: "full", or a quicker one where the model has it: "int8" or "tiny".
            """
            options = {"steps": steps, "guidance": guidance, "size": size}
            asked = {"images": images, "seed": seed, "negative_prompt": negative_prompt, "decoder": decoder, **options}
            return self._run(request, prompt, [model], asked)

        return generate

    def _endpoint_compare(self) -> Callable[..., Any]:
        def compare(
            prompt: str,
            request: gr.Request,
            models: list[str] = list(self._settings.chosen),  # noqa: B006 - read for the endpoint's description
            images: int = 1,
            seed: int = RANDOM_SEED,
            negative_prompt: str = "",
        ) -> dict[str, Any]:
            """Draw images of a prompt with several models in turn, from the same seeds: their times, and data URIs.

            Args:
                prompt: What the images show, in English or Portuguese, such as "a red heart on a blue background".
                models: Ids of models that `models` lists as available.
                images: How many of each model, from 1 to 8.
                seed: The first image's, for every model; the next ones count on. -1 is drawn.
                negative_prompt: What the images are not to show; only models with guidance above 1 heed it.
            """
            asked = {"images": images, "seed": seed, "negative_prompt": negative_prompt}
            return self._run(request, prompt, models, asked)

        return compare

    def _endpoint_benchmark(self) -> Callable[..., Any]:
        def benchmark(
            request: gr.Request,
            models: list[str] = list(self._settings.chosen),  # noqa: B006 - read for the endpoint's description
            repeats: int = 3,
            backends: list[str] = ["auto"],  # noqa: B006
            decoders: list[str] = ["full"],  # noqa: B006
            batches: list[int] = [1],  # noqa: B006
            stock: bool = False,
        ) -> dict[str, Any]:
            """Time models, with `stock` the stock pipeline too, and answer with what `benchmark --json` writes.

            Args:
                models: Ids of models that `models` lists as available.
                repeats: How often each is timed, after a run that warms it up.
                backends: What runs the networks: any of "auto", "eager" and "openvino".
                decoders: What makes pixels of latents: any of "full", "int8" and "tiny".
                batches: How many images are drawn at once, such as 1 and 4.
                stock: Whether the stock diffusers pipeline is timed beside them.
            """
            raw = {"models": models, "repeats": repeats, "backends": backends, "decoders": decoders}
            return self._time(request, raw | {"batches": batches, "stock": stock})

        return benchmark

    def _list_models(self, request: gr.Request) -> list[dict[str, Any]]:
        language = requested_language(request.headers)
        availability = self._service.availability()
        return [
            {name: getattr(MODELS[model], name) for name in MODEL_FIELDS}
            | {
                "steps": MODELS[model].steps.default,
                "size": MODELS[model].size.default,
                "available": availability[model].available,
                "missing": translate(language, availability[model].reason) or None,
            }
            for model in self._settings.models
        ]

    def _run(self, request: gr.Request, prompt: Any, models: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
        """All of a run, in a thread of its own like the page's.

        Raises:
            gr.Error: with the sentence of what is wrong.
        """
        language = requested_language(request.headers)
        try:
            self._settings.check_offered(models)
            parsed = GenerationRequest.parse(prompt, models, save=False, **asked)
            check_budget([parsed], self._settings.budget)
        except DemoError as error:
            raise refusal(error, language) from error
        outcomes = collect(self._follow(self._service.run(parsed), request), parsed)
        said = results_json(fingerprint(self._settings.out), parsed, outcomes)
        return {**said, "results": [_add_images(*each) for each in zip(said["results"], outcomes, strict=True)]}

    def _time(self, request: gr.Request, raw: Mapping[str, Any]) -> dict[str, Any]:
        try:
            asked = parse_benchmark(raw, self._settings.models, PageLimits(image_steps=self._settings.budget))
        except DemoError as error:
            raise refusal(error, requested_language(request.headers)) from error
        rows = {
            event.case: event.row
            for event in self._follow(run(self._service, asked), request)
            if isinstance(event, Timed)
        }
        return benchmark_file.results_json(fingerprint(self._settings.out), list(rows.values()))

    def _follow(self, items: Generator[Item, None, None], request: gr.Request) -> Iterator[Item]:
        with self._runner.follow(_TAB, request.session_hash, items, _LOOK_EVERY_S) as news:
            for latest in news:
                yield from latest


def _add_images(said: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    pairs = zip(said["images"], outcome.images, strict=True)
    return {**said, "images": [{**image, "image": _inline(event)} for image, event in pairs]}


def _inline(event: ImageReady) -> str:
    return png_uri(encode_png(event, event.metadata))
