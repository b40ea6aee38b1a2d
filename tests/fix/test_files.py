"""`manifold fix` as its user meets it: files, modes, links, exit codes, patches."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from manifold.errors import UsageError
from manifold.fix.files import run, store
from manifold.inputs import Request

BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n# kept\ndata: {a: yes}\n"
GOOD = BAD.replace("yes", '"yes"')
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: web:1\n"


def manifold(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from manifold.cli import main; main()", "fix", *arguments]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, check=False, timeout=60)


def test_file_is_replaced_with_its_mode_and_through_links(tmp_path: Path) -> None:
    """Whoever pointed at it still does."""
    file, link = tmp_path / "a.yaml", tmp_path / "link.yaml"
    file.write_text(BAD)
    file.chmod(0o640)
    link.symlink_to(file)
    done = manifold("link.yaml", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "1 repair made in 1 of 1 file." in done.stdout
    assert link.is_symlink()
    assert (file.read_text(), file.stat().st_mode & 0o777) == (GOOD, 0o640)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.yaml", "link.yaml"]


def test_diff_and_check_write_nothing_and_exit_1(tmp_path: Path) -> None:
    """As a gate in CI."""
    (tmp_path / "a.yaml").write_text(BAD)
    diff, check = manifold("--diff", ".", cwd=tmp_path), manifold("--check", ".", cwd=tmp_path)

    assert (diff.returncode, check.returncode) == (1, 1)
    assert '-data: {a: yes}\n+data: {a: "yes"}\n' in diff.stdout
    assert "would be made" in check.stdout
    assert (tmp_path / "a.yaml").read_text() == BAD
    assert manifold("--diff", "-", cwd=tmp_path, stdin=GOOD).returncode == 0


def test_patch_applies(tmp_path: Path) -> None:
    """git takes it."""
    (tmp_path / "a.yaml").write_text(BAD.removesuffix("\n"))
    diff = manifold("--diff", "a.yaml", cwd=tmp_path)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff.stdout, text=True, check=True)

    assert (tmp_path / "a.yaml").read_text() == GOOD.removesuffix("\n")


@pytest.mark.parametrize(
    ("here", "name", "there"),
    [(".", "{root}/sub/a.yaml", "."), ("sub", "{root}/sub/a.yaml", "sub"), ("other", "../sub/a.yaml", ".")],
)
def test_patch_of_a_file_named_otherwise_applies(tmp_path: Path, here: str, name: str, there: str) -> None:
    """Absolute and upward paths become those from the current folder, else from the root of the repository."""
    for folder in ("sub", "other"):
        (tmp_path / folder).mkdir()
    file = tmp_path / "sub" / "a.yaml"
    file.write_text(BAD)
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    diff = manifold("--diff", name.format(root=tmp_path), cwd=tmp_path / here)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path / there, input=diff.stdout, text=True, check=True)

    assert file.read_text() == GOOD


def test_values_of_secrets_are_not_shown(tmp_path: Path) -> None:
    """Neither old nor new."""
    (tmp_path / "a.yaml").write_text(
        BAD.replace("ConfigMap", "Secret").replace("data: {a", "stringData:\n  a").replace("yes}", "8812")
    )
    done = manifold("--diff", "a.yaml", cwd=tmp_path)

    assert "8812" not in done.stdout
    assert "-  a: <masked>" in done.stdout


def test_standard_input_goes_to_standard_output(tmp_path: Path) -> None:
    """A filter."""
    done = manifold("-", cwd=tmp_path, stdin=BAD)

    assert (done.returncode, done.stdout) == (0, GOOD)
    assert "1 repair made" in done.stderr


def test_json_lists_the_repairs(tmp_path: Path) -> None:
    """For machines."""
    (tmp_path / "a.yaml").write_text(BAD)
    made = json.loads(manifold("--check", "-o", "json", ".", cwd=tmp_path).stdout)

    assert made["summary"] == {"files": 1, "changed": 1, "repairs": 1}
    assert (made["repairs"][0]["path"], made["repairs"][0]["line"]) == ("data.a", 5)


def test_missing_file_is_incomplete(tmp_path: Path) -> None:
    """Exit 3, and the rest is done."""
    (tmp_path / "a.yaml").write_text(BAD)
    done = manifold("a.yaml", "none.yaml", cwd=tmp_path)

    assert done.returncode == 3
    assert "none.yaml" in done.stderr
    assert (tmp_path / "a.yaml").read_text() == GOOD


def test_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """Somebody else's work counts."""
    file = tmp_path / "a.yaml"
    file.write_text("new")
    with pytest.raises(UsageError, match="was changed"):
        store(file, b"old", b"x")

    assert file.read_text() == "new"


def test_unsafe_repairs_follow_the_findings_once(tmp_path: Path) -> None:
    """Only with --unsafe, only what the profile finds, and only once."""
    file = tmp_path / "a.yaml"
    file.write_text(POD)

    assert not run(Request([tmp_path])).mended[0].changed
    (one,) = run(Request([tmp_path], profile="security"), unsafe=True).mended
    assert b"drop:\n        - ALL" in one.after
    assert one.after.startswith(POD.encode())
    file.write_bytes(one.after)
    assert not run(Request([tmp_path], profile="security"), unsafe=True).mended[0].changed


def test_containers_get_no_amounts_beside_those_of_the_pod(tmp_path: Path) -> None:
    """The Pod as a whole bounds its containers: a limit taken from nowhere might be more than it asks for."""
    (tmp_path / "a.yaml").write_text(
        POD.replace("spec:\n", "spec:\n  resources: {requests: {cpu: 100m, memory: 64Mi}}\n")
    )
    (one,) = run(Request([tmp_path], profile="reliability"), unsafe=True).mended

    assert b"256Mi" not in one.after
    assert b"limits" not in one.after


def test_suppressed_findings_are_not_repaired(tmp_path: Path) -> None:
    """Somebody decided to live with them."""
    (tmp_path / "a.yaml").write_text(POD.replace("- name: web", "- name: web # manifold: ignore[run-as-root] why"))
    (one,) = run(Request([tmp_path], select=["run-as-root"]), unsafe=True).mended

    assert not one.changed


def test_report_says_what_can_be_mended(tmp_path: Path) -> None:
    """Each finding its own repair, and none for what must be decided."""
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {debug: yes, version: 1.10}}\nspec:\n"
        "  containers:\n  - name: b\n    image: c:1\n    image: c:2\n    imagePulPolicy: Always\n    foo: 1\n"
    )
    command = [sys.executable, "-c", "from manifold.cli import main; main()", "validate", "-o", "json", "a.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    fixes = [(d["rule"], d["fix"]["description"] if d["fix"] else "") for d in json.loads(done.stdout)["diagnostics"]]
    starts = [(rule, text.partition(" ")[0]) for rule, text in fixes if rule != "api/type"]

    assert starts == [
        ("yaml/metadata", "`yes`"),
        ("yaml/metadata", "`1.10`"),
        ("duplicate-key", "`image`"),
        ("api/unknown-field", "`imagePulPolicy`"),
        ("api/unknown-field", ""),
    ]


def test_unreadable_text_is_complained_of_and_stays_whole(tmp_path: Path) -> None:
    """With its line and exit code 3, as a file and from standard input; other files are repaired."""
    broken = BAD + "---\na: [1\nb: 2\n"
    (tmp_path / "a.yaml").write_text(BAD)
    (tmp_path / "b.yaml").write_text(broken)
    done, piped = manifold(".", cwd=tmp_path), manifold("-", cwd=tmp_path, stdin=broken)

    assert (done.returncode, piped.returncode, piped.stdout) == (3, 3, "")
    assert "manifold: b.yaml:8: while parsing a flow sequence" in done.stderr
    assert "manifold: (stdin):8: while parsing a flow sequence" in piped.stderr
    assert "1 repair made in 1 of 1 file." in done.stdout
    assert ((tmp_path / "a.yaml").read_text(), (tmp_path / "b.yaml").read_text()) == (GOOD, broken)


def test_object_that_kubectl_refuses_is_named_as_left(tmp_path: Path) -> None:
    """No repair knows what a list of metadata meant."""
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n- name: a\n")
    done = manifold("-v", ".", cwd=tmp_path)

    assert done.returncode == 0
    assert "left: 3: `metadata` must be an object, not a list" in done.stdout


def test_json_names_what_could_not_be_read(tmp_path: Path) -> None:
    """With its place, as standard error does."""
    (tmp_path / "a.yaml").write_text(BAD)
    (tmp_path / "b.yaml").write_text("a: [\n")
    done = manifold("--check", "-o", "json", "a.yaml", "b.yaml", "c.yaml", cwd=tmp_path)
    made = json.loads(done.stdout)

    assert done.returncode == 3
    assert [(u["file"], u["rule"]) for u in made["unreadable"]] == [
        ("c.yaml", "yaml/unreadable"),
        ("b.yaml", "yaml/syntax"),
    ]
    assert (len(made["repairs"]), all(u["message"] for u in made["unreadable"])) == (1, True)
