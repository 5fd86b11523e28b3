"""A wall clock that is set while somebody waits: the wait is as long as it is."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSensorTimeout

from airflow_provider_nxlink.operators.template import NxlinkCreateTemplateOperator
from airflow_provider_nxlink.sandbox.server import SandboxServer
from airflow_provider_nxlink.sensors.template import NxlinkTemplateSensor
from airflow_provider_nxlink.triggers.events import read_event
from airflow_provider_nxlink.triggers.template import NxlinkTemplateTrigger

TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
REF = {"name": "promo", "language": "en_US"}
SEED = {**REF, "category_type": 1, "content": "Hello there"}
BOTH_WAYS = pytest.mark.parametrize("hours", [-24, 24])


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what sets this process's wall clock, some hours off."""
    true_time = time.time
    return lambda hours: monkeypatch.setattr(time, "time", lambda: true_time() + 3600 * hours)


@BOTH_WAYS
def test_a_deferred_wait_is_not_over_as_the_clock_jumps(
    hours: float, sandbox: SandboxServer, jump: Callable[[float], None], first_event: Callable[..., Any]
) -> None:
    """The signatures jump with the clock: NXLink calls the time wrong, and that is put right on the way."""
    trigger = NxlinkTemplateTrigger([REF], not_found_timeout=600, started_at=time.time(), poll_interval=0.05)

    async def story() -> Any:
        waiting = asyncio.create_task(first_event(trigger))

        async def polls(number: int) -> None:
            before = sandbox.count("list")
            async with asyncio.timeout(20):
                while sandbox.count("list") < before + number:
                    assert not waiting.done(), f"the wait is over: {waiting.result()}"
                    await asyncio.sleep(0.01)

        await polls(3)
        # The sandbox is in this process, and has to keep the true time.
        jump(hours)
        sandbox.clock.shift(-3600 * hours)
        await polls(3)
        assert not waiting.done(), "24 hours have not passed"
        sandbox.seed([SEED])
        return await waiting

    (result,) = read_event(asyncio.run(story()))
    assert result.verdict == "done"
    assert {call.code for call in sandbox.received()[-2:]} == {0}


@BOTH_WAYS
@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (
            NxlinkCreateTemplateOperator,
            {"template": TEMPLATE, "wait_for_approval": True, "poll_interval": 0.2},
        ),
        (NxlinkTemplateSensor, {"template": REF, "poke_interval": 0.2}),
    ],
)
def test_a_wait_on_a_worker_lasts_its_timeout_however_the_clock_jumps(
    hours: float,
    operator: Any,
    arguments: dict[str, Any],
    sandbox: SandboxServer,
    jump: Callable[[float], None],
    execute: Callable[..., Any],
) -> None:
    sandbox.switch(approve_after=1e9)  # its clock jumps as well
    if operator is NxlinkTemplateSensor:
        sandbox.seed([{**SEED, "status": 1}])

    def set_clock() -> None:
        jump(hours)
        sandbox.clock.shift(-3600 * hours)

    timer = threading.Timer(0.4, set_clock)
    timer.start()
    begun = time.monotonic()
    with pytest.raises(AirflowSensorTimeout):
        execute(operator, **arguments, timeout=1.2)
    timer.join()
    assert 1.0 < time.monotonic() - begun < 6
