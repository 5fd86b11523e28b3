"""How many templates may be created, from what the list says."""

import math

import pytest

from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.provisioning.allowance import Allowance, creation_times

NOW = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC


def template(created_at: str | None) -> Template:
    return Template.model_validate({"id": 1, "created_at": created_at})


def test_what_was_created_within_the_hour_counts() -> None:
    allowance = Allowance(3, [NOW - 3601, NOW - 3599, NOW - 1], now=lambda: NOW)
    assert allowance.left == 1
    allowance.spend()
    assert (allowance.left, len(allowance.created)) == (0, 3)


def test_no_limit_is_never_used_up() -> None:
    assert Allowance(0, [NOW] * 500, now=lambda: NOW).left == math.inf


@pytest.mark.parametrize(
    ("wanted", "after"),
    [(1, 600), (2, 1800), (3, 3000), (99, 3000)],
)
def test_the_allowance_is_back_when_as_many_as_wanted_have_aged(wanted: int, after: float) -> None:
    ages = [3000.0, 1800.0, 600.0]
    allowance = Allowance(3, [NOW - age for age in ages], now=lambda: NOW)
    assert allowance.back_at(wanted) == NOW + after


def test_what_fits_need_not_wait() -> None:
    assert Allowance(3, [NOW - 5], now=lambda: NOW).back_at(2) == NOW


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-15 07:30:00", NOW - 1800),
        ("2027-01-15T07:30:00Z", NOW - 1800),
        ("2027-01-15T15:30:00+08:00", NOW - 1800),
        # Eight hours ahead: that is Beijing's time, and at most a quarter of an hour old.
        ("2027-01-15 15:50:00", NOW - 600),
    ],
)
def test_times_are_read_as_the_list_writes_them(text: str, moment: float) -> None:
    assert creation_times([template(text)], NOW) == [moment]


def test_one_zone_holds_for_all_times() -> None:
    times = creation_times([template("2027-01-15 15:59:00"), template("2027-01-15 14:59:00")], NOW)
    assert times == [NOW - 60, NOW - 3660]


@pytest.mark.parametrize("text", [None, "0001-01-01T00:00:00Z", "yesterday", ""])
def test_what_has_no_time_does_not_count(text: str | None) -> None:
    assert creation_times([template(text)], NOW) == []
