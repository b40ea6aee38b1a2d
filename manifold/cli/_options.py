"""The options that commands share: declared once, added to a command's signature by `takes`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple

COLOURS = ("auto", "always", "never")
INPUT, CLUSTER, OUTPUT = "Input", "Cluster", "Output"
PATHS = "paths"  # the one that is an argument, not an option
WAYS = ("auto", "server", "client")
REPORTS = ("text", "json", "jsonl", "sarif", "github", "gitlab", "junit", "rdjson", "markdown", "html")


def _formats(incomplete: str) -> list[str]:
    from manifold.report import formats

    return [name for name in formats() if name.startswith(incomplete)]


def _versions(incomplete: str) -> list[str]:
    from manifold.apiserver.schema import versions

    return [v for v in versions() if v.startswith(incomplete)]


def _rules(incomplete: str) -> list[str]:
    from manifold.lint.catalogue import rules

    return [name for name in rules() if name.startswith(incomplete)]


class Option(NamedTuple):
    """An option as data: what typer shows and reads is made of it, and what reads plain command lines without typer.

    Its long name is its key in `OPTIONS`, with dashes.
    """

    type: Any
    default: Any
    short: str = ""
    metavar: str = ""
    panel: str = ""
    help: str = ""
    complete: Callable[[str], list[str]] | None = None
    least: int | None = None
    env: str = ""
    """A variable of the environment that gives the value where the command line does not."""


def flag(name: str) -> str:
    """How an option of `OPTIONS` is written."""
    return f"--{name.replace('_', '-')}"


def _output(formats: Sequence[str]) -> Option:
    """The option --output of a command that writes these formats."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in formats if name.startswith(incomplete)]

    words = f"{', '.join(formats)}; may be given several times."
    return Option(list[str], (), "-o", "FORMAT[=FILE]", OUTPUT, words, _formats if formats is REPORTS else complete)


OPTIONS: dict[str, Option] = {
    PATHS: Option(list[Path], None, metavar="PATHS", help="Files, folders, or - for standard input."),
    "kubernetes_version": Option(
        list[str],
        (),
        "-k",
        "1.NN",
        INPUT,
        help="Release to answer for; may be given several times. Default: the newest we ship.",
        complete=_versions,
    ),
    "namespace": Option(str, "", "-n", "", INPUT, help="Namespace of objects that name none."),
    "schema": Option(
        list[Path],
        (),
        "",
        "PATH",
        INPUT,
        help="CustomResourceDefinitions to know besides those among the inputs: file or folder.",
    ),
    "rules": Option(
        list[Path], (), "", "PATH", INPUT, help="Lint rules of your own besides those that we ship: file or folder."
    ),
    "skip_kind": Option(
        list[str], (), "", "KIND", INPUT, help="Leave objects of this kind out: Kind or group/version/Kind."
    ),
    "missing_schema": Option(
        str, "warn", "", "error|warn|ignore", INPUT, help="What a custom kind without a definition at hand is."
    ),
    "only_manifests": Option(
        bool,
        False,
        "",
        "",
        INPUT,
        help="Leave out what is no manifest also among files named one by one, as in folders.",
    ),
    "select": Option(
        list[str],
        (),
        "",
        "RULE",
        INPUT,
        help="Only these rules: an id, a pack, or a peer's name as in kube-linter:latest-tag.",
        complete=_rules,
    ),
    "ignore": Option(list[str], (), "", "RULE", INPUT, help="Leave these rules out.", complete=_rules),
    "profile": Option(
        str,
        "",
        "",
        "",
        INPUT,
        help="Set of rules: recommended (the default), strict, security, reliability, cost, all.",
    ),
    "fail_on": Option(
        str,
        "",
        "",
        "error|warning|info",
        OUTPUT,
        help="The least severity that makes the exit code 1; by default error.",
    ),
    "baseline": Option(
        Path | None, None, "", "FILE", INPUT, help="Leave out what this file lists (`manifold baseline write`)."
    ),
    "changed_since": Option(str, "", "", "REV", INPUT, help="Report only what changed since this git revision."),
    "shard": Option(
        str, "", "", "I/N", INPUT, help="Look at part I of N of the files; `manifold report merge` joins the reports."
    ),
    "jobs": Option(int, 0, "-j", "N", INPUT, help="Processes; 0: as many as pay.", least=0),
    "no_cache": Option(
        bool,
        False,
        "",
        "",
        INPUT,
        help="Look at every file anew, also at those that are as they were in the last run.",
        env="MANIFOLD_NO_CACHE",
    ),
    "cluster": Option(
        Path | None, None, "", "FILE", CLUSTER, help="A snapshot that stands for the cluster (`manifold snapshot`)."
    ),
    "kubeconfig": Option(Path | None, None, "", "FILE", CLUSTER, help="Kubeconfig to use."),
    "context": Option(str, "", "", "", CLUSTER, help="Context of the kubeconfig."),
    "output": _output(REPORTS),
    "config": Option(Path | None, None, "", "FILE", INPUT, help="Settings; default: manifold.yaml here or above."),
    "color": Option(str, "auto", "", "auto|always|never", OUTPUT, help="Colours in text."),
    "quiet": Option(bool, False, "-q", "", OUTPUT, help="Say nothing when all is well."),
    "verbose": Option(bool, False, "-v", "", OUTPUT, help="Name what was skipped."),
}
COMMON = (
    "kubernetes_version",
    "namespace",
    "schema",
    "skip_kind",
    "missing_schema",
    "only_manifests",
    "output",
    "config",
    "color",
    "quiet",
    "verbose",
)


@dataclass(slots=True)
class Settings:
    """What the command line and the configuration ask for. Names as in `OPTIONS`."""

    paths: list[Path] = field(default_factory=list)
    kubernetes_version: list[str] = field(default_factory=list)
    namespace: str = ""
    schema: list[Path] = field(default_factory=list)
    rules: list[Path] = field(default_factory=list)
    skip_kind: list[str] = field(default_factory=list)
    missing_schema: str = "warn"
    only_manifests: bool = False
    select: list[str] = field(default_factory=list)
    ignore: list[str] = field(default_factory=list)
    profile: str = ""
    fail_on: str = ""
    baseline: Path | None = None
    changed_since: str = ""
    shard: str = ""
    jobs: int = 0
    no_cache: bool = False
    cluster: Path | None = None
    kubeconfig: Path | None = None
    context: str = ""
    output: list[str] = field(default_factory=list)
    config: Path | None = None
    color: str = "auto"
    quiet: bool = False
    verbose: bool = False

    def colour(self) -> bool:
        """Whether text goes out with colours.

        NO_COLOR (https://no-color.org), CLICOLOR and CLICOLOR_FORCE (https://bixense.com/clicolors) and FORCE_COLOR are
        heeded, unless --color decides.
        """
        import os

        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if any(os.environ.get(name, "0") not in ("", "0") for name in ("CLICOLOR_FORCE", "FORCE_COLOR")):
            return True
        if os.environ.get("CLICOLOR") == "0" or os.environ.get("TERM") == "dumb":
            return False
        return sys.stdout.isatty()

    def columns(self) -> int:
        """The width of the terminal that is written to; 0 where none is."""
        if not sys.stdout.isatty():
            return 0
        import shutil

        return shutil.get_terminal_size().columns


class Command:
    """A command's function with the shared options that it takes; it gets them as one `Settings`, its first argument."""

    def __init__(self, function: Callable[..., int], options: Mapping[str, Option]) -> None:
        self.function, self.options = function, options

    def __call__(self, **given: Any) -> int:
        chosen: dict[str, Any] = {}
        for name in self.options:
            value = given.pop(name)
            chosen[name] = list(value) if isinstance(value, tuple) else value
        settings = Settings(**chosen)
        if settings.color not in COLOURS:
            from manifold.errors import UsageError

            raise UsageError(f"--color {settings.color}: must be one of {', '.join(COLOURS)}")
        return self.function(settings, **given)

    def typed(self) -> Callable[..., int]:
        """A function that typer can read: one parameter an option."""
        import functools
        import inspect

        own = list(inspect.signature(self.function, eval_str=True).parameters.values())[1:]

        @functools.wraps(self.function)
        def run(**given: Any) -> int:
            return self(**given)

        kind = inspect.Parameter.KEYWORD_ONLY
        shared = [
            inspect.Parameter(
                name,
                kind,
                annotation=_annotation(name, option),
                default=inspect.Parameter.empty if name == PATHS else option.default,
            )
            for name, option in self.options.items()
        ]
        parameters = [p.replace(kind=kind) for p in own]
        run.__signature__ = inspect.Signature([*shared[:1], *parameters, *shared[1:]])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in (*shared, *parameters)}
        return run


def _annotation(name: str, option: Option) -> Any:
    """An option as typer has it."""
    import typer

    if name == PATHS:
        made = typer.Argument(metavar=option.metavar, help=option.help, show_default=False)
    else:
        made = typer.Option(
            flag(name),
            *([option.short] if option.short else ()),
            metavar=option.metavar or None,
            autocompletion=option.complete,
            rich_help_panel=option.panel,
            help=option.help,
            min=option.least,
            envvar=option.env or None,
        )
    return Annotated[option.type, made]


def takes(
    *names: str, formats: Sequence[str] = REPORTS, common: Sequence[str] = COMMON
) -> Callable[[Callable[..., int]], Command]:
    """Give a command the options `names` and those that all have, or those that are named in their place.

    `formats` are those that its --output takes.
    """
    wanted = (*names, *(n for n in common if n not in names))
    options = OPTIONS if formats is REPORTS else {**OPTIONS, "output": _output(formats)}
    return lambda function: Command(function, {name: options[name] for name in wanted})
