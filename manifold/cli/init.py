"""`manifold init`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from manifold.errors import UsageError

EPILOG = "Examples: manifold init · manifold init deploy/ --force"
CONFIG = """# yaml-language-server: $schema=https://raw.githubusercontent.com/manifold-k8s/manifold/main/schemas/manifold/config.json
# Settings of manifold; `manifold config` shows those in force, `manifold schema show config` what may be set.
kubernetes-version: ["{version}"]
profile: recommended
# ignore: [image-not-pinned]
# paths:
#   - match: ["legacy/**"]
#     ignore: [memory-limit-missing]
#     reason: being replaced
"""
HOOK = """repos:
  - repo: https://github.com/manifold-k8s/manifold
    rev: v{release}  # or a commit, where that is not released yet
    hooks:
      - id: manifold
"""
WORKFLOW = """name: manifests
on: pull_request
permissions: {{contents: read}}
jobs:
  manifests:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: manifold-k8s/manifold@v{release}  # or a commit, where that is not released yet
        with: {{paths: "."}}
"""


def command(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> int:
    """Write starter files: settings, a pre-commit hook, a GitHub workflow; what exists is left alone."""
    from manifold import __version__
    from manifold.apiserver.schema import newest
    from manifold.cli._checks import write

    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    files = {
        "manifold.yaml": CONFIG.format(version=newest()),
        ".pre-commit-config.yaml": HOOK.format(release=__version__),
        ".github/workflows/manifests.yaml": WORKFLOW.format(release=__version__),
    }
    for name, text in files.items():
        file = folder / name
        if file.exists() and not force:
            sys.stdout.write(f"kept    {file}\n")
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        write(text, file)
        sys.stdout.write(f"written {file}\n")
    return 0
