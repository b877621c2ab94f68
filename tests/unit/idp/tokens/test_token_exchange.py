"""Token exchange (RFC 8693): who may act for whom, where to, and that nothing ever grows on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from idp import endpoints
from idp.clients import registry
from idp.clients.grant_types import EXCHANGE
from idp.enterprises import mandates
from idp.people import accounts
from idp.ports import IdpDeps
from idp.privacy import history
from idp.records import Account
from idp.tokens.grants.exchanged import ACCESS_TOKEN
from idp.tokens.grants.mandated import ORGANIZATION
from idp.wire import OAuthResponse
from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import jose
from pki.keyfiles import FileKeyStore
from policies.models import Policies
from tests.support.bound_client import Holder
from tests.support.databases import engine_on
from tests.support.idp import (
    CALLBACK,
    MARKET,
    OPERATOR,
    SOCIAL_SECURITY,
    Browser,
    Provider,
    add_account,
    events,
    json_of,
    make_idp_deps,
)
from tests.support.mandates import USCC, give_mandate

FRONT, MIDDLE, BACK = (f"https://{name}.example.cn/" for name in ("front", "middle", "back"))
SCOPE = "openid profile identity phone"


def between_departments(policies: Policies, *, impersonating: tuple[str, ...] = ()) -> Policies:
    """Return policies by which each of the two departments may use ``profile`` and ``identity`` at the other's interfaces."""
    departments = dict(policies.claims.departments)
    for one, other in ((MARKET, SOCIAL_SECURITY), (SOCIAL_SECURITY, MARKET)):
        departments[one] = departments[one].model_copy(update={"resources": {other: ("profile", "identity")}})
    claims = policies.claims.model_copy(update={"departments": departments})
    tokens = policies.tokens.model_copy(update={"impersonating_clients": impersonating})
    return policies.model_copy(update={"claims": claims, "tokens": tokens})


def make_city(deps: IdpDeps) -> Provider:
    """Return a portal, three interfaces behind each other of which two may act for others, a citizen and a company."""
    made = Provider(replace(deps, policies=between_departments(deps.policies)))
    made.add_account()
    made.add_account("chaolian", kind="enterprise", name="潮联科技", uscc=USCC, real_name_level=4)
    made.add_client(grant_types=("authorization_code", "refresh_token", EXCHANGE), scope=SCOPE)
    interface = {"redirect_uris": (), "scope": SCOPE}
    acting: tuple[str, ...] = ("client_credentials", EXCHANGE)
    made.add_client("front", grant_types=acting, resources=(FRONT,), **interface)
    made.add_client("middle", department=SOCIAL_SECURITY, grant_types=acting, resources=(MIDDLE,), **interface)
    made.add_client("back", grant_types=("client_credentials",), resources=(BACK,), **interface)
    return made


@pytest.fixture
def city(light: IdpDeps) -> Provider:
    return make_city(light)


@pytest.fixture
def browser(city: Provider) -> Browser:
    made = city.browser()
    made.log_in()
    return made


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Browser]:
    """A browser at a city that only refuses: what is refused changes nothing, so these tests share it."""
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with engine_on(f"sqlite:///{tmp_path_factory.mktemp('exchange') / 'city.sqlite'}") as engine:
        made = make_city(make_idp_deps(engine, keys, clock)).browser()
        made.log_in()
        yield made


def token_for(browser: Browser, resource: str | None, scope: str = SCOPE) -> str:
    back = browser.authorize(scope=scope, **({} if resource is None else {"resource": resource}))
    return str(json_of(browser.provider.redeem(back["code"]))["access_token"])


def exchange(city: Provider, client_id: str, shown: str, /, **changes: str | None) -> OAuthResponse:
    form = {"grant_type": EXCHANGE, "subject_token": shown, "subject_token_type": ACCESS_TOKEN}
    return city.post(endpoints.TOKEN, form | changes, client_id=client_id)


def good(answer: OAuthResponse) -> tuple[str, dict[str, Any]]:
    """Return the token of a good answer and what it says."""
    assert answer.status == 200, answer.body
    document = json_of(answer)
    assert document.keys() == {"access_token", "token_type", "expires_in", "scope", "issued_token_type"}
    assert document["issued_token_type"] == ACCESS_TOKEN
    return document["access_token"], dict(jose.unverified_claims(document["access_token"]))


def refused(answer: OAuthResponse) -> tuple[str, str]:
    assert answer.status == 400, answer.body
    document = json_of(answer)
    return str(document["error"]), str(document["code"])


def introspect(city: Provider, client_id: str, value: str) -> dict[str, Any]:
    return json_of(city.post(endpoints.INTROSPECT, {"token": value}, client_id=client_id))


# An interface that goes on to the next one for the person.


def test_an_interface_goes_on_as_a_delegate_that_the_token_names(browser: Browser, city: Provider, sqlite: sa.Engine) -> None:
    shown = token_for(browser, FRONT)
    claims = dict(jose.unverified_claims(shown))
    assert claims["may_act"] == {"sub": "front"}
    value, delegated = good(exchange(city, "front", shown, resource=MIDDLE, scope="identity"))
    assert (delegated["sub"], delegated["client_id"], delegated["aud"], delegated["scope"]) == (
        claims["sub"],
        "front",
        MIDDLE,
        "identity",
    )
    assert delegated["act"] == {"sub": "front"}
    assert {name: delegated[name] for name in ("acr", "amr", "auth_time")} == {
        name: claims[name] for name in ("acr", "amr", "auth_time")
    }
    (event,) = events(sqlite, "idp.exchange_token")
    assert event["outcome"] == "ok"
    assert '"act":{"sub":"front"}' in str(event["details"]).replace(" ", "")
    passed_on = next(
        one for one in history.read(city.deps, accounts.get_by_username(city.deps, "chenxiaochao")) if one.kind == "release"
    )
    assert (passed_on.what.en, passed_on.by.zh, passed_on.of[0].zh) == (
        "a department passed your login on",
        city.client("front").name,
        city.client("middle").name,
    )
    assert introspect(city, "middle", value)["act"] == {"sub": "front"}, "requirement 18"


def test_delegation_goes_on_nested_and_has_an_end(browser: Browser, city: Provider) -> None:
    value = token_for(browser, FRONT)
    chain: dict[str, Any] | None = None
    for client_id, resource in (("front", MIDDLE), ("middle", FRONT), ("front", MIDDLE), ("middle", FRONT)):
        value, claims = good(exchange(city, client_id, value, resource=resource, scope="identity"))
        chain = {"sub": client_id} if chain is None else {"sub": client_id, "act": chain}
        assert claims["act"] == chain
    answer = exchange(city, "front", value, resource=MIDDLE, scope="identity")
    assert refused(answer) == ("invalid_request", "oauth_exchange_depth")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scope": "identity address"}, "oauth_scope_wider"),
        ({"scope": "phone"}, "oauth_resource"),  # policies don't let it be used there
        ({"resource": "https://nowhere.example.cn/"}, "oauth_resource"),
        ({"resource": "http://localhost:8100"}, "oauth_resource"),  # back to our own endpoints
        ({"audience": "back"}, "oauth_resource"),  # not the one of resource: two audiences
        ({"audience": "nobody"}, "oauth_resource"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "oauth_exchange_type"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "oauth_exchange_type"),
        ({"subject_token": "a.b.c"}, "oauth_exchange_subject"),
        ({"subject_token": None}, "oauth_parameter_missing"),
        ({"actor_token": "a.b.c"}, "oauth_exchange_type"),
        ({"actor_token_type": ACCESS_TOKEN}, "oauth_exchange_type"),
        ({"actor_token": "a.b.c", "actor_token_type": ACCESS_TOKEN}, "oauth_exchange_actor"),
    ],
    ids=str,
)
def test_nothing_grows_and_nothing_else_is_taken(refusing: Browser, changes: dict[str, str | None], code: str) -> None:
    shown = token_for(refusing, FRONT)
    form: dict[str, str | None] = {"resource": MIDDLE, "scope": "identity"}
    assert refused(exchange(refusing.provider, "front", shown, **(form | changes)))[1] == code


def test_the_audience_may_be_named_by_its_client(browser: Browser, city: Provider) -> None:
    assert good(exchange(city, "front", token_for(browser, FRONT), audience="middle", scope="identity"))[1]["aud"] == MIDDLE


def test_a_token_of_somebody_else_is_worth_nothing(browser: Browser, city: Provider, sqlite: sa.Engine) -> None:
    shown = token_for(browser, FRONT)
    assert refused(exchange(city, "middle", shown, resource=FRONT))[1] == "oauth_exchange_subject"
    assert [event["outcome"] for event in events(sqlite, "idp.exchange_token")] == ["refused"]
    id_token = browser.tokens(scope="openid")["id_token"]
    assert refused(exchange(city, "scjg", id_token))[1] == "oauth_exchange_subject", "requirement 17"


def test_a_token_that_was_revoked_or_whose_login_is_over_is_not_exchanged_and_what_it_gave_ends(
    browser: Browser, city: Provider
) -> None:
    tokens = json_of(city.redeem(browser.authorize(scope=SCOPE, resource=FRONT)["code"]))
    value, _ = good(exchange(city, "front", tokens["access_token"], resource=MIDDLE, scope="identity"))
    city.post(endpoints.REVOKE, {"token": tokens["refresh_token"]})
    assert refused(exchange(city, "front", tokens["access_token"], resource=MIDDLE))[1] == "oauth_exchange_subject"
    assert introspect(city, "middle", value) == {"active": False}


def test_what_was_had_by_exchange_lives_no_longer_than_what_was_shown(
    browser: Browser, city: Provider, clock: FixedClock
) -> None:
    shown = token_for(browser, FRONT)
    clock.advance(timedelta(seconds=200))
    answer = exchange(city, "front", shown, resource=MIDDLE, scope="identity")
    assert good(answer)[1]["exp"] == jose.unverified_claims(shown)["exp"]
    assert json_of(answer)["expires_in"] == city.deps.policies.tokens.access_token_seconds - 200


def test_a_client_narrows_its_own_token_and_nobody_acts(browser: Browser, city: Provider) -> None:
    value, claims = good(exchange(city, "scjg", token_for(browser, None), scope="openid"))
    assert (claims["scope"], claims["aud"]) == ("openid", city.deps.issuer)
    assert "act" not in claims
    assert city.userinfo(value).status == 200


def test_a_token_that_is_bound_to_a_key_is_exchanged_by_its_holder_alone(browser: Browser, city: Provider) -> None:
    holder, thief = Holder(city.deps), Holder(city.deps)
    form: dict[str, str | None] = {"grant_type": "authorization_code", "code": browser.authorize()["code"]}
    form |= {"redirect_uri": CALLBACK, "code_verifier": city.verifier}
    bound = json_of(city.post(endpoints.TOKEN, form, dpop=holder.proof()))["access_token"]
    form = {"grant_type": EXCHANGE, "subject_token": bound, "subject_token_type": ACCESS_TOKEN, "scope": "openid"}
    for proof in (None, thief.proof()):
        assert refused(city.post(endpoints.TOKEN, form, dpop=proof))[1] == "oauth_exchange_subject"
    narrowed = json_of(city.post(endpoints.TOKEN, form, dpop=holder.proof()))
    assert narrowed["token_type"] == "DPoP"
    assert jose.unverified_claims(narrowed["access_token"])["cnf"] == {"jkt": holder.jkt}


def test_a_bound_token_is_handed_on_bound_to_the_key_of_whoever_was_shown_it(browser: Browser, city: Provider) -> None:
    citizen, front = Holder(city.deps), Holder(city.deps)
    form: dict[str, str | None] = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": city.verifier}
    form["code"] = browser.authorize(scope=SCOPE, resource=FRONT)["code"]
    bound = json_of(city.post(endpoints.TOKEN, form, dpop=citizen.proof()))["access_token"]
    for resource in (FRONT, MIDDLE):
        assert refused(exchange(city, "front", bound, resource=resource))[1] == "oauth_exchange_key"
    form = {"grant_type": EXCHANGE, "subject_token": bound, "subject_token_type": ACCESS_TOKEN, "resource": MIDDLE}
    _, delegated = good(city.post(endpoints.TOKEN, form, client_id="front", dpop=front.proof()))
    assert delegated["cnf"] == {"jkt": front.jkt}


@pytest.mark.parametrize("disabled", ["scjg", "front"])
def test_what_was_had_by_exchange_ends_with_the_system_that_the_person_logged_in_at(
    browser: Browser, city: Provider, disabled: str
) -> None:
    handed_on, _ = good(exchange(city, "front", token_for(browser, FRONT), resource=MIDDLE))
    further, _ = good(exchange(city, "middle", handed_on, resource=BACK))
    assert introspect(city, "middle", handed_on)["active"]
    registry.disable(city.deps, disabled, actor=OPERATOR)
    assert introspect(city, "middle", handed_on) == {"active": False}
    assert refused(exchange(city, "middle", handed_on, resource=BACK))[1] == "oauth_exchange_subject"
    # What was handed on further is of a login at scjg too, and of middle's own doing.
    assert introspect(city, "back", further)["active"] is (disabled != "scjg")


def test_a_client_gets_no_resource_that_the_login_did_not_grant(browser: Browser, city: Provider) -> None:
    assert refused(exchange(city, "scjg", token_for(browser, None), resource=FRONT))[1] == "oauth_resource"


def test_an_interface_that_may_not_act_is_not_named_and_cannot_go_on(browser: Browser, city: Provider) -> None:
    shown = token_for(browser, BACK)
    assert "may_act" not in jose.unverified_claims(shown)
    assert refused(exchange(city, "back", shown, resource=MIDDLE)) == ("unauthorized_client", "oauth_grant_type_forbidden")


def test_an_actor_who_is_not_named_may_not_act(browser: Browser, city: Provider) -> None:
    city.add_account("other", name="黄垚", phone="+86 138 0000 0002")
    other = city.browser()
    other.log_in("other")
    shown, actor = token_for(browser, None), token_for(other, None)
    form: dict[str, str | None] = {"actor_token": actor, "actor_token_type": ACCESS_TOKEN}
    assert refused(exchange(city, "scjg", shown, **form))[1] == "oauth_exchange_actor"


def test_impersonation_is_for_clients_that_policies_name(light: IdpDeps, browser: Browser, city: Provider) -> None:
    shown = token_for(browser, FRONT)
    city.deps = replace(city.deps, policies=between_departments(light.policies, impersonating=("front",)))
    assert "act" not in good(exchange(city, "front", shown, resource=MIDDLE, scope="identity"))[1]


def test_a_public_client_cannot_be_registered_for_it(city: Provider) -> None:
    with pytest.raises(Refusal) as refusal:
        city.add_client("app", token_endpoint_auth_method="none", grant_types=("authorization_code", EXCHANGE))
    assert refusal.value.field == "grant_types"


# An agent who acts for an organisation.


def act_for(browser: Browser, **changes: str | None) -> OAuthResponse:
    form: dict[str, str | None] = {
        "subject_token_type": ORGANIZATION,
        "actor_token": token_for(browser, None),
        "actor_token_type": ACCESS_TOKEN,
        "scope": "profile identity",
    }
    return exchange(browser.provider, "scjg", USCC, **(form | changes))


def test_an_agent_acts_for_the_organisation_and_stands_in_the_token(browser: Browser, city: Provider, sqlite: sa.Engine) -> None:
    mandate = give_mandate(city.deps)
    company, person = (accounts.get_by_username(city.deps, name) for name in ("chaolian", "chenxiaochao"))
    value, claims = good(act_for(browser))
    assert (claims["sub"], claims["act"], claims["scope"]) == (company.id, {"sub": person.id}, "profile identity")
    known = json_of(city.userinfo(value))
    assert (known["sub"], known["uscc"], known["user_kind"]) == (company.id, USCC, "enterprise")
    told = introspect(city, "scjg", value)
    assert (told["active"], told["act"]) == (True, {"sub": person.id})
    assert told["mandate_id"] == mandate.id
    (event,) = events(sqlite, "idp.exchange_token")
    assert mandate.id in str(event["details"])


def test_a_mandate_that_is_revoked_gives_nothing_from_that_moment_on(browser: Browser, city: Provider) -> None:
    mandate = give_mandate(city.deps)
    value, _ = good(act_for(browser))
    mandates.revoke(city.deps, mandate.id, actor=OPERATOR)
    assert introspect(city, "scjg", value) == {"active": False}
    assert city.userinfo(value).status == 401
    assert refused(act_for(browser)) == ("invalid_request", "oauth_exchange_mandate")
    with pytest.raises(Refusal):
        mandates.revoke(city.deps, mandate.id, actor=OPERATOR)


@pytest.mark.parametrize(
    "changes",
    [
        {"departments": (SOCIAL_SECURITY,)},
        {"powers": ("profile",)},
        {"valid_from": timedelta(seconds=1)},
        {"valid_until": timedelta(seconds=1)},
    ],
    ids=str,
)
def test_a_mandate_is_for_its_departments_powers_and_time(
    browser: Browser, city: Provider, clock: FixedClock, changes: dict[str, Any]
) -> None:
    moved = {name: clock.now() + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    give_mandate(city.deps, **moved)
    if "valid_until" in changes:
        clock.advance(timedelta(seconds=1))
    assert refused(act_for(browser))[1] == "oauth_exchange_mandate"


def test_an_unknown_organisation_and_a_person_are_answered_as_one_without_a_mandate(browser: Browser, city: Provider) -> None:
    number = "445102198806123626"
    add_account(city.deps, "person", resident_id=number, real_name_level=3, phone="+86 138 0000 0003")
    answers = [act_for(browser, subject_token=value) for value in (USCC, "91445100MA00000000", number)]
    assert {answer.body for answer in answers} == {answers[0].body}
    assert refused(answers[0])[1] == "oauth_exchange_mandate"


@pytest.mark.parametrize("changes", [{"actor_token": None, "actor_token_type": None}, {"scope": None}, {"scope": "address"}])
def test_acting_for_an_organisation_wants_the_agents_login_and_the_powers(
    browser: Browser, city: Provider, changes: dict[str, str | None]
) -> None:
    give_mandate(city.deps)
    assert act_for(browser, **changes).status == 400


def test_the_organisations_token_is_handed_on_only_as_far_as_the_mandate_goes(browser: Browser, city: Provider) -> None:
    mandate = give_mandate(city.deps)
    shown, _ = good(act_for(browser, resource=FRONT))
    assert refused(exchange(city, "front", shown, resource=MIDDLE))[1] == "oauth_exchange_mandate"
    mandates.revoke(city.deps, mandate.id, actor=OPERATOR)
    give_mandate(city.deps, departments=(MARKET, SOCIAL_SECURITY))
    shown, first = good(act_for(browser, resource=FRONT))
    handed_on = good(exchange(city, "front", shown, resource=MIDDLE))[1]
    assert handed_on["act"] == {"sub": "front", "act": first["act"]}
    assert handed_on["sub"] == first["sub"]


def test_a_pairwise_system_knows_organisation_and_agent_by_its_own_identifiers(city: Provider) -> None:
    city.add_client("apart", grant_types=("authorization_code", EXCHANGE), scope=SCOPE, subject_type="pairwise")
    browser, mandate = city.browser(), give_mandate(city.deps)
    login = browser.tokens(username="chenxiaochao", client_id="apart", scope="openid")
    form: dict[str, str | None] = {"actor_token": login["access_token"], "actor_token_type": ACCESS_TOKEN}
    acting = exchange(city, "apart", USCC, subject_token_type=ORGANIZATION, scope="profile", **form)
    value, claims = good(acting)
    assert claims["act"] == {"sub": jose.unverified_claims(login["id_token"])["sub"]}
    assert claims["sub"] not in {mandate.organization_id, mandate.agent_id}
    assert json_of(city.userinfo(value))["sub"] == claims["sub"]
    assert introspect(city, "apart", value)["active"] is True


def test_disabling_the_organisation_or_the_agent_ends_it(browser: Browser, city: Provider) -> None:
    give_mandate(city.deps)
    value, claims = good(act_for(browser))
    accounts.disable(city.deps, claims["sub"], actor=OPERATOR)
    assert introspect(city, "scjg", value) == {"active": False}
    assert city.userinfo(value).status == 401
    accounts.enable(city.deps, claims["sub"], actor=OPERATOR)
    assert introspect(city, "scjg", value)["active"] is True
    accounts.disable(city.deps, claims["act"]["sub"], actor=OPERATOR)
    assert introspect(city, "scjg", value) == {"active": False}


def company_and_agent(deps: IdpDeps) -> tuple[Account, Account]:
    return add_account(deps, "company", kind="enterprise", name="潮联科技", uscc=USCC), add_account(deps)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("departments", {"departments": ()}),
        ("departments", {"departments": ("nobody",)}),
        ("powers", {"powers": ()}),
        ("powers", {"powers": ("openid",)}),
        ("powers", {"powers": ("everything",)}),
        ("until", {"valid_until": timedelta(0)}),
        ("until", {"valid_until": timedelta(days=-1), "valid_from": timedelta(days=-2)}),
    ],
    ids=str,
)
def test_a_mandate_says_to_whom_for_what_and_how_long(refusing: Browser, field: str, changes: dict[str, Any]) -> None:
    deps = refusing.provider.deps
    parties = (accounts.get_by_username(deps, name) for name in ("chaolian", "chenxiaochao"))
    now = deps.clock.now()
    values: dict[str, Any] = {
        "departments": (MARKET,),
        "powers": ("profile",),
        "valid_from": timedelta(0),
        "valid_until": timedelta(days=1),
    }
    moved = {name: now + value if isinstance(value, timedelta) else value for name, value in (values | changes).items()}
    with pytest.raises(Refusal) as refusal:
        mandates.prepare(deps, *parties, **moved)
    assert refusal.value.field == field


def test_only_an_organisation_gives_one_and_only_a_person_takes_it(deps: IdpDeps) -> None:
    company, agent = company_and_agent(deps)
    now = deps.clock.now()
    values: dict[str, Any] = {"departments": (MARKET,), "powers": ("profile",), "valid_from": now}
    values["valid_until"] = now + timedelta(days=1)
    for field, parties in (("organization", (agent, agent)), ("agent", (company, company))):
        with pytest.raises(Refusal) as refusal:
            mandates.prepare(deps, *parties, **values)
        assert refusal.value.field == field
    mandate = mandates.prepare(deps, company, agent, **values)
    mandates.give(deps, mandate, actor=OPERATOR)
    assert list(mandates.listed(deps)) == list(mandates.listed(deps, company.id)) == [mandate]
    with deps.work.read() as work:
        standing = mandates.find_standing(work, deps, mandate.id, now)
        assert standing is not None
        assert (standing[0], standing[1].id) == (mandate, company.id)
        assert mandates.find_standing(work, deps, mandate.id, values["valid_until"]) is None
