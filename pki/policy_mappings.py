"""The PolicyMappings extension (RFC 5280 4.2.1.5) in DER: cryptography does not build it.

Left to others: which policies are mapped to which (``crosscert.constraints``).
"""

from __future__ import annotations

from collections.abc import Iterable

from asn1crypto import x509 as asn1_x509
from cryptography import x509

OID = x509.ObjectIdentifier("2.5.29.33")
ANY_POLICY = "2.5.29.32.0"


def policy_mappings(pairs: Iterable[tuple[str, str]]) -> x509.UnrecognizedExtension:
    """Return the extension that maps each issuer domain policy to a subject domain policy, in the order given.

    ``ValueError`` for none at all and for anyPolicy, which must not be mapped.
    """
    mappings = [{"issuer_domain_policy": ours, "subject_domain_policy": theirs} for ours, theirs in pairs]
    if not mappings or any(ANY_POLICY in mapping.values() for mapping in mappings):
        message = "policy mappings must name policies and never anyPolicy"
        raise ValueError(message)
    return x509.UnrecognizedExtension(OID, asn1_x509.PolicyMappings(mappings).dump())


def parse_policy_mappings(extension: x509.UnrecognizedExtension) -> tuple[tuple[str, str], ...]:
    """Return the pairs (issuer domain policy, subject domain policy); ``ValueError`` when the DER is not such an extension."""
    mappings = asn1_x509.PolicyMappings.load(extension.value, strict=True)
    return tuple((pair["issuer_domain_policy"].dotted, pair["subject_domain_policy"].dotted) for pair in mappings)
