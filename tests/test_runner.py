"""Work on a thread of its own: nothing is lost, and it ends when it should."""

import asyncio
import threading
import time
from collections.abc import Generator

import pytest

from instaflow_demo.errors import DeviceUnavailable
from instaflow_demo.ui.runner import Runner, poll


def counted(closed: threading.Event, threads: set[int]) -> Generator[int, None, None]:
    try:
        for i in range(20_000):  # for longer than any test waits
            threads.add(threading.get_ident())
            time.sleep(0.005)
            yield i
    finally:
        closed.set()


def test_batches_lose_nothing_and_keep_the_order() -> None:
    assert [i for batch in poll((i for i in range(500)), 0.01) for i in batch] == list(range(500))


def test_work_stays_on_one_thread_whoever_looks() -> None:
    closed, threads = threading.Event(), set()
    looks = poll(counted(closed, threads), 0.02)
    for _ in range(4):
        reader = threading.Thread(target=next, args=(looks,))
        reader.start()
        reader.join()
    looks.close()
    assert closed.wait(10)
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_closing_ends_the_work_within_one_item() -> None:
    closed, threads = threading.Event(), set()
    looks = poll(counted(closed, threads), 0.02)
    made = next(batch for batch in looks if batch)
    looks.close()
    assert closed.wait(10)
    assert made[-1] < 1000, "most of it was done"


def test_looks_come_even_when_nothing_happens() -> None:
    def slow() -> Generator[int, None, None]:
        time.sleep(0.3)
        yield 1

    looks = poll(slow(), 0.05)
    assert next(looks) == []
    assert [i for batch in looks for i in batch] == [1]


def test_an_error_of_the_work_is_raised_where_it_is_heard() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise DeviceUnavailable("no GPU")

    seen = []
    with pytest.raises(DeviceUnavailable, match="no GPU"):
        for batch in poll(failing(), 0.01):
            seen += batch
    assert seen == [1]


def test_stop_ends_the_work_of_one_visitor_in_one_tab_and_waits_for_its_last_answer() -> None:
    ana, rui, elsewhere = ("compare", "ana"), ("compare", "rui"), ("benchmark", "ana")
    runner, closed = Runner(), {whose: threading.Event() for whose in (ana, rui, elsewhere)}
    begun = threading.Barrier(4)
    said: list[tuple[str, str]] = []

    def visit(whose: tuple[str, str]) -> None:
        with runner.follow(*whose, counted(closed[whose], set()), 0.02) as news:
            begun.wait(60)
            for _ in news:
                pass
            time.sleep(0.1)  # the last answer takes its time to be sent
            said.append(whose)

    visits = [threading.Thread(target=visit, args=(whose,)) for whose in closed]
    for thread in visits:
        thread.start()
    begun.wait(60)
    assert asyncio.run(runner.stop(*ana))
    assert said == [ana]
    assert closed[ana].wait(10)
    assert not closed[rui].is_set()
    assert not closed[elsewhere].is_set()
    assert (runner.busy(*ana), runner.busy(*elsewhere)) == (False, True)
    assert not asyncio.run(runner.stop(*ana))
    for whose in (rui, elsewhere):
        assert asyncio.run(runner.stop(*whose))
    for thread in visits:
        thread.join(10)
    assert said == [ana, rui, elsewhere]


def test_work_ends_when_its_time_is_up_and_its_visitor_is_told() -> None:
    closed, threads = threading.Event(), set()
    start = time.monotonic()
    with (
        pytest.warns(UserWarning, match="which is the most here"),
        Runner(longest_s=0.3).follow("tab", "visitor", counted(closed, threads), 0.02) as news,
    ):
        seen = [i for batch in news for i in batch]
    assert closed.wait(10)
    assert time.monotonic() - start > 0.25
    assert 0 < len(seen) < 400  # what two seconds have room for, at most
