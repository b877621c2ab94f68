"""The authorization endpoint in front of Flask: who is sent on at once is sent as behind it; all else is left to Flask, untouched."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import EnvironBuilder

from idp import endpoints
from idp.storage.tables import grants, transactions
from idp.views import going_on
from idp.views.authorize import _PAGES
from idp.wire import OAuthResponse
from tests.support.idp import CALLBACK, Browser, Provider
from tests.support.relying_party import find_form, parse_return


def ask(provider: Provider, browser: Browser | None = None, method: str = "GET", **changes: Any) -> OAuthResponse:
    """Send a request to the endpoint as the server hands it over."""
    cookies = {} if browser is None else {name: kept.value for (_, _, name), kept in (browser.client._cookies or {}).items()}
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    query = provider.request(**changes)
    builder = EnvironBuilder(endpoints.AUTHORIZE, method=method, query_string=query, headers=[("Cookie", cookie)])
    return going_on.answer(provider.deps, builder.get_environ())


def stored(engine: sa.Engine) -> list[int]:
    with engine.connect() as connection:
        return [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in (grants, transactions)
        ]


def test_within_a_session_the_browser_goes_back_at_once_with_a_code_that_is_good(provider: Provider) -> None:
    browser = provider.browser()
    browser.log_in()
    answer = ask(provider, browser)
    headers = dict(answer.headers)
    assert (answer.status, answer.body, headers["Cache-Control"], "Set-Cookie" in headers) == (303, b"", "no-store", False)
    back = parse_return(headers["Location"])
    assert (headers["Location"].startswith(f"{CALLBACK}?"), back["state"], back["iss"]) == (
        True,
        "the-state",
        provider.deps.issuer,
    )
    assert provider.redeem(back["code"]).status == 200


def test_a_stranger_is_sent_to_log_in_with_a_cookie_of_their_own_that_the_pages_know_again(provider: Provider) -> None:
    answer = ask(provider)
    headers, browser = dict(answer.headers), provider.browser()
    name, _, value = headers["Set-Cookie"].partition(";")[0].partition("=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(headers["Set-Cookie"].split("; "))
    browser.client.set_cookie(name, value)
    page = browser.get(headers["Location"])
    assert find_form(page.text, "current-password") is not None
    assert "code" in parse_return(browser.type_password(page).headers["Location"])


def test_a_fault_is_told_to_the_client_in_its_own_way(provider: Provider) -> None:
    back = parse_return(dict(ask(provider, scope="nonsense", response_mode="fragment").headers)["Location"].replace("#", "?"))
    assert (back["error"], back["state"]) == ("invalid_scope", "the-state")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://elsewhere.example/"},
        {"response_mode": "form_post"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:unknown"},
        {"request": "a.b.c"},
        {"state": "\0"},
        {"client_id": "newcomer", "scope": "nonsense"},
    ],
    ids=str,
)
def test_what_needs_a_page_or_can_be_tried_but_once_is_left_to_flask_and_nothing_is_stored(
    provider: Provider, sqlite: sa.Engine, changes: dict[str, str]
) -> None:
    provider.add_client("newcomer", registration_token=b"\0" * 32)
    before = stored(sqlite)
    assert ask(provider, None, **changes) == ask(provider, method="POST") == ask(provider, method="HEAD") == OAuthResponse(404)
    assert stored(sqlite) == before


def test_what_was_posted_is_left_to_be_read(provider: Provider) -> None:
    environ = EnvironBuilder(endpoints.AUTHORIZE, method="POST", data=provider.request()).get_environ()
    assert going_on.answer(provider.deps, environ) == OAuthResponse(404)
    assert b"response_type=code" in environ["wsgi.input"].read()


def test_each_page_that_asks_is_there(provider: Provider) -> None:
    pages = provider.app.url_map.bind("localhost")
    assert all(pages.match(path, method="GET") for path in _PAGES.values())
