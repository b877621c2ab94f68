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
