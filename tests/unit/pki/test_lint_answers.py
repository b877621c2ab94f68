"""OCSP answers, looked at before they are signed: whatever is wrong with one, it is not signed, and says so on the trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.ocsp import OCSPResponseStatus
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import authority, lint, ocsp, ocsp_der, revocation
from pki.der import NULL, explicit, generalized_time, integer, octets, oid, sequence, tlv
from pki.lint import Meant, Speaker
from pki.ocsp_der import CertificateId
from pki.ports import PkiDeps
from pki.records import CertificateRecord, CertificateStatus
from pki.roles import get_credential
from tests.support.pki import COUNTY, certificate

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = AT + timedelta(hours=8)
ASKED = CertificateId("sha256", b"n" * 32, b"k" * 32, 0x7F3A)
REVOKED = CertificateStatus("7f3a", AT - timedelta(days=1), "key_compromise")
KEY_HASH = bytes(range(20))
SPEAKER = Speaker(KEY_HASH, "20270101000000")
NONCE = b"0123456789abcdef"
MEANT = Meant(ASKED, REVOKED, (AT, LATER), NONCE)
SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"), NULL)
OTHER_NONCE = sequence(sequence(oid("1.3.6.1.5.5.7.48.1.2"), octets(octets(b"another one"))))


def parts() -> dict[str, bytes]:
    """The parts of an answer without a fault, in their order; the first three and the last stand around the others."""
    return {
        "responder": explicit(2, octets(KEY_HASH)),
        "produced_at": generalized_time(AT),
        "certificate_id": sequence(SHA256, octets(b"n" * 32), octets(b"k" * 32), integer(0x7F3A)),
        "status": explicit(1, generalized_time(AT - timedelta(days=1)), explicit(0, tlv(0x0A, b"\x01"))),
        "this_update": generalized_time(AT),
        "next_update": explicit(0, generalized_time(LATER)),
        "single_extensions": b"",
        "another": b"",
        "extensions": explicit(1, sequence(sequence(oid("1.3.6.1.5.5.7.48.1.2"), octets(octets(NONCE))))),
    }


def data(**changed: bytes) -> bytes:
    found: Mapping[str, bytes] = parts() | changed
    single = ("certificate_id", "status", "this_update", "next_update", "single_extensions")
    singles = sequence(sequence(*(found[name] for name in single)), found["another"])
    return sequence(found["responder"], found["produced_at"], singles, found["extensions"])


def finding(content: bytes, meant: Meant = MEANT, speaker: Speaker = SPEAKER) -> str | None:
    try:
        lint.check_answer(content, speaker, meant)
    except Refusal as fault:
        return str(fault.details["finding"])
    return None


def test_an_answer_without_a_fault_passes() -> None:
    assert finding(data()) is None
    for meant, status in (
        (replace(MEANT, recorded=replace(REVOKED, revoked_at=None, reason=None)), tlv(0x80)),
        (replace(MEANT, recorded=None), tlv(0x82)),
        (replace(MEANT, recorded=replace(REVOKED, reason="unspecified")), explicit(1, generalized_time(AT - timedelta(days=1)))),
    ):
        assert finding(data(status=status), meant) is None
        assert finding(data(), meant) == "status"
    assert finding(data(extensions=b""), replace(MEANT, nonce=None)) is None


@pytest.mark.parametrize(
    ("found", "changed"),
    [
        ("responder_id", {"responder": explicit(2, octets(b"r" * 20))}),
        ("responder_id", {"responder": explicit(1, octets(KEY_HASH))}),
        ("certificate_id", {"certificate_id": sequence(SHA256, octets(b"n" * 32), octets(b"k" * 32), integer(0x7F3B))}),
        ("certificate_id", {"certificate_id": sequence(SHA256, octets(b"k" * 32), octets(b"n" * 32), integer(0x7F3A))}),
        (
            "certificate_id",
            {
                "certificate_id": sequence(
                    sequence(oid("1.3.14.3.2.26"), NULL), octets(b"n" * 32), octets(b"k" * 32), integer(0x7F3A)
                )
            },
        ),
        ("encoding", {"certificate_id": sequence(SHA256, octets(b"n" * 32), octets(b"k" * 32), tlv(2, b"\x00\x00\x7f\x3a"))}),
        ("encoding", {"certificate_id": sequence(SHA256, octets(b"n" * 32), octets(b"k" * 32))}),
        ("status", {"status": tlv(0x80)}),
        ("status", {"status": tlv(0x82)}),
        ("status", {"status": explicit(1, generalized_time(AT), explicit(0, tlv(0x0A, b"\x01")))}),
        ("status", {"status": explicit(1, generalized_time(AT - timedelta(days=1)), explicit(0, tlv(0x0A, b"\x06")))}),
        ("status", {"status": explicit(1, generalized_time(AT - timedelta(days=1)))}),
        ("times", {"produced_at": generalized_time(AT + timedelta(seconds=1))}),
        ("times", {"this_update": generalized_time(AT - timedelta(seconds=1))}),
        ("times", {"next_update": explicit(0, generalized_time(LATER + timedelta(days=30)))}),
        ("times", {"next_update": explicit(1, generalized_time(LATER))}),
        ("encoding", {"next_update": b""}),
        ("encoding", {"this_update": tlv(0x17, b"261123080000Z")}),
        ("encoding", {"this_update": tlv(0x18, b"20261123080000.0Z")}),
        ("encoding", {"this_update": tlv(0x18, b"20261323080000Z")}),
        ("encoding", {"single_extensions": explicit(1, sequence())}),
        ("encoding", {"another": sequence()}),
        ("extensions", {"extensions": b""}),
        ("extensions", {"extensions": explicit(2, OTHER_NONCE)}),
        ("nonce", {"extensions": explicit(1, OTHER_NONCE)}),
        ("nonce", {"extensions": explicit(1, sequence(sequence(oid("1.3.6.1.5.5.7.48.1.3"), octets(octets(NONCE)))))}),
    ],
)
def test_a_planted_fault_is_named(found: str, changed: dict[str, bytes]) -> None:
    assert finding(data(**changed)) == found


def test_a_nonce_that_nobody_sent_an_end_before_the_beginning_and_a_responder_that_is_over_are_named() -> None:
    assert finding(data(), replace(MEANT, nonce=None)) == "extensions"
    assert finding(data(next_update=explicit(0, generalized_time(AT))), replace(MEANT, times=(AT, AT))) == "validity"
    assert finding(data(), speaker=Speaker(KEY_HASH, "20261123155959")) == "validity"


@given(position=st.integers(0, len(data()) - 1), value=st.integers(0, 255), cut=st.integers(0, 3))
def test_whatever_octet_of_an_answer_is_another_it_is_refused(position: int, value: int, cut: int) -> None:
    content = bytearray(data())
    content[position] = value
    changed = bytes(content[: len(content) - cut])
    assert (finding(changed) is None) is (changed == data())


# What the responder does about it


@pytest.fixture
def person(pki: PkiDeps) -> CertificateRecord:
    return authority.issue(pki, "person", (*COUNTY.names, ("CN", "张三")), ec.generate_private_key(ec.SECP256R1()).public_key())


def ask(pki: PkiDeps, record: CertificateRecord, nonce: bytes | None = None) -> OCSPResponseStatus:
    issuer = certificate(authority.get_issuing(pki))
    request = x509_ocsp.OCSPRequestBuilder().add_certificate(certificate(record), issuer, hashes.SHA256())
    if nonce is not None:
        request = request.add_extension(x509.OCSPNonce(nonce), critical=False)
    answer = ocsp.answer(pki, request.build().public_bytes(Encoding.DER))
    return x509_ocsp.load_der_ocsp_response(answer.der).response_status


def refused(pki: PkiDeps) -> list[tuple[str, object]]:
    with pki.work.read() as work:
        events = work.audit.page(limit=500)  # type: ignore[attr-defined]
    return [(each.event.target, each.event.details["finding"]) for each in events if each.event.action == "pki.answer_ocsp"]


def give_the_wrong_key(pki: PkiDeps, _: FixedClock) -> None:
    serving = get_credential(pki, "ocsp")
    pki.kept["credential:ocsp:" + serving.record.serial] = replace(serving, key=get_credential(pki, "ocsp_principal").key)


def let_its_certificate_end(pki: PkiDeps, clock: FixedClock) -> None:
    clock.moment = get_credential(pki, "ocsp").record.not_after


@pytest.mark.parametrize(
    ("spoil", "found"), [(give_the_wrong_key, "responder_key"), (let_its_certificate_end, "validity")], ids=["key", "end"]
)
@pytest.mark.parametrize("nonce", [None, NONCE], ids=["kept", "nonce"])
def test_an_answer_with_a_fault_is_not_signed_and_stands_on_the_trail_once(
    pki: PkiDeps,
    person: CertificateRecord,
    clock: FixedClock,
    spoil: Callable[[PkiDeps, FixedClock], None],
    found: str,
    nonce: bytes | None,
) -> None:
    spoil(pki, clock)
    for _ in range(3):
        assert ask(pki, person, nonce) is OCSPResponseStatus.INTERNAL_ERROR
    ((target, detail),) = refused(pki)
    assert target == f"certificate:{person.serial}"
    assert str(detail).startswith(f"{found}: ")
    assert not pki.kept["ocsp"].answers


def test_a_responder_that_is_right_again_answers_again(pki: PkiDeps, person: CertificateRecord, clock: FixedClock) -> None:
    begun = clock.moment
    let_its_certificate_end(pki, clock)
    assert ask(pki, person) is OCSPResponseStatus.INTERNAL_ERROR
    clock.moment = begun
    assert ask(pki, person) is OCSPResponseStatus.SUCCESSFUL


def test_what_is_signed_is_what_was_looked_at(pki: PkiDeps, person: CertificateRecord) -> None:
    serving = get_credential(pki, "ocsp")
    responder = ocsp_der.make_responder(serving.key, serving.certificate)
    recorded = CertificateStatus(person.serial, None, None)
    asked = CertificateId("sha256", b"n" * 32, b"k" * 32, int(person.serial, 16))
    meant = Meant(asked, recorded, (AT, LATER), None)
    look = partial(lint.check_answer, speaker=lint.speaker_of(responder, serving.certificate), meant=meant)
    looked: list[bytes] = []
    for see in (looked.append, look):
        signed = ocsp_der.response(responder, asked.der(), tlv(0x80), (AT, LATER), None, look=see)
    (seen,) = looked
    answer = x509_ocsp.load_der_ocsp_response(signed)
    assert answer.tbs_response_bytes == seen
    serving.certificate.public_key().verify(answer.signature, seen, ec.ECDSA(hashes.SHA256()))  # type: ignore[union-attr, call-arg, arg-type]
    with pytest.raises(Refusal, match="status"):
        ocsp_der.response(responder, asked.der(), tlv(0x82), (AT, LATER), None, look=look)


@pytest.mark.parametrize(
    ("found", "part", "value"),
    [
        ("algorithm", "algorithm", sequence(oid("1.2.840.10045.4.3.3"))),
        ("certificates", "beside", explicit(0, sequence(sequence()))),
        ("encoding", "beside", b""),
    ],
)
def test_what_goes_around_every_answer_is_looked_at_when_the_responder_is_made(
    pki: PkiDeps, found: str, part: str, value: bytes
) -> None:
    serving = get_credential(pki, "ocsp")
    responder = ocsp_der.make_responder(serving.key, serving.certificate)
    lint.speaker_of(responder, serving.certificate)
    changes: dict[str, bytes] = {part: value}
    with pytest.raises(Refusal, match=found):
        lint.speaker_of(replace(responder, **changes), serving.certificate)  # type: ignore[arg-type]


def test_a_suspension_passes_the_check(pki: PkiDeps, person: CertificateRecord) -> None:
    revocation.suspend(pki, person.serial)
    assert ask(pki, person) is OCSPResponseStatus.SUCCESSFUL
