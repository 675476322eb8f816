"""A word that is in no list of the grammar lands on its neighbour: the text encoder knows what it means."""

import pytest
import torch
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from instaflow_demo.engines.clip import clip_ids
from instaflow_demo.evaluation.scene_prompts import ask_scenes
from instaflow_demo.grammar.vocabulary import names
from instaflow_demo.weights.locate import MODELS_DIR

SHARED = MODELS_DIR / "mini"


@torch.inference_mode()
def encode(texts: list[str]) -> Tensor:
    """Unit vectors (B, D) of texts: the shipped text encoder's states at their ends."""
    tokenizer = CLIPTokenizer.from_pretrained(SHARED / "tokenizer")
    encoder = CLIPTextModel.from_pretrained(SHARED / "text_encoder", dtype=torch.float32)
    ids = clip_ids(tokenizer, texts)
    ends = (ids == tokenizer.eos_token_id).int().argmax(1)
    states = encoder(input_ids=ids).last_hidden_state[torch.arange(len(ids)), ends]
    return torch.nn.functional.normalize(states, dim=1)


@pytest.fixture(scope="module")
def ranks() -> dict[str, int]:
    """For each prompt with such a word, how many names of things are nearer to it than its own."""
    asked, known = ask_scenes("synonyms", 1000), names("en")
    titles = list(known)
    bank = encode([f"a {known[title][0].singular}" for title in titles])
    near = encode([each.prompt for each in asked]) @ bank.T
    own = near[torch.arange(len(asked)), [titles.index(each.scene.groups[0].thing) for each in asked]]
    return {each.prompt: int(rank) for each, rank in zip(asked, (near > own[:, None]).sum(1), strict=True)}


def test_most_words_land_on_the_thing_that_they_name(ranks: dict[str, int]) -> None:
    assert len(ranks) == 160
    assert sum(rank == 0 for rank in ranks.values()) / len(ranks) > 0.55
    assert sum(rank < 5 for rank in ranks.values()) / len(ranks) > 0.65


@pytest.mark.parametrize("prompt", ["a poodle", "a tabby", "a lioness", "a cappuccino", "a dustbin"])
def test_common_words_are_understood(ranks: dict[str, int], prompt: str) -> None:
    assert ranks[prompt] < 3
