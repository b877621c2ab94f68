"""The authorization endpoint: what is refused where, and what is asked of the person."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pyotp
import pytest
import sqlalchemy as sa

from idp.authorize.request import from_json
from idp.clients import registry
from idp.people import accounts, one_time_codes
from idp.records import Authenticator, ClaimNames
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import CALLBACK, OPERATOR, PASSWORD, TOTP_SECRET, Provider, another_process, json_of, returned

AAL1, AAL2 = "urn:chaoxin:aal:1", "urn:chaoxin:aal:2"


def begin(provider: Provider, **changes: str | None) -> dict[str, str]:
    """Send a request of somebody who is not logged in and return the error that goes back."""
    return returned(provider.browser().client.get("/oauth/authorize", query_string=provider.request(**changes)))


# Before client and redirect_uri are established: a page, never a redirect.


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": None}, "authorize_client"),
        ({"client_id": "nobody"}, "authorize_client"),
        ({"redirect_uri": None}, "authorize_redirect_uri"),
        ({"redirect_uri": CALLBACK + "/"}, "authorize_redirect_uri"),
        ({"redirect_uri": CALLBACK + "?x=1"}, "authorize_redirect_uri"),
        ({"redirect_uri": "https://scjg.example.cn.evil.example/callback"}, "authorize_redirect_uri"),
        ({"redirect_uri": "https://scjg.example.cn@evil.example/callback"}, "authorize_redirect_uri"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_requirement_3_nobody_is_redirected_before_client_and_redirect_uri_are_established(
    provider: Provider, change: dict[str, str | None], code: str, method: str
) -> None:
    request = provider.request(**change)
    client = provider.browser().client
    answer = (
        client.get("/oauth/authorize", query_string=request) if method == "GET" else client.post("/oauth/authorize", data=request)
    )
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert code in answer.text


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_doubled_client_id_or_redirect_uri_is_shown_too(provider: Provider, name: str) -> None:
    request = [*provider.request().items(), (name, "https://evil.example/")]
    for pairs in (request, request[::-1]):
        answer = provider.browser().client.get("/oauth/authorize", query_string=pairs)  # type: ignore[arg-type]
        assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_a_disabled_client_is_unknown_and_its_tokens_are_worth_nothing(provider: Provider) -> None:
    browser = provider.browser()
    tokens = browser.tokens(username="chenxiaochao")
    page = provider.browser().get("/oauth/authorize", provider.request())
    registry.disable(provider.deps, "scjg", actor=OPERATOR)
    answer = browser.client.get("/oauth/authorize", query_string=provider.request())
    assert (answer.status_code, "authorize_client" in answer.text) == (400, True)
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.refresh(tokens["refresh_token"]).status == 401
    waiting = page.request.url.removeprefix("http://localhost")
    assert provider.browser().get(waiting).status_code == 403, "another browser"


def test_a_client_disabled_during_a_login_gets_nothing(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.get("/oauth/authorize", provider.request())
    registry.disable(provider.deps, "scjg", actor=OPERATOR)
    answer = browser.type_password(page)
    assert (answer.status_code, "Location" in answer.headers, "authorize_client" in answer.text) == (400, False, True)


def test_an_unreadable_request_is_shown(provider: Provider) -> None:
    for query in ("client_id=%ff", "a=1&" * 200, "state=%00"):
        answer = provider.browser().client.get("/oauth/authorize", query_string=query)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)


# Afterwards: OAuth errors to the client.


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "tooshort"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "9" * 30}, "invalid_request"),
        ({"nonce": "n" * 2000}, "invalid_request"),
        ({"id_token_hint": "e30.e30.e30"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request": "no-token"}, "invalid_request_object"),
        ({"request_uri": "https://scjg.example.cn/r"}, "invalid_request_uri"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:unknown"}, "invalid_request_uri"),
        ({"request": "no-token", "request_uri": "https://scjg.example.cn/r"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"userinfo": {"name": 1}}'}, "invalid_request"),
        ({"claims": '{"id_token": {"acr": {"essential": true, "value": "urn:unknown"}}}'}, "unmet_authentication_requirements"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none", "max_age": "0"}, "login_required"),
    ],
    ids=str,
)
def test_requirement_14_every_refusal_goes_back_with_its_error_state_and_issuer(
    provider: Provider, change: dict[str, str | None], error: str
) -> None:
    back = begin(provider, **change)
    assert back.keys() == {"error", "error_description", "state", "iss"}
    assert (back["error"], back["state"], back["iss"]) == (error, "the-state", provider.deps.issuer)


@pytest.mark.parametrize("name", ["scope", "state", "nonce", "prompt", "response_type", "code_challenge", "x-unknown"])
def test_a_doubled_parameter_is_refused(provider: Provider, name: str) -> None:
    pairs = [*provider.request().items(), (name, "one"), (name, "two")]
    back = returned(provider.browser().client.get("/oauth/authorize", query_string=pairs))  # type: ignore[arg-type]
    assert back["error"] == "invalid_request"


def test_a_state_that_is_too_long_is_refused_without_being_sent_back(provider: Provider) -> None:
    back = begin(provider, state="s" * 5000)
    assert (back["error"], "state" in back) == ("invalid_request", False)


def test_errors_of_a_form_post_request_are_posted(provider: Provider) -> None:
    request = provider.request(response_mode="form_post", prompt="none")
    answer = provider.browser().client.get("/oauth/authorize", query_string=request)
    assert 'name="error" value="login_required"' in answer.text


LONGER = {"client_id": 101, "redirect_uri": 2001, "state": 4097, "id_token_hint": 8193, "claims": 8193}
TOO_LONG = (
    "nonce",
    "scope",
    "prompt",
    "display",
    "ui_locales",
    "claims_locales",
    "login_hint",
    "acr_values",
    "max_age",
    "claims",
)


@pytest.mark.parametrize("name", [*TOO_LONG, "state", "id_token_hint", "code_challenge_method", "response_type"])
def test_a_parameter_that_is_too_long_is_refused(provider: Provider, name: str) -> None:
    assert begin(provider, **{name: "x" * LONGER.get(name, 1025)})["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_client_id_or_redirect_uri_that_is_too_long_is_shown(provider: Provider, name: str) -> None:
    request = provider.request(**{name: "x" * LONGER[name]})
    answer = provider.browser().client.get("/oauth/authorize", query_string=request)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize("name", ["state", "client_id", "request_uri", "redirect_uri"])
def test_a_posted_request_has_nothing_in_its_address(provider: Provider, name: str) -> None:
    answer = provider.browser().client.post(f"/oauth/authorize?{name}=x", data=provider.request())
    assert (answer.status_code, "Location" in answer.headers, "oauth_parameter_in_query" in answer.text) == (400, False, True)
    assert "Location" in provider.browser().client.post("/oauth/authorize?lang=en", data=provider.request()).headers


def test_an_answer_by_fragment_never_reaches_the_clients_server(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.get("/oauth/authorize", provider.request(response_mode="fragment"))
    answer = browser.type_password(page)
    location = urlsplit(answer.headers["Location"])
    assert (location.query, f"{location.scheme}://{location.netloc}{location.path}") == ("", CALLBACK)
    back = returned(answer)
    assert back.keys() == {"code", "state", "iss"}
    assert provider.redeem(back["code"]).status == 200
    assert (
        returned(browser.get("/oauth/authorize", provider.request(response_mode="fragment", scope="x")))["error"]
        == "invalid_scope"
    )


def test_requirement_2_nobody_is_redirected_to_http_but_on_this_machine(provider: Provider) -> None:
    with pytest.raises(Refusal) as caught:
        provider.add_client("careless", redirect_uris=("http://scjg.example.cn/callback",))
    assert caught.value.field == "redirect_uris"
    provider.add_client("native", token_endpoint_auth_method="none", redirect_uris=("http://127.0.0.1/cb",))
    for uri, status in (("http://127.0.0.1:51000/cb", 303), ("http://127.0.0.2/cb", 400), ("http://localhost/cb", 400)):
        request = provider.request(client_id="native", redirect_uri=uri)
        assert provider.browser().client.get("/oauth/authorize", query_string=request).status_code == status
    answer = provider.browser().client.get(
        "/oauth/authorize", query_string=provider.request(redirect_uri="http://scjg.example.cn/callback")
    )
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded"])
def test_requirement_12_the_issuer_never_comes_from_a_header(provider: Provider, name: str) -> None:
    value = "host=evil.example" if name == "Forwarded" else "evil.example"
    browser = provider.browser()
    answer = browser.client.get("/oauth/authorize", query_string=provider.request(prompt="none"), headers={name: value})
    assert returned(answer)["iss"] == provider.deps.issuer
    answer = browser.client.get("/.well-known/openid-configuration", headers={name: value})
    assert "evil.example" not in answer.text
    page = browser.client.get("/oauth/authorize", query_string=provider.request(), headers={name: value})
    assert page.headers["Location"].startswith("/login?txn=")


@pytest.mark.parametrize("response_mode", ["query", "fragment", "form_post"])
@pytest.mark.parametrize("prompt", [None, "login", "consent", "select_account"])
def test_requirement_13_nobody_is_sent_on_before_they_have_proved_who_they_are(
    provider: Provider, response_mode: str, prompt: str | None
) -> None:
    request = provider.request(response_mode=response_mode, prompt=prompt)
    page = provider.browser().get("/oauth/authorize", request)
    assert "current-password" in page.text
    assert CALLBACK not in page.text


def test_unknown_parameters_and_scopes_are_ignored(provider: Provider) -> None:
    tokens = provider.browser().tokens(username="chenxiaochao", scope="openid email nonsense", x="y", display="popup")
    assert tokens["scope"] == "openid"


@pytest.mark.parametrize("public", [False, True])
def test_requirement_5_pkce_with_s256_is_demanded_of_everyone(provider: Provider, public: bool) -> None:
    provider.add_client("any", token_endpoint_auth_method="none" if public else "client_secret_basic")
    changes: tuple[dict[str, str | None], ...] = (
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
    )
    for change in changes:
        assert begin(provider, client_id="any", **change)["error"] == "invalid_request"
    if public:
        with pytest.raises(Refusal):
            provider.add_client("lax", token_endpoint_auth_method="none", require_pkce=False)


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_requirement_14_every_answer_names_its_issuer_in_every_mode(provider: Provider, mode: str) -> None:
    browser = provider.browser()
    browser.log_in()
    for change in ({}, {"scope": "profile"}):
        answer = browser.get("/oauth/authorize", provider.request(response_mode=mode, **change))
        if mode == "form_post":
            assert f'name="iss" value="{provider.deps.issuer}"' in answer.text
        else:
            assert returned(answer)["iss"] == provider.deps.issuer


def test_requirement_5_pkce_may_be_waived_for_one_confidential_client(provider: Provider) -> None:
    provider.add_client("old-system", require_pkce=False)
    without = {"code_challenge": None, "code_challenge_method": None}
    back = provider.browser().authorize(username="chenxiaochao", client_id="old-system", **without)
    assert provider.redeem(back["code"], client_id="old-system", code_verifier=None).status == 200
    assert begin(provider, **without)["error"] == "invalid_request"


# What is asked of the person.


def test_prompt_login_asks_again_and_renews_auth_time(provider: Provider, clock: FixedClock) -> None:
    browser = provider.browser()
    browser.authorize(username="chenxiaochao")
    clock.advance(timedelta(minutes=5))
    page = browser.get("/oauth/authorize", provider.request(prompt="login"))
    assert "current-password" in page.text
    back = returned(browser.type_password(page))
    assert provider.redeem(back["code"]).status == 200
    assert "current-password" in browser.get("/oauth/authorize", provider.request(prompt="select_account")).text


@pytest.mark.parametrize(("max_age", "asks"), [("0", True), ("299", True), ("300", False), ("10000", False)])
def test_max_age_asks_when_the_login_is_too_long_ago(provider: Provider, clock: FixedClock, max_age: str, asks: bool) -> None:
    browser = provider.browser()
    browser.log_in()
    clock.advance(timedelta(seconds=300))
    answer = browser.get("/oauth/authorize", provider.request(max_age=max_age))
    assert ("current-password" in answer.text) is asks
    if asks:
        assert "code" in returned(browser.type_password(answer))


def test_an_id_token_hint_of_the_person_passes_even_when_expired(provider: Provider, clock: FixedClock) -> None:
    browser = provider.browser()
    hint = browser.tokens(username="chenxiaochao")["id_token"]
    clock.advance(timedelta(minutes=30))
    assert "code" in browser.authorize(prompt="none", id_token_hint=hint)


def test_an_id_token_hint_of_somebody_else_is_login_required(provider: Provider) -> None:
    provider.add_account("huangyao")
    hint = provider.browser().tokens(username="huangyao")["id_token"]
    browser = provider.browser()
    browser.log_in()
    assert browser.authorize(prompt="none", id_token_hint=hint)["error"] == "login_required"
    page = browser.get("/oauth/authorize", provider.request(id_token_hint=hint))
    assert returned(browser.type_password(page))["error"] == "login_required"
    page = browser.get("/oauth/authorize", provider.request(id_token_hint=hint))
    assert "code" in returned(browser.type_password(page, "huangyao"))


def test_an_id_token_hint_of_another_client_is_refused(provider: Provider) -> None:
    provider.add_client("rsj")
    hint = provider.browser().tokens(username="chenxiaochao", client_id="rsj")["id_token"]
    assert begin(provider, id_token_hint=hint)["error"] == "invalid_request"


def test_an_access_token_is_no_id_token_hint(provider: Provider) -> None:
    access_token = provider.browser().tokens(username="chenxiaochao")["access_token"]
    assert begin(provider, id_token_hint=access_token)["error"] == "invalid_request"


def test_login_hint_and_ui_locales_reach_the_login_page(provider: Provider) -> None:
    page = provider.browser().get("/oauth/authorize", provider.request(login_hint="chenxiaochao", ui_locales="en"))
    assert 'value="chenxiaochao"' in page.text
    assert '<html lang="en"' in page.text


def enroll_totp(provider: Provider, account_id: str, clock: FixedClock) -> None:
    sealed = one_time_codes.seal_secret(provider.deps, account_id, TOTP_SECRET)
    with provider.deps.work.begin() as work:
        work.records.add_authenticator(Authenticator("a-totp", account_id, "totp", "", sealed, clock.now()))


def test_acr_values_raise_a_session_by_the_second_factor_alone(provider: Provider, clock: FixedClock) -> None:
    account = provider.add_account("huangyao")
    browser = provider.browser()
    first = browser.tokens(username="huangyao")
    enroll_totp(provider, account.id, clock)
    assert browser.authorize(prompt="none", acr_values=AAL2)["error"] == "interaction_required"
    page = browser.get("/oauth/authorize", provider.request(acr_values=f"{AAL2} {AAL1}"))
    assert "current-password" not in page.text
    before = browser.client.get_cookie("chaoxin_445100_session")
    back = returned(browser.submit(page, "one-time-code", one_time_code=pyotp.TOTP(TOTP_SECRET).at(clock.now())))
    after = browser.client.get_cookie("chaoxin_445100_session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    tokens = json_of(provider.redeem(back["code"]))
    from pki.jose import unverified_claims  # noqa: PLC0415 - only what it says matters here

    raised = unverified_claims(tokens["id_token"])
    assert (raised["acr"], raised["amr"]) == (AAL2, ["otp", "pwd"])
    assert raised["sid"] == unverified_claims(first["id_token"])["sid"]


def test_acr_values_prefer_the_first_and_take_any_and_unknown_ones_are_ignored(provider: Provider) -> None:
    for acr_values in (f"{AAL2} {AAL1}", "urn:unknown", f"urn:unknown {AAL1}"):
        assert "code" in provider.browser().authorize(username="chenxiaochao", acr_values=acr_values)


def test_acr_values_none_of_which_can_be_reached_are_refused(provider: Provider) -> None:
    back = provider.browser().authorize(username="chenxiaochao", acr_values=f"{AAL2} urn:unknown")
    assert back["error"] == "unmet_authentication_requirements"


def test_a_voluntary_level_is_stepped_up_to_where_that_is_possible(provider: Provider, clock: FixedClock) -> None:
    account = provider.add_account("huangyao")
    browser = provider.browser()
    browser.log_in("huangyao")
    voluntary = f'{{"id_token":{{"acr":{{"value":"{AAL2}"}}}}}}'
    assert "code" in browser.authorize(prompt="none", claims=voluntary)
    enroll_totp(provider, account.id, clock)
    assert browser.authorize(prompt="none", claims=voluntary)["error"] == "interaction_required"


def test_a_request_that_waited_through_an_upgrade_is_still_read() -> None:
    version_1 = {
        "version": 1,
        "client_id": "scjg",
        "redirect_uri": CALLBACK,
        "response_mode": "query",
        "state": "s",
        "scopes": ["openid"],
        "nonce": None,
        "code_challenge": None,
        "prompts": [],
        "max_age": None,
        "acr_values": [],
        "hint_subject": "sub.1",
        "login_hint": None,
        "ui_locales": None,
    }
    request = from_json(version_1)
    assert (request.subjects, request.scopes, request.claims) == (("sub.1",), ("openid",), ClaimNames())
    assert from_json(version_1 | {"hint_subject": None}).subjects == ()
    assert from_json(request.as_json()) == request


def test_the_registered_level_is_a_must(provider: Provider) -> None:
    provider.add_client("sensitive", default_acr=AAL2)
    back = provider.browser().authorize(username="chenxiaochao", client_id="sensitive")
    assert back["error"] == "unmet_authentication_requirements"


def test_consent_is_asked_once_where_registered_and_always_where_prompted(provider: Provider) -> None:
    provider.add_client("careful", require_consent=True)
    browser = provider.browser()
    browser.log_in()
    careful = {"client_id": "careful"}
    assert browser.authorize(prompt="none", **careful)["error"] == "consent_required"
    page = browser.get("/oauth/authorize", provider.request(**careful))
    assert "您的姓名和实名等级" in page.text
    agree = browser.client.post(_action(page.text, "/login/consent"), data=_hidden(page.text))
    assert "code" in returned(agree)
    assert "code" in browser.authorize(prompt="none", **careful)
    assert browser.authorize(prompt="none", scope="openid profile phone", **careful)["error"] == "consent_required"
    page = browser.get("/oauth/authorize", provider.request(prompt="consent", **careful))
    assert "login/consent" in page.text


def test_who_does_not_agree_or_turns_back_is_access_denied(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.get("/oauth/authorize", provider.request())
    denied = browser.client.post(_action(page.text, "/login/cancel"), data=_hidden(page.text))
    assert returned(denied)["error"] == "access_denied"
    again = browser.client.post(_action(page.text, "/login/cancel"), data=_hidden(page.text))
    assert (again.status_code, "transaction_over" in again.text) == (400, True)


def test_consent_without_a_session_is_refused(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.get("/oauth/authorize", provider.request(prompt="consent"))
    answer = browser.client.post(_action(page.text, "/login?").replace("/login?", "/login/consent?"), data=_hidden(page.text))
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


# The transaction.


def test_two_tabs_go_their_own_way(provider: Provider) -> None:
    browser = provider.browser()
    pages = [browser.get("/oauth/authorize", provider.request(state=f"tab-{number}")) for number in (1, 2, 3)]
    assert returned(browser.type_password(pages[1]))["state"] == "tab-2"
    assert returned(browser.type_password(pages[0]))["state"] == "tab-1"
    third = pages[2].request.url.removeprefix("http://localhost")
    assert returned(browser.get(third))["state"] == "tab-3"


def test_a_login_is_bound_to_the_browser_that_began_it(provider: Provider) -> None:
    page = provider.browser().get("/oauth/authorize", provider.request())
    other = provider.browser()
    answer = other.get(page.request.url.removeprefix("http://localhost"))
    assert (answer.status_code, "transaction_elsewhere" in answer.text) == (403, True)
    other.get("/login")  # a form cookie of its own, as a browser that had been here before
    form = {**_hidden(other.get("/login").text), "username": "chenxiaochao", "password": PASSWORD}
    answer = other.client.post(_action(page.text, "/login?"), data=form)
    assert (answer.status_code, "transaction_elsewhere" in answer.text) == (403, True)


def test_a_login_posted_from_elsewhere_belongs_to_the_first_browser_that_shows_it(provider: Provider) -> None:
    first, second = provider.browser(), provider.browser()
    location = first.client.post("/oauth/authorize", data=provider.request()).headers["Location"]
    assert first.get(location).status_code == 200
    assert second.get(location).status_code == 403


def test_a_login_that_took_too_long_is_over(provider: Provider, clock: FixedClock) -> None:
    browser = provider.browser()
    page = browser.get("/oauth/authorize", provider.request())
    clock.advance(timedelta(seconds=provider.deps.policies.tokens.login_transaction_seconds))
    answer = browser.type_password(page)
    assert (answer.status_code, "transaction_over" in answer.text) == (400, True)


def test_a_finished_login_is_over(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.get("/oauth/authorize", provider.request())
    assert "code" in returned(browser.type_password(page))
    answer = browser.type_password(page)
    assert (answer.status_code, "transaction_over" in answer.text) == (400, True)


def test_a_restart_in_between_changes_nothing(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.get("/oauth/authorize", provider.request())
    provider.deps = another_process(provider.deps)
    back = returned(browser.type_password(page))
    assert provider.redeem(back["code"]).status == 200


def _action(page: str, path: str) -> str:
    start = page.index(f'action="{path}') + len('action="')
    return page[start : page.index('"', start)].replace("&amp;", "&")


def _hidden(page: str) -> dict[str, str]:
    start = page.index('name="csrf_token" value="') + len('name="csrf_token" value="')
    return {"csrf_token": page[start : page.index('"', start)]}


def test_an_account_disabled_between_password_and_code_stays_out(provider: Provider, clock: FixedClock) -> None:
    account = provider.add_account("huangyao", totp_secret=TOTP_SECRET)
    browser = provider.browser()
    page = browser.follow(browser.log_in("huangyao"))
    accounts.disable(provider.deps, account.id, actor=OPERATOR)
    answer = browser.submit(page, "one-time-code", one_time_code=pyotp.TOTP(TOTP_SECRET).at(clock.now()))
    assert (answer.status_code, "已经完成或超时" in answer.text) == (400, True)
    again = provider.browser().log_in("huangyao")
    assert (again.status_code, "已停用" in again.text) == (403, True)


def test_turning_back_from_a_login_without_a_client_goes_home(provider: Provider) -> None:
    provider.add_account("huangyao", totp_secret=TOTP_SECRET)
    browser = provider.browser()
    page = browser.follow(browser.log_in("huangyao"))
    answer = browser.client.post(_action(page.text, "/login/cancel"), data=_hidden(page.text))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_staff_without_an_authenticator_stay_out(provider: Provider, sqlite: sa.Engine) -> None:
    provider.add_account("linwenshu", kind="staff", totp_secret=TOTP_SECRET)
    with sqlite.begin() as connection:
        connection.execute(sa.text("delete from idp_authenticators where kind = 'totp'"))
    answer = provider.browser().log_in("linwenshu")
    assert (answer.status_code, "还没有绑定" in answer.text) == (403, True)
