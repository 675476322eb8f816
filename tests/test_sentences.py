"""Sentences remember what they are made of, and every one of them can be said in Portuguese."""

import ast
import copy
import errno
import os
import pickle
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from instaflow_demo import errors
from instaflow_demo.cli import notebook_words
from instaflow_demo.errors import DemoError, InvalidRequest, ModelUnavailable, Sentence, cause
from instaflow_demo.ui.text import translate
from instaflow_demo.ui.texts.portuguese import SENTENCES, TABLES, running

NEEDS = Sentence("{title} needs {size:.1f} GB.", title="SDXL", size=6.94)


@dataclass(frozen=True)
class Event:
    note: str


# ---------------------------------------------------------------- what a sentence is


def test_a_sentence_is_its_english_and_remembers_the_rest() -> None:
    assert NEEDS == "SDXL needs 6.9 GB."
    assert (NEEDS.template, NEEDS.values) == ("{title} needs {size:.1f} GB.", {"title": "SDXL", "size": 6.94})
    with pytest.raises(KeyError):
        Sentence("{title} needs {size:.1f} GB.", title="SDXL")


def test_copies_and_other_processes_remember_too() -> None:
    event = Event(Sentence.join([NEEDS, Sentence("Look at {path}.", path=Path("/tmp"))]))
    for made in (copy.copy(event), copy.deepcopy(event), replace(event), pickle.loads(pickle.dumps(event))):
        assert made == event
        assert isinstance(made.note, Sentence)
        assert made.note.values["part1"].values["size"] == 6.94


def test_errors_keep_their_sentence() -> None:
    error = ModelUnavailable(NEEDS)
    assert error.sentence is NEEDS
    assert str(error) == NEEDS
    refused = InvalidRequest({"images": NEEDS, "seed": Sentence("No.")})
    assert str(refused) == "SDXL needs 6.9 GB. No."
    for made in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert made.sentence.values == NEEDS.values
    again = pickle.loads(pickle.dumps(refused))
    assert again.problems == refused.problems
    assert again.problems["images"].values == NEEDS.values


def test_what_the_system_says_is_a_sentence_whatever_it_is() -> None:
    assert cause(OSError(28, "No space left on device")) == "No space left on device"
    assert cause(OSError("no {route}")) == "no {route}"


# ---------------------------------------------------------------- in Portuguese


def test_numbers_are_written_as_the_language_does() -> None:
    said = Sentence("{title} needs {size:.1f} GB of memory on {device}, {n:,} bytes.", title="SD 1.5", **VALUES)
    assert said == "SD 1.5 needs 2.5 GB of memory on cuda:0.5, 1,234 bytes."
    assert translate("pt-BR", said) == "SD 1.5 needs 2,5 GB of memory on cuda:0.5, 1.234 bytes."
    assert translate("en", said) == said


VALUES = {"size": 2.5, "device": "cuda:0.5", "n": 1234}


def test_sentences_in_sentences_are_translated_too() -> None:
    why = cause(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    remedy = Sentence("choose another folder with --out")
    said = Sentence(
        "The image could not be saved in {folder} ({why}): free some space or {remedy}.",
        folder=Path("/out"),
        why=why,
        remedy=remedy,
    )
    there = "A imagem não pôde ser salva em /out (sem espaço no disco): libere espaço ou escolha outra pasta com --out."
    assert translate("pt-BR", said) == there
    joined = Sentence.join([said, Sentence("Choose at least one model.")])
    assert translate("pt-BR", joined) == f"{there} Escolha pelo menos um modelo."
    assert translate("pt-BR", InvalidRequest({"a": said, "b": joined}).sentence).startswith(f"{there} {there} Esc")


def test_what_is_no_sentence_stays() -> None:
    assert translate("pt-BR", "as it is") == "as it is"
    assert translate("pt-BR", Sentence("of no table")) == "of no table"


# ---------------------------------------------------------------- all of the code's

ROOT = Path(__file__).parents[1]
CODE = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in [ROOT / "app.py", *sorted((ROOT / "instaflow_demo").rglob("*.py"))]
}
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, DemoError)}
TEMPLATED = {"Sentence", "_CannotTimeError"} | ERRORS - {"InvalidRequest"}
# what hands on a sentence that was made elsewhere
HANDED_ON = {
    ("instaflow_demo/errors.py", "sentence"),
    ("instaflow_demo/errors.py", 'said.replace("{", "{{").replace("}", "}}")'),  # the system's own words
    ("instaflow_demo/cli/notebook.py", "outcome.error"),
    ("instaflow_demo/cli/notebook_words.py", "template"),
    ("instaflow_demo/engines/adapters/lora.py", "refusal(path, strangers)"),
    ("instaflow_demo/engines/adapters/lora.py", "_misfit(path, layer, found, down, up)"),
    ("instaflow_demo/engines/adapters/lora.py", "_what_else(path)"),
    ("instaflow_demo/engines/backends/eager.py", "said[decoder]"),
    ("instaflow_demo/engines/placement.py", "reason"),
    ("instaflow_demo/results/benchmark.py", "event.message"),
    ("instaflow_demo/results/stored_samples.py", "event.message"),
    ("instaflow_demo/results/stored_paths.py", "event.message"),
    ("instaflow_demo/weights/folders.py", "_pointer(path)"),
    ("instaflow_demo/weights/hub.py", "note"),
}


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of these in the code, with the file that it is in."""
    for file, tree in CODE.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield file, node


def template(call: ast.Call) -> str | None:
    """The literal that a call begins with."""
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


TEMPLATES = {said for _, call in calls(*TEMPLATED) if (said := template(call)) is not None}


def placeholders(said: str) -> set[tuple[str, str | None, str | None]]:
    """The fields of a template, with how they are written."""
    return {(name, spec, how) for _, name, spec, how in string.Formatter().parse(said) if name is not None}


def has_words(said: str) -> bool:
    return bool(re.search("[A-Za-z]", "".join(text for text, *_ in string.Formatter().parse(said))))


def test_templates_are_literals_and_errors_have_one() -> None:
    others = {
        (file, ast.unparse(call.args[0]).replace("'", '"'))
        for file, call in calls(*TEMPLATED)
        if template(call) is None and not ast.unparse(call.args[0]).startswith("Sentence.join(")
    }
    assert others == HANDED_ON


def test_problems_of_requests_are_sentences() -> None:
    for file, call in calls("InvalidRequest"):
        (problems,) = call.args
        if isinstance(problems, ast.Dict):
            made = [ast.unparse(value) for value in problems.values]
            assert all(re.match(r"Sentence[.(]|wrong$|said$", value) for value in made), (file, made)
        else:
            assert ast.unparse(problems) in ("problems", "check.problems", "nothing"), file


def test_templates_get_the_values_that_they_ask_for() -> None:
    for file, call in calls(*TEMPLATED):
        if said := template(call):
            given, asked = {value.arg for value in call.keywords}, {name for name, *_ in placeholders(said)}
            assert given - {None} <= asked, (file, said)
            assert given == asked or None in given, (file, said)


def test_every_sentence_can_be_said_in_portuguese() -> None:
    assert not {said for said in TEMPLATES if has_words(said)} - SENTENCES.keys()


def test_no_translation_is_left_over() -> None:
    said = [english for table in TABLES for english in table]
    assert len(said) == len(set(said))
    assert SENTENCES.keys() - running.REASONS.keys() <= TEMPLATES
    assert running.REASONS.keys() <= {os.strerror(number) for number in errno.errorcode}


@pytest.mark.parametrize("english", SENTENCES)
def test_both_languages_have_the_same_placeholders(english: str) -> None:
    assert placeholders(english) == placeholders(SENTENCES[english])


# ---------------------------------------------------------------- in a notebook

# what only flags can bring about, or what only the command line and the page say
NOT_IN_NOTEBOOKS = {"--lora", "--delta-from", "--debug", "--json", "--out", "a LoRA file"}
ELSEWHERE = (
    "app.py",
    "instaflow_demo/cli/",
    "instaflow_demo/space/",
    "instaflow_demo/ui/",
    "instaflow_demo/training/",
    "instaflow_demo/evaluation/",
)


def test_a_notebook_advises_nothing_that_a_notebook_cannot_do() -> None:
    said = {template(call) or "" for file, call in calls(*TEMPLATED) if not file.startswith(ELSEWHERE)}
    commands = {each for each in said if re.search(r"(?<!\w)--[a-z]|“hf auth", each)}
    left = commands - notebook_words.SENTENCES.keys()
    assert not {each for each in left if not any(flag in each for flag in NOT_IN_NOTEBOOKS)}


@pytest.mark.parametrize("english", notebook_words.SENTENCES)
def test_what_a_notebook_says_takes_the_place_of_a_sentence(english: str) -> None:
    said = notebook_words.SENTENCES[english]
    assert english in TEMPLATES
    assert placeholders(said) <= placeholders(english)
    assert not re.search(r"(?<!\w)--(download|offline|model-dir|out)", said)


def test_what_a_sentence_holds_is_reworded_too() -> None:
    partly = Sentence(
        "{title} is only partly in the cache ({part} is missing): run “hf download {source}” again.",
        title="SD 1.5",
        part="vae",
        source="a/b",
    )
    assert "run “!hf download a/b” again" in notebook_words.reword(partly)
    offline = Sentence(
        "GLIDE could not be fetched, because HF_HUB_OFFLINE or --offline rules the network out: unset it."
    )
    said = notebook_words.reword(Sentence.join([offline, Sentence("Choose at least one model.")]))
    assert said.endswith("unset it, and restart the kernel. Choose at least one model.")
