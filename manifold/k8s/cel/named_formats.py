"""The named formats of Kubernetes' CEL, `format.dns1123Label().validate(text)`.

Source: k8s.io/apiserver v0.37.2 pkg/cel/library/format.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manifold.k8s import formats, strfmt


class NamedFormat:
    """A format: what is wrong with a text, nothing for a good one."""

    __slots__ = ("name", "wrong")

    def __init__(self, name: str, wrong: Callable[[str], list[str]]) -> None:
        self.name = name
        self.wrong = wrong


def _prefix(test: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    # What a name is generated from may end with a hyphen.
    return lambda text: test(f"{text[:-1]}a" if text.endswith("-") and len(text) > 1 else text)


def _strfmt(name: str) -> Callable[[str], list[str]]:
    test = strfmt.FORMATS[name]
    return lambda text: [] if test(text) else [f"is no {name}"]


NAMED = {
    name: NamedFormat(name, wrong)
    for name, wrong in {
        "dns1123Label": formats.dns_label,
        "dns1123Subdomain": formats.dns_subdomain,
        "dns1035Label": formats.dns_1035_label,
        "qualifiedName": formats.qualified_name,
        "dns1123LabelPrefix": _prefix(formats.dns_label),
        "dns1123SubdomainPrefix": _prefix(formats.dns_subdomain),
        "dns1035LabelPrefix": _prefix(formats.dns_1035_label),
        "labelValue": formats.label_value,
        **{name: _strfmt(name) for name in ("uri", "uuid", "byte", "date", "datetime")},
    }.items()
}


def _constant(found: NamedFormat) -> Callable[[], NamedFormat]:
    return lambda: found


CONSTANTS: dict[str, Callable[..., Any]] = {f"format.{name}": _constant(found) for name, found in NAMED.items()}
