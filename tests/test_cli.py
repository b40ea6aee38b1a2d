"""The command line as its user meets it: exit codes, messages, outputs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from manifold import __version__, assets

ROOT = Path(__file__).resolve().parents[1]
SHOP = str(ROOT / "fixtures" / "shop")
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def manifold(*arguments: str, cwd: Path | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from manifold.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, check=False, timeout=60)


def test_version_imports_no_yaml_and_no_rich() -> None:
    """It is asked often, and must be quick."""
    code = "import sys; sys.argv=['manifold','--version']; from manifold.cli import main; main(); print(sorted(set(sys.modules) & {'yaml','rich','typer','jsonschema','orjson'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert [f"manifold {__version__}", "[]"] == done.stdout.splitlines()


def test_an_interrupt_among_the_imports_is_no_traceback() -> None:
    """Exit 130, in the words of one that comes later."""
    code = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "manifold.run":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
sys.argv = ["manifold", "check", "."]
from manifold.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (130, "\nmanifold: interrupted\n")


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        ([], {"yaml", "rich", "typer", "jsonschema", "orjson", "urllib3", "re2", "ryml"}),
        (
            ["validate", "-"],
            {"rich", "typer", "jsonschema", "urllib3", "ruamel", "yaml", "kubernetes_validate", "deepdiff"},
        ),
    ],
)
def test_imports_are_as_late_as_they_can_be(arguments: list[str], unwanted: set[str]) -> None:
    """The package alone loads nothing, and one small file only what it needs."""
    code = (
        "import sys, contextlib, io; sys.argv = ['manifold', *sys.argv[1:]]; import manifold.cli\n"
        "if sys.argv[1:]:\n  from manifold.cli._main import run\n"
        "  with contextlib.redirect_stdout(io.StringIO()): run(sys.argv[1:])\n"
        "print(*sorted(m for m in sys.modules if '.' not in m))"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, input=CONFIG_MAP, capture_output=True, text=True, check=True)

    assert set(done.stdout.split()) & unwanted == set()
    assert "manifold" in done.stdout.split()


def test_shop_is_refused_with_file_line_and_reason() -> None:
    """The README's first command."""
    done = manifold("check", SHOP)

    assert done.returncode == 1
    assert "spec.template.spec.containers[0].ports[0].containerPort" in done.stdout
    assert "imagePullPolicies" in done.stdout
    assert done.stderr == ""


def test_json_report_keeps_to_its_schema() -> None:
    """Stable for machines."""
    done = manifold("check", SHOP, "-o", "json")
    schema = json.loads((assets.root("schemas") / "manifold" / "report.json").read_bytes())
    report = json.loads(done.stdout)

    jsonschema.Draft202012Validator(schema).validate(report)
    assert all(d["fingerprint"] for d in report["diagnostics"])


def test_good_manifest_is_silent_when_quiet(tmp_path: Path) -> None:
    """Exit 0 and not a word."""
    (tmp_path / "a.yaml").write_text(CONFIG_MAP)
    done = manifold("check", "-q", str(tmp_path))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_stdin_is_read() -> None:
    """`kustomize build | manifold check -`."""
    done = manifold("validate", "-", stdin=CONFIG_MAP.replace("a}", "A_}"))

    assert done.returncode == 1
    assert "metadata.name" in done.stdout


def test_missing_file_is_incomplete_and_the_rest_is_done(tmp_path: Path) -> None:
    """Exit 3, and the good file counted."""
    (tmp_path / "a.yaml").write_text(CONFIG_MAP)
    done = manifold("check", str(tmp_path / "a.yaml"), str(tmp_path / "none.yaml"))

    assert done.returncode == 3
    assert "there is no such file" in done.stdout
    assert "1 object" in done.stdout


def test_broken_yaml_beside_a_good_file_is_located(tmp_path: Path) -> None:
    """Line and column of what cannot be read."""
    (tmp_path / "a.yaml").write_text(CONFIG_MAP)
    (tmp_path / "b.yaml").write_text("a: [1\nb: 2\n")
    done = manifold("check", str(tmp_path))

    assert done.returncode == 1
    assert "b.yaml" in done.stdout
    assert "yaml/syntax" in done.stdout


def test_binary_file_is_said(tmp_path: Path) -> None:
    """Named by hand, it cannot be looked at."""
    (tmp_path / "a.yaml").write_bytes(b"\0\1\2")
    done = manifold("check", str(tmp_path / "a.yaml"))

    assert done.returncode == 3
    assert "binary" in done.stdout


def test_folder_without_manifests_says_so(tmp_path: Path) -> None:
    """Nothing is skipped without a line."""
    done = manifold("check", "-v", str(tmp_path))

    assert done.returncode == 0
    assert "no .yaml, .yml or .json file" in done.stdout
    assert "no .yaml, .yml or .json file" in manifold("check", str(tmp_path)).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", SHOP, "-k", "1.99"), "Kubernetes 1.99 is not known"),
        (("check", SHOP, "--ignore", "image-lates"), "did you mean image-latest"),
        (("check", SHOP, "-o", "xml"), "there is no output format"),
        (("check", SHOP, "--profile", "none"), "there is no profile"),
        (("check", SHOP, "--shard", "3/2"), "write I/N"),
        (("check", SHOP, "--fail-on", "never"), "must be one of"),
        (("check", SHOP, "--color", "sometimes"), "must be one of"),
        (("check", SHOP, "-j", "-1"), "is not in the range"),
        (("check", SHOP, "-o", "json=/no/such/folder/a"), "cannot be written"),
        (("check", SHOP, "--baseline", "/no/such/file"), "cannot be read"),
        (("check", SHOP, "--schema", "/no/such/file"), "there is no such file"),
        (("diff", SHOP, "--against", "nowhere"), "there is no such file or folder"),
        (("explain", "nothing-at-all"), "neither a rule"),
    ],
)
def test_usage_errors_are_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    """Exit 2, on stderr, without a traceback."""
    done = manifold(*arguments)

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["diff", "plan"])
def test_unreachable_cluster_is_exit_3(tmp_path: Path, command: str) -> None:
    """One sentence that names it."""
    config = {
        "clusters": [{"name": "gone", "cluster": {"server": "http://127.0.0.1:9"}}],
        "contexts": [{"name": "gone", "context": {"cluster": "gone"}}],
        "current-context": "gone",
    }
    (tmp_path / "config").write_text(json.dumps(config))
    done = manifold(command, str(ROOT / "fixtures" / "tutorial"), "--kubeconfig", str(tmp_path / "config"))

    assert done.returncode == 3
    assert "unreachable" in done.stderr


def test_plan_puts_namespaces_first() -> None:
    """On the tutorial's objects."""
    done = manifold("plan", str(ROOT / "fixtures" / "tutorial"), "-o", "json")
    plan = json.loads(done.stdout)

    assert done.returncode == 0
    assert {"development", "production", "busybox"} == {s["key"]["name"] for s in plan["waves"][0]}
    assert [s["key"]["name"] for s in plan["waves"][1]] == ["pod-info-deployment"]


def test_diff_against_itself_is_empty() -> None:
    """diff(a, a), exit 0."""
    tutorial = str(ROOT / "fixtures" / "tutorial")
    done = manifold("diff", tutorial, "--against", tutorial)

    assert (done.returncode, done.stdout) == (0, "4 unchanged\n")


def test_diff_names_what_changes(tmp_path: Path) -> None:
    """By path, before and after, exit 1."""
    busybox = (ROOT / "fixtures" / "tutorial" / "busybox.yaml").read_text()
    (tmp_path / "busybox.yaml").write_text(busybox.replace("1.36", "1.37"))
    done = manifold("diff", str(tmp_path), "--against", str(ROOT / "fixtures" / "tutorial" / "busybox.yaml"))

    assert done.returncode == 1
    assert (
        'spec.template.spec.containers[name="busybox-container"].image: "busybox:1.36" → "busybox:1.37"' in done.stdout
    )


def test_baseline_hides_what_was_there(tmp_path: Path) -> None:
    """Moved lines do not bring it back."""
    file = tmp_path / "a.yaml"
    text = (ROOT / "fixtures" / "tutorial" / "pod-info.yaml").read_text()
    file.write_text(text)
    manifold("baseline", "write", str(file), "--file", str(tmp_path / "b.json"))
    file.write_text("# moved\n\n" + text)
    done = manifold("check", str(file), "--baseline", str(tmp_path / "b.json"), "-o", "json")

    assert json.loads(done.stdout)["diagnostics"] == []


@pytest.mark.parametrize("folder", ["shop", "exemplary", "sinks"])
def test_shards_join_to_the_whole(tmp_path: Path, folder: str) -> None:
    """Three parts merged are one report: what refers to one another is known in each, whichever has it."""
    place = str(ROOT / "fixtures" / folder)
    whole = json.loads(manifold("check", place, "-o", "json").stdout)
    for i in (1, 2, 3):
        manifold("check", place, "--shard", f"{i}/3", "-o", f"json={tmp_path / str(i)}")
    joined = json.loads(manifold("report", "merge", *(str(tmp_path / str(i)) for i in (1, 2, 3))).stdout)

    def told(report: dict[str, Any]) -> list[tuple[str, ...]]:
        return sorted((d["file"], str(d["line"]), d["rule"], d["path"], d["message"]) for d in report["diagnostics"])

    assert told(whole) == told(joined)
    assert whole["summary"] == joined["summary"]


def test_kinds_without_a_definition_are_counted_over_all_shards(tmp_path: Path) -> None:
    """One warning a kind, as in a whole run; and what the walk skipped is counted once."""
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("name: a\n")
    for name in "abc":
        (tmp_path / f"{name}.yaml").write_text(
            f"apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: {name}}}\n"
        )
    whole = json.loads(manifold("check", ".", "-o", "json", cwd=tmp_path).stdout)
    for i in (1, 2):
        manifold("check", ".", "--shard", f"{i}/2", "-o", f"json={i}.report", cwd=tmp_path)
    joined = json.loads(manifold("report", "merge", "1.report", "2.report", cwd=tmp_path).stdout)

    assert [d["message"] for d in joined["diagnostics"]] == [d["message"] for d in whole["diagnostics"]]
    assert "(3 objects)" in joined["diagnostics"][0]["message"]
    assert joined["summary"] == whole["summary"]


def test_a_report_that_is_none_is_said(tmp_path: Path) -> None:
    """Whether it is no JSON, another JSON, or one with holes."""
    for i, text in enumerate(("{", "[]", '{"version": 1, "diagnostics": [{}]}')):
        (tmp_path / str(i)).write_text(text)
        done = manifold("report", "merge", str(tmp_path / str(i)))

        assert done.returncode == 2
        assert "no JSON report" in done.stderr


def test_a_merged_report_stays_incomplete(tmp_path: Path) -> None:
    """What one shard could not read, the whole has not seen."""
    manifold("check", str(tmp_path / "none.yaml"), "-o", f"json={tmp_path / 'a'}")

    assert manifold("report", "merge", str(tmp_path / "a")).returncode == 3


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("manifold ch", "check"),
        ("manifold check -o sa", "sarif"),
        ("manifold check -k 1.3", "1.37"),
        ("manifold check --ignore image-lat", "image-latest"),
        ("manifold explain api/unkn", "api/unknown-field"),
    ],
)
def test_shells_complete_words(words: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, formats, releases and rules."""
    monkeypatch.setenv("_MANIFOLD_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))

    assert found in manifold().stdout.split()


def test_several_versions_answer_together() -> None:
    """Equal diagnostics are one, with both versions."""
    report = json.loads(manifold("validate", SHOP, "-k", "1.35", "-k", "1.37", "-o", "json").stdout)

    assert report["diagnostics"][0]["kubernetes"] == ["1.35", "1.37"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("profil: strict\n", "manifold.yaml:1:1: there is no setting `profil`; did you mean `profile`?"),
        ("profile: strickt\n", "manifold.yaml:1:10: profile: must be one of recommended, strict"),
        ("kubernetes-version: 1.30\n", "manifold.yaml:1:21: kubernetes-version: must be a release in quotes"),
        ("paths:\n- match: [a]\n  ignore: [b]\n", "manifold.yaml:2:3: paths[0]: lacks `reason`"),
        ("- a\n", "manifold.yaml:1:1: the file: must be of type object"),
        ("a: [\n", "manifold.yaml:2:1: the settings are no YAML"),
        (
            "severity: {image-lates: error}\n",
            "manifold.yaml: there is no rule 'image-lates': did you mean image-latest?",
        ),
    ],
)
def test_settings_are_found_and_checked(tmp_path: Path, settings: str, message: str) -> None:
    """What is wrong, where, and what was meant."""
    (tmp_path / "manifold.yaml").write_text(settings)
    (tmp_path / "a.yaml").write_text(CONFIG_MAP)
    done = manifold("check", "a.yaml", cwd=tmp_path)

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_in_force_are_settings_again(tmp_path: Path) -> None:
    """What `config` prints can be put into a file."""
    text = 'kubernetes-version: "1.36"\npaths:\n- {match: [a], ignore: [image-latest], reason: x}\nexclude: [b]\n'
    (tmp_path / "manifold.yaml").write_text(text)
    first = manifold("config", cwd=tmp_path)
    (tmp_path / "manifold.yaml").write_text(first.stdout)
    again = manifold("config", cwd=tmp_path)

    assert again.stdout.replace("  # default", "") == first.stdout.replace("  # default", "")
    assert "kubernetes-version" in first.stdout


def test_rules_can_be_left_out_by_path(tmp_path: Path) -> None:
    """For the files that match, and no others."""
    pod = (ROOT / "fixtures" / "tutorial" / "pod-info.yaml").read_text()
    for name in ("old/a.yaml", "new/a.yaml"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(pod)
    (tmp_path / "manifold.yaml").write_text("paths: [{match: [old/**], ignore: [image-latest], reason: leaves soon}]\n")
    report = json.loads(manifold("check", ".", "-o", "json", cwd=tmp_path).stdout)

    assert [d["file"] for d in report["diagnostics"] if d["rule"] == "image-latest"] == ["new/a.yaml"]


def test_nothing_on_standard_input_is_an_error() -> None:
    """Whatever should have made the manifests did not; kubectl fails as well."""
    done = manifold("check", "-")

    assert done.returncode == 1
    assert "yaml/no-objects" in done.stdout


def unread(arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A run whose standard output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "manifold", *arguments.split()]
    with os.fdopen(writer, "wb") as stdout:
        return subprocess.run(command, cwd=cwd, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.parametrize(
    "arguments", [f"check {SHOP} -o json", f"fix --diff {SHOP}", "rules", "--help", "schema list", "explain deployment"]
)
def test_a_reader_that_goes_away_ends_it_silently(arguments: str) -> None:
    """`manifold check | head`: as other programs end, by the signal for it, which shells show as 141."""
    done = unread(arguments)

    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


def test_a_reader_that_goes_away_amid_a_write_is_noticed(tmp_path: Path) -> None:
    """Also where Python does not buffer what is written: it takes a text that was written in part for written."""
    for number in range(300):
        (tmp_path / f"{number}.yaml").write_text(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n"
        )
    command = [sys.executable, "-m", "manifold", "check", "--no-cache", str(tmp_path)]
    for unbuffered in ("", "1"):
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as run:
            assert run.stdout is not None
            assert run.stderr is not None
            run.stdout.read(1)
            run.stdout.close()
            assert (run.wait(), run.stderr.read()) == (-signal.SIGPIPE, b"")


def test_files_are_written_though_nobody_reads_standard_output(tmp_path: Path) -> None:
    """Reports in files and repairs are there, whatever becomes of what is told of them."""
    broken = tmp_path / "service.yaml"
    broken.write_text("apiVersion: v1\nkind: service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n")
    for arguments in ("check . -o json -o json=report.json", "fix ."):
        unread(arguments, cwd=tmp_path)

    assert json.loads((tmp_path / "report.json").read_text())["summary"]["files"] == 1
    assert "kind: Service" in broken.read_text()


def test_a_report_follows_links_and_leaves_nothing_half_behind(tmp_path: Path) -> None:
    """What a link names is written, and the link stays."""
    (tmp_path / "reports").mkdir()
    link = tmp_path / "report.json"
    link.symlink_to("reports/latest.json")
    manifold("check", str(SHOP), "-o", f"json={link}")

    assert link.is_symlink()
    assert [f.name for f in (tmp_path / "reports").iterdir()] == ["latest.json"]


def test_closed_output_and_full_disks_are_said() -> None:
    """One sentence at most, and the exit code of the check or 3."""
    command = f'{sys.executable} -c "from manifold.cli import main; main()" check {SHOP}'
    closed = subprocess.run(["bash", "-c", f"{command} >&-"], capture_output=True, text=True, check=False)
    full = subprocess.run(["bash", "-c", f"{command} >/dev/full"], capture_output=True, text=True, check=False)

    assert (closed.returncode, closed.stderr) == (1, "")
    assert (full.returncode, full.stderr) == (3, "manifold: standard output: No space left on device\n")


@pytest.mark.parametrize("arguments", ["--version", "--help", "check --no-such-option", "rules"])
def test_closed_streams_bring_nothing_down(arguments: str) -> None:
    """What would be written there goes nowhere, and the exit code is the same."""
    command = f"{sys.executable} -m manifold {arguments}"
    closed = subprocess.run(["bash", "-c", f"{command} >&-"], capture_output=True, text=True, check=False)
    silent = subprocess.run(["bash", "-c", f"{command} >&- 2>&-"], capture_output=True, text=True, check=False)

    assert closed.returncode == silent.returncode == (2 if "no-such" in arguments else 0)
    assert "Traceback" not in closed.stderr
    assert "internal error" not in closed.stderr


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"CLICOLOR_FORCE": "0"}, False),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_follow_the_environment(
    variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As no-color.org and bixense.com/clicolors say; --color decides over all."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert ("\x1b[" in manifold("check", SHOP).stdout) is coloured
    assert "\x1b[" not in manifold("check", SHOP, "--color", "never").stdout
    assert "\x1b[" in manifold("check", SHOP, "--color", "always").stdout


@pytest.mark.parametrize("command", ["check", "validate", "lint"])
def test_what_was_found_is_kept_unless_one_says_no(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a tree of some size, in the folder that the environment names; the reports are the same."""
    cache, tree = tmp_path / "cache", tmp_path / "tree"
    monkeypatch.setenv("MANIFOLD_CACHE_DIR", str(cache))
    tree.mkdir()
    for i in range(30):
        (tree / f"{i}.yaml").write_text(f"{CONFIG_MAP.replace('a}', f'a{i}}}')}data: {{a: {'x' * 10_000}}}\n")
    (tree / "bad.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: UPPER}\nspec: {ports: [{port: 0}]}\n"
    )

    first = manifold(command, "tree", "-o", "json", "--no-cache", cwd=tmp_path)
    assert not cache.exists()
    monkeypatch.setenv("MANIFOLD_NO_CACHE", "1")
    assert manifold(command, "tree", "-o", "json", cwd=tmp_path).stdout == first.stdout
    assert not cache.exists()
    monkeypatch.delenv("MANIFOLD_NO_CACHE")
    for _ in range(2):
        again = manifold(command, "tree", "-o", "json", cwd=tmp_path)
        assert (again.returncode, again.stdout, again.stderr) == (first.returncode, first.stdout, "")
        assert len(list(cache.iterdir())) == 1


def test_an_interrupted_run_leaves_no_half_report(tmp_path: Path) -> None:
    """Exit 130, one line, and no file."""
    (tmp_path / "a.yaml").write_text(CONFIG_MAP)
    code = (
        "import os, signal, time, manifold.run, manifold.cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "manifold.run.examine = lambda *_: (os.kill(os.getpid(), signal.SIGINT), time.sleep(60))\n"
        "manifold.cli.main()"
    )
    command = [sys.executable, "-c", code, "check", "a.yaml", "-o", "json=out.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr.strip()) == (130, "manifold: interrupted")
    assert [f.name for f in tmp_path.iterdir()] == ["a.yaml"]


def test_an_expired_credential_plug_in_is_said(tmp_path: Path) -> None:
    """With its own words, and exit 3."""
    plugin = tmp_path / "login"
    plugin.write_text("#!/bin/sh\necho 'token expired' >&2\nexit 1\n")
    plugin.chmod(0o755)
    user = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    }
    config = {
        "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:9"}}],
        "users": [{"name": "a", "user": user}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    }
    (tmp_path / "config").write_text(json.dumps(config))
    done = manifold("diff", str(ROOT / "fixtures" / "tutorial"), "--kubeconfig", str(tmp_path / "config"))

    assert done.returncode == 3
    assert "token expired" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_long_line_is_bounded(tmp_path: Path) -> None:
    """Ten million characters on one line, as YAML and as JSON: one finding each."""
    text = "x" * 10_000_000
    (tmp_path / "a.yaml").write_text(f"{CONFIG_MAP}data:\n  a: {text}\n")
    (tmp_path / "b.json").write_text(
        f'{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "a"}}, "data": {{"a": "{text}"}}}}'
    )
    report = json.loads(manifold("check", str(tmp_path), "-o", "json").stdout)

    assert [d["rule"] for d in report["diagnostics"]] == ["api/too-long"] * 2
    assert len(manifold("check", str(tmp_path)).stdout) < 2_000


def test_init_writes_starter_files_and_keeps_what_is_there(tmp_path: Path) -> None:
    """Nothing the user has is lost."""
    (tmp_path / "manifold.yaml").write_text("profile: strict\n")
    done = manifold("init", str(tmp_path))

    assert done.returncode == 0
    assert (tmp_path / "manifold.yaml").read_text() == "profile: strict\n"
    assert (tmp_path / ".pre-commit-config.yaml").exists()


def test_help_of_every_command() -> None:
    """Each has a help text, with examples."""
    from manifold.cli._main import commands

    for name in commands():
        done = manifold(name, "--help")

        assert done.returncode == 0, name
        assert "Usage" in done.stdout
        assert "Examples:" in done.stdout, name


TWINS = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - {name: web, image: "web:1", env: [{name: A, value: "1"}, {name: A, value: "2"}]}
"""


def test_what_is_not_there_yet_is_created_as_kubectl_does_by_default(tmp_path: Path) -> None:
    """A name given twice in env is taken client-side, as check takes it; server-side apply alone refuses it."""
    (tmp_path / "then").mkdir()
    (tmp_path / "web.yaml").write_text(TWINS)

    for arguments in (("plan",), ("plan", "--against", "then"), ("diff", "--against", "then", "--how", "client")):
        done = manifold(arguments[0], "web.yaml", *arguments[1:], cwd=tmp_path)
        assert "refused" not in done.stdout
        assert "+ Pod default/web" in done.stdout
    assert manifold("diff", "web.yaml", "--against", "web.yaml", cwd=tmp_path).returncode == 0
    refused = manifold("diff", "web.yaml", "--against", "then", "--how", "server", cwd=tmp_path)
    assert "server-side apply cannot tell them apart" in refused.stdout


def test_what_left_the_manifests_of_a_folder_is_pruned(tmp_path: Path) -> None:
    """Manifests on the other side stand for applied objects, and have kubectl's mark of it."""
    maps = [f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n" for name in "ab"]
    (tmp_path / "then.yaml").write_text("---\n".join(maps))
    (tmp_path / "now.yaml").write_text(maps[0])

    asked = ("plan", "now.yaml", "--against", "then.yaml", "--prune", "--prune-all", "-o", "json")
    made = json.loads(manifold(*asked, cwd=tmp_path).stdout)

    assert [(p["kind"], p["name"]) for p in made["pruned"]] == [("ConfigMap", "b")]


def test_metadata_that_is_a_list_is_refused_like_any_other_mistake(tmp_path: Path) -> None:
    """Its fingerprint asks for a name that is not there."""
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n- name: a\n")
    done = manifold("check", ".", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    assert "`metadata` must be an object, not a list" in done.stdout


@pytest.mark.parametrize("command", ["plan", "diff", "preview", "snapshot", "fix"])
def test_help_names_the_formats_that_a_command_writes(command: str) -> None:
    """No more than those: what is named is taken, and SARIF is for findings alone."""
    done = manifold(command, "--help")

    assert "sarif" not in done.stdout
    assert "--output sarif" in manifold(command, *(() if command == "snapshot" else (".",)), "-o", "sarif").stderr
    assert "json; may be" in " ".join(done.stdout.replace("│", " ").split()).replace(", markdown;", ";")


def test_nothing_to_look_at_is_said(tmp_path: Path) -> None:
    """A folder without manifests is more often a wrong path than a clean one; -q wants to hear nothing."""
    (tmp_path / "empty").mkdir()
    for command in ("check", "validate", "lint", "fix", "plan", "preview", "diff --against empty"):
        name, *more = command.split()
        done = manifold(name, "empty", *more, cwd=tmp_path)
        assert done.returncode == 0
        assert "manifold: there was nothing to look at: no object in empty\n" in done.stderr
        assert manifold(name, "-q", "empty", *more, cwd=tmp_path).stderr == ""
