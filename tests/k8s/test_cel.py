"""CEL evaluated: values, functions, failures, and a bound on steps."""

from __future__ import annotations

from typing import Any

import pytest
from manifold.k8s.cel.evaluate import program
from manifold.k8s.cel.syntax import CelError

POD = {"spec": {"containers": [{"name": "a", "image": "r/a:1"}, {"name": "b", "ports": [{"containerPort": 80}]}]}}


def value(text: str, **names: Any) -> Any:
    return program(text).run({"object": POD, **names})


@pytest.mark.parametrize(
    "text",
    [
        "1 + 2 * 3 == 7 && 7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1",
        "1 == 1.0 && 1 < 1.5 && !(1 == 'a')",
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "!(false && 1 / 0 == 1)",
        "'abc'.startsWith('a') && 'abc'.matches('^a.c$') && size('äb') == 2",
        "object.spec.containers.all(c, c.name != '')",
        "object.spec.containers.exists(c, has(c.image) && c.image.contains(':1'))",
        "object.spec.containers.exists_one(c, has(c.ports))",
        "object.spec.containers.map(c, c.name) == ['a', 'b']",
        "object.spec.containers.filter(c, has(c.image)).map(c, c.name) == ['a']",
        "object.spec.containers.all(i, c, i < 2 && c.name in ['a', 'b'])",
        "object.?metadata.?labels.orValue({}) == {}",
        "object.spec.containers[?5].hasValue() == false",
        "has(object.spec) && !has(object.status) && has({'a': null}.a)",
        "string(-0.0) == '-0' && string(1.5) == '1.5'",
        "quantity('1Gi').isGreaterThan(quantity('1000M')) && isQuantity('5x') == false",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && ip('::1').family() == 6",
        "url('https://a.b:80/c?d=e').getHostname() == 'a.b'",
        "semver('1.2.3-rc.1').isLessThan(semver('1.2.3'))",
        "duration('1h30m') > duration('89m') && timestamp('2024-01-01T00:00:00Z').getFullYear() == 2024",
        "[3, 1, 2].sort() == [1, 2, 3] && [1, 2].sum() == 3 && lists.range(2) == [0, 1]",
        "sets.contains([1, 2], [1]) && {'a': 1}.transformMap(k, v, v + 1) == {'a': 2}",
        "'%s has %d'.format(['a', 2]) == 'a has 2' && 'a,b'.split(',').join('-') == 'a-b'",
        "type(1) == int && string(1.0) == '1' && int('7') == 7",
        "object.spec.containers.size() > 1 ? true : 1 / 0 == 1",
    ],
)
def test_true(text: str) -> None:
    """What CEL's specification and the API server's libraries say."""
    assert value(text) is True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("object.none", "no field 'none'"),
        ("1 / 0 == 1", "division by zero"),
        ("[1][3]", "outside"),
        ("1 + 'a'", "cannot be done"),
        ("true < 1", "cannot be done"),
        ("9223372036854775807 + 1", "out of the range"),
        ("object && true", "a truth value is expected"),
        ("nothing", "nothing called"),
        ("'a'.matches('(')", "no pattern"),
    ],
)
def test_failure(text: str, words: str) -> None:
    """Said with its place."""
    with pytest.raises(CelError, match=words):
        value(text)


def test_endless_expressions_end() -> None:
    """Nested loops are bounded in steps."""
    text = "list.all(a, list.all(b, list.all(c, list.all(d, a + b + c + d >= 0))))"

    with pytest.raises(CelError, match="too many steps"):
        value(text, list=list(range(100)))
