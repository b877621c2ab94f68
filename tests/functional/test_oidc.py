"""The OpenID Provider as departments' systems meet it: good ways, and every wrong one with its own answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from jose import jwt

from tests.support.demo import Federation
from tests.support.relying_party import RelyingParty, find_form, forms

CITY = "445100"


@pytest.fixture
def department(federation: Federation) -> RelyingParty:
    return RelyingParty(federation.url(CITY), federation.client("client_secret_basic"))


@pytest.fixture
def citizen(federation: Federation) -> dict[str, Any]:
    return federation.account("citizen")


def test_discovery_names_its_own_issuer_and_only_what_works(federation: Federation) -> None:
    metadata = requests.get(f"{federation.url(CITY)}/.well-known/openid-configuration", timeout=30).json()
    assert metadata["issuer"] == federation.url(CITY)
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert {"ES256", "RS256"} <= set(metadata["id_token_signing_alg_values_supported"])
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"):
        assert metadata[name].startswith(federation.url(CITY))
    spoofed = requests.get(
        f"{federation.url(CITY)}/.well-known/openid-configuration", headers={"X-Forwarded-Host": "evil.example"}, timeout=30
    )
    assert spoofed.json() == metadata


def test_a_login_gives_an_id_token_that_the_published_keys_verify(department: RelyingParty, citizen: dict[str, Any]) -> None:
    back = department.authorize(department.browser(), citizen, nonce="n-1", state="s-1")
    assert (back["state"], back["iss"]) == ("s-1", department.metadata["issuer"])
    answer = department.redeem(back["code"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json()
    keys = requests.get(department.metadata["jwks_uri"], timeout=30).json()
    claims = jwt.decode(
        tokens["id_token"],
        keys,
        algorithms=["ES256"],
        audience=department.client["client_id"],
        access_token=tokens["access_token"],
    )
    assert (claims["iss"], claims["nonce"], claims["acr"]) == (department.metadata["issuer"], "n-1", "urn:chaoxin:aal:1")
    person = requests.get(
        department.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=30
    ).json()
    assert (person["sub"], person["name"]) == (claims["sub"], "陈晓潮")
    assert "email" not in person, "this department may not have it"


def test_the_same_session_opens_the_second_department_and_from_then_on_silently(
    federation: Federation, citizen: dict[str, Any]
) -> None:
    first, second = (
        RelyingParty(federation.url(CITY), client)
        for client in federation.description["clients"]
        if client["token_endpoint_auth_method"] == "client_secret_basic"
    )
    browser = first.browser()
    assert "code" in first.authorize(browser, citizen)
    browser._leaves_at = (second.redirect_uri,)
    assert "code" in second.authorize(browser, None), "shown once what is told, at most; never asked for a password"
    back = second.authorize(browser, None, prompt="none")
    assert second.redeem(back["code"]).status_code == 200


def test_without_a_session_prompt_none_says_login_required(department: RelyingParty) -> None:
    back = department.authorize(department.browser(), None, prompt="none")
    assert (back["error"], back["iss"]) == ("login_required", department.metadata["issuer"])


@pytest.mark.parametrize(
    "change",
    [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/callback"}, {"redirect_uri": None}, {"client_id": None}],
    ids=str,
)
def test_an_unknown_client_or_redirect_uri_is_shown_and_never_followed(department: RelyingParty, change: dict[str, Any]) -> None:
    answer = requests.get(
        department.metadata["authorization_endpoint"], params=department.request(**change), allow_redirects=False, timeout=30
    )
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "text/html" in answer.headers["Content-Type"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://department.example.cn/r"}, "invalid_request_uri"),
    ],
    ids=str,
)
def test_a_wrong_request_goes_back_with_its_error(department: RelyingParty, change: dict[str, Any], error: str) -> None:
    back = department.authorize(department.browser(), None, **change)
    assert back["error"] == error
    assert back["iss"] == department.metadata["issuer"]
    assert "state" in back


def test_only_the_port_of_a_loopback_redirect_may_differ(federation: Federation, citizen: dict[str, Any]) -> None:
    client = federation.client("client_secret_basic")
    registered = client["redirect_uris"][0]
    port = registered.split(":")[2].split("/")[0]
    other = RelyingParty(federation.url(CITY), client, registered.replace(port, "5999"))
    assert other.redeem(other.authorize(other.browser(), citizen)["code"]).status_code == 200
    wrong = RelyingParty(federation.url(CITY), client, registered + "/more")
    answer = requests.get(wrong.metadata["authorization_endpoint"], params=wrong.request(), allow_redirects=False, timeout=30)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "change",
    [{"code_verifier": "x" * 43}, {"code_verifier": None}, {"redirect_uri": "http://localhost/other"}, {"code": "no-such-code"}],
    ids=str,
)
def test_a_code_is_worth_nothing_with_the_wrong_proof(
    department: RelyingParty, citizen: dict[str, Any], change: dict[str, Any]
) -> None:
    back = department.authorize(department.browser(), citizen)
    answer = department.redeem(**({"code": back["code"]} | change))
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}


def test_a_code_redeemed_many_times_at_once_gives_one_token_set_and_its_replay_ends_it(
    department: RelyingParty, citizen: dict[str, Any]
) -> None:
    back = department.authorize(department.browser(), citizen)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: department.redeem(back["code"]), range(10)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    bearer = {"Authorization": f"Bearer {good[0].json()['access_token']}"}
    assert requests.get(department.metadata["userinfo_endpoint"], headers=bearer, timeout=30).status_code == 401


def test_an_unknown_client_and_a_wrong_secret_get_the_same_answer(department: RelyingParty) -> None:
    url = department.metadata["token_endpoint"]
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "http://localhost/", "code_verifier": "x" * 43}
    wrong = requests.post(url, data=form, auth=(department.client["client_id"], "wrong"), timeout=30)
    unknown = requests.post(url, data=form, auth=("nobody", "wrong"), timeout=30)
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["WWW-Authenticate"].startswith("Basic")


def test_a_login_page_of_another_browser_is_refused(department: RelyingParty, citizen: dict[str, Any]) -> None:
    mine, theirs = department.browser(), department.browser()
    answer = mine.get(department.metadata["authorization_endpoint"], **department.request())
    form = find_form(answer.text, "current-password")
    assert form is not None
    stolen = theirs.submit(answer, form, username=citizen["username"], current_password=citizen["password"])
    assert stolen.status_code in {400, 403}


def test_two_tabs_of_one_browser_both_come_through(department: RelyingParty, citizen: dict[str, Any]) -> None:
    browser = department.browser()
    endpoint = department.metadata["authorization_endpoint"]
    tabs = [browser.get(endpoint, **department.request(state=f"tab-{number}")) for number in (1, 2)]
    backs = [browser.log_in(tab, citizen) for tab in tabs]
    assert [f"state=tab-{number}" in back.headers["Location"] for number, back in enumerate(backs, 1)] == [True, True]


def test_logout_ends_the_session_and_goes_back_only_where_it_may(department: RelyingParty, citizen: dict[str, Any]) -> None:
    browser = department.browser()
    tokens = department.redeem(department.authorize(browser, citizen)["code"]).json()
    target = department.client["post_logout_redirect_uris"][0]
    bad = browser.session.get(
        department.metadata["end_session_endpoint"],
        params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://evil.example/"},
        allow_redirects=False,
        timeout=30,
    )
    assert "evil.example" not in bad.headers.get("Location", "")
    back = browser.session.get(
        department.metadata["end_session_endpoint"],
        params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": target, "state": "bye"},
        allow_redirects=False,
        timeout=30,
    )
    assert back.headers["Location"].startswith(target)
    assert "state=bye" in back.headers["Location"]
    assert department.authorize(browser, None, prompt="none")["error"] == "login_required"


def test_the_public_client_works_with_pkce_alone(federation: Federation, citizen: dict[str, Any]) -> None:
    public = RelyingParty(federation.url(CITY), federation.client("none"))
    tokens = public.redeem(public.authorize(public.browser(), citizen, scope="openid profile offline_access")["code"])
    assert tokens.status_code == 200, tokens.text
    refreshed = public.token({"grant_type": "refresh_token", "refresh_token": tokens.json()["refresh_token"]})
    assert refreshed.status_code == 200, refreshed.text
    assert refreshed.json()["refresh_token"] != tokens.json()["refresh_token"]


def test_a_pushed_request_comes_through_the_browser_as_a_form(department: RelyingParty, citizen: dict[str, Any]) -> None:
    request = department.request(response_mode="form_post")
    auth = (department.client["client_id"], department.client["client_secret"])
    pushed = requests.post(department.metadata["pushed_authorization_request_endpoint"], data=request, auth=auth, timeout=30)
    assert pushed.status_code == 201, pushed.text
    reference = {"client_id": department.client["client_id"], "request_uri": pushed.json()["request_uri"]}
    browser = department.browser()
    page = browser.log_in(browser.get(department.metadata["authorization_endpoint"], **reference), citizen)
    (form,) = (form for form in forms(page.text) if form.action == department.redirect_uri)
    assert form.values["state"] == request["state"]
    assert department.redeem(form.values["code"]).status_code == 200
    again = browser.get(department.metadata["authorization_endpoint"], **reference)
    assert (again.status_code, "oauth_request_uri_over" in again.text) == (400, True)
