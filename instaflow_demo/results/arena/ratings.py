"""Ratings of systems by votes on pairs, and the pair whose vote would tell most.

A vote is a game between two systems; “tie” and “both bad” are draws. openskill updates the ratings vote by vote: a mean
and a standard deviation each, by the Bradley-Terry model (Weng and Lin 2011, algorithm 1). That treats ratings as
independent, which is good for intervals as long as pairs are spread over all systems, but not for choosing pairs: by
its own deviations, three couples that never meet each other would become ever more certain. So pairs are chosen by what
all votes together say about all differences.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations
from threading import Lock

import numpy as np
from openskill.models import BradleyTerryFull

from ...measure import Figure
from .votes import Verdict, Vote, Votes

START, DEVIATION = 25.0, 25 / 3
"""The rating that every system begins with: openskill's scale."""
SCALE = math.sqrt(2) * 25 / 6
"""A system that is better by this much wins with the odds e : 1, that is 73 % of the games that are not drawn."""

_Z = 1.96  # of a 95 % interval
_NEARLY = 0.9  # pairs that tell nearly as much as the best one take turns, so that nobody can guess which it is
_RANKS: Mapping[Verdict, list[float]] = {"left": [0, 1], "right": [1, 0], "tie": [0, 0], "bad": [0, 0]}


@dataclass(frozen=True)
class Rating:
    """How good a system is by the votes on it, and how they went."""

    model: str
    mean: float = START
    deviation: float = DEVIATION
    won: int = 0
    lost: int = 0
    tied: int = 0
    bad: int = 0

    @property
    def games(self) -> tuple[int, int, int, int]:
        """How many votes it has won and lost, and how many called both pictures equally good, or both bad."""
        return self.won, self.lost, self.tied, self.bad

    @property
    def votes(self) -> int:
        return sum(self.games)

    @property
    def figure(self) -> Figure:
        """The rating with its 95 % interval."""
        return Figure(self.mean, self.mean - _Z * self.deviation, self.mean + _Z * self.deviation, self.votes)


@dataclass(frozen=True)
class Standings:
    """All ratings, and how many votes each pair has had."""

    ratings: Mapping[str, Rating] = field(default_factory=dict)
    met: Mapping[frozenset[str], int] = field(default_factory=dict)

    @property
    def ranked(self) -> list[Rating]:
        """The systems that have been voted on, best first."""
        return sorted(self.ratings.values(), key=lambda rating: rating.mean, reverse=True)

    @property
    def votes(self) -> int:
        return sum(self.met.values())

    def rating(self, model: str) -> Rating:
        return self.ratings.get(model) or Rating(model)

    def after(self, vote: Vote) -> "Standings":
        """The standings once this vote has been given."""
        left, right = _play(self.rating(vote.left), self.rating(vote.right), vote.verdict)
        pair = frozenset((vote.left, vote.right))
        met = {**self.met, pair: self.met.get(pair, 0) + 1}
        return Standings({**self.ratings, vote.left: left, vote.right: right}, met)


class Scores:
    """The standings of the votes in a file, which read only what has been added since they were last asked for."""

    def __init__(self, votes: Votes):
        self.votes = votes
        self._lock = Lock()
        self._read = 0
        self._standings = dict.fromkeys((False, True), Standings())

    def standings(self, *, seconds_shown: bool) -> Standings:
        """The standings by voters who knew the seconds, or by those who did not.

        Raises:
            DemoError: with a sentence, where the file cannot be read.
        """
        with self._lock:
            if self.votes.newest() < self._read:  # another file is there now
                self._read, self._standings = 0, dict.fromkeys((False, True), Standings())
            for number, vote in self.votes.read(self._read):
                self._read = number
                self._standings[vote.seconds_shown] = self._standings[vote.seconds_shown].after(vote)
            return self._standings[seconds_shown]


def choose_pair(
    standings: Standings,
    models: Sequence[str],
    besides: frozenset[str] = frozenset(),
    chance: random.Random | None = None,
) -> tuple[str, str]:
    """The pair whose vote would narrow all ratings most, in random order; it is not `besides` if there is another.

    Of the pairs that come within a tenth of that, one is drawn.

    Raises:
        ValueError: for fewer than two systems.
    """
    chance = chance or random.SystemRandom()
    gains = expected_gains(standings, models)
    open_pairs = {pair: gain for pair, gain in gains.items() if frozenset(pair) != besides} or gains
    most = max(open_pairs.values())
    one, other = chance.choice([pair for pair, gain in open_pairs.items() if gain >= _NEARLY * most])
    return (one, other) if chance.random() < 0.5 else (other, one)


def expected_gains(standings: Standings, models: Sequence[str]) -> dict[tuple[str, str], float]:
    """For every pair, by how much one vote on it would lower the sum of the variances of all ratings.

    With the votes so far as a Bradley-Terry model, whose covariance C is the inverse of its Fisher information plus
    the prior's, a vote on i and j adds w (eᵢ - eⱼ)(eᵢ - eⱼ)ᵀ to that, w = p (1 - p) / SCALE². By Sherman and Morrison
    the trace of C falls by w |C(eᵢ - eⱼ)|² / (1 + w (eᵢ - eⱼ)ᵀ C (eᵢ - eⱼ)): an A-optimal design.
    """
    covariance = _covariance(standings, models)
    gains = {}
    for (i, one), (j, other) in combinations(enumerate(models), 2):
        information, apart = _information(standings, one, other), covariance[:, i] - covariance[:, j]
        gains[one, other] = information * float(apart @ apart) / (1 + information * float(apart[i] - apart[j]))
    return gains


def _covariance(standings: Standings, models: Sequence[str]) -> np.ndarray:
    """Of the ratings of these systems, (n, n), by the votes among them."""
    precision = np.eye(len(models)) / DEVIATION**2
    for (i, one), (j, other) in combinations(enumerate(models), 2):
        known = standings.met.get(frozenset((one, other)), 0) * _information(standings, one, other)
        precision[[i, j], [i, j]] += known
        precision[[i, j], [j, i]] -= known
    return np.linalg.inv(precision)


def _information(standings: Standings, one: str, other: str) -> float:
    """Fisher information of one vote on a pair, about the difference of its ratings."""
    chance = 1 / (1 + math.exp((standings.rating(other).mean - standings.rating(one).mean) / SCALE))
    return chance * (1 - chance) / SCALE**2


def _play(left: Rating, right: Rating, verdict: Verdict) -> tuple[Rating, Rating]:
    """Both ratings once there is this verdict on their pair."""
    game = _game()
    teams = [[game.rating(mu=each.mean, sigma=each.deviation)] for each in (left, right)]
    (new_left,), (new_right,) = game.rate(teams, ranks=_RANKS[verdict])
    counts = {"left": ("won", "lost"), "right": ("lost", "won"), "tie": ("tied", "tied"), "bad": ("bad", "bad")}
    return (
        _count(replace(left, mean=new_left.mu, deviation=new_left.sigma), counts[verdict][0]),
        _count(replace(right, mean=new_right.mu, deviation=new_right.sigma), counts[verdict][1]),
    )


def _count(rating: Rating, outcome: str) -> Rating:
    return replace(rating, **{outcome: getattr(rating, outcome) + 1})


@cache
def _game() -> BradleyTerryFull:
    return BradleyTerryFull(mu=START, sigma=DEVIATION, beta=25 / 6, tau=0.0)  # systems do not change from vote to vote
