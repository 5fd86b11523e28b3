"""Work on many things, a few at a time."""

import time

import pytest

from airflow_provider_nxlink.api.errors import NxlinkRateLimitError
from airflow_provider_nxlink.provisioning.parallel import RATE_LIMIT_TRIES, in_parallel, patiently


def test_nothing_more_is_begun_after_a_fault() -> None:
    begun: list[int] = []
    ended: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 0:
            ended.append(item)
            raise LookupError(item)
        time.sleep(0.5)  # in which even a busy machine gets round to the fault
        ended.append(item)
        return item

    with pytest.raises(LookupError):
        list(in_parallel(work, range(20), 2))
    assert len(begun) < 10
    assert sorted(ended) == sorted(begun)


def test_every_item_comes_with_what_was_made_of_it() -> None:
    assert dict(in_parallel(lambda item: item * 2, range(20), 3)) == {item: item * 2 for item in range(20)}


def test_a_pause_that_is_asked_for_is_kept() -> None:
    slept: list[float] = []
    answers = iter([NxlinkRateLimitError("busy", 2.5), NxlinkRateLimitError("busy"), "done"])

    def work() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert patiently(work, sleep=slept.append) == "done"
    assert slept == [2.5, 5.0]


@pytest.mark.parametrize(("retry_after", "sleeps"), [(61.0, 0), (1.0, RATE_LIMIT_TRIES - 1)])
def test_patience_has_an_end(retry_after: float, sleeps: int) -> None:
    slept: list[float] = []

    def work() -> None:
        raise NxlinkRateLimitError("busy", retry_after)

    with pytest.raises(NxlinkRateLimitError):
        patiently(work, sleep=slept.append)
    assert len(slept) == sleeps
