"""Keys that a client publishes: kept for a while, asked for anew when one is not known, never more often than is good."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jws

from idp import endpoints
from idp.clients.keys import FETCHES_PER_MINUTE, FRESH, KEPT
from idp.fetching import fetch
from idp.ports import IdpDeps
from idp.wire import OAuthResponse
from kernel.clock import FixedClock, timestamp
from kernel.errors import Refusal
from kernel.randomness import token
from pki import jose
from tests.support.idp import Provider, json_of
from tests.support.idp_elsewhere import Published
from tests.support.signing_client import ASSERTION_TYPE

JWKS_URI = "https://scjg.example.cn/jwks.json"


class Signer:
    """A system with keys of its own that it publishes, and changes when it likes."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        assert isinstance(provider.deps.fetch, Published)
        self.published = provider.deps.fetch
        provider.add_client(
            "signer",
            token_endpoint_auth_method="private_key_jwt",
            jwks_uri=JWKS_URI,
            grant_types=("client_credentials",),
            redirect_uris=(),
        )
        self.rotate("k1")

    def rotate(self, kid: str) -> None:
        """Sign by a new key, and publish that alone."""
        self.kid, self.key = kid, ec.generate_private_key(ec.SECP256R1())
        self.publish({"keys": [jose.public_jwk(self.key.public_key(), kid, "ES256")]})

    def publish(self, document: object) -> None:
        self.published.documents[JWKS_URI] = json.dumps(document).encode()

    def ask(self, *, kid: str | None = None) -> OAuthResponse:
        """Ask for a token, signing for a new one each time."""
        now = timestamp(self.provider.deps.clock.now())
        claims = {"iss": "signer", "sub": "signer", "aud": self.provider.deps.issuer, "exp": now + 60, "jti": token(8)}
        signed = jose.sign(claims, self.key, kid=kid or self.kid, alg="ES256", typ="JWT")
        form: dict[str, str | None] = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
        return self.provider.post(endpoints.TOKEN, {"grant_type": "client_credentials", **form}, authorization=None)


@pytest.fixture
def signer(provider: Provider) -> Signer:
    return Signer(provider)


def test_published_keys_are_kept_for_a_while(signer: Signer, clock: FixedClock) -> None:
    for _ in range(5):
        assert signer.ask().status == 200
    assert signer.published.asked == [JWKS_URI]
    clock.advance(FRESH)
    assert signer.ask().status == 200
    assert len(signer.published.asked) == 2


def test_a_key_that_is_not_known_is_looked_for_at_once(signer: Signer) -> None:
    assert signer.ask().status == 200
    signer.rotate("k2")
    assert signer.ask().status == 200
    assert len(signer.published.asked) == 2


def test_unknown_keys_cause_no_more_requests_than_a_few_a_minute(signer: Signer, clock: FixedClock) -> None:
    answers = [signer.ask(kid=f"unknown-{number}") for number in range(20)]
    assert {(answer.status, json_of(answer)["error"]) for answer in answers} == {(401, "invalid_client")}
    assert len(signer.published.asked) == FETCHES_PER_MINUTE
    assert signer.ask().status == 200, "those who sign properly are not kept out by it"
    clock.advance(timedelta(minutes=1))
    signer.rotate("k2")
    assert signer.ask().status == 200


def test_a_withdrawn_key_counts_no_more_after_a_while(signer: Signer, clock: FixedClock) -> None:
    assert signer.ask().status == 200
    signer.publish({"keys": [jose.public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), "k2", "ES256")]})
    clock.advance(FRESH)
    assert signer.ask().status == 401


@pytest.mark.parametrize("document", [None, {"keys": []}, [], "x", {"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1"}]}], ids=str)
def test_while_there_are_none_to_be_had_the_last_ones_do_for_a_day(signer: Signer, clock: FixedClock, document: object) -> None:
    assert signer.ask().status == 200
    if document is None:
        signer.published.documents.clear()
    else:
        signer.publish(document)
    clock.advance(KEPT - timedelta(minutes=1))
    assert signer.ask().status == 200
    clock.advance(timedelta(minutes=1))
    assert signer.ask().status == 401


def headed(signer: Signer, key: ec.EllipticCurvePrivateKey, **header: Any) -> int:
    """Ask for a token with an assertion signed by ``key``, with ``header`` beside what a good one has; return the status."""
    now = timestamp(signer.provider.deps.clock.now())
    claims = {"iss": "signer", "sub": "signer", "aud": signer.provider.deps.issuer, "exp": now + 60, "jti": token(8)}
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
    signed = jws.sign(claims, jwk.construct(key, "ES256"), headers={"kid": signer.kid, "typ": "JWT", **header}, algorithm="ES256")
    return signer.provider.post(endpoints.TOKEN, {**form, "client_assertion": signed}, authorization=None).status


def test_requirement_20_keys_in_the_header_are_not_looked_at_and_what_is_critical_refuses(signer: Signer) -> None:
    assert headed(signer, signer.key) == 200
    stranger = ec.generate_private_key(ec.SECP256R1())
    elsewhere = "https://attacker.example.cn/jwks.json"
    own = jose.public_jwk(stranger.public_key(), signer.kid, "ES256")
    signer.published.documents[elsewhere] = json.dumps({"keys": [own]}).encode()
    for header in ({"jwk": own}, {"jku": elsewhere}, {"x5u": elsewhere}):
        assert headed(signer, stranger, **header) == 401
    assert headed(signer, signer.key, crit=["fantasy"], fantasy=True) == 401
    assert signer.published.asked == [JWKS_URI]


def test_requirement_21_an_assertion_is_good_once_and_for_us_alone(signer: Signer) -> None:
    now = timestamp(signer.provider.deps.clock.now())
    good = {"iss": "signer", "sub": "signer", "aud": signer.provider.deps.issuer, "exp": now + 60, "jti": "once"}

    def ask(**changes: Any) -> int:
        signed = jose.sign({**good, **changes}, signer.key, kid=signer.kid, alg="ES256", typ="JWT")
        form: dict[str, str | None] = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
        return signer.provider.post(endpoints.TOKEN, {"grant_type": "client_credentials", **form}, authorization=None).status

    assert [ask(), ask()] == [200, 401]
    assert ask(jti="2", aud="https://elsewhere.example.cn") == 401
    assert ask(jti="3", aud=[signer.provider.deps.issuer, "https://elsewhere.example.cn"]) == 401


class Slow(Published):
    """While it is asked for a document, ``meanwhile`` happens."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def get(self, url: str, **more: Any) -> Any:
        self.meanwhile()
        return super().get(url, **more)


def refused(deps: IdpDeps, uri: str) -> str:
    with pytest.raises(Refusal) as caught:
        fetch(deps, uri, max_bytes=10)
    return caught.value.code


def test_a_slow_server_of_a_client_holds_up_one_thread_and_all_of_them_four(signer: Signer) -> None:
    codes: list[str] = []
    hosts = iter("abcdef")

    def ask_again() -> None:
        codes.append(refused(deps, f"https://{next(hosts)}.example.cn/keys"))

    def ask_the_same() -> None:
        codes.append(refused(deps, JWKS_URI.replace("example", "EXAMPLE")))

    for meanwhile, expected in ((ask_again, 4), (ask_the_same, 1)):
        deps = replace(signer.provider.deps, fetch=Slow(meanwhile))
        codes.append(refused(deps, JWKS_URI))
        assert codes == ["oauth_request_uri_busy", *["peer_unreachable"] * expected]
        codes.clear()


def test_tries_that_never_went_out_do_not_count(signer: Signer) -> None:
    statuses: list[int] = []

    def meanwhile() -> None:
        statuses.extend(signer.ask().status for _ in range(FETCHES_PER_MINUTE))

    refused(replace(signer.provider.deps, fetch=Slow(meanwhile)), JWKS_URI)
    assert statuses == [401] * FETCHES_PER_MINUTE
    assert signer.ask().status == 200
