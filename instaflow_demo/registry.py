"""The systems that can be compared: one row each, data only. Published figures are in `results`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Literal, TypeVar

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Range(Generic[Number]):
    """A setting's default and its inclusive limits; `low == high` means that the model fixes it."""

    default: Number
    low: Number
    high: Number

    @property
    def fixed(self) -> bool:
        return self.low == self.high

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Kind:
    """What a kind of checkpoint is made of, and what can be chosen for it.

    `components` are its folders; `groups` are networks that are on the device at the same time, where not all of them
    are. `pipeline` is diffusers' name for those that come in one file; `converted` ones are published in a form of
    their own. `float32_vae` keeps the autoencoder in float32 whatever the rest computes in. With `together`, all images
    of a request are always made at once.
    """

    components: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    pipeline: str = "StableDiffusionPipeline"
    takes_lora: bool = False
    chooses_backend: bool = False
    chooses_decoder: bool = False
    converted: bool = False
    float32_vae: bool = False
    together: bool = False


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "latent": Kind(
            components=("tokenizer", "text_encoder", "unet", "vae", "scheduler"),
            groups=(("text_encoder",), ("unet",), ("vae",)),
            takes_lora=True,
            chooses_backend=True,
            chooses_decoder=True,
        ),
        "text2im": Kind(
            components=("tokenizer", "text_encoder", "unet", "upsampler_text_encoder", "upsampler"),
            groups=(("text_encoder", "upsampler_text_encoder"), ("unet",), ("upsampler",)),
            converted=True,
            together=True,
        ),
        "refiner": Kind(
            components=("tokenizer_2", "text_encoder_2", "unet", "vae", "scheduler"),
            groups=(("text_encoder_2",), ("unet",), ("vae",)),
            pipeline="StableDiffusionXLImg2ImgPipeline",
            float32_vae=True,
        ),
    }
)


@dataclass(frozen=True)
class ModelSpec:
    """One system: how it is run, where its weights are, and under which terms.

    `summary_pt` is the summary in Brazilian Portuguese, for the page: all that the page says of a system is in its row.
    `source` is a folder under assets/models for shipped systems, a Hugging Face repository for published ones;
    `delta_base` is the model that this one's difference from can be added to other fine-tunes of.
    `shared` names the folder that holds the components a shipped system has in common with its family. A cascade takes
    `upsampling_steps` more after `steps`, without guidance.
    """

    id: str
    title: str
    summary: str
    family: Literal["shipped", "published"]
    kind: Literal["latent", "text2im", "refiner"]
    steps: Range[int]
    guidance: Range[float]
    size: Range[int]
    source: str
    licence: str
    scheduler: Literal["rectified-flow", "checkpoint"] = "rectified-flow"
    shared: str | None = None
    upsampling_steps: int = 0
    revision: str | None = None
    download_bytes: int = 0
    delta_base: str | None = None
    summary_pt: str = ""

    @property
    def shipped(self) -> bool:
        return self.family == "shipped"

    @property
    def is_rectified_flow(self) -> bool:
        """Whether it is stepped along a rectified flow, and not by the noise schedule of its checkpoint."""
        return self.scheduler == "rectified-flow"

    @property
    def takes_one_step(self) -> bool:
        """Whether it makes an image in one step and never in more."""
        return self.steps.high == 1

    @property
    def traits(self) -> Kind:
        """What its kind of checkpoint is made of, and what can be chosen for it."""
        return KINDS[self.kind]

    @property
    def together(self) -> bool:
        """Whether all images of a request are always made at once, as GLIDE makes them."""
        return self.traits.together


_ONE_STEP = Range(1, 1, 1)
_UNGUIDED = Range(0.0, 0.0, 0.0)
_MINI = Range(256, 256, 256)
_SD_SIZE = Range(512, 256, 768)
_MINI_LICENCE = "Apache-2.0"
_FLOW_LICENCE = "CC-BY-NC-4.0"
_SD_LICENCE = "CreativeML OpenRAIL-M"

_ROWS = (
    ModelSpec(
        id="instaflow-mini",
        title="InstaFlow mini",
        summary="2-rectified flow, then distilled to one step",
        summary_pt="2-rectified flow, depois destilado para um passo",
        family="shipped",
        kind="latent",
        steps=_ONE_STEP,
        guidance=_UNGUIDED,
        size=_MINI,
        source="instaflow-mini",
        shared="mini",
        licence=_MINI_LICENCE,
        delta_base="sd-mini",
    ),
    ModelSpec(
        id="2rf-mini",
        title="2-Rectified Flow mini",
        summary="the teacher after one reflow: nearly straight paths",
        summary_pt="o professor depois de um reflow: caminhos quase retos",
        family="shipped",
        kind="latent",
        steps=Range(25, 1, 50),
        guidance=Range(1.0, 0.0, 5.0),
        size=_MINI,
        source="2rf-mini",
        shared="mini",
        licence=_MINI_LICENCE,
        delta_base="sd-mini",
    ),
    ModelSpec(
        id="sd-mini",
        title="Stable Diffusion mini",
        summary="the teacher, with classifier-free guidance",
        summary_pt="o professor, com orientação sem classificador",
        family="shipped",
        kind="latent",
        steps=Range(25, 1, 100),
        guidance=Range(3.0, 0.0, 15.0),
        size=_MINI,
        source="sd-mini",
        shared="mini",
        licence=_MINI_LICENCE,
    ),
    ModelSpec(
        id="sd-distill-mini",
        title="SD distilled mini",
        summary="the teacher distilled to one step without a reflow: InstaFlow's first rival",
        summary_pt="o professor destilado para um passo sem reflow: o primeiro rival do InstaFlow",
        family="shipped",
        kind="latent",
        steps=_ONE_STEP,
        guidance=_UNGUIDED,
        size=_MINI,
        source="sd-distill-mini",
        shared="mini",
        licence=_MINI_LICENCE,
        delta_base="sd-mini",
    ),
    ModelSpec(
        id="pd-mini",
        title="Progressively distilled mini",
        summary="the teacher's steps halved again and again, down to one: InstaFlow's second rival",
        summary_pt="os passos do professor divididos ao meio até restar um: o segundo rival do InstaFlow",
        family="shipped",
        kind="latent",
        steps=_ONE_STEP,
        guidance=_UNGUIDED,
        size=_MINI,
        source="pd-mini",
        shared="mini",
        licence=_MINI_LICENCE,
        delta_base="sd-mini",
    ),
    ModelSpec(
        id="text2im-mini",
        title="Text2im mini",
        summary="GLIDE's cascade: 64x64 pixels in 100 guided steps, then four times as large",
        summary_pt="a cascata do GLIDE: 64x64 pixels em 100 passos orientados, depois quatro vezes maior",
        family="shipped",
        kind="text2im",
        steps=Range(100, 10, 250),
        guidance=Range(3.0, 0.0, 10.0),
        size=_MINI,
        source="text2im-mini",
        licence=_MINI_LICENCE,
        upsampling_steps=27,
    ),
    ModelSpec(
        id="instaflow-0.9b",
        title="InstaFlow 0.9B",
        summary="the published one-step model, distilled from 2-rectified flow",
        summary_pt="o modelo publicado de um passo, destilado do 2-rectified flow",
        family="published",
        kind="latent",
        steps=_ONE_STEP,
        guidance=_UNGUIDED,
        size=_SD_SIZE,
        source="XCLiu/instaflow_0_9B_from_sd_1_5",
        licence=_FLOW_LICENCE,
        delta_base="sd-1.5",
        download_bytes=2_740_000_000,
    ),
    ModelSpec(
        id="2rf",
        title="2-Rectified Flow",
        summary="the published 2-rectified flow of Stable Diffusion 1.5",
        summary_pt="o 2-rectified flow publicado do Stable Diffusion 1.5",
        family="published",
        kind="latent",
        steps=Range(25, 1, 50),
        guidance=Range(1.5, 0.0, 5.0),
        size=_SD_SIZE,
        source="XCLiu/2_rectified_flow_from_sd_1_5",
        licence=_FLOW_LICENCE,
        delta_base="sd-1.5",
        download_bytes=2_740_000_000,
    ),
    ModelSpec(
        id="sd-1.5",
        title="Stable Diffusion 1.5",
        summary="the published baseline at 25 steps",
        summary_pt="a base de comparação publicada, com 25 passos",
        family="published",
        kind="latent",
        steps=Range(25, 1, 100),
        guidance=Range(5.0, 0.0, 15.0),
        size=_SD_SIZE,
        source="stable-diffusion-v1-5/stable-diffusion-v1-5",
        licence=_SD_LICENCE,
        scheduler="checkpoint",
        download_bytes=2_740_000_000,
    ),
    ModelSpec(
        id="sd-1.4",
        title="Stable Diffusion 1.4",
        summary="the published baseline of the paper's first experiments",
        summary_pt="a base de comparação publicada dos primeiros experimentos do artigo",
        family="published",
        kind="latent",
        steps=Range(25, 1, 100),
        guidance=Range(5.0, 0.0, 15.0),
        size=_SD_SIZE,
        source="CompVis/stable-diffusion-v1-4",
        licence=_SD_LICENCE,
        scheduler="checkpoint",
        download_bytes=2_740_000_000,
    ),
    ModelSpec(
        id="text2im",
        title="Text2im (GLIDE)",
        summary="OpenAI's filtered GLIDE: 64x64 pixels first, then four times as large; no metrics were ever published",
        summary_pt="o GLIDE filtrado da OpenAI: 64x64 pixels, depois quatro vezes maior; nunca se publicaram métricas",
        family="published",
        kind="text2im",
        steps=Range(100, 10, 250),
        guidance=Range(3.0, 0.0, 10.0),
        size=_MINI,
        source="openai/glide-text2im",
        licence="MIT, not for commercial use",
        download_bytes=3_130_000_000,
        upsampling_steps=27,
    ),
)

MODELS: Mapping[str, ModelSpec] = MappingProxyType({row.id: row for row in _ROWS})
REFINER = ModelSpec(
    id="sdxl-refiner",
    title="SDXL refiner",
    summary="no system of its own: it draws the last steps of finished images again",
    family="published",
    kind="refiner",
    steps=Range(15, 15, 15),
    guidance=Range(5.0, 5.0, 5.0),
    size=_SD_SIZE,
    source="stabilityai/stable-diffusion-xl-refiner-1.0",
    licence="CreativeML Open RAIL++-M",
    scheduler="checkpoint",
    download_bytes=6_080_000_000,
)
LOADABLE: Mapping[str, ModelSpec] = MappingProxyType({**MODELS, REFINER.id: REFINER})
"""Everything that has weights: the systems, and the refiner."""
DEFAULT_MODELS = ("instaflow-mini", "2rf-mini", "sd-mini")
