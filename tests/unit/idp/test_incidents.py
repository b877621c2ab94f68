"""What went wrong in other identity providers, and what strangers send: each with its test. Those that stand elsewhere are named."""

from __future__ import annotations

import importlib
from datetime import timedelta

import pytest

from idp import endpoints
from idp.browsers import sessions
from kernel.clock import FixedClock
from service.csrf import FIELD
from tests.support.idp import CALLBACK, TOTP_SECRET, Browser, Provider, another_process, json_of
from tests.support.relying_party import forms

ELSEWHERE = {
    "Keycloak 2026-1035: a refresh token checked and updated in two steps": (
        "unit.idp.test_concurrency:test_requirement_8_a_refresh_token_used_fifty_times_at_once_yields_exactly_one_token_set"
    ),
    "a stock library's order (query, save, delete): one code redeemed by many at once": (
        "unit.idp.test_concurrency:test_requirement_7_a_code_redeemed_fifty_times_at_once_yields_exactly_one_token_set"
    ),
    "an unknown client distinguishable from a wrong secret": (
        "unit.idp.test_client_authentication:test_an_unknown_client_costs_what_a_wrong_secret_costs_and_hears_the_same"
    ),
    "unsigned tokens accepted (2026-18569)": "unit.idp.test_bad_input_tokens:test_no_forgery_of_a_token_is_taken",
    "tokens in DEBUG logs": ("functional.test_debug_log:test_nothing_secret_stands_in_the_log_of_a_whole_run_at_its_loudest"),
    "2025-0604: a password that was reset in the directory opens without being asked of it": (
        "unit.idp.directories.test_directory_login:test_a_password_that_was_reset_must_be_changed_there_first"
    ),
    "2026-94000: an admin by way of a group": (
        "unit.idp.directories.test_directory_login:test_no_group_makes_an_admin_whatever_the_configuration_says"
    ),
    "lockout bypassed on one channel (2026-9798)": (
        "unit.idp.test_login:test_requirement_24_codes_are_limited_too_and_the_right_password_resets_nothing"
    ),
    "2026-18963: a step of a password's reset skips its own token": (
        "unit.idp.recovery.test_recovery:test_keycloak_2026_18963_no_step_is_taken_without_the_token_of_the_one_before"
    ),
    "a reset link built from X-Forwarded-Host": (
        "unit.idp.recovery.test_pages:test_no_header_leads_elsewhere_and_the_cookie_is_the_browsers_alone"
    ),
    "Zitadel 2026-105209: authorised by the organisation that the caller names, not the one that is acted upon": (
        "unit.idp.enterprises.test_appointing:test_nobody_reaches_what_is_anothers"
    ),
    "Zitadel 2026-105209: the same by a header": (
        "unit.idp.enterprises.test_organization_pages:test_the_organisation_is_the_addresss_whatever_a_header_says"
    ),
}
HERE = {
    "Keycloak 2026-9802: a revocation forgotten at a restart": "test_keycloak_2026_9802_a_revocation_is_not_forgotten_at_a_restart",
    "2026-7507: a login not bound to the cookie": "test_2026_7507_a_login_is_bound_to_the_cookie_of_the_browser_in_which_it_began",
    "a link built from X-Forwarded-Host": "test_an_address_that_we_make_never_comes_from_a_header",
    "authentik 2024-52289: return addresses matched as patterns": (
        "test_authentik_2024_52289_a_return_address_is_compared_and_not_matched_as_a_pattern"
    ),
    "2026-49448: an empty POST skips a stage": "test_2026_49448_an_empty_post_skips_no_stage",
}
BAD_INPUT = {
    "a wrong check digit": "unit.idp.citizens.test_registration:test_what_will_not_do_is_named_and_nobody_is_written_to",
    "look-alike names, control and bidi characters": (
        "unit.kernel.test_person_names:test_what_only_looks_like_a_name_is_refused_by_what_is_wrong"
    ),
    "the same at the service window": "unit.idp.citizens.test_window:test_a_document_that_will_not_do_is_refused",
    "a passkey of another origin": (
        "unit.idp.authenticators.test_passkeys:test_what_was_not_asked_for_is_neither_enrolled_nor_let_in"
    ),
    "a cloned counter": "unit.idp.authenticators.test_passkeys:test_a_copied_passkey_is_refused_and_its_owner_told",
    "a replayed TOTP": "unit.idp.test_login:test_requirement_25_a_code_is_accepted_once",
    "an expired mandate": "unit.idp.enterprises.test_acting:test_an_expired_mandate_refuses_and_no_token_outlives_it",
    "LDAP injection": "functional.test_staff_directories:test_no_name_is_taken_for_a_part_of_the_question",
    "a referral to another host": "functional.test_staff_directories:test_a_referral_to_another_host_is_not_followed",
    "a group of 100,000": "functional.test_staff_directories:test_a_group_of_a_hundred_thousand_is_read_and_asked_within_bounds",
    "a register that answers late or wrong": "functional.test_registers:test_whatever_a_register_does_is_one_refusal",
    "a register that never answers": (
        "functional.test_registers:test_a_database_that_takes_a_connection_and_says_nothing_is_not_waited_for"
    ),
}
"""What is sent to people's pages, directories and registers, by the name of whoever tries it."""

NOT_REGISTERED = (
    "https://scjg-example.cn/callback",
    "https://scjgxexample.cn/callback",
    "https://scjg.example.cn/callback.evil.example",
    "https://scjg.example.cn/callback/../evil",
    "https://scjg.example.cn/callback%2F..%2Fevil",
    "https://scjg.example.cn/CALLBACK",
    "https://SCJG.example.cn/callback",
    "https://scjg.example.cn:443/callback",
    "https://scjg.example.cn/callback#x",
    "https://scjg.example.cn/callback?",
    "https://scjg.example.cn//callback",
    "https://scjg.example.cn\\callback",
    "https://scjg.example.cn/callback ",
    "https://scjg.example.cn/callback\thttps://evil.example",
    "https://evil.example/?https://scjg.example.cn/callback",
    ".*",
    "https://.*",
)
HEADERS = {
    **dict.fromkeys(("Host", "X-Forwarded-Host", "X-Original-Host", "X-Host", "X-Forwarded-Server"), "evil.example"),
    **dict.fromkeys(("X-Original-URL", "X-Rewrite-URL"), "//evil.example/"),
    "Forwarded": "host=evil.example;proto=https",
}


@pytest.mark.parametrize("named", [*ELSEWHERE.values(), *BAD_INPUT.values()])
def test_what_is_tested_elsewhere_is(named: str) -> None:
    module, _, name = named.partition(":")
    assert callable(getattr(importlib.import_module(f"tests.{module}"), name))


def test_what_is_tested_here_is() -> None:
    assert all(callable(globals()[name]) for name in HERE.values())


def test_keycloak_2026_9802_a_revocation_is_not_forgotten_at_a_restart(provider: Provider, clock: FixedClock) -> None:
    """Each way in which tokens end; afterwards another process, which remembers nothing, is asked."""
    browser = provider.browser()
    browser.log_in()

    def given_back() -> dict[str, str]:
        tokens = browser.tokens(scope="openid offline_access")
        provider.post(endpoints.REVOKE, {"token": tokens["refresh_token"]})
        return tokens

    def replayed() -> dict[str, str]:
        tokens = browser.tokens(scope="openid offline_access")
        provider.refresh(tokens["refresh_token"])
        clock.advance(timedelta(minutes=1))
        provider.refresh(tokens["refresh_token"])
        return tokens

    def redeemed_twice() -> dict[str, str]:
        code = browser.authorize(scope="openid offline_access")["code"]
        tokens: dict[str, str] = json_of(provider.redeem(code))
        provider.redeem(code)
        return tokens

    for end in (given_back, replayed, redeemed_twice):
        tokens = end()
        provider.deps = another_process(provider.deps)
        assert provider.userinfo(tokens["access_token"]).status == 401, end.__name__
        assert provider.refresh(tokens["refresh_token"]).status == 400, end.__name__


def test_2026_7507_a_login_is_bound_to_the_cookie_of_the_browser_in_which_it_began(provider: Provider) -> None:
    """Whoever is lured to another's address of a waiting login is refused on every one of its pages, and spoils nothing."""
    attacker, victim = provider.browser(), provider.browser()
    victim.log_in()
    waiting = attacker.get(endpoints.AUTHORIZE, provider.request())
    transaction = waiting.request.args["txn"]
    field = form_field(victim)
    for path in ("/login", "/login/second-factor", "/login/consent"):
        shown = victim.client.get(path, query_string={"txn": transaction})
        assert (shown.status_code, "transaction_elsewhere" in shown.text) == (403, True), path
    for path in ("/login", "/login/second-factor", "/login/consent", "/login/cancel"):
        sent = victim.client.post(f"{path}?txn={transaction}", data={FIELD: field, "username": "chenxiaochao", "password": "x"})
        assert (sent.status_code, "Location" in sent.headers) == (403, False), path
    assert "code=" in attacker.type_password(waiting).headers["Location"]


def test_an_address_that_we_make_never_comes_from_a_header(provider: Provider) -> None:
    """Links and issuers built from X-Forwarded-Host: whatever a request's headers say, no answer says it again."""
    browser = provider.browser()
    browser.log_in()
    hint = browser.tokens()["id_token"]
    asked: tuple[tuple[str, dict[str, str]], ...] = (
        (endpoints.DISCOVERY, {}),
        (endpoints.JWKS, {}),
        (endpoints.AUTHORIZE, provider.request()),
        (endpoints.AUTHORIZE, provider.request(prompt="login")),
        (endpoints.AUTHORIZE, provider.request(prompt="none", response_mode="form_post")),
        (endpoints.AUTHORIZE, provider.request(client_id="nobody")),
        (endpoints.LOGOUT, {}),
        ("/", {}),
        ("/account", {}),
        ("/login", {}),
        (endpoints.LOGOUT, {"id_token_hint": hint}),
        ("/account", {}),
    )
    for name, value in HEADERS.items():
        headers = {name: value, "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "//evil.example"}
        for path, query in asked:
            answer = browser.client.get(path, query_string=query, headers=headers)
            assert "evil.example" not in answer.text + str(answer.headers), f"{name} {path}"
            assert answer.headers.get("Location", "/").startswith(("/", f"{CALLBACK}?")), f"{name} {path}"


def test_authentik_2024_52289_a_return_address_is_compared_and_not_matched_as_a_pattern(provider: Provider) -> None:
    """A dot is a dot: neither a registered address nor one that is asked for is ever a regular expression."""
    for uri in NOT_REGISTERED:
        answer = provider.browser().client.get(endpoints.AUTHORIZE, query_string=provider.request(redirect_uri=uri))
        assert (answer.status_code, "Location" in answer.headers) == (400, False), uri


def test_2026_49448_an_empty_post_skips_no_stage(provider: Provider) -> None:
    """Nothing but the form's own token, sent to each stage of a login, in any order, before and after the password."""
    provider.add_account("linwenshu", kind="staff", totp_secret=TOTP_SECRET)
    browser = provider.browser()
    page = browser.get(endpoints.AUTHORIZE, provider.request(acr_values="urn:chaoxin:aal:2"))
    stages = ("/login", "/login/second-factor", "/login/consent", "/login/second-factor", "/login")

    def post_nothing() -> None:
        for path in stages:
            sent = browser.client.post(f"{path}?txn={page.request.args['txn']}", data={FIELD: form_field(browser)})
            assert sent.status_code in {400, 401, 403}, path
            assert browser.client.get_cookie("chaoxin_445100_session") is None

    post_nothing()
    assert "one-time-code" in browser.follow(browser.type_password(page, "linwenshu")).text
    post_nothing()
    assert browser.authorize(prompt="none")["error"] == "login_required"


def test_2026_49448_a_step_up_is_not_reached_by_an_empty_post(provider: Provider) -> None:
    """Within a session too: a level that needs a code is not had without one."""
    provider.add_account("huangyao")
    browser = provider.browser()
    browser.log_in("huangyao")
    page = browser.get(endpoints.AUTHORIZE, provider.request(prompt="login"))
    for path in ("/login/consent", "/login/second-factor"):
        sent = browser.client.post(f"{path}?txn={page.request.args['txn']}", data={FIELD: form_field(browser)})
        assert f"{CALLBACK}?" not in sent.headers.get("Location", "")


def form_field(browser: Browser) -> str:
    """Return the token of this browser's forms."""
    shown = browser.client.get("/oauth/logout" if sessions_of(browser) else "/login")
    return next(form.values[FIELD] for form in forms(shown.text) if FIELD in form.values)


def sessions_of(browser: Browser) -> bool:
    cookie = browser.client.get_cookie("chaoxin_445100_session")
    return cookie is not None and sessions.find_current(browser.provider.deps, cookie.value) is not None
