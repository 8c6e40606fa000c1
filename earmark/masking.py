"""What may be shown and logged of addresses and settings: everything but the secrets in them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

HIDDEN = "***"
_USER_INFO = re.compile(r"(?<=://)(?!/)[^\s'\"]*@")
_WITHOUT_SCHEME = re.compile(r"^[^\s'\"/]*@")
_SECRET_PARAMETER = re.compile(
    r"([?&](?:key|sig|[\w-]*(?:passw(?:or)?d|secret|token|signature|api[_-]?key))=)[^&#\s'\"]+",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile("token|secret|password")


def without_password(text: str) -> str:
    """An address, or a text that names some, as it may be shown and logged."""
    hidden = _USER_INFO.sub(f"{HIDDEN}@", text)
    return _SECRET_PARAMETER.sub(rf"\g<1>{HIDDEN}", hidden)


def shown_setting(name: str, value: Any) -> str:
    """A setting's value as it may be shown."""
    if _SECRET_NAME.search(name):
        return HIDDEN
    if name == "webhook_url":  # many services put the secret into the path
        return _origin(str(value))
    if name == "redis_url":
        return _WITHOUT_SCHEME.sub(f"{HIDDEN}@", without_password(str(value)))
    return str(value)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" + (
        f"/{HIDDEN}" if parts.path.strip("/") or parts.query else ""
    )
