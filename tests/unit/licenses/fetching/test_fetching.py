"""Departments fetch licences by law or with consent, for a stated purpose; holders decide, take back, and see each fetch."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from kernel.errors import Refusal
from licenses import issue
from licenses.fetching import fetch
from licenses.fetching.fetch import System
from licenses.registry_records import LicenseRecord
from service.wiring import Services
from tests.support import issuing, wallet
from tests.support.idp import add_client, basic
from tests.support.wallet import HOLDER, OTHER, Person, person

WELFARE, MARKET = "114451006B39GGDTXW", "114451008W15P11PMR"
CARD, BUSINESS = wallet.CARD["type_code"], issuing.GOOD_ROW["type_code"]
SEARCH, DOCUMENT = "/api/v1/certificates/search", "/api/v1/certificates/document"
CAUSE = "核发创业补贴，林𠮷"


class Department:
    """A department's system with its token."""

    def __init__(
        self, services: Services, client: FlaskClient, client_id: str, department: str, scope: str = "licenses.fetch"
    ) -> None:
        made = add_client(
            services.idp, client_id, department=department, scope=scope, grant_types=("client_credentials",), redirect_uris=()
        )
        self._client = client
        asked = {"grant_type": "client_credentials", "scope": scope}
        answer = client.post("/oauth/token", data=asked, headers={"Authorization": basic(client_id, made.client_secret)})
        self._headers = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}

    def search(self, type_code: str = CARD, holder: str = HOLDER, **more: Any) -> TestResponse:
        asked = {"certificateTypeCode": type_code, "certificateHolderCode": holder, "useCause": CAUSE, **more}
        return self.post(SEARCH, {name: value for name, value in asked.items() if value is not None})

    def document(self, identifier: str) -> TestResponse:
        return self.post(DOCUMENT, {"certificateIdentifier": identifier, "useCause": CAUSE})

    def post(self, path: str, body: Any) -> TestResponse:
        return self._client.post(path, json=body, headers=self._headers)


@pytest.fixture(scope="module")
def market(services: Services, app: Flask) -> Department:
    return Department(services, app.test_client(), "market", MARKET)


@pytest.fixture(scope="module")
def welfare(services: Services, app: Flask) -> Department:
    return Department(services, app.test_client(), "welfare", WELFARE)


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.get_json()
    assert document["code"] == code
    return document


def say(who: Person, consent: str, word: str) -> TestResponse:
    return who.post("/account/licenses/consents", {"consent": consent, "word": word})


def test_with_the_holders_consent_from_the_wish_to_its_withdrawal(
    market: Department, holder: Person, another: Person, card: LicenseRecord
) -> None:
    # Until the holder says yes nothing is told: a holder of nothing is answered alike.
    asked = market.search()
    assert (asked.status_code, list(asked.get_json())) == (202, ["consent"])
    assert market.search(holder=OTHER).get_json()["consent"]["state"] == "waiting"
    consent = asked.get_json()["consent"]["id"]
    assert market.search(useCause="别的事").get_json()["consent"]["id"] == consent
    problem(market.document(card.identifier), 404, "license_not_found")
    page = holder.get("/account/licenses").text
    assert "潮州市市场监督管理局想调取您的社会保障卡" in page
    assert CAUSE in page
    # Only the holder decides.
    for word in ("grant", "refuse", "withdraw"):
        assert say(another, consent, word).status_code == 404
    assert say(holder, consent, "withdraw").status_code == 404
    assert say(holder, consent, "grant").headers["Location"] == "/account/licenses"
    assert say(holder, consent, "grant").status_code == 404
    told = market.search()
    assert (told.status_code, told.headers["Cache-Control"]) == (200, "no-store")
    assert told.get_json()["basis"] == {"kind": "consent", "reference": consent}
    [found] = told.get_json()["certificates"]
    assert (found["certificateIdentifier"], found["certificateHolder"], found["certificateStatus"]) == (
        card.identifier,
        "陈𠮷潮",
        "01",
    )
    assert market.search(certificateHolderName="另一个人").get_json()["certificates"] == []
    assert market.search(certificateNumber=card.number).get_json()["certificates"] == [found]
    assert market.document(card.identifier).data.startswith(b"%PDF-")
    # Each fetch is there for the holder, with who and why.
    seen = holder.get(f"/account/licenses/{card.identifier}").text
    assert seen.count("潮州市市场监督管理局调取") == 3
    assert CAUSE in seen
    # Taken back, it is over, and the department does not ask again at once.
    assert say(holder, consent, "withdraw").status_code == 303
    problem(market.search(), 403, "consent_refused")
    problem(market.document(card.identifier), 404, "license_not_found")
    assert "已撤回" in holder.get("/account/licenses").text


def test_a_no_is_a_no(market: Department, holder: Person) -> None:
    consent = market.search(type_code="114400000069405550001").get_json()["consent"]["id"]
    assert say(holder, consent, "refuse").status_code == 303
    problem(market.search(type_code="114400000069405550001"), 403, "consent_refused")
    assert "您不同意" in holder.get("/account/licenses").text


def test_by_law_nobody_is_asked_and_the_law_is_named(
    services: Services, welfare: Department, market: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = issue.issue(services.licenses, issuing.application(services.licenses), actor="operator:test").record
    told = welfare.search(BUSINESS, made.holder_id).get_json()
    assert told["basis"] == {"kind": "law", "reference": "《中华人民共和国社会保险法》第五十七条"}
    assert [one["certificateNumber"] for one in told["certificates"]] == [made.number]
    assert welfare.document(made.identifier).status_code == 200
    assert market.search(BUSINESS, made.holder_id).status_code == 202
    with services.licenses.work.read() as work:
        assert [(one.who, one.purpose) for one in work.records.looks(made.identifier)] == [
            ("潮州市人力资源和社会保障局", CAUSE)
        ] * 2
    # What may be fetched is told also when its type was taken away; nobody is asked about one.
    monkeypatch.setattr(services.policies.licenses, "__dict__", {**services.policies.licenses.__dict__, "types": ()})
    [left] = welfare.search(BUSINESS, made.holder_id).get_json()["certificates"]
    assert (left["certificateNumber"], left["certificateName"]) == (made.number, "营业执照")
    problem(market.search("0" * 21, made.holder_id), 422, "certificate_type")


def test_the_purpose_and_the_form_are_insisted_on(market: Department) -> None:
    for cause in (None, "", " ", "字" * 201, "a\u202eb"):
        problem(market.search(useCause=cause), 422, "use_cause")
    assert problem(market.search(type_code="x" * 21), 422, "certificate_type")["field"] == "certificateTypeCode"
    assert problem(market.search(more="x"), 400, "api_body")["field"] == "more"
    problem(market.search(holder=None), 400, "api_body")  # type: ignore[arg-type]
    problem(market.search(certificateNumber=7), 400, "api_body")
    problem(market.post(SEARCH, []), 400, "api_body")
    problem(market.post(DOCUMENT, {"useCause": CAUSE}), 400, "api_body")


@pytest.mark.parametrize("wrong", ["\0", "\ud800"])
def test_what_no_database_can_hold_is_refused_before_one_is_asked(services: Services, wrong: str) -> None:
    search = {"certificateTypeCode": CARD, "certificateHolderCode": HOLDER, "useCause": CAUSE}
    document = {"certificateIdentifier": "1.2.156.3005.2.1", "useCause": CAUSE}
    for act, asked, names in (
        (fetch.search, search, ("certificateTypeCode", "certificateHolderCode")),
        (fetch.get_document, document, ("certificateIdentifier",)),
    ):
        for name in names:
            body = json.dumps({**asked, name: f"{asked[name]}{wrong}"}).encode()
            with pytest.raises(Refusal, match="api_body"):
                act(services.licenses, body, System("x", MARKET, "x"))


def test_a_scope_of_its_own_is_needed(services: Services, app: Flask) -> None:
    reader = Department(services, app.test_client(), "reader", MARKET, "licenses.read")
    problem(reader.search(), 403, "oauth_token_scope")
    problem(app.test_client().post(SEARCH, json={}), 401, "oauth_token_missing")


def test_a_stranger_and_one_without_a_number_decide_nothing(services: Services, app: Flask) -> None:
    stranger, nameless = person(services, app.test_client(), None), person(services, app.test_client(), "nameless")
    assert stranger.get("/account/licenses").headers["Location"] == "/login"
    assert say(stranger, "x", "grant").headers["Location"] == "/login"
    assert "先实名认证" in nameless.get("/account/licenses").text
    assert say(nameless, "x", "grant").status_code == 404


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.dictionaries(st.sampled_from(["useCause", "certificateTypeCode", "certificateHolderCode", "x"]), inner),
    )
    .map(str)
    .map(lambda text: text.replace("'", '"').encode("utf-8", "surrogatepass"))
)
def test_whatever_is_sent_is_refused_by_name(services: Services, body: bytes) -> None:
    for act in (fetch.search, fetch.get_document):
        with pytest.raises(Refusal):
            act(services.licenses, body, System("x", MARKET, "x"))


def test_the_interfaces_are_described(app: Flask) -> None:
    paths = app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    assert {SEARCH, DOCUMENT} <= set(paths)
    assert re.fullmatch(r"\d+", next(iter(paths[SEARCH]["post"]["responses"])))
