"""From a profile of the policies to an X.509 certificate (RFC 5280). Everything that a node signs gets its extensions here.

Left to others: recording that a certificate is about to be signed (``issuance``), whose name may be certified (``authority``),
the constraints of cross-certificates (``cross_certificates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, SubjectInformationAccessOID

from kernel.errors import Refusal
from kernel.nodes import Node
from pki.errors import PROFILE_UNSUITABLE
from pki.records import CaName, PrivateKey, PublicKey
from policies.certificates import policy_oid
from policies.models import CertificatePolicies, ExtendedKeyUsage, KeyAlgorithm, Profile

BACKDATED = timedelta(minutes=1)
"""A relying party's clock may be a little slow: not_before lies this long before the moment of signing."""

EXTENDED_KEY_USAGES: dict[ExtendedKeyUsage, x509.ObjectIdentifier] = {
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "time_stamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "document_signing": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # RFC 9336
}
_RSA_BITS = range(3072, 8193)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA that can sign. ``certificate`` is None while the principal CA signs itself.

    ``partition`` is where the certificate about to be issued is listed beside the complete list, 0 for nowhere.
    """

    ca: CaName
    key: PrivateKey
    certificate: x509.Certificate | None
    partition: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be certified, all but the serial and the signature."""

    profile_name: str
    profile: Profile
    subject: x509.Name
    public_key: PublicKey
    dns_names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


def build(
    draft: Draft, issuer: Issuer, serial: int, at: datetime, *, node: Node, policies: CertificatePolicies
) -> x509.CertificateBuilder:
    """Return the certificate for ``draft`` ready to be signed: valid from ``at`` on, never longer than its issuer."""
    check_key(draft.profile_name, draft.profile, draft.public_key)
    not_before, not_after = validity([issuer.certificate] if issuer.certificate else [], at, draft.profile.validity_days)
    # Every field at once: adding them one by one costs as much as signing.
    return x509.CertificateBuilder(
        issuer_name=issuer.certificate.subject if issuer.certificate else draft.subject,
        subject_name=draft.subject,
        public_key=draft.public_key,
        serial_number=serial,
        not_valid_before=not_before.replace(tzinfo=None),
        not_valid_after=not_after.replace(tzinfo=None),
        extensions=_extensions(draft, issuer, node, policies),
    )


def sign(builder: x509.CertificateBuilder, key: PrivateKey) -> x509.Certificate:
    """Sign what was built."""
    return builder.sign(key, hash_for(key))


def hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | None:
    """Return the hash that goes with a signing key; Ed25519 has its own."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256:  # noqa: PLR2004 - P-384
        return hashes.SHA384()
    return hashes.SHA256()


def validity(issuers: Sequence[x509.Certificate], at: datetime, days: int) -> tuple[datetime, datetime]:
    """Return not_before and not_after: ``days`` long, inside the validity of every one of ``issuers``.

    ``Refusal`` when nothing is left of it.
    """
    not_before = max([at.replace(microsecond=0) - BACKDATED, *(issuer.not_valid_before_utc for issuer in issuers)])
    not_after = min([not_before + timedelta(days=days), *(issuer.not_valid_after_utc for issuer in issuers)])
    if not_after <= at:
        raise Refusal(PROFILE_UNSUITABLE, profile="-", problem="the issuing CA has expired")
    return not_before, not_after


def check_key(profile_name: str, profile: Profile, public_key: PublicKey) -> None:
    """Refuse a key of a kind that the profile does not accept."""
    accepted = (profile.key_algorithm, *profile.also_accepted)
    if algorithm_of(public_key) not in accepted:
        problem = f"the key must be {' / '.join(accepted)}"
        raise Refusal(PROFILE_UNSUITABLE, field="public_key", profile=profile_name, problem=problem)


def algorithm_of(public_key: PublicKey) -> KeyAlgorithm | None:
    """Return what kind of key this is; None for one that no profile accepts."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        curves: dict[str, KeyAlgorithm] = {"secp256r1": "P-256", "secp384r1": "P-384"}
        return curves.get(public_key.curve.name)
    if isinstance(public_key, rsa.RSAPublicKey):
        return "RSA-3072" if public_key.key_size in _RSA_BITS else None
    return "Ed25519"


def is_of_kind(certificate: x509.Certificate, profile: Profile) -> bool:
    """Tell whether a certificate of the node's own has the kind of key that its profile makes now."""
    return algorithm_of(cast("PublicKey", certificate.public_key())) == profile.key_algorithm


def _extensions(draft: Draft, issuer: Issuer, node: Node, policies: CertificatePolicies) -> list[x509.Extension[Any]]:
    key_identifier = x509.SubjectKeyIdentifier.from_public_key(draft.public_key)
    place = None if issuer.certificate is None else (issuer.ca, issuer.partition)
    fixed = _fixed_extensions(draft.profile, place, node, _Same(policies))
    found = [_extension(key_identifier), _extension(authority_key_identifier(issuer)), *fixed]
    if names := [*map(x509.DNSName, draft.dns_names), *map(x509.RFC822Name, draft.emails)]:
        found.append(_extension(x509.SubjectAlternativeName(names)))
    return found


def _extension(value: x509.ExtensionType, *, critical: bool = False) -> x509.Extension[Any]:
    return x509.Extension(value.oid, critical, value)


@dataclass(frozen=True, slots=True)
class _Same:
    """The policies as a key of what is kept: there is one value of them in a process."""

    policies: CertificatePolicies

    def __hash__(self) -> int:
        return id(self.policies)


@lru_cache(maxsize=64)
def _fixed_extensions(
    profile: Profile, place: tuple[CaName, int] | None, node: Node, rules: _Same
) -> tuple[x509.Extension[Any], ...]:
    """Return what is the same in every certificate of a profile by one CA in one partition, encoded once. A root has no ``place``."""
    is_ca = profile.kind != "end_entity"
    found = [
        _extension(x509.BasicConstraints(is_ca, profile.path_length if is_ca else None), critical=True),
        _extension(key_usage(profile.key_usage), critical=True),
        _extension(_policies(profile, node, rules.policies)),
    ]
    if profile.extended_key_usage:
        usages = x509.ExtendedKeyUsage([EXTENDED_KEY_USAGES[usage] for usage in profile.extended_key_usage])
        found.append(_extension(usages, critical=profile.extended_key_usage_critical))
    if profile.no_check:  # RFC 6960 4.2.2.2.1: nobody asks a responder about its own certificate
        found.append(_extension(x509.OCSPNoCheck()))
    if place is not None:
        found.append(_extension(access_to_issuer(node, place[0], ocsp=not profile.no_check)))
        found.append(_extension(distribution_points(node, *place)))
    if is_ca:
        found.append(_extension(repository(node)))
    return tuple(
        x509.Extension(one.oid, one.critical, x509.UnrecognizedExtension(one.oid, one.value.public_bytes())) for one in found
    )


def key_usage(usages: Sequence[str]) -> x509.KeyUsage:
    """Return the KeyUsage extension with exactly ``usages`` set."""
    return x509.KeyUsage(
        digital_signature="digital_signature" in usages,
        content_commitment="content_commitment" in usages,
        key_encipherment="key_encipherment" in usages,
        data_encipherment=False,
        key_agreement="key_agreement" in usages,
        key_cert_sign="key_cert_sign" in usages,
        crl_sign="crl_sign" in usages,
        encipher_only=False,
        decipher_only=False,
    )


def authority_key_identifier(issuer: Issuer) -> x509.AuthorityKeyIdentifier:
    """Return the AuthorityKeyIdentifier that names the issuer by the identifier in its own certificate."""
    if issuer.certificate is None:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return _named_by(issuer.certificate)


@lru_cache(maxsize=16)
def _named_by(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def access_to_issuer(node: Node, ca: CaName, *, ocsp: bool) -> x509.AuthorityInformationAccess:
    """Return where the CA's certificate and, with ``ocsp``, its responder are found."""
    where = [(AuthorityInformationAccessOID.CA_ISSUERS, f"{node.url}/pki/{ca}.cer")]
    if ocsp:
        where.insert(0, (AuthorityInformationAccessOID.OCSP, f"{node.url}/pki/ocsp"))
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in where]
    )


def distribution_points(node: Node, ca: CaName, partition: int = 0) -> x509.CRLDistributionPoints:
    """Return where the revocation list that speaks for the certificate is found."""
    url = x509.UniformResourceIdentifier(list_url(node, ca, partition))
    return x509.CRLDistributionPoints([x509.DistributionPoint([url], None, None, None)])


def list_url(node: Node, ca: CaName, partition: int = 0) -> str:
    """Return the address of a CA's complete list, or of a partition's; a partition's list bears the same one (RFC 5280 5.2.5)."""
    return f"{node.url}/pki/{ca}/{partition}.crl" if partition else f"{node.url}/pki/{ca}.crl"


def repository(node: Node) -> x509.SubjectInformationAccess:
    """Return where a CA publishes the CA certificates that it issued."""
    url = x509.UniformResourceIdentifier(f"{node.url}/pki/certs.p7c")
    return x509.SubjectInformationAccess([x509.AccessDescription(SubjectInformationAccessOID.CA_REPOSITORY, url)])


def _policies(profile: Profile, node: Node, policies: CertificatePolicies) -> x509.CertificatePolicies:
    levels = tuple(policies.levels) if profile.level == "all" else (profile.level,)
    oids = [x509.ObjectIdentifier(policy_oid(policies, node.code, level)) for level in levels]
    return x509.CertificatePolicies([x509.PolicyInformation(oid, None) for oid in oids])
