"""Differences, plans and previews as people and pull requests get them."""

from __future__ import annotations

from typing import Any

from manifold import api
from manifold.model import Document
from manifold.report import _diff, _plan, _preview


def config(**data: str) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}, "data": data}


def differences(old: list[dict[str, Any]], new: list[dict[str, Any]], **options: Any) -> list[Any]:
    """What an apply of `new` over what was made of `old` changes."""
    asked = api.server()
    live = api.applied(old, asked)
    found = [Document("", i, b) for i, b in enumerate(new)]
    return api.differences(found, api.outcomes(found, asked, live, **options), live)


def test_texts_of_several_lines_are_compared_line_by_line() -> None:
    """In text and in Markdown."""
    found = differences([config(a="one\ntwo\nthree\n")], [config(a="one\n2\nthree\n")])

    for shown in (_diff.text(found), _diff.markdown(found)):
        assert "-two" in shown
        assert "+2" in shown
        assert "-one" not in shown


def test_values_of_secrets_are_hidden() -> None:
    """That one changes is told, from what to what is not."""
    secret = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s", "namespace": "default"},
            "stringData": {"a": v},
        }
        for v in ("first", "second")
    ]
    shown = _diff.text(differences(secret[:1], secret[1:]))

    assert "data.a" in shown
    assert "first" not in shown and "Zmlyc3Q" not in shown
    assert "*** (before)" in shown
    created = _diff.text(differences([], secret[:1]))
    assert "first" not in created and "Zmlyc3Q" not in created


def test_masked_values_of_a_snapshot_are_not_compared() -> None:
    """Neither do they differ, nor does the masked annotation stand in the way; a new key is still told."""
    from manifold.cluster import snapshot
    from manifold.diff import MASKED

    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "default"},
        "stringData": {"a": "x"},
    }
    asked = api.server()
    live = api.apply([body], [], how="client")[0].object
    assert live is not None
    masked = snapshot.mask(live)
    more = {**body, "stringData": {"a": "y", "b": "z"}}
    found = [Document("", 0, b) for b in (body, more)]

    same, other = (api.differences([d], api.outcomes([d], asked, [masked], how="auto"), [masked])[0] for d in found)

    assert snapshot.MASK == MASKED
    assert same.verb == "unchanged"
    assert [c.path for c in other.changes] == ["data.b"]
    assert any("masked in the snapshot" in note for note in other.notes)


def test_other_spellings_are_no_change() -> None:
    """Quantities by value, defaults written out."""
    pod = {"containers": [{"name": "a", "image": "a:1", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod}
    deployment: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    container = {**pod["containers"][0], "imagePullPolicy": "IfNotPresent"}
    container["resources"] = {"requests": {"cpu": 0.5, "memory": "1024Mi"}}
    other = {**deployment, "spec": {**deployment["spec"], "replicas": 1}}
    other["spec"]["template"] = {**template, "spec": {"containers": [container]}}

    for how in ("server", "client"):
        assert [d.verb for d in differences([deployment], [other], how=how)] == ["unchanged"]


def test_fields_of_others_are_told_as_theirs() -> None:
    """What another manager set is a conflict, a note where it is forced, and left alone where nothing is said of it."""
    asked = api.server()
    live = api.applied([config(a="1")], asked)
    body = config(a="2", b="theirs")
    changed = api.apply([body], live, field_manager="controller", force=True)[0].object
    assert changed is not None
    found = [Document("", 0, config(a="3"))]

    conflict = api.differences(found, api.outcomes(found, asked, [changed]), [changed])[0]
    forced = api.differences(found, api.outcomes(found, asked, [changed], force=True), [changed])[0]

    assert conflict.verb == "conflict"
    assert conflict.notes == (".data.a belongs to controller",)
    assert forced.notes == ("data.a was set by controller, and the apply takes it over",)
    assert forced.theirs == {"controller": ("data.b",)}
    assert "left to controller: data.b" in _diff.text([forced], verbose=True)


def test_immutable_changes_say_what_they_need() -> None:
    """Which field to leave, or to replace the object."""
    claim: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "a",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    other = {**claim, "spec": {**claim["spec"], "storageClassName": "b"}}
    found = differences([claim], [other])[0]

    assert found.verb == "replace"
    assert any("delete the object and create it again" in note for note in found.notes)


def test_apply_needs_a_name() -> None:
    """An object with generateName alone is refused, as by kubectl; the others are gone on with."""
    nameless = {**config(a="1"), "metadata": {"generateName": "c-"}}

    found = differences([], [nameless, config(a="1")])
    plan = api.plan([nameless, nameless, config(a="1")])

    assert [(d.key.name, d.verb) for d in found] == [("c", "create"), ("c-", "refused")]
    assert len(plan.problems) == 1
    assert "generateName is for creating" in plan.problems[0]


def test_plan_text_has_no_trailing_blanks() -> None:
    """Neither with colours nor without: narrow terminals would wrap them."""
    plan = api.plan([config(a="1"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}])

    for colour in (True, False):
        lines = _plan.text(plan, colour=colour).splitlines()
        assert all(line.replace("\x1b[0m", "") == line.replace("\x1b[0m", "").rstrip() for line in lines)


def test_preview_marks_what_is_not_written() -> None:
    """A remark stands at the topmost field that one stage made."""
    body = {"a": {"b": 1, "c": [{"d": "x\ny"}]}, "e": []}
    origins = {("a", "b"): "written", ("a", "c", 0, "d"): "default", ("e",): "ServiceAccount"}

    assert _preview.yaml_with_origins([(body, origins)]).splitlines()[1:] == [
        "---",
        "a:",
        "  b: 1",
        "  c:   # default",
        "  - d: |-",
        "      x",
        "      y",
        "e: []  # ServiceAccount",
    ]


def test_preview_round_trips() -> None:
    """YAML is read back as what it was, texts of several lines included."""
    bodies = [config(a="one\ntwo\n", b="x \ny", c="\ttab\n")]

    assert api.read(_preview.yaml(bodies)) == bodies


def test_what_stands_twice_is_written_twice() -> None:
    """YAML anchors are for machines: no object is shown with them."""
    labels = {"app": "web"}
    body = config(a="1")
    body["metadata"] |= {"labels": labels, "annotations": labels}
    shown = _diff.text(differences([], [body]))

    assert "&id" not in shown and "*id" not in shown
    assert shown.count("app: web") == 2
