"""The envelope: each code of the contract's table, and answers that are none of NXLink's."""

import gzip
import json
import pickle
import string
import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_nxlink.api import calls
from airflow_provider_nxlink.api.envelope import Answer, read_answer
from airflow_provider_nxlink.api.errors import (
    NxlinkApiError,
    NxlinkAuthError,
    NxlinkClockSkewError,
    NxlinkError,
    NxlinkNotConfiguredError,
    NxlinkRateLimitError,
    NxlinkRequestError,
    NxlinkTransportError,
)
from tests.api.conftest import CALLS, READS, SECRET, WRITES, account_of, printed
from tests.api.raw_server import Step, envelope, http

ACCOUNT = account_of("https://nxlink.example")

# The contract's table "Codes": code, class of error, permanent, attempts of a read, attempts of a write.
CODES = [
    (-1, NxlinkApiError, False, 4, 1),
    (1000, NxlinkAuthError, True, 1, 1),
    (1001, NxlinkAuthError, True, 1, 1),
    (1002, NxlinkRequestError, True, 1, 1),
    (1003, NxlinkAuthError, True, 1, 1),
    (1004, NxlinkClockSkewError, False, 2, 2),
    (1005, NxlinkAuthError, True, 1, 1),
    (1006, NxlinkAuthError, True, 1, 1),
    (1009, NxlinkAuthError, True, 1, 1),
    (1010, NxlinkApiError, True, 1, 1),
    (999, NxlinkApiError, True, 1, 1),
    (22016, NxlinkNotConfiguredError, True, 1, 1),
    (22072, NxlinkRequestError, True, 1, 1),
    (31337, NxlinkApiError, True, 1, 1),
    (-2, NxlinkApiError, True, 1, 1),
]


@pytest.mark.parametrize(("status", "as_text"), [(200, False), (200, True), (401, False), (500, False)])
@pytest.mark.parametrize(("code", "kind", "permanent", "read_attempts", "_"), CODES)
def test_a_reads_code_is_its_error(connect, raw, code, kind, permanent, read_attempts, _, as_text, status):
    if status == 500 and kind is NxlinkApiError:
        permanent, read_attempts = False, 4  # a fault of the server's, whatever else it says
    raw.script(envelope(None, str(code) if as_text else code, status=status, message="no good"))
    account = account_of(raw.url)

    with pytest.raises(NxlinkApiError) as caught:
        connect(account).send(calls.list_flows(account))

    error = caught.value
    assert type(error) is kind
    assert (error.code, error.message, error.trace_id, error.http_status) == (
        code,
        "no good",
        "trace-1",
        status,
    )
    assert error.permanent is permanent
    assert len(raw.requests) == read_attempts
    for part in (str(code), "list flows", "no good", "traceId trace-1"):
        assert part in str(error)


@pytest.mark.parametrize(
    ("call", "code", "kind", "permanent", "_", "write_attempts"),
    [("create template", *row) for row in CODES]
    + [(call, *row) for call in WRITES for row in CODES if row[0] in (-1, 1003)],
)
def test_a_writes_code_is_its_error(connect, raw, call, code, kind, permanent, _, write_attempts):
    raw.script(envelope(None, code))
    account = account_of(raw.url)

    with pytest.raises(NxlinkError) as caught:
        connect(account).send(WRITES[call](account))

    if code == -1:  # it may have been done all the same
        assert isinstance(caught.value, NxlinkTransportError)
        assert caught.value.outcome_unknown
        assert "traceId trace-1" in str(caught.value)
    else:
        assert type(caught.value) is kind
    assert caught.value.permanent is permanent
    assert len(raw.requests) == write_attempts


@pytest.mark.parametrize("text", ["Signature error", "签名错误", "success", None, 7, ["x"]])
def test_the_number_is_judged_and_never_the_text(connect, raw, text):
    raw.script(envelope([], 0, message=text))
    account = account_of(raw.url)

    assert connect(account).send(calls.list_flows(account)) == []


@pytest.mark.parametrize("code", [0, "0", 0.0, "00", " 0 ", "-0", -0.0], ids=repr)
def test_success_is_zero_in_any_spelling(code):
    assert read_answer(calls.list_flows(ACCOUNT), answer(code=code)) == []


@pytest.mark.parametrize(
    "code",
    [
        None,
        True,
        False,
        "",
        "-",
        "--5",
        "- 5",
        "zero",
        "0x0",
        "0.0",
        "٠",
        "²",
        "0" * 5000,
        1e308,
        1e9,
        0.5,
        [0],
        {"0": 0},
    ],
    ids=printed,
)
def test_a_code_that_is_no_whole_number_is_an_error(code):
    with pytest.raises(NxlinkApiError, match="no code") as caught:
        read_answer(calls.list_flows(ACCOUNT), answer(code=code))
    assert caught.value.code is None
    assert caught.value.trace_id == "trace-1"
    with pytest.raises(NxlinkTransportError, match=r": HTTP 200, an answer without a code: ") as lost:
        read_answer(calls.create_template(ACCOUNT, {}), answer(code=code))
    assert lost.value.outcome_unknown


def test_a_missing_code_is_an_error():
    with pytest.raises(NxlinkApiError, match="no code"):
        read_answer(calls.list_flows(ACCOUNT), Answer(200, {}, b'{"data": [], "traceId": "t"}'))


def answer(status=200, **content):
    return Answer(
        status, {}, json.dumps({"data": None, "message": "", "traceId": "trace-1", **content}).encode()
    )


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"code": 0, "data": {"list": [{"name": "n", "content": "c"}]}}',
        '{"code": 0, "data": {"list": [{"name": "n", "content": "c"}]}}'.encode("utf-16"),
        b'{"code": 0, "data": {"list": [{"name": "n", "content": "\\ud83d"}]}}',
        bytearray(b' {"code": 0, "data": {"list": [{"name": "n", "content": "c"}]}}\r\n'),
    ],
    ids=["a byte order mark", "UTF-16", "half a surrogate pair", "white space"],
)
def test_what_python_takes_for_json_is_read(body):
    page = read_answer(calls.list_templates(ACCOUNT), Answer(200, {}, body))
    assert [(template.name, len(template.content)) for template in page.templates] == [("n", 1)]


DEEP = b'{"code": 0, "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
# What is no envelope: it says neither that it worked nor that it did not.
FOREIGN = {
    "empty": b"",
    "HTML": b"<html><body><h1>Bad Gateway</h1></body></html>",
    "truncated JSON": b'{"code": 0, "data": {"li',
    "an array": b'[{"code": 0}]',
    "a number": b"0",
    "null": b"null",
    "text": b"OK",
    "not UTF-8": b'{"code": 0, "data": "\xff\xfe"}',
    "nested without end": DEEP,
}


@pytest.mark.parametrize("status", [200, 204, 500, 502, 503, 504])
@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_envelope_is_no_answer(body, status):
    for make in (READS["list flows"], WRITES["create template"]):
        call = make(ACCOUNT)
        with pytest.raises(NxlinkTransportError, match=f"HTTP {status}, ") as caught:
            read_answer(call, Answer(status, {}, body))
        assert caught.value.outcome_unknown is call.is_write
        assert not caught.value.permanent
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("call", ["list flows", "create template"])
def test_what_is_no_envelope_is_shown_cleaned(connect, raw, call):
    raw.script(http(b"<h1>Bad\x1b[31m\r\n  Gateway\x00</h1>" + SECRET.encode() + b"x" * 10_000, 502))
    account = account_of(raw.url)

    with pytest.raises(NxlinkTransportError) as caught:
        connect(account).send(CALLS[call](account))

    assert f"{call}: HTTP 502, no answer of NXLink's: <h1>Bad [31m Gateway </h1>***xxx" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("status", [300, 301, 302, 307, 404, 500, 503])
def test_success_under_another_status_is_not_believed(status):
    for make in (READS["list flows"], WRITES["create template"]):
        with pytest.raises(NxlinkTransportError, match=f"code 0 under HTTP {status}"):
            read_answer(make(ACCOUNT), answer(status, code=0))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, NxlinkApiError),
        (401, NxlinkAuthError),
        (403, NxlinkAuthError),
        (404, NxlinkApiError),
        (413, NxlinkApiError),
    ],
)
@pytest.mark.parametrize("make", CALLS.values(), ids=CALLS)
def test_a_refusal_without_envelope_is_judged_by_its_status(make, status, kind):
    with pytest.raises(NxlinkApiError, match=f"HTTP {status}") as caught:
        read_answer(make(ACCOUNT), Answer(status, {}, b"<h1>No</h1>"))
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.trace_id, caught.value.permanent) == (None, None, True)


@pytest.mark.parametrize("make", CALLS.values(), ids=CALLS)
def test_too_many_requests_is_a_rate_limit_whatever_the_body(make):
    for body in (b"", b"<h1>Slow down</h1>", b'{"code": 0}', b'{"code": 1003}'):
        with pytest.raises(NxlinkRateLimitError, match="HTTP 429") as caught:
            read_answer(make(ACCOUNT), Answer(429, {"Retry-After": "7"}, body))
        assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    "data", ["x", 7, True, {"list": 7}, {"list": {"a": 1}}, {"list": [7]}, [None], [[]]], ids=repr
)
def test_data_that_the_call_can_not_read_is_no_answer(data):
    with pytest.raises(NxlinkTransportError, match=r"data of an unexpected form \(\w+Error\): \{"):
        read_answer(calls.list_templates(ACCOUNT), answer(code=0, data=data))


@pytest.fixture
def usual_recursion_limit():
    """Python's own limit: hypothesis raises it, and leaves it so."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.usefixtures("usual_recursion_limit")
@pytest.mark.parametrize("depth", [50, 100, 190, 400, 900, 100_000])
def test_data_nested_without_end_is_no_answer(depth):
    body = b'{"code": 0, "data": [{"id": 1, "components": [{"example": %s}]}]}'
    body %= b"[" * depth + b"]" * depth
    assert outcome_of(body) == ("read" if depth == 50 else "no answer")


def outcome_of(body):
    try:
        page = read_answer(calls.list_templates(ACCOUNT), Answer(200, {}, body))
    except NxlinkTransportError:
        return "no answer"
    return "read" if page.templates[0].components[0]["example"] else "lost"


def test_an_endless_answer_is_not_read_to_its_end(connect, raw):
    raw.script(Step(http(b"x" * 80_000_000), then="close"))
    account = account_of(raw.url)

    with pytest.raises(NxlinkTransportError, match="longer than 16 MiB") as caught:
        connect(account).send(calls.create_template(account, {}))

    assert caught.value.outcome_unknown
    assert caught.value.permanent
    assert raw.sent < 60_000_000  # what the sockets' buffers hold was sent all the same
    assert len(raw.requests) == 1


def test_an_answer_that_unpacks_without_end_is_not_unpacked_to_its_end(connect, raw):
    raw.script(http(gzip.compress(b" " * 400_000_000, 1), Content_Encoding="gzip"))
    account = account_of(raw.url)
    sender = connect(account)

    tracemalloc.start()
    try:
        with pytest.raises(NxlinkTransportError, match="longer than 16 MiB") as caught:
            sender.send(calls.list_flows(account))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert caught.value.permanent
    assert most < 60_000_000


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["", "0", "2", "-1", "--1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "list",
                    "total",
                    "has_next_page",
                    "name",
                    "status",
                    "media_id",
                    "url",
                    "flow_list",
                    "components",
                    "buttonComponents",
                    "categories",
                    "category_type",
                    "created_at",
                    "example",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "code": st.just(0) | json_values,
        "data": json_values,
        "message": json_values,
        "traceId": json_values,
    },
)
bodies = (
    st.binary()
    | st.text(string.printable).map(str.encode)
    | (envelopes | json_values).map(lambda value: json.dumps(value).encode())
)


@given(
    call=st.sampled_from(sorted(CALLS)),
    status=st.sampled_from([200, 200, 200, 302, 404, 429, 500]),
    body=bodies,
)
def test_whatever_comes_is_a_result_or_our_error(call, status, body):
    text = failure(CALLS[call](ACCOUNT), Answer(status, {}, body))
    assert len(text) < 2000
    assert text.isprintable()


def failure(call, answer):
    """Return our error's text, "" where there is none; any other error is not caught."""
    try:
        read_answer(call, answer, [SECRET])
    except NxlinkError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("status", "body", "from_envelope"),
    [
        (200, {"code": 1003, "message": "invalid signature", "traceId": "t-1"}, True),
        (401, {"code": "1005", "message": ""}, True),
        (500, {"code": 31337, "message": "", "traceId": None}, True),
        (200, {"code": 22072}, True),
        (200, {"code": -1, "data": None, "traceId": "t-1"}, True),
        (403, {"code": 403, "message": "Forbidden"}, False),
        (200, {"code": 404, "message": "no route"}, False),
        (403, {"message": "Forbidden"}, False),
        (200, {"message": "welcome"}, False),
        (404, "<html>not found</html>", False),
        (408, "", False),
        (302, "", False),
        (429, {"code": 1003, "traceId": "t-1"}, False),
        (502, "<html>bad gateway</html>", False),
    ],
)
def test_an_error_says_whether_nxlink_itself_sent_it(status, body, from_envelope):
    text = body if isinstance(body, str) else json.dumps(body)

    with pytest.raises(NxlinkError) as caught:
        read_answer(calls.list_flows(ACCOUNT), Answer(status, {}, text.encode()))

    assert caught.value.from_envelope is from_envelope
    assert pickle.loads(pickle.dumps(caught.value)).from_envelope is from_envelope  # noqa: S301 - our own
