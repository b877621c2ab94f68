"""The form of a node's request to be cross-certified: read strictly, with nothing in it believed yet.

The JSON is ``{"request": {…}, "description": {…}, "jws": "…"}``: the request, the asking node's signed description as it publishes
it, and a JWS over the RFC 8785 form of ``request`` by the node's signer. New members may be added, none is ever given up.

Left to others: making one and judging who made it (``request_document``), what may be granted (``constraints``).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crosscert import description_format
from crosscert.errors import REQUEST_INVALID
from crosscert.records import Wish
from kernel.canonical import Json, canonical
from kernel.clock import parse_rfc3339
from kernel.errors import Refusal
from pki import jose
from pki.strict_json import parse_object

VERSION = 1
MAX_REQUEST_BYTES = 64 * 1024
MAX_BYTES = description_format.MAX_BYTES + 2 * MAX_REQUEST_BYTES

_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Name = Annotated[list[_Text], Field(min_length=2, max_length=2)]
_Subtree = Annotated[list[_Name], Field(min_length=1, max_length=10)]
_Texts = Annotated[list[_Text], Field(min_length=1, max_length=50)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _Wish(_Part):
    levels: _Texts
    path_length: Annotated[int, Field(ge=0, le=9)]
    permitted_names: Annotated[list[_Subtree], Field(min_length=1, max_length=50)]
    permitted_dns: _Texts
    permitted_uris: _Texts
    validity_days: Annotated[int, Field(gt=0, le=40_000)]


class _Request(_Part):
    version: Literal[1]
    to: Annotated[str, Field(pattern=r"^[1-9][0-9]{5}$")]
    issued_at: _Text
    expires_at: _Text
    description_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    wish: _Wish
    pkcs10: Annotated[str, Field(max_length=20_000)]


@dataclass(frozen=True, slots=True)
class UnverifiedRequest:
    """A request that is well formed. ``body`` is its signed part, ``description`` the document beside it."""

    to: str
    issued_at: datetime
    expires_at: datetime
    description_sha256: str
    wish: Wish
    pkcs10: bytes
    body: dict[str, Any]
    description: bytes
    jws: str


def parse(document: bytes) -> UnverifiedRequest:
    """Return the request in ``document``; ``Refusal`` when it is none, or says two things."""
    description_format.check_bounds(document, MAX_BYTES, REQUEST_INVALID)
    outer = parse_object(document, REQUEST_INVALID)
    body, description, jws = outer.get("request"), outer.get("description"), outer.get("jws")
    if not isinstance(body, dict) or not isinstance(description, dict) or not isinstance(jws, str):
        raise Refusal(REQUEST_INVALID, problem="request, description and jws")
    signed = jose.unverified_claims(jws, max_bytes=MAX_REQUEST_BYTES)
    try:
        if canonical(dict(signed)) != canonical(body):
            raise Refusal(REQUEST_INVALID, problem="the signed part says something else")
        found = _Request.model_validate(body)
        return UnverifiedRequest(
            to=found.to,
            issued_at=parse_rfc3339(found.issued_at),
            expires_at=parse_rfc3339(found.expires_at),
            description_sha256=found.description_sha256,
            wish=_wish(found.wish),
            pkcs10=base64.b64decode(found.pkcs10, validate=True),
            body=body,
            description=canonical(description),
            jws=jws,
        )
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"])
        raise Refusal(REQUEST_INVALID, field=where, problem=where) from None
    except (binascii.Error, ValueError, OverflowError, RecursionError):
        raise Refusal(REQUEST_INVALID, problem="its values") from None


def wish_json(wish: Wish) -> dict[str, Json]:
    """Return the form in which a wish is signed, and in which the code covers it."""
    return {
        "levels": wish.levels,
        "path_length": wish.path_length,
        "permitted_names": wish.permitted_names,
        "permitted_dns": wish.permitted_dns,
        "permitted_uris": wish.permitted_uris,
        "validity_days": wish.validity_days,
    }


def _wish(found: _Wish) -> Wish:
    return Wish(
        levels=tuple(found.levels),
        path_length=found.path_length,
        permitted_names=tuple(tuple((kind, name) for kind, name in names) for names in found.permitted_names),
        permitted_dns=tuple(found.permitted_dns),
        permitted_uris=tuple(found.permitted_uris),
        validity_days=found.validity_days,
    )
