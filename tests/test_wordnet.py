"""The words that the text encoder learns from WordNet, read from an excerpt of it (tests/data/wordnet)."""

from pathlib import Path

import pytest
from served import ROOT
from typer.testing import CliRunner

from instaflow_demo.errors import DemoError
from instaflow_demo.grammar import concepts
from instaflow_demo.training.__main__ import app
from instaflow_demo.training.data.wordnet import WordNet
from instaflow_demo.training.run_folder import RunFolder
from instaflow_demo.training.stages import text_encoder as text

EXCERPT = ROOT / "tests/data/wordnet"
CONCEPTS = {concept.title: concept for concept in concepts()}


@pytest.fixture(scope="module")
def wordnet() -> WordNet:
    return WordNet(EXCERPT)


@pytest.mark.parametrize(
    ("title", "meaning", "kinds"),
    [
        ("fox", "02118333", {"vixen", "red fox", "kit fox"}),
        ("guitar", "03467517", {"electric guitar", "ukulele", "bass guitar"}),
    ],
)
def test_a_concept_has_the_meaning_of_its_group_and_its_kinds(
    wordnet: WordNet, title: str, meaning: str, kinds: set[str]
) -> None:
    assert wordnet.meanings(CONCEPTS[title]) == [meaning]
    found = set(wordnet.kinds(meaning, frozenset()))
    assert kinds < found
    assert "reynard" not in found  # only proper nouns and rare meanings of it are left out


def test_kinds_stop_at_other_concepts_and_at_the_depth(wordnet: WordNet) -> None:
    bicycle = wordnet.meanings(CONCEPTS["bicycle"])[0]
    tandem = wordnet.senses["bicycle-built-for-two"][0]
    assert "tandem" in set(wordnet.kinds(bicycle, frozenset()))
    assert "tandem" not in set(wordnet.kinds(bicycle, frozenset([tandem])))
    assert set(wordnet.kinds(bicycle, frozenset(), depth=0)) == {"bicycle", "bike"}


def test_words_for_what_cannot_be_drawn_are_left_out(wordnet: WordNet) -> None:
    assert "justice" in wordnet.senses
    drawable = set(wordnet.drawable_words())
    assert {"banjo", "fox"} < drawable
    assert "justice" not in drawable


def test_the_stage_teaches_synonyms_and_near_words(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["words", "--run", str(tmp_path), "--wordnet", str(EXCERPT)], catch_exceptions=False)
    assert done.exit_code == 0
    lexicon, _ = RunFolder(tmp_path).load_words()
    taught = dict(zip((concept.title for concept in concepts()), lexicon.synonyms, strict=True))
    assert "vixen" in taught["fox"]
    assert "ukulele" in taught["guitar"]
    assert taught["dog"] == ()
    assert "banjo" in lexicon.others
    assert f"{sum(map(len, lexicon.synonyms))} synonyms and {len(lexicon.others)} other words" in done.stdout


def test_a_folder_without_wordnet_is_named(tmp_path: Path) -> None:
    for folder in (tmp_path, EXCERPT / "LICENSE"):
        with pytest.raises(DemoError, match=f"No WordNet in {folder}"):
            WordNet(folder)
    assert text.words_of(text.no_lexicon()) == []
