"""What expressions give, as a real server gave it (recorded in fixtures/cel-values.jsonl; the conformance test asks again)."""

from __future__ import annotations

import json
from pathlib import Path

from manifold.k8s.cel import Scope, check
from manifold.k8s.cel.evaluate import program
from manifold.k8s.cel.syntax import CelError

FILE = Path(__file__).resolve().parents[2] / "fixtures" / "cel-values.jsonl"
RECORDED: list[tuple[str, str | None]] = [tuple(json.loads(line)) for line in FILE.read_text().splitlines()]


def shown(expression: str) -> str | None:
    """The value as the verb %s shows it; None where the expression does not compile, fails, or gives no line to show."""
    text = f"'%s'.format([{expression}])"
    if check(text, Scope(release=(1, 37)), ("string",)):
        return None
    try:
        value = str(program(text).run({})).strip()
    except CelError:
        return None
    return value if value and "\n" not in value else None


def test_expressions_give_what_the_server_gives() -> None:
    """Operators, conversions, times, and each function of each library, failures included."""
    wrong = {e: (value, shown(e)) for e, value in RECORDED if shown(e) != value}
    assert wrong == {}
    assert len(RECORDED) > 600
