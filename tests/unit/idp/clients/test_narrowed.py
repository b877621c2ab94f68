"""A system that is narrowed: what was under way or granted before reaches no further than what is registered now."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from idp import endpoints
from idp.clients import registry
from tests.support.idp import CALLBACK, OPERATOR, Browser, Provider, json_of, returned
from tests.support.relying_party import forms

OLD = "https://old.example.cn/callback"
WIDE = "openid profile identity offline_access"


@pytest.fixture
def wide(provider: Provider) -> Provider:
    provider.add_client("wide", redirect_uris=(CALLBACK, OLD), scope=WIDE)
    return provider


def narrow(wide: Provider, **changes: Any) -> None:
    registry.update(wide.deps, replace(wide.client("wide"), **changes), actor=OPERATOR)


def browser_of(wide: Provider) -> Browser:
    made = wide.browser()
    made.log_in()
    return made


def test_a_login_under_way_does_not_end_at_an_address_that_was_taken_away(wide: Provider) -> None:
    browser = wide.browser()
    request = {"client_id": "wide", "redirect_uri": OLD}
    page = browser.get(endpoints.AUTHORIZE, wide.request(**request))
    cancelled = browser.get(endpoints.AUTHORIZE, wide.request(**request))
    pushed = json_of(wide.post(endpoints.PUSHED_REQUEST, dict(wide.request(**request)), client_id="wide"))["request_uri"]
    narrow(wide, redirect_uris=(CALLBACK,))
    (form,) = [form for form in forms(cancelled.text) if "/cancel" in form.action]
    for answer in (
        browser.follow(browser.type_password(page)),
        browser.send(form),
        browser.get(endpoints.AUTHORIZE, {"client_id": "wide", "request_uri": pushed}),
    ):
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
        assert OLD not in answer.text


def test_a_login_under_way_grants_no_scope_that_was_taken_away(wide: Provider) -> None:
    browser = wide.browser()
    page = browser.get(endpoints.AUTHORIZE, wide.request(client_id="wide", scope="openid profile identity"))
    narrow(wide, scopes=("openid", "profile"))
    back = returned(browser.type_password(page))
    assert json_of(wide.redeem(back["code"], client_id="wide"))["scope"] == "openid profile"


def test_what_was_granted_before_is_told_only_as_far_as_is_registered_now(wide: Provider) -> None:
    browser = browser_of(wide)
    tokens = browser.tokens(client_id="wide", scope="openid profile identity")
    code = browser.authorize(client_id="wide", scope="openid profile identity")["code"]
    assert "resident_id" in json_of(wide.userinfo(tokens["access_token"]))
    narrow(wide, scopes=("openid", "profile"))
    assert "resident_id" not in json_of(wide.userinfo(tokens["access_token"]))
    for answer in (wide.redeem(code, client_id="wide"), wide.refresh(tokens["refresh_token"], client_id="wide")):
        later = json_of(answer)
        assert later["scope"] == "openid profile"
        assert json_of(wide.userinfo(later["access_token"])).keys() >= {"sub", "name"}


def test_a_token_of_fewer_scopes_still_tells_what_was_asked_for_by_name(wide: Provider) -> None:
    """Core 5.5: claims by name are granted at the login, beside the scopes; RFC 6749 6 narrows the scopes."""
    claims = json.dumps({"userinfo": {"resident_id": None}})
    tokens = browser_of(wide).tokens(client_id="wide", scope="openid profile", claims=claims)
    narrowed = json_of(wide.refresh(tokens["refresh_token"], client_id="wide", scope="openid"))
    assert json_of(wide.userinfo(narrowed["access_token"])).keys() == {"sub", "resident_id"}
    narrow(wide, scopes=("openid", "profile"))
    assert json_of(wide.userinfo(narrowed["access_token"])).keys() == {"sub"}
