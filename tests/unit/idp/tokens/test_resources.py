"""Resource indicators (RFC 8707): one token for one resource, which policies let the department use, and never more than was granted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idp import endpoints
from idp.clients import registry
from idp.clients.resources import find_fault
from idp.dispatch import ENDPOINTS
from idp.ports import IdpDeps
from idp.wire import NOTHING, OAuthRequest, OAuthResponse, Parameters, parse_parameters
from kernel.errors import Refusal
from pki import jose
from policies.models import Policies
from tests.support.idp import (
    CALLBACK,
    MARKET,
    OPERATOR,
    SOCIAL_SECURITY,
    Browser,
    Provider,
    add_client,
    basic,
    json_of,
    returned,
    with_releases,
)
from tests.support.registering import register

INSURANCE = "https://api.rsj.example.cn/insurance"
REGISTER = "https://api.scjg.example.cn/register"


def with_access(policies: Policies, *scopes: str) -> Policies:
    """Return policies by which the market authority may use ``scopes`` at the interfaces of social security."""
    market = policies.claims.departments[MARKET].model_copy(update={"resources": {SOCIAL_SECURITY: scopes}})
    departments = {**policies.claims.departments, MARKET: market}
    return policies.model_copy(update={"claims": policies.claims.model_copy(update={"departments": departments})})


@pytest.fixture
def city(light: IdpDeps) -> Provider:
    """A city whose market authority may use its own interface, and with ``identity`` the one of social security."""
    made = Provider(replace(light, policies=with_access(light.policies, "identity")))
    made.add_account()
    made.add_client()
    made.add_client("register-api", redirect_uris=(), grant_types=("client_credentials",), resources=(REGISTER,), name="登记接口")
    made.add_client(
        "insurance-api",
        department=SOCIAL_SECURITY,
        redirect_uris=(),
        grant_types=("client_credentials",),
        resources=(INSURANCE,),
        scope="openid profile",
        name="社会保险接口",
    )
    return made


@pytest.fixture
def browser(city: Provider) -> Browser:
    made = city.browser()
    made.log_in()
    return made


def claims_of(answer: OAuthResponse) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return dict(jose.unverified_claims(json_of(answer)["access_token"]))


def error_of(answer: OAuthResponse) -> Any:
    return json_of(answer).get("error")


def authorize(browser: Browser, *resources: str, scope: str = "openid profile identity") -> str:
    """Ask for several resources at once and return the code."""
    request = [*browser.provider.request(scope=scope).items(), *(("resource", resource) for resource in resources)]
    return returned(browser.client.get(f"{endpoints.AUTHORIZE}?{urlencode(request)}"))["code"]


def on_its_own(city: Provider, **form: str | None) -> OAuthResponse:
    city.add_client("nightly", redirect_uris=(), grant_types=("client_credentials",), scope="openid profile identity")
    return city.post(endpoints.TOKEN, {"grant_type": "client_credentials", **form}, client_id="nightly")


def test_requirement_17_a_token_is_for_the_one_resource_that_was_asked_for(browser: Browser, city: Provider) -> None:
    code = browser.authorize(scope="openid profile identity", resource=INSURANCE)["code"]
    answer = city.redeem(code)
    claims = claims_of(answer)
    assert (claims["aud"], claims["scope"], json_of(answer)["scope"]) == (INSURANCE, "identity", "identity")
    assert jose.unverified_header(json_of(answer)["access_token"])["typ"] == "at+jwt"
    assert {"iss", "exp", "sub", "client_id", "iat", "jti", "auth_time", "acr", "amr"} <= claims.keys()
    assert jose.unverified_claims(json_of(answer)["id_token"])["aud"] == "scjg"
    assert city.userinfo(json_of(answer)["access_token"]).status == 401, "it is not for us"


# What the person reads of it.


def test_a_person_is_asked_about_each_system_at_which_they_are_spoken_for(browser: Browser, city: Provider) -> None:
    city.add_client("careful", require_consent=True, scope="openid profile identity")
    request = city.request(client_id="careful", scope="openid profile identity")
    browser.agree(browser.get(endpoints.AUTHORIZE, request))
    for resource, name in ((REGISTER, "登记接口"), (INSURANCE, "社会保险接口")):
        page = browser.get(endpoints.AUTHORIZE, request | {"resource": resource})
        assert f"以您的名义使用“{name}”的接口" in page.text
        assert "code" in returned(browser.agree(page))
        assert "code" in returned(browser.get(endpoints.AUTHORIZE, request | {"resource": resource})), "it is remembered"


def test_a_session_that_goes_on_shows_another_systems_interface_first(city: Provider) -> None:
    shows = Provider(replace(city.deps, policies=with_releases(city.deps.policies, continued="first_time")))
    browser = shows.browser()
    browser.log_in()
    request = city.request(scope="openid profile identity")
    browser.agree(browser.get(endpoints.AUTHORIZE, request))
    page = browser.get(endpoints.AUTHORIZE, request | {"resource": INSURANCE})
    assert "以您的名义使用“社会保险接口”的接口" in page.text
    assert "code" in returned(browser.agree(page))


def test_of_several_granted_resources_each_token_is_for_the_one_picked(browser: Browser, city: Provider) -> None:
    tokens = json_of(city.redeem(authorize(browser, INSURANCE, REGISTER), resource=REGISTER))
    assert jose.unverified_claims(tokens["access_token"])["aud"] == REGISTER
    assert tokens["scope"] == "profile identity", "its own department's, openid is ours"
    renewed = city.refresh(tokens["refresh_token"], resource=INSURANCE)
    assert claims_of(renewed)["aud"] == INSURANCE
    ours = city.refresh(json_of(renewed)["refresh_token"], resource=city.deps.issuer)
    assert city.userinfo(json_of(ours)["access_token"]).status == 200


@pytest.mark.parametrize("asked", [None, "https://nowhere.example.cn/", INSURANCE + "/"], ids=str)
def test_a_token_request_picks_exactly_one_of_what_was_granted(browser: Browser, city: Provider, asked: str | None) -> None:
    assert error_of(city.redeem(authorize(browser, INSURANCE, REGISTER), resource=asked)) == "invalid_target"


def test_a_resource_that_was_not_granted_cannot_be_had_later_and_asking_uses_nothing_up(browser: Browser, city: Provider) -> None:
    """Requirement 8: a refresh token is bound to its resource."""
    refresh_token = browser.tokens(scope="openid identity")["refresh_token"]
    assert error_of(city.refresh(refresh_token, resource=INSURANCE)) == "invalid_target"
    assert claims_of(city.refresh(refresh_token))["aud"] == city.deps.issuer


def test_a_token_request_that_names_two_resources_is_refused(browser: Browser, city: Provider) -> None:
    form = {"grant_type": "authorization_code", "code": authorize(browser, INSURANCE, REGISTER), "redirect_uri": CALLBACK}
    body = urlencode([*(form | {"code_verifier": city.verifier}).items(), ("resource", INSURANCE), ("resource", REGISTER)])
    parameters = parse_parameters(body.encode(), max_bytes=10_000)
    request = OAuthRequest("POST", NOTHING, parameters, basic("scjg", city.secrets["scjg"]))
    assert error_of(ENDPOINTS[endpoints.TOKEN](city.deps, request)) == "invalid_target"


@pytest.mark.parametrize(
    ("resource", "scope"),
    [
        ("https://nowhere.example.cn/", "openid profile identity"),
        ("not a uri", "openid identity"),
        (INSURANCE, "openid profile"),  # policies let the department use nothing of this there
    ],
)
def test_what_is_unknown_and_what_is_not_allowed_is_one_answer(browser: Browser, resource: str, scope: str) -> None:
    back = browser.authorize(resource=resource, scope=scope)
    assert (back["error"], back["state"]) == ("invalid_target", "the-state")


def test_without_a_policy_no_other_departments_interface_is_to_be_had(light: IdpDeps) -> None:
    add_client(light, "api", department=SOCIAL_SECURITY, resources=(INSURANCE,))
    provider = Provider(light)
    provider.add_client()
    assert provider.browser().authorize(resource=INSURANCE)["error"] == "invalid_target"


def test_resources_are_pushed_and_stand_in_request_objects_too(browser: Browser, city: Provider) -> None:
    key = jose.signing_key(ec.generate_private_key(ec.SECP256R1()), kid="k1")
    city.add_client("signer", jwks={"keys": [jose.public_jwk(key.public, "k1", "ES256")]})
    request: dict[str, Any] = city.request(client_id="signer", scope="openid identity")
    claims = request | {"aud": city.deps.issuer, "resource": [INSURANCE, REGISTER]}
    signed = jose.sign(claims, key, kid="k1", alg="ES256", typ="oauth-authz-req+jwt")
    pushed = city.post(endpoints.PUSHED_REQUEST, {"client_id": "signer", "request": signed}, client_id="signer")
    assert pushed.status == 201, pushed.body
    answer = browser.get(endpoints.AUTHORIZE, {"client_id": "signer", "request_uri": json_of(pushed)["request_uri"]})
    assert claims_of(city.redeem(returned(answer)["code"], client_id="signer", resource=INSURANCE))["aud"] == INSURANCE


# A client on its own behalf.


def test_client_credentials_are_for_one_resource_with_what_may_be_had_there(city: Provider) -> None:
    answer = on_its_own(city, resource=INSURANCE)
    claims = claims_of(answer)
    assert (claims["aud"], claims["sub"], claims["scope"]) == (INSURANCE, "nightly", "identity")
    assert json_of(answer).keys() == {"access_token", "token_type", "expires_in", "scope"}


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"resource": INSURANCE, "scope": "profile"}, "invalid_target"),
        ({"resource": "https://nowhere.example.cn/"}, "invalid_target"),
        ({"resource": INSURANCE, "scope": "identity phone"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
    ],
    ids=str,
)
def test_client_credentials_give_nothing_beyond(city: Provider, form: dict[str, str], error: str) -> None:
    assert error_of(on_its_own(city, **form)) == error


# Introspection.


def test_requirement_18_a_resource_server_is_told_of_tokens_for_it_and_nobody_else_is(browser: Browser, city: Provider) -> None:
    code = browser.authorize(scope="openid identity", resource=INSURANCE)["code"]
    value = json_of(city.redeem(code))["access_token"]
    told = {
        client_id: json_of(city.post(endpoints.INTROSPECT, {"token": value}, client_id=client_id))
        for client_id in ("insurance-api", "scjg", "register-api")
    }
    assert told["insurance-api"]["active"] is told["scjg"]["active"] is True
    assert (told["insurance-api"]["aud"], told["insurance-api"]["scope"]) == (INSURANCE, "identity")
    assert told["register-api"] == {"active": False}


# Registering.


@pytest.mark.parametrize(
    "resource",
    [
        "http://api.example.cn/",
        "api.example.cn",
        "https://api.example.cn/#part",
        "https://a@api.example.cn/",
        "https://a b/",
        "urn:x",
    ],
)
def test_a_resource_is_an_absolute_https_address(light: IdpDeps, resource: str) -> None:
    assert find_fault(resource) is not None
    with pytest.raises(Refusal) as refused:
        add_client(light, resources=(resource,))
    assert (refused.value.code, refused.value.field) == ("client_unsuitable", "resources")


def test_one_client_answers_for_a_resource_and_none_for_ours(deps: IdpDeps) -> None:
    add_client(deps, "first", resources=(INSURANCE,))
    for changes in ({"resources": (INSURANCE,)}, {"resources": (deps.issuer,)}, {"resources": (REGISTER, REGISTER)}):
        with pytest.raises(Refusal) as refused:
            add_client(deps, "second", **changes)
        assert refused.value.field == "resources"
    with deps.work.read() as work:
        server = work.records.find_resource(INSURANCE)
        assert (None if server is None else server.client_id) == "first"
        assert work.records.find_client("second") is None, "nothing of a refused registration stays"
    registry.update(deps, replace(registry.get(deps, "first"), resources=(REGISTER,)), actor=OPERATOR)
    add_client(deps, "second", resources=(INSURANCE,))
    with pytest.raises(Refusal) as refused:
        registry.update(deps, replace(registry.get(deps, "first"), resources=(REGISTER, INSURANCE)), actor=OPERATOR)
    assert refused.value.field == "resources"
    with deps.work.read() as work:
        server = work.records.find_resource(REGISTER)
        assert (None if server is None else server.client_id) == "first", "a refused change changes nothing"


def test_a_repeatable_parameter_keeps_all_its_values() -> None:
    parsed = parse_parameters(b"resource=a&resource=b&resource=a&resource=&scope=x&scope=y", max_bytes=100)
    assert parsed.get_all("resource") == ("a", "b")
    assert parsed.doubled == {"scope"}
    assert Parameters({"resource": "a"}).get_all("resource") == ("a",)
    assert Parameters({}).get_all("resource") == ()


def test_a_system_that_nobody_vetted_reaches_its_own_departments_interfaces_alone(city: Provider) -> None:
    browser = city.browser()
    browser.log_in()
    told = register(city.deps)
    client_id = told["client_id"]
    assert "code" in browser.authorize(client_id=client_id, resource=REGISTER, scope="openid profile")
    refused = browser.authorize(client_id=client_id, resource=INSURANCE, scope="openid identity")
    assert refused["error"] == "invalid_target"
