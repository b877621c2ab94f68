"""The OCSP responder (RFC 6960, nonces by RFC 9654): good, revoked, or unknown for what was never issued.

Each CA has a delegated responder certificate of its own, since a responder is only authorised by the CA whose certificates it
speaks of.

Left to others: HTTP (``views``), answers prepared ahead of time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from pki.certificates import hash_for
from pki.crl import reason_flag
from pki.ports import PkiDeps
from pki.records import CertificateStatus
from pki.roles import Credential, cas_in, credential_in, responder_role

MAX_REQUEST_BYTES = 65536

_NONCE_OCTETS = range(1, 129)  # RFC 9654 2.1
_HASHES: tuple[type[hashes.HashAlgorithm], ...] = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)


@dataclass(frozen=True, slots=True)
class _Request:
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    algorithm: hashes.HashAlgorithm
    serial: int
    nonce: bytes | None


def answer(deps: PkiDeps, request_der: bytes) -> bytes:
    """Return the OCSPResponse for a request. Never raises for what was sent.

    A request for several certificates at once is answered malformedRequest: clients send one (RFC 5019 2.1.1), and an answer
    for the first alone would be taken for an answer to all. One about a CA that is not ours is answered unauthorized.
    """
    request = _parse(request_der)
    if request is None:
        return _refuse(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    with deps.work.read() as work:
        for ca in cas_in(deps, work.records):
            if _identifies(deps, ca.certificate, request):
                responder = credential_in(deps, work.records, responder_role(ca.key_label))
                status = work.records.find_status(ca.key_label, format(request.serial, "x"))
                return _sign(deps, responder, request, status)
    return _refuse(ocsp.OCSPResponseStatus.UNAUTHORIZED)


def _parse(request_der: bytes) -> _Request | None:
    """Return what is asked, or None when the bytes are not a request for one certificate."""
    if len(request_der) > MAX_REQUEST_BYTES:
        return None
    try:
        request = ocsp.load_der_ocsp_request(request_der)
        algorithm = request.hash_algorithm
        nonce = _nonce(request)
        if nonce is not None and len(nonce) not in _NONCE_OCTETS:
            return None
        found = _Request(request.issuer_name_hash, request.issuer_key_hash, algorithm, request.serial_number, nonce)
    except (ValueError, TypeError, NotImplementedError, UnsupportedAlgorithm, OverflowError, x509.DuplicateExtension):
        return None  # NotImplementedError: several certificates in one request
    return found if isinstance(algorithm, _HASHES) and found.serial > 0 else None


def _nonce(request: ocsp.OCSPRequest) -> bytes | None:
    for extension in request.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            return extension.value.nonce
        if extension.critical:
            message = "a critical extension that is not known"
            raise ValueError(message)
    return None


def _identifies(deps: PkiDeps, issuer: x509.Certificate, request: _Request) -> bool:
    return _issuer_hashes(deps, issuer, request.algorithm) == (request.issuer_name_hash, request.issuer_key_hash)


def _issuer_hashes(deps: PkiDeps, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    kept = f"ocsp-issuer:{algorithm.name}:{issuer.serial_number:x}"
    found = deps.kept.get(kept)
    if found is None:
        name, key = issuer.subject.public_bytes(), _public_key_bits(issuer)
        found = deps.kept[kept] = (_hash(algorithm, name), _hash(algorithm, key))
    return cast("tuple[bytes, bytes]", found)


def _public_key_bits(certificate: x509.Certificate) -> bytes:
    """Return the content of subjectPublicKey's BIT STRING (RFC 6960 4.1.1)."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    return hashlib.new(algorithm.name, data, usedforsecurity=False).digest()


def _sign(deps: PkiDeps, responder: Credential, request: _Request, status: CertificateStatus | None) -> bytes:
    now = deps.clock.now().replace(microsecond=0)
    revoked_at = None if status is None else status.revoked_at
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=request.issuer_name_hash,
        issuer_key_hash=request.issuer_key_hash,
        serial_number=request.serial,
        algorithm=request.algorithm,
        cert_status=_status(status),
        this_update=now,
        next_update=now + timedelta(seconds=deps.policies.revocation.ocsp_valid_seconds),
        revocation_time=None if revoked_at is None else revoked_at.replace(microsecond=0),
        revocation_reason=None if status is None or status.reason is None else reason_flag(status.reason),
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate).certificates([responder.certificate])
    if request.nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(request.nonce), critical=False)
    return builder.sign(responder.key, hash_for(responder.key)).public_bytes(Encoding.DER)


def _status(status: CertificateStatus | None) -> ocsp.OCSPCertStatus:
    if status is None:
        return ocsp.OCSPCertStatus.UNKNOWN
    return ocsp.OCSPCertStatus.GOOD if status.revoked_at is None else ocsp.OCSPCertStatus.REVOKED


def _refuse(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
