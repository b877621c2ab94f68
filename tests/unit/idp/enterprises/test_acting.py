"""Logging in for an organisation: who is asked, what is granted, what the tokens say, and how it all ends with the mandate."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from idp import endpoints
from idp.clients.grant_types import DEVICE_CODE, EXCHANGE
from idp.enterprises import mandates
from idp.logout import delivery
from idp.people import accounts
from idp.tokens.grants.exchanged import ACCESS_TOKEN
from kernel.clock import FixedClock
from pki import jose
from tests.support.idp import OPERATOR, SOCIAL_SECURITY, Browser, Provider, events, json_of, returned, with_releases
from tests.support.idp_elsewhere import Published
from tests.support.mandates import USCC, add_company, give_mandate

SCOPE = "openid profile identity phone offline_access"


@pytest.fixture
def city(provider: Provider) -> Provider:
    """A provider whose citizen may act for a company."""
    add_company(provider.deps)
    return provider


def begin(browser: Browser, username: str = "chenxiaochao", **changes: str | None) -> TestResponse:
    """Ask for a login and go up to the first page after the password."""
    page = browser.get(endpoints.AUTHORIZE, browser.provider.request(scope=SCOPE, **changes))
    return browser.follow(browser.type_password(page, username))


def choose(browser: Browser, page: TestResponse, acting: str) -> TestResponse:
    """Press one of the buttons of the page that asks for whom somebody comes."""
    assert f'name="acting" value="{acting}"' in page.text, page.text
    return browser.follow(browser.client.post(page.request.full_path, data={"acting": acting, **csrf(page)}))


def begin_and_agree(browser: Browser) -> TestResponse:
    return browser.agree(begin(browser))


def csrf(page: TestResponse) -> dict[str, str]:
    value = page.text.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    return {"csrf_token": value}


def tokens(browser: Browser, acting: str, **changes: str | None) -> dict[str, Any]:
    back = returned(browser.agree(choose(browser, begin(browser, **changes), acting)))
    return json_of(browser.provider.redeem(back["code"]))


def said(token: str) -> dict[str, Any]:
    return dict(jose.unverified_claims(token))


def test_whoever_has_no_mandate_towards_a_department_is_not_asked(city: Provider) -> None:
    give_mandate(city.deps, departments=(SOCIAL_SECURITY,))
    give_mandate(city.deps, powers=("organization",))  # nothing that is asked for here
    give_mandate(city.deps, valid_from=city.deps.clock.now() + timedelta(days=1))
    over = give_mandate(city.deps)
    mandates.revoke(city.deps, over.id, actor=OPERATOR)
    assert "code" in returned(begin_and_agree(city.browser()))


def test_an_agent_is_asked_and_as_themselves_is_nobody_else(city: Provider) -> None:
    give_mandate(city.deps)
    page = begin(browser := city.browser())
    assert page.request.path == "/login/identity"
    assert "潮联科技" in page.text
    assert USCC in page.text  # names can look alike
    back = returned(browser.agree(choose(browser, page, "")))
    answer = json_of(city.redeem(back["code"]))
    for token in (said(answer["id_token"]), said(answer["access_token"])):
        assert not {"act", "mandate_id", "user_kind", "organization"} & token.keys()
    assert "phone" in answer["scope"].split()


def test_acting_for_a_company_the_tokens_are_the_companys_and_say_who_acts(city: Provider, sqlite: sa.Engine) -> None:
    mandate = give_mandate(city.deps)
    answer = tokens(city.browser(), mandate.id)
    assert answer["scope"] == "openid profile identity"  # neither what the mandate leaves out, nor in the agent's absence
    for token in (said(answer["id_token"]), said(answer["access_token"])):
        assert token["sub"] == mandate.organization_id
        assert token["act"] == {"sub": mandate.agent_id}
        assert (token["user_kind"], token["organization"], token["mandate_id"]) == ("enterprise", "潮联科技", mandate.id)
    told = json_of(city.userinfo(answer["access_token"]))
    assert (told["sub"], told["name"], told["user_kind"], told["uscc"]) == (
        mandate.organization_id,
        "潮联科技",
        "enterprise",
        USCC,
    )
    assert "resident_id" not in told
    shown = introspect(city, answer["access_token"])
    assert (shown["act"], shown["mandate_id"], shown["organization"]) == ({"sub": mandate.agent_id}, mandate.id, "潮联科技")
    assert introspect(city, answer["refresh_token"])["sub"] == mandate.organization_id
    again = json_of(city.refresh(answer["refresh_token"]))
    assert said(again["id_token"])["act"] == {"sub": mandate.agent_id}
    event = events(sqlite, "idp.authorize")[-1]
    assert event["actor"] == f"account:{mandate.agent_id}"
    assert mandate.id in str(event["details"])


def test_whoever_only_reads_the_token_refuses_a_revoked_mandate_within_a_minute(city: Provider) -> None:
    mandate = give_mandate(city.deps)
    city.add_client("portal", grant_types=("authorization_code", EXCHANGE), scope="openid profile identity")
    browser = city.browser()
    answer = json_of(
        city.redeem(returned(choose(browser, begin(browser, client_id="portal"), mandate.id))["code"], client_id="portal")
    )
    form: dict[str, str | None] = {
        "grant_type": EXCHANGE,
        "subject_token": answer["access_token"],
        "subject_token_type": ACCESS_TOKEN,
    }
    exchanged = json_of(city.post(endpoints.TOKEN, form | {"scope": "profile"}, client_id="portal"))
    own = tokens(city.browser(), "")
    for given, most in ((answer, 60), (exchanged, 60), (own, city.deps.policies.tokens.access_token_seconds)):
        token = said(given["access_token"])
        assert token["exp"] - token["iat"] == given["expires_in"] <= most
    assert own["expires_in"] > 60


def test_claims_that_were_asked_for_by_name_are_never_told_of_the_agent(city: Provider) -> None:
    mandate = give_mandate(city.deps, powers=("profile",))
    claims = '{"id_token": {"resident_id": null, "name": null}, "userinfo": {"resident_id": null, "phone_number": null}}'
    answer = tokens(city.browser(), mandate.id, claims=claims)
    assert not {"resident_id", "name"} & said(answer["id_token"]).keys()
    assert not {"resident_id", "phone_number"} & json_of(city.userinfo(answer["access_token"])).keys()


def test_a_pairwise_system_knows_both_by_its_own_identifiers(city: Provider) -> None:
    mandate = give_mandate(city.deps)
    city.add_client("apart", subject_type="pairwise", scope="openid profile")
    browser = city.browser()
    page = choose(browser, begin(browser, client_id="apart"), mandate.id)
    answer = json_of(city.redeem(returned(page)["code"], client_id="apart"))
    token = said(answer["id_token"])
    assert not {mandate.organization_id, mandate.agent_id} & {token["sub"], token["act"]["sub"]}
    assert introspect(city, answer["refresh_token"], "apart")["act"] == token["act"]


def introspect(city: Provider, value: str, client_id: str = "scjg") -> dict[str, Any]:
    return json_of(city.post(endpoints.INTROSPECT, {"token": value}, client_id=client_id))


def test_a_revoked_mandate_ends_everything_at_once_and_the_department_is_told(city: Provider, sqlite: sa.Engine) -> None:
    uri = "https://scjg.example.cn/logout"
    city.add_client("told", backchannel_logout_uri=uri, scope="openid profile")
    mandate = give_mandate(city.deps)
    browser = city.browser()
    back = returned(choose(browser, begin(browser, client_id="told"), mandate.id))
    answer = json_of(city.redeem(back["code"], client_id="told"))
    personal = browser.tokens(scope="openid", prompt=None)
    waiting = browser.get(endpoints.AUTHORIZE, city.request(scope=SCOPE))
    late = returned(choose(browser, waiting, mandate.id))
    mandates.revoke(city.deps, mandate.id, actor=OPERATOR)
    assert introspect(city, answer["access_token"], "told") == {"active": False}
    assert introspect(city, answer["refresh_token"], "told") == {"active": False}
    assert city.userinfo(answer["access_token"]).status == 401
    assert json_of(city.refresh(answer["refresh_token"], client_id="told"))["error"] == "invalid_grant"
    assert json_of(city.redeem(late["code"]))["error"] == "invalid_grant"
    assert introspect(city, personal["access_token"])["active"] is True  # the session is the agent's own
    published = city.deps.fetch
    assert isinstance(published, Published)
    published.answers[uri] = 200
    assert [one.outcome for one in delivery.deliver_due(city.deps) if one.client_id == "told"] == ["delivered"]
    (token,) = (said(form["logout_token"]) for address, form in published.posted if address == uri)
    assert token["sid"] == said(answer["id_token"])["sid"]
    assert "sub" not in token  # the department knows the session as the company's
    (event,) = events(sqlite, "idp.revoke_mandate")
    assert "'grants': 2" in str(event["details"]) or '"grants":2' in str(event["details"])
    browser.client.post("/account/sessions/end-all", data=csrf(browser.get("/account")))
    told = [form for address, form in published.posted if address == uri]
    assert len(told) == 2  # once more when the session ends


def test_an_expired_mandate_refuses_and_no_token_outlives_it(city: Provider, clock: FixedClock) -> None:
    mandate = give_mandate(city.deps, valid_until=clock.moment + timedelta(seconds=60))
    answer = tokens(city.browser(), mandate.id)
    assert answer["expires_in"] <= 60
    clock.moment += timedelta(seconds=60)
    assert introspect(city, answer["access_token"]) == {"active": False}
    assert introspect(city, answer["refresh_token"]) == {"active": False}
    refused = json_of(city.refresh(answer["refresh_token"]))
    assert (refused["error"], refused["code"]) == ("invalid_grant", "oauth_mandate_over")
    assert "code" in returned(begin_and_agree(city.browser()))  # nobody is asked any more
    assert mandates.end_over(city.deps) == 1  # the department hears of it
    assert [one.client_id for one in delivery.deliver_due(city.deps)] == ["scjg"]
    assert mandates.end_over(city.deps) == 0


@pytest.mark.parametrize("whose", ["organization_id", "agent_id"])
def test_disabling_either_party_ends_it(city: Provider, whose: str) -> None:
    mandate = give_mandate(city.deps)
    answer = tokens(city.browser(), mandate.id)
    accounts.disable(city.deps, getattr(mandate, whose), actor=OPERATOR)
    assert introspect(city, answer["access_token"]) == {"active": False}
    assert introspect(city, answer["refresh_token"]) == {"active": False}
    assert city.refresh(answer["refresh_token"]).status == 400


def test_anothers_mandate_and_one_that_ended_meanwhile_cannot_be_chosen(city: Provider) -> None:
    city.add_account("other", phone="+86 138 0000 0009")
    others = give_mandate(city.deps, agent="other")
    mine = give_mandate(city.deps)
    page = begin(browser := city.browser())
    for value in (others.id, "anything", "x" * 200):
        answer = browser.client.post(page.request.full_path, data={"acting": value, **csrf(page)})
        assert answer.status_code == 400
    assert browser.client.post(page.request.full_path, data=csrf(page)).status_code == 400  # no button at all
    stranger = city.browser()
    stranger.get("/")
    assert (
        stranger.client.post(page.request.full_path, data={"acting": mine.id, **csrf(stranger.get("/login"))}).status_code == 403
    )
    mandates.revoke(city.deps, mine.id, actor=OPERATOR)
    answer = browser.client.post(page.request.full_path, data={"acting": mine.id, **csrf(page)})
    assert answer.status_code == 400
    assert "code" in returned(browser.agree(browser.get(page.request.full_path)))  # nothing is left to choose


def test_what_one_chose_is_not_the_next_persons_choice(city: Provider) -> None:
    city.add_account("other", phone="+86 138 0000 0009")
    give_mandate(city.deps, agent="other")
    mandate = give_mandate(city.deps)
    browser = city.browser()
    page = choose(browser, begin(browser, prompt="consent"), mandate.id)
    assert page.request.path == "/login/consent"
    assert "潮联科技" in page.text
    login = browser.get(f"/login?{page.request.query_string.decode()}")
    assert login.request.path == "/login/consent"
    again = browser.client.post(
        f"/login?{page.request.query_string.decode()}",
        data={"username": "other", "password": "a wholly unlikely pass phrase", **csrf(page)},
    )
    assert browser.follow(again).request.path == "/login/identity"


def test_an_application_that_renews_names_whom_it_means_and_nobody_is_asked(city: Provider) -> None:
    mandate = give_mandate(city.deps)
    browser = city.browser()
    acting = tokens(browser, mandate.id)["id_token"]
    silent = {"scope": "openid profile", "prompt": "none"}
    assert browser.authorize(**silent)["error"] == "interaction_required"
    renewed = json_of(city.redeem(browser.authorize(**silent, id_token_hint=acting)["code"]))
    assert said(renewed["id_token"])["sub"] == mandate.organization_id
    personal = tokens(city.browser(), "")["id_token"]
    renewed = json_of(city.redeem(browser.authorize(**silent, id_token_hint=personal)["code"]))
    assert said(renewed["id_token"])["sub"] == mandate.agent_id
    mandates.revoke(city.deps, mandate.id, actor=OPERATOR)
    assert browser.authorize(**silent, id_token_hint=acting)["error"] == "login_required"


def test_of_several_mandates_each_can_be_chosen(city: Provider) -> None:
    add_company(city.deps, "lookalike", name="潮联科枝", uscc="91445100MA4WR7QBB0")
    chosen = [give_mandate(city.deps), give_mandate(city.deps, powers=("identity",)), give_mandate(city.deps, "lookalike")]
    for mandate in chosen:
        token = said(tokens(city.browser(), mandate.id)["access_token"])
        assert (token["mandate_id"], token["sub"]) == (mandate.id, mandate.organization_id)


def test_what_was_told_of_a_company_is_remembered_of_it_and_not_of_its_agent(city: Provider) -> None:
    told = Provider(replace(city.deps, policies=with_releases(city.deps.policies, continued="first_time"), kept={}))
    told.secrets |= city.secrets
    mandate = give_mandate(told.deps)
    tokens(told.browser(), mandate.id)
    with told.deps.work.read() as work:
        company = work.records.find_consent(mandate.organization_id, "scjg")
        assert company is not None
        assert "uscc" in company.told
        assert work.records.find_consent(mandate.agent_id, "scjg") is None


def test_logging_out_by_the_companys_id_token_is_not_asked_about(city: Provider) -> None:
    mandate = give_mandate(city.deps)
    browser = city.browser()
    hint = tokens(browser, mandate.id)["id_token"]
    answer = browser.get(endpoints.LOGOUT, {"id_token_hint": hint, "post_logout_redirect_uri": "https://scjg.example.cn/"})
    assert browser.authorize(prompt="none")["error"] == "login_required", answer.text


def test_the_token_can_be_exchanged_within_the_mandate_only(city: Provider) -> None:
    mandate = give_mandate(city.deps)
    interface = "https://jiekou.example.cn/"
    city.add_client(
        "other", department=SOCIAL_SECURITY, resources=(interface,), redirect_uris=(), grant_types=("client_credentials",)
    )
    city.add_client("portal", grant_types=("authorization_code", EXCHANGE), scope="openid profile identity")
    browser = city.browser()
    back = returned(choose(browser, begin(browser, client_id="portal"), mandate.id))
    shown = json_of(city.redeem(back["code"], client_id="portal"))["access_token"]
    form: dict[str, str | None] = {"grant_type": EXCHANGE, "subject_token": shown, "subject_token_type": ACCESS_TOKEN}
    narrower = json_of(city.post(endpoints.TOKEN, form | {"scope": "profile"}, client_id="portal"))["access_token"]
    token = said(narrower)
    assert (token["sub"], token["scope"], token["act"]) == (mandate.organization_id, "profile", {"sub": mandate.agent_id})
    assert city.post(endpoints.TOKEN, form | {"resource": interface}, client_id="portal").status == 400


def test_at_a_kiosk_the_phone_asks_as_well(city: Provider) -> None:
    mandate = give_mandate(city.deps)
    city.add_client("kiosk", grant_types=(DEVICE_CODE,), redirect_uris=(), scope="openid profile", hall="潮州市政务服务中心")
    asked = json_of(city.post(endpoints.DEVICE_AUTHORIZATION, {"scope": "openid profile"}, client_id="kiosk"))
    browser = city.browser()
    browser.log_in()
    page = browser.get("/device")
    page = browser.follow(browser.client.post("/device", data={"user_code": asked["user_code"], **csrf(page)}))
    page = choose(browser, page, mandate.id)
    assert page.request.path == "/device/confirm"
    browser.client.post(page.request.full_path, data=csrf(page))
    form: dict[str, str | None] = {"grant_type": DEVICE_CODE, "device_code": asked["device_code"]}
    token = said(json_of(city.post(endpoints.TOKEN, form, client_id="kiosk"))["access_token"])
    assert (token["sub"], token["act"]) == (mandate.organization_id, {"sub": mandate.agent_id})
