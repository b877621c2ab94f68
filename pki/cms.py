"""SignedData (RFC 5652) with one signer over SHA-256: the form of our time-stamps and of the signatures in licences.

The signer's key and the encoded pieces that never change are kept, and nothing is encoded twice: a signature costs about what
its elliptic curve operation costs.

Left to others: what is signed (``tsa``, ``seals``), reading and judging signatures (``licenses``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from pki.der import NULL, explicit, integer, octets, oid, sequence, set_of, tlv
from pki.records import PrivateKey

DATA = "1.2.840.113549.1.7.1"
_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
_TIME_STAMP_TOKEN = oid("1.2.840.113549.1.9.16.2.14")
_ALGORITHM_PROTECTION = oid("1.2.840.113549.1.9.52")
SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
"""The AlgorithmIdentifier, without parameters (RFC 5754 2)."""

_ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"))
_RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), NULL)


@dataclass(frozen=True, slots=True)
class CmsTemplate:
    """What says whose a signature is, encoded once."""

    certificates: bytes
    """The certificates that go with a signature, the signer's first."""
    signer_identifier: bytes
    fixed_attributes: tuple[bytes, ...]
    algorithm: bytes
    """The AlgorithmIdentifier of its signatures."""


@dataclass(frozen=True, slots=True)
class CmsSigner:
    """A key and what says whose it is."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    template: CmsTemplate

    def sign(self, data: bytes) -> bytes:
        """Return the signature over ``data``."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Unstamped:
    """A signature that was made; a time-stamp over ``signature`` may still be put beside it."""

    signature: bytes
    head: bytes
    signer_head: bytes


def make_signer(key: PrivateKey, certificate: x509.Certificate, others: Sequence[x509.Certificate] = ()) -> CmsSigner:
    """Return a signer for CMS; ``ValueError`` for a key of a kind that signs no documents here."""
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        message = "documents and time-stamps are signed with ECDSA or RSA"
        raise ValueError(message)  # noqa: TRY004 - about the value that the operator configured
    return CmsSigner(key, make_template(certificate, others, by_curve=isinstance(key, ec.EllipticCurvePrivateKey)))


def make_template(certificate: x509.Certificate, others: Sequence[x509.Certificate], *, by_curve: bool) -> CmsTemplate:
    """Return what signatures by the certificate's key have in common: by an elliptic curve, or with RSA."""
    chain = [one.public_bytes(Encoding.DER) for one in (certificate, *others)]
    algorithm = _ECDSA_SHA256 if by_curve else _RSA_SHA256
    # RFC 5816: ESSCertIDv2, whose default hash is SHA-256 and therefore not encoded.
    certificate_id = sequence(octets(hashlib.sha256(chain[0]).digest()))
    fixed = (
        _attribute(_SIGNING_CERTIFICATE_V2, sequence(sequence(certificate_id))),
        # RFC 6211: an algorithm cannot be replaced by a weaker one without the signature failing.
        _attribute(_ALGORITHM_PROTECTION, sequence(SHA256, b"\xa1" + algorithm[1:])),
    )
    identifier = sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))
    return CmsTemplate(b"".join(chain), identifier, fixed, algorithm)


def sign(
    signer: CmsSigner, content_type: str, digest: bytes, content: bytes | None, *, with_certificates: bool = True
) -> Unstamped:
    """Sign ``digest``, the SHA-256 of the content; the content itself is put inside unless it is None (detached)."""
    return assemble(signer.template, content_type, digest, content, signer.sign, with_certificates=with_certificates)


def assemble(
    template: CmsTemplate,
    content_type: str,
    digest: bytes,
    content: bytes | None,
    sign_attributes: Callable[[bytes], bytes],
    *,
    with_certificates: bool = True,
) -> Unstamped:
    """Do as :func:`sign`, asking ``sign_attributes`` for the signature over the encoded attributes."""
    attributes = (
        _attribute(_CONTENT_TYPE, oid(content_type)),
        _attribute(_MESSAGE_DIGEST, octets(digest)),
        *template.fixed_attributes,
    )
    signed = set_of(*attributes)
    signature = sign_attributes(signed)
    version = 1 if content_type == DATA else 3  # RFC 5652 5.1
    head = b"".join(
        (
            integer(version),
            set_of(SHA256),
            sequence(oid(content_type), b"" if content is None else explicit(0, octets(content))),
            explicit(0, template.certificates) if with_certificates else b"",
        )
    )
    signer_head = b"".join(
        (integer(1), template.signer_identifier, SHA256, b"\xa0" + signed[1:], template.algorithm, octets(signature))
    )
    return Unstamped(signature, head, signer_head)


def finish(unstamped: Unstamped, time_stamp: bytes | None = None) -> bytes:
    """Return the ContentInfo, with ``time_stamp`` (a token over the signature) as an unsigned attribute."""
    beside = b"" if time_stamp is None else explicit(1, _attribute(_TIME_STAMP_TOKEN, time_stamp))
    signers = tlv(0x31, sequence(unstamped.signer_head, beside))
    return sequence(_SIGNED_DATA, explicit(0, sequence(unstamped.head, signers)))


def _attribute(name: bytes, value: bytes) -> bytes:
    return sequence(name, set_of(value))
