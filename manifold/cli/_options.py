"""The options that commands share: declared once, added to a command's signature by `takes`."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

COLOURS = ("auto", "always", "never")
INPUT, CLUSTER, OUTPUT = "Input", "Cluster", "Output"
WAYS = ("auto", "server", "client")
How = Annotated[
    str,
    typer.Option(metavar="auto|server|client", help="As `kubectl apply` or `kubectl apply --server-side` would do it."),
]
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


def _output(formats: Sequence[str]) -> Any:
    """The annotation of --output for a command that writes these formats."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in formats if name.startswith(incomplete)]

    return Annotated[
        list[str],
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT[=FILE]",
            autocompletion=_formats if formats is REPORTS else complete,
            rich_help_panel=OUTPUT,
            help=f"{', '.join(formats)}; may be given several times.",
        ),
    ]


# name -> (annotation, default)
OPTIONS: dict[str, tuple[Any, Any]] = {
    "paths": (
        Annotated[
            list[Path],
            typer.Argument(metavar="PATHS", help="Files, folders, or - for standard input.", show_default=False),
        ],
        inspect.Parameter.empty,
    ),
    "kubernetes_version": (
        Annotated[
            list[str],
            typer.Option(
                "--kubernetes-version",
                "-k",
                metavar="1.NN",
                autocompletion=_versions,
                rich_help_panel=INPUT,
                help="Release to answer for; may be given several times. Default: the newest we ship.",
            ),
        ],
        (),
    ),
    "namespace": (
        Annotated[
            str, typer.Option("--namespace", "-n", rich_help_panel=INPUT, help="Namespace of objects that name none.")
        ],
        "",
    ),
    "schema": (
        Annotated[
            list[Path],
            typer.Option(
                "--schema",
                metavar="PATH",
                rich_help_panel=INPUT,
                help="CustomResourceDefinitions to know besides those among the inputs: file or folder.",
            ),
        ],
        (),
    ),
    "rules": (
        Annotated[
            list[Path],
            typer.Option(
                "--rules",
                metavar="PATH",
                rich_help_panel=INPUT,
                help="Lint rules of your own besides those that we ship: file or folder.",
            ),
        ],
        (),
    ),
    "skip_kind": (
        Annotated[
            list[str],
            typer.Option(
                "--skip-kind",
                metavar="KIND",
                rich_help_panel=INPUT,
                help="Leave objects of this kind out: Kind or group/version/Kind.",
            ),
        ],
        (),
    ),
    "missing_schema": (
        Annotated[
            str,
            typer.Option(
                "--missing-schema",
                metavar="error|warn|ignore",
                rich_help_panel=INPUT,
                help="What a custom kind without a definition at hand is.",
            ),
        ],
        "warn",
    ),
    "only_manifests": (
        Annotated[
            bool,
            typer.Option(
                "--only-manifests",
                rich_help_panel=INPUT,
                help="Leave out what is no manifest also among files named one by one, as in folders.",
            ),
        ],
        False,
    ),
    "select": (
        Annotated[
            list[str],
            typer.Option(
                "--select",
                metavar="RULE",
                autocompletion=_rules,
                rich_help_panel=INPUT,
                help="Only these rules: an id, a pack, or a peer's name as in kube-linter:latest-tag.",
            ),
        ],
        (),
    ),
    "ignore": (
        Annotated[
            list[str],
            typer.Option(
                "--ignore", metavar="RULE", autocompletion=_rules, rich_help_panel=INPUT, help="Leave these rules out."
            ),
        ],
        (),
    ),
    "profile": (
        Annotated[
            str,
            typer.Option(
                "--profile",
                rich_help_panel=INPUT,
                help="Set of rules: recommended, strict, security, reliability, cost, all.",
            ),
        ],
        "",
    ),
    "fail_on": (
        Annotated[
            str,
            typer.Option(
                "--fail-on",
                metavar="error|warning|info",
                rich_help_panel=OUTPUT,
                help="The least severity that makes the exit code 1.",
            ),
        ],
        "",
    ),
    "baseline": (
        Annotated[
            Path | None,
            typer.Option(
                "--baseline",
                metavar="FILE",
                rich_help_panel=INPUT,
                help="Leave out what this file lists (`manifold baseline write`).",
            ),
        ],
        None,
    ),
    "changed_since": (
        Annotated[
            str,
            typer.Option(
                "--changed-since",
                metavar="REV",
                rich_help_panel=INPUT,
                help="Report only what changed since this git revision.",
            ),
        ],
        "",
    ),
    "shard": (
        Annotated[
            str,
            typer.Option(
                "--shard",
                metavar="I/N",
                rich_help_panel=INPUT,
                help="Look at part I of N of the files; `manifold report merge` joins the reports.",
            ),
        ],
        "",
    ),
    "jobs": (
        Annotated[
            int,
            typer.Option(
                "--jobs", "-j", min=0, metavar="N", rich_help_panel=INPUT, help="Processes; 0: as many as pay."
            ),
        ],
        0,
    ),
    "no_cache": (
        Annotated[
            bool,
            typer.Option(
                "--no-cache",
                envvar="MANIFOLD_NO_CACHE",
                rich_help_panel=INPUT,
                help="Look at every file anew, also at those that are as they were in the last run.",
            ),
        ],
        False,
    ),
    "cluster": (
        Annotated[
            Path | None,
            typer.Option(
                "--cluster",
                metavar="FILE",
                rich_help_panel=CLUSTER,
                help="A snapshot that stands for the cluster (`manifold snapshot`).",
            ),
        ],
        None,
    ),
    "kubeconfig": (
        Annotated[
            Path | None,
            typer.Option("--kubeconfig", metavar="FILE", rich_help_panel=CLUSTER, help="Kubeconfig to use."),
        ],
        None,
    ),
    "context": (
        Annotated[str, typer.Option("--context", rich_help_panel=CLUSTER, help="Context of the kubeconfig.")],
        "",
    ),
    "output": (_output(REPORTS), ()),
    "config": (
        Annotated[
            Path | None,
            typer.Option(
                "--config",
                metavar="FILE",
                rich_help_panel=INPUT,
                help="Settings; default: manifold.yaml here or above.",
            ),
        ],
        None,
    ),
    "color": (
        Annotated[
            str, typer.Option("--color", metavar="auto|always|never", rich_help_panel=OUTPUT, help="Colours in text.")
        ],
        "auto",
    ),
    "quiet": (
        Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=OUTPUT, help="Say nothing when all is well.")],
        False,
    ),
    "verbose": (
        Annotated[bool, typer.Option("--verbose", "-v", rich_help_panel=OUTPUT, help="Name what was skipped.")],
        False,
    ),
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
        import shutil

        return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def takes(*names: str, formats: Sequence[str] = REPORTS) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options `names` and those that all have; it gets them as one `Settings`, its first argument.

    `formats` are those that its --output takes.
    """
    wanted = (*names, *(n for n in COMMON if n not in names))
    options = OPTIONS if formats is REPORTS else {**OPTIONS, "output": (_output(formats), ())}

    def wrap(command: Callable[..., int]) -> Callable[..., int]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

        @functools.wraps(command)
        def run(**given: Any) -> int:
            chosen: dict[str, Any] = {}
            for name in wanted:
                value = given.pop(name)
                chosen[name] = list(value) if isinstance(value, tuple) else value
            settings = Settings(**chosen)
            if settings.color not in COLOURS:
                from manifold.errors import UsageError

                raise UsageError(f"--color {settings.color}: must be one of {', '.join(COLOURS)}")
            return command(settings, **given)

        kind = inspect.Parameter.KEYWORD_ONLY
        shared = [inspect.Parameter(n, kind, annotation=options[n][0], default=options[n][1]) for n in wanted]
        parameters = [p.replace(kind=kind) for p in own]
        run.__signature__ = inspect.Signature([*shared[:1], *parameters, *shared[1:]])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in (*shared, *parameters)}
        return run

    return wrap
