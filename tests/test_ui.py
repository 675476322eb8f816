"""What visitors are told when something fails, as the code itself says it, in both languages."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
import torch
from huggingface_hub import errors
from page import FAST, ready
from test_paths import REFUSED
from transformers import CLIPTokenizer

from app import REMEDY
from instaflow_demo import engines
from instaflow_demo.engines import memory
from instaflow_demo.engines.backends.compiled import COMPILING, NOT_COMPILED
from instaflow_demo.engines.backends.eager import no_decoder
from instaflow_demo.engines.batches import Batch, run_batches
from instaflow_demo.engines.conversion import ALIKE, CONVERTING, NOT_CONVERTED, NOT_KEPT, TAKEN_OVER, UNCONVERTED
from instaflow_demo.engines.conversion import gain_note as gained_by_openvino
from instaflow_demo.engines.latent import gain_note
from instaflow_demo.engines.pixels import to_uint8_host
from instaflow_demo.engines.unread import NEGATIVE, PROMPT, Reader
from instaflow_demo.errors import DemoError, DeviceUnavailable, Sentence
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine import caches, device
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.benchmark import Benchmark
from instaflow_demo.ui.text import translate
from instaflow_demo.weights import hub
from instaflow_demo.weights.locate import MODELS_DIR, ModelFiles, Weights

CPU = Placement("cpu", "float32")


def sentences(folder: Path) -> Iterator[str]:
    """What visitors meet most often, as the code itself says it."""
    weights = Weights(converted_dir=folder)
    yield from (weights.availability(spec).reason for spec in MODELS.values() if not spec.shipped)
    raw: dict[str, Any] = {"negative_prompt": "blue", "steps": 2, "guidance": 2}
    yield from GenerationRequest.parse("a dog", FAST, **raw).notes
    texts = {PROMPT: "a dog " * 40 + "🐕", NEGATIVE: "Ω"}
    tokenizer = CLIPTokenizer.from_pretrained(MODELS_DIR / "mini/tokenizer", local_files_only=True)
    yield from Reader("InstaFlow mini", tokenizer, 32).notes(texts)
    yield from idle(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("torch.cuda.is_available", lambda: False)
        patch.setattr(device, "has_fast_half", lambda: False)
        yield from device.choose("cpu", "float16").notes
        try:
            device.choose("cuda", "auto")
        except DeviceUnavailable as error:
            yield error.sentence
    yield from (no_decoder(decoder).sentence for decoder in ("int8", "tiny"))
    yield from (COMPILING, gain_note(5.8), NOT_COMPILED)
    yield from (CONVERTING, NOT_CONVERTED, NOT_KEPT, UNCONVERTED, ALIKE, TAKEN_OVER, gained_by_openvino(5.8))
    for placement, found in ((Placement("cuda", "float16"), True), (Placement("cpu", "float16"), True), (CPU, None)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(device, "choose", lambda *_, placement=placement: placement)
            patch.setattr("instaflow_demo.engines.placement.find_spec", lambda _, found=found: found)
            request = GenerationRequest.parse("a dog", FAST, backend="openvino")
            yield raised(partial(engines.choose_placement, request, MODELS[FAST]))


def idle(folder: Path) -> Iterator[str]:
    """What is said of options without effect, and of what is left out of texts."""
    (folder / "ink.safetensors").touch()
    lora = {"loras": [f"{folder / 'ink.safetensors'}:0"]}
    for model, raw in (
        ("sd-mini", {"guidance": 0.5, "batched": True, "negative_prompt": " "}),
        ("text2im-mini", {"images": 2, "backend": "openvino", "decoder": "tiny", "size": 512}),
        (FAST, {"negative_prompt": "blue\x00", "refine": True, "delta_from": "sd-mini", **lora}),
        (FAST, {"prompt": "a\x00dog\x01"}),
    ):
        notes = GenerationRequest.parse(**{"prompt": "a dog", "models": model, **raw}).notes
        assert notes
        yield from notes
    yield from Benchmark.parse([FAST], backends=["openvino", "eager", "diffusers"], decoders=["int8"]).notes


def raised(work: Callable[[], Any]) -> str:
    with pytest.raises(DemoError) as caught:
        work()
    return caught.value.sentence


def failures(folder: Path) -> Iterator[str]:
    """What keeps published models from being found, fetched and loaded, as the code itself says it."""
    published, weights = MODELS["2rf"], Weights(converted_dir=folder)
    yield raised(lambda: weights.use_folder("2rf", str(folder / "none")))
    yield from (
        raised(lambda named=named: weights.use_folder("2rf", str(named(mixed(folder))))) for named, _ in REFUSED
    )
    yield from unkept(folder)
    yield raised(lambda: weights.use_folder("2rf", str(folder)))
    (folder / "base.pt").touch()
    yield raised(lambda: weights.use_folder("text2im", str(folder)))
    yield raised(lambda: memory.estimate_need(published, ModelFiles(folder), CPU, 512, guided=True))
    yield raised(lambda: Weights(models_dir=folder).locate(MODELS[FAST]))
    need = memory.Need((2 * 10**9,), 10**9)
    yield from memory.memory_notes(published, need, memory.WHOLE, 1, 10**9)
    yield raised(lambda: memory.refuse_hopeless(published, need, 10**9, CPU))
    yield from (plan.note for plan in memory.PLANS if plan.note)
    yield raised(lambda: to_uint8_host(torch.full((1, 3, 2, 2), torch.nan)))

    def no_memory(_: Batch) -> Iterator[Any]:
        yield from ()
        raise MemoryError

    (run,) = GenerationRequest.parse("a dog", "2rf").runs
    yield raised(lambda: list(run_batches([Batch(("a dog",), (7,))], no_memory, run, CPU)))


def mixed(folder: Path) -> Path:
    """A new folder in it."""
    return Path(tempfile.mkdtemp(dir=folder))


def unkept(folder: Path) -> Iterator[str]:
    """What is said of folders that cannot be written to, with a spare one and without."""
    (folder / "file").touch()
    for spare in (folder, folder / "file"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tempfile, "tempdir", str(spare))
            kinds: tuple[caches.Kind, ...] = ("conversions", "compiled code", "downloads")
            notes = {kind: caches.keep(folder / "file", kind, Path)[1] for kind in kinds}
            if spare != folder:
                patch.setattr("instaflow_demo.weights.hub.list_files", lambda _: ("c" * 40, []))
                patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "file"))
                notes["downloads"] = raised(lambda: list(hub.download(MODELS["2rf"], half=False)))
            yield from notes.values()
    yield raised(lambda: Gallery(folder / "file", remedy=REMEDY).save(ready(FAST, 0, 1.0), {}))


def refusals(folder: Path) -> Iterator[str]:
    """What downloads end with."""
    answer = httpx.Response(404, request=httpx.Request("GET", "http://hub"))
    refused = (
        errors.GatedRepoError("no", response=answer),
        errors.RepositoryNotFoundError("no", response=answer),
        errors.OfflineModeIsEnabled("no"),
        OSError("no route"),
    )
    for error in refused:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("huggingface_hub.HfApi.model_info", Mock(side_effect=error))
            yield raised(lambda: list(hub.download(MODELS["2rf"], half=False)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSTAFLOW_DEMO_HOME", str(folder))
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        yield raised(lambda: list(hub.download(MODELS["text2im"], half=False)))
        patch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
        yield raised(lambda: list(hub.download(MODELS["text2im"], half=False)))


def test_what_visitors_are_told_remembers_how_to_say_it_in_portuguese(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """test_sentences.py has a translation for every template; this is for what would be no `Sentence` at all."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    said = [*sentences(tmp_path), *failures(tmp_path), *refusals(tmp_path)]
    assert len(said) > 26
    for sentence in said:
        assert isinstance(sentence, Sentence), sentence
        assert translate("pt-BR", sentence) != sentence, sentence
        assert translate("en", sentence) == sentence
