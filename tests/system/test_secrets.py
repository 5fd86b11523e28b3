"""What a whole Airflow keeps and answers at DEBUG level shows none of the secrets that went through it."""

import json

import pytest
from running_airflow import RunningAirflow

from airflow_provider_nxlink.api.auth import sign
from airflow_provider_nxlink.sandbox.server import SandboxServer

pytest.importorskip("airflow.triggers.shared_stream", reason="this Airflow has no shared streams")


def test_neither_the_home_nor_the_rest_api_shows_a_secret(
    airflow: RunningAirflow, live_sandbox: SandboxServer, link_secret: str
) -> None:
    live_sandbox.reset()
    connection = live_sandbox.connection
    answer = airflow._api(
        "POST",
        "/connections",
        {**connection, "connection_id": "planted", "extra": json.dumps(connection["extra"])},
    )
    assert answer.status_code in (201, 409), answer.text
    run_id = airflow.trigger("planted")
    assert airflow.wait_for_run("planted", run_id, 240) == "success"
    states = {task: state for (task, _), state in airflow.task_states("planted", run_id).items()}
    assert states == dict.fromkeys(states, "success") | {"refused": "failed"}

    run = f"/dags/planted/dagRuns/{run_id}"
    pages = ["/connections", "/connections/planted", "/dagSources/planted", "/dags/planted/details", run]
    pages += [f"{run}/taskInstances", "/dags/planted/tasks", "/eventLogs?limit=1000"]
    for task in states:
        instance = f"{run}/taskInstances/{task}"
        pages += [instance, f"{instance}/tries", f"{instance}/logs/1?full_content=true"]
        pages.append(f"{instance}/xcomEntries/return_value")
    answers = {page: airflow._api("GET", page) for page in pages}
    failed = [page for page, answer in answers.items() if answer.status_code != 200]
    assert failed == [f"{run}/taskInstances/refused/xcomEntries/return_value"]

    account = live_sandbox.account
    signatures = [
        sign(
            access_key=account.access_key,
            access_secret=account.access_secret,
            ts=call.headers["ts"],
            body=call.body if call.headers.get("content-type") == "application/json" else None,
        )
        for call in live_sandbox.received()
    ]
    assert all(call.verified for call in live_sandbox.received())
    secrets = [account.access_secret, link_secret, *signatures]
    kept = {str(path): path.read_bytes() for path in airflow.home.rglob("*") if path.is_file()}
    kept |= {page: answer.content for page, answer in answers.items()}
    found = [(where, secret) for where, text in kept.items() for secret in secrets if secret.encode() in text]
    assert found == []
    # What was searched is what there is to see.
    told = b"".join(kept.values())
    assert b"media.example/spring.jpg" in told
    assert b"DEBUG" in told or b'"debug"' in told
