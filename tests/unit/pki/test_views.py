"""The public addresses of the PKI: right types, sizes bounded, caches told how long."""

from __future__ import annotations

import base64
from datetime import timedelta
from urllib.parse import quote

import pytest
from asn1crypto import tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp as x509_ocsp
from flask import Flask
from flask.testing import FlaskClient

from kernel.clock import FixedClock
from pki import authority, crl, ocsp, tsa, views
from pki.authority import CrossCertificateTemplate
from pki.ports import PkiDeps
from pki.roles import get_credential
from policies.certificates import policy_oid
from tests.support.pki import certificate


@pytest.fixture
def browser(pki: PkiDeps) -> FlaskClient:
    app = Flask("test")
    app.register_blueprint(views.make_blueprint(pki))
    return app.test_client()


@pytest.mark.parametrize("ca", ["principal", "issuing"])
def test_a_cas_certificate_is_where_aia_says(browser: FlaskClient, pki: PkiDeps, ca: str) -> None:
    answer = browser.get(f"/pki/{ca}.cer")
    assert (answer.status_code, answer.content_type) == (200, "application/pkix-cert")
    assert answer.data == get_credential(pki, ca).record.der
    assert answer.cache_control.max_age == 3600


@pytest.mark.parametrize("ca", ["principal", "issuing"])
def test_a_list_is_where_cdp_says_and_not_kept_beyond_its_end(
    browser: FlaskClient, pki: PkiDeps, clock: FixedClock, ca: str
) -> None:
    current = crl.current(pki, ca)  # type: ignore[arg-type]
    answer = browser.get(f"/pki/{ca}.crl")
    assert (answer.status_code, answer.content_type) == (200, "application/pkix-crl")
    assert answer.data == current.der
    assert answer.cache_control.max_age == 300
    assert answer.last_modified == current.this_update
    clock.moment = current.next_update - timedelta(seconds=10)
    assert browser.get(f"/pki/{ca}.crl").cache_control.max_age == 10


def test_a_partitions_list_is_where_its_certificates_say(browser: FlaskClient, pki: PkiDeps) -> None:
    answer = browser.get("/pki/issuing/1.crl")
    assert (answer.status_code, answer.content_type) == (200, "application/pkix-crl")
    assert answer.data == crl.current(pki, "issuing", 1).der
    for name in ("2.crl", "0.crl", "01.crl", "1", "1.cer", "x.crl", "٣.crl", "1.crl/", f"{10**30}.crl", ""):
        assert browser.get(f"/pki/issuing/{name}").status_code == 404, name


def test_a_head_has_what_a_get_has_but_the_body(browser: FlaskClient, pki: PkiDeps) -> None:
    fetched = f"/pki/ocsp/{quote(base64.b64encode(request_for_issuing(pki)).decode(), safe='')}"
    for path in ("/pki/issuing.crl", "/pki/issuing/1.crl", "/pki/issuing.cer", fetched):
        got, head = browser.get(path), browser.head(path)
        assert head.status_code == 200
        assert head.data == b""
        assert {name: value for name, value in head.headers.items() if name != "Date"} == {
            name: value for name, value in got.headers.items() if name != "Date"
        }
        assert int(head.headers["Content-Length"]) == len(got.data)


def test_who_knows_a_list_or_an_answer_by_tag_or_date_is_told_so(browser: FlaskClient, pki: PkiDeps) -> None:
    fetched = f"/pki/ocsp/{quote(base64.b64encode(request_for_issuing(pki)).decode(), safe='')}"
    for path in ("/pki/issuing.crl", fetched):
        answer = browser.get(path)
        tag, date = answer.headers["ETag"], answer.headers["Last-Modified"]
        for known in (
            {"If-None-Match": tag},
            {"If-None-Match": f'"other", W/{tag}'},
            {"If-None-Match": "*"},
            {"If-Modified-Since": date},
        ):
            again = browser.get(path, headers=known)
            assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
            assert "Cache-Control" in again.headers
        for unknown in (
            {"If-None-Match": '"other"'},
            {"If-None-Match": '"other"', "If-Modified-Since": date},
            {"If-Modified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"},
            {"If-Modified-Since": "yesterday"},
            {"If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 -0000"},
            {"If-Modified-Since": f"Thu, 01 Jan {'9' * 20} 00:00:00 GMT"},
        ):
            assert browser.get(path, headers=unknown).status_code == 200, unknown


def test_caches_are_told_what_rfc_5019_wants_and_not_to_keep_refusals(
    browser: FlaskClient, pki: PkiDeps, clock: FixedClock
) -> None:
    answer = browser.get(f"/pki/ocsp/{quote(base64.b64encode(request_for_issuing(pki)).decode(), safe='')}")
    found = x509_ocsp.load_der_ocsp_response(answer.data)
    assert answer.headers["Cache-Control"] == "public, max-age=300, no-transform, must-revalidate"
    assert (answer.last_modified, answer.expires) == (found.this_update_utc, found.next_update_utc)
    assert answer.last_modified == clock.now()
    assert browser.get("/pki/ocsp/AAAA").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "date", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"]
)
def test_a_date_beyond_all_calendars_is_no_date(browser: FlaskClient, date: str) -> None:
    assert browser.get("/pki/issuing.crl", headers={"If-Modified-Since": date}).status_code == 200


def test_what_has_not_changed_is_not_sent_again(browser: FlaskClient, pki: PkiDeps) -> None:
    tag = browser.get("/pki/issuing.crl").headers["ETag"]
    assert browser.get("/pki/issuing.crl", headers={"If-None-Match": tag}).status_code == 304
    crl.publish(pki, "issuing")
    assert browser.get("/pki/issuing.crl", headers={"If-None-Match": tag}).status_code == 200


def test_the_bundle_has_both_cas_and_the_cross_certificates_in_force(
    browser: FlaskClient, pki: PkiDeps, city: PkiDeps, clock: FixedClock
) -> None:
    own = {authority.get_principal(pki).der, authority.get_issuing(pki).der}
    answer = browser.get("/pki/certs.p7c")
    assert answer.content_type == 'application/pkcs7-mime; smime-type="certs-only"'
    assert bundle(answer.data) == own
    ours, theirs = (policy_oid(pki.policies, code, "basic") for code in ("445122", "445100"))
    template = CrossCertificateTemplate(
        certificate=certificate(authority.get_principal(city)),
        path_length=2,
        permitted_names=(city.node.names,),
        policies=(ours,),
        mappings=((ours, theirs),),
        inhibit_policy_mapping=1,
        validity_days=365,
    )
    crossed = authority.issue_cross_certificate(pki, template)
    other = authority.issue_cross_certificate(pki, template)
    authority.revoke(pki, other.serial, "superseded", clock.now())
    assert bundle(browser.get("/pki/certs.p7c").data) == {*own, crossed.der}
    clock.moment = crossed.not_after
    assert bundle(browser.get("/pki/certs.p7c").data) == own


def bundle(p7c: bytes) -> set[bytes]:
    return {one.public_bytes(Encoding.DER) for one in pkcs7.load_der_pkcs7_certificates(p7c)}


def request_for_issuing(pki: PkiDeps) -> bytes:
    issuing, principal = certificate(authority.get_issuing(pki)), certificate(authority.get_principal(pki))
    built = x509_ocsp.OCSPRequestBuilder().add_certificate(issuing, principal, hashes.SHA256())
    return built.build().public_bytes(Encoding.DER)


def test_ocsp_is_asked_by_post(browser: FlaskClient, pki: PkiDeps) -> None:
    answer = browser.post("/pki/ocsp", data=request_for_issuing(pki), content_type="application/ocsp-request")
    assert (answer.status_code, answer.content_type) == (200, "application/ocsp-response")
    assert x509_ocsp.load_der_ocsp_response(answer.data).certificate_status is x509_ocsp.OCSPCertStatus.GOOD
    assert answer.cache_control.no_store


@pytest.mark.parametrize("safe", ["", "/", "/+="])
def test_ocsp_is_asked_by_get_however_the_base64_is_escaped(browser: FlaskClient, pki: PkiDeps, safe: str) -> None:
    encoded = quote(base64.b64encode(request_for_issuing(pki)).decode(), safe=safe)
    answer = browser.get(f"/pki/ocsp/{encoded}")
    assert x509_ocsp.load_der_ocsp_response(answer.data).certificate_status is x509_ocsp.OCSPCertStatus.GOOD
    assert answer.cache_control.max_age == 300


def test_two_slashes_in_the_base64_are_not_folded(browser: FlaskClient) -> None:
    answer = browser.get("/pki/ocsp/ME//8w==")
    assert answer.status_code == 200
    assert x509_ocsp.load_der_ocsp_response(answer.data).response_status is x509_ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_a_path_that_is_not_base64_is_a_malformed_request(browser: FlaskClient) -> None:
    answer = browser.get("/pki/ocsp/not*base64")
    assert x509_ocsp.load_der_ocsp_response(answer.data).response_status is x509_ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_a_time_stamp_is_asked_by_post(browser: FlaskClient) -> None:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
    query = tsp.TimeStampReq({"version": 1, "message_imprint": imprint}).dump()
    answer = browser.post("/pki/tsa", data=query, content_type="application/timestamp-query")
    assert (answer.status_code, answer.content_type) == (200, "application/timestamp-reply")
    assert tsp.TimeStampResp.load(answer.data)["status"]["status"].native == "granted"


@pytest.mark.parametrize(
    ("path", "content_type", "most"),
    [
        ("/pki/ocsp", "application/ocsp-request", ocsp.MAX_REQUEST_BYTES),
        ("/pki/tsa", "application/timestamp-query", tsa.MAX_REQUEST_BYTES),
    ],
)
def test_other_types_and_sizes_are_refused(browser: FlaskClient, path: str, content_type: str, most: int) -> None:
    assert browser.post(path, data=b"x").status_code == 415
    assert browser.post(path, data=b"x", content_type="text/plain").status_code == 415
    assert browser.post(path, data=bytes(most + 1), content_type=content_type).status_code == 413
    assert browser.post(path, data=bytes(most), content_type=content_type).status_code == 200
    assert browser.get(path).status_code == 405
