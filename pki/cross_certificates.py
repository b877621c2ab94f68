"""The certificate by which this node's principal CA vouches for another's, within constraints (design: trust, 3).

Left to others: what the constraints ought to be and who agreed to them (``crosscert``), recording and storing (``authority``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from kernel.errors import Refusal
from kernel.nodes import Node
from pki.certificates import (
    Issuer,
    access_to_issuer,
    authority_key_identifier,
    distribution_points,
    key_usage,
    repository,
    validity,
)
from pki.errors import TEMPLATE_UNSUITABLE
from pki.names import is_within, x509_name
from pki.policy_mappings import ANY_POLICY, policy_mappings
from pki.records import Names, PublicKey

PROFILE = "cross_certificate"


@dataclass(frozen=True, slots=True)
class CrossCertificateTemplate:
    """What a cross-certificate is to say.

    ``certificate`` is the other principal CA's self-signed one: its subject and public key are certified. ``policies`` are OIDs
    of this node's domain, ``mappings`` pairs (this node's, the other's). ``validity_days`` is cut to what both CAs have left.
    """

    certificate: x509.Certificate
    path_length: int
    permitted_names: tuple[Names, ...]
    policies: tuple[str, ...]
    mappings: tuple[tuple[str, str], ...]
    inhibit_policy_mapping: int
    validity_days: int
    permitted_dns: tuple[str, ...] = ()
    permitted_uris: tuple[str, ...] = ()


def check_template(template: CrossCertificateTemplate, issuer: x509.Certificate, max_validity_days: int) -> None:
    """Refuse a template that would make a cross-certificate without one of the limits that each must have."""
    for problem, found in (
        ("path_length", template.path_length < 0),
        ("permitted_names", not template.permitted_names),
        ("policies", not template.policies or ANY_POLICY in template.policies),
        ("mappings", not template.mappings or any(ours not in template.policies for ours, _ in template.mappings)),
        ("mappings", any(ANY_POLICY in pair for pair in template.mappings)),
        ("inhibit_policy_mapping", template.inhibit_policy_mapping < 0),
        ("validity_days", not 0 < template.validity_days <= max_validity_days),
        ("permitted_dns", any(name.startswith(".") or not name for name in template.permitted_dns)),
    ):
        if found:
            raise Refusal(TEMPLATE_UNSUITABLE, field=problem, problem=problem)
    _check_other(template, issuer)


def _check_other(template: CrossCertificateTemplate, issuer: x509.Certificate) -> None:
    def refuse(*, problem: str) -> Refusal:
        return Refusal(TEMPLATE_UNSUITABLE, field="certificate", problem=problem)

    other = template.certificate
    try:
        other.verify_directly_issued_by(other)
        constraints = other.extensions.get_extension_for_class(x509.BasicConstraints).value
        other.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (ValueError, TypeError, InvalidSignature):
        raise refuse(problem="not self-signed") from None
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        raise refuse(problem="not a CA certificate") from None
    if not constraints.ca:
        raise refuse(problem="not a CA certificate")
    if other.subject == issuer.subject or other.public_key() == issuer.public_key():
        raise refuse(problem="this node's own CA")
    if not any(is_within(other.subject, x509_name(subtree)) for subtree in template.permitted_names):
        raise refuse(problem=f"{other.subject.rfc4514_string()} is outside of the permitted subtrees")


def build(template: CrossCertificateTemplate, issuer: Issuer, serial: int, at: datetime, node: Node) -> x509.CertificateBuilder:
    """Return the cross-certificate ready to be signed. The template has been checked."""
    if issuer.certificate is None:
        message = "a CA without a certificate cannot cross-certify"
        raise ValueError(message)
    other = template.certificate
    public_key: PublicKey = other.public_key()  # type: ignore[assignment]  # check_template verified a signature with it
    not_before, not_after = validity([issuer.certificate, other], at, template.validity_days)
    builder = (
        x509.CertificateBuilder()
        .serial_number(serial)
        .subject_name(other.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(public_key)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for extension, critical in _extensions(template, issuer, node):
        builder = builder.add_extension(extension, critical)
    return builder


def _extensions(template: CrossCertificateTemplate, issuer: Issuer, node: Node) -> list[tuple[x509.ExtensionType, bool]]:
    policies = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in template.policies]
    # The identifier that the other CA gave its own key: what that CA signs names it so.
    identifier = template.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return [
        (x509.BasicConstraints(ca=True, path_length=template.path_length), True),
        (key_usage(("key_cert_sign", "crl_sign")), True),
        (identifier, False),
        (authority_key_identifier(issuer), False),
        (x509.CertificatePolicies(policies), True),
        (policy_mappings(template.mappings), True),
        (_name_constraints(template), True),
        (x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=template.inhibit_policy_mapping), True),
        (x509.InhibitAnyPolicy(0), True),
        (access_to_issuer(node, "principal", ocsp=True), False),
        (distribution_points(node, "principal"), False),
        (repository(node), False),
    ]


def _name_constraints(template: CrossCertificateTemplate) -> x509.NameConstraints:
    permitted: list[x509.GeneralName] = [x509.DirectoryName(x509_name(names)) for names in template.permitted_names]
    permitted += [x509.DNSName(name) for name in template.permitted_dns]
    permitted += [x509.UniformResourceIdentifier(host) for host in template.permitted_uris]
    return x509.NameConstraints(permitted, None)
