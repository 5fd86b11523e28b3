"""How many templates may be created, from what the list says."""

import math

import pytest

from airflow_provider_nxlink.api.models import Template
from airflow_provider_nxlink.provisioning.allowance import (
    Allowance,
    creation_times,
    learned_offset,
    read_time,
)

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
        ("2027-01-15 15:30:00", NOW - 1800),
        ("2027-01-15T07:30:00Z", NOW - 1800),
        ("2027-01-15T15:30:00+08:00", NOW - 1800),
    ],
)
def test_times_are_read_as_the_list_writes_them(text: str, moment: float) -> None:
    assert creation_times([template(text)], 8 * 3600) == [moment]


def test_times_without_a_zone_do_not_count_while_it_is_unknown() -> None:
    assert creation_times([template("2027-01-15 07:30:00"), template("2027-01-15T07:30:00Z")]) == [NOW - 1800]


FOREIGN = [
    "0001-01-01T00:00:00Z",
    "0001-02-03 04:05:06",
    "yesterday",
    "",
    "P1D",
    "now",
    "9999-12-31",
    "12:30",
    "1",
]


@pytest.mark.parametrize("text", [None, *FOREIGN])
def test_what_has_no_time_does_not_count(text: str | None) -> None:
    assert read_time(text) is None
    assert creation_times([template(text)], 0) == []


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2027-01-15 08:00:00", 0),
        ("2027-01-15 15:59:10", 8),
        ("2027-01-15 04:01:00", -4),
        ("2027-01-15 13:45:00", 5.75),
    ],
)
def test_the_zone_is_learned_from_a_creation(text: str, hours: float) -> None:
    assert learned_offset([(template(text), NOW)]) == hours * 3600


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["2027-01-15T08:00:00Z"],
        ["2027-01-15 08:06:00"],
        ["2027-01-16 08:00:00"],
        ["2027-01-15 08:00:00", "2027-01-15 16:00:00"],
        ["now"],
    ],
    ids=str,
)
def test_a_zone_that_is_not_certain_is_unknown(texts: list[str]) -> None:
    assert learned_offset([(template(text), NOW) for text in texts]) is None


def test_times_in_the_future_do_not_block() -> None:
    assert Allowance(1, [NOW + 7200], now=lambda: NOW).left == 1
    assert Allowance(1, [NOW + 30], now=lambda: NOW).back_at(1) == NOW + 3600


@pytest.mark.parametrize(
    ("wanted", "known", "line"),
    [
        (300, [], "300 to create: 100 now, the rest in about 2 h"),
        (100, [], "100 to create"),
        (101, [], "101 to create: 100 now, the rest in about 1 h"),
        (100, [NOW - 3000] * 100, "100 to create: none now, the rest in about 10 min"),
        (110, [NOW - 3000] * 100, "110 to create: none now, the rest in about 1 h"),
    ],
)
def test_the_plan_says_how_long_creations_take(wanted: int, known: list[float], line: str) -> None:
    assert str(Allowance(100, known, now=lambda: NOW).forecast(wanted)) == line


def test_without_a_limit_all_are_created_now() -> None:
    assert str(Allowance(0, now=lambda: NOW).forecast(300)) == "300 to create"
