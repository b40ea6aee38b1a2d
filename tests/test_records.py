"""Records are to their users what dataclasses are."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from functools import cached_property
from typing import Any

import pytest
from manifold.records import field, record, replace


@record(frozen=True)
class Point:
    """A frozen one."""

    x: int
    y: int = 2
    """With a default."""
    tags: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", repr=False, compare=False)

    @property
    def sum(self) -> int:
        return self.x + self.y


@record(frozen=True)
class Point3(Point):
    """One with inherited fields."""

    z: int = 3


@record
class Box:
    """One that changes."""

    inside: Any
    open: bool = False


@record(eq=False)
class Node:
    """One compared by identity."""

    name: str


@record(frozen=True, slots=False)
class Wide:
    """One with room for more."""

    a: int = 1
    b: list[int] = field(default_factory=list)

    @cached_property
    def twice(self) -> int:
        return self.a * 2


def test_fields_are_given_by_place_and_by_name() -> None:
    """With defaults, fresh where a function makes them; what is missing or unknown is a TypeError."""
    assert (Point(1), Point(1).y, Point(1).tags, Point(y=5, x=1).sum) == (Point(1, 2), 2, [], 6)
    first, second = Point(1), Point(1)
    assert first.tags is not second.tags
    assert (Point3(1).z, Point3(1, 2, [], "", 9).z) == (3, 9)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'w'"):
        Point(1, w=2)  # type: ignore[call-arg]


def test_comparing_hashing_and_showing() -> None:
    """By the fields that count, and within one class."""
    assert Point(1, tags=["a"], note="x") == Point(1)
    assert hash(Point(1, note="x")) == hash(Point(1))
    assert Point(1) != Point(2)
    assert Point(1, 2) != Point3(1, 2)
    assert repr(Point(1, note="x")) == "Point(x=1, y=2, tags=[])"
    assert Box([]) == Box([])
    assert Node("a") != Node("a")
    assert len({Node("a"), Node("a")}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Box(1))


def test_what_is_frozen_stays() -> None:
    """Setting and deleting raise; others can be set."""
    point = Point(1)
    for change in (lambda: setattr(point, "x", 2), lambda: delattr(point, "x"), lambda: setattr(point, "w", 2)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    box = Box(1)
    box.open = True
    assert box == Box(1, True)
    with pytest.raises(AttributeError):
        box.other = 1  # type: ignore[attr-defined]
    wide = Wide(4)
    assert (wide.twice, wide.__dict__["twice"], Wide.a) == (8, 8, 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        wide.a = 5  # type: ignore[misc]


@pytest.mark.parametrize("of", [Point(1, tags=["a"]), Point3(1, z=8), Box([1]), Wide(3)])
def test_copies_and_travels(of: Any) -> None:
    """Pickled and copied they are equal, what does not count in comparisons included."""
    for twin in (pickle.loads(pickle.dumps(of)), copy.copy(of), copy.deepcopy(of), replace(of)):
        assert twin == of
        assert repr(twin) == repr(of)
        assert twin is not of


def test_dataclasses_know_them() -> None:
    """`fields`, `replace`, `asdict` and `match` do what they do to dataclasses."""
    assert dataclasses.is_dataclass(Point)
    assert [f.name for f in dataclasses.fields(Point3)] == ["x", "y", "tags", "note", "z"]
    assert dataclasses.replace(Point(1), y=7) == replace(Point(1), y=7) == Point(1, 7)
    assert dataclasses.asdict(Box(Point(1))) == {"inside": {"x": 1, "y": 2, "tags": [], "note": ""}, "open": False}
    match Point(1):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_command_imports_what_it_needs() -> None:
    """What is not imported costs nothing; orjson brings dataclasses, and they inspect."""
    code = (
        "import sys, contextlib, io; from manifold.cli._main import run\n"
        "with contextlib.redirect_stdout(io.StringIO()): run(['check', '-q', 'fixtures/exemplary'])\n"
        "print(sorted(sys.modules.keys() & {'typer', 'logging', 'difflib', 'hashlib', 'pickle'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
