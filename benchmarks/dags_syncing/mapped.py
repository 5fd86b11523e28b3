"""Templates created by a mapped HttpOperator, a task for each."""

from __future__ import annotations

import hashlib
import json
import os
import time

import pendulum
import requests
from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG
from order_templates import on_the_wire

MAPPED = int(os.environ["NXLINK_BENCHMARK_MAPPED"])


class Signed(requests.auth.AuthBase):
    """Signs as NXLink wants it: what somebody who uses HttpOperator has to write."""

    def __init__(self, key: str, secret: str) -> None:
        self.key, self.secret = key, secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the common headers."""
        ts = str(int(time.time() * 1000))
        raw = (
            f"accessKey={self.key}&action=mt&bizType=2&ts={ts}&body={request.body}&accessSecret={self.secret}"
        )
        signature = hashlib.md5(raw.encode(), usedforsecurity=False).hexdigest()
        request.headers.update({"accessKey": self.key, "ts": ts, "bizType": "2", "action": "mt"})
        request.headers["sign"] = signature
        return request


with DAG(
    "mapped", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), max_active_tasks=MAPPED
):
    HttpOperator.partial(
        task_id="create",
        http_conn_id="nxlink_http",
        endpoint="/saas/wa/template/8613800000000",
        headers={"Content-Type": "application/json"},
        auth_type=Signed,
        response_check=lambda response: response.json()["code"] == 0,
    ).expand(data=[json.dumps(on_the_wire(number)) for number in range(MAPPED)])
