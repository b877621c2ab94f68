"""Enrolling by an invitation, once; renewing by the certificate itself; and the same over EST's addresses."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.work import Work
from pki import authority, client_cert, enrolment, revocation, rollover
from pki.est import views, wire
from pki.names import x509_name
from pki.ports import PkiDeps, PkiRecords
from pki.records import CertificateRecord, Names
from pki.renewal import same_again
from tests.support.pki import COUNTY, OpenSsl, certificate, chain_of, pem

KEY, NEXT_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
SERVER = (*COUNTY.names, ("OU", "市场监督管理局"), ("CN", "rp.chaoxin.test"))
DNS = ("rp.chaoxin.test",)


def request(subject: Names = SERVER, dns_names: Sequence[str] = DNS, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    made = x509.CertificateSigningRequestBuilder().subject_name(x509_name(subject) if subject else x509.Name([]))
    if dns_names:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in dns_names]), critical=False)
    return made.sign(key, SHA256()).public_bytes(Encoding.DER)


def invite(pki: PkiDeps, *, days: int = 7) -> tuple[str, str]:
    expires_at = pki.clock.now() + timedelta(days=days)
    return enrolment.invite(pki, "tls_server", SERVER, dns_names=DNS, expires_at=expires_at, actor="operator:cli")


def servers(pki: PkiDeps) -> Sequence[CertificateRecord]:
    with pki.work.read() as work:
        return work.records.certificates(profile="tls_server")


def test_an_invitation_gives_what_it_says_for_the_key_of_whoever_holds_it(stored_pki: PkiDeps) -> None:
    name, secret = invite(stored_pki)
    record = enrolment.enrol(stored_pki, name, secret, request())
    found = certificate(record)
    assert found.public_key() == KEY.public_key()
    assert found.subject == x509_name(SERVER)
    assert same_again(record).dns_names == DNS
    assert record.profile == "tls_server"


@pytest.mark.parametrize(("subject", "dns_names"), [((), ()), (SERVER, ()), ((), DNS), (SERVER, DNS)])
def test_a_request_may_leave_out_what_the_invitation_says(pki: PkiDeps, subject: Names, dns_names: Sequence[str]) -> None:
    record = enrolment.enrol(pki, *invite(pki), request(subject, dns_names))
    assert same_again(record).dns_names == DNS


@pytest.mark.parametrize(
    ("subject", "dns_names"),
    [
        ((*COUNTY.names, ("CN", "rp.chaoxin.test")), DNS),
        (SERVER, ("other.chaoxin.test",)),
        (SERVER, (*DNS, "other.chaoxin.test")),
    ],
)
def test_a_request_contradicts_nothing_of_the_invitation(pki: PkiDeps, subject: Names, dns_names: Sequence[str]) -> None:
    invited = invite(pki)
    with pytest.raises(Refusal, match="in the invitation"):
        enrolment.enrol(pki, *invited, request(subject, dns_names))
    assert servers(pki) == []
    assert enrolment.enrol(pki, *invited, request())  # it was not used up


def test_wrong_used_and_over_are_one_answer(pki: PkiDeps, clock: FixedClock) -> None:
    name, secret = invite(pki)
    late = invite(pki, days=1)
    for wrong in ((name, secret + "x"), ("unknown", secret), (name, ""), (name, "秘密")):
        with pytest.raises(Refusal, match="invitation_unsuitable"):
            enrolment.enrol(pki, *wrong, request())
    enrolment.enrol(pki, name, secret, request())
    with pytest.raises(Refusal, match="invitation_unsuitable"):
        enrolment.enrol(pki, name, secret, request())
    clock.advance(timedelta(days=1))
    with pytest.raises(Refusal, match="invitation_unsuitable"):
        enrolment.enrol(pki, *late, request())
    assert len(servers(pki)) == 1


def test_of_many_that_use_one_invitation_one_does(stored_pki: PkiDeps) -> None:
    name, secret = invite(stored_pki)

    def enrol(_: int) -> str:
        try:
            enrolment.enrol(replace(stored_pki, kept={}), name, secret, request())
        except Refusal as error:
            return error.code
        return "ok"

    with ThreadPoolExecutor(5) as pool:
        outcomes = sorted(pool.map(enrol, range(5)))
    assert outcomes == ["invitation_unsuitable"] * 4 + ["ok"]
    assert len(servers(stored_pki)) == 1


def test_a_name_that_no_database_takes_is_unknown(stored_pki: PkiDeps) -> None:
    with pytest.raises(Refusal, match="invitation_unsuitable"):
        enrolment.enrol(stored_pki, "a\x00b", "secret", request())


def test_the_secret_is_not_stored(stored_pki: PkiDeps) -> None:
    name, secret = invite(stored_pki)
    with stored_pki.work.read() as work:
        found = work.records.find_invitation(name, enrolment.hash_of(secret), now=stored_pki.clock.now())
    assert found is not None
    assert secret not in repr(found)
    assert secret.encode() not in found.secret_hash


def test_a_profile_that_is_not_given_by_invitation_is_not_offered(pki: PkiDeps, clock: FixedClock) -> None:
    for profile, names, code in (("tsa", SERVER, "requester_unsuitable"), ("person", COUNTY.names[:3], "name_unsuitable")):
        with pytest.raises(Refusal, match=code):
            enrolment.invite(pki, profile, names, expires_at=clock.now() + timedelta(days=1), actor="operator:cli")


@pytest.mark.parametrize("dns_names", [(), ("RP.chaoxin.test",), ("*.chaoxin.test",), DNS * 2])
def test_an_invitation_to_names_that_the_profile_does_not_have_is_not_made(
    pki: PkiDeps, clock: FixedClock, dns_names: Sequence[str]
) -> None:
    until = clock.now() + timedelta(days=1)
    with pytest.raises(Refusal, match="request_unsuitable"):
        enrolment.invite(pki, "tls_server", SERVER, dns_names=tuple(dns_names), expires_at=until, actor="operator:cli")
    person = (*COUNTY.names, ("serialNumber", "工号七"), ("CN", "张三"))
    with pytest.raises(Refusal, match="name_unsuitable"):
        enrolment.invite(pki, "person", person, expires_at=until, actor="operator:cli")


# Renewing


@pytest.fixture
def old(pki: PkiDeps, clock: FixedClock) -> CertificateRecord:
    """A server's certificate in its last days."""
    record = enrolment.enrol(pki, *invite(pki), request())
    clock.moment = record.not_after - timedelta(days=20)
    return record


@pytest.mark.parametrize("key", [KEY, NEXT_KEY], ids=["renewed", "re-keyed"])
def test_a_holder_renews_with_the_same_key_or_another(
    pki: PkiDeps, old: CertificateRecord, openssl: OpenSsl, key: ec.EllipticCurvePrivateKey
) -> None:
    record = enrolment.renew(pki, old.der, request(key=key))
    found = certificate(record)
    assert (found.subject, found.public_key()) == (certificate(old).subject, key.public_key())
    assert same_again(record).dns_names == DNS
    assert record.not_after > old.not_after
    anchor, issuing = chain_of(pki)
    assert openssl.verify(pem(record), anchor, issuing, pki.clock.now()).returncode == 0


def test_a_lost_answer_is_given_again(pki: PkiDeps, old: CertificateRecord) -> None:
    first = enrolment.renew(pki, old.der, request(key=NEXT_KEY))
    assert enrolment.renew(pki, old.der, request(key=NEXT_KEY)) == first
    assert len(servers(pki)) == 2


def test_what_is_shown_must_be_ours_and_in_force(pki: PkiDeps, city: PkiDeps, old: CertificateRecord, clock: FixedClock) -> None:
    foreign = authority.issue(city, "tls_server", (*city.node.names, ("CN", "a")), KEY.public_key(), dns_names=DNS)
    forged = bytearray(old.der)
    forged[-1] ^= 1
    for shown, says in (
        (b"", "cannot be read"),
        (b"\x30\x00", "cannot be read"),
        (foreign.der, "did not issue it"),
        (bytes(forged), "did not issue it|cannot be read"),
    ):
        with pytest.raises(Refusal, match=says):
            enrolment.renew(pki, shown, request())
    authority.revoke(pki, old.serial, "key_compromise", clock.now())
    with pytest.raises(Refusal, match="it is revoked"):
        enrolment.renew(pki, old.der, request())
    clock.moment = old.not_after
    with pytest.raises(Refusal, match="it is revoked"):
        enrolment.renew(pki, old.der, request())
    assert servers(pki)[0].serial == old.serial


@dataclass
class Overtaken:
    """A unit of work in which the certificate that is renewed is revoked just before a transaction that writes."""

    pki: PkiDeps
    serial: str
    left: int

    @contextmanager
    def begin(self) -> Iterator[Work[PkiRecords]]:
        self.left -= 1
        if self.left == 0:
            revocation.revoke(self.pki, self.serial, "key_compromise", self.pki.clock.now())
        with self.pki.work.begin() as work:
            yield work

    def read(self) -> AbstractContextManager[Work[PkiRecords]]:
        return self.pki.work.read()


def test_what_is_revoked_while_it_is_renewed_is_not_renewed(pki: PkiDeps, old: CertificateRecord) -> None:
    overtaken = Overtaken(pki, old.serial, left=3)  # its place, the intent, the result
    with pytest.raises(Refusal, match="it is revoked"):
        enrolment.renew(replace(pki, work=overtaken), old.der, request(key=NEXT_KEY))
    assert overtaken.left == 0
    assert [one.serial for one in servers(pki)] == [old.serial]


def test_what_a_revoked_ca_issued_proves_nothing(pki: PkiDeps, old: CertificateRecord, clock: FixedClock) -> None:
    issuing = authority.get_issuing(pki)
    rollover.request(pki, "issuing", "operator:wang")
    for who in ("operator:li", "operator:chen"):
        rollover.approve(pki, "issuing-2", who)
    assert enrolment.find_shown(pki, old.der) == old
    authority.revoke(pki, issuing.serial, "ca_compromise", clock.now())
    with pytest.raises(Refusal, match="the CA that issued it is revoked"):
        enrolment.renew(pki, old.der, request(key=NEXT_KEY))


def test_over_or_too_early_is_not_renewed(pki: PkiDeps, old: CertificateRecord, clock: FixedClock) -> None:
    clock.moment = old.not_after
    with pytest.raises(Refusal, match="not within its validity"):
        enrolment.renew(pki, old.der, request())
    clock.moment = old.not_after - timedelta(days=31)
    with pytest.raises(Refusal, match="from 30 days before its end"):
        enrolment.renew(pki, old.der, request())


@pytest.mark.parametrize(
    ("subject", "dns_names"),
    [((*COUNTY.names, ("CN", "rp.chaoxin.test")), DNS), (SERVER, ()), (SERVER, (*DNS, "b.chaoxin.test"))],
)
def test_the_names_stay_as_they_are(pki: PkiDeps, old: CertificateRecord, subject: Names, dns_names: Sequence[str]) -> None:
    with pytest.raises(Refusal, match="not the names of the certificate"):
        enrolment.renew(pki, old.der, request(subject, dns_names))


def test_a_profile_that_its_holder_may_not_renew_is_not_renewed(pki: PkiDeps, clock: FixedClock) -> None:
    seal = (*COUNTY.names, ("OU", "市场监督管理局"), ("CN", "专用章"))
    record = authority.issue(pki, "department_seal", seal, KEY.public_key())
    clock.moment = record.not_after - timedelta(days=1)
    with pytest.raises(Refusal, match="requester_unsuitable"):
        enrolment.renew(pki, record.der, request(seal, ()))


# Over HTTP


@pytest.fixture
def browser(pki: PkiDeps) -> FlaskClient:
    app = Flask("test")
    app.register_blueprint(views.make_blueprint(pki))

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[str, int]:
        return error.code, error.error.status

    return app.test_client()


def post(browser: FlaskClient, what: str, body: bytes, **more: object) -> TestResponse:
    return browser.post(f"/.well-known/est/{what}", data=body, content_type="application/pkcs10", **more)  # type: ignore[arg-type]


def certificates(answer: TestResponse) -> list[x509.Certificate]:
    assert answer.status_code == 200, answer.data
    assert answer.content_type == "application/pkcs7-mime; smime-type=certs-only"
    assert answer.headers["Content-Transfer-Encoding"] == "base64"
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer.data))


def test_anyone_gets_the_cas_and_what_a_request_should_have(browser: FlaskClient, pki: PkiDeps, openssl: OpenSsl) -> None:
    found = {one.public_bytes(Encoding.DER) for one in certificates(browser.get("/.well-known/est/cacerts"))}
    assert found == {authority.get_principal(pki).der, authority.get_issuing(pki).der}
    answer = browser.get("/.well-known/est/csrattrs")
    assert (answer.status_code, answer.content_type) == (200, "application/csrattrs")
    read = openssl.run("asn1parse", "-inform", "DER", stdin=base64.b64decode(answer.data)).stdout
    assert b"prime256v1" in read
    assert b"ecdsa-with-SHA256" in read


def test_an_invitation_enrols_over_http(browser: FlaskClient, pki: PkiDeps) -> None:
    invited = invite(pki)
    (found,) = certificates(post(browser, "simpleenroll", wire.encode(request()), auth=invited))
    assert found.public_key() == KEY.public_key()
    again = post(browser, "simpleenroll", base64.b64encode(request()), auth=invited)
    assert (again.status_code, again.data) == (401, b"invitation_unsuitable")
    assert again.headers["WWW-Authenticate"].startswith("Basic ")


def test_without_an_invitation_nothing_is_given(browser: FlaskClient, pki: PkiDeps) -> None:
    for more in (
        {},
        {"auth": ("x", "y")},
        {"headers": {"Authorization": "Bearer x"}},
        {"headers": {"Authorization": "Basic ???"}},
    ):
        assert post(browser, "simpleenroll", wire.encode(request()), **more).status_code == 401
    assert servers(pki) == []


@pytest.mark.parametrize("form", ["RFC 9440", "nginx"])
def test_a_shown_certificate_renews_over_http(browser: FlaskClient, old: CertificateRecord, form: str) -> None:
    header = f":{base64.b64encode(old.der).decode()}:" if form == "RFC 9440" else quote(pem(old))
    answer = post(browser, "simplereenroll", wire.encode(request(key=NEXT_KEY)), headers={"Client-Cert": header})
    (found,) = certificates(answer)
    assert found.public_key() == NEXT_KEY.public_key()


def test_without_a_certificate_nothing_is_renewed(browser: FlaskClient, old: CertificateRecord) -> None:
    assert old.profile == "tls_server"
    for headers in (
        {},
        {"Client-Cert": ""},
        {"Client-Cert": ":*:"},
        {"Client-Cert": "::"},
        {"Client-Cert": quote("-----BEGIN X")},
    ):
        assert post(browser, "simplereenroll", wire.encode(request()), headers=headers).status_code == 403


def test_other_types_sizes_and_forms_are_refused(browser: FlaskClient, pki: PkiDeps) -> None:
    invited = invite(pki)
    address = "/.well-known/est/simpleenroll"
    assert browser.post(address, data=b"x", content_type="text/plain", auth=invited).status_code == 415
    assert post(browser, "simpleenroll", bytes(wire.MAX_BODY_BYTES + 1), auth=invited).status_code == 413
    for body in (b"", b"*", b"AAAA", request()):
        assert post(browser, "simpleenroll", body, auth=invited).status_code == 400
    assert browser.get(address).status_code == 405
    assert certificates(post(browser, "simpleenroll", wire.encode(request()), auth=invited))  # it was not used up


def test_a_certificate_of_a_version_that_there_is_not_is_refused(pki: PkiDeps, old: CertificateRecord) -> None:
    with pytest.raises(Refusal, match="holder_unproven"):
        enrolment.find_shown(pki, old.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(header=st.text(max_size=60) | st.binary(max_size=60).map(lambda data: f":{base64.b64encode(data).decode()}:"))
def test_whatever_a_proxy_says_is_shown_is_judged_or_refused(pki: PkiDeps, header: str) -> None:
    with pytest.raises(Refusal, match="holder_unproven"):
        enrolment.find_shown(pki, client_cert.shown_certificate(header))
