"""The check of the common headers, written from the contract alone and on raw bytes."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_nxlink.sandbox import codes
from airflow_provider_nxlink.sandbox.settings import Account

REQUIRED_HEADERS = ("accessKey", "ts", "bizType", "action", "sign")
FIXED_HEADERS = {"bizType": b"2", "action": b"mt"}
ALGORITHMS = {b"md5": hashlib.md5, b"sha256": hashlib.sha256}
TIMESTAMP = re.compile(rb"[0-9]{1,18}")
MAX_DRIFT_SECONDS = 60


@dataclass(frozen=True)
class Verdict:
    """The outcome: ``code`` 0 or the refusal, and whether the signature fitted (None: not computable)."""

    code: int
    detail: str = ""
    verified: bool | None = None


def expected_signature(headers: Mapping[str, bytes], body: bytes, access_secret: str) -> bytes:
    """Return the lowercase hex signature of a call.

    :param headers: names in lower case, values as received.
    :param body: the JSON body's raw bytes, or ``b""`` where none is signed.
    """
    parts = [
        name.encode() + b"=" + headers[name.lower()] for name in ("accessKey", "action", "bizType", "ts")
    ]
    if body:
        parts.append(b"body=" + body)
    parts.append(b"accessSecret=" + access_secret.encode())
    algorithm = ALGORITHMS[headers.get("algorithm", b"md5")]
    return algorithm(b"&".join(parts), usedforsecurity=False).hexdigest().encode()


def check_headers(
    headers: Mapping[str, bytes], body: bytes, content: str | None, account: Account, wall: float
) -> Verdict:
    """Judge a call by its common headers.

    :param headers: names in lower case, values as received.
    :param body: the raw bytes received.
    :param content: the content type the endpoint wants, or None where it takes no body.
    :param wall: the server's time of day in seconds.
    """
    missing = [name for name in REQUIRED_HEADERS if not headers.get(name.lower())]
    if missing:
        return Verdict(codes.HEADER_MISSING, ", ".join(missing))
    wrong = [name for name, value in FIXED_HEADERS.items() if headers[name.lower()] != value]
    if headers.get("algorithm", b"md5") not in ALGORITHMS:
        wrong.append("algorithm")
    if not TIMESTAMP.fullmatch(headers["ts"]):
        wrong.append("ts")
    if wrong:
        return Verdict(codes.BAD_COMMON_PARAMETER, ", ".join(wrong))
    if headers["accesskey"] != account.access_key.encode():
        return Verdict(codes.NO_PERMISSION, "unknown accessKey")
    signed = body if content == "application/json" else b""
    fits = hmac.compare_digest(expected_signature(headers, signed, account.access_secret), headers["sign"])
    if abs(int(headers["ts"]) / 1000 - wall) > MAX_DRIFT_SECONDS:
        return Verdict(codes.TIMESTAMP_EXPIRED, "ts is over 60 s from the server's clock", fits)
    if not fits:
        return Verdict(codes.BAD_SIGNATURE, "content type, body bytes or secret", fits)
    return Verdict(*_check_content(headers, body, content), verified=fits)


def _check_content(headers: Mapping[str, bytes], body: bytes, content: str | None) -> tuple[int, str]:
    if content is None:
        return (codes.BAD_SIGNATURE, "this call takes no body") if body else (codes.SUCCESS, "")
    received = headers.get("content-type", b"").split(b";")[0].strip().lower().decode("latin-1")
    if received != content:
        return codes.BAD_SIGNATURE, f"content type must be {content}"
    return codes.SUCCESS, ""
