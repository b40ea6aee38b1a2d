"""Work spread over processes: each task once, in order, and nothing that fails is passed over."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from manifold.errors import ProcessError
from manifold.processes import MOST_NUMBERS, can_fork, spread

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system does not fork")


def there(done: Path, other: Callable[[], object] = lambda: None) -> Callable[[int], int]:
    """A task that is done in another process first, which is waited for here; `other` is what that one does besides."""
    parent = os.getpid()

    def do(number: int) -> int:
        if os.getpid() != parent:
            done.touch()
            other()
        end = time.monotonic() + 20
        while not done.exists():
            assert time.monotonic() < end, "no other process took part"
            time.sleep(0.001)
        return number

    return do


def test_answers_come_in_the_order_of_the_tasks(tmp_path: Path) -> None:
    """More tasks than a pipe holds numbers, by three processes."""
    count = 3 * MOST_NUMBERS + 7

    assert spread(range(count), there(tmp_path / "done"), 3) == list(range(count))


def test_several_processes_take_part(tmp_path: Path) -> None:
    """Answers of another process come back as well."""

    def meet(_: int) -> int:
        (tmp_path / str(os.getpid())).touch()
        end = time.monotonic() + 20
        while len(list(tmp_path.iterdir())) < 2:  # whoever is first waits for the other
            assert time.monotonic() < end, "no other process took part"
            time.sleep(0.001)
        return os.getpid()

    assert len(set(spread(range(8), meet, 2))) == 2


def test_answers_larger_than_a_pipe(tmp_path: Path) -> None:
    """Nobody waits for ever where much is told."""
    do = there(tmp_path / "done")

    assert [len(a) for a in spread(range(12), lambda i: bytes(do(i) + 1_000_000), 2)] == [
        1_000_000 + i for i in range(12)
    ]


def test_an_error_there_is_raised_here(tmp_path: Path) -> None:
    """With its type and words; one that cannot travel with its words."""

    class HereError(Exception):
        """Known to this test alone, so it cannot be pickled."""

    def fail(error: Exception) -> Callable[[], None]:
        def raising() -> None:
            raise error

        return raising

    with pytest.raises(ZeroDivisionError, match="by us"):
        spread(range(9), there(tmp_path / "a", fail(ZeroDivisionError("by us"))), 2)
    with pytest.raises(RuntimeError, match="HereError: by us"):
        spread(range(9), there(tmp_path / "b", fail(HereError("by us"))), 2)


def test_an_error_here_ends_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are stopped and waited for, not left behind."""
    parent = os.getpid()
    do = there(tmp_path / "done")
    made: list[int] = []
    fork = os.fork

    def recorded() -> int:
        made.append(fork())
        return made[-1]

    def fail(number: int) -> int:
        do(number)
        if os.getpid() == parent:
            raise ZeroDivisionError
        return number

    monkeypatch.setattr(os, "fork", recorded)
    with pytest.raises(ZeroDivisionError):
        spread(range(1000), fail, 2)
    assert len(made) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(made[0], 0)


def test_a_process_that_is_killed_is_missed(tmp_path: Path) -> None:
    """Its answers are not taken for empty ones."""
    kill = lambda: os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731

    with pytest.raises(ProcessError, match=r"killed by the system .SIGKILL.; .* try -j 1"):
        spread(range(9), there(tmp_path / "done", kill), 2)


def test_without_room_for_a_process_this_one_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the system's limit of processes is reached."""

    def fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)

    assert spread(range(9), abs, 3) == [*range(9)]


def test_children_that_the_system_waits_for(tmp_path: Path) -> None:
    """A parent that ignores SIGCHLD, as some shells' scripts make it do, gets its answers."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert spread(range(9), there(tmp_path / "done"), 2) == [*range(9)]
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_ticks_tell_how_far_it_is(tmp_path: Path) -> None:
    """With one process and with several: numbers that grow, of this process alone."""
    for processes, do in ((1, abs), (2, there(tmp_path / "done"))):
        ticks: list[int] = []
        spread(range(50), do, processes, tick=ticks.append)

        assert ticks == sorted(ticks)
        assert all(0 <= t < 50 for t in ticks)
        assert ticks == [*range(50)] or processes > 1
