"""Redaction: what must not be seen is not, wherever in a text it stands; the user's own text stays."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_nxlink.api.redaction import (
    SHOWN_CHARACTERS,
    excerpt,
    redact,
    signed_query,
    without_media_secrets,
    without_query,
)

SECRET = "S3cr3t/+Value"
LINK = "https://bucket.oss.example/a/b.jpg"
# Signed links of Alibaba, Amazon and Azure, and as JSON encoders of several languages write them.
SIGNED = {
    "Alibaba": f"{LINK}?Expires=1&OSSAccessKeyId=LTAI0KEY&Signature=LTAI1SIG%3D",
    "Alibaba, signature first": f"{LINK}?Signature=LTAI1SIG%3D&Expires=1&OSSAccessKeyId=LTAI0KEY",
    "Amazon": f"{LINK}?X-Amz-Credential=LTAI0KEY&X-Amz-Signature=LTAI1SIG",
    "Azure": f"{LINK}?sv=2024&sig=LTAI1SIG%3D",
    "token": f"{LINK}?token=LTAI1SIG",
    "capitals": "HTTPS://BUCKET/?SIGNATURE=LTAI1SIG",
    "Go's &": f"{LINK}?Expires=1\\u0026OSSAccessKeyId=LTAI0KEY\\u0026Signature=LTAI1SIG",
    "Go's &, capitals": f"{LINK}?Expires=1\\U0026Signature=LTAI1SIG",
    "HTML's &": f"{LINK}?Expires=1&amp;OSSAccessKeyId=LTAI0KEY&amp;Signature=LTAI1SIG",
    "PHP's /": LINK.replace("/", "\\/") + "?Expires=1&OSSAccessKeyId=LTAI0KEY&Signature=LTAI1SIG",
    "without scheme": "//bucket.oss.example/a?OSSAccessKeyId=LTAI0KEY&Signature=LTAI1SIG",
    "percent-encoded": "https%3A%2F%2Fbucket%3FOSSAccessKeyId%3DLTAI0KEY%26Signature%3DLTAI1SIG",
}


@pytest.mark.parametrize("link", SIGNED.values(), ids=SIGNED)
@pytest.mark.parametrize(
    "around", ["{}", 'see "{}" there', "<a href='{}'>", '{{"url":"{}","x":1}}', "{} and {}"]
)
def test_no_signature_of_a_link_is_shown(link, around):
    assert "LTAI" not in redact(around.format(link, link))


@pytest.mark.parametrize(
    "text", ["", "plain", LINK, f"{LINK}?page=2&q=sign", "a design=bold sign", "signature: none"]
)
def test_text_without_secret_stays_as_it_is(text):
    assert redact(text, [SECRET]) == text


@pytest.mark.parametrize("digest", ["a" * 32, "0F" * 32])
@pytest.mark.parametrize("form", ["sign={}", "sign: {}", '"sign": "{}"', "'sign':'{}'", "Sign={}"])
def test_no_signature_of_ours_is_shown(form, digest):
    assert digest not in redact(form.format(digest))


@pytest.mark.parametrize(
    "text",
    [
        '{{"data": "{{\\"sign\\": \\"{0}\\"}}"}}',
        '"{{\\\\\\"sign\\\\\\":\\\\\\"{0}\\\\\\"}}"',
        "\\u0022sign\\u0022:\\u0022{0}\\u0022",
        "%22sign%22%3A%22{0}%22",
        "&quot;sign&quot;: &quot;{0}&quot;",
        "headers:\\nsign: {0}\\r\\n",
        '"Signature": "{0}"',
        '{{\\"signature\\":\\"{0}\\"}}',
        '"OSSAccessKeyId": "{0}"',
        "'token' : '{0}'",
    ],
)
@pytest.mark.parametrize("value", ["0f" * 16, "0F" * 32])
def test_no_signature_is_shown_however_its_key_is_escaped(text, value):
    assert value not in redact(text.format(value))


@pytest.mark.parametrize(
    "spelled",
    [
        "S3cr3t\\/+Value",
        "S3cr3t\\\\/+Value",
        "S3cr3t\\u002f\\u002BValue",
        "S3cr3t%2F%2bValue",
        "S3cr3t&#47;&#x2B;Value",
    ],
)
def test_a_secret_is_not_shown_however_its_punctuation_is_escaped(spelled):
    assert redact(f"<{spelled}>", [SECRET]) == "<***>"


def test_user_and_password_of_a_link_are_not_shown():
    assert without_query("https://user:pass@host:8/a?b#c") == "https://host:8/a"
    assert "pass" not in redact("https://user:pass@host/a?Signature=x")


@pytest.mark.parametrize("url", ["http://[", "http://[::1", "https://a]b?c=d#e", "", "?a=b", "not a URL?x"])
def test_no_query_is_left_of_what_is_no_url_either(url):
    assert "?" not in without_query(url)
    assert "#" not in without_query(url)


def test_an_excerpt_is_one_short_printable_line():
    text = excerpt("a\r\n\tb\x1b[31m\x00\u202ec\u2028d" + "e" * 1000)
    assert text.startswith("a b [31m c d")
    assert len(text) == SHOWN_CHARACTERS
    assert text.endswith("e…")


@pytest.mark.parametrize(("length", "shown"), [(200, "e" * 200), (201, "e" * 199 + "…")])
def test_an_excerpt_that_fits_is_shown_whole(length, shown):
    assert excerpt("e" * length) == shown


around = st.text(alphabet=string.whitespace + "ab\x00\u200b", max_size=30)


@given(before=around, blanks=st.integers(0, 12_000), after=around)
def test_no_part_of_a_secret_is_shown_wherever_the_text_is_cut(before, blanks, after):
    shown = excerpt(before + " " * blanks + SECRET + after, [SECRET])
    assert not any(SECRET[:length] in shown for length in range(4, len(SECRET) + 1))


@given(st.integers(9_000, 11_000))
def test_no_part_of_a_link_is_shown_wherever_the_text_is_cut(blanks):
    assert "LTAI" not in excerpt(" " * blanks + SIGNED["Alibaba"])


def test_a_template_keeps_no_query_of_a_media_link():
    header = {
        "type": "HEADER",
        "example": {
            "header_handle": [SIGNED["Alibaba"], f"{LINK}?version=2"],
            "header_url": SIGNED["Amazon"],
        },
        "url": "HTTPS://cdn.example/x?y=z",
        "parameters": [{"image": {"link": SIGNED["Azure"]}}],
    }
    assert without_media_secrets(header) == {
        "type": "HEADER",
        "example": {"header_handle": [LINK, LINK], "header_url": LINK},
        "url": "https://cdn.example/x",
        "parameters": [{"image": {"link": LINK}}],
    }


@pytest.mark.parametrize(
    "text", ["https://shop.example/?a=1#b", "https://shop.example/?token={{1}} is us", "Hi", ""]
)
def test_a_template_keeps_the_users_own_text_and_buttons(text):
    body = {"type": "BODY", "text": text, "example": {"body_text": [[text]], "header_text": [text]}}
    buttons = {
        "type": "BUTTONS",
        "buttons": [{"type": "URL", "url": "https://shop.example/?id={{1}}", "text": text}],
    }

    assert without_media_secrets(body) == body
    assert without_media_secrets(buttons) == buttons


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["url", "example", "text", "x"]), json_values))
def test_what_is_no_link_is_not_touched(component):
    assert without_media_secrets(component) == component


def test_the_secret_part_of_a_signed_link_can_be_named():
    assert signed_query(SIGNED["Azure"]) == "sv=2024&sig=LTAI1SIG%3D"
    assert signed_query(f"{LINK}?page=2") is None
