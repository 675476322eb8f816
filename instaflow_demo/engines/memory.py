"""How much memory a model needs, estimated before it is loaded, and how it is made to fit.

Nothing here slices attention: PyTorch's own takes memory in proportion to the pixels, and slices would only be slower.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..errors import OutOfMemory, Sentence
from ..machine.device import Placement
from ..registry import ModelSpec
from ..weights.files import SCALE, json_object, require_regular_file
from ..weights.locate import ModelFiles, unreadable, variant_of, weight_files

WORTH_SAYING = 10**9  # bytes
TILE = 256  # pixels a side of what is decoded at a time where decoding is tiled

# Live numbers at the peak of one evaluation, per pixel of the input and unit of the network's first width; for a
# decoder per pixel of the output. Counted for Stable Diffusion, GLIDE and the shipped models at 256 to 768 pixels.
_LIVE = {"unet": 17, "upsampler": 10, "vae": 6}
# kernels and the allocator take more: an H100 held 0.64 GB beside Text2im's weights, where 0.51 GB are counted
_SPARE = 1.3


@dataclass(frozen=True)
class Plan:
    """How a model is fitted into a device's memory; `note` tells the user what that costs.

    `one_by_one` decodes one image of a batch after another, `tiled` each in overlapping tiles, and `offloaded` keeps on
    the device only the networks that are at work.
    """

    one_by_one: bool = False
    tiled: bool = False
    offloaded: bool = False
    note: Sentence | None = None


WHOLE = Plan()
PLANS = (
    WHOLE,
    Plan(one_by_one=True, note=Sentence("Memory is short: images are decoded one by one.")),
    Plan(
        one_by_one=True,
        tiled=True,
        note=Sentence("Memory is short: images are decoded in tiles, which can show faint seams."),
    ),
    Plan(
        one_by_one=True,
        tiled=True,
        offloaded=True,
        note=Sentence("Memory is short: each network is on the device only while it works, which is slower."),
    ),
)


@dataclass(frozen=True)
class Need:
    """Bytes that a model needs: its networks, in groups that work together, and what one image takes at each stage.

    `always_resident` is what stays on the device however the model is fitted in: a safety checker.
    """

    groups: tuple[int, ...]
    sampling: int
    decoding: int = 0
    decoding_tile: int = 0
    always_resident: int = 0

    def held(self, plan: Plan) -> int:
        """What the networks take."""
        return (max(self.groups) if plan.offloaded else sum(self.groups)) + self.always_resident

    def total(self, plan: Plan, images: int) -> int:
        """What they take together with a pass of so many images."""
        decoded = self.decoding_tile if plan.tiled else self.decoding
        return self.held(plan) + max(images * self.sampling, decoded if plan.one_by_one else images * decoded)


def estimate_need(
    spec: ModelSpec, files: ModelFiles, placement: Placement, size: int, *, guided: bool, checker: Path | None = None
) -> Need:
    """What a model needs for images of `size` pixels; `guided` evaluates each of them twice at once.

    `checker` is the folder of the safety checker that looks at them.

    Raises:
        ModelUnavailable: when its files cannot be read.
    """
    try:
        always_resident = _parameters(checker) * 4 if checker else 0  # it computes in float32
        return replace(_estimate_networks(spec, files, placement, size, guided), always_resident=always_resident)
    except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
        raise unreadable(spec, files, f"{type(error).__name__}: {error}") from error


def _estimate_networks(spec: ModelSpec, files: ModelFiles, placement: Placement, size: int, guided: bool) -> Need:
    # OpenVINO keeps weights as it read them beside those that it compiled, so bfloat16 saves nothing there
    item = 4 if placement.backend == "openvino" else placement.torch_dtype.itemsize
    full = 4 if spec.traits.float32_vae else item  # bytes of a number in the autoencoder, which it keeps in float32
    groups = tuple(
        sum(_parameters(files.component(name)) * (full if name == "vae" else item) for name in group)
        for group in spec.traits.groups
    )
    if spec.kind == "text2im":
        base, upsampler = (_config(files.component(name)) for name in ("unet", "upsampler"))
        drawn = activation_bytes("unet", _width(base), base["sample_size"], item) * (1 + guided)
        enlarged = activation_bytes("upsampler", _width(upsampler), upsampler["sample_size"], item)
        return Need(groups, max(drawn, enlarged))
    unet, vae = (_config(files.component(name)) for name in ("unet", "vae"))
    latents = size // 2 ** (len(vae["block_out_channels"]) - 1)
    sampling = activation_bytes("unet", _width(unet), latents, item) * (1 + guided)
    decoding, tile = (activation_bytes("vae", _width(vae), pixels, full) for pixels in (size, min(size, TILE)))
    return Need(groups, sampling, decoding, tile)


def activation_bytes(part: str, width: int, side: int, item: int) -> int:
    """Bytes at the peak of one evaluation: of a network of that first width, for `side` pixels or latents a side."""
    return int(_SPARE * _LIVE[part] * side**2 * width * item)


def choose(need: Need, images: int, free: int, placement: Placement) -> Plan:
    """The fastest plan that fits into `free` bytes, else the most frugal one."""
    plans = plans_for(placement)
    return next((plan for plan in plans if need.total(plan, images) <= free), plans[-1])


def plans_for(placement: Placement) -> Sequence[Plan]:
    """All plans, the fastest first; on a CPU there is nowhere to offload to."""
    return [plan for plan in PLANS if placement.device.startswith("cuda") or not plan.offloaded]


def memory_notes(spec: ModelSpec, need: Need, plan: Plan, images: int, free: int) -> tuple[Sentence, ...]:
    """A note about what is needed and what is free; none for small models that fit."""
    needed = need.total(plan, images)
    if plan == WHOLE and needed < WORTH_SAYING:
        return ()
    said = Sentence(
        "{title} needs about {size:.1f} GB of memory, {free:.1f} GB free.",
        title=spec.title,
        size=needed / 1e9,
        free=free / 1e9,
    )
    return (said,)


def refuse_hopeless(spec: ModelSpec, need: Need, free: int, placement: Placement) -> None:
    """Loading what cannot fit takes minutes, and on a CPU it can take the machine down.

    Raises:
        OutOfMemory: when not even the networks fit.
    """
    least = min(need.held(plan) for plan in plans_for(placement))
    if least <= free:
        return
    facts = {"title": spec.title, "size": least / 1e9, "device": placement.device, "free": free / 1e9}
    if placement.device.startswith("cuda"):
        raise OutOfMemory(
            "{title} needs at least {size:.1f} GB of memory on {device}, and {free:.1f} GB are free: close other "
            "programs, choose the device “cpu”, or choose a smaller model.",
            **facts,
        )
    raise OutOfMemory(
        "{title} needs at least {size:.1f} GB of memory on {device}, and {free:.1f} GB are free: close other "
        "programs, or choose a smaller model.",
        **facts,
    )


def _config(folder: Path) -> dict:
    return json_object(folder / "config.json")


def _width(config: dict) -> int:
    return config["block_out_channels"][0]


def _parameters(folder: Path) -> int:
    """How many numbers a network's weights are, without reading them."""
    names = {path.name for path in folder.iterdir()}
    variant = variant_of(names, half_first=True)
    chosen = [require_regular_file(folder / name) for name in weight_files(names, variant)]
    if variant and variant[0] == "bin":
        return sum(file.stat().st_size for file in chosen) // (2 if variant[1] else 4)
    return sum(map(_numbers, chosen))


def _numbers(file: Path) -> int:
    """How many numbers a file holds, the scales of those in 8 bits left out."""
    with safe_open(file, "pt") as tensors:
        names = [name for name in tensors.keys() if not name.endswith(SCALE)]  # noqa: SIM118 - it is no mapping
        return sum(math.prod(tensors.get_slice(name).get_shape()) for name in names)
