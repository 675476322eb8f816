"""Sentences remember what they are made of, and every one of them can be said in Portuguese."""

import copy
import pickle
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from instaflow_demo.errors import InvalidRequest, ModelUnavailable, Sentence, cause

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
