"""The time-stamp authority (RFC 3161, 5816): says that a hash was there at a moment, by its own certificate and key.

A token's serial number is 159 random bits, so nothing needs to be stored for it to be unique. A clock that went back by more than
the accuracy promised is noticed: against the last token of this process, and at its start against the newest revocation list.

Left to others: HTTP (``views``), whether the machine's clock is right (the operator, see docs/time-stamps.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

from asn1crypto import tsp

from kernel.errors import Refusal
from kernel.randomness import serial_number
from pki import cms
from pki.cms import HASHINGS, CmsSigner, Digest
from pki.der import generalized_time, integer, octets, oid, sequence, tlv
from pki.life_errors import CLOCK_WENT_BACK
from pki.ports import PkiDeps, PkiRecords
from pki.roles import Credential, credential_in, parsed
from policies.certificates import tsa_policy_oid

MAX_REQUEST_BYTES = 16384

_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_GRANTED = sequence(integer(0))

# PKIFailureInfo (RFC 3161 2.4.2)
_BAD_ALGORITHM = 0
_BAD_REQUEST = 2
_BAD_DATA_FORMAT = 5
_TIME_NOT_AVAILABLE = 14
_UNACCEPTED_POLICY = 15
_UNACCEPTED_EXTENSION = 16
_MAX_NONCE_BITS = 512


@dataclass(slots=True)
class LastMoment:
    """The latest moment that was stamped. Two threads may lose an update to each other, which the accuracy promised covers."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TimeStampAuthority:
    """The authority's credential, ready to sign: over whatever was hashed, with a hash no weaker than that one."""

    credential: Credential
    signers: Mapping[Digest, CmsSigner]
    policy: bytes
    accuracy: timedelta
    last: LastMoment


@dataclass(frozen=True, slots=True)
class _Request:
    digest: Digest
    hashed: bytes
    nonce: int | None
    with_certificates: bool


class _RejectedError(Exception):
    """The request is refused: the bit of PKIFailureInfo and why, for the answer."""

    def __init__(self, failure: int, why: str) -> None:
        self.failure = failure
        self.why = why
        super().__init__(why)


def answer(deps: PkiDeps, request_der: bytes) -> bytes:
    """Return the TimeStampResp for a request: a token, or a rejection that says why. Never raises for what was sent."""
    try:
        request = _parse(deps, request_der)
    except _RejectedError as error:
        return _rejection(error)
    with deps.work.read() as work:
        authority = authority_in(deps, work.records)
    try:
        return sequence(_GRANTED, _stamp(authority, request, deps.clock.now()))
    except Refusal:
        return _rejection(_RejectedError(_TIME_NOT_AVAILABLE, "the clock went back"))


def token(deps: PkiDeps, digest: bytes, algorithm: Digest = "sha256") -> bytes:
    """Return a time-stamp token (ContentInfo in DER) over ``digest``, without going through HTTP."""
    with deps.work.read() as work:
        authority = authority_in(deps, work.records)
    return stamp(authority, digest, deps.clock.now(), algorithm)


def stamp(authority: TimeStampAuthority, digest: bytes, at: datetime, algorithm: Digest = "sha256") -> bytes:
    """Return a token over ``digest`` by an authority that is at hand; ``ValueError`` for a digest of the wrong length.

    ``Refusal(clock_went_back)`` when ``at`` lies further before a moment that was stamped than the accuracy promised.
    """
    if len(digest) != HASHINGS[algorithm].hash.digest_size:
        message = f"not a {algorithm} digest"
        raise ValueError(message)
    return _stamp(authority, _Request(algorithm, digest, None, with_certificates=True), at)


def authority_in(deps: PkiDeps, records: PkiRecords) -> TimeStampAuthority:
    """Return the node's time-stamp authority, within a transaction that is open; prepared once for each certificate."""
    credential = credential_in(deps, records, "tsa")
    kept = f"tsa:{credential.record.sha256}"
    found = deps.kept.get(kept)
    if found is None:
        certificate = parsed(deps, credential.record)
        published = records.last_list_at(credential.record.ca)
        found = deps.kept[kept] = TimeStampAuthority(
            credential,
            MappingProxyType({one: cms.make_signer(credential.key, certificate, digest=one) for one in HASHINGS}),
            oid(tsa_policy_oid(deps.policies, deps.node.code)),
            timedelta(seconds=deps.policies.time_stamps.accuracy_seconds),
            LastMoment(published or credential.record.not_before),
        )
    return cast("TimeStampAuthority", found)


def _stamp(authority: TimeStampAuthority, request: _Request, at: datetime) -> bytes:
    if at < authority.last.at - authority.accuracy:
        raise Refusal(CLOCK_WENT_BACK)
    authority.last.at = max(at, authority.last.at)
    content = sequence(  # TSTInfo; ordering is false and therefore absent
        integer(1),
        authority.policy,
        sequence(HASHINGS[request.digest].identifier, octets(request.hashed)),
        integer(serial_number()),
        generalized_time(at),
        sequence(integer(int(authority.accuracy.total_seconds()))),
        b"" if request.nonce is None else _signed_integer(request.nonce),
    )
    signed = cms.sign(
        authority.signers[request.digest],
        _TST_INFO,
        hashlib.new(request.digest, content).digest(),
        content,
        with_certificates=request.with_certificates,
    )
    return cms.finish(signed)


def _parse(deps: PkiDeps, request_der: bytes) -> _Request:
    if len(request_der) > MAX_REQUEST_BYTES:
        raise _RejectedError(_BAD_REQUEST, "too large")
    try:
        native: dict[str, Any] = tsp.TimeStampReq.load(request_der, strict=True).native
        imprint = native["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"]
        parameters = imprint["hash_algorithm"]["parameters"]
        hashed, nonce, version = imprint["hashed_message"], native["nonce"], native["version"]
    except Exception:  # noqa: BLE001 - asn1crypto raises many kinds on bad DER; each means the same
        raise _RejectedError(_BAD_DATA_FORMAT, "not a TimeStampReq") from None
    if version != "v1":
        raise _RejectedError(_BAD_REQUEST, "version")
    if algorithm not in HASHINGS or parameters is not None:
        raise _RejectedError(_BAD_ALGORITHM, "SHA-256, SHA-384 or SHA-512")
    if len(hashed) != HASHINGS[algorithm].hash.digest_size:
        raise _RejectedError(_BAD_DATA_FORMAT, "length of the hash")
    if native["req_policy"] not in {None, tsa_policy_oid(deps.policies, deps.node.code)}:
        raise _RejectedError(_UNACCEPTED_POLICY, "policy")
    if native["extensions"]:
        raise _RejectedError(_UNACCEPTED_EXTENSION, "extension")
    if nonce is not None and nonce.bit_length() > _MAX_NONCE_BITS:
        raise _RejectedError(_BAD_REQUEST, "nonce")
    return _Request(algorithm, hashed, nonce, with_certificates=bool(native["cert_req"]))


def _rejection(error: _RejectedError) -> bytes:
    # PKIStatusInfo: rejection (2), statusString, failInfo as a named bit list without trailing zero bits (X.690 11.2.2)
    unused = 7 - error.failure % 8
    bits = (1 << unused).to_bytes(error.failure // 8 + 1, "big")
    return sequence(
        sequence(integer(2), sequence(tlv(0x0C, error.why.encode())), tlv(0x03, bytes([unused]), bits)),
    )


def _signed_integer(value: int) -> bytes:
    length = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tlv(0x02, value.to_bytes(length, "big", signed=True))
