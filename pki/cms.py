"""SignedData (RFC 5652) with one signer: the form of our time-stamps and of the signatures in licences, over SHA-256 where nothing else is said.

The signer's key and the encoded pieces that never change are kept, and nothing is encoded twice: a signature costs about what
its elliptic curve operation costs.

Left to others: what is signed (``tsa``, ``seals``), reading and judging signatures (``licenses``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

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
Digest = Literal["sha256", "sha384", "sha512"]


@dataclass(frozen=True, slots=True)
class _Hashing:
    """A hash and the AlgorithmIdentifiers that name it: without parameters (RFC 5754 2), and signed by ECDSA or with RSA."""

    hash: hashes.HashAlgorithm
    identifier: bytes
    ecdsa: bytes
    rsa: bytes


def _hashing(arc: int, made: hashes.HashAlgorithm) -> _Hashing:
    return _Hashing(
        made,
        sequence(oid(f"2.16.840.1.101.3.4.2.{arc}")),
        sequence(oid(f"1.2.840.10045.4.3.{arc + 1}")),
        sequence(oid(f"1.2.840.113549.1.1.{arc + 10}"), NULL),
    )


HASHINGS: Mapping[Digest, _Hashing] = MappingProxyType(
    {
        "sha256": _hashing(1, hashes.SHA256()),
        "sha384": _hashing(2, hashes.SHA384()),
        "sha512": _hashing(3, hashes.SHA512()),
    }
)


@dataclass(frozen=True, slots=True)
class CmsTemplate:
    """What says whose a signature is, encoded once."""

    certificates: bytes
    """The certificates that go with a signature, the signer's first."""
    signer_identifier: bytes
    fixed_attributes: tuple[bytes, ...]
    algorithm: bytes
    """The AlgorithmIdentifier of its signatures."""
    hashing: _Hashing


@dataclass(frozen=True, slots=True)
class CmsSigner:
    """A key and what says whose it is."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    template: CmsTemplate

    def sign(self, data: bytes) -> bytes:
        """Return the signature over ``data``."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(self.template.hashing.hash))
        return self.key.sign(data, padding.PKCS1v15(), self.template.hashing.hash)


@dataclass(frozen=True, slots=True)
class Unstamped:
    """A signature that was made; a time-stamp over ``signature`` may still be put beside it."""

    signature: bytes
    head: bytes
    signer_head: bytes


def make_signer(
    key: PrivateKey, certificate: x509.Certificate, others: Sequence[x509.Certificate] = (), *, digest: Digest = "sha256"
) -> CmsSigner:
    """Return a signer for CMS; ``ValueError`` for a key of a kind that signs no documents here."""
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        message = "documents and time-stamps are signed with ECDSA or RSA"
        raise ValueError(message)  # noqa: TRY004 - about the value that the operator configured
    by_curve = isinstance(key, ec.EllipticCurvePrivateKey)
    return CmsSigner(key, make_template(certificate, others, by_curve=by_curve, digest=digest))


def make_template(
    certificate: x509.Certificate, others: Sequence[x509.Certificate], *, by_curve: bool, digest: Digest = "sha256"
) -> CmsTemplate:
    """Return what signatures by the certificate's key have in common: by an elliptic curve, or with RSA."""
    chain = [one.public_bytes(Encoding.DER) for one in (certificate, *others)]
    hashing = HASHINGS[digest]
    algorithm = hashing.ecdsa if by_curve else hashing.rsa
    # RFC 5816: ESSCertIDv2, whose default hash is SHA-256 and therefore not encoded.
    named = b"" if digest == "sha256" else hashing.identifier
    certificate_id = sequence(named, octets(hashlib.new(digest, chain[0]).digest()))
    fixed = (
        _attribute(_SIGNING_CERTIFICATE_V2, sequence(sequence(certificate_id))),
        # RFC 6211: an algorithm cannot be replaced by a weaker one without the signature failing.
        _attribute(_ALGORITHM_PROTECTION, sequence(hashing.identifier, b"\xa1" + algorithm[1:])),
    )
    identifier = sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))
    return CmsTemplate(b"".join(chain), identifier, fixed, algorithm, hashing)


def sign(
    signer: CmsSigner, content_type: str, digest: bytes, content: bytes | None, *, with_certificates: bool = True
) -> Unstamped:
    """Sign ``digest``, the signer's hash of the content; the content itself is put inside unless it is None (detached)."""
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
    hashed = template.hashing.identifier
    version = 1 if content_type == DATA else 3  # RFC 5652 5.1
    head = b"".join(
        (
            integer(version),
            set_of(hashed),
            sequence(oid(content_type), b"" if content is None else explicit(0, octets(content))),
            explicit(0, template.certificates) if with_certificates else b"",
        )
    )
    signer_head = b"".join(
        (integer(1), template.signer_identifier, hashed, b"\xa0" + signed[1:], template.algorithm, octets(signature))
    )
    return Unstamped(signature, head, signer_head)


def finish(unstamped: Unstamped, time_stamp: bytes | None = None) -> bytes:
    """Return the ContentInfo, with ``time_stamp`` (a token over the signature) as an unsigned attribute."""
    beside = b"" if time_stamp is None else explicit(1, _attribute(_TIME_STAMP_TOKEN, time_stamp))
    signers = tlv(0x31, sequence(unstamped.signer_head, beside))
    return sequence(_SIGNED_DATA, explicit(0, sequence(unstamped.head, signers)))


def _attribute(name: bytes, value: bytes) -> bytes:
    return sequence(name, set_of(value))
