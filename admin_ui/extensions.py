"""A certificate's extensions in plain lines, by RFC 5280's own words, so that an admin can read what a constraint says.

Left to others: deciding by them (``crosscert.paths``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto.x509 import PolicyMappings
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

_USAGES = (
    ("digital_signature", "digitalSignature"),
    ("content_commitment", "contentCommitment"),
    ("key_encipherment", "keyEncipherment"),
    ("data_encipherment", "dataEncipherment"),
    ("key_agreement", "keyAgreement"),
    ("key_cert_sign", "keyCertSign"),
    ("crl_sign", "cRLSign"),
)


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension in plain lines; ``name`` is the standard's own (``basicConstraints``), its OID when the standard has none."""

    oid: str
    name: str
    critical: bool
    lines: Sequence[str]


def describe_extensions(certificate: x509.Certificate) -> list[Extension]:
    """Return every extension of ``certificate`` in the order in which it stands there; unknown ones by OID and hexadecimal."""
    return [_describe(extension) for extension in certificate.extensions]


def _describe(extension: x509.Extension[Any]) -> Extension:
    oid, value = extension.oid.dotted_string, extension.value
    named = extension.oid._name  # noqa: SLF001 - the library's only name for it
    name = oid if named == "Unknown OID" else named
    if extension.oid == ExtensionOID.POLICY_MAPPINGS:
        lines = _policy_mappings(value)
    else:
        reader = _READERS.get(type(value))
        lines = reader(value) if reader else [value.public_bytes().hex()]
    return Extension(oid, name, extension.critical, lines)


def _basic_constraints(value: x509.BasicConstraints) -> list[str]:
    return [f"cA {str(value.ca).upper()}", *([f"pathLenConstraint {value.path_length}"] if value.path_length is not None else [])]


def _key_usage(value: x509.KeyUsage) -> list[str]:
    return [", ".join(name for attribute, name in _USAGES if getattr(value, attribute))]


def _purposes(value: x509.ExtendedKeyUsage) -> list[str]:
    return [
        purpose.dotted_string if purpose._name == "Unknown OID" else purpose._name  # noqa: SLF001 - as above
        for purpose in value
    ]


def _policies(value: x509.CertificatePolicies) -> list[str]:
    return [policy.policy_identifier.dotted_string for policy in value]


def _policy_mappings(value: x509.ExtensionType) -> list[str]:
    mappings = PolicyMappings.load(value.public_bytes()).native
    return [f"{mapping['issuer_domain_policy']} → {mapping['subject_domain_policy']}" for mapping in mappings]


def _name_constraints(value: x509.NameConstraints) -> list[str]:
    permitted = [f"permittedSubtrees {_general_name(name)}" for name in value.permitted_subtrees or ()]
    return permitted + [f"excludedSubtrees {_general_name(name)}" for name in value.excluded_subtrees or ()]


def _policy_constraints(value: x509.PolicyConstraints) -> list[str]:
    pairs = (
        ("requireExplicitPolicy", value.require_explicit_policy),
        ("inhibitPolicyMapping", value.inhibit_policy_mapping),
    )
    return [f"{name} {number}" for name, number in pairs if number is not None]


def _access(value: x509.AuthorityInformationAccess | x509.SubjectInformationAccess) -> list[str]:
    return [f"{entry.access_method._name} {_general_name(entry.access_location)}" for entry in value]  # noqa: SLF001 - as above


def _distribution_points(value: x509.CRLDistributionPoints) -> list[str]:
    return [_general_name(name) for point in value for name in point.full_name or ()]


def _authority_key(value: x509.AuthorityKeyIdentifier) -> list[str]:
    return [value.key_identifier.hex()] if value.key_identifier else []


def _general_name(name: x509.GeneralName) -> str:
    value = name.value
    return value.rfc4514_string() if isinstance(value, x509.Name) else str(value)


_READERS: dict[type[Any], Callable[[Any], list[str]]] = {
    x509.BasicConstraints: _basic_constraints,
    x509.KeyUsage: _key_usage,
    x509.ExtendedKeyUsage: _purposes,
    x509.CertificatePolicies: _policies,
    x509.NameConstraints: _name_constraints,
    x509.PolicyConstraints: _policy_constraints,
    x509.InhibitAnyPolicy: lambda value: [f"skipCerts {value.skip_certs}"],
    x509.AuthorityInformationAccess: _access,
    x509.SubjectInformationAccess: _access,
    x509.CRLDistributionPoints: _distribution_points,
    x509.AuthorityKeyIdentifier: _authority_key,
    x509.SubjectKeyIdentifier: lambda value: [value.digest.hex()],
    x509.SubjectAlternativeName: lambda value: [_general_name(name) for name in value],
    x509.OCSPNoCheck: lambda _value: [],
}
