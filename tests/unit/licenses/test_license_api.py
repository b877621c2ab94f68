"""Departments' systems work on their own licences by interface: each by a token of its own, within its scopes, once for each key."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from licenses import issue
from licenses.bulk import work
from licenses.bulk_records import Batch
from licenses.life import acts
from licenses.life.orders import operator
from service import audit
from service.app import create_app
from service.metrics import Metrics
from service.wiring import Services
from tests.support import issuing
from tests.support.idp import add_client, basic

RAOPING, MARKET = issuing.GOOD_ROW["issuer_id"], "114451008W15P11PMR"
ALL = "licenses.read licenses.issue licenses.change"
API = "/api/v1/licenses"
APPLICATION = {
    "type_code": issuing.GOOD_ROW["type_code"],
    "holder_name": "饶平县林𠮷卤味食品厂",
    "holder_id": issuing.GOOD_ROW["holder_id"],
    "issue_date": "2026-11-23",
    "valid_from": "2026-11-23",
    "extra": {"法定代表人": "林𠮷", "注册资本": "100万元", "经营范围": "卤味食品", "住所": "饶平县城西31路108号"},
}


class System:
    """A department's system with its token."""

    def __init__(self, services: Services, client: FlaskClient, client_id: str, department: str, scope: str = ALL) -> None:
        registered = add_client(
            services.idp, client_id, department=department, scope=scope, grant_types=("client_credentials",), redirect_uris=()
        )
        self._client = client
        asked = {"grant_type": "client_credentials", "scope": scope}
        answer = client.post("/oauth/token", data=asked, headers={"Authorization": basic(client_id, registered.client_secret)})
        assert answer.status_code == 200, answer.text
        self._headers = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}

    def get(self, path: str) -> TestResponse:
        return self._client.get(API + path, headers=self._headers)

    def post(self, path: str, body: Any, key: str | None = None) -> TestResponse:
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        return self._client.post(API + path, json=body, headers=headers)

    def hand_in(self, csv: bytes, kind: str = "text/csv") -> TestResponse:
        return self._client.post(f"{API}/batches", data=csv, content_type=kind, headers=self._headers)


@pytest.fixture(scope="module")
def client(services: Services) -> FlaskClient:
    return create_app(services, Metrics()).test_client()


@pytest.fixture(scope="module")
def own(services: Services, client: FlaskClient) -> System:
    return System(services, client, "raoping", RAOPING)


@pytest.fixture(scope="module")
def other(services: Services, client: FlaskClient) -> System:
    return System(services, client, "market", MARKET)


@pytest.fixture(scope="module")
def issued(services: Services) -> dict[str, str]:
    record = issue.issue(services.licenses, issuing.application(services.licenses), actor="operator:test").record
    return {"identifier": record.identifier, "number": record.number}


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.get_json()
    assert document["code"] == code
    return document


def test_a_licence_is_issued_read_and_downloaded_and_what_can_be_known_need_not_be_said(own: System) -> None:
    answer = own.post("", {"application": APPLICATION}, key="application-1")
    assert answer.status_code == 201, answer.text
    told = answer.get_json()
    made = told["license"]
    assert (told["act"]["state"], made["data"]["CZZT"], made["data"]["ZZBFJG"]) == (
        "done",
        "饶平县林𠮷卤味食品厂",
        "饶平县市场监督管理局",
    )
    shown = own.get(f"/{made['identifier']}")
    assert shown.get_json()["acts"][0]["asked_by"] == "client:raoping"
    assert shown.headers["Cache-Control"] == "no-store"
    pdf = own.get(f"/{made['number']}/document")
    assert pdf.mimetype == "application/pdf"
    assert hashlib.sha256(pdf.data).hexdigest() == made["sha256"]
    receipt = own.get(f"/{made['number']}/receipt")
    assert (receipt.mimetype, receipt.text.splitlines()[2]) == ("text/plain", f"index {made['log_index']}")
    found = own.post("/search", {"holder_id": APPLICATION["holder_id"], "status": "01"}).get_json()
    assert made["identifier"] in [one["identifier"] for one in found["licenses"]]
    assert own.post("", {"application": APPLICATION}, key="application-1").get_json()["act"] == told["act"]


def test_an_act_is_done_once_for_its_key(own: System, issued: dict[str, str]) -> None:
    asked = {"act": "suspend", "reason": "safety", "note": "现场检查", "basis": "饶市监〔2026〕9号"}
    first = own.post(f"/{issued['identifier']}/acts", asked, key="k-1")
    assert (first.status_code, first.get_json()["license"]["status"]["code"]) == (201, "02")
    again = own.post(f"/{issued['identifier']}/acts", asked, key="k-1")
    assert (again.status_code, again.get_json()["act"]["id"]) == (201, first.get_json()["act"]["id"])
    restore = {"act": "restore", "reason": "rectified"}
    problem(own.post(f"/{issued['identifier']}/acts", restore, key="k-1"), 422, "key_reused")
    assert own.post(f"/{issued['identifier']}/acts", restore, key="k-2").status_code == 201
    problem(own.post(f"/{issued['identifier']}/acts", restore, key="k-3"), 409, "act_not_in_status")


def test_an_act_that_was_rejected_is_told_as_such_when_asked_for_again(
    services: Services, own: System, issued: dict[str, str]
) -> None:
    asked = {"act": "revoke", "reason": "deception"}
    act = own.post(f"/{issued['identifier']}/acts", asked, key="r-1").get_json()["act"]
    acts.reject(services.licenses, act["id"], operator("operator:林"))
    again = own.post(f"/{issued['identifier']}/acts", asked, key="r-1")
    assert (again.status_code, again.get_json()["act"]["state"]) == (200, "rejected")


def test_what_takes_two_waits_and_is_seen_waiting(own: System, issued: dict[str, str]) -> None:
    answer = own.post(f"/{issued['identifier']}/acts", {"act": "cancel", "reason": "holder_request"})
    assert (answer.status_code, answer.get_json()["act"]["state"]) == (202, "waiting")
    assert own.get(f"/acts/{answer.get_json()['act']['id']}").get_json()["state"] == "waiting"
    assert own.get(f"/{issued['number']}").get_json()["status"]["code"] == "01"


def test_another_departments_licence_is_as_if_there_were_none(own: System, other: System, issued: dict[str, str]) -> None:
    name = issued["identifier"]
    copy = {"act": "annotate", "reason": "use", "columns": {"purpose": "贷款", "receiver": "银行", "until": "2027-01-01"}}
    made = own.post(f"/{name}/acts", copy).get_json()["act"]
    assert own.get(f"/copies/{made['result']}").mimetype == "application/pdf"
    for path in (
        f"/{name}",
        f"/{issued['number']}",
        f"/{name}/document",
        f"/{name}/receipt",
        "/1.2.3",
        f"/copies/{made['result']}",
        "/copies/00",
    ):
        problem(other.get(path), 404, "license_not_found")
    problem(other.post(f"/{name}/acts", {"act": "suspend", "reason": "safety"}), 404, "license_not_found")
    problem(other.get(f"/acts/{made['id']}"), 404, "act_not_found")
    assert other.post("/search", {"number": issued["number"]}).get_json() == {"licenses": [], "next": None}
    issuer = {**APPLICATION, "issuer_id": RAOPING}
    problem(other.post("", {"application": issuer}), 403, "not_your_department")


def test_a_scope_is_needed_for_each_and_strangers_are_challenged(
    services: Services, client: FlaskClient, issued: dict[str, str]
) -> None:
    reader = System(services, client, "reader", RAOPING, "licenses.read")
    assert reader.get(f"/{issued['number']}").status_code == 200
    problem(reader.post(f"/{issued['identifier']}/acts", {"act": "suspend", "reason": "safety"}), 403, "oauth_token_scope")
    refused = reader.post("", {"application": APPLICATION})
    problem(refused, 403, "oauth_token_scope")
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    stranger = client.get(f"{API}/{issued['number']}")
    problem(stranger, 401, "oauth_token_missing")
    assert stranger.headers["WWW-Authenticate"].startswith("Bearer")


BAD: list[tuple[Any, str, str]] = [
    ({"act": "suspend"}, "reason", "act_reason"),
    ({"act": "issue", "reason": "application"}, "act", "api_body"),
    ({"act": "explode", "reason": "safety"}, "act", "api_body"),
    ({"act": "suspend", "reason": 7}, "reason", "api_body"),
    ({"act": "suspend", "reason": "safety", "columns": {"valid_to": 1}}, "columns", "api_body"),
    ({"act": "suspend", "reason": "safety\0"}, "reason", "api_body"),  # PostgreSQL takes no NUL
    ({"act": "suspend", "reason": "safety", "columns": {"valid_to": "\0"}}, "columns", "api_body"),
    ({"act": "suspend", "reason": "safety", "more": "x"}, "more", "api_body"),
    ([], "", "api_body"),
    ({"act": "renew", "reason": "validity", "columns": {"valid_to": "明天"}}, "valid_to", "bad_date"),
]


def test_bodies_that_are_not_well_formed_are_refused_with_their_field(own: System, issued: dict[str, str]) -> None:
    for body, field, code in BAD:
        answer = own.post(f"/{issued['identifier']}/acts", body)
        assert answer.status_code in {400, 422}, (body, answer.text)
        document = answer.get_json()
        assert (document["code"], document.get("field", "")) == (code, field), body
    problem(own.post(f"/{issued['identifier']}/acts", BAD[0][0], key="钥匙".encode().decode("latin-1")), 400, "api_key")
    wrong = {**APPLICATION, "holder_id": "91445122855JTN13AH"}
    assert problem(own.post("", {"application": wrong}), 422, "holder_id_check")["field"] == "holder_id"


def test_each_look_at_somebodys_licence_is_on_the_audit_trail(services: Services, own: System, issued: dict[str, str]) -> None:
    own.get(f"/{issued['number']}")
    with services.engine.connect() as connection:
        page = audit.SqlAuditTrail(connection).page(limit=3, contains="licenses.read")
    assert (page[0].event.actor, page[0].event.target) == ("client:raoping", f"license:{issued['identifier']}")


def test_a_department_hands_a_file_in_asks_how_far_it_is_and_reads_each_rows_outcome(
    services: Services, own: System, other: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Batch] = []
    monkeypatch.setattr("service.jobs.issue_in_background", lambda _services, batch: told.append(batch))
    good = {**issuing.GOOD_ROW, "number": "QA202600000031"}
    answer = own.hand_in(issuing.csv_of(good, {**good, "number": "QA202600000032", "holder_id": "1"}).getvalue())
    assert answer.status_code == 202, answer.text
    batch_id = answer.get_json()["id"]
    assert [batch.id for batch in told] == [batch_id]
    work.carry_on(services.licenses)
    shown = own.get(f"/batches/{batch_id}").get_json()
    assert (shown["finished"], shown["issued"], shown["refused"]) == (True, 1, 1)
    lines = [json.loads(line) for line in own.get(f"/batches/{batch_id}/rows").text.splitlines()]
    assert [(line["outcome"], line.get("field")) for line in lines] == [("issued", None), ("refused", "holder_id")]
    for path in (f"/batches/{batch_id}", f"/batches/{batch_id}/rows"):
        problem(other.get(path), 404, "batch_not_found")
    problem(own.hand_in(b"{}", "application/json"), 400, "api_body")
    # A million rows are larger than any PDF may be.
    large = services.policies.licenses.verification.max_upload_bytes + 2 * 1024 * 1024
    problem(own.hand_in((b"x" * 999 + b"\n") * (large // 1000)), 422, "csv_column_unknown")
