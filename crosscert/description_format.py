"""The form of a node's description: what its members are, read strictly, with nothing in it believed yet.

Left to others: making and signing one (``node_description``), judging the signer (``trust``).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crosscert.addresses import find_url_fault
from crosscert.errors import DESCRIPTION_INVALID
from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from kernel.canonical import canonical
from kernel.clock import parse_rfc3339
from kernel.errors import ErrorCode, Refusal
from kernel.nodes import Level, Node
from kernel.text import find_unwanted_character
from pki import jose
from pki.records import Names
from pki.strict_json import decode_base64url, parse_object

VERSION = 1
MAX_BYTES = 2 * 1024 * 1024
MAX_TOKEN_SIGNERS = 50
_MAX_CERTIFICATES = 5_000
_MAX_ELEMENTS = 4 * _MAX_CERTIFICATES
_SHORT_NAMES = {
    "country_name": "C",
    "state_or_province_name": "ST",
    "locality_name": "L",
    "organization_name": "O",
    "organizational_unit_name": "OU",
}

_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Url = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^https?://[!-~]+$")]
_Base64 = Annotated[str, Field(max_length=200_000)]
_Many = Annotated[list[_Base64], Field(max_length=_MAX_CERTIFICATES)]
_Code = Annotated[str, Field(pattern=r"^[1-9][0-9]{5}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _NodePart(_Part):
    code: _Code
    name: _Text
    level: Level
    url: _Url


class _Certificates(_Part):
    principal: _Base64
    issuing: Annotated[list[_Base64], Field(min_length=1, max_length=20)]
    links: Annotated[list[_Base64], Field(max_length=20)] = []
    token_signers: Annotated[list[_Base64], Field(max_length=MAX_TOKEN_SIGNERS)] = []


class _Cross(_Part):
    issued: _Many
    received: _Many


class _Endpoints(_Part):
    crls: Annotated[list[_Url], Field(max_length=20)]
    openid_configuration: _Url | None = None
    ocsp: _Url | None = None
    tsa: _Url | None = None
    status_list: _Url | None = None
    log_checkpoint: _Url | None = None
    log_key: _Url | None = None
    verify: _Url | None = None


class _Description(_Part):
    version: Literal[1]
    node: _NodePart
    issued_at: _Text
    expires_at: _Text
    certificates: _Certificates
    cross_certificates: _Cross
    endpoints: _Endpoints
    members: Annotated[list[_NodePart], Field(max_length=_MAX_CERTIFICATES)] = []
    known_revoked: Annotated[str, Field(pattern=r"^[0-9a-f]{1,40}$")] | None = None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the other node says that its objects are. Only addresses below its own are ever fetched."""

    crls: tuple[str, ...]
    status_list: str | None
    log_checkpoint: str | None
    log_key: str | None


@dataclass(frozen=True, slots=True)
class UnverifiedDescription:
    """A description that is well formed. Nothing in it has been proven.

    ``links`` certify the principal CA's new key by the old one and the other way round (RFC 4210 4.4). ``token_signers`` are the
    certificates that its tokens name.
    ``node.names`` are read from the principal CA's subject; ``members`` have none yet. ``known_revoked`` is the serial of a certificate
    of the issuing CA that was revoked on purpose.
    """

    node: Node
    issued_at: datetime
    expires_at: datetime
    principal: ParsedCertificate
    issuing: tuple[ParsedCertificate, ...]
    links: tuple[ParsedCertificate, ...]
    token_signers: tuple[ParsedCertificate, ...]
    issued: tuple[ParsedCertificate, ...]
    received: tuple[ParsedCertificate, ...]
    endpoints: Endpoints
    members: tuple[Node, ...]
    known_revoked: int | None
    jws: str
    document: bytes

    @property
    def certificates(self) -> tuple[ParsedCertificate, ...]:
        """Every certificate in it that a path may be built of."""
        return (self.principal, *self.issuing, *self.links, *self.issued, *self.received)


def parse(document: bytes) -> UnverifiedDescription:
    """Return the description in ``document``; ``Refusal`` when it is not one, or says two things."""
    check_bounds(document, MAX_BYTES, DESCRIPTION_INVALID)
    outer = parse_object(document, DESCRIPTION_INVALID)
    inner, jws = outer.get("description"), outer.get("jws")
    if not isinstance(inner, dict) or not isinstance(jws, str):
        raise Refusal(DESCRIPTION_INVALID, problem="description and jws")
    signed = jose.unverified_claims(jws, max_bytes=MAX_BYTES)
    check_bounds(decode_base64url(jws.split(".")[1].encode(), DESCRIPTION_INVALID), MAX_BYTES, DESCRIPTION_INVALID)
    try:
        if canonical(dict(signed)) != canonical(inner):
            raise Refusal(DESCRIPTION_INVALID, problem="the signed part says something else")
        found = _Description.model_validate(inner)
        issued_at, expires_at = parse_rfc3339(found.issued_at), parse_rfc3339(found.expires_at)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"])
        raise Refusal(DESCRIPTION_INVALID, field=where, problem=where) from None
    except (ValueError, OverflowError, RecursionError):
        raise Refusal(DESCRIPTION_INVALID, problem="its values") from None
    principal = _certificate(found.certificates.principal)
    return UnverifiedDescription(
        node=_node(found.node, names_of(principal)),
        issued_at=issued_at,
        expires_at=expires_at,
        principal=principal,
        issuing=tuple(map(_certificate, found.certificates.issuing)),
        links=tuple(map(_certificate, found.certificates.links)),
        token_signers=tuple(map(_certificate, found.certificates.token_signers)),
        issued=tuple(map(_certificate, found.cross_certificates.issued)),
        received=tuple(map(_certificate, found.cross_certificates.received)),
        endpoints=Endpoints(
            tuple(found.endpoints.crls), found.endpoints.status_list, found.endpoints.log_checkpoint, found.endpoints.log_key
        ),
        members=tuple(_node(member, ()) for member in found.members),
        known_revoked=None if found.known_revoked is None else int(found.known_revoked, 16),
        jws=jws,
        document=document,
    )


def check_bounds(document: bytes, max_bytes: int, code: ErrorCode) -> None:
    """Refuse JSON that would take long to put into its RFC 8785 form: more bytes or more members than any node has to tell."""
    if len(document) > max_bytes:
        raise Refusal(code, problem=f"more than {max_bytes} bytes")
    if document.count(b",") > _MAX_ELEMENTS:
        raise Refusal(code, problem=f"more than {_MAX_ELEMENTS} members")


def names_of(principal: ParsedCertificate) -> Names:
    """Return the names that a principal CA, or a cross-certificate for it, stands for: its subject without the common name."""
    names: list[tuple[str, str]] = []
    parts = [list(part) for part in principal.asn1.subject.chosen]
    for part in parts[:-1]:
        short = _SHORT_NAMES.get(part[0]["type"].native)
        if short is None or len(part) != 1:
            raise Refusal(DESCRIPTION_INVALID, problem="the principal CA's names")
        names.append((short, str(part[0]["value"].native)))
    if not names or parts[-1][0]["type"].native != "common_name" or not principal.is_ca:
        raise Refusal(DESCRIPTION_INVALID, problem="the principal CA's names")
    return tuple(names)


def _node(part: Any, names: Names) -> Node:
    if find_unwanted_character(part.name) is not None or part.url.endswith("/") or find_url_fault(part.url) is not None:
        raise Refusal(DESCRIPTION_INVALID, problem=f"the name or address of {part.code}")
    return Node(part.code, part.name, part.level, part.url, names)


def _certificate(text: str) -> ParsedCertificate:
    try:
        return parse_certificate(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise Refusal(DESCRIPTION_INVALID, problem="base64") from None
