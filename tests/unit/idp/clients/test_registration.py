"""Systems that register themselves: who may, as what, and how they keep it up."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from idp import endpoints
from idp.clients import invitations, registry, stages
from idp.people.accounts import SUBJECT_PREFIX
from idp.ports import IdpDeps
from idp.records import POLLED
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import (
    CALLBACK,
    OPERATOR,
    SOCIAL_SECURITY,
    Provider,
    add_client,
    another_process,
    events,
    json_of,
    returned,
)
from tests.support.registering import invite, metadata, register, send
from tests.support.signing_client import public_jwks
from tests.unit.idp.test_concurrency import at_once


def with_rules(deps: IdpDeps, **changes: Any) -> IdpDeps:
    """The same node with other rules for systems that register themselves."""
    clients = deps.policies.clients
    rules = clients.registration.model_copy(update=changes)
    return replace(
        deps, policies=deps.policies.model_copy(update={"clients": clients.model_copy(update={"registration": rules})})
    )


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status, json_of(answer)["error"]


def test_an_invited_system_registers_itself_and_is_told_what_it_is(deps: IdpDeps, engine: sa.Engine) -> None:
    told = register(
        deps,
        grant_types=["authorization_code", "refresh_token"],
        **{"client_name#en": "Business registration", "logo_uri": "https://scjg.example.cn/logo.png", "fantasy": {"a": 1}},
    )
    client = registry.get(deps, told["client_id"])
    assert (client.name, client.names) == ("企业开办系统", {"en": "Business registration"})
    assert (client.stage, client.department) == ("test", "114451008W15P11PMR")
    assert [one.hash for one in client.secrets] == [registry.hash_secret(told["client_secret"])]
    assert told["client_secret_expires_at"] == 0
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["response_types"] == ["code"]
    assert told["client_name#en"] == "Business registration"
    assert told["logo_uri"] == "https://scjg.example.cn/logo.png"
    assert "fantasy" not in told
    assert told["registration_client_uri"].endswith("/oauth/register?client_id=" + told["client_id"])
    stored = str(client) + str(events(engine, "idp.register_client"))
    assert told["registration_access_token"] not in stored
    assert told["client_secret"] not in stored
    assert events(engine, "idp.register_client")[0]["actor"].startswith("invitation:")


def test_requirement_10_no_client_id_is_like_a_sub(light: IdpDeps) -> None:
    told = register(light)
    assert "." in SUBJECT_PREFIX
    assert "." not in told["client_id"]
    with pytest.raises(Refusal) as caught:
        registry.register(light, replace(registry.get(light, told["client_id"]), client_id=SUBJECT_PREFIX + "x"), actor=OPERATOR)
    assert caught.value.field == "client_id"


def test_unknown_used_up_and_over_are_one_answer(deps: IdpDeps, clock: FixedClock) -> None:
    used = invite(deps)
    assert send(deps, "POST", used, metadata()).status == 201
    over = invite(deps)
    clock.advance(timedelta(hours=1))
    withdrawn = invite(deps)
    invitations.withdraw(deps, invitations.name_of(invitations.open_invitations(deps)[0]), actor=OPERATOR)
    answers = {
        (each.status, each.body, each.headers)
        for each in (send(deps, "POST", token, metadata()) for token in (used, over, withdrawn, "x", None, ""))
    }
    ((status, body, headers),) = answers
    assert (status, json.loads(body)["error"]) == (401, "invalid_token")
    assert ("WWW-Authenticate", 'Bearer realm="chaoxin"') in headers


def test_what_is_refused_uses_no_invitation_up(deps: IdpDeps, engine: sa.Engine) -> None:
    token = invite(deps)
    for _ in range(3):
        assert error_of(send(deps, "POST", token, metadata(redirect_uris=["http://scjg.example.cn/"]))) == (
            400,
            "invalid_redirect_uri",
        )
    assert events(engine, "idp.register_client") == []
    assert send(deps, "POST", token, metadata()).status == 201


def test_an_invitation_for_three_registers_three_however_many_come_at_once(deps: IdpDeps, engine: sa.Engine) -> None:
    token = invite(deps, uses=3)
    answers = at_once(12, lambda _: send(another_process(deps), "POST", token, metadata()))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [401] * 9
    assert len(registry.all_clients(deps)) == 3
    with engine.connect() as connection:
        assert connection.execute(sa.text("select uses_left from idp_invitations")).scalar_one() == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"redirect_uris": None}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": [CALLBACK + "#part"]}, "redirect_uris"),
        ({"redirect_uris": ["http://scjg.example.cn/cb"]}, "redirect_uris"),
        ({"redirect_uris": CALLBACK}, "redirect_uris"),
        ({"redirect_uris": [1]}, "redirect_uris"),
        ({"redirect_uris": [CALLBACK] * 101}, "redirect_uris"),
        ({"redirect_uris": [CALLBACK] * 51}, "redirect_uris"),
        ({"client_name": ""}, "client_name"),
        ({"client_name": 7}, "client_name"),
        ({"client_name": "名" * 201}, "client_name"),
        ({"client_name#": "x"}, "client_name"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": ["implicit"], "response_types": ["token"]}, "response_types"),
        ({"grant_types": ["client_credentials"], "response_types": [], "redirect_uris": None}, "grant_types"),
        ({"response_types": ["code id_token"]}, "response_types"),
        ({"response_types": []}, "response_types"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"jwks": "no"}, "jwks"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "jwks"),
        ({"jwks": {"keys": [*public_jwks()["keys"], {"kty": "EC", "crv": "P-384", "d": "AAAA"}]}}, "jwks"),
        ({"jwks": {**public_jwks(), "x": 10**30}}, "jwks"),
        ({"jwks": public_jwks(), "jwks_uri": "https://scjg.example.cn/jwks"}, "jwks_uri"),
        ({"jwks_uri": "http://scjg.example.cn/jwks"}, "jwks_uri"),
        ({"request_uris": ["http://scjg.example.cn/r"], "jwks": public_jwks()}, "request_uris"),
        ({"sector_identifier_uri": "https://scjg.example.cn/none"}, "sector_identifier_uri"),
        ({"subject_type": "pairwise", "redirect_uris": [CALLBACK, "https://b.example.cn/"]}, "sector_identifier_uri"),
        ({"subject_type": "secret"}, "subject_type"),
        ({"application_type": "desktop"}, "application_type"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"userinfo_signed_response_alg": "HS256"}, "userinfo_signed_response_alg"),
        ({"default_max_age": True}, "default_max_age"),
        ({"default_max_age": -1}, "default_max_age"),
        ({"default_max_age": "60"}, "default_max_age"),
        ({"default_acr_values": ["urn:unknown"]}, "default_acr_values"),
        ({"contacts": ["a@example.cn"] * 11}, "contacts"),
        ({"logo_uri": "http://scjg.example.cn/l"}, "logo_uri"),
        ({"policy_uri": "javascript:alert(1)"}, "policy_uri"),
        ({"tos_uri": ""}, "tos_uri"),
        ({"initiate_login_uri": "ftp://scjg.example.cn"}, "initiate_login_uri"),
        ({"backchannel_logout_uri": "http://scjg.example.cn/l"}, "backchannel_logout_uri"),
        ({"backchannel_logout_uri": POLLED}, "backchannel_logout_uri"),  # events alone are fetched
        ({"backchannel_logout_session_required": "true"}, "backchannel_logout_session_required"),
        ({"scope": "identity fantasy"}, "scope"),
        ({"scope": 1}, "scope"),
        ({"software_version": "v" * 201}, "software_version"),
        ({f"m{number}": number for number in range(100)}, "(all)"),
    ],
    ids=itertools.count(),
)
def test_each_fault_is_named_and_stores_nothing(light: IdpDeps, sqlite: sa.Engine, change: dict[str, Any], field: str) -> None:
    department = "11445100DXEYPY6WAN"  # has no rules of its own
    answer = send(light, "POST", invite(light, department=department), metadata(**change))
    expected = "invalid_redirect_uri" if field == "redirect_uris" else "invalid_client_metadata"
    assert error_of(answer) == (400, expected)
    assert f" {field} " in json_of(answer)["error_description"]
    assert events(sqlite, "idp.register_client") == []


def test_a_system_without_a_name_is_called_by_its_identifier(light: IdpDeps) -> None:
    told = register(light, client_name=None)
    assert told["client_name"] == told["client_id"]
    assert register(light, client_name=None, **{"client_name#zh-CN": "甲"})["client_name"] == "甲"


def test_scopes_beyond_the_departments_are_left_out(light: IdpDeps) -> None:
    told = register(light, department=SOCIAL_SECURITY, scope="openid email identity fantasy")
    assert told["scope"] == "openid identity"
    assert registry.get(light, told["client_id"]).scopes == ("openid", "identity")
    assert "identity" in register(light, department=SOCIAL_SECURITY)["scope"].split()


def test_policies_say_what_may_register_itself(light: IdpDeps) -> None:
    strict = with_rules(light, token_endpoint_auth_methods=("private_key_jwt",), without_pkce=False)
    assert error_of(send(strict, "POST", invite(strict), metadata())) == (400, "invalid_client_metadata")
    told = json_of(
        send(strict, "POST", invite(strict), metadata(token_endpoint_auth_method="private_key_jwt", jwks=public_jwks()))
    )
    assert "client_secret" not in told
    assert registry.get(strict, told["client_id"]).require_pkce
    clients = light.policies.clients.model_copy(update={"subject_type": "pairwise"})
    apart = replace(light, policies=light.policies.model_copy(update={"clients": clients}))
    assert register(apart)["subject_type"] == "pairwise"
    assert register(light)["subject_type"] == "public"
    with pytest.raises(Refusal) as caught:
        invite(light, uses=light.policies.clients.registration.max_uses + 1)
    assert caught.value.field == "uses"


def test_pkce_is_waived_for_confidential_systems_under_test_alone(light: IdpDeps) -> None:
    with capture_logs() as logged:
        confidential = register(light)["client_id"]
    assert not registry.get(light, confidential).require_pkce
    assert "client_without_pkce" in [one["event"] for one in logged]
    public = register(light, token_endpoint_auth_method="none")["client_id"]
    assert registry.get(light, public).require_pkce
    production = with_rules(light, stage="production")
    told = json_of(send(production, "POST", invite(production), metadata(backchannel_logout_uri="https://scjg.example.cn/out")))
    assert registry.get(light, told["client_id"]).require_pkce
    answer = send(production, "POST", invite(production), metadata())
    assert error_of(answer) == (400, "invalid_client_metadata")
    assert "backchannel_logout_uri" in json_of(answer)["error_description"]


# Keeping it up (RFC 7592).


def test_a_system_reads_and_changes_what_is_registered_of_it(deps: IdpDeps, engine: sa.Engine) -> None:
    told = register(deps, contacts=["a@example.cn"])
    client_id, token = told["client_id"], told["registration_access_token"]
    read = json_of(send(deps, "GET", token, client_id=client_id))
    assert read == {name: value for name, value in told.items() if not name.startswith("client_secret")}
    changed = {**metadata(tos_uri="https://scjg.example.cn/tos"), "client_id": client_id, "client_secret": told["client_secret"]}
    answer = json_of(send(deps, "PUT", token, changed, client_id=client_id))
    assert answer["tos_uri"] == "https://scjg.example.cn/tos"
    assert "contacts" not in answer, "what is left out is taken away"
    assert "client_secret" not in answer
    assert answer["registration_access_token"] != token
    client = registry.get(deps, client_id)
    assert [one.hash for one in client.secrets] == [registry.hash_secret(told["client_secret"])]
    assert client.version == 1
    assert send(deps, "GET", token, client_id=client_id).status == 401, "each change gives another token"
    assert send(deps, "GET", answer["registration_access_token"], client_id=client_id).status == 200
    (event,) = events(engine, "idp.update_client")
    assert (event["actor"], "tos_uri" in event["details"]) == (f"client:{client_id}", True)


def test_a_system_takes_itself_away(deps: IdpDeps) -> None:
    told = register(deps)
    where = {"client_id": told["client_id"]}
    answer = send(deps, "DELETE", told["registration_access_token"], **where)
    assert (answer.status, answer.body) == (204, b"")
    assert send(deps, "DELETE", told["registration_access_token"], **where).status == 401
    assert registry.find(deps, told["client_id"]) is None


def test_a_method_with_a_secret_gets_one_and_one_without_loses_it(light: IdpDeps) -> None:
    told = register(light, token_endpoint_auth_method="private_key_jwt", jwks=public_jwks())
    assert "client_secret" not in told
    again = {**metadata(), "client_id": told["client_id"]}
    basic = json_of(send(light, "PUT", told["registration_access_token"], again, client_id=told["client_id"]))
    assert len(basic["client_secret"]) == 43
    public = json_of(
        send(
            light,
            "PUT",
            basic["registration_access_token"],
            {**again, "token_endpoint_auth_method": "none"},
            client_id=told["client_id"],
        )
    )
    assert "client_secret" not in public
    assert registry.get(light, told["client_id"]).secrets == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"client_id": "another"}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"client_secret": "k" * 43}, "client_secret"),
        ({"client_secret": 5}, "client_secret"),
        ({"client_id_issued_at": 5}, "client_id_issued_at"),
        ({"registration_access_token": "x"}, "registration_access_token"),
        ({"grant_types": ["client_credentials"]}, "response_types"),
    ],
    ids=str,
)
def test_a_change_that_is_not_the_systems_to_make_is_refused(light: IdpDeps, change: dict[str, Any], field: str) -> None:
    told = register(light)
    document = {**metadata(), "client_id": told["client_id"], **change}
    answer = send(light, "PUT", told["registration_access_token"], document, client_id=told["client_id"])
    assert error_of(answer) == (400, "invalid_client_metadata")
    assert f" {field} " in json_of(answer)["error_description"]
    assert registry.get(light, told["client_id"]).version == 0


def test_whose_token_it_is_not_learns_nothing(light: IdpDeps) -> None:
    one, other = register(light), register(light)
    registry.register(
        light,
        replace(registry.get(light, one["client_id"]), client_id="by-hand", registration_token=None, secrets=()),
        actor=OPERATOR,
    )
    answers = set()
    for method in ("GET", "PUT", "DELETE"):
        for client_id in (one["client_id"], "unknown", "by-hand", None):
            for token in (other["registration_access_token"], "x", None):
                answer = send(light, method, token, {}, client_id=client_id)
                answers.add((answer.status, answer.body, answer.headers))
    assert [status for status, *_ in answers] == [401]


def test_what_an_admin_let_into_production_only_an_admin_changes(light: IdpDeps) -> None:
    told = register(light, backchannel_logout_uri="https://scjg.example.cn/out")
    client_id, token = told["client_id"], told["registration_access_token"]
    registry.update(light, replace(registry.get(light, client_id), stage="production"), actor=OPERATOR)
    for method in ("PUT", "DELETE"):
        assert error_of(send(light, method, token, {**metadata(), "client_id": client_id}, client_id=client_id)) == (
            403,
            "access_denied",
        )
    assert send(light, "GET", token, client_id=client_id).status == 200


def test_of_two_changes_at_once_one_is_told_that_it_came_late(deps: IdpDeps) -> None:
    told = register(deps)
    document = {**metadata(), "client_id": told["client_id"]}
    answers = at_once(
        6, lambda _: send(another_process(deps), "PUT", told["registration_access_token"], document, client_id=told["client_id"])
    )
    statuses = sorted(answer.status for answer in answers)
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 409}


def test_other_methods_and_secrets_in_the_address_are_refused(light: IdpDeps) -> None:
    assert send(light, "PATCH", invite(light), metadata()).status == 405
    told = register(light)
    assert send(light, "OPTIONS", told["registration_access_token"]).status == 405


# Whatever comes.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    [
        "redirect_uris",
        "client_name",
        "client_name#zh-CN",
        "jwks",
        "jwks_uri",
        "scope",
        "grant_types",
        "response_types",
        "contacts",
        "default_max_age",
        "subject_type",
        "sector_identifier_uri",
        "token_endpoint_auth_method",
        "request_uris",
        "client_secret",
        "tls_client_auth_subject_dn",
        "tls_client_auth_san_ip",
        "tls_client_certificate_bound_access_tokens",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(body=st.binary(max_size=200) | st.dictionaries(MEMBERS, JSON, max_size=5).map(lambda value: json.dumps(value).encode()))
def test_whatever_is_sent_is_registered_or_refused_by_name(light: IdpDeps, body: bytes) -> None:
    token = light.kept.setdefault("fuzz", None) or invite(light, uses=100)
    light.kept["fuzz"] = token
    answer = send(light, "POST", token, body=body)
    assert answer.status in {201, 400}
    if answer.status == 400:
        assert json_of(answer)["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}


@pytest.mark.parametrize(
    "body", [b"[" * 30000, b'{"a":' * 10000, b'{"client_name":"' + b"x" * 60000 + b'"}', b'{"a":' + b"9" * 60000 + b"}"]
)
def test_deep_and_long_documents_are_refused(light: IdpDeps, body: bytes) -> None:
    assert error_of(send(light, "POST", invite(light), body=body)) == (400, "invalid_client_metadata")


def test_over_http_it_takes_json_alone_and_of_a_bounded_size(provider: Provider) -> None:
    http = provider.app.test_client()
    bearer = {"Authorization": f"Bearer {invite(provider.deps)}"}
    for body, media_type in ((b"a=b", "application/x-www-form-urlencoded"), (b"{}" + b" " * 1_000_000, "application/json")):
        answer = http.post("/oauth/register", data=body, content_type=media_type, headers=bearer)
        assert (answer.status_code, answer.json and answer.json["error"]) == (400, "invalid_request")
    told = http.post("/oauth/register", json=metadata(), headers=bearer).json
    assert told is not None
    own = {"Authorization": f"Bearer {told['registration_access_token']}"}
    where = "/oauth/register?client_id=" + told["client_id"]
    assert (http.get(where, headers=own).json or {})["client_id"] == told["client_id"]
    changed = http.put(where, json={**metadata(), "client_id": told["client_id"]}, headers=own).json
    assert changed is not None
    own = {"Authorization": f"Bearer {changed['registration_access_token']}"}
    assert http.delete(where, headers=own).status_code == 204
    assert http.delete(where, headers=own).status_code == 401
    assert http.post(where + "&client_id=x", json={}, headers=own).status_code == 400
    in_address = http.get(where + "&access_token=" + told["registration_access_token"])
    assert (in_address.status_code, in_address.json and in_address.json["code"]) == (400, "oauth_parameter_in_query")


def test_people_read_its_name_in_their_language_and_what_it_says_of_itself(provider: Provider) -> None:
    links = {"policy_uri": "https://scjg.example.cn/p", "tos_uri": "https://scjg.example.cn/t", "contacts": ["<it@example.cn>"]}
    told = register(provider.deps, **{"client_name#en": "Registry", **links})
    request = provider.request(client_id=told["client_id"], prompt="consent")
    browser = provider.browser()
    page = browser.get("/oauth/authorize", request)
    assert "企业开办系统" in page.text
    assert "Registry" in provider.browser().get("/oauth/authorize", request | {"ui_locales": "en"}).text
    consent = browser.follow(browser.type_password(page))
    for shown in (page.text, consent.text):
        assert 'href="https://scjg.example.cn/p"' in shown
        assert 'href="https://scjg.example.cn/t"' in shown
        assert "&lt;it@example.cn&gt;" in shown
    assert "企业开办系统希望了解" in consent.text


def test_requirement_30_no_page_may_call_it(provider: Provider) -> None:
    provider.add_client("app", token_endpoint_auth_method="none", origins=("https://app.example.cn",))
    answer = provider.app.test_client().options("/oauth/register", headers={"Origin": "https://app.example.cn"})
    assert "Access-Control-Allow-Origin" not in answer.headers


# What a test may do, and what it may not.


def test_a_system_cannot_move_to_anothers_sector(light: IdpDeps) -> None:
    told = register(light, subject_type="pairwise")
    for changes in (
        {"subject_type": "pairwise", "redirect_uris": ["https://rsj.example.cn/whatever"]},
        {"subject_type": "public"},
    ):
        document = metadata(client_id=told["client_id"], **changes)
        answer = send(light, "PUT", told["registration_access_token"], document, client_id=told["client_id"])
        assert error_of(answer) == (400, "invalid_client_metadata")
    same = metadata(client_id=told["client_id"], subject_type="pairwise", redirect_uris=[CALLBACK + "2"])
    assert send(light, "PUT", told["registration_access_token"], same, client_id=told["client_id"]).status == 200
    public = register(light, subject_type="public")
    pairwise = metadata(client_id=public["client_id"], subject_type="pairwise")
    answer = send(light, "PUT", public["registration_access_token"], pairwise, client_id=public["client_id"])
    assert error_of(answer) == (400, "invalid_client_metadata")


def test_pkce_is_waived_for_the_test_alone(light: IdpDeps) -> None:
    listens = "https://scjg.example.cn/out"
    told = register(light, backchannel_logout_uri=listens)
    assert not registry.get(light, told["client_id"]).require_pkce
    stages.promote(light, told["client_id"], actor=OPERATOR)
    assert registry.get(light, told["client_id"]).require_pkce
    add_client(light, backchannel_logout_uri=listens, require_pkce=False)
    assert not stages.promote(light, "scjg", actor=OPERATOR).require_pkce, "an admin's own waiver stays"


def test_a_system_that_nobody_vetted_is_marked_and_asks_for_everything(provider: Provider) -> None:
    told = register(
        provider.deps, department=SOCIAL_SECURITY, client_name="潮州市公安局", backchannel_logout_uri=f"{CALLBACK}/out"
    )
    client_id = told["client_id"]
    browser = provider.browser()
    request = provider.request(client_id=client_id)
    page = browser.get(endpoints.AUTHORIZE, request)
    for said in ("潮州市公安局", SOCIAL_SECURITY, "测试系统"):
        assert said in page.text, said
    page = browser.follow(browser.type_password(page))
    for said in ("同意并继续", "您的姓名", SOCIAL_SECURITY, "测试系统"):
        assert said in page.text, said
    assert "code" in returned(browser.agree(page))
    assert "code" in returned(browser.get(endpoints.AUTHORIZE, request)), "once"
    stages.promote(provider.deps, client_id, actor=OPERATOR)
    page = provider.browser().get(endpoints.AUTHORIZE, request)
    assert SOCIAL_SECURITY in page.text
    assert "测试系统" not in page.text
