"""The SDXL refiner, tiny: against the stock pipeline, through the service, and where it is missing or too large."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline
from PIL import Image
from small_refiner import save_refiner, tiny_networks
from small_sd import save_published
from terminal import demo
from test_safety import save_checker

from instaflow_demo.cli.progress import show
from instaflow_demo.engines import memory
from instaflow_demo.engines.memory import PLANS, WHOLE
from instaflow_demo.engines.refiner import STRENGTH, Refiner
from instaflow_demo.errors import ModelUnavailable
from instaflow_demo.events import Done, Event, ImageReady, Loading, Step, Unrefined
from instaflow_demo.gallery import Gallery, read_metadata
from instaflow_demo.machine import device
from instaflow_demo.machine.device import Placement
from instaflow_demo.measure import Timing
from instaflow_demo.registry import MODELS, REFINER
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.report import collect, comparison_rows, results_json
from instaflow_demo.service import Service
from instaflow_demo.ui.html.columns import column_html, results_html
from instaflow_demo.ui.html.view import Picture, RunView
from instaflow_demo.ui.runner import Runner
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.compare import ComparePage
from instaflow_demo.ui.tabs.form import Form
from instaflow_demo.ui.text import TEXTS
from instaflow_demo.weights.locate import ModelFiles, Weights, parse_folders

CPU = Placement("cpu", "float32")
FAST = "instaflow-mini"
PROMPT = "a big dog"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_refiner(tmp_path_factory.mktemp("refiner") / "sdxl")


@pytest.fixture(scope="module")
def refiner(checkpoint: Path) -> Refiner:
    return Refiner.load(ModelFiles(checkpoint), CPU)


def ask(**options: Any) -> GenerationRequest:
    models = options.pop("models", FAST)
    return GenerationRequest.parse(PROMPT, models, **({"seed": 7, "refine": True, "backend": "eager"} | options))


def picture(size: int = 64) -> Image.Image:
    noise = torch.randint(0, 256, (8, 8, 3), generator=torch.Generator().manual_seed(0))
    return Image.fromarray(noise.to(torch.uint8).numpy()).resize((size, size))


def refined(refiner: Refiner, seed: int = 7, image: Image.Image | None = None, **options: Any) -> ImageReady:
    event = ImageReady(FAST, 0, seed, image or picture(), Timing(1, 1, 0.1, 0.1, 0.1, True), sha256="before")
    *_, last = refiner.refine(event, ask(**options))
    assert isinstance(last, ImageReady)
    return last


def pixels(event: ImageReady) -> np.ndarray:
    return np.asarray(event.image).astype(int)


def images(events: list[Event]) -> list[ImageReady]:
    return [event for event in events if isinstance(event, ImageReady)]


def served(folder: Path | None, out: Path, **settings: Any) -> Service:
    return Service(Weights(folders={REFINER.id: folder} if folder else {}), Gallery(out), **settings)


def run(folder: Path | None, out: Path, **options: Any) -> list[Event]:
    service = served(folder, out)
    events = list(service.run(ask(**options)))
    service.close()
    return events


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


# ---------------------------------------------------------------- the refiner itself


@pytest.mark.parametrize("negative", ["", "blue"])
def test_images_are_those_of_the_stock_pipeline(refiner: Refiner, checkpoint: Path, negative: str) -> None:
    stock = StableDiffusionXLImg2ImgPipeline.from_pretrained(checkpoint, local_files_only=True, add_watermarker=False)
    stock.set_progress_bar_config(disable=True)
    made = stock(
        PROMPT,
        negative_prompt=negative,
        image=picture(),
        generator=torch.Generator().manual_seed(7),
    ).images[0]  # its defaults, as the authors of InstaFlow called it: 30 % of 50 steps, guidance 5
    ours = pixels(refined(refiner, negative_prompt=negative))
    assert np.abs(np.asarray(made).astype(int) - ours).max() <= 1


def test_only_the_last_steps_are_taken(refiner: Refiner) -> None:
    event = ImageReady(FAST, 2, 7, picture(), Timing(1, 1, 0.1, 0.1, 0.1, True), sha256="")
    *steps, last = refiner.refine(event, ask())
    assert [step.step for step in steps if isinstance(step, Step)] == list(range(1, int(50 * STRENGTH) + 1))
    assert {(s.model, s.image, s.images, s.steps, s.stage) for s in steps if isinstance(s, Step)} == {
        (FAST, 2, 1, 15, "refine")
    }
    assert isinstance(last, ImageReady) and last.refinement
    assert 0 < steps[0].elapsed_s < steps[-1].elapsed_s < last.refinement.seconds


def test_an_image_depends_on_image_prompts_and_seed_alone(refiner: Refiner) -> None:
    first, other = refined(refiner), refined(refiner, seed=8)
    again = refined(refiner)
    assert first.sha256 == again.sha256
    assert len({event.sha256 for event in (first, other, refined(refiner, negative_prompt="blue"))}) == 3


def test_size_stays_and_the_image_does_not(refiner: Refiner) -> None:
    for size in (64, 128):
        before = picture(size)
        after = refined(refiner, image=before)
        assert after.image.size == (size, size)
        assert np.abs(pixels(after) - np.asarray(before)).mean() > 1


@pytest.mark.parametrize("plan", PLANS[1:], ids=lambda plan: plan.note[:40])
def test_images_do_not_depend_on_the_plan(refiner: Refiner, plan: memory.Plan) -> None:
    whole = pixels(refined(refiner))
    refiner.apply(plan)  # one tile covers this image
    fitted = pixels(refined(refiner))
    refiner.apply(WHOLE)
    assert np.abs(whole - fitted).max() <= 1


def test_half_precision_reads_the_files_made_for_it(tmp_path: Path, refiner: Refiner) -> None:
    half = Refiner.load(ModelFiles(save_refiner(tmp_path / "half", "fp16")), Placement("cpu", "bfloat16"))
    assert (half._unet.dtype, half._vae.dtype) == (torch.bfloat16, torch.float32)
    assert np.abs(pixels(refined(half)) - pixels(refined(refiner))).mean() < 8


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("unet/diffusion_pytorch_model.safetensors", "is not a safetensors file"),
        ("vae/config.json", "is not valid JSON"),
    ],
)
def test_damaged_files_are_a_sentence(tmp_path: Path, part: str, said: str) -> None:
    folder = save_refiner(tmp_path / "sdxl")
    (folder / part).write_bytes(b"garbled")
    with pytest.raises(ModelUnavailable, match=f"{part} {said}"):
        Refiner.load(ModelFiles(folder), CPU)


def test_another_model_s_folder_is_a_sentence(tmp_path: Path) -> None:
    """SDXL's base has folders of the same names, and a U-Net that is told one more number."""
    folder = save_refiner(tmp_path / "sdxl", networks=tiny_networks(numbers=6))
    with pytest.raises(ModelUnavailable, match="holds another model"):
        Refiner.load(ModelFiles(folder), CPU)


def test_its_memory_is_counted(refiner: Refiner, checkpoint: Path) -> None:
    need = memory.estimate_need(REFINER, ModelFiles(checkpoint), CPU, 256, guided=True)
    networks = (refiner._text_encoder, refiner._unet, refiner._vae)
    assert need.groups == tuple(sum(p.numel() * 4 for p in network.parameters()) for network in networks)
    half = memory.estimate_need(REFINER, ModelFiles(checkpoint), Placement("cuda", "float16"), 256, guided=True)
    text_encoder, unet, vae = need.groups
    assert half.groups == (text_encoder // 2, unet // 2, vae)  # the autoencoder stays in float32
    assert half.sampling == pytest.approx(need.sampling / 2)
    assert half.decoding == need.decoding


# ---------------------------------------------------------------- where its weights are


def test_without_weights_a_sentence_says_what_to_do(empty_cache: None) -> None:
    state = Weights().availability(REFINER)
    assert not state.available
    for words in ("6.1 GB", "CreativeML Open RAIL++-M", f"hf download {REFINER.source}"):
        assert words in state.reason


def test_it_is_found_in_the_cache_and_in_a_given_folder(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "f" * 40
    repository = tmp_path / f"models--{REFINER.source.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(commit)
    (repository / "snapshots").mkdir()
    (repository / "snapshots" / commit).symlink_to(checkpoint)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert Weights().locate(REFINER).commit == commit
    given = Weights(folders=parse_folders([f"{REFINER.id}={checkpoint}"]))
    assert given.availability(REFINER).found == str(checkpoint)


def test_it_is_no_system_to_compare() -> None:
    assert REFINER.id not in MODELS


# ---------------------------------------------------------------- through the service


def test_images_are_refined_once_their_model_is_done(checkpoint: Path, tmp_path: Path) -> None:
    service = served(checkpoint, tmp_path)
    plain = list(service.run(ask(refine=False, images=2)))
    events = list(service.run(ask(images=2)))
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["Step", "Unrefined"] * 2 + ["Loading"] + (["Step"] * 15 + ["ImageReady"]) * 2 + ["Done"]
    assert {event.model for event in events} == {FAST}
    for before, after in zip(images(plain), images(events), strict=True):
        assert (before.refinement, before.image.size) == (None, after.image.size)
        assert before.sha256 != after.sha256
    again = images(list(service.run(ask(images=2, batched=True))))
    alone = images(list(service.run(ask(seed=8))))
    assert [event.sha256 for event in alone] == [images(events)[1].sha256]  # as the second of two, or alone
    assert np.abs(pixels(again[1]) - pixels(alone[0])).mean() < 1  # batches round differently
    service.close()


def test_its_time_is_told_apart(checkpoint: Path, tmp_path: Path) -> None:
    request = ask(images=2)
    service = served(checkpoint, tmp_path)
    events = list(service.run(request))
    service.close()
    done = events[-1]
    assert isinstance(done, Done)
    own = [event.timing for event in events if isinstance(event, Unrefined)]
    assert list(done.measurement.passes) == own == [event.timing for event in images(events)]
    assert sum(timing.steps for timing in own) == 2  # one each, and none of the refiner's
    outcomes = collect(events, request)
    (row,) = comparison_rows(outcomes, request)
    assert row.seconds_per_image == done.measurement.seconds_per_image
    machine: Any = SimpleNamespace(to_dict=dict)
    (result,) = results_json(machine, request, outcomes)["results"]
    for told, event in zip(result["images"], images(events), strict=True):
        assert event.refinement
        assert (told["seconds"], told["refine_seconds"]) == (event.timing.seconds_per_image, event.refinement.seconds)


def test_what_an_image_was_refined_with_is_in_its_file(checkpoint: Path, tmp_path: Path) -> None:
    (event,) = images(run(checkpoint, tmp_path))
    assert event.path
    told = read_metadata(event.path)
    assert (told["model"], told["refiner"], told["refiner_licence"]) == (FAST, REFINER.source, REFINER.licence)
    assert told["sha256"] == event.sha256
    assert Image.open(event.path).tobytes() == event.image.tobytes()
    (plain,) = images(run(checkpoint, tmp_path, refine=False))
    assert plain.path
    assert "refiner" not in read_metadata(plain.path)


def test_stopping_ends_the_refinement_within_one_step(checkpoint: Path, tmp_path: Path) -> None:
    service = served(checkpoint, tmp_path)
    events = service.run(ask(images=2))
    next(event for event in events if isinstance(event, Step) and event.stage == "refine")
    events.close()
    assert isinstance(list(service.run(ask()))[-1], Done)  # the device is free again, and all is as it was
    assert len(list(tmp_path.glob("*.png"))) == 1
    service.close()


def unrefined(events: list[Event]) -> tuple[str, ...]:
    """The notes of images that are as their model made them, which must be all the same."""
    assert isinstance(events[-1], Done)
    assert all(event.refinement is None and event.path for event in images(events))
    (notes,) = {event.notes for event in images(events)}
    return notes


def test_without_weights_images_stay_as_they_are(empty_cache: None, tmp_path: Path) -> None:
    said, why = unrefined(run(None, tmp_path / "out", images=2))
    assert said == "This image could not be refined."
    assert "--download" in why


def test_damaged_weights_leave_images_as_they_are(tmp_path: Path) -> None:
    folder = save_refiner(tmp_path / "sdxl")
    (folder / "vae/diffusion_pytorch_model.safetensors").write_bytes(b"garbled")
    assert "is not a safetensors file" in unrefined(run(folder, tmp_path / "out"))[-1]


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[Service, int], None]:
    """Say how many bytes a device has, of which a service's models hold theirs."""

    def arrange(service: Service, count: int) -> None:
        monkeypatch.setattr(
            device, "free_bytes", lambda placement: count - sum(each.held for each in service.pool.loaded)
        )

    return arrange


def test_too_little_memory_leaves_images_as_they_are(tmp_path: Path, checkpoint: Path, free: Callable) -> None:
    service = served(checkpoint, tmp_path)
    free(service, 10**12)
    refining = service.run(ask())
    next(event for event in refining if isinstance(event, Unrefined))
    free(service, 0)
    notes = unrefined(list(refining))
    assert notes[0] == "This image could not be refined."
    assert "SDXL refiner needs at least" in notes[1]
    free(service, 10**12)
    (event,) = images(list(service.run(ask())))
    assert event.refinement
    service.close()


def test_a_model_makes_way_for_the_refiner_and_the_other_way_round(
    tmp_path: Path, checkpoint: Path, free: Callable
) -> None:
    """Memory for either, and then for both."""
    service, spec = served(checkpoint, tmp_path), MODELS[FAST]
    model = memory.estimate_need(spec, Weights().locate(spec), CPU, 256, guided=False)
    last = memory.estimate_need(REFINER, ModelFiles(checkpoint), CPU, 256, guided=True)
    for _ in range(2):
        free(service, model.total(WHOLE, 1))
        events = []
        for event in service.run(ask(images=2)):
            events.append(event)
            if isinstance(event, Unrefined):
                free(service, model.held(WHOLE) + last.total(WHOLE, 1) - 1)
        assert [event.stage for event in events if isinstance(event, Loading)] == ["sample", "refine"]
        assert all(event.refinement for event in images(events))
        assert [each.key.model for each in service.pool.loaded] == [REFINER.id]
    free(service, model.total(WHOLE, 1) + last.total(WHOLE, 1))
    for loads in (1, 0):
        assert sum(isinstance(event, Loading) for event in service.run(ask())) == loads
    service.close()


def test_memory_that_runs_out_at_last_leaves_images_as_they_are(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second image is the one that does not fit."""
    decode, calls = Refiner._decode, []

    def once(self, latents):
        calls.append(latents)
        if len(calls) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return decode(self, latents)

    monkeypatch.setattr(Refiner, "_decode", once)
    first, second = images(run(checkpoint, tmp_path, images=2))
    assert first.refinement
    assert second.refinement is None
    assert second.notes[-1].startswith("There is too little free memory for SDXL refiner")


# ---------------------------------------------------------------- safety


@pytest.mark.parametrize("model", [FAST, "sd-1.5"])
@pytest.mark.parametrize(("threshold", "blocked"), [(1.5, False), (-1.5, True)])
def test_the_checker_sees_refined_images_of_shipped_models_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, threshold: float, *, blocked: bool
) -> None:
    seen = []
    folders = {REFINER.id: save_refiner(tmp_path / "sdxl"), "sd-1.5": save_published(tmp_path / "sd")}
    for folder in folders.values():
        save_checker(folder / "safety_checker", threshold)
    from instaflow_demo.engines.safety import SafetyChecker

    allows = SafetyChecker.allows
    monkeypatch.setattr(SafetyChecker, "allows", lambda self, image: seen.append(image) or allows(self, image))
    service = Service(Weights(folders=folders), Gallery(tmp_path / "out"), safety=True)
    (event,) = images(list(service.run(ask(models=model, steps=1, size=256))))
    (plain,) = images(list(served(folders[REFINER.id], tmp_path / "plain").run(ask(models=FAST, refine=False))))
    service.close()
    assert len(seen) == 1
    assert event.refinement
    assert seen[0].tobytes() != plain.image.tobytes()
    assert (event.image is seen[0]) is not blocked
    assert any("blocked" in note for note in event.notes) is blocked


@pytest.mark.parametrize("model", [FAST, "sd-1.5"])
def test_without_a_checker_refined_images_say_so_once(tmp_path: Path, empty_cache: None, model: str) -> None:
    folders = {REFINER.id: save_refiner(tmp_path / "sdxl"), "sd-1.5": save_published(tmp_path / "sd")}
    service = Service(Weights(folders=folders), Gallery(tmp_path / "out"), safety=True)
    (event,) = images(list(service.run(ask(models=model, steps=1, size=256))))
    service.close()
    assert len([note for note in event.notes if "No safety checker" in note]) == 1


@pytest.mark.parametrize("owner", [REFINER.id, "sd-1.5"])
def test_one_checker_is_enough(tmp_path: Path, empty_cache: None, owner: str) -> None:
    """The refiner's folder may hold it, or the model's own: nobody is told that no checker looked."""
    folders = {REFINER.id: save_refiner(tmp_path / "sdxl"), "sd-1.5": save_published(tmp_path / "sd")}
    save_checker(folders[owner] / "safety_checker", -1.5)
    service = Service(Weights(folders=folders), Gallery(tmp_path / "out"), safety=True)
    (event,) = images(list(service.run(ask(models="sd-1.5", steps=1, size=256))))
    service.close()
    assert event.refinement
    assert [note for note in event.notes if "afety checker" in note] == [
        note for note in event.notes if "blocked" in note
    ]
    assert event.image.getcolors() == [(256 * 256, (128, 128, 128))]


# ---------------------------------------------------------------- the terminal


def test_the_command_line_refines(checkpoint: Path, tmp_path: Path) -> None:
    given = ("--model-dir", f"{REFINER.id}={checkpoint}", "--refine", "--json", "r.json")
    done = demo(tmp_path, "compare", PROMPT, "--models", "instaflow-mini,sd-mini", "--steps", "2", *given)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("  refined: ") == 2
    assert "instaflow-mini refiner 1/1" in done.stderr
    assert done.stderr.count("15/15") >= 2
    for result in json.loads((tmp_path / "r.json").read_text())["results"]:
        assert result["images"][0]["refine_seconds"] > 0
        assert read_metadata(tmp_path / result["images"][0]["path"])["refiner"] == REFINER.source


def test_the_command_line_says_first_that_the_weights_are_missing(tmp_path: Path) -> None:
    done = demo(tmp_path, "generate", PROMPT, "--refine")
    assert done.returncode == 1
    assert "SDXL refiner is not on this machine" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.rglob("*.png"))


def test_an_image_that_stays_unrefined_is_a_failure(tmp_path: Path) -> None:
    folder = save_refiner(tmp_path / "sdxl")
    (folder / "vae/diffusion_pytorch_model.safetensors").write_bytes(b"garbled")
    done = demo(tmp_path, "generate", PROMPT, "--refine", "--model-dir", f"{REFINER.id}={folder}")
    assert done.returncode == 1
    assert "This image could not be refined." in done.stdout
    assert len(list((tmp_path / "outputs").glob("*.png"))) == 1


def test_bars_count_what_is_refined(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    service, request = served(checkpoint, tmp_path), ask(images=2, batched=True)
    list(show(service.run(request), request))
    service.close()
    told = capsys.readouterr().err
    assert "refiner 2/2" in told
    assert "30/30" in told


def test_models_lists_it_with_its_licence(tmp_path: Path) -> None:
    done = demo(tmp_path, "models", "--json", "models.json")
    listed = json.loads((tmp_path / "models.json").read_text(encoding="utf-8"))
    assert listed["refiner"]["licence"] == REFINER.licence
    assert REFINER.id in done.stdout
    assert REFINER.licence in done.stdout


# ---------------------------------------------------------------- the page


@pytest.mark.parametrize("there", [True, False])
def test_the_page_offers_it_only_where_its_weights_are(
    tmp_path: Path, checkpoint: Path, empty_cache: None, *, there: bool
) -> None:
    import gradio as gr

    text = gr.I18n(**{language: dict(words) for language, words in TEXTS.items()})
    settings = Settings(kept=Gallery(tmp_path), out=tmp_path)
    page = ComparePage(served(checkpoint if there else None, tmp_path), settings, text, Runner())
    with gr.Blocks():
        page.build()
        assert page._form["refine"].visible is False  # until it is known to be there
        greeting: Any = SimpleNamespace(headers={})
        update = page._greet(greeting)[page._form["refine"]]
    assert update.visible is there


def test_the_form_passes_the_wish_on(tmp_path: Path) -> None:
    import gradio as gr

    with gr.Blocks():
        form = Form(Settings(kept=Gallery(tmp_path), out=tmp_path, models=(FAST,)), gr.I18n())
        for part in (form.build_prompt, form.build_numbers, form.build_switches, form.build_settings):
            part()
        form.build_models((FAST,))
    values = {name: form[name].value for name in form.names}
    for sent, meant in ((True, True), (False, False), (None, False), ("yes", False)):
        assert form.parse(*(values | {"refine": sent}).values()).request.refine is meant


def viewed(*events: Event) -> RunView:
    view = RunView.of(GenerationRequest.parse(PROMPT, [FAST], images=2), True)
    for event in events:
        made = None
        if isinstance(event, ImageReady):
            seconds = event.refinement.seconds if event.refinement else None
            made = Picture(event.index, event.seed, event.timing, None, (), seconds)
        view = view.after(event, made)
    return view


TIMING = Timing(1, 1, 0.5, 1.0, 0.5, True)
MADE = (
    Step(FAST, 0, 1, 1, 1, 1.5),
    Unrefined(FAST, 0, TIMING),
    Step(FAST, 1, 1, 1, 1, 1.5),
    Unrefined(FAST, 1, TIMING),
)


def test_images_that_wait_count_as_made() -> None:
    """One image took 2 s, and the second has taken 1.5 s."""
    progress = viewed(*MADE[:3]).column(FAST).progress
    assert progress is not None
    assert (progress.fraction, progress.elapsed_s) == (1.0, 3.5)


def test_the_page_counts_refinement_apart() -> None:
    """Two images took 4 s; the first was refined in 6 s, and the second is at step 5 of 15 after 2 s."""
    from instaflow_demo.events import Refinement

    first = ImageReady(FAST, 0, 7, picture(), TIMING, "", refinement=Refinement(6.0))
    view = viewed(*MADE, first, Step(FAST, 1, 1, 5, 15, 2.0, "refine"))
    progress = view.column(FAST).progress
    assert progress is not None
    assert progress.fraction == pytest.approx(2 / 3)
    assert progress.elapsed_s == pytest.approx(12.0)
    assert progress.remaining_s == pytest.approx(4.0)
    html = column_html(view, FAST, "en")
    assert "refiner 5/15" in html
    assert html.count('role="progressbar"') == 2  # a full one of the model, and the refiner's
    told = results_html(view, FAST, PROMPT, "pt-BR")
    assert "Refinada pelo refinador SDXL em 6,00 s" in told
    assert "<b>2,00 s</b>" in told


def test_the_page_says_that_the_refiner_is_loaded() -> None:
    view = viewed(*MADE, Loading(FAST, stage="refine"))
    assert "Loading the refiner" in column_html(view, FAST, "en")
