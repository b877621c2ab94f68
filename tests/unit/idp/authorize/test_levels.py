"""The level that a login must reach: what is registered holds where a request says nothing (G3), and asks again (requirement 26)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from werkzeug.test import TestResponse

from idp import endpoints
from idp.people import one_time_codes
from idp.records import Authenticator
from kernel.clock import FixedClock
from pki import jose
from tests.support.idp import TOTP_SECRET, Browser, Provider, json_of, returned

AAL1, AAL2 = "urn:chaoxin:aal:1", "urn:chaoxin:aal:2"


@pytest.fixture
def low(provider: Provider, clock: FixedClock) -> Browser:
    """Somebody logged in by password who has got a second factor since."""
    account = provider.add_account("huangyao")
    browser = provider.browser()
    browser.log_in("huangyao")
    sealed = one_time_codes.seal_secret(provider.deps, account.id, TOTP_SECRET)
    with provider.deps.work.begin() as work:
        work.records.add_authenticator(Authenticator("a-totp", account.id, "totp", "", sealed, clock.now()))
    provider.add_client("sensitive", default_acr=AAL2)
    return browser


def page_for(browser: Browser, **changes: str | None) -> TestResponse:
    return browser.get(endpoints.AUTHORIZE, browser.provider.request(**changes))


def step_up(browser: Browser, page: TestResponse, clock: FixedClock) -> dict[str, str]:
    return returned(browser.submit(page, "one-time-code", one_time_code=pyotp.TOTP(TOTP_SECRET).at(clock.now())))


@pytest.mark.parametrize("acr_values", [None, "", AAL1, "urn:unknown", f"urn:unknown {AAL1}"])
def test_g3_the_registered_level_holds_whatever_the_request_leaves_out(
    low: Browser, clock: FixedClock, acr_values: str | None
) -> None:
    assert low.authorize(client_id="sensitive", acr_values=acr_values, prompt="none")["error"] == "interaction_required"
    back = step_up(low, page_for(low, client_id="sensitive", acr_values=acr_values), clock)
    told = jose.unverified_claims(json_of(low.provider.redeem(back["code"], client_id="sensitive"))["id_token"])
    assert told["acr"] == AAL2


def test_g3_a_system_that_registered_no_level_has_the_policies_own_and_not_the_lowest(low: Browser) -> None:
    assert "code" in low.authorize(prompt="none")
    deps = low.provider.deps
    policies = deps.policies.model_copy(update={"assurance": deps.policies.assurance.model_copy(update={"default_acr": AAL2})})
    strict = Provider(replace(deps, policies=policies)).browser()
    assert strict.authorize(username="chenxiaochao")["error"] == "unmet_authentication_requirements"


def test_g3_a_level_that_is_essential_is_reached_or_the_login_is_refused_by_name(low: Browser, clock: FixedClock) -> None:
    essential = json.dumps({"id_token": {"acr": {"essential": True, "value": AAL2}}})
    back = low.provider.browser().authorize(username="chenxiaochao", claims=essential)
    assert back["error"] == "unmet_authentication_requirements"
    assert "code" in step_up(low, page_for(low, claims=essential), clock)


def test_requirement_26_a_higher_level_asks_further_and_a_login_too_old_asks_anew(low: Browser, clock: FixedClock) -> None:
    page = page_for(low, acr_values=AAL2)
    assert ("one-time-code" in page.text, "current-password" in page.text) == (True, False)
    assert "code" in step_up(low, page, clock)
    clock.advance(timedelta(seconds=60))
    # Stepping up is no new login: what max_age counts from is the password (Core 3.1.2.1).
    assert "current-password" in page_for(low, acr_values=AAL2, max_age="59").text
    assert "code" in returned(page_for(low, acr_values=AAL2, max_age="60"))


def test_requirement_26_max_age_0_asks_each_time(low: Browser) -> None:
    assert "current-password" in page_for(low, max_age="0").text
    assert low.authorize(max_age="0", prompt="none")["error"] == "login_required"
