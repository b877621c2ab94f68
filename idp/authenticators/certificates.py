"""Logging in by a certificate on a USB key: TLS proved the key, a path proves the certificate, its subject says whose it is.

The number (resident ID or credit code) stands in the subject's serialNumber, as the profiles ``person`` and ``staff`` have it. A county's
certificate counts as far as its cross-certificate and the policies let it. Left to others: whose word for the certificate is believed
(``service.proxies``), the path (``crosscert``), the session that follows (``interaction``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from crosscert.paths.certificates import parse_certificate
from idp.authenticators.errors import CERTIFICATE_MISSING, CERTIFICATE_REFUSED
from idp.ports import IdpDeps
from kernel.errors import Refusal
from kernel.identifiers import is_resident_id, is_uscc


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate that was shown in TLS: whose it says it is. Not yet believed."""

    certificate: x509.Certificate
    holder_id: str = field(repr=False)


def read(der: bytes | None) -> Shown:
    """Return whose certificate was shown; ``Refusal`` when there is none, or none of a person or organisation."""
    if der is None:
        raise Refusal(CERTIFICATE_MISSING)
    try:
        certificate = parse_certificate(der).x509
        numbers = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)]
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (Refusal, ValueError, x509.ExtensionNotFound):
        raise Refusal(CERTIFICATE_REFUSED) from None
    if len(numbers) != 1 or ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise Refusal(CERTIFICATE_REFUSED)
    if not (is_resident_id(numbers[0]) or is_uscc(numbers[0])):
        raise Refusal(CERTIFICATE_REFUSED)
    return Shown(certificate, numbers[0])


def verify(deps: IdpDeps, shown: Shown) -> tuple[str, ...]:
    """Return the ``amr`` of a login with it, by the first rule that it satisfies; ``Refusal`` when it satisfies none."""
    now = deps.clock.now()
    for rule in deps.policies.assurance.certificates:
        try:
            path = deps.trust.path(shown.certificate, at=now, levels=rule.level)
        except Refusal:
            continue
        if path.valid and (rule.other_nodes or deps.trust.node_of(path) == deps.node):
            return rule.amr
    raise Refusal(CERTIFICATE_REFUSED)
