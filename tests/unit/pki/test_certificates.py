"""Certificates as RFC 5280 and the profiles want them, judged by openssl."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID

from kernel.clock import FixedClock
from kernel.errors import Misuse, Refusal
from pki import authority
from pki.certificates import Draft, Issuer, build, sign
from pki.names import x509_name
from pki.ports import PkiDeps
from pki.records import CertificateRecord, Names
from policies.certificates import policy_oid
from tests.support.pki import COUNTY, OpenSsl, certificate, chain_of, make_deps, pem

KEY = ec.generate_private_key(ec.SECP256R1())
PROFILES = ("department_seal", "person", "staff", "tls_server", "tls_client", "token_signer", "ocsp", "tsa")


def subject(name: str = "张三") -> Names:
    return (*COUNTY.names, ("OU", "市场监督管理局"), ("CN", name))


def issue(pki: PkiDeps, profile: str = "person", **options: object) -> CertificateRecord:
    if profile == "tls_server":  # without a name it would be refused
        options = {"dns_names": ("rp.chaoxin.test",), **options}
    return authority.issue(pki, profile, subject(), KEY.public_key(), **options)  # type: ignore[arg-type]


def uris(
    description: x509.AuthorityInformationAccess | x509.SubjectInformationAccess, method: x509.ObjectIdentifier
) -> list[str]:
    return [one.access_location.value for one in description if one.access_method == method]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_makes_a_certificate_that_openssl_validates_strictly(pki: PkiDeps, openssl: OpenSsl, profile: str) -> None:
    record = issue(pki, profile)
    level = pki.policies.profiles[profile].level
    oid = policy_oid(pki.policies, "445122", level)
    anchor, issuing = chain_of(pki)
    now = pki.clock.now()
    judged = openssl.verify(pem(record), anchor, issuing, now, "-explicit_policy", "-policy", oid)
    assert judged.returncode == 0, judged.stderr
    other = policy_oid(pki.policies, "445122", "high")
    assert openssl.verify(pem(record), anchor, issuing, now, "-explicit_policy", "-policy", other).returncode != 0


@pytest.mark.parametrize("profile", PROFILES)
def test_a_leaf_has_the_extensions_of_its_profile(pki: PkiDeps, profile: str) -> None:
    found = certificate(issue(pki, profile)).extensions
    rules = pki.policies.profiles[profile]
    constraints = found.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca
    usage = found.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    flags = {
        name for name in ("digital_signature", "content_commitment", "key_cert_sign", "crl_sign") if getattr(usage.value, name)
    }
    assert flags == set(rules.key_usage)
    assert [one.policy_identifier.dotted_string for one in found.get_extension_for_class(x509.CertificatePolicies).value] == [
        policy_oid(pki.policies, "445122", rules.level)
    ]
    issuing = certificate(authority.get_issuing(pki))
    ours = issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert found.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == ours
    assert found.get_extension_for_class(x509.SubjectKeyIdentifier)


def test_a_leaf_says_where_its_issuer_its_status_and_its_list_are(pki: PkiDeps) -> None:
    found = certificate(issue(pki)).extensions
    access = found.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert uris(access, Access.CA_ISSUERS) == [f"{COUNTY.url}/pki/issuing.cer"]
    assert uris(access, Access.OCSP) == [f"{COUNTY.url}/pki/ocsp"]
    (point,) = found.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [name.value for name in point.full_name or []] == [f"{COUNTY.url}/pki/issuing/1.crl"]


def test_the_time_stamp_certificate_is_for_nothing_else_and_says_so_critically(pki: PkiDeps) -> None:
    usage = certificate(issue(pki, "tsa")).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def test_the_responders_certificate_needs_no_status_of_its_own(pki: PkiDeps) -> None:
    found = certificate(issue(pki, "ocsp")).extensions
    assert found.get_extension_for_class(x509.OCSPNoCheck)
    assert list(found.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert uris(found.get_extension_for_class(x509.AuthorityInformationAccess).value, Access.OCSP) == []


def test_a_servers_names_stand_in_the_alternative_name(pki: PkiDeps) -> None:
    found = certificate(issue(pki, "tls_server", dns_names=("a.test", "b.test"))).extensions
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.test", "b.test"]


def test_the_cas_are_what_the_design_says(pki: PkiDeps) -> None:
    principal, issuing = certificate(authority.get_principal(pki)), certificate(authority.get_issuing(pki))
    assert principal.subject == principal.issuer == issuing.issuer
    assert principal.subject.rfc4514_string() == "CN=饶平县根CA,O=饶平县,L=潮州市,ST=广东省,C=CN"
    assert issuing.subject.rfc4514_string() == "CN=饶平县签发CA,O=饶平县,L=潮州市,ST=广东省,C=CN"
    for ca, length in ((principal, None), (issuing, 0)):
        found = ca.extensions
        assert found.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=length)
        usage = found.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.key_cert_sign
        assert usage.value.crl_sign
        assert not usage.value.digital_signature
        oids = {one.policy_identifier.dotted_string for one in found.get_extension_for_class(x509.CertificatePolicies).value}
        assert oids == {policy_oid(pki.policies, "445122", level) for level in pki.policies.levels}
        access = found.get_extension_for_class(x509.SubjectInformationAccess).value
        assert [one.access_location.value for one in access] == [f"{COUNTY.url}/pki/certs.p7c"]
    for absent in (x509.AuthorityInformationAccess, x509.CRLDistributionPoints):
        with pytest.raises(x509.ExtensionNotFound):
            principal.extensions.get_extension_for_class(absent)
        assert issuing.extensions.get_extension_for_class(absent)


def test_serials_are_long_positive_and_different(pki: PkiDeps) -> None:
    serials = {certificate(issue(pki)).serial_number for _ in range(20)}
    assert len(serials) == 20
    assert {serial.bit_length() for serial in serials} == {159}


def test_a_certificate_begins_a_minute_ago_and_lasts_as_long_as_its_profile(pki: PkiDeps) -> None:
    found = certificate(issue(pki))
    assert found.not_valid_before_utc == authority.get_issuing(pki).not_before
    pki.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]  # a FixedClock
    found = certificate(issue(pki))
    assert found.not_valid_before_utc == pki.clock.now() - timedelta(minutes=1)
    assert found.not_valid_after_utc - found.not_valid_before_utc == timedelta(days=1095)


def test_no_certificate_outlives_its_issuer(pki: PkiDeps, clock: FixedClock) -> None:
    end = authority.get_issuing(pki).not_after
    assert end < authority.get_principal(pki).not_after
    clock.moment = end - timedelta(days=100)
    assert certificate(issue(pki)).not_valid_after_utc == end


def test_an_expired_issuer_issues_nothing(pki: PkiDeps, clock: FixedClock) -> None:
    clock.moment = authority.get_issuing(pki).not_after
    with pytest.raises(Refusal, match="expired"):
        issue(pki)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["RSA-2048", "P-521", "secp256k1", "Ed25519"],
)
def test_a_key_that_the_profile_does_not_allow_is_refused(pki: PkiDeps, key: ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(Refusal, match="profile_unsuitable"):
        authority.issue(pki, "person", subject(), key.public_key())


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(public_exponent=65537, key_size=3072)],
    ids=["P-384", "RSA-3072"],
)
def test_a_stronger_key_than_the_profiles_is_certified(pki: PkiDeps, key: ec.EllipticCurvePrivateKey) -> None:
    assert certificate(authority.issue(pki, "person", subject(), key.public_key())).public_key() == key.public_key()


def test_profiles_of_cas_and_unknown_ones_are_not_for_leaves(pki: PkiDeps) -> None:
    with pytest.raises(Refusal, match="profile_unsuitable"):
        issue(pki, "issuing_ca")
    with pytest.raises(Misuse, match="unknown_profile"):
        issue(pki, "root")


def test_a_name_outside_of_the_node_is_refused(pki: PkiDeps) -> None:
    for names in ((*COUNTY.names[:3], ("CN", "张三")), (*COUNTY.names[:3], ("O", "潮安区"), ("CN", "张三")), COUNTY.names):
        with pytest.raises(Refusal, match="name_unsuitable"):
            authority.issue(pki, "person", names, KEY.public_key())


@pytest.mark.parametrize("algorithm", ["P-256", "P-384", "RSA-3072", "Ed25519"])
def test_a_ca_of_each_algorithm_signs_what_openssl_accepts(
    sqlite_engine: sa.Engine, tmp_path: Path, clock: FixedClock, openssl: OpenSsl, algorithm: str
) -> None:
    deps = make_deps(sqlite_engine, tmp_path, clock)
    key = deps.keys.create("ca", algorithm)  # type: ignore[arg-type]
    profile = deps.policies.profiles["principal_ca"].model_copy(update={"key_algorithm": algorithm})
    draft = Draft("principal_ca", profile, x509_name((*COUNTY.names, ("CN", "x"))), key.public_key())
    builder = build(draft, Issuer("principal", key, None), 1 << 158, clock.now(), node=COUNTY, policies=deps.policies)
    root = pem(sign(builder, key))
    assert openssl.verify(root, root, root, clock.now(), "-check_ss_sig").returncode == 0
