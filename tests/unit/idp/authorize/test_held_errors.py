"""Requirement 13: an error that only a link caused takes nobody's browser to an address that nobody vetted (RFC 9700 4.11.2)."""

from __future__ import annotations

import pytest

from idp import endpoints
from tests.support.idp import CALLBACK, Provider, json_of, returned
from tests.support.relying_party import find_return, forms, parse_return

FAULTS: tuple[dict[str, str | None], ...] = (
    {"response_type": None},
    {"scope": "nonsense"},
    {"code_challenge": None, "code_challenge_method": None},
    {"request": "a.b.c"},
    {"request_uri": "urn:ietf:params:oauth:request_uri:unknown"},
    {"prompt": "none login"},
    {"claims": "{"},
)


@pytest.fixture
def newcomer(provider: Provider) -> Provider:
    """A provider at which a system has registered itself, and nobody has looked at it yet."""
    provider.add_client("newcomer", registration_token=b"\0" * 32)
    return provider


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("posted", [False, True])
def test_requirement_13_the_addresses_that_an_admin_has_seen_hear_of_errors_at_once(
    provider: Provider, fault: dict[str, str | None], posted: bool
) -> None:
    client, request = provider.browser().client, provider.request(**fault)
    answer = client.post(endpoints.AUTHORIZE, data=request) if posted else client.get(endpoints.AUTHORIZE, query_string=request)
    back = parse_return(answer.headers["Location"])
    assert answer.headers["Location"].startswith(f"{CALLBACK}?error=")
    assert (back["state"], back["iss"]) == ("the-state", provider.deps.issuer)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("posted", [False, True])
def test_requirement_13_a_stranger_is_told_and_goes_back_by_their_own_hand(
    newcomer: Provider, fault: dict[str, str | None], posted: bool
) -> None:
    client, request = newcomer.browser().client, newcomer.request(client_id="newcomer", **fault)
    answer = client.post(endpoints.AUTHORIZE, data=request) if posted else client.get(endpoints.AUTHORIZE, query_string=request)
    assert (answer.status_code, "Location" in answer.headers, "Refresh" in answer.headers) == (400, False, False)
    assert "form_post.js" not in answer.text
    assert "潮州市市场监督管理局" in answer.text
    location = find_return(answer.text)
    assert location is not None
    assert location.startswith(f"{CALLBACK}?error=")
    back = parse_return(location)
    assert back.keys() == {"error", "error_description", "state", "iss"}
    assert (back["state"], back["iss"]) == ("the-state", newcomer.deps.issuer)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_requirement_13_whoever_is_logged_in_is_sent_back_at_once(newcomer: Provider, fault: dict[str, str | None]) -> None:
    browser = newcomer.browser()
    browser.log_in()
    answer = browser.client.get(endpoints.AUTHORIZE, query_string=newcomer.request(client_id="newcomer", **fault))
    assert answer.headers["Location"].startswith(f"{CALLBACK}?error=")


@pytest.mark.parametrize("change", [{}, {"scope": "nonsense"}, {"claims": "{"}, {"request": "a.b.c"}], ids=str)
@pytest.mark.parametrize("posted", [False, True])
def test_requirement_13_a_silent_request_never_shows_a_page(
    newcomer: Provider, change: dict[str, str | None], posted: bool
) -> None:
    browser, request = newcomer.browser(), newcomer.request(client_id="newcomer", prompt="none", **change)
    if posted and change:
        answer = browser.client.post(endpoints.AUTHORIZE, data=request)
    else:
        answer = browser.get(endpoints.AUTHORIZE, request)
    assert answer.headers["Location"].startswith(f"{CALLBACK}?error=")


def test_requirement_13_a_silent_request_that_was_pushed_shows_none_either(provider: Provider) -> None:
    pushed = json_of(provider.post(endpoints.PUSHED_REQUEST, dict(provider.request(prompt="none"))))
    browser = provider.browser()
    back = returned(browser.get(endpoints.AUTHORIZE, {"client_id": "scjg", "request_uri": pushed["request_uri"]}))
    assert back["error"] == "login_required"


def test_requirement_13_an_error_by_form_waits_for_its_button(newcomer: Provider) -> None:
    request = newcomer.request(client_id="newcomer", response_mode="form_post", scope="nonsense")
    answer = newcomer.browser().client.get(endpoints.AUTHORIZE, query_string=request)
    assert (answer.status_code, "form_post.js" in answer.text) == (400, False)
    (form,) = (form for form in forms(answer.text) if form.action == CALLBACK)
    assert (form.method, form.values["error"], form.values["iss"]) == ("post", "invalid_scope", newcomer.deps.issuer)
    assert "form-action 'self' https://scjg.example.cn" in answer.headers["Content-Security-Policy"]


def test_requirement_13_the_page_speaks_both_languages(newcomer: Provider) -> None:
    for language, words in (("zh", "没有登录"), ("en", "Not logged in")):
        answer = newcomer.browser().client.get(
            endpoints.AUTHORIZE, query_string=newcomer.request(client_id="newcomer", scope="nonsense") | {"lang": language}
        )
        assert words in answer.text
