"""The PKI's public addresses below ``/pki`` without a framework: certificates, lists, OCSP (RFC 6960 A), time-stamps (RFC 3161 3.4).

Called by the Flask views and by the thin dispatcher before them alike. What is refused has no body: the framework words it.

Left to others: every answer (``publications``, ``ocsp``, ``tsa``).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, cast
from urllib.parse import unquote

from pki import ocsp, publications, tsa
from pki.ports import PkiDeps
from pki.publications import Publication

_OF_CA = re.compile(r"(?P<ca>[a-z]+(-[1-9][0-9]{0,5})?)(\.(?P<kind>cer|crl)|/(?P<partition>[1-9][0-9]{0,8})\.crl)")
_MOST_DIGITS = 9
_OCSP_TYPE = "application/ocsp-response"
_OCSP_KEPT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Response:
    """A status, and what goes with it. For HEAD the server leaves the body out."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Environ = Mapping[str, Any]
Handler = Callable[[PkiDeps, str, Environ], Response]
"""Answers a request to an address; the text is what follows a prefix."""

NOT_FOUND, TOO_LARGE, TYPE = Response(404), Response(413), Response(415)
ONLY_GET = Response(405, b"", (("Allow", "GET, HEAD"),))  # RFC 9110 15.5.6
ONLY_POST = Response(405, b"", (("Allow", "POST"),))


def answer(deps: PkiDeps, key: str, environ: Environ) -> Response:
    """Answer the request of a WSGI environment to an address that ``key`` of :data:`ADDRESSES` stands for."""
    return ADDRESSES[key](deps, environ.get("PATH_INFO", "")[len(key) :], environ)


def _of_ca(deps: PkiDeps, rest: str, environ: Environ) -> Response:
    """Answer for a CA's certificate, its complete list or a partition's list: ``issuing.cer``, ``issuing.crl``, ``issuing/7.crl``."""
    found = _OF_CA.fullmatch(rest)
    if found is None or not publications.has_ca(deps, found["ca"]):
        return NOT_FOUND
    if found["partition"] is not None:
        return _publish(publications.partition_list(deps, found["ca"], int(found["partition"])), environ)
    make = publications.certificate if found["kind"] == "cer" else publications.revocation_list
    return _publish(make(deps, found["ca"]), environ)


def _bundle(deps: PkiDeps, _: str, environ: Environ) -> Response:
    return _publish(publications.bundle(deps), environ)


def _publish(found: Publication | None, environ: Environ) -> Response:
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return ONLY_GET
    if found is None:
        return NOT_FOUND
    caching = f"public, max-age={int(found.keep.total_seconds())}"
    return _unless_known(environ, found, _full(found, ("Cache-Control", caching)))


def _full(found: Publication, *caching: tuple[str, str]) -> Response:
    tags = ("ETag", f'"{found.tag}"'), ("Last-Modified", format_datetime(found.made_at, usegmt=True))
    return Response(200, found.content, (("Content-Type", found.content_type), *caching, *tags))


def _unless_known(environ: Environ, found: Publication, full: Response) -> Response:
    """Return the full answer, or that nothing has changed for who knows it (RFC 9110 13.1.2, 13.1.3)."""
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        is_known = any(one.strip().removeprefix("W/") in {f'"{found.tag}"', "*"} for one in known.split(","))
    else:
        is_known = _is_since(environ.get("HTTP_IF_MODIFIED_SINCE"), found.made_at)
    return Response(304, b"", full.headers[1:]) if is_known else full


def _is_since(date: str | None, made_at: datetime) -> bool:
    try:
        return date is not None and made_at.replace(microsecond=0) <= parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone; OverflowError: a year of many digits
        return False


def _ocsp_post(deps: PkiDeps, _: str, environ: Environ) -> Response:
    body = _body(environ, "application/ocsp-request", ocsp.MAX_REQUEST_BYTES)
    if isinstance(body, Response):
        return body
    found = ocsp.answer(deps, body)
    return _uncached(found.der, _OCSP_TYPE) if found.times is None else _kept(found)[0]


def _ocsp_get(deps: PkiDeps, rest: str, environ: Environ) -> Response:
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return ONLY_GET
    found = ocsp.answer(deps, _decode(rest))
    if found.times is None:
        return _uncached(found.der, _OCSP_TYPE)
    _, full, published = _kept(found)
    return _unless_known(environ, published, full)


@lru_cache(maxsize=4096)
def _kept(found: ocsp.Answer) -> tuple[Response, Response, Publication]:
    """Return an answer as it is posted, as it is fetched with what a cache is told of it (RFC 5019 6.2), and as a publication."""
    this_update, next_update = cast("tuple[datetime, datetime]", found.times)
    # Minutes, not the answer's life: a revocation is to be seen. It is given out in the first half of its life only.
    keep = min(_OCSP_KEPT, (next_update - this_update) / 2)
    published = Publication(found.der, _OCSP_TYPE, sha256(found.der).hexdigest(), keep, this_update)
    caching = f"public, max-age={int(keep.total_seconds())}, no-transform, must-revalidate"
    expires = format_datetime(next_update, usegmt=True)
    full = _full(published, ("Cache-Control", caching), ("Expires", expires))
    return _uncached(found.der, _OCSP_TYPE), full, published


def _decode(encoded: str) -> bytes:
    """Return the request in a GET's path (RFC 6960 A.1); nothing, which is malformed, when it is not base64."""
    try:
        # Some clients escape twice.
        return base64.b64decode(unquote(encoded) if "%" in encoded else encoded, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _tsa(deps: PkiDeps, _: str, environ: Environ) -> Response:
    body = _body(environ, "application/timestamp-query", tsa.MAX_REQUEST_BYTES)
    return body if isinstance(body, Response) else _uncached(tsa.answer(deps, body), "application/timestamp-reply")


def _body(environ: Environ, content_type: str, most: int) -> bytes | Response:
    """Return what was posted, or the refusal: only of this type, and not longer than ``most``."""
    if environ["REQUEST_METHOD"] != "POST":
        return ONLY_POST
    told = environ.get("CONTENT_TYPE", "")
    if told != content_type and told.partition(";")[0].strip().lower() != content_type:
        return TYPE
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or len(length) > _MOST_DIGITS or int(length) > most:
        return TOO_LARGE
    body: bytes = environ["wsgi.input"].read(int(length))
    return body


def _uncached(content: bytes, content_type: str) -> Response:
    return Response(200, content, (("Content-Type", content_type), ("Cache-Control", "no-store")))


ADDRESSES: Mapping[str, Handler] = {
    "/pki/ocsp": _ocsp_post,
    "/pki/ocsp/": _ocsp_get,
    "/pki/tsa": _tsa,
    "/pki/certs.p7c": _bundle,
    "/pki/": _of_ca,
}
"""What answers where. One that ends in a slash stands for everything that begins so and is not named before it."""
