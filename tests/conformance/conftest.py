"""Control planes for the conformance tests of a worker; skipped, with the reason, where none can be built."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.controlplane import LOOKS_ELSEWHERE, ControlPlane, MissingError, programs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder; each worker that gets some of it starts control planes of its own."""
    for item in items:
        if "conformance" in item.path.parts:
            item.add_marker(pytest.mark.conformance)


def _programs() -> None:
    try:
        programs()
    except MissingError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A server whose answers depend on the manifest alone."""
    _programs()
    with ControlPlane(tmp_path_factory.mktemp("plain"), disable=LOOKS_ELSEWHERE) as plane:
        yield plane


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A whole control plane with default admission, controllers and scheduler."""
    _programs()
    with ControlPlane(tmp_path_factory.mktemp("full"), controllers=True, scheduler=True) as plane:
        yield plane


@pytest.fixture
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A server with default admission that nobody else has put objects into: a default class changes what is stored."""
    _programs()
    with ControlPlane(tmp_path_factory.mktemp("untouched")) as plane:
        yield plane
