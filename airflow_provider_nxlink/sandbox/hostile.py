"""Hostile answers: what a broken or malicious server, or a gateway in between, may send."""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from airflow_provider_nxlink.sandbox.faults import Fault

Content = dict[str, Any]
Headers = tuple[tuple[bytes, bytes], ...]
Hostile = tuple[int, Headers, bytes]

HALF_A_SURROGATE = "\ud800"
BIG_NUMBER = 10**29 + 7  # 30 digits
HUGE_CODE = 10**40
PATTERN_BAIT = "-X-Amz-a"
JINJA = "{% endraw %}{{ conn.nxlink_default.password }}{% raw %}{{ conn.x.password }}"
FAR_DATE = b"Fri, 31 Dec 9999 23:59:59 GMT"
SIGN_IN = "/sign-in"
CHUNK_ROWS = 50_000

# The texts a client finds a template by; spoilt only where a fault's `field` names them.
IDENTITY = {"name", "language"}
ID_FIELDS = {"id", "template_id", "templateId", "media_id"}
JINJA_FIELDS = {
    *("content", "text", "original_filename", "filename", "file_name", "media_id"),
    *("phone_number", "phoneNumber", "url", "waRejectedReason", "payload"),
}

# Kind → its default of the fault's `size`.
SIZES = {
    "long_message": 65_536,
    "gzip_bomb": 400_000,
    "deep": 100_000,
    "extra_rows": 1_000,
}

_new_ids = count(10**9)


def changed(fault: Fault, raw: bytes, query: Mapping[str, str]) -> bytes:
    """Return the true answer as a fault of :data:`CHANGES` changes it; what is no envelope stays."""
    try:
        content = json.loads(raw)
    except ValueError:
        return raw
    if not isinstance(content, dict):
        return raw
    # Escapes rather than UTF-8, and NaN as Python spells it: what cannot be encoded has to be possible.
    return json.dumps(CHANGES[fault.kind](content, fault, query)).encode()


def answered(fault: Fault, content: Content, headers: Mapping[str, str]) -> Hostile:
    """Return status, headers and body of a fault of :data:`ANSWERS`, sent instead of the true answer.

    :param content: an envelope with the fault's code.
    :param headers: the request's, names in lower case.
    """
    return ANSWERS[fault.kind](fault, content, headers)


# --- changes of the true answer


def _texts(content: Content, change: Callable[[str], str], field: str | None) -> Content:
    """Change each text of ``data`` and the message, or only those under the key ``field``."""

    def walk(value: Any, key: str | None) -> Any:
        if isinstance(value, dict):
            return {name: walk(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [walk(each, key) for each in value]
        wanted = key == field if field else key not in IDENTITY
        return change(value) if isinstance(value, str) and wanted else value

    parts = content if field else {key: content[key] for key in ("message", "data") if key in content}
    return {**content, **walk(parts, None)}


def _values(content: Content, fields: set[str], value: Any) -> Content:
    """Set each value under one of these keys that is not an object or array."""

    def walk(part: Any) -> Any:
        if isinstance(part, dict):
            return {
                key: value if key in fields and not isinstance(each, (dict, list)) else walk(each)
                for key, each in part.items()
            }
        return [walk(each) for each in part] if isinstance(part, list) else part

    return {**content, **walk(content)}


def _numbers(content: Content, value: Any, field: str | None) -> Content:
    """Set each number of ``data``, or only those under the key ``field``; components get an ``index``."""

    def walk(part: Any, key: str | None) -> Any:
        if isinstance(part, dict):
            walked = {name: walk(each, name) for name, each in part.items()}
            return {**walked, "index": value} if "index" in part and field in {None, "index"} else walked
        if isinstance(part, list):
            return [walk(each, key) for each in part]
        if isinstance(part, bool) or not isinstance(part, int | float):
            return part
        return value if field in {None, key} else part

    return {**content, "data": walk(content.get("data"), None)}


def _half(text: str) -> str:
    middle = len(text) // 2
    return text[:middle] + HALF_A_SURROGATE + text[middle:]


def _nul(text: str) -> str:
    middle = len(text) // 2
    return f"{text[:middle]}\0{text[middle:]}"


def _surrogate_keys(content: Content, fault: Fault, _: Mapping[str, str]) -> Content:
    def walk(part: Any) -> Any:
        if isinstance(part, dict):
            return {**{key: walk(each) for key, each in part.items()}, f"bad{HALF_A_SURROGATE}key": 1}
        return [walk(each) for each in part] if isinstance(part, list) else part

    return {**content, "data": walk(content.get("data"))}


def _endless(content: Content, fault: Fault, query: Mapping[str, str]) -> Content:
    size = int(query.get("page_size") or 1)
    rows = _copies(_rows(content), size)
    number = int(query.get("page_number") or 1)
    total = fault.size or (number + 1) * size
    return {**content, "data": {"list": rows, "total": total, "has_next_page": True}}


def _extra_rows(content: Content, fault: Fault, _: Mapping[str, str]) -> Content:
    rows = _rows(content)
    more = [*rows, *_copies(rows, max(0, size_of(fault) - len(rows)))]
    data = content.get("data")
    if not isinstance(data, dict):
        return {**content, "data": more}
    return {**content, "data": {**data, "list": more, "total": len(more), "has_next_page": False}}


def _rows(content: Content) -> list[Any]:
    data = content.get("data")
    rows = data.get("list") if isinstance(data, dict) else data
    return rows if isinstance(rows, list) else []


def _copies(rows: list[Any], number: int) -> list[Any]:
    pattern = (
        rows[0] if rows and isinstance(rows[0], dict) else {"language": "en", "status": 1, "content": ""}
    )
    ids = [next(_new_ids) for _ in range(number)]
    return [{**pattern, "id": each, "name": f"copy_{each}"} for each in ids]


# Kind → how it changes the envelope of the true answer.
CHANGES: dict[str, Callable[[Content, Fault, Mapping[str, str]], Content]] = {
    "surrogate": lambda content, fault, _: _texts(content, _half, fault.field),
    "surrogate_key": _surrogate_keys,
    "nul": lambda content, fault, _: _texts(content, _nul, fault.field),
    "jinja": lambda content, fault, _: _texts_of(content, fault),
    "big_id": lambda content, fault, _: _values(content, _fields(fault, ID_FIELDS), BIG_NUMBER),
    "big_id_text": lambda content, fault, _: _values(content, _fields(fault, ID_FIELDS), str(BIG_NUMBER)),
    "big_number": lambda content, fault, _: _numbers(content, BIG_NUMBER, fault.field),
    "nan": lambda content, fault, _: _numbers(content, float("nan"), fault.field),
    "infinity": lambda content, fault, _: _numbers(content, float("inf"), fault.field),
    "value": lambda content, fault, _: _values(content, _fields(fault, set()), fault.value),
    "endless": _endless,
    "extra_rows": _extra_rows,
}


def _fields(fault: Fault, default: set[str]) -> set[str]:
    return {fault.field} if fault.field else default


def _texts_of(content: Content, fault: Fault) -> Content:
    for field in _fields(fault, JINJA_FIELDS):
        content = _texts(content, lambda _: fault.body or JINJA, field)
    return content


# --- answers of their own


def _huge_code(_: Fault, content: Content, __: Mapping[str, str]) -> Hostile:
    return 200, _JSON, json.dumps({**content, "code": HUGE_CODE}).encode()


def _long_message(fault: Fault, content: Content, _: Mapping[str, str]) -> Hostile:
    size = size_of(fault)
    text = (fault.body or PATTERN_BAIT) * (size // len(fault.body or PATTERN_BAIT) + 1)
    return 200, _JSON, json.dumps({**content, "message": text[:size]}).encode()


def _invalid_utf8(_: Fault, content: Content, __: Mapping[str, str]) -> Hostile:
    text = json.dumps({**content, "message": "@"}).encode()
    return 200, _JSON, text.replace(b'"@"', b'"\xff\xfe\xed\xa0\x80"')


def _gzip_bomb(fault: Fault, _: Content, __: Mapping[str, str]) -> Hostile:
    rows = size_of(fault)
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    body = bytearray()
    for part in _bomb_parts(rows):
        body += packer.compress(part)
    return 200, (*_JSON, (b"content-encoding", b"gzip")), bytes(body + packer.flush())


def _bomb_parts(rows: int) -> Iterator[bytes]:
    yield b'{"code":0,"message":"","data":{"list":['
    for _ in range((rows - 1) // CHUNK_ROWS):
        yield b"{}," * CHUNK_ROWS
    yield b"{}," * ((rows - 1) % CHUNK_ROWS)
    yield b'{}],"total":%d,"has_next_page":false},"traceId":"%s"}' % (rows, b"0" * 32)


def _deep(fault: Fault, _: Content, __: Mapping[str, str]) -> Hostile:
    depth = size_of(fault)
    head, tail = b'{"code":0,"message":"","data":', b',"traceId":"%s"}' % (b"0" * 32)
    return 200, _JSON, head + b"[" * depth + b"]" * depth + tail


def _html(fault: Fault, _: Content, __: Mapping[str, str]) -> Hostile:
    title = f"{fault.status} from a gateway"
    page = fault.body or f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    given = {"Content-Type": "text/html"}
    if 300 <= fault.status < 400:
        given["Location"] = SIGN_IN
    headers = {**given, **fault.headers}
    return (
        fault.status,
        tuple((key.encode(), each.encode("latin-1")) for key, each in headers.items()),
        page.encode(),
    )


def _far_date(_: Fault, content: Content, __: Mapping[str, str]) -> Hostile:
    return 200, (*_JSON, (b"date", FAR_DATE)), json.dumps({**content, "code": 1004}).encode()


def _echo(fault: Fault, content: Content, headers: Mapping[str, str]) -> Hostile:
    # JSON inside a JSON string, twice: the quotes of the inner one come escaped.
    inner = json.dumps({"request": json.dumps({"headers": dict(headers)})})
    return 200, _JSON, json.dumps({**content, "data": inner}).encode()


_JSON: Headers = ((b"content-type", b"application/json"),)

# Kind → what is sent instead of the true answer.
ANSWERS: dict[str, Callable[[Fault, Content, Mapping[str, str]], Hostile]] = {
    "huge_code": _huge_code,
    "long_message": _long_message,
    "invalid_utf8": _invalid_utf8,
    "gzip_bomb": _gzip_bomb,
    "deep": _deep,
    "html": _html,
    "far_date": _far_date,
    "echo": _echo,
}


def bad_header(content: Content, headers: Mapping[str, str]) -> bytes:
    """Return a whole HTTP answer, raw, with a header line that is none and holds the request's signature."""
    body = json.dumps(content).encode()
    sign, key = headers.get("sign", ""), headers.get("accesskey", "")
    lines = (
        "HTTP/1.1 200 OK",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        f"rejected request accessKey={key}&sign={sign}",
    )
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def size_of(fault: Fault) -> int:
    """Return a fault's size, or its kind's."""
    return fault.size or SIZES.get(fault.kind, 0)
