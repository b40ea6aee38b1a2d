"""`manifold plan`."""

from __future__ import annotations

from pathlib import Path

from manifold.model import Key, Plan, Step
from manifold.report import _plan

from tests.test_cli import manifold


def test_how_says_by_which_apply_objects_come(tmp_path: Path) -> None:
    """What is too large for kubectl's annotation is created server-side, also on the other side; other ways there are none."""
    (tmp_path / "then").mkdir()
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata: {a: %s}\n"
    (tmp_path / "big.yaml").write_text(text % ("x" * 300_000))

    refused = manifold("plan", "big.yaml", cwd=tmp_path)
    assert (refused.returncode, "! ConfigMap default/big" in refused.stdout) == (1, True)
    made = manifold("plan", "big.yaml", "--how", "server", cwd=tmp_path)
    assert (made.returncode, made.stdout) == (0, "wave 1  + ConfigMap default/big\n")
    same = manifold("plan", "big.yaml", "--how", "server", "--against", "big.yaml", cwd=tmp_path)
    assert (same.returncode, same.stdout) == (0, "unchanged: 1 object\nnothing to apply\n")
    assert manifold("plan", "big.yaml", "--how", "other").returncode == 2


def test_reasons_stand_below_on_a_narrow_terminal() -> None:
    """Beside the steps they would be cut into slivers."""
    key = Key("", "Namespace", "", "a")
    step = Step("create", key, because=("because Deployment web lives in it",), waits=("Namespace a: phase Active",))
    plan = Plan(((step,),))

    assert _plan.text(plan, columns=60).splitlines() == [
        "wave 1  + Namespace a",
        "            because Deployment web lives in it",
        "            wait: Namespace a: phase Active",
    ]
    assert _plan.text(plan).splitlines()[0] == "wave 1  + Namespace a  because Deployment web lives in it"
    assert _plan.text(plan, columns=200) == _plan.text(plan)
