"""A certificate between being built and being signed: the bytes that are looked at are the bytes that are signed.

The certificate is signed with a throwaway key of the same kind as the CA's. Its TBSCertificate, in which nothing tells of that key, is
what the CA then signs, octet by octet.

Left to others: the order of steps (``issuance``), what is looked at (``lint``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.errors import Refusal
from pki import certificates
from pki import der_reader as der
from pki.certificates import Issuer, algorithm_of
from pki.der import sequence
from pki.life_errors import LINT_FAULT
from pki.lint.parts import Wanted, as_digits
from pki.names import x509_name
from pki.ports import PkiDeps
from pki.records import CertificateRecord, Intent, PublicKey
from pki.signing import signed
from pki.throwaway import throwaway
from policies.models import Profile


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a CA is about to sign: ``tbs``, as it stands in ``looked_at`` under a throwaway signature."""

    serial: int
    certificate: x509.Certificate
    looked_at: bytes
    tbs: bytes


class Preparer:
    """Prepares the certificates of one batch; what they are held against is put together once for each profile."""

    def __init__(self, deps: PkiDeps) -> None:
        self._deps = deps
        self._wanted: dict[tuple[str, int], Wanted] = {}

    def __call__(
        self, builder: x509.CertificateBuilder, serial: int, profile_name: str, profile: Profile | None, issuer: Issuer
    ) -> Prepared:
        """Return what was built with the signature of a throwaway key."""
        algorithm = self.wanted(profile_name, profile, issuer).signature
        certificate = certificates.sign(builder, throwaway(algorithm))
        looked_at = certificate.public_bytes(Encoding.DER)
        _, tbs = der.elements(der.read(looked_at, der.SEQUENCE))[0]
        return Prepared(serial, certificate, looked_at, sequence(tbs))

    def wanted(self, profile_name: str, profile: Profile | None, issuer: Issuer) -> Wanted:
        """Return what a certificate of this profile by this issuer is held against."""
        key = (profile_name, id(issuer))
        found = self._wanted.get(key)
        if found is None:
            found = self._wanted[key] = wanted_of(self._deps, profile_name, profile, issuer.certificate, issuer.key.public_key())
        return found


def wanted_of(
    deps: PkiDeps, profile_name: str, profile: Profile | None, issuer: x509.Certificate | None, key: PublicKey
) -> Wanted:
    """Return what a certificate signed by ``key`` is held against; ``issuer`` is None for one that signs itself.

    ``Refusal(lint_fault)`` when the key is not the one in the issuer's certificate, or of no kind that signs here.
    """
    algorithm = algorithm_of(key)
    if algorithm is None or (issuer is not None and issuer.public_key() != key):
        raise Refusal(LINT_FAULT, finding="issuer_key", problem="not the key of the CA's certificate")
    subtree = der.read(x509_name(deps.node.names).public_bytes(), der.SEQUENCE)
    if issuer is None:
        return Wanted(deps.node, deps.policies, profile_name, profile, subtree, algorithm, None, None, None)
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return Wanted(
        deps.node,
        deps.policies,
        profile_name,
        profile,
        subtree,
        algorithm,
        der.read(issuer.subject.public_bytes(), der.SEQUENCE),
        identifier,
        (as_digits(issuer.not_valid_before_utc), as_digits(issuer.not_valid_after_utc)),
    )


def sign(prepared: Prepared, intent: Intent, issuer: Issuer) -> CertificateRecord:
    """Sign exactly what was prepared, with the CA's own key."""
    certificate = signed(issuer.key, prepared.tbs)
    by = prepared.certificate.subject if issuer.certificate is None else issuer.certificate.subject
    return CertificateRecord(
        serial=intent.serial,
        sha256=hashlib.sha256(certificate).hexdigest(),
        subject=intent.subject,
        issuer=_text(by),
        profile=intent.profile,
        ca=intent.ca,
        not_before=prepared.certificate.not_valid_before_utc,
        not_after=prepared.certificate.not_valid_after_utc,
        der=certificate,
        partition=intent.partition,
    )


@lru_cache(maxsize=16)
def _text(name: x509.Name) -> str:
    return name.rfc4514_string()
