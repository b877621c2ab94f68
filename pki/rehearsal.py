"""The document as it will be, under a seal that is worth nothing: what is looked at before the department's key signs.

Only the signature value differs. Its key and that of its time-stamp are thrown away with the process, and certified by nobody but
themselves. Left to others: looking (``licenses.lint``), the seal that counts (``seals``).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki import cms, tsa
from pki.cms import CmsSigner
from pki.seals import PreparedSeal
from pki.throwaway import throwaway

_FROM, _UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)


def rehearse(prepared: PreparedSeal, at: datetime) -> bytes:
    """Return the file that sealing ``prepared`` makes, but for the signature value; it can still be sealed."""
    authority = replace(prepared.authority, signers={"sha256": _signer("time-stamp")}, last=tsa.LastMoment(at))

    def value(digest: bytes) -> bytes:
        signed = cms.sign(_signer("seal"), cms.DATA, digest, None)
        return cms.finish(signed, tsa.stamp(authority, hashlib.sha256(signed.signature).digest(), at))

    return prepared.pdf.rehearse(value)


@lru_cache(maxsize=2)
def _signer(name: str) -> CmsSigner:
    key = throwaway("P-256")
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - what P-256 is
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"throwaway {name}")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    )
    return cms.make_signer(key, builder.sign(key, hashes.SHA256()))
