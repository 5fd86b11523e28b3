"""Header samples: uploaded by a task of their own, or by create on the way."""

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_nxlink.operators.media import NxlinkUploadMediaOperator
from airflow_provider_nxlink.operators.template import (
    NxlinkCreateTemplateOperator,
    NxlinkUpdateTemplateOperator,
)
from airflow_provider_nxlink.sandbox.server import SandboxServer

URL = "https://shop.example/spring.jpg"
SIGNED = f"{URL}?OSSAccessKeyId=LTAI-key&Expires=1&Signature=c2VjcmV0LXBhcnQ"
TEMPLATE = {"name": "promo", "language": "en_US", "category": "MARKETING", "content": "Hello there"}
SEED = {"name": "promo", "language": "en_US", "category_type": 1, "content": "Hello"}


def handle(expires: float) -> str:
    parts = (base64.b64encode(text).decode() for text in (b"a.jpg", b"image/jpeg"))
    return f"4:{':'.join(parts)}:ARYVc4sZ:e:{int(expires)}:1:2:ARaN"


def media_of(call: Any) -> dict[str, Any]:
    names = ("mediaId", "mediaName", "mediaType", "templateMediaId")
    return {name: call.json.get(name) for name in names}


def test_the_output_of_an_upload_is_header_media_as_it_is(
    sandbox: SandboxServer, run_dag: Callable[..., Any], new_dag: Callable[..., Any]
) -> None:
    sandbox.switch(strict_media=True)
    with new_dag() as dag:
        upload = NxlinkUploadMediaOperator(task_id="upload", media_url=URL)
        NxlinkCreateTemplateOperator(task_id="task", template={**TEMPLATE, "header_media": upload.output})
    run = run_dag(dag)
    assert run.states == {"upload": "success", "task": "success"}
    uploaded = run.value("upload")
    (call,) = sandbox.received(endpoint="create")
    assert media_of(call) == {
        "mediaId": uploaded["media_id"],
        "mediaName": "spring.jpg",
        "mediaType": "IMAGE",
        "templateMediaId": uploaded["h"],
    }
    assert "url" not in call.json


@pytest.mark.parametrize("operator", [NxlinkCreateTemplateOperator, NxlinkUpdateTemplateOperator])
def test_a_url_alone_is_uploaded_first(
    operator: Any, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.switch(strict_media=True)
    if operator is NxlinkUpdateTemplateOperator:
        sandbox.seed([SEED])
    run = run_task(
        operator,
        template={**TEMPLATE, "header_media": {"url": "https://{{ params.host }}/spring.jpg"}},
        dag={"params": {"host": "shop.example"}},
    )
    assert run.state() == "success"
    (upload,) = sandbox.received(endpoint="upload")
    assert URL in upload.body
    assert upload.headers["content-type"].startswith("multipart/form-data")
    (call,) = (call for call in sandbox.received() if call.endpoint in ("create", "update"))
    assert media_of(call)["mediaName"] == "spring.jpg"
    assert media_of(call)["templateMediaId"]


def test_nothing_is_uploaded_for_a_template_that_exists(sandbox: SandboxServer, execute: Any) -> None:
    sandbox.seed([SEED])
    template = {**TEMPLATE, "header_media": {"url": URL}}
    execute(NxlinkCreateTemplateOperator, template=template, if_exists="skip")
    assert sandbox.count("upload") == 0


def test_an_upload_whose_answer_got_lost_is_done_again_by_airflow(
    sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    sandbox.inject("drop", endpoint="upload", when="after")
    run = run_task(NxlinkUploadMediaOperator, media_url=URL, retries=1)
    assert (run.state(), run.tries()) == ("success", 2)


@pytest.mark.parametrize(
    ("media", "warning"),
    [
        ({"media_id": "1", "media_type": "IMAGE"}, "media has no handle"),
        (
            {"media_id": "1", "media_type": "IMAGE", "h": handle(1719648253)},
            "(h) expired at 2024-06-29T08:04:13",
        ),
        ({"media_id": "1", "media_type": "IMAGE", "h": handle(time.time() + 3600)}, None),
    ],
    ids=["no handle", "expired", "fresh"],
)
def test_a_handle_that_is_missing_or_expired_is_warned_of(
    media: dict[str, Any], warning: str | None, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    template = {**TEMPLATE, "header_media": {"media_id": "1", "media_type": "IMAGE", **media}}
    run = run_task(NxlinkCreateTemplateOperator, template=template)
    assert run.state() == "success"
    assert ("handle (h)" in run.log) is (warning is not None)
    assert (warning or "") in run.log


def test_an_upload_without_handle_is_warned_of_and_can_be_used(
    sandbox: SandboxServer, run_dag: Callable[..., Any], new_dag: Callable[..., Any]
) -> None:
    sandbox.switch(upload="without_h")
    with new_dag() as dag:
        upload = NxlinkUploadMediaOperator(task_id="upload", media_url=URL)
        NxlinkCreateTemplateOperator(task_id="task", template={**TEMPLATE, "header_media": upload.output})
    run = run_dag(dag)
    assert run.states == {"upload": "success", "task": "success"}
    assert "NXLink gave no handle (h) for media" in run.log
    assert "The header's media has no handle (h)" in run.log


BAD_URLS = [
    "ftp://shop.example/a.jpg",
    "shop.example/a.jpg",
    "/data/a.jpg",
    "https://",
    "https://a b/c.jpg",
    "",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_what_is_no_http_url_is_refused_when_the_dag_is_parsed(url: str) -> None:
    with pytest.raises(ValueError, match=r"media_url: .* is not an http\(s\) URL"):
        NxlinkUploadMediaOperator(task_id="task", media_url=url)
    if url:
        template = {**TEMPLATE, "header_media": {"url": url}}
        with pytest.raises(ValueError, match=r"header_media\.url: .*http"):
            NxlinkCreateTemplateOperator(task_id="task", template=template)


@pytest.mark.parametrize("url", BAD_URLS)
def test_what_renders_to_no_http_url_is_refused_before_anything_is_sent(
    url: str, sandbox: SandboxServer, run_task: Callable[..., Any]
) -> None:
    dag = {"params": {"url": url}}
    run = run_task(NxlinkUploadMediaOperator, media_url="{{ params.url }}", dag=dag, retries=1)
    assert (run.state(), run.tries()) == ("failed", 1)
    assert isinstance(run.error(), AirflowFailException)
    assert "media_url" in str(run.error())
    assert sandbox.received() == []


def test_a_bad_url_is_shown_without_its_query() -> None:
    with pytest.raises(ValueError, match="media_url") as raised:
        NxlinkUploadMediaOperator(task_id="task", media_url=SIGNED.replace("https", "oss"))
    assert "c2VjcmV0LXBhcnQ" not in str(raised.value)
