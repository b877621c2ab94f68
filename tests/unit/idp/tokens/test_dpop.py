"""DPoP (RFC 9449): requirement 16, each check of a proof by itself, and one proof used once, on both engines.

Where tokens are shown, and nonces: ``test_dpop_shown``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jose import jws

from idp import endpoints, housekeeping
from idp.ports import IdpDeps
from idp.tokens import dpop
from idp.wire import OAuthRequest, OAuthResponse
from kernel.clock import FixedClock, timestamp
from kernel.errors import Refusal
from pki import jose
from tests.support.bound_client import LEFT_OUT, Holder
from tests.support.idp import Provider, another_process, json_of
from tests.unit.idp.test_concurrency import at_once

MAX_AGE = 60
FORM: dict[str, str | None] = {"grant_type": "client_credentials"}


def ask(provider: Provider, proof: str | None) -> OAuthResponse:
    return provider.post(endpoints.TOKEN, FORM, client_id="machine", dpop=proof)


def problem(answer: OAuthResponse) -> str:
    document = json_of(answer)
    assert (answer.status, document["error"]) == (400, "invalid_dpop_proof")
    return str(document["error_description"])


# A proof and what is wrong with it.


def test_a_token_asked_for_with_a_proof_is_bound_to_its_key(machine: Provider, holder: Holder) -> None:
    answer = json_of(ask(machine, holder.proof()))
    assert answer["token_type"] == "DPoP"
    assert jose.unverified_claims(answer["access_token"])["cnf"] == {"jkt": holder.jkt}
    without = json_of(ask(machine, None))
    assert without["token_type"] == "Bearer"
    assert "cnf" not in jose.unverified_claims(without["access_token"])


def forged(holder: Holder) -> str:
    """Signed by another key than the one that the proof carries."""
    return Holder(holder.deps).proof(header={"jwk": holder.jwk})


def symmetric(holder: Holder) -> str:
    """The public key taken for a secret (facts: the library would let it pass)."""
    claims = jose.unverified_claims(holder.proof())
    signed: str = jws.sign(claims, "k" * 32, headers={"typ": "dpop+jwt", "jwk": holder.jwk}, algorithm="HS256")
    return signed


def unsigned(holder: Holder) -> str:
    _, payload, _ = holder.proof().split(".")
    header = json.dumps({"typ": "dpop+jwt", "alg": "none", "jwk": holder.jwk}).encode()
    return f"{base64.urlsafe_b64encode(header).rstrip(b'=').decode()}.{payload}."


def weak(holder: Holder) -> str:
    short = base64.urlsafe_b64encode(b"\xff" * 128).rstrip(b"=").decode()
    return holder.proof(header={"jwk": {"kty": "RSA", "e": "AQAB", "n": short}})


def secret_jwk(holder: Holder) -> str:
    assert isinstance(holder.key, ec.EllipticCurvePrivateKey)
    d = holder.key.private_numbers().private_value.to_bytes(32, "big")
    return holder.proof(header={"jwk": holder.jwk | {"d": base64.urlsafe_b64encode(d).rstrip(b"=").decode()}})


WRONG: dict[str, tuple[Callable[[Holder], str], str]] = {
    "no token at all": (lambda _: "x", "token_malformed"),
    "two proofs in one header": (lambda one: f"{one.proof()},{one.proof()}", "token_malformed"),
    "without typ": (lambda one: one.proof(header={"typ": LEFT_OUT}), "token_type"),
    "another typ": (lambda one: one.proof(header={"typ": "JWT"}), "token_type"),
    "unsigned": (unsigned, "token_algorithm"),
    "a symmetric algorithm": (symmetric, "token_algorithm"),
    "unknown crit": (lambda one: one.proof(header={"crit": ["x"], "x": 1}), "token_malformed"),
    "without a key": (lambda one: one.proof(header={"jwk": LEFT_OUT}), "jwk_unsuitable"),
    "the key by reference": (lambda one: one.proof(header={"jwk": LEFT_OUT, "jku": "https://x.example"}), "jwk_unsuitable"),
    "a private key": (secret_jwk, "jwk_unsuitable"),
    "a symmetric key": (lambda one: one.proof(header={"jwk": {"kty": "oct", "k": "AAAA"}}), "jwk_unsuitable"),
    "a weak key": (weak, "jwk_unsuitable"),
    "a key of another algorithm": (
        lambda one: one.proof(header={"jwk": Holder(one.deps, rsa.generate_private_key(65537, 2048)).jwk}),
        "token_algorithm",
    ),
    "somebody else's signature": (forged, "token_signature"),
    "without jti": (lambda one: one.proof(jti=LEFT_OUT), "token_claim"),
    "jti that is no text": (lambda one: one.proof(jti=1), "token_claim"),
    "without htm": (lambda one: one.proof(htm=LEFT_OUT), "token_claim"),
    "without htu": (lambda one: one.proof(htu=LEFT_OUT), "token_claim"),
    "without iat": (lambda one: one.proof(iat=LEFT_OUT), "token_claim"),
    "iat that is no number": (lambda one: one.proof(iat="now"), "token_claim"),
    "another method": (lambda one: one.proof(htm="GET"), "htm"),
    "the method in another case": (lambda one: one.proof(htm="post"), "htm"),
    "another endpoint": (lambda one: one.proof(endpoints.USERINFO), "htu"),
    "another host": (lambda one: one.proof(htu=f"https://evil.example{endpoints.TOKEN}"), "htu"),
    "a user in the address": (lambda one: one.proof(htu=f"http://localhost:8100@localhost:8100{endpoints.TOKEN}"), "htu"),
    "no address": (lambda one: one.proof(htu="http://[::1"), "htu"),
    "an address that is no text": (lambda one: one.proof(htu=[1]), "htu"),
    "made too long ago": (lambda one: one.proof(iat=timestamp(one.deps.clock.now()) - MAX_AGE - 1), "iat"),
    "made in the future": (lambda one: one.proof(iat=timestamp(one.deps.clock.now()) + 61), "token_not_yet_valid"),
    "too large": (lambda one: one.proof(x="x" * 8192), "token_too_large"),
}


@pytest.mark.parametrize("name", WRONG)
def test_requirement_16_a_proof_that_is_wrong_is_refused_by_name(machine: Provider, holder: Holder, name: str) -> None:
    make, why = WRONG[name]
    assert f"({why})" in problem(ask(machine, make(holder)))


@pytest.mark.parametrize(
    "htu",
    [
        f"http://localhost:8100{endpoints.TOKEN}?a=b",
        f"http://localhost:8100{endpoints.TOKEN}#part",
        f"HTTP://LOCALHOST:8100{endpoints.TOKEN}",
    ],
)
def test_query_fragment_and_case_of_the_host_do_not_count(machine: Provider, holder: Holder, htu: str) -> None:
    assert ask(machine, holder.proof(htu=htu)).status == 200


def test_the_port_that_a_scheme_has_anyway_does_not_count(machine: Provider, holder: Holder) -> None:
    deps = replace(machine.deps, node=replace(machine.deps.node, url="https://login.example.cn"))
    for htu, good in (("https://login.example.cn:443", True), ("http://login.example.cn:443", False)):
        request = OAuthRequest("POST", dpop=holder.proof(htu=htu + endpoints.TOKEN))
        if good:
            assert dpop.verify_proof(deps, request, endpoints.TOKEN) == holder.jkt
        else:
            with pytest.raises(Refusal, match="htu"):
                dpop.verify_proof(deps, request, endpoints.TOKEN)


def test_a_proof_may_be_for_the_address_over_mutual_tls(machine: Provider, holder: Holder) -> None:
    proof = holder.proof(htu=f"https://mtls.example.cn{endpoints.TOKEN}")
    assert "(htu)" in problem(ask(machine, proof))
    machine.deps = replace(machine.deps, mutual_tls_url="https://mtls.example.cn")
    assert ask(machine, proof).status == 200


def test_a_proof_is_good_up_to_its_last_second_and_a_little_ahead(machine: Provider, holder: Holder) -> None:
    now = timestamp(machine.deps.clock.now())
    for iat in (now - MAX_AGE, now + MAX_AGE):
        assert ask(machine, holder.proof(iat=iat)).status == 200


def test_a_proof_is_used_once_by_all_processes_until_it_is_forgotten(
    machine: Provider, holder: Holder, clock: FixedClock
) -> None:
    proof = holder.proof(jti="one")
    assert ask(machine, proof).status == 200
    machine.deps = another_process(machine.deps)
    assert "(jti)" in problem(ask(machine, proof))
    assert "(jti)" in problem(ask(machine, holder.proof(jti="one")))
    assert ask(machine, Holder(machine.deps).proof(jti="one")).status == 200, "another's identifiers are another's"
    clock.advance(timedelta(seconds=2 * MAX_AGE + 1))
    assert housekeeping.clean_up(machine.deps) >= 2
    assert ask(machine, holder.proof(jti="one")).status == 200


def test_a_wrong_proof_uses_nothing_up(machine: Provider, holder: Holder) -> None:
    assert ask(machine, holder.proof(jti="one", htm="GET")).status == 400
    assert ask(machine, holder.proof(jti="one")).status == 200


def test_one_proof_used_twenty_times_at_once_is_good_once(deps: IdpDeps) -> None:
    provider = Provider(deps)
    provider.add_client("machine", grant_types=("client_credentials",), redirect_uris=())
    proof = Holder(deps).proof()
    request = OAuthRequest("POST", dpop=proof)
    results = at_once(20, lambda _: dpop.verify_proof(another_process(deps), request, endpoints.TOKEN))
    assert sum(isinstance(result, str) for result in results) == 1
    assert {result.details["problem"] for result in results if isinstance(result, Refusal)} == {"jti"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=200),
        st.dictionaries(
            st.sampled_from(["jti", "htm", "htu", "iat", "ath", "exp", "nonce"]),
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.floats(allow_nan=False, allow_infinity=False),
                st.text(),
                st.lists(st.text()),
            ),
        ),
    )
)
def test_anything_taken_for_a_proof_is_a_refusal_and_leaves_no_trace(light: IdpDeps, anything: str | dict[str, Any]) -> None:
    proof = anything if isinstance(anything, str) else Holder(light).proof(**{**anything, "htm": "GET"})
    with pytest.raises(Refusal) as caught:
        dpop.verify_proof(light, OAuthRequest("POST", dpop=proof), endpoints.TOKEN)
    assert caught.value.code == "oauth_dpop_proof"


_json = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3))
_members = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "d", "k", "use", "key_ops", "alg", "kid"])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.dictionaries(st.sampled_from(["crit", "kid", "x5c", "b64"]), _json, max_size=2),
    jwk=st.one_of(_json, st.dictionaries(_members, _json | st.sampled_from(["EC", "RSA", "P-256", "AQAB"]))),
)
def test_anything_taken_for_the_key_of_a_proof_is_a_refusal(light: IdpDeps, header: dict[str, Any], jwk: Any) -> None:
    _, payload, signature = Holder(light).proof().split(".")
    written = json.dumps({"typ": "dpop+jwt", "alg": "ES256", **header, "jwk": jwk}).encode()
    proof = f"{base64.urlsafe_b64encode(written).rstrip(b'=').decode()}.{payload}.{signature}"
    with pytest.raises(Refusal) as caught:
        dpop.verify_proof(light, OAuthRequest("POST", dpop=proof), endpoints.TOKEN)
    assert caught.value.code == "oauth_dpop_proof"
