"""Work spread over forked processes: what is at hand is inherited, and only the answers travel.

multiprocessing's pool does the same with threads, locks and a pickling of each task: 50 ms that a short run feels.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from manifold.errors import ProcessError

T = TypeVar("T")

# Who is free takes the next number out of a pipe, so that none waits for another. Numbers of four bytes: a read of
# four is never torn, and so many of them fit into the smallest pipe that systems make.
_NUMBER = struct.Struct("=I")
MOST_NUMBERS = 1024
_HEAD = struct.Struct("=II")  # of an answer: its number, its length
_FAILED = 2**32 - 1  # as the number: what failed
_LARGE_PIPE = 1024 * 1024  # bytes; as much as Linux gives to everybody


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_fork() -> bool:
    """Whether this system has processes that begin as copies of their parent."""
    return hasattr(os, "fork")


class _Child:
    """A forked process, and what has come of its answers."""

    def __init__(self, pid: int, answers: int) -> None:
        self.pid, self.answers = pid, answers
        self._data = bytearray()
        self._code: int | None = None
        self._waited = False
        self.ended = False
        """Whether all its answers have come."""

    def stop(self) -> None:
        import signal

        with suppress(ProcessLookupError):  # gone by itself
            os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> int | None:
        """How it ended, as a shell tells it; None where the system tells it to nobody (SIGCHLD ignored)."""
        if not self._waited:
            self._waited = True
            with suppress(ChildProcessError):
                self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code

    def receive(self) -> None:
        """Take in what has come, which is waited for where the pipe blocks."""
        if self.ended:
            return
        try:
            data = os.read(self.answers, _LARGE_PIPE)
        except BlockingIOError:
            return
        self._data += data
        self.ended = not data

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The answers that are complete."""
        at = 0
        while len(self._data) - at >= _HEAD.size:
            number, length = _HEAD.unpack_from(self._data, at)
            end = at + _HEAD.size + length
            if end > len(self._data):
                break
            yield number, bytes(memoryview(self._data)[at + _HEAD.size : end])
            at = end
        del self._data[:at]


def _pickled(answer: Any) -> bytes:
    import pickle

    return pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)


def _unpickled(data: bytes) -> Any:
    import pickle

    return pickle.loads(data)


def spread(
    tasks: Sequence[T],
    do: Callable[[T], Any],
    processes: int,
    *,
    dump: Callable[[Any], bytes] = _pickled,
    load: Callable[[bytes], Any] = _unpickled,
    tick: Callable[[int], None] | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[Any]:
    """`do` of each task, in the order of the tasks; this process does its share.

    `dump` and `load` make an answer travel; `tick` is called here with the number of tasks that have been taken up;
    `meanwhile` is done here first, while others have begun already.
    Where no further process can be made, those at hand do the work. Raises what a task raised, and ProcessError where a
    process came to an end that it did not tell.
    """
    if processes < 2 or len(tasks) < 2 or not can_fork():
        meanwhile()
        return list(_one_by_one(tasks, do, tick))
    each = -(-len(tasks) // MOST_NUMBERS)
    parts = [tasks[i : i + each] for i in range(0, len(tasks), each)]
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by the shell
            stream.flush()
    numbers, into = os.pipe()
    os.write(into, b"".join(map(_NUMBER.pack, range(len(parts)))))
    os.close(into)
    out: list[Any] = [None] * len(parts)
    missing = set(range(len(parts)))
    children: list[_Child] = []

    def take(child: _Child) -> None:
        child.receive()
        for number, data in child.frames():
            if number == _FAILED:
                raise _unpickled(data)
            out[number] = load(data)
            missing.discard(number)

    try:
        for _ in range(min(processes, len(parts)) - 1):
            child = _fork(parts, do, dump, numbers, children)
            if child is None:
                break
            children.append(child)
        meanwhile()
        for number in _numbers(numbers):
            if tick is not None:
                tick(number * each)
            out[number] = [do(task) for task in parts[number]]
            missing.discard(number)
            for child in children:
                take(child)  # now, while there is still work that others do meanwhile
        for child in children:
            os.set_blocking(child.answers, True)
            while not child.ended:
                take(child)
        if missing:
            raise ProcessError(f"{_end(children)}; fewer processes need less memory: try -j 1")
    finally:
        os.close(numbers)
        for child in children:
            os.close(child.answers)
            if not child.ended:
                child.stop()
            child.wait()
    return [answer for part in out for answer in part]


def _end(children: Sequence[_Child]) -> str:
    """What became of the processes that did not do all they took up."""
    import signal

    codes = [code for child in children if (code := child.wait())]
    killed = [signal.Signals(-code).name for code in codes if code < 0]
    if killed:
        return f"a process was killed by the system ({', '.join(killed)})"
    return f"a process ended early{f' with exit code {codes[0]}' if codes else ''}"


def _one_by_one(tasks: Sequence[T], do: Callable[[T], Any], tick: Callable[[int], None] | None) -> Iterator[Any]:
    for done, task in enumerate(tasks):
        if tick is not None:
            tick(done)
        yield do(task)


def _numbers(pipe: int) -> Iterator[int]:
    while data := os.read(pipe, _NUMBER.size):
        yield _NUMBER.unpack(data)[0]


def _fork(
    parts: Sequence[Sequence[T]],
    do: Callable[[T], Any],
    dump: Callable[[Any], bytes],
    numbers: int,
    others: Sequence[_Child],
) -> _Child | None:
    """A further process; None where the system has no room for one."""
    answers, into = os.pipe()
    _enlarge(into)
    try:
        pid = os.fork()
    except OSError as error:
        os.close(answers)
        os.close(into)
        import logging

        logging.getLogger("manifold").debug("no further process can be made: %s", error)
        return None
    if not pid:
        os.close(answers)
        for other in others:
            os.close(other.answers)
        _serve(parts, do, dump, numbers, into)
    os.close(into)
    os.set_blocking(answers, False)
    return _Child(pid, answers)


def _enlarge(pipe: int) -> None:
    """A pipe with more room, where the system has it: who answers then seldom waits for who listens."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _LARGE_PIPE)
    except (ImportError, AttributeError, OSError):
        pass  # slower, and no less right


def _serve(
    parts: Sequence[Sequence[T]], do: Callable[[T], Any], dump: Callable[[Any], bytes], numbers: int, into: int
) -> NoReturn:
    """A forked process: does what it takes up, writes it, and is gone without the parent's clean-up."""

    def send(number: int, data: bytes) -> None:
        stream.write(_HEAD.pack(number, len(data)))
        stream.write(data)

    try:
        with os.fdopen(into, "wb", buffering=256 * 1024) as stream:
            try:
                for number in _numbers(numbers):
                    send(number, dump([do(task) for task in parts[number]]))
            except BrokenPipeError:
                raise
            except BaseException as error:
                send(_FAILED, _travelling(error))
    except BrokenPipeError:
        pass  # the parent has given up
    finally:
        os._exit(0)


def _travelling(error: BaseException) -> bytes:
    """An error as bytes; where it cannot travel, what it says can."""
    try:
        data = _pickled(error)
        _unpickled(data)
    except Exception:
        data = _pickled(RuntimeError(f"{type(error).__name__}: {error}"))
    return data
