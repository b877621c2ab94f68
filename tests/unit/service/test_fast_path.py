"""The dispatcher in front of Flask: answers the hot addresses as Flask does, and leaves to it what is to be refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from flask.testing import FlaskClient
from werkzeug.test import Client, EnvironBuilder, TestResponse

from pki import revocation
from pki.roles import get_credential
from service.app import create_app, create_application
from service.config import load_config
from service.metrics import Metrics
from service.wiring import Services

OCSP = "application/ocsp-request"


@pytest.fixture(scope="module")
def services(config: Path) -> Iterator[Services]:
    with Services(load_config(config)) as found:
        yield found


@pytest.fixture(scope="module")
def front(services: Services) -> Client:
    return Client(create_application(services))


@pytest.fixture(scope="module")
def flask(services: Services) -> FlaskClient:
    return create_app(services, Metrics()).test_client()


@pytest.fixture(scope="module")
def question(services: Services) -> bytes:
    signer, issuing = (get_credential(services.pki, role).certificate for role in ("node_signer", "issuing"))
    built = ocsp.OCSPRequestBuilder().add_certificate(signer, issuing, hashes.SHA256()).build()
    return built.public_bytes(Encoding.DER)


def seen(answer: TestResponse) -> tuple[int, bytes, str | None, str | None, str | None]:
    headers = answer.headers
    return answer.status_code, answer.data, headers.get("Content-Type"), headers.get("Cache-Control"), headers.get("ETag")


def is_in_front(answer: TestResponse) -> bool:
    """Flask's answers have the pages' headers."""
    return "Content-Security-Policy" not in answer.headers


@pytest.mark.parametrize("path", ["principal.cer", "issuing.cer", "principal.crl", "issuing.crl", "issuing/1.crl", "certs.p7c"])
def test_what_the_cas_publish_is_answered_in_front_as_it_is_behind(front: Client, flask: FlaskClient, path: str) -> None:
    answer, behind = front.get(f"/pki/{path}"), flask.get(f"/pki/{path}")
    assert is_in_front(answer)
    assert not is_in_front(behind)
    assert answer.status_code == 200
    assert seen(answer) == seen(behind)
    assert front.head(f"/pki/{path}").headers["Content-Length"] == str(len(answer.data))
    again = front.get(f"/pki/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data, "Content-Length" in again.headers) == (304, b"", False)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_answer_in_front_goes_to_the_server_whole(services: Services, method: str) -> None:
    environ = EnvironBuilder(path="/oauth/jwks", method=method).get_environ()
    answer = create_application(services)(environ, lambda *_: lambda _: None)
    assert isinstance(answer, list)  # whatever else it may be, the server hands on piece by piece


def test_ocsp_is_answered_in_front_by_post_and_get(front: Client, flask: FlaskClient, question: bytes) -> None:
    fetched = f"/pki/ocsp/{quote(base64.b64encode(question).decode(), safe='')}"
    posted = front.post("/pki/ocsp", data=question, content_type=OCSP)
    assert is_in_front(posted)
    assert seen(posted) == seen(flask.post("/pki/ocsp", data=question, content_type=OCSP))
    answer = front.get(fetched)
    assert is_in_front(answer)
    assert seen(answer) == seen(flask.get(fetched))
    assert answer.data == posted.data
    assert front.get("/pki/ocsp/ME//8w==").status_code == 200


def test_what_is_refused_is_worded_by_the_pages(front: Client) -> None:
    for answer, status in (
        (front.get("/pki/ocsp"), 405),
        (front.delete("/pki/issuing.crl"), 405),
        (front.post("/pki/ocsp", data=b"x", content_type="text/plain"), 415),
        (front.post("/pki/ocsp", data=bytes(70_000), content_type=OCSP), 413),
        (front.get("/pki/issuing/99.crl"), 404),
        (front.get("/pki/nothing"), 404),
    ):
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_who_asks_in_the_wrong_way_is_told_the_right_one(front: Client) -> None:
    for path, method, allowed in (
        ("/pki/ocsp", "GET", "POST"),
        ("/pki/tsa", "DELETE", "POST"),
        ("/pki/ocsp/AAAA", "POST", "GET, HEAD"),
        ("/pki/issuing.crl", "OPTIONS", "GET, HEAD"),
        ("/pki/certs.p7c", "PUT", "GET, HEAD"),
        ("/.well-known/est/cacerts", "POST", "GET, HEAD, OPTIONS"),
    ):
        answer = front.open(path, method=method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed), path


def test_a_suspension_is_told_at_once_by_both(front: Client, flask: FlaskClient, services: Services, question: bytes) -> None:
    serial = get_credential(services.pki, "node_signer").record.serial
    for step, wanted in ((revocation.suspend, ocsp.OCSPCertStatus.REVOKED), (revocation.release, ocsp.OCSPCertStatus.GOOD)):
        step(services.pki, serial)
        for client in (front, flask):
            answer = client.post("/pki/ocsp", data=question, content_type=OCSP)
            assert ocsp.load_der_ocsp_response(answer.data).certificate_status is wanted
