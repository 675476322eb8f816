"""Forecasts against what networks really hold, and models made to fit."""

import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import small_refiner
import small_sd
import torch
from served import ROOT
from small_glide import save_converted
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from instaflow_demo.engines import memory, offload
from instaflow_demo.engines.latent import LatentEngine
from instaflow_demo.engines.memory import PLANS, WHOLE, Need
from instaflow_demo.engines.text2im import Text2ImEngine
from instaflow_demo.errors import ModelUnavailable, OutOfMemory
from instaflow_demo.events import Event, Failed, ImageReady, Loading
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine import device, environment
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS, REFINER
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import ModelFiles, Weights

CPU, GPU = Placement("cpu", "float32"), Placement("cuda", "float16")
ONE_BY_ONE, TILED, OFFLOADED = PLANS[1:]
SD = MODELS["sd-mini"]


class Live(TorchDispatchMode):
    """Counts the bytes of the storages that operations make and that are still referred to."""

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in tree_iter(made):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self._sizes[storage._cdata] = storage.nbytes()
                weakref.finalize(tensor, self._sizes.pop, storage._cdata, 0)
        self.peak = max(self.peak, sum(self._sizes.values()))
        return made


@pytest.fixture(scope="module")
def files() -> ModelFiles:
    return Weights().locate(SD)


@pytest.fixture
def engine(files: ModelFiles) -> LatentEngine:
    return LatentEngine.load(SD, files, CPU)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Say how many bytes are free."""
    return lambda count: monkeypatch.setattr(device, "free_bytes", lambda placement: count)


def draw(engine: LatentEngine, images: int = 2, steps: int = 1) -> list[ImageReady]:
    request = GenerationRequest.parse("a big dog", SD.id, seed=7, images=images, steps=steps, batched=True)
    return [event for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady)]


def difference(one: list[ImageReady], other: list[ImageReady]) -> tuple[float, float]:
    """The largest and the mean, in levels."""
    gaps = [
        (torch.frombuffer(bytearray(a.image.tobytes()), dtype=torch.uint8).int()
         - torch.frombuffer(bytearray(b.image.tobytes()), dtype=torch.uint8).int()).abs()
        for a, b in zip(one, other, strict=True)
    ]  # fmt: skip
    gap = torch.stack(gaps).float()
    return gap.max().item(), gap.mean().item()


def test_networks_are_counted_without_reading_them(engine: LatentEngine, files: ModelFiles) -> None:
    need = memory.estimate_need(SD, files, CPU, 256, guided=True)
    networks = [network for part in ("text_encoder", "unet", "vae") for network in engine._networks.modules(part)]
    assert len(networks) == 3
    assert need.groups == tuple(sum(p.numel() * 4 for p in network.parameters()) for network in networks)
    assert memory.estimate_need(SD, files, GPU, 256, guided=True).groups == tuple(size // 2 for size in need.groups)


@pytest.mark.parametrize("stored", [{"safetensors": False}, {"variant": "fp16"}], ids=["bin", "fp16"])
def test_networks_are_counted_however_they_are_stored(tmp_path: Path, stored: dict) -> None:
    made = small_sd.networks()
    if "variant" in stored:
        for network in made:
            network.half()
    folder = small_sd.save_published(tmp_path / "sd", made, **stored)
    need = memory.estimate_need(MODELS["sd-1.5"], ModelFiles(folder), GPU, 512, guided=True)
    wanted = [sum(p.numel() * 2 for p in network.parameters()) for network in made]
    assert need.groups == pytest.approx(wanted, rel=0.25)  # .bin files have headers, which weigh in such small ones


def test_a_cascade_s_networks_are_counted_and_offloaded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, files = MODELS["text2im"], ModelFiles(save_converted(tmp_path))
    engine = Text2ImEngine.load(spec, files, CPU)
    (words, base), (more_words, upsampler) = engine._base, engine._upsampler
    sizes = [sum(p.numel() * 4 for p in network.parameters()) for network in (words, more_words, base, upsampler)]
    need = memory.estimate_need(spec, files, CPU, 256, guided=True)
    assert need.groups == (sizes[0] + sizes[1], sizes[2], sizes[3])
    request = GenerationRequest.parse("a dog", "text2im", steps=10, seed=7)
    whole, moves = [event for event in engine.generate(request, request.runs[0])][-1], []
    engine.apply(OFFLOADED)
    engine.placement = replace(CPU, device="cpu:0")
    monkeypatch.setattr(offload, "place", lambda networks, where: moves.append((len(networks), where)))
    again = [event for event in engine.generate(request, request.runs[0])][-1]
    assert moves == [(count, where) for count in (2, 1, 1) for where in ("cpu:0", "cpu")]
    assert isinstance(whole, ImageReady)
    assert isinstance(again, ImageReady)
    assert whole.sha256 == again.sha256


def test_the_forecast_covers_what_is_alive_at_the_peak(engine: LatentEngine, files: ModelFiles) -> None:
    """Not by much: a forecast of twice as much would send models away for nothing."""
    need = memory.estimate_need(SD, files, CPU, 256, guided=True)
    unet, vae = (engine._networks.modules(part)[0] for part in ("unet", "vae"))
    states, latents = torch.zeros(2, 32, unet.config["cross_attention_dim"]), torch.zeros(2, 8, 32, 32)
    with torch.inference_mode(), Live() as sampling:
        unet(latents, torch.tensor(1.0), encoder_hidden_states=states)
    with torch.inference_mode(), Live() as decoding:
        vae.decode(latents[:1])
    assert sampling.peak < need.sampling < 2 * sampling.peak
    assert decoding.peak < need.decoding < 2 * decoding.peak


@torch.inference_mode()
def test_the_refiner_s_forecast_covers_what_is_alive_at_the_peak_of_its_full_size() -> None:
    """On a device where tensors have shapes and no numbers."""
    with torch.device("meta"):
        text_encoder, unet, vae = small_refiner.full_size_networks()
        conditions = {"text_embeds": torch.zeros(2, 1280), "time_ids": torch.zeros(2, 5)}
        latents, states, pixels = torch.zeros(2, 4, 64, 64), torch.zeros(2, 77, 1280), torch.zeros(1, 3, 512, 512)
        with Live() as sampling:
            unet(latents, torch.zeros(()), encoder_hidden_states=states, added_cond_kwargs=conditions)
        with Live() as decoding:
            vae.decode(latents[:1])
        with Live() as encoding:
            vae.encode(pixels)
    parameters = sum(p.numel() for network in (text_encoder, unet, vae) for p in network.parameters())
    assert parameters * 2 == pytest.approx(REFINER.download_bytes, rel=0.01)
    assert sampling.peak < 2 * memory.activation_bytes("unet", 384, 64, 4) < 2 * sampling.peak
    assert encoding.peak < decoding.peak < memory.activation_bytes("vae", 128, 512, 4) < 2 * decoding.peak


def test_the_fastest_plan_that_fits_is_chosen() -> None:
    need = Need(groups=(1, 10, 2), sampling=1, decoding=8, decoding_tile=2)
    fitting = [memory.choose(need, 4, free, GPU) for free in (45, 44, 21, 20, 17, 16, 0)]
    assert fitting == [WHOLE, ONE_BY_ONE, ONE_BY_ONE, TILED, TILED, OFFLOADED, OFFLOADED]
    assert memory.choose(need, 4, 0, CPU) == TILED


def test_the_manual_states_the_plans_of_common_cards() -> None:
    """For the parameters and widths of Stable Diffusion 1.5."""
    names = dict(zip(PLANS, ("whole", "one by one", "tiled", "offloaded"), strict=True))
    lines = (ROOT / "assets/docs/models.md").read_text(encoding="utf-8").splitlines()
    for number, (images, size) in enumerate(((1, 512), (8, 512), (1, 768), (8, 768))):
        need = memory.Need(
            tuple(count * 2 for count in (123_060_480, 859_520_964, 83_653_863)),
            memory.activation_bytes("unet", 320, size // 8, 2) * 2,
            memory.activation_bytes("vae", 128, size, 2),
            memory.activation_bytes("vae", 128, memory.TILE, 2),
        )
        stated = {row[0]: row[number + 1] for row in table(lines, "card")}
        assert stated.pop("needs") == f"{need.total(WHOLE, images) / 1e9:.1f} GB"
        cards = {card: int(int(card.removesuffix(" GB")) * 0.9e9) for card in stated}
        assert stated == {card: names[memory.choose(need, images, free, GPU)] for card, free in cards.items()}


def table(lines: list[str], first: str) -> Iterator[list[str]]:
    """The rows of the Markdown table whose first column is called so."""
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first} |"))
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_images_do_not_depend_on_the_plan(engine: LatentEngine) -> None:
    whole = draw(engine)
    for plan in (ONE_BY_ONE, TILED, OFFLOADED):  # one tile covers these images
        engine.apply(plan)
        most, _ = difference(whole, draw(engine))
        assert most <= 1  # batches round differently


def test_tiles_show_next_to_nothing(engine: LatentEngine) -> None:
    latents = torch.randn(1, 8, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        whole = engine._decode(latents, "full")().float()
        engine.apply(TILED)
        with Live() as live:
            tiled = engine._decode(latents, "full")().float()
    assert whole.shape == tiled.shape == (1, 512, 512, 3)
    assert 0 < (whole - tiled).abs().mean() < 3
    engine.apply(WHOLE)
    with torch.inference_mode(), Live() as untiled:
        engine._decode(latents, "full")()
    assert live.peak < untiled.peak / 2


def test_an_offloaded_network_is_on_the_device_only_while_it_works(
    engine: LatentEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = []

    def place(networks, where) -> None:
        moves.extend((type(network).__name__, where) for network in networks)

    engine.apply(OFFLOADED)
    engine.placement = replace(CPU, device="cpu:0")  # a name to tell the device from where networks wait
    monkeypatch.setattr(offload, "place", place)
    draw(engine)
    names = ("CLIPTextModel", "UNet2DConditionModel", "AutoencoderKL")
    assert moves == [(name, where) for name in names for where in ("cpu:0", "cpu")]


def test_a_model_that_cannot_fit_is_refused_before_it_is_loaded(tmp_path: Path, free: Callable) -> None:
    service, request = Service(Weights(), Gallery(tmp_path)), GenerationRequest.parse("a big dog", SD.id, steps=1)
    free(50_000_000)
    (failed,) = service.run(request)
    assert isinstance(failed, Failed)
    assert "needs at least 0.1 GB of memory on cpu, and 0.1 GB are free" in failed.message
    free(10**12)
    assert any(isinstance(event, ImageReady) for event in service.run(request))
    service.close()


def test_the_cpu_is_the_remedy_for_a_full_gpu() -> None:
    with pytest.raises(OutOfMemory, match="choose the device “cpu”"):
        memory.refuse_hopeless(SD, Need((10**9,), 1), 10**8, GPU)


def loaded(events: list[Event]) -> list[str]:
    return [event.model for event in events if isinstance(event, Loading)]


def test_models_make_way_the_least_recently_used_first(
    tmp_path: Path, files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory for two: what is loaded is subtracted from what is free, as a real device would."""
    service = Service(Weights(), Gallery(tmp_path))
    one = memory.estimate_need(SD, files, CPU, 256, guided=True).total(WHOLE, 1)
    monkeypatch.setattr(
        device, "free_bytes", lambda placement: int(2.2 * one) - sum(each.held for each in service.pool.loaded)
    )

    def run(*models: str) -> list[str]:
        return loaded(list(service.run(GenerationRequest.parse("a dog", models, steps=1, save=False))))

    assert run("instaflow-mini", "sd-mini") == ["instaflow-mini", "sd-mini"]
    assert run("instaflow-mini") == []
    assert run("2rf-mini") == ["2rf-mini"]  # instead of sd-mini
    assert run("instaflow-mini") == []
    assert run("sd-mini") == ["sd-mini"]  # instead of 2rf-mini
    assert run("instaflow-mini") == []
    service.close()


def test_nothing_makes_way_for_a_model_that_cannot_fit_even_so(
    tmp_path: Path, files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    one = memory.estimate_need(SD, files, CPU, 256, guided=True).total(WHOLE, 1)
    monkeypatch.setattr(
        device, "free_bytes", lambda placement: int(2.2 * one) - sum(each.held for each in service.pool.loaded)
    )
    big = memory.estimate_need
    monkeypatch.setattr(
        memory,
        "estimate_need",
        lambda spec, *rest, **options: Need((3 * one,), 1) if spec.id == "2rf-mini" else big(spec, *rest, **options),
    )
    list(service.run(GenerationRequest.parse("a dog", SD.id, steps=1, save=False)))
    (failed,) = service.run(GenerationRequest.parse("a dog", "2rf-mini", steps=1, save=False))
    assert isinstance(failed, Failed)
    assert [each.key.model for each in service.pool.loaded] == [SD.id]
    service.close()


def test_short_memory_is_said_with_every_image(tmp_path: Path, files: ModelFiles, free: Callable) -> None:
    need = memory.estimate_need(SD, files, CPU, 256, guided=True)
    free(need.total(ONE_BY_ONE, 4))
    service = Service(Weights(), Gallery(tmp_path))
    request = GenerationRequest.parse("a dog", SD.id, steps=1, images=4, batched=True, save=False)
    events = list(service.run(request))
    assert any("Stable Diffusion mini needs about" in note for note in events[0].notes)
    assert all(ONE_BY_ONE.note in event.notes for event in events if isinstance(event, ImageReady))
    service.close()


def test_a_checkpoint_that_cannot_be_counted_is_a_sentence(tmp_path: Path) -> None:
    folder = small_sd.save_published(tmp_path / "sd")
    (folder / "unet/config.json").write_text("{")
    with pytest.raises(ModelUnavailable, match=r"config\.json is not valid JSON"):
        memory.estimate_need(MODELS["sd-1.5"], ModelFiles(folder), CPU, 512, guided=True)


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    def write(limit: str) -> Path:
        for name, said in (("max", limit), ("current", "700"), ("stat", "anon 500\ninactive_file 200\n")):
            (tmp_path / f"memory.{name}").write_text(said)
        return tmp_path

    yield write


def test_a_container_s_limit_counts(container: Callable[..., Path], tmp_path: Path) -> None:
    assert environment.free_of_container(container("1000")) == 500
    assert environment.free_of_container(container("max")) > 2**60
    assert environment.free_of_container(tmp_path / "none") > 2**60
