"""What holds of every object: previews are stable, applying twice changes nothing, nothing differs from itself.

The objects are the kitchen sinks, each kind in every form, with changes drawn by chance among those that stay valid.
"""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from manifold import api
from manifold.model import Document

from tests.conformance.applies import suitable
from tests.conformance.fuzz import bases, definitions
from tests.conformance.mutations import Mutator

Body = dict[str, Any]
SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


# Metadata that the server writes, and refuses to change or forgets where a manifest speaks of it.
OWNED = frozenset((
    "deletionTimestamp", "deletionGracePeriodSeconds", "uid", "resourceVersion", "creationTimestamp", "generation",
    "managedFields", "selfLink",
))  # fmt: skip


@cache
def sinks() -> list[Body]:
    """All kinds in a valid form."""
    return suitable(bases())


@cache
def crds() -> list[Body]:
    """The definitions of the custom ones."""
    return definitions()


@st.composite
def objects(draw: st.DrawFn) -> Body:
    """A valid object: a sink, changed by chance or as it is."""
    body = draw(st.sampled_from(sinks()))
    seed = draw(st.integers(0, 2**32))
    if seed % 4:
        body, _ = Mutator(sinks(), random.Random(seed)).mutate(body)
    assume(isinstance(body.get("metadata"), dict) and isinstance(body["metadata"].get("name"), str))
    assume(not any(d.rejects for d in api.validate([body], crds=crds())))
    assume(not never_stable(body))
    # Server-side apply refuses what a create takes: two items with one key, for instance.
    assume(api.apply([body], [], crds=crds())[0].object is not None)
    return body


def never_stable(body: Body) -> bool:
    """Whether a server itself does not take its own answer once more, or changes it each time.

    It writes a Pod's labels into selectors and refuses them there; a Service that names one family of two, and asks for
    both, seems to give one up; a new Node gets a taint that its manifest, applied once more, takes away; nulls that a
    create drops are refused in an apply.
    """
    text = str(body.get("spec"))
    if not OWNED.isdisjoint(body["metadata"]):
        return True
    dual = body["kind"] == "Service" and "DualStack" in text
    return "abelKeys" in text or dual or body["kind"] == "Node" or "None" in text


def plain(body: Body) -> Body:
    """An object without the times and owners that a further apply may note."""
    meta = {k: v for k, v in body["metadata"].items() if k != "managedFields"}
    return {**body, "metadata": meta}


@pytest.mark.slow
@SLOW
@given(objects())
def test_preview_of_a_preview_is_the_same(body: Body) -> None:
    """What is stored is stored as it is."""
    once = api.preview([body], crds=crds())

    assert api.preview(once, crds=crds()) == once


@pytest.mark.slow
@SLOW
@given(objects(), st.sampled_from(["server", "client"]))
def test_applying_twice_changes_nothing(body: Body, how: Any) -> None:
    """Over its own result an apply finds nothing to change, whichever way."""
    first = api.apply([body], [], how=how, crds=crds())[0]
    assert first.object is not None

    second = api.apply([body], [first.object], how=how, crds=crds())[0]

    assert second.changes == []
    assert second.conflicts == []
    assert second.object is not None
    assert plain(second.object) == plain(first.object)
    assert second.object["metadata"].get("managedFields") == first.object["metadata"].get("managedFields")


@pytest.mark.slow
@SLOW
@given(objects(), objects())
def test_applying_a_change_twice_changes_nothing_the_second_time(old: Body, new: Body) -> None:
    """After a change of the same object by the same manager as well."""
    new = {**new, "metadata": {**new["metadata"], "name": old["metadata"]["name"]}}
    assume((old["apiVersion"], old["kind"]) == (new["apiVersion"], new["kind"]))
    live = api.apply([old], [], crds=crds())[0].object
    assert live is not None
    first = api.apply([new], [live], crds=crds())[0]
    assume(first.object is not None)
    assert first.object is not None

    second = api.apply([new], [first.object], crds=crds())[0]

    assert second.changes == []
    assert second.object is not None
    assert plain(second.object) == plain(first.object)


@pytest.mark.slow
@SLOW
@given(objects())
def test_nothing_differs_from_itself(body: Body) -> None:
    """A diff of an object against what was stored of it is empty."""
    asked = api.server(None, crds())
    live = api.applied([body], asked)
    found = [Document("", 0, body)]

    differences = api.differences(found, api.outcomes(found, asked, live, how="auto"), live)

    assert [(d.verb, d.changes) for d in differences] == [("unchanged", ())]
