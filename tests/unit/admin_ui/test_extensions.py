"""A certificate's extensions in plain lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asn1crypto.x509 import PolicyMappings
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from admin_ui.certificates import common_name, describe_record, state_of
from admin_ui.extensions import describe_extensions
from pki.records import CertificateRecord

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CITY = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.LOCALITY_NAME, "潮州市")])


def make(*extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(CITY)
        .issuer_name(CITY)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hashes.SHA256())


def lines(extension: x509.ExtensionType, *, critical: bool = False) -> list[str]:
    (described,) = describe_extensions(make((extension, critical)))
    assert described.critical is critical
    return list(described.lines)


def test_constraints_are_written_in_the_standards_words() -> None:
    assert lines(x509.BasicConstraints(ca=True, path_length=0), critical=True) == ["cA TRUE", "pathLenConstraint 0"]
    assert lines(x509.BasicConstraints(ca=False, path_length=None)) == ["cA FALSE"]
    assert lines(x509.NameConstraints([x509.DirectoryName(CITY)], None), critical=True) == ["permittedSubtrees L=潮州市,C=CN"]
    assert lines(x509.PolicyConstraints(0, 2)) == ["requireExplicitPolicy 0", "inhibitPolicyMapping 2"]
    assert lines(x509.PolicyConstraints(0, None)) == ["requireExplicitPolicy 0"]
    assert lines(x509.InhibitAnyPolicy(0)) == ["skipCerts 0"]


def test_usages_policies_and_addresses_are_listed() -> None:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    assert lines(usage, critical=True) == ["digitalSignature, keyCertSign, cRLSign"]
    assert lines(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ObjectIdentifier("1.2.3.4")])) == [
        "timeStamping",
        "1.2.3.4",
    ]
    policies = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("2.25.7.445100.2"), None)])
    assert lines(policies) == ["2.25.7.445100.2"]
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://localhost/pki/issuing.crl")], None, None, None)
    assert lines(x509.CRLDistributionPoints([point])) == ["http://localhost/pki/issuing.crl"]


def test_policy_mappings_name_both_domains() -> None:
    der = PolicyMappings([{"issuer_domain_policy": "2.25.7.445122.2", "subject_domain_policy": "2.25.7.445100.2"}]).dump()
    mappings = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.33"), der)
    assert lines(mappings) == ["2.25.7.445122.2 → 2.25.7.445100.2"]


def test_an_extension_that_nobody_knows_is_shown_by_number_and_bytes() -> None:
    (described,) = describe_extensions(make((x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), False)))
    assert (described.name, list(described.lines)) == ("1.2.3.4.5", ["0500"])


def record(**changes: object) -> CertificateRecord:
    values: dict[str, object] = {
        "serial": "01",
        "sha256": "00",
        "subject": "CN=饶平县根CA,O=饶平县,C=CN",
        "issuer": "CN=饶平县根CA,O=饶平县,C=CN",
        "profile": "principal_ca",
        "ca": "principal",
        "not_before": NOW,
        "not_after": NOW + timedelta(days=1),
        "der": b"",
    }
    return CertificateRecord(**{**values, **changes})  # type: ignore[arg-type]


def test_a_certificate_is_called_by_its_common_name() -> None:
    assert describe_record(record(), NOW).name == "饶平县根CA"
    assert common_name("O=饶平县,L=潮州市,C=CN") == "饶平县"
    assert common_name("CN=a\\,b,C=CN") == "a,b"
    assert common_name("no name at all") == "no name at all"


def test_revocation_counts_before_dates_and_both_ends_are_inclusive() -> None:
    one = timedelta(seconds=1)
    assert state_of(record(), NOW - one) == "future"
    assert state_of(record(), NOW) == "valid"
    assert state_of(record(), NOW + timedelta(days=1)) == "valid"
    assert state_of(record(), NOW + timedelta(days=1) + one) == "expired"
    assert state_of(record(revoked_at=NOW), NOW + timedelta(days=2)) == "revoked"
    assert state_of(record(revoked_at=NOW + one), NOW) == "valid"
