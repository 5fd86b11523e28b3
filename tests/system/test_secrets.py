"""What a whole Airflow keeps and answers at DEBUG level shows none of the secrets that went through it."""

import json
from collections.abc import Iterator, Mapping

from running_airflow import HAS_API_SERVER, RunningAirflow

from airflow_provider_nxlink.api.auth import sign
from airflow_provider_nxlink.sandbox.server import SandboxServer


def test_neither_the_home_nor_the_rest_api_shows_a_secret(
    airflow: RunningAirflow, live_sandbox: SandboxServer, link_secret: str, plain_secret: str
) -> None:
    live_sandbox.reset()
    live_sandbox.switch(approve_after=3600)
    connection = live_sandbox.connection
    answer = airflow._api(
        "POST",
        "/connections",
        {**connection, "connection_id": "planted", "extra": json.dumps(connection["extra"])},
    )
    assert answer.status_code in (200, 201, 409), answer.text
    run_id = airflow.trigger("planted")
    airflow.wait_until_deferred("planted", run_id, 1)
    live_sandbox.approve("planted", "en_US")
    live_sandbox.switch(approve_after=0)
    assert airflow.wait_for_run("planted", run_id, 240) == "success"
    states = {task: state for (task, _), state in airflow.task_states("planted", run_id).items()}
    assert states == dict.fromkeys(states, "success") | {"refused": "failed"}

    run = f"/dags/planted/dagRuns/{run_id}"
    file = "planted"
    if not HAS_API_SERVER:
        file = airflow._api("GET", "/dags/planted/details").json()["file_token"]
    pages = ["/connections", "/connections/planted", f"/dagSources/{file}", "/dags/planted/details", run]
    pages += [f"{run}/taskInstances", "/dags/planted/tasks", "/eventLogs?limit=100"]
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
    kept = {page: answer.content for page, answer in answers.items()}
    kept |= {
        str(path): path.read_bytes()
        for path in airflow.home.rglob("*")
        if path.is_file() and not path.name.startswith("airflow.db")
    }
    kept |= {f"table {name}": text for name, text in tables(airflow).items()}
    kept = dict(apart(kept))
    secrets = [account.access_secret, link_secret, *signatures]
    found = {(where, secret) for where, text in kept.items() for secret in secrets if secret.encode() in text}
    # Airflow 3.0 keeps rendered fields as they are, and shows what any operator has masked in them.
    theirs = {(where, link_secret) for where in RENDERED if plain_secret.encode() in kept.get(where, b"")}
    assert found - theirs == set()
    if not theirs:
        files = [path for path in airflow.home.glob("airflow.db*") if path.is_file()]
        assert not [path for path in files for secret in secrets if secret.encode() in path.read_bytes()]
    # What was searched is what there is to see.
    told = b"".join(kept.values())
    assert b"media.example/spring.jpg" in told
    assert b"DEBUG" in told or b'"debug"' in told


RENDERED = ("table rendered_task_instance_fields", "rendered fields in answers", "rendered fields in logs")


def tables(airflow: RunningAirflow) -> dict[str, bytes]:
    """Return what is in the tables of Airflow's database."""
    names = [name for (name,) in airflow.rows("select name from sqlite_master where type = 'table'")]
    return {name: repr(airflow.rows(f'select * from "{name}"')).encode() for name in names}  # noqa: S608


def apart(kept: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield all that was kept, and by itself what log lines and answers tell of rendered fields."""
    in_logs, in_answers = [], []
    for where, text in kept.items():
        if b"SetRenderedFields(" in text:
            lines = text.splitlines()
            in_logs += [line for line in lines if b"SetRenderedFields(" in line]
            yield where, b"\n".join(line for line in lines if b"SetRenderedFields(" not in line)
        elif b'"rendered_fields":' in text and "/taskInstances" in where:
            answer = json.loads(text)
            fields = [one.pop("rendered_fields", None) for one in answer.get("task_instances", [answer])]
            in_answers.append(json.dumps(fields).encode())
            yield where, json.dumps(answer).encode()
        else:
            yield where, text
    yield "rendered fields in logs", b"\n".join(in_logs)
    yield "rendered fields in answers", b"\n".join(in_answers)
