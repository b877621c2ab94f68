"""Which return addresses a client may register, and when one that is asked for is a registered one.

Exact match, character for character (RFC 9700 2.1). One exception: the port of a loopback address may vary (RFC 8252 7.3), because
a program on somebody's computer takes whichever is free.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PRINTABLE = re.compile(r"[!-~]{1,2000}")  # RFC 3986: visible ASCII only
_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.?")  # RFC 952, 1123; an international one as it is written in ASCII
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")  # RFC 8252 7.1: a reversed domain name


def find_fault(uri: str, *, private_use: bool = False) -> tuple[str, str] | None:
    """Return why ``uri`` may not be registered, in Chinese and English, or None.

    ``private_use`` allows schemes like ``cn.gov.chaozhou.app``, for public clients on phones.
    """
    parts = _split(uri)
    if parts is None or "\\" in uri or "*" in uri:
        return "不是正确的网址", "not a proper address"
    if "#" in uri:
        return "不能有片段（#）", "it must have no fragment"
    named = not parts.netloc or (_is_host(parts.hostname or "") and "@" not in parts.netloc)
    if private_use and named and _PRIVATE_USE.fullmatch(parts.scheme):
        return None
    if not parts.hostname or not named or ".." in parts.path.split("/"):
        return "须有正确的主机名，不含用户名，路径中没有 ..", "it needs a proper host, no user name, and no .. in its path"
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return None
    return "须以 https 开头，只有本机地址可用 http", "https, or http to this machine itself"


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Tell whether ``uri`` is one of the registered ones; only the port of a loopback address may differ."""
    if len(uri) > 2000:  # noqa: PLR2004 - as at registration
        return False
    known = tuple(registered)
    if uri in known:
        return True
    portless = _without_loopback_port(uri)
    return portless is not None and any(portless == _without_loopback_port(one) for one in known)


def origin_of(uri: str) -> str:
    """Return the origin of an address, for Content-Security-Policy's form-action: ``scheme://host:port`` or ``scheme:``."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _is_host(host: str) -> bool:
    """Tell whether ``host`` is a name or an IP address: nothing else may get into a header by ``origin_of``."""
    if ":" not in host:
        return _NAME.fullmatch(host) is not None
    try:
        return "%" not in host and ip_address(host).version == 6  # noqa: PLR2004 - the protocol's own number
    except ValueError:
        return False


def _without_loopback_port(uri: str) -> str | None:
    parts = _split(uri)
    if parts is None or parts.scheme != "http" or parts.hostname not in _LOOPBACK or "#" in uri:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    if netloc != parts.netloc:  # another spelling: upper case, a user name, an empty port
        return None
    return uri.replace(f"//{parts.netloc}", f"//{host}", 1)


def _split(uri: str) -> SplitResult | None:
    if not _PRINTABLE.fullmatch(uri):
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
