"""Asks a peer's OCSP responder about one serial and verifies the answer (RFC 6960 3.2). For probes; no judgement depends on it.

Left to others: HTTP (``http``), what the answer should be (``probes``).
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from crosscert.errors import PEER_UNFIT
from kernel.clock import CLOCKS_MAY_DIFFER
from kernel.errors import Refusal

CONTENT_TYPE = "application/ocsp-request"
MAX_ANSWER_BYTES = 64 * 1024
_WHAT = "OCSP"


def ask_about(issuer: x509.Certificate, serial: int) -> bytes:
    """Return the request (DER). SHA-1 only names the issuer here, as every responder understands it (RFC 5019 2.1.1)."""
    name = hashlib.sha1(issuer.subject.public_bytes(), usedforsecurity=False).digest()
    key = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, serial, hashes.SHA1())  # noqa: S303 - as above
    return builder.build().public_bytes(Encoding.DER)


def read_answer(der: bytes, issuer: x509.Certificate, serial: int, at: datetime) -> ocsp.OCSPCertStatus:
    """Return what the answer says of the serial; ``Refusal(peer_unfit)`` unless it is a proper one, of now, by the issuer's responder."""
    try:
        return _read(der, issuer, serial, at)
    except Refusal:
        raise
    except Exception as error:  # noqa: BLE001 - the parser meets outsiders' bytes and fails in many ways, all of them the same to us
        raise Refusal(PEER_UNFIT, what=_WHAT, problem=type(error).__name__) from None


def _read(der: bytes, issuer: x509.Certificate, serial: int, at: datetime) -> ocsp.OCSPCertStatus:
    answer = ocsp.load_der_ocsp_response(der)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise Refusal(PEER_UNFIT, what=_WHAT, problem=answer.response_status.name)
    if answer.serial_number != serial:
        raise Refusal(PEER_UNFIT, what=_WHAT, problem="it is about another certificate")
    if answer.this_update_utc > at + CLOCKS_MAY_DIFFER or (answer.next_update_utc or at) < at - CLOCKS_MAY_DIFFER:
        raise Refusal(PEER_UNFIT, what=_WHAT, problem="out of date")
    _check_signature(answer, issuer, at)
    return answer.certificate_status


def _check_signature(answer: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> None:
    """Ask for the issuer's own signature or that of a responder that the issuer authorised (RFC 6960 4.2.2.2)."""
    responder = answer.certificates[0] if answer.certificates else issuer
    if responder != issuer:
        try:
            responder.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError):
            raise Refusal(PEER_UNFIT, what=_WHAT, problem="its responder is not the CA's") from None
        usages = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
            raise Refusal(PEER_UNFIT, what=_WHAT, problem="its responder is none")
        if not responder.not_valid_before_utc <= at <= responder.not_valid_after_utc:
            raise Refusal(PEER_UNFIT, what=_WHAT, problem="its responder's certificate has expired")
    key, hash_algorithm = responder.public_key(), answer.signature_hash_algorithm
    signed = (answer.signature, answer.tbs_response_bytes)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and hash_algorithm is not None:
            key.verify(*signed, ec.ECDSA(hash_algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and hash_algorithm is not None:
            key.verify(*signed, padding.PKCS1v15(), hash_algorithm)
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(*signed)
        else:
            raise Refusal(PEER_UNFIT, what=_WHAT, problem="its key")
    except InvalidSignature:
        raise Refusal(PEER_UNFIT, what=_WHAT, problem="its signature is wrong") from None
