"""Userinfo: what the standard scopes tell, and signed for the clients that are registered so."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from idp import jwks
from idp.wire import OAuthRequest
from kernel.clock import FixedClock, timestamp
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.support.idp import Provider, json_of, make_idp_deps

OTHER = "11445100DXEYPY6WAN"
ADDRESS = "广东省潮州市湘桥区太平路 1 号"
STANDARD = "openid profile email address phone"


@pytest.fixture
def both(sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> Provider:
    """A provider that signs by both algorithms."""
    made = Provider(make_idp_deps(sqlite, keys, clock, algorithms=("ES256", "RS256")))
    made.add_account(email="c@example.cn", address=ADDRESS)
    return made


def told(provider: Provider, scope: str) -> dict[str, Any]:
    tokens = provider.browser().tokens(username="chenxiaochao", client_id="standard", scope=scope)
    return json_of(provider.userinfo(tokens["access_token"]))


def test_each_standard_scope_tells_its_claims(both: Provider, clock: FixedClock) -> None:
    both.add_client("standard", department=OTHER, scope=STANDARD)
    assert told(both, "openid").keys() == {"sub"}
    profile = told(both, "openid profile")
    assert {"name", "locale", "zoneinfo", "updated_at"} <= profile.keys()
    assert profile["updated_at"] == timestamp(clock.now())
    email = told(both, "openid email")
    assert (email["email"], email["email_verified"], len(email)) == ("c@example.cn", False, 3)
    phone = told(both, "openid phone")
    assert (phone["phone_number"], phone["phone_number_verified"], len(phone)) == ("+86 138 0000 0001", False, 3)
    address = told(both, "openid address")
    assert (address["address"], len(address)) == (
        {"formatted": ADDRESS, "country": "CN", "region": "广东省", "locality": "潮州市"},
        2,
    )
    assert told(both, STANDARD).keys() == profile.keys() | email.keys() | phone.keys() | address.keys()


def test_what_an_account_does_not_have_is_left_out(both: Provider) -> None:
    both.add_client("standard", department=OTHER, scope=STANDARD)
    both.add_account("huangyao", phone=None)
    tokens = both.browser().tokens(username="huangyao", client_id="standard", scope=STANDARD)
    person = json_of(both.userinfo(tokens["access_token"]))
    assert not {"email", "email_verified", "phone_number", "phone_number_verified", "address"} & person.keys()
    assert None not in person.values()


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_userinfo_is_signed_for_the_client_that_registered_an_algorithm(both: Provider, clock: FixedClock, alg: Any) -> None:
    both.add_client("signed", userinfo_signed_response_alg=alg)
    tokens = both.browser().tokens(username="chenxiaochao", client_id="signed")
    answer = both.userinfo(tokens["access_token"])
    assert dict(answer.headers)["Content-Type"] == "application/jwt"
    assert dict(answer.headers)["Cache-Control"] == "no-store"
    keys = jose.parse_jwks(json_of(jwks.handle(both.deps, OAuthRequest("GET"))))
    claims = jose.verify(
        answer.body,
        keys,
        algorithms=(alg,),
        typ="JWT",
        audience="signed",
        issuer=both.deps.issuer,
        now=clock.now(),
        require=("sub",),
    )
    assert claims["name"] == "陈晓潮"
    assert claims["sub"] == jose.unverified_claims(tokens["id_token"])["sub"]


def test_signed_userinfo_is_no_id_token_hint_and_no_access_token(both: Provider) -> None:
    both.add_client("signed", userinfo_signed_response_alg="ES256")
    browser = both.browser()
    tokens = browser.tokens(username="chenxiaochao", client_id="signed")
    signed = both.userinfo(tokens["access_token"]).body.decode()
    assert browser.authorize(client_id="signed", prompt="none", id_token_hint=signed)["error"] == "invalid_request"
    assert both.userinfo(signed).status == 401
