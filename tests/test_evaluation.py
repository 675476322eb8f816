"""Evaluation: figures with intervals, the examination of scenes by a judge, and that of photographs by networks."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from several import evaluated
from small_judge import SMALL, judged_models, save_judge
from torch import Tensor
from torchmetrics.image.fid import FrechetInceptionDistance

from instaflow_demo import engines
from instaflow_demo.errors import InvalidRequest, ModelUnavailable
from instaflow_demo.evaluation import metrics, photos
from instaflow_demo.evaluation.command import Evaluation, evaluate, parse_runs
from instaflow_demo.evaluation.judge import CLASSES, UNSTATED, Judge, classes_of
from instaflow_demo.evaluation.prompts import ask
from instaflow_demo.evaluation.run import Pieces, draw_all
from instaflow_demo.evaluation.scenes import SceneExaminer
from instaflow_demo.grammar import Scene, concepts
from instaflow_demo.machine import device
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.paper import evaluation_columns, parse_row
from instaflow_demo.results.tables import lines
from instaflow_demo.weights.locate import MODELS_DIR, Weights

FIELDS = {
    *("model", "steps", "guidance", "prompts", "feature_distance", "clip_score", "top1", "top5", "count", "size"),
    *("colour", "position", "straightness", "seconds_per_image", "network_evaluations"),
    "prompts_read_in_part",
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged_models(tmp_path_factory.mktemp("models"))


def what(models: str, prompts: int, **settings: object) -> Evaluation:
    return Evaluation(parse_runs(models), prompts, batch=4, **settings)  # pyright: ignore[reportArgumentType]


def without_seconds(found: dict | None) -> list[dict]:
    assert found is not None
    return [{name: value for name, value in row.items() if name != "seconds_per_image"} for row in found["results"]]


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = torch.randn(4000, generator=torch.Generator().manual_seed(1)) * 3 + 5
    figure = metrics.mean(torch.cat([values, torch.full((50,), math.nan)]))
    assert figure is not None
    assert figure.n == 4000
    assert figure.value == pytest.approx(values.mean().item())
    half = 1.96 * values.std().item() / math.sqrt(4000)
    assert figure.low == pytest.approx(figure.value - half, abs=0.1 * half)
    assert figure.high == pytest.approx(figure.value + half, abs=0.1 * half)


def test_nothing_stated_is_no_figure() -> None:
    assert metrics.mean(torch.full((3,), math.nan)) is None
    assert metrics.feature_distance(torch.zeros(1, 4), metrics.reference_sums(torch.randn(9, 4))) is None


def test_the_feature_distance_is_that_of_two_gaussians() -> None:
    """Dowson and Landau 1982: ||m1 - m2||^2 + sum of (s1 - s2)^2 for independent features."""
    generator = torch.Generator().manual_seed(2)
    real = torch.randn(20_000, 6, generator=generator)
    spread, shift = torch.tensor([1.0, 2.0, 0.5, 1.0, 1.0, 3.0]), torch.tensor([0.0, 1.0, 0.0, -2.0, 0.0, 0.0])
    drawn = torch.randn(20_000, 6, generator=generator) * spread + shift
    figure = metrics.feature_distance(drawn, metrics.reference_sums(real))
    assert figure is not None
    assert figure.value == pytest.approx((shift.square() + (spread - 1).square()).sum().item(), rel=0.03)
    assert figure.low < figure.value < figure.high
    same = metrics.feature_distance(real, metrics.reference_sums(real))
    assert same is not None
    assert same.value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("count", "width"), [(400, 24), (20, 48)], ids=["plenty", "fewer images than features"])
def test_resampled_distances_are_those_of_torchmetrics(count: int, width: int) -> None:
    generator = torch.Generator().manual_seed(3)
    mixed = torch.randn(width, width, generator=generator)
    real = (torch.randn(500, width, generator=generator) @ mixed).relu()
    drawn = (torch.randn(count, width, generator=generator) @ mixed + 0.3).relu()
    rows = torch.randint(count, (count,), generator=generator)
    counts = [torch.ones(count), rows.bincount(minlength=count)]
    found = metrics.distances(drawn, metrics.reference_sums(real), counts)
    for distance, features in zip(found, (drawn, drawn[rows]), strict=True):
        metric = FrechetInceptionDistance(feature=Given(width))
        metric.update(real, real=True)
        metric.update(features, real=False)
        assert distance.item() == pytest.approx(metric.compute().item(), rel=1e-4)


class Given(torch.nn.Identity):
    """Features that are extracted already."""

    def __init__(self, width: int):
        super().__init__()
        self.num_features = width


def test_prompts_are_the_same_every_time_and_portuguese_ones_show_the_same_scenes() -> None:
    english, portuguese = ask("captions", 200), ask("portuguese", 200)
    assert ask("captions", 50) == english[:50]
    assert [asked.scene for asked in english] == [asked.scene for asked in portuguese]
    assert all(one.prompt != other.prompt for one, other in zip(english, portuguese, strict=True))


def test_synonyms_are_words_that_no_caption_has() -> None:
    known = {name.singular for concept in concepts() for name in concept.english}
    asked = ask("synonyms", 200)
    assert len(asked) == 200
    for one in asked:
        article, _, word = one.prompt.partition(" ")
        assert article in ("a", "an")
        assert word not in known


def test_a_class_is_asked_for_only_where_the_caption_states_it() -> None:
    plain = Scene(concepts()[5], "noto")
    full = Scene(concepts()[0], "noto", 2, "small", "", "blue")
    placed = Scene(concepts()[1], "noto", 1, "", "top")
    found = {name: rows.tolist() for name, rows in classes_of([plain, full, placed]).items()}
    assert found["concept"] == [5, 0, 1]
    assert found["count"] == [0, 1, 0]
    assert found["size"] == [UNSTATED, 1, UNSTATED]
    assert [CLASSES["colour"][row] for row in found["colour"]] == ["white", "blue", "white"]
    assert found["position"] == [UNSTATED, UNSTATED, 2]


def test_the_judge_counts_what_was_asked_for(judged: Path) -> None:
    """This judge says the first class of everything, and ranks the others in their order."""
    examiner = SceneExaminer(judged, "captions", 400, "cpu")
    seen = examiner.score(range(400), torch.rand(400, 3, 16, 16) * 2 - 1)
    figures = examiner.compute_figures(seen)
    truth = classes_of([asked.scene for asked in ask("captions", 400)])
    for name in ("count", "size", "colour", "position"):
        stated = truth[name][truth[name] != UNSTATED]
        figure = figures[name]
        assert figure is not None
        assert figure.n == len(stated) > 0
        assert figure.value == pytest.approx((stated == 0).double().mean().item())
    for name, ranks in (("top1", 1), ("top5", 5)):
        figure = figures[name]
        assert figure is not None
        assert figure.value == pytest.approx((truth["concept"] < ranks).double().mean().item())


def test_a_wrong_caption_scores_less_than_the_embedding_itself(judged: Path) -> None:
    examiner = SceneExaminer(judged, "captions", 3, "cpu")
    seen = examiner.score(range(3), torch.rand(3, 3, 16, 16) * 2 - 1)
    assert seen["clip_score"].shape == (3,)
    assert seen["clip_score"].abs().max() < 1


def test_an_evaluation_has_every_figure_and_comes_out_the_same_again(judged: Path, tmp_path: Path) -> None:
    asked = what("instaflow-mini,2rf-mini@2", 10)
    found = evaluate(asked, Weights(judged), tmp_path / "one")
    again = evaluate(asked, Weights(judged), tmp_path / "two")
    assert without_seconds(found) == without_seconds(again)
    assert found is not None
    assert found["judge"]["reference_images"] == 64
    assert found["environment"]["cpu"]
    one_step, two_steps = found["results"]
    for row in (one_step, two_steps):
        assert set(row) == FIELDS
        assert row["prompts"] == row["clip_score"]["n"] == row["top1"]["n"] == 10
        assert row["seconds_per_image"]["value"] > 0
        assert row["prompts_read_in_part"] == 0, "captions are short, and of words that the tokenizer knows"
    assert (one_step["steps"], one_step["network_evaluations"], one_step["straightness"]) == (1, 1, None)
    assert (two_steps["steps"], two_steps["network_evaluations"]) == (2, 2)
    assert two_steps["straightness"]["value"] > 0
    assert one_step["clip_score"] != two_steps["clip_score"]
    assert not list((tmp_path / "one").iterdir())
    rows = [parse_row(result) for result in found["results"]]
    assert len(lines(rows, evaluation_columns(rows))) == 2


def test_a_run_that_was_stopped_goes_on_where_it_was(judged: Path, tmp_path: Path) -> None:
    spec = MODELS["instaflow-mini"]
    (run,) = GenerationRequest.parse("a dog", spec.id).runs
    engine = engines.load(spec, Weights(judged).locate(spec), device.choose("cpu", "auto"))
    examiner, process = SceneExaminer(judged, "captions", 6, "cpu"), OneProcess()
    pieces = Pieces.of(tmp_path, run, [judged / spec.source])
    drawing = draw_all(engine, run, examiner, pieces, 2, process)  # pyright: ignore[reportArgumentType]
    assert next(drawing).done == 2
    drawing.close()
    (first,) = pieces.folder.iterdir()
    made = first.stat().st_mtime_ns
    *_, last = draw_all(engine, run, examiner, pieces, 2, process)  # pyright: ignore[reportArgumentType]
    assert (last.done, last.total) == (6, 6)
    assert first.stat().st_mtime_ns == made
    assert len(pieces.join()["clip_score"]) == 6
    assert Pieces.of(tmp_path, run, [judged / spec.source], "other").folder != pieces.folder


class OneProcess:
    process_index = 0
    num_processes = 1


def test_two_processes_find_what_one_finds(judged: Path, tmp_path: Path) -> None:
    (both,) = evaluated(judged, ["instaflow-mini:20"], tmp_path, by_launcher=True)
    alone = evaluate(Evaluation(parse_runs("instaflow-mini"), 20), Weights(judged), tmp_path / "alone")
    (here,), (there,) = without_seconds(alone), without_seconds(both)
    for name, figure in here.items():
        if isinstance(figure, dict):
            assert there[name] == pytest.approx(figure, abs=1e-3), name


def test_a_judge_that_knows_too_little_may_not_judge(tmp_path: Path) -> None:
    (tmp_path / "mini").symlink_to(MODELS_DIR / "mini")
    save_judge(tmp_path / "judge" / "network", right=0.94)
    with pytest.raises(ModelUnavailable, match="94% of real scenes"):
        SceneExaminer(tmp_path, "captions", 4, "cpu")
    assert SceneExaminer(tmp_path, "captions", 4, "cpu", unproven=True).prompts


def test_a_judge_that_was_stored_sees_the_same(tmp_path: Path) -> None:
    torch.manual_seed(1)
    tokenizer = MODELS_DIR / "mini" / "tokenizer"
    judge = Judge.of(SMALL, Judge.load_tokenizer(tokenizer)).eval()
    judge.image_encoder.embedder.embedder.normalization.running_var.fill_(1e5)  # half precision could not hold it
    judge.save(tmp_path)
    stored = Judge.load(tmp_path, tokenizer, "cpu")
    images, ids = torch.rand(32, 3, 64, 64) * 2 - 1, judge.ids(["a dog", "duas casas"])
    with torch.inference_mode():
        before, after = judge.encode_image(images), stored.encode_image(images)
        for name, logits in before.logits.items():
            assert (after.logits[name] - logits).abs().max() < 0.1 * logits.std(), name
        assert (before.embeddings * after.embeddings).sum(1).min() > 0.999
        assert (judge.encode_text(ids) * stored.encode_text(ids)).sum(1).min() > 0.999
    numbers = sum(parameter.numel() for parameter in judge.parameters())
    assert (tmp_path / "model.safetensors").stat().st_size < 1.3 * numbers


def test_a_damaged_judge_is_a_sentence(judged: Path, tmp_path: Path) -> None:
    (tmp_path / "mini").symlink_to(MODELS_DIR / "mini")
    with pytest.raises(ModelUnavailable, match="missing or damaged"):
        SceneExaminer(tmp_path, "captions", 4, "cpu")
    save_judge(tmp_path / "judge" / "network", right=1.0)
    (tmp_path / "judge" / "network" / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelUnavailable, match="missing or damaged"):
        SceneExaminer(tmp_path, "captions", 4, "cpu")


@pytest.mark.parametrize("names", ["", "2rf-mini@x", "nonsense", "2rf-mini@0"])
def test_systems_that_cannot_be_are_refused(names: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_runs(names)


@pytest.fixture
def photographs(tmp_path: Path) -> tuple[Path, Path]:
    """Twelve photographs in COCO's format, of colours that their captions do not name."""
    folder, random = tmp_path / "val", np.random.default_rng(0)
    folder.mkdir()
    images = [{"id": number, "file_name": f"{number:012d}.png"} for number in range(12)]
    captions = [{"image_id": number % 12, "caption": f" caption {number} "} for number in range(24)]
    for image in images:
        Image.fromarray(random.integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(folder / image["file_name"])
    file = tmp_path / "captions.json"
    file.write_text(json.dumps({"images": images, "annotations": captions}))
    return folder, file


def colours(images: Tensor) -> Tensor:
    """A stand-in for a network: the mean and the spread of each channel."""
    assert images.dtype == torch.uint8
    values = images.float().flatten(2)
    return torch.cat([values.mean(2), values.std(2)], 1)


def lengths(images: Tensor, prompts: Sequence[str]) -> Tensor:
    return torch.tensor([len(prompt) / 100 for prompt in prompts])


def test_photographs_are_compared_as_published(photographs: tuple[Path, Path]) -> None:
    found = photos.read_captions(*photographs, 10)
    assert [photo.caption for photo in found] == [f"caption {number}" for number in range(10)]
    examiner = photos.PhotoExaminer(found, 32, colours, lengths)
    real = torch.stack([torch.from_numpy(np.array(square(photo.path))).permute(2, 0, 1) for photo in found])
    seen = examiner.score(range(10), real.float() / 127.5 - 1)
    figures = examiner.compute_figures(seen)
    assert set(figures) == {"fid", "clip_vit"}
    fid, score = figures["fid"], figures["clip_vit"]
    assert fid is not None
    assert score is not None
    assert fid.value == pytest.approx(0, abs=0.1)  # of covariances in the thousands
    assert score.value == pytest.approx(0.09)
    darker = examiner.compute_figures(examiner.score(range(10), real.float() / 255 - 1))["fid"]
    assert darker is not None
    assert darker.value > 100


def square(path: Path) -> Image.Image:
    """The middle of a 60x40 photograph at 32x32."""
    return Image.open(path).crop((10, 0, 50, 40)).resize((32, 32), Image.Resampling.LANCZOS)


def test_a_system_is_evaluated_on_photographs(photographs: tuple[Path, Path], tmp_path: Path) -> None:
    examiner = photos.PhotoExaminer(photos.read_captions(*photographs, 4), 256, colours, lengths)
    spec = MODELS["instaflow-mini"]
    (run,) = GenerationRequest.parse("a dog", spec.id).runs
    engine = engines.load(spec, Weights().locate(spec), device.choose("cpu", "auto"))
    pieces = Pieces.of(tmp_path / "work", run, [])
    *_, last = draw_all(engine, run, examiner, pieces, 3, OneProcess())  # pyright: ignore[reportArgumentType]
    assert last.done == 4
    figure = examiner.compute_figures(pieces.join())["fid"]
    assert figure is not None
    assert figure.n == 4


def test_photographs_that_are_not_there_are_a_sentence(photographs: tuple[Path, Path], tmp_path: Path) -> None:
    folder, captions = photographs
    with pytest.raises(InvalidRequest, match="give the folder of the photographs"):
        photos.read_captions(tmp_path, captions, 4)
    with pytest.raises(InvalidRequest, match="not a captions file"):
        photos.read_captions(folder, folder / "000000000000.png", 4)
    with pytest.raises(InvalidRequest, match="need photographs"):
        evaluate(what("instaflow-mini", 4, metrics=("fid",)), Weights(), tmp_path)
