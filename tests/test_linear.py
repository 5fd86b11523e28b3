"""No pattern over foreign text takes more than linear time: each meets 1 MiB of its worst case."""

import contextlib
import time

import pytest

from airflow_provider_nxlink.api import calls, redaction
from airflow_provider_nxlink.api.dates import http_date
from airflow_provider_nxlink.api.envelope import Answer, read_answer, retry_after
from airflow_provider_nxlink.api.errors import NxlinkError
from airflow_provider_nxlink.api.models import Flow, Media, Template, normalized_id, whole_number
from airflow_provider_nxlink.api.reach import out_of_reach
from airflow_provider_nxlink.specs import languages, placeholders, preview, spans, text_rules
from tests.api.conftest import account_of

SIZE = 1024**2

ACCOUNT = account_of("https://nxlink.example")
SECRET = "S3cr3t/+Value"

# A unit is repeated until the text has 1 MiB.
UNITS = [
    *(
        "-X-Amz-a",
        "&X-Amz-a",
        "?X-Amz-",
        "X-Amz-",
        "https://",
        "http://a?sig=",
        "sig=%3D",
        "https://a?X-Amz-a-",
    ),
    *(
        "sign",
        "sign ",
        "sign:",
        "sign\\",
        "sign\"'\\",
        "sign:\\\\\\\\",
        "sign=0f",
        "Signature",
        "token=",
        "%3Fsig",
    ),
    *(
        "u0022",
        "&quot;",
        "sign&quot;",
        "\\",
        "\\/",
        "S3cr3t",
        "S3cr3t\\\\\\",
        "S",
        "/",
        "@",
        "#",
        "%",
        "&",
        "=",
    ),
    *(
        "{",
        "}",
        "{{",
        "{{ ",
        "{{  a",
        "{{1",
        "{{1}}",
        "{{ 1 }} ",
        "{{a",
        "{{_",
        "{ {",
        "{%",
        "{% ",
        "{#",
        "{# ",
        "#}",
    ),
    *(
        "{% raw %}",
        "{% raw %}{% ",
        "{% if a %}",
        "{{ 'a",
        '{{ "\\"',
        "{{ (",
        "{{ 1_",
        "{{ 1.",
        "{{-",
        "-}}",
        "{{ a |",
    ),
    *(
        "*a ",
        "*a_b ~c ",
        "*",
        "_",
        "~",
        "```",
        "``",
        "`a",
        "*a*",
        "_*~",
        "\n",
        "\r\n",
        "\r",
        "\n\n\nx",
        " ",
        "\t",
        "a",
    ),
    *(
        "0",
        "9",
        "-",
        "_-",
        ".",
        ":",
        "é",
        "\u0300\u0316",
        "\ufdfa",
        "\u202e",
        "\x00",
        "\U0001f600",
        "a.",
        "1 ",
    ),
]

SPEC_RULES = {
    f"rule {rule.id}": rule.broken for rule in (*text_rules.TEXT_RULES, *text_rules.BUTTON_TEXT_RULES)
}


def read(body):
    return read_answer(calls.list_templates(ACCOUNT), Answer(200, {}, body), [SECRET, "0f" * 16])


def foreign_body(text):
    return read(text.encode(errors="replace"))


READERS = {
    "redact": lambda text: redaction.redact(text, [SECRET, "0f" * 16]),
    "excerpt": lambda text: redaction.excerpt(text, [SECRET]),
    "without_query": redaction.without_query,
    "signed_query": redaction.signed_query,
    "without_media_secrets": lambda text: redaction.without_media_secrets(
        {"url": text, "x": "http://" + text}
    ),
    "body": foreign_body,
    "template": lambda text: Template.model_validate(
        dict.fromkeys(("id", "name", "status", "created_at"), text)
    ),
    "flow": lambda text: Flow.model_validate({"preview_url": text}),
    "media": lambda text: Media.model_validate({"media_id": 7, "url": text}),
    "id": normalized_id,
    "whole number": whole_number,
    "date": http_date,
    "retry_after": retry_after,
    "out_of_reach": out_of_reach,
    "language": languages.suggest,
    "spans": lambda text: list(spans.spans(text)),
    "positional": placeholders.positional,
    "preview": lambda text: preview.MARKED.sub("", text),
    **SPEC_RULES,
}


def seconds(reader, unit, size):
    text = unit * (size // len(unit))
    began = time.perf_counter()
    with contextlib.suppress(ValueError, NxlinkError):
        reader(text)
    return time.perf_counter() - began


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_mebibyte_of_the_worst_text_takes_linear_time(reader):
    # What is quadratic takes 256 times as long for a text 16 times as long.
    took = {unit: seconds(reader, unit, SIZE // 16) for unit in UNITS}
    worst = max(took, key=took.__getitem__)

    assert took[worst] < 1.0, worst
    assert seconds(reader, worst, SIZE) < max(48 * took[worst], 0.5), worst
