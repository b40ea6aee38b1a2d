"""Values as YAML that people like to read: fields in their own order, texts of several lines as such."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _dumper() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        """With block style for texts of several lines, and no anchors: what stands twice is written twice."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        # A block cannot hold what ends a line with a blank, or tabs at its beginning, without loss of looks.
        block = "\n" in value and not any(line != line.rstrip() or line[:1] == "\t" for line in value.split("\n"))
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if block else None)

    Dumper.add_representer(str, text)
    return Dumper


def dump(value: Any) -> str:
    """A value as YAML text, with a line break at its end."""
    import yaml

    return str(yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=1000))
