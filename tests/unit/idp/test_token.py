"""The token endpoint: what a code or a refresh token is worth, to whom, and how often."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec

from idp import endpoints, housekeeping
from idp.browsers import sessions
from idp.clients import checks
from idp.dispatch import ENDPOINTS
from idp.hashes import digest
from idp.people import accounts
from idp.tokens.grants.refresh import GRACE
from idp.wire import NOTHING, OAuthRequest, OAuthResponse, Parameters
from kernel.clock import FixedClock, timestamp
from kernel.randomness import token
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.support.idp import CALLBACK, OPERATOR, PASSWORD, Browser, Provider, basic, challenge_of, events, json_of, make_idp_deps


@pytest.fixture
def browser(provider: Provider) -> Browser:
    made = provider.browser()
    made.log_in()
    return made


def error_of(answer: OAuthResponse) -> str:
    assert answer.status in {400, 401}
    assert ("Cache-Control", "no-store") in answer.headers
    document = json_of(answer)
    assert document["message"]["zh"]
    return str(document["error"])


def active(provider: Provider, value: str, *, client_id: str = "scjg") -> dict[str, Any]:
    return json_of(provider.post(endpoints.INTROSPECT, {"token": value}, client_id=client_id))


# Codes.


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code": None}, "invalid_request"),
        ({"code": "no-such-code"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ],
    ids=str,
)
def test_a_code_is_worth_nothing_with_the_wrong_proof(
    browser: Browser, provider: Provider, change: dict[str, str | None], error: str
) -> None:
    code = browser.authorize()["code"]
    assert error_of(provider.redeem(**({"code": code} | change))) == error


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"])
def test_requirement_9_no_password_and_nothing_implicit_is_taken_for_a_grant(
    browser: Browser, provider: Provider, grant_type: str
) -> None:
    form: dict[str, str | None] = {"username": "chenxiaochao", "password": PASSWORD, "scope": "openid"}
    assert error_of(provider.post(endpoints.TOKEN, form | {"grant_type": grant_type})) == "unsupported_grant_type"
    for response_type in ("token", "id_token", "id_token token", "code token", "code id_token"):
        assert browser.authorize(response_type=response_type)["error"] == "unsupported_response_type"


@pytest.mark.parametrize("change", [{"redirect_uri": "https://scjg.example.cn/other"}, {"code_verifier": "x" * 43}], ids=str)
def test_a_code_shown_with_the_wrong_proof_is_used_up(browser: Browser, provider: Provider, change: dict[str, str]) -> None:
    code = browser.authorize()["code"]
    provider.redeem(code, **change)
    assert error_of(provider.redeem(code)) == "invalid_grant"


def test_requirement_6_a_verifier_without_a_challenge_is_refused(browser: Browser, provider: Provider) -> None:
    provider.add_client("old-system", require_pkce=False)
    back = browser.authorize(client_id="old-system", code_challenge=None, code_challenge_method=None)
    assert error_of(provider.redeem(back["code"], client_id="old-system")) == "invalid_grant"


def test_requirement_7_a_replay_revokes_everything_that_the_code_gave(
    browser: Browser, provider: Provider, sqlite: sa.Engine
) -> None:
    code = browser.authorize(scope="openid offline_access")["code"]
    tokens = json_of(provider.redeem(code))
    assert provider.userinfo(tokens["access_token"]).status == 200
    assert error_of(provider.redeem(code)) == "invalid_grant"
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert error_of(provider.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert [event["outcome"] for event in events(sqlite, "idp.redeem_code")] == ["ok", "refused"]


def test_a_replay_is_known_an_hour_later(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    code = browser.authorize(scope="openid offline_access")["code"]
    tokens = json_of(provider.redeem(code))
    clock.advance(timedelta(hours=1))
    housekeeping.clean_up(provider.deps)
    provider.redeem(code)
    assert error_of(provider.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_code_is_bound_to_its_client_and_another_client_cannot_end_what_it_gave(browser: Browser, provider: Provider) -> None:
    provider.add_client("rsj")
    code = browser.authorize()["code"]
    assert error_of(provider.redeem(code, client_id="rsj")) == "invalid_grant"
    code = browser.authorize()["code"]
    tokens = json_of(provider.redeem(code))
    assert error_of(provider.redeem(code, client_id="rsj")) == "invalid_grant"
    assert provider.userinfo(tokens["access_token"]).status == 200


def test_a_code_expires(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    code = browser.authorize()["code"]
    clock.advance(timedelta(seconds=provider.deps.policies.tokens.authorization_code_seconds))
    assert error_of(provider.redeem(code)) == "invalid_grant"


def test_a_logout_before_the_code_is_redeemed_voids_it(browser: Browser, provider: Provider) -> None:
    code = browser.authorize()["code"]
    cookie = browser.client.get_cookie("chaoxin_445100_session")
    assert cookie is not None
    current = sessions.find_current(provider.deps, cookie.value)
    assert current is not None
    sessions.end(provider.deps, current.session, actor="account:x")
    assert error_of(provider.redeem(code)) == "invalid_grant"


# Who may call.


@pytest.mark.parametrize(
    ("client_id", "authorization", "form"),
    [
        ("scjg", "wrong", {}),
        ("nobody", "wrong", {}),
        ("scjg", None, {"client_id": "scjg"}),
        ("scjg", None, {}),
        ("scjg", None, {"client_id": "scjg", "client_secret": "post-is-not-its-method"}),
        ("scjg", "raw Basic !!!", {}),
        ("scjg", "raw Basic " + base64.b64encode(b"\xff\xff").decode(), {}),
        ("scjg", "raw Basic " + base64.b64encode(b"no-colon").decode(), {}),
        ("nobody", None, {"client_assertion": "a.b.c", "client_assertion_type": "x"}),
        (
            "nobody",
            None,
            {"client_assertion": "a.b.c", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
        ),
    ],
    ids=str,
)
def test_every_failure_of_client_authentication_gets_one_and_the_same_answer(
    provider: Provider, client_id: str, authorization: str | None, form: dict[str, str | None]
) -> None:
    header = basic(client_id, authorization) if authorization else None
    if authorization is not None and authorization.startswith("raw "):
        header = authorization.removeprefix("raw ")
    values: dict[str, str | None] = {"grant_type": "authorization_code", "code": "x", **form}
    answer = provider.post(endpoints.TOKEN, values, authorization=header)
    reference = provider.post(endpoints.TOKEN, values, authorization=basic("somebody", "else"))
    assert (answer.status, answer.body, answer.headers) == (reference.status, reference.body, reference.headers)
    assert (answer.status, error_of(answer)) == (401, "invalid_client")
    assert dict(answer.headers)["WWW-Authenticate"].startswith("Basic ")


def test_two_methods_at_once_are_refused(provider: Provider) -> None:
    answer = provider.post(endpoints.TOKEN, {"grant_type": "authorization_code", "client_id": "scjg", "client_secret": "x"})
    assert error_of(answer) == "invalid_request"


@pytest.mark.parametrize("name", ["code", "client_secret", "refresh_token", "code_verifier"])
def test_secrets_in_the_address_are_refused(provider: Provider, name: str) -> None:
    request = OAuthRequest("POST", Parameters({name: "x"}), Parameters({"grant_type": "authorization_code"}))
    assert error_of(ENDPOINTS[endpoints.TOKEN](provider.deps, request)) == "invalid_request"


def test_the_token_endpoint_takes_posts_only(provider: Provider) -> None:
    assert ENDPOINTS[endpoints.TOKEN](provider.deps, OAuthRequest("GET")).status == 405


def test_a_doubled_parameter_is_refused(provider: Provider) -> None:
    form = Parameters({"grant_type": "authorization_code", "code": "x"}, frozenset({"code"}))
    answer = ENDPOINTS[endpoints.TOKEN](provider.deps, OAuthRequest("POST", NOTHING, form))
    assert error_of(answer) == "invalid_request"


def test_basic_credentials_are_form_encoded_first(browser: Browser, provider: Provider) -> None:
    code = browser.authorize()["code"]
    secret = provider.secrets["scjg"] or ""
    encoded = "".join(f"%{ord(character):02X}" for character in secret)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": provider.verifier}
    assert provider.post(endpoints.TOKEN, dict(form), authorization=basic("scjg", encoded)).status == 200


def test_client_secret_post_works_for_the_client_registered_for_it(browser: Browser, provider: Provider) -> None:
    secret = provider.add_client("poster", token_endpoint_auth_method="client_secret_post").client_secret
    code = browser.authorize(client_id="poster")["code"]
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": provider.verifier,
        "client_id": "poster",
    }
    assert error_of(provider.post(endpoints.TOKEN, form, authorization=basic("poster", secret))) == "invalid_client"
    assert provider.post(endpoints.TOKEN, form | {"client_secret": secret}, authorization=None).status == 200


def test_a_public_client_proves_nothing_but_its_verifier(browser: Browser, provider: Provider) -> None:
    provider.add_client("app", token_endpoint_auth_method="none", redirect_uris=("http://127.0.0.1:9000/cb",))
    back = browser.authorize(client_id="app", redirect_uri="http://127.0.0.1:51234/cb")
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": back["code"],
        "redirect_uri": "http://127.0.0.1:51234/cb",
        "code_verifier": provider.verifier,
        "client_id": "app",
    }
    assert provider.post(endpoints.TOKEN, form, authorization=None).status == 200


class Machine:
    """A client that proves who it is by signing."""

    def __init__(self, provider: Provider, clock: FixedClock) -> None:
        self.provider, self.clock = provider, clock
        self.key = jose.signing_key(ec.generate_private_key(ec.SECP256R1()), kid="k1")
        jwks = {"keys": [jose.public_jwk(self.key.public, "k1", "ES256")]}
        provider.add_client(
            "machine",
            token_endpoint_auth_method="private_key_jwt",
            jwks=jwks,
            grant_types=("client_credentials",),
            redirect_uris=(),
            scope="openid identity",
        )

    def assertion(self, **changes: Any) -> str:
        now = timestamp(self.clock.now())
        claims = {"iss": "machine", "sub": "machine", "aud": self.provider.deps.issuer, "exp": now + 60, "jti": token(8)}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return jose.sign(claims, self.key, kid="k1", alg="ES256", typ="JWT")

    def ask(self, assertion: str, **changes: str | None) -> OAuthResponse:
        form: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        return self.provider.post(endpoints.TOKEN, form | changes, authorization=None)


@pytest.fixture
def machine(provider: Provider, clock: FixedClock) -> Machine:
    return Machine(provider, clock)


@pytest.mark.parametrize("audience", ["issuer", "endpoint", "list"])
def test_private_key_jwt_gets_a_token_on_the_clients_own_behalf(machine: Machine, provider: Provider, audience: str) -> None:
    issuer = provider.deps.issuer
    aud: Any = {"issuer": issuer, "endpoint": f"{issuer}/oauth/token", "list": [issuer]}[audience]
    answer = machine.ask(machine.assertion(aud=aud))
    assert answer.status == 200, answer.body
    document = json_of(answer)
    assert document.keys() == {"access_token", "token_type", "expires_in", "scope"}
    claims = jose.unverified_claims(document["access_token"])
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("machine", "machine", "identity")
    assert active(provider, document["access_token"]) == {"active": False}, "not for scjg"
    assert provider.userinfo(document["access_token"]).status == 403


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://elsewhere.example/"},
        {"aud": ["http://localhost:8100", "https://elsewhere.example/"]},
        {"sub": "scjg"},
        {"iss": "scjg"},
        {"jti": None},
        {"exp": None},
        {"exp": 1},
        {"exp": 4102444800},
    ],
    ids=str,
)
def test_an_assertion_that_is_not_for_here_and_now_is_refused(machine: Machine, change: dict[str, Any]) -> None:
    assert error_of(machine.ask(machine.assertion(**change))) == "invalid_client"


def test_requirement_21_an_assertion_is_good_once(machine: Machine) -> None:
    assertion = machine.assertion()
    assert machine.ask(assertion).status == 200
    assert error_of(machine.ask(assertion)) == "invalid_client"


def test_an_assertion_signed_by_another_key_or_for_another_client_is_refused(machine: Machine) -> None:
    good = machine.assertion()
    machine.key = jose.signing_key(ec.generate_private_key(ec.SECP256R1()), kid="k1")
    assert error_of(machine.ask(machine.assertion())) == "invalid_client"
    assert error_of(machine.ask(good, client_id="scjg")) == "invalid_client"


def test_client_credentials_give_no_more_than_registered(machine: Machine) -> None:
    assert error_of(machine.ask(machine.assertion(), scope="identity phone")) == "invalid_scope"
    assert error_of(machine.ask(machine.assertion(), scope="openid")) == "invalid_scope"


# Refresh tokens.


def test_requirement_8_refresh_tokens_rotate(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    first = browser.tokens()
    clock.advance(timedelta(minutes=10))
    second = json_of(provider.refresh(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert provider.userinfo(second["access_token"]).status == 200
    renewed = jose.unverified_claims(second["id_token"])
    original = jose.unverified_claims(first["id_token"])
    assert {name: renewed[name] for name in ("iss", "sub", "aud", "auth_time", "sid", "acr")} == {
        name: original[name] for name in ("iss", "sub", "aud", "auth_time", "sid", "acr")
    }
    assert "nonce" not in renewed
    assert renewed["iat"] > original["iat"]


def test_an_answer_lost_on_the_way_is_given_again_within_the_grace_and_there_is_one_successor(
    browser: Browser, provider: Provider, clock: FixedClock, sqlite: sa.Engine
) -> None:
    first = browser.tokens()["refresh_token"]
    second = json_of(provider.refresh(first))
    clock.advance(GRACE)
    again = json_of(provider.refresh(first))
    assert again.pop("expires_in") == second.pop("expires_in") - GRACE.seconds
    assert again == second
    with sqlite.connect() as connection:
        assert connection.execute(sa.text("select count(*) from idp_refresh_tokens")).scalar() == 2
    assert provider.refresh(second["refresh_token"]).status == 200


def test_what_a_refresh_token_gave_is_given_again_to_whoever_asks_for_the_same_alone(
    browser: Browser, provider: Provider, clock: FixedClock
) -> None:
    first = browser.tokens()["refresh_token"]
    second = json_of(provider.refresh(first))
    other = json_of(provider.refresh(first, scope="openid"))
    assert (other["error"], other["code"]) == ("invalid_request", "oauth_refresh_otherwise")
    assert provider.userinfo(second["access_token"]).status == 200, "which is no replay"
    clock.advance(GRACE + timedelta(seconds=1))
    assert error_of(provider.refresh(first, scope="openid")) == "invalid_grant"
    assert provider.userinfo(second["access_token"]).status == 401


def test_nothing_is_given_again_to_another_client_or_once_the_family_was_revoked(browser: Browser, provider: Provider) -> None:
    provider.add_client("rsj")
    first = browser.tokens()["refresh_token"]
    second = json_of(provider.refresh(first))
    assert error_of(provider.refresh(first, client_id="rsj")) == "invalid_grant"
    assert json_of(provider.refresh(first)) == second, "whose answer is another's, is told nothing and ends nothing"
    assert provider.post(endpoints.REVOKE, {"token": second["refresh_token"]}).status == 200
    assert error_of(provider.refresh(first)) == "invalid_grant"


def test_a_replay_after_the_grace_revokes_the_family(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    first = browser.tokens()["refresh_token"]
    second = json_of(provider.refresh(first))
    clock.advance(GRACE + timedelta(seconds=1))
    assert error_of(provider.refresh(first)) == "invalid_grant"
    assert error_of(provider.refresh(second["refresh_token"])) == "invalid_grant"
    assert provider.userinfo(second["access_token"]).status == 401


def test_a_replay_within_the_grace_revokes_the_family_once_the_successor_was_used(browser: Browser, provider: Provider) -> None:
    first = browser.tokens()["refresh_token"]
    second = json_of(provider.refresh(first))["refresh_token"]
    third = json_of(provider.refresh(second))
    assert error_of(provider.refresh(first)) == "invalid_grant"
    assert error_of(provider.refresh(third["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_is_bound_to_its_client_and_its_scope(browser: Browser, provider: Provider) -> None:
    provider.add_client("rsj")
    tokens = browser.tokens(scope="openid profile")
    assert error_of(provider.refresh(tokens["refresh_token"], client_id="rsj")) == "invalid_grant"
    assert error_of(provider.refresh(tokens["refresh_token"], scope="openid phone")) == "invalid_scope"
    narrower = json_of(provider.refresh(tokens["refresh_token"], scope="openid"))
    assert narrower["scope"] == "openid"
    assert json_of(provider.userinfo(narrower["access_token"])).keys() == {"sub"}
    assert json_of(provider.refresh(narrower["refresh_token"]))["scope"] == "openid profile"


def test_requirement_28_without_offline_access_it_ends_with_the_session(browser: Browser, provider: Provider) -> None:
    bound = browser.tokens(scope="openid")
    offline = browser.tokens(scope="openid offline_access")
    browser.client.get(endpoints.LOGOUT, query_string={"id_token_hint": bound["id_token"]})
    assert error_of(provider.refresh(bound["refresh_token"])) == "invalid_grant"
    assert provider.userinfo(bound["access_token"]).status == 401
    assert provider.refresh(offline["refresh_token"]).status == 200


def test_requirement_28_also_when_the_session_was_left_alone_too_long(
    browser: Browser, provider: Provider, clock: FixedClock
) -> None:
    bound, offline = browser.tokens(scope="openid"), browser.tokens(scope="openid offline_access")
    clock.advance(timedelta(hours=3))
    assert error_of(provider.refresh(bound["refresh_token"])) == "invalid_grant"
    assert provider.refresh(offline["refresh_token"]).status == 200


def test_a_refresh_token_expires(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    offline = browser.tokens(scope="openid offline_access")
    clock.advance(timedelta(seconds=provider.deps.policies.tokens.refresh_token_seconds))
    assert error_of(provider.refresh(offline["refresh_token"])) == "invalid_grant"


def test_disabling_the_account_ends_every_token_at_once(browser: Browser, provider: Provider) -> None:
    tokens = browser.tokens(scope="openid offline_access")
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    accounts.disable(provider.deps, account.id, actor=OPERATOR)
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert active(provider, tokens["access_token"]) == {"active": False}
    assert error_of(provider.refresh(tokens["refresh_token"])) == "invalid_grant"
    accounts.enable(provider.deps, account.id, actor=OPERATOR)
    assert error_of(provider.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_a_client_not_registered_for_refresh_gets_no_refresh_token(browser: Browser, provider: Provider) -> None:
    provider.add_client("short", grant_types=("authorization_code",))
    assert "refresh_token" not in browser.tokens(client_id="short", scope="openid offline_access")


# What the tokens are.


def test_requirement_17_an_access_token_is_at_jwt_with_one_audience_and_an_id_token_is_none(
    browser: Browser, provider: Provider
) -> None:
    tokens = browser.tokens()
    header, claims = jose.unverified_header(tokens["access_token"]), jose.unverified_claims(tokens["access_token"])
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    assert claims["aud"] == provider.deps.issuer
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "auth_time", "acr", "amr"} <= claims.keys()
    assert provider.userinfo(tokens["id_token"]).status == 401
    assert active(provider, tokens["id_token"]) == {"active": False}


def test_at_hash_binds_the_access_token(browser: Browser) -> None:
    tokens = browser.tokens()
    half = digest(tokens["access_token"])[:16]
    wanted = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert jose.unverified_claims(tokens["id_token"])["at_hash"] == wanted


def test_a_client_may_have_rs256_id_tokens(sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> None:
    provider = Provider(make_idp_deps(sqlite, keys, clock, algorithms=("ES256", "RS256")))
    provider.add_account()
    provider.add_client(id_token_signed_response_alg="RS256")
    tokens = provider.browser().tokens(username="chenxiaochao")
    assert jose.unverified_header(tokens["id_token"])["alg"] == "RS256"
    assert jose.unverified_header(tokens["access_token"])["alg"] == "ES256"
    assert provider.userinfo(tokens["access_token"]).status == 200


def test_a_token_of_another_node_is_worth_nothing_here(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    now = timestamp(clock.now())
    foreign = jose.signing_key(ec.generate_private_key(ec.SECP256R1()))
    tokens = browser.tokens()
    claims = dict(jose.unverified_claims(tokens["access_token"])) | {"iat": now}
    kid = jose.unverified_header(tokens["access_token"])["kid"]
    forged = jose.sign(claims, foreign, kid=kid, alg="ES256", typ="at+jwt")
    assert provider.userinfo(forged).status == 401


def test_requirement_10_a_client_id_can_never_be_a_sub(provider: Provider) -> None:
    assert "." in accounts.SUBJECT_PREFIX
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    assert account.id.startswith(accounts.SUBJECT_PREFIX)
    assert not checks._CLIENT_ID.fullmatch(account.id)


def test_the_challenge_of_rfc_7636_appendix_b() -> None:
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
