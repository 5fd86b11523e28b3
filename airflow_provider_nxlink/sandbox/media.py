"""Uploaded media: ids, header handles that expire, and signed URLs."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

# Meta's header samples: extension → MIME type and NXLink's media type.
TYPES = {
    ".jpg": ("image/jpeg", "IMAGE"),
    ".jpeg": ("image/jpeg", "IMAGE"),
    ".png": ("image/png", "IMAGE"),
    ".mp4": ("video/mp4", "VIDEO"),
    ".pdf": ("application/pdf", "DOCUMENT"),
}

HANDLE_SECONDS = 4 * 24 * 3600
URL_SECONDS = 3600
EXPIRY_MARK = "e"


@dataclass(frozen=True)
class Media:
    """One uploaded file, as the upload answered it."""

    media_id: str
    filename: str
    media_type: str
    handle: str
    expires: float


def check_media_url(url: object) -> str:
    """Return what is wrong with an upload's URL, or an empty string."""
    if not isinstance(url, str) or not url:
        return "url is missing"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "url cannot be read"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "url is not http(s)"
    suffix = PurePosixPath(parts.path).suffix.lower()
    # The service would fetch the file and look; the sandbox goes by the name alone.
    return "" if not suffix or suffix in TYPES else f"{suffix} is not a header sample Meta takes"


def make_media(url: str, media_id: str, now: float) -> Media:
    """Return the media that uploading a checked ``url`` makes."""
    filename = PurePosixPath(unquote(urlsplit(url).path)).name or f"{media_id}.jpg"
    mime, media_type = TYPES.get(PurePosixPath(filename).suffix.lower(), TYPES[".jpg"])
    expires = int(now + HANDLE_SECONDS)
    return Media(media_id, filename, media_type, make_handle(filename, mime, expires), expires)


def make_handle(filename: str, mime: str, expires: int) -> str:
    """Return a header handle of the documented form, ``4:<name>:<MIME>:…:e:<epoch>:…``."""
    name, kind = (base64.b64encode(text.encode()).decode() for text in (filename, mime))
    tail = f"{EXPIRY_MARK}:{expires}:1407008009801826:100084713375965:{secrets.token_urlsafe(14)}"
    return f"4:{name}:{kind}:{secrets.token_urlsafe(82)}:{tail}"


def media_url(media_id: str, now: float, *, signed: bool) -> str:
    """Return the address of a media file, with the storage's signed query where asked for."""
    plain = f"https://goss.oss-accelerate.aliyuncs.com/{quote(media_id)}"
    if not signed:
        return plain
    expires = int(now + URL_SECONDS)
    digest = hashlib.sha1(f"{media_id}{expires}".encode(), usedforsecurity=False).digest()
    signature = quote(base64.b64encode(digest).decode(), safe="")
    return f"{plain}?Expires={expires}&OSSAccessKeyId=LTAISANDBOX0000000000000&Signature={signature}"
