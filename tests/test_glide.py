"""GLIDE against a second implementation with the published names and formulas, on random weights at reduced width."""

import math
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import torch
from published_glide import (
    PublishedGlide,
    ddim_sample_loop,
    p_sample_loop,
    space_timesteps,
)
from served import ROOT
from small_glide import END, SMALL_BASE, SMALL_UPSAMPLER, random_glide, save_published, save_vocabulary
from torch import Tensor
from transformers import GPT2Tokenizer

from instaflow_demo import glide
from instaflow_demo.errors import CheckpointError
from instaflow_demo.glide.sampling import UPSAMPLER_TEMPERATURE, base_scheduler
from instaflow_demo.weights.convert_glide import convert, networks_of, read_state, text_names, unet_names

SHAPES = {"base": SMALL_BASE, "upsampler": SMALL_UPSAMPLER}


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vocabulary")
    save_vocabulary(folder)
    return folder


@pytest.fixture(scope="module")
def tokenizer(vocabulary: Path) -> GPT2Tokenizer:
    return GPT2Tokenizer.from_pretrained(vocabulary, local_files_only=True)


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def published(request: pytest.FixtureRequest) -> PublishedGlide:
    return random_glide(request.param)


def converted(published: PublishedGlide):
    unet, text_encoder = networks_of(published.state_dict(), published.shape, "base.pt")
    return unet.eval(), text_encoder.eval()


PROMPTS = ["a big dog", "", "a cat " * 40]  # an odd batch, an empty prompt, and one that is too long


@torch.inference_mode()
def test_the_text_encoder_is_the_published_one(published: PublishedGlide, tokenizer: GPT2Tokenizer) -> None:
    ids, mask = glide.tokenize(tokenizer, PROMPTS, published.shape.tokens)
    states, pooled = converted(published)[1](ids, mask)
    expected, expected_pooled = published.encode(ids, mask)
    assert torch.allclose(states, expected.permute(0, 2, 1), atol=1e-4)
    assert torch.allclose(pooled, expected_pooled, atol=1e-4)
    assert (states[0] - states[1]).abs().max() > 1e-2  # the prompt matters


@torch.inference_mode()
def test_the_unet_is_the_published_one(published: PublishedGlide, tokenizer: GPT2Tokenizer) -> None:
    shape = published.shape
    unet, text_encoder = converted(published)
    ids, mask = glide.tokenize(tokenizer, PROMPTS, shape.tokens)
    x, timesteps = torch.randn(3, shape.in_channels, shape.size, shape.size), torch.tensor([0, 500, 999])
    states, pooled = text_encoder(ids, mask)
    ours = unet(x, timesteps, encoder_hidden_states=states, class_labels=pooled).sample
    theirs = published(x, timesteps, ids, mask)
    assert theirs.std() > 0.01
    assert torch.allclose(ours, theirs, atol=1e-4)
    other = unet(x, timesteps, encoder_hidden_states=states.flip(0), class_labels=pooled).sample
    assert (other - ours).abs().max() > 1e-3  # attention reads the text


def test_tokens_are_lower_cased_cut_and_padded_with_the_end(tokenizer: GPT2Tokenizer) -> None:
    ids, mask = glide.tokenize(tokenizer, ["A BIG dog", "a big dog", "", "dog " * 99], 16)
    end = tokenizer.convert_tokens_to_ids(END)
    assert ids.shape == mask.shape == (4, 16)
    assert torch.equal(ids[0], ids[1])
    assert tokenizer.decode(ids[0][mask[0]]) == "a big dog"  # nothing before it and nothing behind
    assert not mask[2].any()
    assert (ids[~mask] == end).all()
    assert mask[3].all()


def test_a_prompt_cannot_spell_a_special_token(tokenizer: GPT2Tokenizer) -> None:
    ids, mask = glide.tokenize(tokenizer, [f"a {END}"], 16)
    assert tokenizer.convert_tokens_to_ids(END) not in ids[mask].tolist()
    assert tokenizer.decode(ids[mask]) == f"a {END}"


# ---------------------------------------------------------------- samplers


class Field:
    """A stand-in for a network whose output depends on everything that it is given."""

    def __init__(self, channels: int = 3):
        generator = torch.Generator().manual_seed(1)
        self.weight = torch.randn(6, channels, generator=generator) * 0.4

    def __call__(self, x: Tensor, timesteps: Tensor) -> Tensor:
        out = torch.einsum("oc,bchw->bohw", self.weight, x) + (timesteps / 700 - 0.7)[:, None, None, None]
        return torch.tanh(out)


def generators(count: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in range(7, 7 + count)]


def test_the_base_s_hundred_timesteps() -> None:
    expected = [round(i * 999 / 99) for i in range(100)]
    assert base_scheduler(100).timesteps.tolist() == expected[::-1]


def test_the_upsampler_s_timesteps() -> None:
    by_fifths = space_timesteps([10, 10, 3, 2, 2])
    assert len(glide.FAST27) == 27
    assert list(glide.FAST27) == [*by_fifths[:-1], 997]


def test_ancestral_sampling_follows_the_published_formulas() -> None:
    x = torch.stack([torch.randn(3, 8, 8, generator=g) for g in generators(3)])
    drawn = generators(3)
    noises = [torch.stack([torch.randn(3, 8, 8, generator=g) for g in drawn]) for _ in range(99)]
    *_, ours = glide.sample_ancestral(Field(), x, generators(3))
    theirs = p_sample_loop(Field(), x, noises, base_scheduler(100).timesteps.tolist()[::-1])
    assert torch.allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("beyond", [3.0, 40.0, -40.0])
def test_a_variance_out_of_range_is_the_nearer_end_of_it(beyond: float) -> None:
    """A small network may ask for thousands of times the noise that the schedule has, at the very last steps."""

    def asks_for(variance: float) -> glide.Network:
        field = Field()
        return lambda x, timesteps: torch.cat([field(x, timesteps)[:, :3], torch.full_like(x, variance)], 1)

    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    *_, ours = glide.sample_ancestral(glide.with_bounded_variance(asks_for(beyond)), x, generators(2), steps=10)
    *_, nearest = glide.sample_ancestral(asks_for(math.copysign(1, beyond)), x, generators(2), steps=10)
    *_, published = glide.sample_ancestral(asks_for(beyond), x, generators(2), steps=10)
    assert torch.equal(ours, nearest)
    assert not torch.equal(published, nearest)


def test_ddim_follows_the_published_formulas() -> None:
    x = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(3)) * UPSAMPLER_TEMPERATURE
    images = list(glide.sample_ddim(Field(), x))
    assert len(images) == 27
    assert torch.allclose(images[-1], ddim_sample_loop(Field(), x, list(glide.FAST27)), atol=1e-4)


def test_an_image_does_not_depend_on_its_batch() -> None:
    x = torch.stack([torch.randn(3, 8, 8, generator=g) for g in generators(3)])
    *_, together = glide.sample_ancestral(Field(), x, generators(3), steps=10)
    *_, alone = glide.sample_ancestral(Field(), x[2:], generators(3)[2:], steps=10)
    assert torch.allclose(together[2:], alone, atol=1e-6)


def network(x: Tensor, timesteps: Tensor, *, encoder_hidden_states: Tensor, class_labels: Tensor, return_dict: bool):
    """Epsilon and variance that only the text decides."""
    assert not return_dict
    assert len(x) == len(timesteps) == len(encoder_hidden_states)
    return (
        encoder_hidden_states.mean((1, 2))[:, None, None, None].expand(-1, 6, 2, 2) + class_labels[:, :1, None, None],
    )


def test_guidance_moves_epsilon_away_from_the_empty_prompt_and_leaves_the_variance() -> None:
    """The prompts come first and the empty ones after them, opposite to Stable Diffusion."""
    states = torch.tensor([1.0, 2.0, 10.0, 20.0]).view(4, 1, 1)  # two prompts, then their empty ones
    output = glide.with_guidance(network, states, torch.zeros(4, 1), 3.0)(torch.zeros(2, 3, 2, 2), torch.zeros(2))
    assert output.shape == (2, 6, 2, 2)
    assert output[:, :3].mean((1, 2, 3)).tolist() == [10 + 3 * (1 - 10), 20 + 3 * (2 - 20)]
    assert output[:, 3:].mean((1, 2, 3)).tolist() == [1, 2]


def test_without_guidance_the_network_runs_once() -> None:
    states = torch.tensor([1.0, 2.0]).view(2, 1, 1)
    output = glide.with_guidance(network, states, torch.zeros(2, 1), 1.0)(torch.zeros(2, 3, 2, 2), torch.zeros(2))
    assert output.mean((1, 2, 3)).tolist() == [1, 2]


def test_the_upsampler_sees_eight_bits_beside_the_noise() -> None:
    low = glide.round_to_8_bits(torch.tensor([-1.0, -0.5001, 0.3, 1.0]).view(1, 1, 2, 2).expand(1, 3, 2, 2))
    assert torch.equal((low + 1) * 127.5, ((low + 1) * 127.5).round())

    def seen(x: Tensor, timesteps: Tensor) -> Tensor:
        assert x.shape == (1, 6, 4, 4)
        assert torch.equal(x[:, :3], torch.zeros(1, 3, 4, 4))
        assert torch.allclose(x[0, 3, 0], torch.tensor([-1.0, -0.875, -0.625, -0.5]) + 0.0, atol=0.01)  # bilinear
        return x

    glide.with_low_resolution(seen, low, 4)(torch.zeros(1, 3, 4, 4), torch.zeros(1))


# ---------------------------------------------------------------- published files


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return save_published(tmp_path)


def test_full_size_networks_have_the_published_parameters() -> None:
    for shape, parameters, tensors in ((glide.BASE, 385_030_726, 783), (glide.UPSAMPLER, 398_361_286, 797)):
        with torch.device("meta"):
            networks = glide.make_unet(shape), glide.make_text_encoder(shape)
        assert sum(p.numel() for network in networks for p in network.parameters()) == parameters
        assert len(list(unet_names(shape))) + len(list(text_names(shape))) == tensors


def test_every_published_parameter_has_one_name(published: PublishedGlide) -> None:
    names = [rename.source for rename in (*unet_names(published.shape), *text_names(published.shape))]
    assert sorted(names) == sorted(published.state_dict())


@torch.inference_mode()
def test_converted_files_give_the_networks_back(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    convert(*files, out, (SMALL_BASE, SMALL_UPSAMPLER))
    assert not list(out.rglob("*.bin"))
    for folder, shape in (("", SMALL_BASE), ("upsampler", SMALL_UPSAMPLER)):
        text = glide.TextEncoder.from_pretrained(out / "_".join(filter(None, [folder, "text_encoder"])))
        ids, mask = torch.ones(1, 16, dtype=torch.long), torch.ones(1, 16, dtype=torch.bool)
        expected = random_glide(shape).encode(ids, mask)[1]
        assert torch.allclose(text.eval()(ids, mask)[1], expected, atol=1e-4)
    saved = GPT2Tokenizer.from_pretrained(out / "tokenizer", local_files_only=True)
    assert saved.model_max_length == 16
    assert saved("a big dog")["input_ids"] == GPT2Tokenizer.from_pretrained(files[0].parent)("a big dog")["input_ids"]


def change(file: Path, **tensors: Tensor | None) -> None:
    state = {key: value for key, value in (torch.load(file) | tensors).items() if value is not None}
    torch.save(state, file)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        (
            {"input_blocks.4.0.in_layers.2.weight": None},
            "base.pt lacks the parameter input_blocks.4.0.in_layers.2.weight",
        ),
        ({"out.2.bias": torch.zeros(7)}, r"out.2.bias is \[7\] and not \[6\]"),
        ({"more.weight": torch.zeros(1)}, "has a parameter that GLIDE does not, more.weight"),
        (
            {"more.weight": torch.zeros(1), "time_embed.0.weight": None, "out.2.bias": torch.zeros(7)},
            r"base.pt lacks the parameter time_embed\.0\.weight",
        ),
    ],
    ids=["missing", "misshapen", "left over", "another model's"],
)
def test_a_wrong_file_is_named_with_its_first_wrong_key(
    files: tuple[Path, Path], tmp_path: Path, tensors: dict, said: str
) -> None:
    change(files[0], **tensors)
    with pytest.raises(CheckpointError, match=said):
        convert(*files, tmp_path / "out", (SMALL_BASE, SMALL_UPSAMPLER))
    assert not (tmp_path / "out").exists()


class Harm:
    """What an unsafe loader would run."""

    def __reduce__(self):
        return (Path.touch, (Path("harm"),))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_what_is_no_checkpoint_is_a_sentence(files: tuple[Path, Path], tmp_path: Path, content: bytes) -> None:
    files[1].write_bytes(content)
    with pytest.raises(CheckpointError, match=r"upsample\.pt cannot be read"):
        convert(*files, tmp_path / "out", (SMALL_BASE, SMALL_UPSAMPLER))


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_damaged_file_is_a_sentence_wherever_it_is_damaged(tmp_path: Path, *, zipped: bool) -> None:
    file, rng = tmp_path / "base.pt", Random(1)
    torch.save({"weight": torch.zeros(2)}, file, _use_new_zipfile_serialization=zipped)
    whole, refused = file.read_bytes(), 0
    for _ in range(3000):
        damaged = bytearray(whole[: rng.randrange(1, len(whole))] if rng.random() < 0.3 else whole)
        for _ in range(rng.choice([1, 3, 10])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        file.write_bytes(damaged)
        try:
            read_state(file)
        except CheckpointError:
            refused += 1
    assert refused > 1000  # the others hit what nobody reads


def test_older_files_are_read_too(tmp_path: Path) -> None:
    """PyTorch wrote no zip archives before 1.6."""
    torch.save({"weight": torch.arange(3)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert torch.equal(read_state(tmp_path / "old.pt")["weight"], torch.arange(3))


def test_code_in_a_file_is_not_run(files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"out.2.bias": Harm()}, files[0])
    with pytest.raises(CheckpointError):
        convert(*files, tmp_path / "out", (SMALL_BASE, SMALL_UPSAMPLER))
    assert not (tmp_path / "harm").exists()


def test_without_its_vocabulary_nothing_is_converted(files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "merges.txt").unlink()
    with pytest.raises(CheckpointError, match=r"merges\.txt is missing: put vocab.json and merges.txt"):
        convert(*files, tmp_path / "out", (SMALL_BASE, SMALL_UPSAMPLER))


def test_a_file_that_is_not_there_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    for wrong in ((tmp_path / "none.pt", files[1]), (files[0], tmp_path)):
        with pytest.raises(CheckpointError, match="is not a file: name OpenAI"):
            convert(*wrong, tmp_path / "out", (SMALL_BASE, SMALL_UPSAMPLER))


def test_the_command_line_says_what_is_wrong(files: tuple[Path, Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "instaflow_demo", "convert-glide", *map(str, files), str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "is it the right file?" in done.stderr  # a file at reduced width is not what the command converts
    assert "Traceback" not in done.stderr
