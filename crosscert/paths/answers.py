"""OCSP answers (RFC 6960) that came with a document: each about one certificate, believed only when the CA above it lets their signer speak.

An answer that an outsider hands in is an offer as a list is: nothing is asked of any responder here. Read once, within bounds; what is not
a plain answer about one certificate is none.

Left to others: whether a responder's own certificate is good, and what weighs more, a list or an answer (``revocation``).
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asn1crypto import ocsp

from crosscert.paths import signatures
from crosscert.paths.certificates import ParsedCertificate, is_signed_by, parse_certificate
from crosscert.paths.der import check_shape
from kernel.errors import Refusal
from pki.der_reader import refuse

MAX_ANSWER_BYTES = 64 * 1024
_MAX_CERTIFICATES = 8
_HASHES = frozenset({"sha1", "sha256", "sha384", "sha512"})
"""SHA-1 only names the issuer here, as RFC 5019 2.1.1 has it; no signature hangs on it."""


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """What somebody says of one certificate. Its form has been checked, nothing else.

    ``about`` is the certID (RFC 6960 4.1.1): hash algorithm, digests of the issuer's name and key, serial. ``revoked``: when and why; None
    for *good*. ``certificates`` came with it.
    """

    sha256: str
    signature: signatures.Signature = field(repr=False)
    about: tuple[str, bytes, bytes, int]
    revoked: tuple[datetime, str] | None
    this_update: datetime
    next_update: datetime | None
    certificates: tuple[ParsedCertificate, ...] = field(repr=False)

    def is_about(self, certificate: ParsedCertificate, issuer: ParsedCertificate) -> bool:
        """Tell whether it speaks of the certificate that ``issuer`` issued."""
        algorithm, name, key, serial = self.about
        if serial != certificate.serial:
            return False
        digests = [
            hashlib.new(algorithm, part, usedforsecurity=False).digest()
            for part in (certificate.asn1.issuer.dump(), bytes(issuer.asn1.public_key["public_key"]))
        ]
        return digests == [name, key]

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether *good* holds at ``moment``: it was in force then, or was given later (ETSI EN 319 102-1 5.2.5)."""
        return moment <= self.this_update or (self.next_update is not None and moment <= self.next_update)


def find_answer(der: bytes) -> ParsedAnswer | None:
    """Return the answer in ``der``; None for anything but a good or bad word about one certificate."""
    if len(der) > MAX_ANSWER_BYTES:
        return None
    try:
        return _parse(der)
    except Refusal:
        return None
    except Exception:  # noqa: BLE001 - the parser meets outsiders' bytes and fails in many ways, all of them the same to us
        return None


def _parse(der: bytes) -> ParsedAnswer | None:
    left = check_shape(der)
    outside: Any = ocsp.OCSPResponse.load(der, strict=True)
    given: Any = outside["response_bytes"]
    if outside["response_status"].native != "successful" or given["response_type"].native != "basic_ocsp_response":
        return None
    inside = bytes(given["response"])
    check_shape(inside, left)
    basic: Any = ocsp.BasicOCSPResponse.load(inside, strict=True)
    mechanism = basic["signature_algorithm"]
    mechanism.native  # noqa: B018 - parsed here, so that it cannot fail later
    with suppress(ValueError):  # some have no digest
        mechanism.hash_algo  # noqa: B018 - as above
    said = basic["tbs_response_data"]
    body = said.dump()
    (single,) = said["responses"]
    status, about = single["cert_status"], single["cert_id"]
    algorithm = about["hash_algorithm"]["algorithm"].native
    # RFC 5280 4.2 as RFC 6960 4.4 takes it over: an extension that must be understood is not.
    critical = any(each["critical"].native for each in (*said["response_extensions"], *single["single_extensions"]))
    if critical or status.name == "unknown" or algorithm not in _HASHES or len(basic["certs"]) > _MAX_CERTIFICATES:
        return None
    return ParsedAnswer(
        sha256=hashlib.sha256(der).hexdigest(),
        signature=signatures.Signature(body, basic["signature"].native, mechanism),
        about=(
            algorithm,
            about["issuer_name_hash"].native,
            about["issuer_key_hash"].native,
            about["serial_number"].native,
        ),
        revoked=_revoked(status) if status.name == "revoked" else None,
        this_update=_moment(single["this_update"]),
        next_update=None if single["next_update"].native is None else _moment(single["next_update"]),
        certificates=tuple(parse_certificate(each.dump()) for each in basic["certs"]),
    )


def _revoked(status: Any) -> tuple[datetime, str]:
    told = status.chosen
    return _moment(told["revocation_time"]), told["revocation_reason"].native or "unspecified"


def _moment(told: Any) -> datetime:
    """Return a time as RFC 6960 4.2.2.1 wants it: that of nowhere cannot be compared with any other, nor can one of the year 0."""
    moment = told.native
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        refuse("a moment that is not in UTC")
    return moment


def find_responder(answer: ParsedAnswer, issuer: ParsedCertificate) -> ParsedCertificate | None:
    """Return who signed the answer, of those who may: the CA itself or whom it certified for that (RFC 6960 4.2.2.2); None for anybody else."""
    if signatures.is_signed(answer, issuer):
        return issuer
    for each in answer.certificates:
        certified = each.issuer == issuer.subject and _may_answer(each) and is_signed_by(each, issuer)
        if certified and signatures.is_signed(answer, each):
            return each
    return None


def _may_answer(certificate: ParsedCertificate) -> bool:
    purposes: Any = certificate.asn1.extended_key_usage_value
    return purposes is not None and "ocsp_signing" in purposes.native
