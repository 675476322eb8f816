"""Rows about many visitors at once, and about those who leave."""

import itertools
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from served import App

from instaflow_demo.ui.admission import MOST_OF_A_VISITOR, MOST_WAITING, UNHEARD_S

from .record import Clock, Row
from .visitors import Answer, Visitor, pressed

VISITORS, JOINS, DROPS, PASSES = 64, 150, 100, 20
MOST_REFUSAL_S, MOST_ONLOOKER_S, SLACK_S = 1.0, 2.0, 0.5
HEAVY = ["instaflow-mini", "2rf-mini", "sd-mini", "text2im-mini"]
Asks = tuple[dict[str, Any], ...]
LONG: Asks = ({"model": "sd-mini", "images": 8, "steps": 50}, {"model": "text2im-mini", "images": 8})
"""What the visitors who leave have asked for: a model of each kind."""


def wait_until_warm(app: App, clock: Clock) -> None:
    """An app that has just started draws with each of its default models once."""
    visitor = Visitor(app, 0)
    while not visitor.draw(clock.left) and clock.left > 0:
        time.sleep(1)


# ---------------------------------------------------------------- everybody at once


def visitors(app: App, clock: Clock, count: int = VISITORS) -> Row:
    """All ask at once, each for an image of their own; every second one in Portuguese."""
    people = [Visitor(app, number, "pt-BR" if number % 2 else "en") for number in range(count)]
    with ThreadPoolExecutor(count) as pool:
        came = list(pool.map(lambda one: _own_image(one, clock), people))
    right, refused = [each for each in came if each.right], [each for each in came if each.refused]
    slowest = max((each.seconds for each in refused), default=0.0)
    neither = count - len(right) - len(refused)
    mixed = len({each.sha256 for each in right}) != len(right)
    return Row.judged(
        "visitors at once",
        f"{count} right, or refused in less than {MOST_REFUSAL_S:g} s with a sentence in their language; none mixed up",
        count,
        count,
        f"{len(right)} right, {len(refused)} refused (slowest {slowest:.2f} s), {neither} neither",
        not neither,
        slowest < MOST_REFUSAL_S,
        not mixed,
    )


@dataclass(frozen=True)
class _Came:
    """What became of a visitor."""

    right: bool
    refused: bool
    seconds: float
    sha256: str


def _own_image(visitor: Visitor, clock: Clock) -> _Came:
    seed, prompt = 1000 + visitor.number, f"a big dog and number {visitor.number}"
    answer = visitor.ask(prompt=prompt, seed=seed)
    if answer.status != 200:
        return _Came(False, answer.status == 429 and _speaks(visitor.language, answer), answer.seconds, "")
    ended, said = visitor.outcome("generate", answer.event, max(1.0, clock.left))
    if ended != "complete":
        return _Came(False, False, answer.seconds, "")
    (result,) = said[0]["results"]
    (image,) = result["images"]
    return _Came((result["prompt"], image["seed"]) == (prompt, seed), False, answer.seconds, image["sha256"])


def _speaks(language: str, answer: Answer) -> bool:
    """Whether a refusal is in a language: both sentences of the queue say that something waits."""
    return ("waiting" if language == "en" else "na fila") in answer.sentence


# ---------------------------------------------------------------- those who ask and never listen


def unattended(app: App, clock: Clock, count: int = JOINS) -> tuple[Row, Row]:
    """As many ask for a heavy run and go; others look on. Also the row about those."""
    crowd = [Visitor(app, 1000 + number) for number in range(count)]
    data = ["a big dog", HEAVY, 8, 7, ""]
    with onlooker(app) as seen:
        greedy = [Visitor(app, 3000).call("compare", data, session_hash="greedy") for _ in range(MOST_OF_A_VISITOR + 2)]
        with ThreadPoolExecutor(min(count, 64)) as pool:
            came = list(pool.map(lambda one: one.call("compare", data), crowd))
        begin = time.monotonic()
        drawn = _first_that_is_let_in(Visitor(app, 3001), clock)
        free_s = time.monotonic() - begin
    let_in = sum(answer.status == 200 for answer in came)
    told = all(answer.status == 429 and answer.sentence for answer in came if answer.status != 200)
    own = sum(answer.status == 200 for answer in greedy)
    most_s = UNHEARD_S + 10
    row = Row.judged(
        "runs that nobody listens to",
        f"at most {MOST_WAITING} wait, {MOST_OF_A_VISITOR} of a visitor; the device is free within {most_s:.0f} s",
        count,
        count,
        f"{let_in} let in, {count - let_in} refused; {own} of one visitor; free after {free_s:.1f} s",
        let_in + own <= MOST_WAITING + 1,  # the first may have begun
        told,
        own <= MOST_OF_A_VISITOR + 1,
        drawn,
        free_s <= most_s,
    )
    return row, seen.row()


def _first_that_is_let_in(visitor: Visitor, clock: Clock) -> bool:
    while clock.left > 0:
        if visitor.draw(clock.left):
            return True
        time.sleep(0.5)
    return False


@dataclass
class Onlooker:
    """Whoever looks at the page, asks what models there are, and presses Stop, while the queue is full."""

    answers: list[Answer] = field(default_factory=list)

    def row(self) -> Row:
        slowest = max((each.seconds for each in self.answers), default=0.0)
        bad = [each for each in self.answers if each.status != 200]
        return Row.judged(
            "Stop and the page while the queue is full",
            f"never refused, and answered in less than {MOST_ONLOOKER_S:g} s",
            len(self.answers),
            1,
            f"{len(bad)} of {len(self.answers):,} refused; slowest {slowest:.2f} s",
            not bad,
            slowest < MOST_ONLOOKER_S,
        )


@contextmanager
def onlooker(app: App) -> Iterator[Onlooker]:
    """One who looks on for as long as the context lasts."""
    seen, over = Onlooker(), threading.Event()
    press = pressed(app, "stop", "click")

    def look() -> None:
        for number in itertools.count(4000):
            if over.is_set():
                return
            visitor = Visitor(app, number)
            seen.answers += [visitor.send("GET", "/"), _models(visitor), visitor.press(press)]
            over.wait(0.2)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _models(visitor: Visitor) -> Answer:
    """The list of models, to its end."""
    asked = visitor.call("models", [])
    if asked.status != 200:
        return asked
    begin = time.monotonic()
    ended, _ = visitor.outcome("models", asked.event, 30)
    return Answer(200 if ended == "complete" else 0, "", asked.seconds + time.monotonic() - begin)


# ---------------------------------------------------------------- those who leave


def dropped(app: App, clock: Clock, count: int = DROPS, seed: int = 1, asks: Asks = LONG) -> Row:
    """Visitors hang up in the middle of long runs; the next visitor's image comes that much later than alone."""
    chance, next_one = random.Random(seed), Visitor(app, 5000)
    alone_s = median(_timed(next_one) for _ in range(5))
    steps = [_step_s(Visitor(app, 5001), asked) for asked in asks]
    late: list[float] = []
    for number in clock.counted(count):
        kind = number % len(asks)
        _hang_up(Visitor(app, 5002 + number), asks[kind], chance.uniform(0.0, 1.0))
        late.append(_timed(next_one) - alone_s - steps[kind])
    worst = max(late, default=0.0)
    return Row.judged(
        "dropped connections",
        f"the device is free within a step and {SLACK_S:g} s, and the next run works",
        len(late),
        count,
        f"{worst:.2f} s beyond a step at worst, {median(late or [0.0]):.2f} s as a median "
        f"(steps: {' and '.join(f'{1000 * each:.0f} ms' for each in steps)})",
        worst <= SLACK_S,
    )


def _timed(visitor: Visitor) -> float:
    """Seconds until an image is there; endless if none comes."""
    begin = time.monotonic()
    return time.monotonic() - begin if visitor.draw() else float("inf")


def _step_s(visitor: Visitor, asked: dict[str, Any]) -> float:
    """Seconds of one denoising step of what is asked for."""
    drawn = [visitor.draw(**asked | {"images": 1, "steps": 10}) for _ in range(2)]  # the first one may load the model
    return 1 / drawn[-1]["iterations_per_second"]


def _hang_up(visitor: Visitor, asked: dict[str, Any], after_s: float) -> None:
    answer = visitor.ask(**asked)
    if answer.status == 200:
        with visitor.listen(f"/gradio_api/call/generate/{answer.event}"):
            time.sleep(after_s)


# ---------------------------------------------------------------- steady times


def steady(app: App, clock: Clock, count: int = PASSES) -> Row:
    """Warm runs take what warm runs take."""
    visitor = Visitor(app, 6000)
    visitor.draw()
    took = [said["images"][0]["seconds"] for _ in clock.counted(count) if (said := visitor.draw())]
    share = quantiles(took, n=20)[-1] / median(took) if len(took) > 1 else float("inf")
    return Row.judged(
        "warm runs",
        "the 95th percentile is at most 1.2 medians",
        len(took),
        count,
        f"{share:.2f} medians; the median is {1000 * median(took or [0.0]):.0f} ms an image",
        share <= 1.2,
    )
