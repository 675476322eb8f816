"""A lock that goes to whoever has waited longest."""

import threading
import time

import pytest

from instaflow_demo.machine.turns import Turns


def until(condition) -> None:
    for _ in range(20_000):
        if condition():
            return
        time.sleep(0.005)
    pytest.fail("it never happened")


def test_turns_come_in_the_order_of_asking() -> None:
    """Also for those who ask again at once, as whoever loads one model after another does."""
    turns, order = Turns(), []

    def come(name: int) -> None:
        for again in range(2):
            with turns.turn():
                order.append((again, name))
                if not again:
                    until(lambda: turns.waiting == 6)  # whoever was before has asked again

    visitors = [threading.Thread(target=come, args=(name,), daemon=True) for name in range(5)]
    with turns.turn():
        for count, visitor in enumerate(visitors, start=2):
            visitor.start()
            until(lambda count=count: turns.waiting == count)
        waiting = threading.Thread(target=come, args=(5,), daemon=True)
        waiting.start()
        until(lambda: turns.waiting == 7)
    for visitor in (*visitors, waiting):
        visitor.join(10)
    assert order[:6] == [(0, name) for name in range(6)]
    assert [again for again, _ in order] == [0] * 6 + [1] * 6
    assert turns.waiting == 0


def test_one_at_a_time_has_its_turn() -> None:
    turns, inside, most = Turns(), [], []

    def come() -> None:
        for _ in range(50):
            with turns.turn():
                inside.append(None)
                most.append(len(inside))
                inside.pop()

    visitors = [threading.Thread(target=come, daemon=True) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(30)
    assert most == [1] * 400


def test_who_is_interrupted_while_waiting_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()

    def interrupted(_) -> None:
        raise KeyboardInterrupt

    with turns.turn():
        with monkeypatch.context() as patch:
            patch.setattr(turns._changed, "wait_for", interrupted)
            with pytest.raises(KeyboardInterrupt), turns.turn():
                pytest.fail("it was not its turn")
        assert turns.waiting == 1
    with turns.turn():
        assert turns.waiting == 1


def test_an_error_ends_a_turn() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="mine"), turns.turn():
        raise ValueError("mine")
    with turns.turn():
        assert turns.waiting == 1
