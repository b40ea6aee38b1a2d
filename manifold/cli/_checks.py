"""What check, validate and lint share: settings and configuration to a request, a report to its outputs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from manifold.cli._options import Settings
from manifold.errors import UsageError

LINTING = ("select", "ignore", "profile", "rules")
REPORTING = ("fail_on", "baseline", "changed_since", "shard", "jobs", "no_cache", "cluster")
"""The options of every command that ends in a report."""
SEVERITIES = ("error", "warning", "info")
MISSING = ("error", "warn", "ignore")


def settled(settings: Settings) -> Any:
    """The configuration file in force: the one that --config names, or the nearest."""
    from manifold import config

    return config.load(settings.config or config.find(Path.cwd()))


def choose(option: str, value: str, allowed: tuple[str, ...]) -> str:
    """`value`, which must be one of `allowed`.

    Raises UsageError naming the option and what is allowed.
    """
    if value not in allowed:
        raise UsageError(f"{option} {value}: must be one of {', '.join(allowed)}")
    return value


def cluster_objects(settings: Settings, configured: Path | None = None) -> list[dict[str, Any]]:
    """The objects of the snapshot that --cluster or the settings name, if any."""
    file = settings.cluster or configured
    if file is None:
        return []
    from manifold.inputs import Request, load

    loaded = load(Request([file]))
    if loaded.incomplete or any(d.rejects for d in loaded.diagnostics):
        raise UsageError(f"--cluster {file}: {loaded.diagnostics[0].message}")
    return [d.body for d in loaded.documents]


def request(settings: Settings, *, validate: bool, lint: bool) -> Any:
    """What the settings ask for, as the runner takes it."""
    from manifold.inputs import Request

    config = settled(settings)
    missing = choose("--missing-schema", settings.missing_schema or "warn", MISSING)
    if settings.missing_schema == "warn" and config.missing_schema:
        missing = config.missing_schema
    return Request(
        settings.paths,
        validate=validate,
        lint=lint,
        versions=settings.kubernetes_version,
        namespace=settings.namespace,
        schemas=settings.schema,
        rules=settings.rules,
        skip_kind=[*settings.skip_kind, *config.skip_kind],
        missing_schema=missing,
        only_manifests=settings.only_manifests,
        select=settings.select or config.select,
        ignore=[*settings.ignore, *config.ignore],
        profile=settings.profile or config.profile,
        baseline=settings.baseline or config.baseline,
        changed_since=settings.changed_since,
        shard=settings.shard,
        jobs=settings.jobs,
        cache=not settings.no_cache,
        cluster=cluster_objects(settings, config.cluster),
        config=config,
        progress=None if settings.quiet or not sys.stderr.isatty() else _progress,
    )


def _progress(stage: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r\x1b[K{stage} {done}/{total}" if done < total else "\r\x1b[K")
    sys.stderr.flush()


# The report of the last run, and with it all that it was made of: to take that apart before the process ends takes as long
# as to lint a thousand objects.
_kept: list[Any] = []


def finish(settings: Settings, asked: Any) -> int:
    """Run what is asked, write the report in each format asked for, and return the exit code."""
    from manifold.run import exit_code, report

    fail_on = choose("--fail-on", settings.fail_on or asked.config.fail_on or "error", SEVERITIES)
    outputs = [parse_output(o) for o in settings.output] or [("text", None)]
    found, incomplete = report(asked)
    _kept[:] = [found]
    if asked.progress is not None:
        sys.stderr.write("\r\x1b[K")
    if found.diagnostics:
        from manifold.fix.marks import marked

        found = marked(found, asked)
    # files first: who reads standard output may go away before its end
    for name, file in sorted(outputs, key=lambda o: o[1] is None):
        write(render(name, found, settings, colour=file is None and settings.colour()), file)
    if not (found.summary.objects or found.diagnostics):
        nothing(settings, settings.paths)
    return exit_code(found, incomplete, fail_on)


def nothing(settings: Settings, paths: Sequence[Path]) -> None:
    """Say that the paths hold no object: more often it is a wrong path than a clean one.

    Of a shard, or of whatever files were changed, it is usual that nothing is left.
    """
    if not (settings.shard or settings.only_manifests or settings.quiet):
        sys.stderr.write(f"manifold: there was nothing to look at: no object in {', '.join(map(str, paths))}\n")


def parse_output(text: str) -> tuple[str, Path | None]:
    """`FORMAT[=FILE]` in its parts.

    Raises UsageError for a format that does not exist.
    """
    from manifold.report import renderer

    name, _, file = text.partition("=")
    renderer(name)
    return name, Path(file) if file else None


def render(name: str, found: Any, settings: Settings, *, colour: bool) -> str:
    """A report in one format."""
    from manifold.report import renderer

    if name == "text":
        from manifold.report import text

        return text.render(
            found, colour=colour, quiet=settings.quiet, verbose=settings.verbose, columns=settings.columns()
        )
    return renderer(name)(found)


def write(text: str, file: Path | None, *, private: bool = False) -> None:
    """To standard output, or to a file: all of it or nothing, so that an interrupted run leaves no half report.

    `private` files can be read by their owner alone.
    """
    if file is None:
        sys.stdout.write(text)
        return
    import os
    import tempfile

    if file.exists() and not file.is_file():  # a pipe or a device, /dev/stderr for instance
        with file.open("w", encoding="utf-8") as stream:
            stream.write(text)
        return
    target = file.resolve()  # a link stays one
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o600 if private else 0o666 & ~mask)
        Path(name).replace(target)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
