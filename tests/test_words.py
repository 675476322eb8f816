"""The page's texts, numbers and sentences, in each language."""

import re
import string
from pathlib import Path
from typing import Any

import pytest
from page import FAST, SLOW

from instaflow_demo.errors import InvalidRequest, Sentence
from instaflow_demo.request import GenerationRequest
from instaflow_demo.ui.tabs.form import EXAMPLES
from instaflow_demo.ui.text import (
    LANGUAGES,
    TEXTS,
    Language,
    format_gigabytes,
    format_number,
    format_seconds,
    preferred_language,
    say,
    translate,
)


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_texts(language: Language) -> None:
    english, there = TEXTS["en"], TEXTS[language]
    assert english.keys() == there.keys()
    for key, text in english.items():
        assert _placeholders(text) == _placeholders(there[key]), key


def test_every_text_is_used() -> None:
    folder = Path(__file__).parent.parent / "instaflow_demo" / "ui"
    files = (p for p in folder.rglob("*.py") if p.name != "text.py" and folder / "texts" not in p.parents)
    code = "".join(p.read_text(encoding="utf-8") for p in files)
    composed = {f"stage_{stage}" for stage in ("load", "text", "sample", "upsample", "decode")}
    composed |= {"processor"}  # by text.py itself
    composed |= {"progress_sample", "progress_upsample", "progress_refine"}
    composed |= {*EXAMPLES, "flow_state_alt", "flow_prediction_alt", "live_prompts", "live_seeds"}
    composed |= {f"arena_alt_{side}" for side in ("left", "right")}
    composed |= {f"arena_vote_{verdict}" for verdict in ("left", "right", "tie", "bad")}
    unused = {key for key in TEXTS["en"] if f'"{key}"' not in code and f"'{key}'" not in code} - composed
    assert not unused


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
        ("pt", "pt-BR"),
        ("pt-PT,pt;q=0.9,en;q=0.8", "pt-PT"),
        ("de, PT-pt;q=0.7", "pt-PT"),
        ("pt-MZ", "pt-PT"),
        ("en-GB,pt", "en"),
        ("de,fr;q=0.5", "en"),
        ("ptx,en", "en"),
        (";;,,=", "en"),
    ],
)
def test_language_of_a_browser(header: str | None, language: str) -> None:
    assert preferred_language(header) == language


def test_numbers_are_written_as_the_language_does() -> None:
    assert format_number("en", 1234.56, 1) == "1,234.6"
    assert format_number("pt-BR", 1234.56, 1) == "1.234,6"
    assert format_number("pt-PT", 1234.56, 1) == "1\N{NO-BREAK SPACE}234,6"
    written = [format_seconds("en", s) for s in (0.1234, 1.234, 12.34, 123.4)]
    assert written == ["0.123 s", "1.23 s", "12.3 s", "2 min 3 s"]
    assert format_gigabytes("pt-BR", 2_340_000_000) == "2,3 GB"
    assert (format_gigabytes("en", 999_400_000), format_gigabytes("en", 999_600_000)) == ("999 MB", "1.0 GB")


def test_sentences_of_the_request_have_translations() -> None:
    problems: dict[str, str] = {}
    for bad in (
        {"prompt": ""},
        {"prompt": "x" * 600},
        {"models": []},
        {"seed": 1.5},
        {"seed": -2},
        {"seed": "7 "},
        {"images": "two"},
        {"steps": "x"},
        {"models": [SLOW], "steps": 101},
        {"models": [SLOW], "guidance": "1,5"},
        {"models": ["2rf"], "size": 100},
        {"batched": "yes"},
        {"dtype": "int8"},
        {"device": None},
        {"prompt": "x", "negative_prompt": "x" * 600},
    ):
        with pytest.raises(InvalidRequest) as caught:
            GenerationRequest.parse(**{"prompt": "a dog", "models": [FAST], **bad})
        problems |= {value: value for value in caught.value.problems.values()}
    notes = GenerationRequest.parse("dog", [FAST], negative_prompt="cat").notes
    for sentence in (*problems, *notes):
        assert translate("pt-BR", sentence) != sentence
        assert translate("en", sentence) == sentence
        assert not re.search(r"\b(must|not|the|for|from)\b", translate("pt-BR", sentence)), sentence


def test_numbers_in_sentences_are_written_as_the_language_does() -> None:
    said = refused(seed="7")
    assert said == "The seed must be a whole number from 0 to 4,294,967,295, or -1 for a random one, not the text “7”."
    there = "Semente: deve ser um número inteiro de 0 a 4.294.967.295, ou -1 para uma ao acaso, e não o texto “7”."
    assert translate("pt-BR", said) == there
    said = refused(models="2rf", size=1024.5)
    assert said == "Size must be a multiple of 64 pixels from 256 to 768 for 2-Rectified Flow, not 1,024.5."
    there = "Tamanho: deve ser um múltiplo de 64 pixels de 256 a 768 em 2-Rectified Flow, e não 1.024,5."
    assert translate("pt-BR", said) == there


def refused(**raw: Any) -> Sentence:
    """What is said of a request that is wrong in one field."""
    with pytest.raises(InvalidRequest) as caught:
        GenerationRequest.parse(**{"prompt": "a dog", "models": FAST, **raw})
    return caught.value.sentence


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("en", "nothing")
