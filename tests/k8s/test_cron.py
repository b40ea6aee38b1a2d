"""Schedules are read as the CronJob controller reads them."""

import pytest
from manifold.k8s.cron import problem, zone_exists


@pytest.mark.parametrize(
    "schedule",
    ["* * * * *", "? ? ? ? ?", "*/90 * * * *", "0 0 31 2 *", " 5 4 * * sun ", "0 9-17/2 1,15 JAN mon-fri", ", * * * *",
     "@daily", "@every 1h30m", "@every 0s", "*-5 * * * *"],
)  # fmt: skip
def test_taken(schedule: str) -> None:
    """Also odd ones, and some that never come."""
    assert problem(schedule) == ""


@pytest.mark.parametrize(
    "schedule",
    ["", "* * * *", "60 * * * *", "* * 0 * *", "* * * * 7", "5-1 * * * *", "*/0 * * * *", "1-2-3 * * * *", "a * * * *",
     "1/2/3 * * * *", "@reboot", "@every", "@every 5", "L * * * *", "TZ=UTC"],
)  # fmt: skip
def test_refused(schedule: str) -> None:
    """One sentence says why."""
    assert problem(schedule) != ""


def test_time_zones() -> None:
    """Names are those of the time zone database."""
    assert zone_exists("UTC")
    assert not zone_exists("../UTC")
