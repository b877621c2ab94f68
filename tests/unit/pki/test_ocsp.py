"""OCSP answers as openssl verifies them: good, revoked, unknown for what was never issued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.clock import FixedClock, timestamp
from pki import authority, crl, ocsp, ocsp_der, revocation
from pki.der import explicit, octets, oid, sequence, tlv
from pki.ports import PkiDeps
from pki.records import CertificateRecord
from pki.roles import get_credential
from tests.support.pki import COUNTY, OpenSsl, certificate, chain_of, pem

KEY = ec.generate_private_key(ec.SECP256R1())
PERSON = (*COUNTY.names, ("CN", "张三"))


@pytest.fixture
def person(pki: PkiDeps) -> CertificateRecord:
    return authority.issue(pki, "person", PERSON, KEY.public_key())


def issuer_of(pki: PkiDeps, record: CertificateRecord) -> x509.Certificate:
    return certificate(authority.get_principal(pki) if record.ca == "principal" else authority.get_issuing(pki))


def request(
    pki: PkiDeps,
    record: CertificateRecord,
    algorithm: hashes.HashAlgorithm | None = None,
    extensions: Sequence[x509.ExtensionType] = (),
) -> bytes:
    builder = x509_ocsp.OCSPRequestBuilder().add_certificate(
        certificate(record),
        issuer_of(pki, record),
        algorithm or hashes.SHA1(),  # noqa: S303 - what clients send; it identifies, it does not protect
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.build().public_bytes(Encoding.DER)


def asked(pki: PkiDeps, der: bytes) -> x509_ocsp.OCSPResponse:
    return x509_ocsp.load_der_ocsp_response(ocsp.answer(pki, der).der)


def by_openssl(openssl: OpenSsl, pki: PkiDeps, record: CertificateRecord, *serials: str) -> str:
    """Let openssl make a request and verify the answer to it."""
    anchor, issuing = chain_of(pki)
    issuer = openssl.file("issuer.pem", anchor if record.ca == "principal" else issuing)
    about = [part for serial in serials for part in ("-serial", f"0x{serial}")] or ["-cert", openssl.file("c.pem", pem(record))]
    file = str(openssl.folder / "request.der")
    made = openssl.run("ocsp", "-no_nonce", "-issuer", issuer, *about, "-reqout", file)
    assert made.returncode == 0, made.stderr
    response = openssl.file("response.der", ocsp.answer(pki, (openssl.folder / "request.der").read_bytes()).der)
    trust = ("-CAfile", openssl.file("anchor.pem", anchor), "-verify_other", openssl.file("i.pem", issuing))
    at = ("-attime", str(timestamp(pki.clock.now())), "-validity_period", "100000000")
    judged = openssl.run("ocsp", "-no_nonce", "-respin", response, "-issuer", issuer, *about, *trust, *at)
    return (judged.stdout + judged.stderr).decode()


def test_openssl_verifies_a_good_answer(pki: PkiDeps, openssl: OpenSsl, person: CertificateRecord) -> None:
    said = by_openssl(openssl, pki, person)
    assert "Response verify OK" in said
    assert ": good" in said


def test_openssl_verifies_an_answer_about_a_ca_by_the_principals_own_responder(pki: PkiDeps, openssl: OpenSsl) -> None:
    said = by_openssl(openssl, pki, authority.get_issuing(pki))
    assert "Response verify OK" in said
    assert ": good" in said


def test_openssl_reads_when_and_why_a_certificate_was_revoked(
    pki: PkiDeps, openssl: OpenSsl, person: CertificateRecord, clock: FixedClock
) -> None:
    authority.revoke(pki, person.serial, "key_compromise", clock.now())
    said = by_openssl(openssl, pki, person)
    assert "Response verify OK" in said
    assert ": revoked" in said
    assert "keyCompromise" in said
    found = asked(pki, request(pki, person))
    assert (found.revocation_time_utc, found.revocation_reason) == (clock.now(), x509.ReasonFlags.key_compromise)


def test_a_serial_that_was_never_issued_is_unknown(pki: PkiDeps, openssl: OpenSsl, person: CertificateRecord) -> None:
    assert ": unknown" in by_openssl(openssl, pki, person, "7F00112233445566778899AABBCCDDEEFF001122")
    # also when it is a serial of the node's other CA
    assert ": unknown" in by_openssl(openssl, pki, person, authority.get_issuing(pki).serial)


def test_a_serial_whose_signing_was_abandoned_is_revoked_and_one_being_signed_unknown(
    pki: PkiDeps, person: CertificateRecord, clock: FixedClock
) -> None:
    other = authority.issue(pki, "person", PERSON, KEY.public_key())
    with pki.work.begin() as work:
        table = work.records._connection  # type: ignore[attr-defined]
        table.exec_driver_sql(f"UPDATE pki_certificates SET state='intent' WHERE serial='{other.serial}'")  # noqa: S608
    assert asked(pki, request(pki, other)).certificate_status is OCSPCertStatus.UNKNOWN
    clock.moment = clock.moment.replace(hour=9)
    crl.refresh_due(pki)
    assert asked(pki, request(pki, other)).certificate_status is OCSPCertStatus.REVOKED
    assert asked(pki, request(pki, person)).certificate_status is OCSPCertStatus.GOOD


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])  # noqa: S303
def test_the_issuer_may_be_named_by_any_usual_hash(
    pki: PkiDeps, person: CertificateRecord, algorithm: hashes.HashAlgorithm
) -> None:
    found = asked(pki, request(pki, person, algorithm))
    assert found.certificate_status is OCSPCertStatus.GOOD
    assert found.serial_number == int(person.serial, 16)


def test_the_answer_is_fresh_and_names_its_responder_by_key(pki: PkiDeps, person: CertificateRecord, clock: FixedClock) -> None:
    found = asked(pki, request(pki, person))
    responder = get_credential(pki, "ocsp").certificate
    assert found.this_update_utc == clock.now()
    assert found.next_update_utc is not None
    assert (found.next_update_utc - found.this_update_utc).total_seconds() == pki.policies.revocation.ocsp_valid_seconds
    assert found.responder_key_hash is not None
    assert found.certificates == [responder]
    assert responder.extensions.get_extension_for_class(x509.OCSPNoCheck)


@pytest.mark.parametrize("length", [1, 8, 32, 128])
def test_a_nonce_comes_back(pki: PkiDeps, person: CertificateRecord, length: int) -> None:
    found = asked(pki, request(pki, person, extensions=[x509.OCSPNonce(b"n" * length)]))
    assert found.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * length


def test_openssl_checks_the_nonce_that_it_sent(pki: PkiDeps, openssl: OpenSsl, person: CertificateRecord) -> None:
    anchor, issuing = (openssl.file(name, content) for name, content in zip("ai", chain_of(pki), strict=True))
    made = openssl.run("ocsp", "-issuer", issuing, "-cert", openssl.file("c.pem", pem(person)), "-reqout", "request.der")
    assert made.returncode == 0
    for sent, verdict in ((True, "verify OK"), (False, "Nonce Verify error")):
        der = (openssl.folder / "request.der").read_bytes() if sent else request(pki, person, None, [x509.OCSPNonce(b"other")])
        openssl.file("response.der", ocsp.answer(pki, der).der)
        at = ("-attime", str(timestamp(pki.clock.now())), "-validity_period", "100000000")
        judged = openssl.run(
            "ocsp", "-reqin", "request.der", "-respin", "response.der", "-CAfile", anchor, "-verify_other", issuing, *at
        )
        assert verdict in judged.stderr.decode()


def test_without_a_nonce_there_is_none(pki: PkiDeps, person: CertificateRecord) -> None:
    assert len(asked(pki, request(pki, person)).extensions) == 0


@pytest.mark.parametrize("length", [0, 129, 5000])
def test_a_nonce_of_a_length_that_the_rfc_forbids_is_malformed(pki: PkiDeps, person: CertificateRecord, length: int) -> None:
    found = asked(pki, request(pki, person, extensions=[x509.OCSPNonce(b"n" * length)]))
    assert found.response_status is OCSPResponseStatus.MALFORMED_REQUEST


def test_another_cas_certificate_is_not_ours_to_speak_of(pki: PkiDeps, person: CertificateRecord) -> None:
    built = x509_ocsp.OCSPRequestBuilder().add_certificate_by_hash(bytes(32), bytes(32), int(person.serial, 16), hashes.SHA256())
    found = asked(pki, built.build().public_bytes(Encoding.DER))
    assert found.response_status is OCSPResponseStatus.UNAUTHORIZED


def test_several_questions_at_once_are_malformed(pki: PkiDeps, openssl: OpenSsl, person: CertificateRecord) -> None:
    other = authority.issue(pki, "person", PERSON, KEY.public_key())
    said = by_openssl(openssl, pki, person, person.serial, other.serial)
    assert "malformedrequest" in said


def test_a_request_beyond_the_size_is_malformed(pki: PkiDeps) -> None:
    found = asked(pki, b"\x30\x83\x01\x00\x00" + bytes(ocsp.MAX_REQUEST_BYTES))
    assert found.response_status is OCSPResponseStatus.MALFORMED_REQUEST


def test_an_answer_is_signed_once_and_again_after_half_of_its_life(
    pki: PkiDeps, person: CertificateRecord, clock: FixedClock
) -> None:
    first = ocsp.answer(pki, request(pki, person))
    half = timedelta(seconds=pki.policies.revocation.ocsp_valid_seconds / 2)
    clock.advance(half - timedelta(seconds=1))
    assert ocsp.answer(pki, request(pki, person)) is first
    clock.advance(timedelta(seconds=1))
    later = asked(pki, request(pki, person))
    assert later.this_update_utc == clock.now()


def test_a_change_made_by_another_process_is_told_at_once(pki: PkiDeps, person: CertificateRecord, clock: FixedClock) -> None:
    other = replace(pki, kept={})
    der = request(pki, person)
    steps: list[tuple[Callable[[], object], OCSPCertStatus, x509.ReasonFlags | None]] = [
        (lambda: None, OCSPCertStatus.GOOD, None),
        (lambda: revocation.suspend(other, person.serial), OCSPCertStatus.REVOKED, x509.ReasonFlags.certificate_hold),
        (lambda: revocation.release(other, person.serial), OCSPCertStatus.GOOD, None),
        (
            lambda: revocation.revoke(other, person.serial, "superseded", clock.now()),
            OCSPCertStatus.REVOKED,
            x509.ReasonFlags.superseded,
        ),
    ]
    for step, status, why in steps:
        step()
        for _ in range(2):  # signed, and kept
            found = asked(pki, der)
            assert (found.certificate_status, found.revocation_reason) == (status, why)


def test_a_serial_is_not_kept_as_unknown(pki: PkiDeps, person: CertificateRecord) -> None:
    """It may be issued the next moment."""
    with pki.work.begin() as work:
        connection = work.records._connection  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"UPDATE pki_certificates SET state='intent' WHERE serial='{person.serial}'")  # noqa: S608
    assert asked(pki, request(pki, person)).certificate_status is OCSPCertStatus.UNKNOWN
    with pki.work.begin() as work:
        connection = work.records._connection  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"UPDATE pki_certificates SET state='issued' WHERE serial='{person.serial}'")  # noqa: S608
    assert asked(pki, request(pki, person)).certificate_status is OCSPCertStatus.GOOD


def test_each_nonce_gets_a_signature_of_its_own_made_now(pki: PkiDeps, person: CertificateRecord, clock: FixedClock) -> None:
    der = request(pki, person, extensions=[x509.OCSPNonce(b"n" * 16)])
    first = ocsp.answer(pki, der)
    clock.advance(timedelta(minutes=1))
    assert ocsp.answer(pki, der).der != first.der
    assert asked(pki, der).produced_at_utc == asked(pki, der).this_update_utc == clock.now()


def test_an_answer_does_not_outlive_its_responders_certificate(
    pki: PkiDeps, person: CertificateRecord, clock: FixedClock
) -> None:
    end = get_credential(pki, "ocsp").record.not_after
    clock.moment = end - timedelta(hours=1)
    found = asked(pki, request(pki, person))
    assert (found.this_update_utc, found.next_update_utc) == (clock.now(), end)


def test_what_is_kept_is_bounded(pki: PkiDeps, person: CertificateRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocsp, "_MOST_KEPT", 3)
    for algorithm in (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):  # noqa: S303
        asked(pki, request(pki, person, algorithm))
    assert len(pki.kept["ocsp"].answers) == len(pki.kept["ocsp"].known) == 1


def test_a_long_request_is_answered_and_not_kept(pki: PkiDeps, person: CertificateRecord) -> None:
    padded = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), bytes(60_000))
    for _ in range(2):
        assert asked(pki, request(pki, person, extensions=[padded])).certificate_status is OCSPCertStatus.GOOD
    assert pki.kept["ocsp"].answers == {}
    assert asked(pki, request(pki, person, hashes.SHA512())).certificate_status is OCSPCertStatus.GOOD
    assert len(pki.kept["ocsp"].answers) == 1


def test_a_serial_longer_than_any_certificates_is_malformed(pki: PkiDeps, person: CertificateRecord) -> None:
    issuer = issuer_of(pki, person)
    hashed = [hashes.Hash(hashes.SHA256()) for _ in range(2)]
    for digest, part in zip(hashed, (issuer.subject.public_bytes(), ocsp_der.public_key_bits(issuer)), strict=True):
        digest.update(part)
    name, key = (digest.finalize() for digest in hashed)
    for serial, status in ((1 << 159, OCSPResponseStatus.SUCCESSFUL), (1 << 160, OCSPResponseStatus.MALFORMED_REQUEST)):
        certificate_id = ocsp_der.CertificateId("sha256", name, key, serial).der()
        assert asked(pki, sequence(sequence(sequence(sequence(certificate_id))))).response_status is status


def test_the_responders_certificate_is_short_lived_and_renewed_in_time(pki: PkiDeps, clock: FixedClock) -> None:
    for role in ("ocsp", "ocsp_principal"):
        before = get_credential(pki, role).record
        assert before.not_after - before.not_before <= timedelta(days=120)
    clock.moment = before.not_after - timedelta(days=29)
    authority.renew_due(pki)
    assert get_credential(pki, "ocsp").record.not_after > before.not_after


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(garbage=st.binary(max_size=200))
def test_garbage_is_malformed(pki: PkiDeps, garbage: bytes) -> None:
    assert asked(pki, garbage).response_status is OCSPResponseStatus.MALFORMED_REQUEST


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 200), value=st.integers(0, 255))
def test_a_request_with_one_octet_changed_gets_an_answer(pki: PkiDeps, position: int, value: int) -> None:
    der = bytearray(request(pki, authority.get_issuing(pki), extensions=[x509.OCSPNonce(b"n" * 16)]))
    der[position % len(der)] = value
    assert asked(pki, bytes(der)).response_status in set(OCSPResponseStatus)


def nested(depth: int) -> bytes:
    der = b""
    for _ in range(depth):
        der = tlv(0x30, der)
    return der


@pytest.mark.parametrize(
    "der",
    [
        nested(10_000),
        sequence(sequence(sequence(*[sequence()] * 20_000))),
        b"\x30\x80" * 20_000,
        b"\x30\x84\xff\xff\xff\xff" + bytes(1000),
        sequence(sequence(explicit(2, sequence(*[sequence(oid("1.2.3"), octets(b""))] * 5000)))),
    ],
    ids=["deep", "many", "indefinite", "long", "extensions"],
)
def test_a_bomb_is_malformed(pki: PkiDeps, der: bytes) -> None:
    assert asked(pki, der).response_status is OCSPResponseStatus.MALFORMED_REQUEST


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=6))
def test_whatever_was_asked_before_the_right_answer_comes_and_nothing_is_stored(
    pki: PkiDeps, changes: list[tuple[int, int]]
) -> None:
    question = request(pki, authority.get_issuing(pki))
    der = bytearray(question)
    for place, value in changes:
        der[place % len(der)] = value
    with pki.work.read() as work:
        before = work.records.generation(), len(work.audit.page(limit=500))  # type: ignore[attr-defined]
    asked(pki, bytes(der))
    found = asked(pki, question)
    assert (found.certificate_status, found.serial_number) == (OCSPCertStatus.GOOD, int(authority.get_issuing(pki).serial, 16))
    with pki.work.read() as work:
        assert (work.records.generation(), len(work.audit.page(limit=500))) == before  # type: ignore[attr-defined]
