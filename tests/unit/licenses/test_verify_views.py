"""Verification over HTTP: the API's answers and refusals, the pages without JavaScript, what a holder may download."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import segno
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import idp.openapi
from kernel.limiter import MAX_ADDRESSES, SlidingWindow
from licenses import issue, log, qr, qr_keys
from licenses.codes import code_of
from licenses.openapi import describe
from service import forensics
from service.app import create_app
from service.metrics import Metrics
from service.wiring import Services
from tests.support import issuing, pdfs
from tests.support.license_data import example_data

URL = "http://localhost:18777"


@pytest.fixture(scope="module")
def pdf(services: Services) -> bytes:
    return issue.issue(services.licenses, issuing.application(services.licenses), actor="operator:test").pdf


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(services, Metrics()).test_client()


def post(client: FlaskClient, content: bytes, **more: Any) -> TestResponse:
    return client.post("/api/v1/verifications", data={"file": (io.BytesIO(content), "licence.pdf")}, base_url=URL, **more)


CONTRACT = {
    "indication", "subindication", "level", "best_signature_time", "signer", "path", "checks", "changes", "status", "registry",
    "log", "message",
}  # fmt: skip


def test_a_verdict_has_exactly_the_contracts_form(client: FlaskClient, pdf: bytes) -> None:
    response = post(client, pdf)
    assert response.status_code == 200
    verdict = response.json
    assert verdict is not None
    assert set(verdict) == CONTRACT
    assert (verdict["indication"], verdict["subindication"], verdict["level"]) == ("TOTAL_PASSED", None, "B-LT")
    assert set(verdict["status"]) == {"code", "at", "reason"}
    assert verdict["status"]["code"] == "01"
    assert all({"id", "result", "evidence"} <= set(check) for check in verdict["checks"])
    assert {check["result"] for check in verdict["checks"]} == {"passed"}
    assert all(set(step) == {"subject", "issuer", "serial", "sha256"} for step in verdict["path"])
    assert set(verdict["message"]) == {"zh", "en"}
    datetime.fromisoformat(verdict["best_signature_time"])


def test_a_raw_body_is_taken_too(client: FlaskClient, pdf: bytes) -> None:
    response = client.post("/api/v1/verifications", data=pdf, content_type="application/pdf", base_url=URL)
    assert response.json is not None
    assert response.json["indication"] == "TOTAL_PASSED"


def test_a_bad_file_is_a_verdict_and_no_error(client: FlaskClient, pdf: bytes) -> None:
    for content in (pdfs.trailing_bytes(pdf), b"%PDF-1.7 nothing", pdfs.signature_stripped(example_data())):
        response = post(client, content)
        assert response.status_code == 200
        assert response.json is not None
        assert set(response.json) == CONTRACT
        assert response.json["indication"] == "TOTAL_FAILED"


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"data": {}}, 400, "document_missing"),
        ({"data": {"other": (io.BytesIO(b"%PDF-1.7"), "a.pdf")}}, 400, "document_missing"),
        ({"data": b"", "content_type": "application/pdf"}, 400, "document_missing"),
        ({"data": {"file": (io.BytesIO(b"PK\x03\x04"), "a.zip")}}, 415, "document_no_pdf"),
        ({"data": b"PK\x03\x04", "content_type": "application/pdf"}, 415, "document_no_pdf"),
        ({"data": b"{}", "content_type": "application/json"}, 400, "document_missing"),
    ],
)
def test_what_is_no_document_is_refused_with_a_problem(
    client: FlaskClient, request_: dict[str, Any], status: int, code: str
) -> None:
    response = client.post("/api/v1/verifications", base_url=URL, **request_)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert response.json is not None
    assert response.json["code"] == code
    assert response.json["message"]["zh"]
    assert response.json["remedy"]["en"]


class _Body(io.BytesIO):
    """Counts how often it was read."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


def test_a_large_upload_is_refused_without_being_read(client: FlaskClient, services: Services) -> None:
    limit = services.policies.licenses.verification.max_upload_bytes
    body = _Body(bytes(1000))
    response = client.post(
        "/api/v1/verifications",
        input_stream=body,
        content_type="application/pdf",
        environ_overrides={"CONTENT_LENGTH": str(limit + 10_000_000)},
        base_url=URL,
    )
    assert response.status_code == 413
    assert response.json is not None
    assert response.json["code"] == "document_too_large"
    assert body.reads == 0


def test_one_byte_over_the_limit_is_too_large(client: FlaskClient, services: Services) -> None:
    limit = services.policies.licenses.verification.max_upload_bytes
    response = client.post(
        "/api/v1/verifications", data=b"%PDF-" + bytes(limit - 4), content_type="application/pdf", base_url=URL
    )
    assert response.status_code == 413


def test_too_many_from_one_address_wait(services: Services) -> None:
    client = create_app(services, Metrics()).test_client()
    allowed = services.policies.licenses.verification.per_address_per_minute
    codes = [client.post("/api/v1/verifications", base_url=URL).status_code for _ in range(allowed + 1)]
    assert codes == [400] * allowed + [429]
    refused = client.post("/api/v1/verifications", base_url=URL)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    other = client.post("/api/v1/verifications", base_url=URL, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert other.status_code == 400


def test_when_all_processes_are_taken_the_answer_says_when_to_come_again(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forensics, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(services.forensics, "_idle", [])
    refused = post(client, b"%PDF-1.7 nothing")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "3")
    assert refused.json is not None
    assert refused.json["code"] == "verification_busy"


def test_addresses_of_one_ipv6_network_count_as_one(services: Services) -> None:
    client = create_app(services, Metrics()).test_client()
    allowed = services.policies.licenses.verification.per_address_per_minute
    for number in range(allowed):
        client.post("/api/v1/verifications", base_url=URL, environ_base={"REMOTE_ADDR": f"2001:db8::{number:x}"})
    assert client.post("/api/v1/verifications", base_url=URL, environ_base={"REMOTE_ADDR": "2001:db8::ffff"}).status_code == 429
    assert client.post("/api/v1/verifications", base_url=URL, environ_base={"REMOTE_ADDR": "2001:db8:0:1::1"}).status_code == 400


def test_the_window_slides_and_forgets() -> None:
    window = SlidingWindow(2)
    start = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert [window.take("a", start + timedelta(seconds=s)) for s in (0, 30, 40, 59)] == [0, 0, 20, 1]
    assert window.take("a", start + timedelta(seconds=60)) == 0
    assert window.take("b", start) == 0
    for number in range(MAX_ADDRESSES + 10):
        window.take(str(number), start)
    assert len(window._seen) == MAX_ADDRESSES


def test_the_page_has_a_form_that_works_without_script(client: FlaskClient, pdf: bytes) -> None:
    page = client.get("/verify", base_url=URL).text
    assert '<form method="post" action="/verify" enctype="multipart/form-data"' in page
    assert 'type="file"' in page
    assert "<script>" not in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    response = client.post("/verify", data={"csrf_token": token[1], "file": (io.BytesIO(pdf), "licence.pdf")}, base_url=URL)
    assert response.status_code == 200
    assert 'data-indication="TOTAL_PASSED"' in response.text
    assert "证照真实有效" in response.text
    assert "潮州市根CA" in response.text


def test_the_page_explains_a_changed_file_and_says_what_to_do(client: FlaskClient, pdf: bytes) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/verify", base_url=URL).text)
    assert token is not None
    data = {"csrf_token": token[1], "file": (io.BytesIO(pdfs.content_changed_by_update(pdf)), "licence.pdf")}
    text = client.post("/verify?lang=en", data=data, base_url=URL).text
    assert 'data-indication="TOTAL_FAILED" data-subindication="TAMPERED"' in text
    assert "page replaced after signing" in text
    assert "Ask the holder for the file as it was issued" in text


def test_the_page_without_a_token_is_refused(client: FlaskClient, pdf: bytes) -> None:
    response = client.post("/verify", data={"file": (io.BytesIO(pdf), "licence.pdf")}, base_url=URL)
    assert response.status_code == 403


def test_the_qr_codes_page_says_what_a_code_is_worth(client: FlaskClient, services: Services, pdf: bytes) -> None:
    page = client.get("/v", base_url=URL).text
    assert "qr.js" in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    digest = hashlib.sha256(pdf).hexdigest()
    with services.licenses.work.read() as work:
        record = work.records.find_known([digest])[digest].record
    text = qr.address(URL, qr_keys.statement(services.licenses, record, bytes(32)))
    picture = io.BytesIO()
    segno.make(text, micro=False).save(picture, kind="png", scale=4)
    number = {"number": record.number, "check_code": code_of(services.licenses.vault, record.identifier)}
    for path, said in (
        ("/v", {"code": text}),
        ("/v", {"picture": (io.BytesIO(picture.getvalue()), "code.png")}),
        ("/verify", {"file": (io.BytesIO(picture.getvalue()), "photo.png")}),
        ("/verify/number", number),
    ):
        answer = client.post(path, data={"csrf_token": token[1], **said}, base_url=URL)
        assert 'data-kind="ok"' in answer.text
        assert record.number in answer.text
        assert record.holder_id not in answer.text
    for wrong, code in (({"code": "nonsense"}, 422), ({}, 422), ({"picture": (io.BytesIO(b"x"), "x.png")}, 422)):
        refused = client.post("/v", data={"csrf_token": token[1], **wrong}, base_url=URL)
        assert refused.status_code == code
    assert client.post("/v", data={"code": text}, base_url=URL).status_code == 403
    for path, camera in (("/v", "(self)"), ("/verify", "(self)"), ("/", "()"), ("/login", "()")):
        assert client.get(path, base_url=URL).headers["Permissions-Policy"].startswith(f"camera={camera},")
    script = client.get("/licenses/static/qr.js", base_url=URL)
    assert script.mimetype == "text/javascript"
    script.close()


def test_nobody_downloads_what_is_not_theirs_nor_learns_that_it_exists(
    client: FlaskClient, services: Services, pdf: bytes
) -> None:
    del pdf
    with services.licenses.work.read() as work:
        ((_, record),) = work.records.licenses(limit=1)
    asked: list[str] = []

    def note(*told: Any) -> None:
        asked.append(told[2])

    sa.event.listen(services.engine, "before_cursor_execute", note)
    try:
        known = client.get(f"/licenses/{record.identifier}.pdf", base_url=URL)
    finally:
        sa.event.remove(services.engine, "before_cursor_execute", note)
    unknown = client.get("/licenses/1.2.156.3005.2.x.pdf", base_url=URL)
    assert (known.status_code, unknown.status_code) == (404, 404)
    assert not any("licenses_licenses" in statement for statement in asked)  # what takes longer tells as much


def test_status_list_and_checkpoint_are_public(client: FlaskClient) -> None:
    listed = client.get("/licenses/status", base_url=URL)
    assert (listed.status_code, listed.mimetype) == (200, "application/statuslist+jwt")
    assert "max-age" in listed.headers["Cache-Control"]
    again = client.get("/licenses/status", base_url=URL, headers={"If-None-Match": listed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert len(listed.text.split(".")) == 3
    head = client.get("/licenses/log/checkpoint", base_url=URL)
    assert head.text.startswith("localhost:18777/licenses/log\n")
    size = int(head.text.split("\n")[1])
    tile = client.get(f"/licenses/log/tile/0/000.p/{size}", base_url=URL)
    assert (len(tile.data), tile.mimetype) == (32 * size, "application/octet-stream")
    assert "immutable" in tile.headers["Cache-Control"]
    entries = client.get(f"/licenses/log/tile/entries/000.p/{size}", base_url=URL).data
    assert log.leaf_hash(entries[2 : 2 + int.from_bytes(entries[:2], "big")]) == tile.data[:32]
    assert client.get(f"/licenses/log/tile/0/000.p/{size + 1}", base_url=URL).status_code == 404
    assert client.get("/licenses/witness/445122", base_url=URL).data == b""  # it has seen none of that node's


def test_the_api_describes_itself(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json", base_url=URL).json
    assert document == describe(URL, idp.openapi.describe)
    assert "/api/v1/mandates/{mandate_id}" in document["paths"]
    assert set(document["paths"]["/api/v1/verifications"]["post"]["responses"]) == {
        "200", "400", "413", "415", "429", "503",
    }  # fmt: skip
    assert set(document["components"]["schemas"]["Verdict"]["required"]) == CONTRACT


def test_each_verification_is_in_the_audit_trail(client: FlaskClient, services: Services, pdf: bytes) -> None:
    post(client, pdf)
    with services.licenses.work.read() as work:
        latest = work.audit.page(contains="licenses.verify", limit=1)  # type: ignore[attr-defined]
    assert latest[0].event.details["indication"] == "TOTAL_PASSED"
    assert latest[0].event.actor == "public:api"


def test_the_answer_may_be_a_signed_statement_or_the_evidence(client: FlaskClient, pdf: bytes) -> None:
    signed = post(client, pdf, headers={"Accept": "application/jose"})
    assert (signed.status_code, signed.mimetype, signed.text.count(".")) == (200, "application/jose", 2)
    evidence = post(client, pdf, headers={"Accept": "application/zip"})
    assert "Content-Length" not in evidence.headers  # it goes out while it is put together
    assert (evidence.mimetype, evidence.data[:2]) == ("application/zip", b"PK")
    assert post(client, pdfs.unsealed(example_data()), headers={"Accept": "application/zip"}).status_code == 422
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/verify", base_url=URL).text)
    assert token is not None
    report = post(client, pdf, headers={"Accept": "application/pdf"})
    assert post(client, report.data).get_json()["message"]["en"].startswith("This is a genuine verification report")
    verdict = client.post("/verify", data={"csrf_token": token[1], "file": (io.BytesIO(pdf), "x.pdf")}, base_url=URL).text
    signed_there = re.search(r'name="statement" value="([^"]+)"', verdict)
    assert signed_there is not None
    for wanted, kind in (("report", "application/pdf"), ("statement", "application/jose")):
        data = {"csrf_token": token[1], "as": wanted, "statement": signed_there[1]}
        assert client.post("/verify/report", data=data, base_url=URL).mimetype == kind
    assert client.post("/verify/report", data={"csrf_token": token[1], "statement": "x"}, base_url=URL).status_code == 422
    for wanted, kind in (("statement", "application/jose"), ("report", "application/pdf"), ("evidence", "application/zip")):
        data = {"csrf_token": token[1], "as": wanted, "file": (io.BytesIO(pdf), "licence.pdf")}
        assert client.post("/verify", data=data, base_url=URL).mimetype == kind
