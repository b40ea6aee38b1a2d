"""The schedules of CronJobs, as github.com/robfig/cron v3 reads them (ParseStandard)."""

from __future__ import annotations

import re

_MONTHS = {
    n: i for i, n in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_DAYS = {n: i for i, n in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
# name, lowest, highest, names
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
DESCRIPTORS = frozenset(("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"))
_INTEGER = re.compile(r"[+-]?[0-9]+")
# time.ParseDuration
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")


def problem(schedule: str) -> str:
    """What is wrong with a schedule, in one sentence; empty when it can be read."""
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        zone, blank, schedule = schedule.partition("=")[2].partition(" ")
        if not blank or not zone_exists(zone):
            return f"there is no time zone {zone!r}"
        schedule = schedule.strip()
    if schedule.startswith("@"):
        if schedule in DESCRIPTORS:
            return ""
        if schedule.startswith("@every "):
            text = schedule.removeprefix("@every ")
            return "" if _DURATION.fullmatch(text) else f"{text!r} is no duration such as 1h30m"
        return f"{schedule!r} is none of {', '.join(sorted(DESCRIPTORS))}, @every"
    parts = schedule.split()
    if len(parts) != 5:
        return f"{len(parts)} fields, 5 are needed: minute, hour, day of month, month, day of week"
    for part, (name, low, high, names) in zip(parts, _FIELDS, strict=True):
        for piece in part.split(","):
            if piece and (message := _range(piece, low, high, names)):
                return f"{name} {piece!r}: {message}"
    return ""


def _number(text: str, names: dict[str, int]) -> int | None:
    found = names.get(text.lower())
    if found is not None:
        return found
    return int(text) if _INTEGER.fullmatch(text) and int(text) >= 0 else None


def _range(piece: str, low: int, high: int, names: dict[str, int]) -> str:
    bounds, *steps = piece.split("/")
    first, *rest = bounds.split("-")
    if first in ("*", "?"):
        start, end = low, high
    else:
        one = _number(first, names)
        two = one if not rest else _number(rest[0], names)
        if one is None or two is None or len(rest) > 1:
            return "is no number and no range such as 1-5"
        start, end = one, two
    if len(steps) > 1:
        return "has more than one slash"
    if steps:
        step = _number(steps[0], {})
        if step is None:
            return "the step is no number"
        if not rest:
            end = high
        if not step:
            return "the step must not be 0"
    if start < low or end > high:
        return f"must lie between {low} and {high}"
    return "begins after its end" if start > end else ""


def zone_exists(name: str) -> bool:
    """Whether the time zone database knows a zone; True where there is no database to ask."""
    import zoneinfo

    if name in ("", "UTC", "Local"):
        return True
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError):
        return False
    except zoneinfo.ZoneInfoNotFoundError:
        return not zoneinfo.available_timezones()
    return True
