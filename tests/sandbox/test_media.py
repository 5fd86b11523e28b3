"""Uploads that are refused, and media that a create may not name."""

import pytest


def test_an_upload_without_url_is_22072(client):
    assert client.upload(None).json()["code"] == 22072


def test_an_upload_of_a_file_in_place_of_the_text_is_22072(client):
    files = {"url": ("a.jpg", b"bytes", "image/jpeg")}
    answer = client.http.post(f"/saas/wa/media/{client.phone}", files=files, headers=client.headers())
    assert answer.json()["code"] == 22072


@pytest.mark.parametrize(
    "content", [b"", b"no boundary in here", b"--b\r\nContent-Disposition: nonsense\r\n\r\nx\r\n--b--\r\n"]
)
def test_a_malformed_multipart_body_is_22072(client, content):
    headers = {**client.headers(), "Content-Type": "multipart/form-data; boundary=b"}
    answer = client.http.post(f"/saas/wa/media/{client.phone}", content=content, headers=headers)
    assert answer.json()["code"] == 22072


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/a.jpg",
        "ftp://example.com/a.jpg",
        "https:///a.jpg",
        "https://[x/a.jpg",
        "https://e.com/a.gif",
    ],
)
def test_an_upload_of_what_cannot_be_a_header_sample_is_22072(client, url):
    assert client.upload(url).json()["code"] == 22072


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://e.com/a.JPG", "IMAGE"),
        ("https://e.com/a.pdf?v=1", "DOCUMENT"),
        ("https://e.com/a.mp4", "VIDEO"),
        ("https://e.com/image", "IMAGE"),
    ],
)
def test_the_media_type_goes_by_the_name(client, url, kind):
    assert client.upload(url).json()["data"]["media_type"] == kind


@pytest.fixture
def uploaded(client, sandbox):
    sandbox.switch(strict_media=True)
    media = client.upload().json()["data"]
    return {"mediaId": media["media_id"], "mediaType": media["media_type"], "templateMediaId": media["h"]}


def test_uploaded_media_is_accepted(client, uploaded):
    assert client.create(**uploaded)["code"] == 0


@pytest.mark.parametrize("wrong", [{"mediaId": "1"}, {"templateMediaId": "4:x"}])
def test_strict_media_refuses_what_was_not_uploaded(client, uploaded, wrong):
    assert client.create(**{**uploaded, **wrong})["code"] == 22072


def test_strict_media_refuses_an_expired_handle(client, sandbox, uploaded):
    sandbox.clock.advance(4 * 24 * 3600 + 1)
    assert "has expired" in client.create(**uploaded)["message"]


def test_the_vendors_own_expired_handle_passes_unless_strict(client, sandbox, vendor_body):
    assert client.create(vendor_body(1))["code"] == 0
    sandbox.switch(strict_media=True)
    assert client.create({**vendor_body(1), "name": "other"})["code"] == 22072
