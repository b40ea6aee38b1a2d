"""Expressions evaluated on paper and by a real server, through the defaults of a definition."""

from __future__ import annotations

import re
from typing import Any

from tests.conformance.controlplane import ControlPlane
from tests.definitions import definition
from tests.k8s.test_cel_values import RECORDED

Body = dict[str, Any]


def broken_defaults(expressions: list[str]) -> Body:
    """A definition whose defaults break their rules, and say the expressions' values for it."""
    properties = {}
    for i, expression in enumerate(expressions):
        rule = {"rule": "false", "message": "(none)", "messageExpression": f"'%s'.format([{expression}])"}
        properties[f"p{i}"] = {"type": "integer", "default": 1, "x-kubernetes-validations": [rule]}
    return definition(properties=properties)


def test_the_server_still_gives_what_is_recorded(plain: ControlPlane) -> None:
    """Each recorded expression is evaluated by the server."""
    wrong = {}
    for start in range(0, len(RECORDED), 40):
        part = RECORDED[start : start + 40]
        reply = plain.create(broken_defaults([e for e, _ in part]))
        said: dict[int, str | None] = {}
        for cause in reply.body["details"]["causes"]:
            found = re.search(r"properties\[p(\d+)\]\.default", cause["field"])
            assert found is not None, cause
            value = re.sub(r"^Invalid value: .*?: ", "", cause["message"], flags=re.DOTALL)
            said[int(found[1])] = None if value == "(none)" else value
        wrong |= {e: (value, said.get(i)) for i, (e, value) in enumerate(part) if said.get(i) != value}
    assert wrong == {}
