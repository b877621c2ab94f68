"""What the node signs, looked at before it is signed: by our checks, which find every planted fault, and by pkilint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import authority, certificates, crl, crl_der, issuance, lint, preparing
from pki import der_reader as der
from pki.authority import CrossCertificateTemplate
from pki.certificates import Draft, Issuer
from pki.lint import Wanted
from pki.names import x509_name
from pki.ports import PkiDeps
from pki.records import CertificateRecord, CertificateRequest, Intent
from pki.roles import get_credential, issuer_of
from policies.certificates import get_profile, policy_oid
from service.audit import SqlAuditTrail
from tests.support.pki import COUNTY, MemoryKeys, certificate, make_deps
from tests.support.pkilint import findings

KEY = ec.generate_private_key(ec.SECP256R1())
THROWAWAY = ec.generate_private_key(ec.SECP256R1())
PERSON = (*COUNTY.names, ("CN", "张三"))
ROLES = ("principal", "issuing", "ocsp", "ocsp_principal", "tsa", "node_signer")
LEAVES = ("department_seal", "person", "staff", "tls_server", "tls_client", "token_signer", "ocsp", "tsa")
NAMED = {"tls_server": {"dns_names": ("a.chaoxin.test",)}, "person": {"emails": ("a@chaoxin.test",)}}


def issuing(pki: PkiDeps) -> Issuer:
    return issuer_of(get_credential(pki, "issuing"))


def build(pki: PkiDeps, profile: str = "person", **more: Any) -> x509.CertificateBuilder:
    draft = Draft(
        profile, get_profile(pki.policies, profile), x509_name(PERSON), KEY.public_key(), **(NAMED.get(profile, {}) | more)
    )
    return certificates.build(draft, issuing(pki), 1 << 158, pki.clock.now(), node=pki.node, policies=pki.policies)


def wanted(pki: PkiDeps, profile: str = "person") -> Wanted:
    return preparing.Preparer(pki).wanted(profile, get_profile(pki.policies, profile), issuing(pki))


def faults(pki: PkiDeps, built: bytes | x509.CertificateBuilder, profile: str = "person") -> list[str]:
    content = built if isinstance(built, bytes) else built.sign(THROWAWAY, SHA256()).public_bytes(Encoding.DER)
    return [fault.code for fault in lint.find_faults(content, wanted(pki, profile))]


def crossed(pki: PkiDeps, city: PkiDeps) -> CertificateRecord:
    ours, theirs = (policy_oid(pki.policies, code, "basic") for code in ("445122", "445100"))
    other = certificate(authority.get_principal(city))
    template = CrossCertificateTemplate(other, 2, (city.node.names,), (ours,), ((ours, theirs),), 1, 365)
    return authority.issue_cross_certificate(pki, template)


def test_pkilint_finds_nothing_in_any_certificate_that_a_node_issues(
    sqlite_engine: sa.Engine, tmp_path: Path, clock: FixedClock, city: PkiDeps
) -> None:
    # pkilint wants a host with a domain, and its decoder stops at arcs of 32 bits where ours has a UUID's (X.667).
    made = make_deps(sqlite_engine, tmp_path, clock, replace(COUNTY, url="https://raoping.chaoxin.test"))
    pki = replace(made, keys=MemoryKeys(), policies=made.policies.model_copy(update={"arc": "1.3.6.1.4.1.59999"}))
    authority.initialise(pki)
    requests = [CertificateRequest(profile, PERSON, KEY.public_key(), **NAMED.get(profile, {})) for profile in LEAVES]
    records = [*authority.issue_many(pki, requests), crossed(pki, city)]
    records += [get_credential(pki, role).record for role in ROLES]
    assert {record.profile for record in records} == {*LEAVES, "principal_ca", "issuing_ca", "cross_certificate"}
    assert {record.profile: found for record in records if (found := findings(record.der))} == {}
    assert findings(without(build(pki), "2.5.29.35").sign(THROWAWAY, SHA256()).public_bytes(Encoding.DER)) != set()


@pytest.mark.parametrize("profile", LEAVES)
def test_a_certificate_as_it_should_be_has_no_fault(pki: PkiDeps, profile: str) -> None:
    assert faults(pki, build(pki, profile), profile) == []


def test_the_bytes_signed_are_the_bytes_looked_at(pki: PkiDeps) -> None:
    issuer, profile = issuing(pki), get_profile(pki.policies, "person")
    prepared = preparing.Preparer(pki)(build(pki), 1 << 158, "person", profile, issuer)
    record = preparing.sign(prepared, Intent("4" + "0" * 39, "", "person", "issuing", pki.clock.now()), issuer)
    looked_at, signed = (x509.load_der_x509_certificate(one) for one in (prepared.looked_at, record.der))
    assert looked_at.tbs_certificate_bytes == signed.tbs_certificate_bytes == prepared.tbs
    assert looked_at.signature != signed.signature
    signed.verify_directly_issued_by(certificate(authority.get_issuing(pki)))
    with pytest.raises(InvalidSignature):  # the throwaway key certifies nothing
        looked_at.verify_directly_issued_by(certificate(authority.get_issuing(pki)))


def without(builder: x509.CertificateBuilder, *oids: str) -> x509.CertificateBuilder:
    left = [one for one in builder._extensions if one.oid.dotted_string not in oids]
    return x509.CertificateBuilder(
        builder._issuer_name,
        builder._subject_name,
        builder._public_key,
        builder._serial_number,
        builder._not_valid_before,
        builder._not_valid_after,
        left,
    )


def having(oid: str, value: x509.ExtensionType, *, critical: bool = False) -> Callable[[x509.CertificateBuilder], Any]:
    return lambda builder: without(builder, oid).add_extension(value, critical)


def fields(**changes: Any) -> Callable[[x509.CertificateBuilder], Any]:
    def change(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        for name, value in changes.items():
            setattr(builder, f"_{name}", value)
        return builder

    return change


def name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def latin(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    printable = x509.NameAttribute(NameOID.COMMON_NAME, "Zhang", _type=x509.name._ASN1Type.PrintableString)
    builder._subject_name = x509.Name([*x509_name(COUNTY.names), printable])
    return builder


OTHER = ec.generate_private_key(ec.SECP256R1()).public_key()
USAGES = {"digital_signature": True, "content_commitment": False, "key_encipherment": False, "data_encipherment": False}
USAGES |= {"key_agreement": False, "key_cert_sign": False, "crl_sign": False, "encipher_only": False, "decipher_only": False}
ELSEWHERE = x509.UniformResourceIdentifier("http://elsewhere.test/pki/issuing.crl")
PLANTED: Sequence[tuple[str, Callable[[x509.CertificateBuilder], Any]]] = (
    ("serial", fields(serial_number=1 << 40)),
    ("issuer", fields(issuer_name=x509_name((*COUNTY.names, ("CN", "饶平县根CA"))))),
    ("validity", lambda builder: fields(not_valid_before=builder._not_valid_before - timedelta(days=1))(builder)),
    ("validity_length", lambda builder: fields(not_valid_after=builder._not_valid_after + timedelta(seconds=1))(builder)),
    ("subject", fields(subject_name=x509.Name([]))),
    ("subject", latin),
    (
        "subject",
        fields(
            subject_name=x509.Name([*x509_name(COUNTY.names), x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "长" * 65)])
        ),
    ),
    ("subtree", fields(subject_name=x509_name((*COUNTY.names[:3], ("O", "潮安区"), ("CN", "张三"))))),
    ("public_key", fields(public_key=rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key())),
    ("public_key", fields(public_key=ec.generate_private_key(ec.SECP521R1()).public_key())),
    ("subject_key_identifier", lambda builder: without(builder, "2.5.29.14")),
    ("subject_key_identifier", fields(public_key=OTHER)),
    ("authority_key_identifier", lambda builder: without(builder, "2.5.29.35")),
    ("authority_key_identifier", having("2.5.29.35", x509.AuthorityKeyIdentifier(bytes(20), None, None))),
    ("basic_constraints", having("2.5.29.19", x509.BasicConstraints(ca=True, path_length=None), critical=True)),
    ("criticality", having("2.5.29.19", x509.BasicConstraints(ca=False, path_length=None))),
    ("key_usage", lambda builder: without(builder, "2.5.29.15")),
    ("key_usage", having("2.5.29.15", x509.KeyUsage(**(USAGES | {"key_cert_sign": True})), critical=True)),
    ("key_usage", having("2.5.29.15", x509.KeyUsage(**(USAGES | {"content_commitment": True})), critical=True)),
    ("extended_key_usage", having("2.5.29.37", x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]))),
    ("extended_key_usage", lambda builder: builder.add_extension(x509.OCSPNoCheck(), critical=False)),
    ("certificate_policies", lambda builder: without(builder, "2.5.29.32")),
    (
        "certificate_policies",
        having("2.5.29.32", x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)])),
    ),
    ("authority_information_access", lambda builder: without(builder, "1.3.6.1.5.5.7.1.1")),
    ("crl_distribution_points", lambda builder: without(builder, "2.5.29.31")),
    (
        "crl_distribution_points",
        having("2.5.29.31", x509.CRLDistributionPoints([x509.DistributionPoint([ELSEWHERE], None, None, None)])),
    ),
    ("subject_alternative_name", having("2.5.29.17", x509.SubjectAlternativeName([x509.DNSName("a.chaoxin.test")]))),
    ("subject_alternative_name", having("2.5.29.17", x509.SubjectAlternativeName([x509.RFC822Name("A@CHAOXIN")]))),
    ("extensions", lambda builder: builder.add_extension(x509.InhibitAnyPolicy(0), critical=True)),
    (
        "extensions",
        lambda builder: builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0"), critical=False
        ),
    ),
    (
        "encoding",
        lambda builder: without(builder, "2.5.29.19").add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.19"), b"\x30\x03\x01\x01\x00"), critical=True
        ),
    ),
)


@pytest.mark.parametrize(("code", "plant"), PLANTED, ids=[f"{number}-{code}" for number, (code, _) in enumerate(PLANTED)])
def test_a_planted_fault_is_found(pki: PkiDeps, code: str, plant: Callable[[x509.CertificateBuilder], Any]) -> None:
    assert code in faults(pki, plant(build(pki)))


def test_a_signature_by_an_algorithm_that_is_not_the_cas_is_found(pki: PkiDeps) -> None:
    signed = build(pki).sign(ec.generate_private_key(ec.SECP384R1()), SHA384()).public_bytes(Encoding.DER)
    assert faults(pki, signed) == ["algorithm"]


def test_two_extensions_of_one_kind_are_found(pki: PkiDeps) -> None:
    builder = build(pki)
    builder._extensions.append(builder._extensions[0])
    assert "extensions" in faults(pki, builder)


def test_a_cross_certificate_without_its_limits_is_found(pki: PkiDeps, city: PkiDeps) -> None:
    record = crossed(pki, city)
    principal = certificate(authority.get_principal(pki))
    key = get_credential(pki, "principal").key.public_key()
    held_against = preparing.wanted_of(pki, "cross_certificate", None, principal, key)  # type: ignore[arg-type]
    assert lint.find_faults(record.der, held_against) == ()
    found = certificate(record)
    for missing in ("2.5.29.30", "2.5.29.33", "2.5.29.36", "2.5.29.54"):
        kept = [one for one in found.extensions if one.oid.dotted_string != missing]
        moments = found.not_valid_before_utc.replace(tzinfo=None), found.not_valid_after_utc.replace(tzinfo=None)
        builder = x509.CertificateBuilder(found.issuer, found.subject, found.public_key(), 1 << 158, *moments, kept)
        changed = certificates.sign(builder, ec.generate_private_key(ec.SECP384R1())).public_bytes(Encoding.DER)
        assert [fault.code for fault in lint.find_faults(changed, held_against)] == ["cross_certificate"]


def test_what_has_a_fault_is_refused_recorded_and_never_signed(pki: PkiDeps) -> None:
    profile = get_profile(pki.policies, "person").model_copy(update={"validity_days": 10})
    issuer, signed = issuing(pki), []

    class Watched:
        def sign(self, *arguments: Any) -> bytes:
            signed.append(arguments)
            return b""

        def public_key(self) -> Any:
            return issuer.key.public_key()

    draft = Draft("person", get_profile(pki.policies, "person"), x509_name(PERSON), KEY.public_key())
    good = authority.order_for(pki, draft, replace(issuer, key=Watched()), "account:7")  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="validity_length") as refused:
        issuance.issue(pki, replace(good, profile=profile))
    assert refused.value.code == "lint_fault"
    assert signed == []
    with pki.work.read() as work:
        assert work.records.certificates(profile="person") == []
        assert isinstance(work.audit, SqlAuditTrail)
        (last,) = work.audit.page(limit=1)
    assert (last.event.action, last.event.outcome, last.event.actor) == ("pki.issue", "refused", "account:7")
    assert last.event.details["faults"] == ["validity_length: longer than 10 days"]


def test_a_key_that_is_not_the_cas_signs_nothing(pki: PkiDeps) -> None:
    draft = Draft("person", get_profile(pki.policies, "person"), x509_name(PERSON), KEY.public_key())
    order = authority.order_for(pki, draft, replace(issuing(pki), key=THROWAWAY), "system")
    with pytest.raises(Refusal, match="issuer_key"):
        issuance.issue(pki, order)


def test_one_fault_in_a_batch_and_none_of_it_is_issued(pki: PkiDeps) -> None:
    good = [CertificateRequest("person", PERSON, KEY.public_key()) for _ in range(3)]
    with pytest.raises(Refusal, match="subject_alternative_name"):
        authority.issue_many(pki, [*good, CertificateRequest("person", PERSON, KEY.public_key(), ("a.chaoxin.test",))])
    with pki.work.read() as work:
        assert work.records.certificates(profile="person") == []
    assert len(authority.issue_many(pki, good)) == 3


# The reader, whatever the bytes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4), cut=st.integers(0, 40))
def test_a_certificate_that_was_broken_is_read_or_named_never_stumbled_over(
    pki: PkiDeps, changes: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(get_credential(pki, "tsa").record.der)
    for position, value in changes:
        content[position % len(content)] = value
    broken = bytes(content[: len(content) - cut])
    assert all(fault.code and fault.detail for fault in lint.find_faults(broken, wanted(pki, "tsa")))


@given(garbage=st.binary(max_size=300))
def test_garbage_is_no_der_or_read(garbage: bytes) -> None:
    with suppress(der.DerError):
        der.check(garbage)


@pytest.mark.parametrize(
    "encoded",
    [
        "0500",
        "0101ff",
        "020100",
        "0202ff7f",
        "02020080",
        "0303000102",
        "030204f0",
        "06032a0304",
        "0c03e6bda1",
        "130141",
        "3100",
        "048180" + "00" * 128,
    ],
)
def test_canonical_encodings_pass(encoded: str) -> None:
    der.check(bytes.fromhex(encoded))


@pytest.mark.parametrize(
    "encoded",
    [
        "050100",
        "010100",
        "010101",
        "0200",
        "02020001",
        "0202ffff",
        "0300",
        "03020401",
        "030108",
        "0600",
        "06022a80",
        "060380012a",
        "0c01ff",
        "130140",
        "170b323631313233303830305a",
        "30800000",
        "04810101",
        "0482000101",
        "0485000000000101",
        "310602010202010100",
        "1f0100",
        "3003020101ff",
        "30",
    ],
)
def test_other_encodings_are_named(encoded: str) -> None:
    with pytest.raises(der.DerError):
        der.check(bytes.fromhex(encoded))


def test_nesting_has_a_bound() -> None:
    content = b""
    for _ in range(25):
        content = bytes((0x30, len(content))) + content
    with pytest.raises(der.DerError, match="deeply"):
        der.check(content)


# Lists


def test_the_lists_that_are_published_have_no_fault(pki: PkiDeps) -> None:
    record = authority.issue(pki, "person", PERSON, KEY.public_key())
    authority.revoke(pki, record.serial, "key_compromise", pki.clock.now())
    principal, issuing = (certificate(get_credential(pki, ca).record) for ca in ("principal", "issuing"))
    for ca, other in ((principal, issuing), (issuing, principal)):
        listed = crl.current(pki, "principal" if ca is principal else "issuing").der
        lint.check_crl(listed, ca)
        with pytest.raises(Refusal, match="lint_fault"):
            lint.check_crl(listed, other)


def test_a_list_with_a_fault_is_not_signed(pki: PkiDeps) -> None:
    ca = get_credential(pki, "issuing")
    twice = crl_der.entry("7f", pki.clock.now(), "superseded") * 2
    number = [(x509.CRLNumber(1), False)]
    times = pki.clock.now(), pki.clock.now() + timedelta(days=1)
    with pytest.raises(Refusal, match="entries"):
        crl_der.build(
            ca.key, ca.certificate.subject, times, [twice], number, look=lambda der: lint.check_crl(der, ca.certificate)
        )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(position=st.integers(0, 2000), value=st.integers(0, 255), cut=st.integers(0, 30))
def test_a_list_that_was_broken_is_read_or_refused(pki: PkiDeps, position: int, value: int, cut: int) -> None:
    content = bytearray(crl.current(pki, "issuing").der)
    content[position % len(content)] = value
    with pytest.raises(Refusal, match="lint_fault"):
        lint.check_crl(bytes(content[: len(content) - cut]), certificate(authority.get_principal(pki)))
