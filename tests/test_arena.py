"""The arena's work: pairs that tell nothing, votes that are kept once, ratings whose intervals hold."""

import csv
import io
import math
import multiprocessing
import os
import random
import sqlite3
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from conditions import Condition, a_file, read_only
from PIL import Image
from served import ROOT

from instaflow_demo.errors import DemoError
from instaflow_demo.events import Failed
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.arena.pairs import Pair, Question, _is_blank, _png, _same_size, draw_pair
from instaflow_demo.results.arena.ratings import (
    DEVIATION,
    SCALE,
    START,
    Scores,
    Standings,
    _covariance,
    _information,
    choose_pair,
    expected_gains,
)
from instaflow_demo.results.arena.votes import VERDICTS, Verdict, Vote, Votes, votes_csv
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights

A, B = "instaflow-mini", "sd-distill-mini"


def vote(ballot: object = 1, left: str = A, right: str = B, verdict: Verdict = "left", seconds: bool = False) -> Vote:
    return Vote(
        str(ballot), "2026-11-27", "en", "example_1", 7, left, right, verdict, seconds, 1, 25, 0.1, 1.25, True, False
    )


def standings(*votes: Vote) -> Standings:
    made = Standings()
    for each in votes:
        made = made.after(each)
    return made


# ---------------------------------------------------------------- votes


@pytest.fixture
def votes(tmp_path: Path) -> Votes:
    return Votes(tmp_path / "home" / "arena.sqlite3")


def test_a_vote_is_kept_as_it_was_given(votes: Votes) -> None:
    assert (votes.read(), votes.newest()) == ([], 0)
    assert not votes.file.exists()  # looking makes no file
    given = [vote(number, verdict=verdict, seconds=number % 2 == 1) for number, verdict in enumerate(VERDICTS)]
    assert all(votes.add(each) for each in given)
    assert [each for _, each in votes.read()] == given
    assert [number for number, _ in votes.read(after=2)] == [3, 4]
    assert votes.newest() == 4


def test_a_pair_takes_one_vote(votes: Votes) -> None:
    assert votes.add(vote("the pair"))
    assert not votes.add(vote("the pair", verdict="right"))
    assert [each.verdict for _, each in votes.read()] == ["left"]


def add_many(file: Path, voter: int, ballots: int) -> int:
    """How many of the votes on the same pairs were taken."""
    return sum(Votes(file).add(vote(ballot, left=f"by-{voter}")) for ballot in range(ballots))


def test_processes_and_threads_vote_at_once(votes: Votes) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pending = pool.starmap_async(add_many, [(votes.file, voter, 20) for voter in range(2)])
        taken: list[int] = []
        threads = [Thread(target=lambda voter=v: taken.append(add_many(votes.file, voter, 20))) for v in (2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(taken) + sum(pending.get(60)) == 20
    assert len(votes.read()) == 20
    with sqlite3.connect(votes.file) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("what", ["garbage", "half of it", "another table", "another version"])
def test_a_file_that_is_not_ours_is_a_sentence_and_stays(votes: Votes, what: str) -> None:
    for number in range(100):
        votes.add(vote(number))
    if what == "garbage":
        votes.file.write_bytes(b"nothing to see " * 999)
    elif what == "half of it":
        votes.file.write_bytes(votes.file.read_bytes()[:9000])
    else:
        with sqlite3.connect(votes.file) as connection:
            done = "DROP TABLE votes" if what == "another table" else "PRAGMA user_version = 99"
            connection.execute(done)
        connection.close()
    before = votes.file.read_bytes()
    for use in (votes.read, votes.newest, lambda: votes.add(vote("new"))):
        with pytest.raises(DemoError, match=r"The votes in .*: move (it|that file) away, and new ones begin\."):
            use()
    assert votes.file.read_bytes() == before


def test_a_file_that_somebody_holds_is_a_sentence(votes: Votes, monkeypatch: pytest.MonkeyPatch) -> None:
    votes.add(vote())
    monkeypatch.setattr("instaflow_demo.results.arena.votes._PATIENCE_S", 0.05)
    with sqlite3.connect(votes.file, isolation_level=None) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DemoError, match="held by another program"):
            votes.add(vote(2))
        assert len(votes.read()) == 1  # who reads does not wait
    holder.close()


def test_where_nothing_can_be_kept_the_sentence_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match=r"\(Not a directory\): set INSTAFLOW_DEMO_HOME"):
        Votes(tmp_path / "file" / "arena.sqlite3").add(vote())
    (tmp_path / "folder").mkdir()
    for use in (lambda file: Votes(file).add(vote()), lambda file: Votes(file).read()):
        with pytest.raises(DemoError, match=r"\(Permission denied\)"):
            use(tmp_path / "folder")


def test_files_for_tables_have_every_vote_and_no_prompt(votes: Votes) -> None:
    votes.add(vote(verdict="bad"))
    (row,) = csv.DictReader(io.StringIO(votes_csv([each for _, each in votes.read()])))
    assert (row["left"], row["right"], row["verdict"], row["right_seconds"]) == (A, B, "bad", "1.25")
    assert (row["seconds_shown"], row["left_warm"], row["right_warm"]) == ("no", "yes", "no")
    assert not {"prompt", "address", "visitor"} & row.keys()


# ---------------------------------------------------------------- ratings


def test_who_wins_rises_and_draws_change_nothing_between_equals() -> None:
    won = standings(vote())
    assert won.rating(A).mean > START > won.rating(B).mean
    assert (won.rating(A).won, won.rating(B).lost, won.votes) == (1, 1, 1)
    for verdict in ("tie", "bad"):
        drawn = standings(vote(verdict=verdict))
        assert drawn.rating(A).mean == drawn.rating(B).mean == START
        assert drawn.rating(A).deviation < DEVIATION
    counted = standings(vote(verdict="tie"), vote(verdict="bad"), vote(verdict="right")).rating(A)
    assert (counted.won, counted.lost, counted.tied, counted.bad, counted.votes) == (0, 1, 1, 1, 3)


def test_right_is_left_from_the_other_side() -> None:
    mirrored = standings(vote(left=B, right=A, verdict="right"))
    assert mirrored.rating(A) == standings(vote()).rating(A)


def test_intervals_narrow_with_every_vote() -> None:
    one, many = (standings(*[vote()] * n).rating(A).figure for n in (1, 20))
    assert one.low < one.value < one.high
    assert many.high - many.low < one.high - one.low
    assert many.n == 20


def test_intervals_hold_the_truth_where_pairs_are_chosen() -> None:
    """Voters of a Bradley-Terry model: of all 95 % intervals after 120 votes, at least nine in ten are right."""
    chance, held = random.Random(3), Counter()
    for _ in range(10):
        truth = {name: chance.gauss(0, 5) for name in "abcde"}
        shift = START - statistics.mean(truth.values())
        made = Standings()
        for ballot in range(120):
            left, right = choose_pair(made, list(truth), chance=chance)
            wins = 1 / (1 + math.exp((truth[right] - truth[left]) / SCALE))
            made = made.after(vote(ballot, left, right, "left" if chance.random() < wins else "right"))
        middle = statistics.mean(rating.mean for rating in made.ranked)
        for rating in made.ranked:
            real = truth[rating.model] + shift - START + middle
            held[rating.figure.low <= real <= rating.figure.high] += 1
    assert held[True] / held.total() >= 0.9


def test_the_next_pair_is_one_that_tells_most() -> None:
    known = standings(*[vote(n, "a", "b", "tie") for n in range(30)])
    gains = expected_gains(known, ["a", "b", "c"])
    assert max(gains, key=gains.__getitem__) in (("a", "c"), ("b", "c"))  # c has met nobody
    assert gains["a", "b"] == min(gains.values())
    assert {frozenset(choose_pair(known, ["a", "b", "c"])) for _ in range(40)} == {frozenset("ac"), frozenset("bc")}


def test_gains_are_what_the_trace_of_the_covariance_falls_by() -> None:
    """The closed form against the matrices themselves."""
    known, models = standings(vote(1, "a", "b"), vote(2, "b", "c"), vote(3, "a", "b", "tie")), ["a", "b", "c"]
    before = _covariance(known, models)
    once_more = replace(known, met={**known.met, frozenset("ac"): 1})
    fall = before.trace() - _covariance(once_more, models).trace()
    assert _information(known, "a", "c") > 0
    assert expected_gains(known, models)["a", "c"] == pytest.approx(fall)


def test_sides_are_chance_and_the_last_pair_does_not_come_again() -> None:
    chance = random.Random(5)
    sides = Counter(choose_pair(Standings(), [A, B], chance=chance) for _ in range(400))
    assert 150 < sides[A, B] < 250
    assert all(
        frozenset(choose_pair(Standings(), list("abc"), frozenset("ab"), chance)) != frozenset("ab") for _ in range(50)
    )
    assert set(choose_pair(Standings(), [A, B], frozenset((A, B)))) == {A, B}  # there is no other
    with pytest.raises(ValueError, match="empty"):
        choose_pair(Standings(), [A])


def test_standings_are_those_of_the_file_whoever_wrote_it(votes: Votes) -> None:
    scores = Scores(votes)
    assert scores.standings(seconds_shown=False).votes == 0
    votes.add(vote(1))
    votes.add(vote(2, seconds=True))
    assert scores.standings(seconds_shown=False) == standings(vote(1))
    assert scores.standings(seconds_shown=True) == standings(vote(2))
    Votes(votes.file).add(vote(3, verdict="tie"))
    assert scores.standings(seconds_shown=False) == standings(vote(1), vote(3, verdict="tie"))
    votes.file.unlink()
    assert scores.standings(seconds_shown=False) == Standings()


# ---------------------------------------------------------------- pairs


@pytest.fixture(scope="module")
def pair() -> Pair:
    service = Service(Weights())
    *events, pair = draw_pair(service, Question("a big dog", "en", "example_1"), A, B, seed=7)
    service.close()
    assert isinstance(pair, Pair)
    assert not any(isinstance(event, Failed) for event in events)
    return pair


def test_both_pictures_are_what_generate_draws(pair: Pair) -> None:
    service = Service(Weights())
    request = GenerationRequest.parse("a big dog", [A, B], seed=7, save=False)
    drawn = {event.model: event.image for event in service.run(request) if hasattr(event, "image")}
    service.close()
    for side, model in ((pair.left, A), (pair.right, B)):
        assert (side.model, side.steps, pair.seed) == (model, MODELS[model].steps.default, 7)
        with Image.open(io.BytesIO(side.png)) as image:
            assert image.tobytes() == drawn[model].convert("RGB").tobytes()


def test_files_of_pictures_have_pixels_alone(pair: Pair) -> None:
    for side in (pair.left, pair.right):
        with Image.open(io.BytesIO(side.png)) as image:
            image.load()
            assert image.info == {}
            assert image.size == (256, 256)
        assert not any(model.encode() in side.png for model in MODELS)
    noted = Image.new("RGB", (8, 8))
    noted.info["model"] = "sd-mini"
    assert b"sd-mini" not in _png(noted)


def test_pictures_of_a_pair_are_equally_large() -> None:
    small, large = _same_size(Image.new("RGB", (256, 256)), Image.new("RGB", (512, 512)))
    assert small.size == large.size == (512, 512)


def test_what_the_safety_checker_blocked_is_nothing_to_vote_on() -> None:
    assert _is_blank(Image.new("RGB", (64, 64), (128, 128, 128)))
    assert not _is_blank(Image.radial_gradient("L"))


def test_a_vote_says_how_the_pictures_were_made_and_not_what_was_typed(pair: Pair) -> None:
    given = replace(pair, question=Question("my secret wish", "en")).vote("tie", seconds_shown=True)
    assert (given.left, given.right, given.verdict, given.example, given.seed) == (A, B, "tie", "", 7)
    assert (given.left_steps, given.seconds_shown) == (1, True)
    assert given.right_seconds == pytest.approx(pair.right.seconds, abs=1e-6)
    assert "secret" not in repr(given)


def test_a_system_that_fails_ends_the_pair(tmp_path: Path) -> None:
    service = Service(Weights(tmp_path / "none"))
    *_, last = draw_pair(service, Question("a dog", "en"), A, B)
    assert isinstance(last, Failed)


@pytest.mark.parametrize("condition", [a_file, read_only], ids=lambda condition: condition.__name__)
def test_homes_in_which_nothing_can_be_kept(tmp_path: Path, condition: Callable[[Path], Condition]) -> None:
    found = condition(tmp_path).or_skip()
    said = (
        "from pathlib import Path\nimport os\nfrom instaflow_demo.errors import DemoError\n"
        "from instaflow_demo.results.arena.votes import Votes\nfrom test_arena import vote\n"
        "try:\n    Votes(Path(os.environ['HOME'], 'x', 'arena.sqlite3')).add(vote())\n"
        "except DemoError as error:\n    print(error)\n"
    )
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [*found.prefix, sys.executable, "-c", said],
        env=found.applied({**os.environ, "PYTHONPATH": paths}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("Votes cannot be kept in "), done.stderr
