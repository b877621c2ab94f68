"""Tokens of other nodes: believed by path, for as long as the path is good and its nodes are heard; otherwise nothing of them is told."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscert import agreements
from crosscert.openapi import TOKENS_PATH
from crosscert.tokens import TokenVerdict, verify_token
from crosscert.views import TOKENS_PER_MINUTE, make_blueprint
from kernel.errors import Refusal
from pki import authority, jose
from pki.roles import get_credential
from policies.loader import load
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY
from tests.support.three_nodes import Federation, Member
from tests.unit.crosscert.forge import Plan, name, signer
from tests.unit.crosscert.forge import key as forged_key

BUDGET = timedelta(seconds=load(None).certificates.federation.budget_seconds)


@dataclass(frozen=True)
class Certified:
    """A key for tokens and its certificate."""

    key: jose.JwkKey
    der: bytes


def key_of(member: Member, profile: str = "token_signer", *names: tuple[str, str]) -> Certified:
    """A key that the member's issuing CA certified, as ``idp.signing_keys`` has one made."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = (*member.node.names, *(names or (("CN", f"{member.node.name}令牌签名"),)))
    record = authority.issue(member.deps.pki, profile, subject, key.public_key())
    return Certified(jose.signing_key(key, kid="k1", certificate=record.der), record.der)


def claims_of(member: Member, **changes: object) -> dict[str, Any]:
    now = int(member.deps.clock.now().timestamp())
    return {"iss": member.node.url, "sub": "somebody", "aud": "scjg", "iat": now, "exp": now + 300, **changes}


def token_of(
    member: Member, signer: Certified | None = None, typ: str = "at+jwt", *, carrying: bool = True, **changes: object
) -> str:
    """A token that carries its certificate, or only names it as the tokens of ``idp`` do."""
    by = signer or key_of(member)
    x5c = [by.der] if carrying else []
    return jose.sign(claims_of(member, **changes), by.key, kid=by.key.kid, alg=by.key.alg, typ=typ, x5c=x5c)


def verdict(at: Federation, token: str | bytes, audience: str | None = None) -> TokenVerdict:
    return verify_token(at.county.deps, token, at=at.clock.now(), audience=audience)


def refused(found: TokenVerdict) -> str:
    assert not found.valid
    assert found.claims == {}
    assert found.reason is not None
    return found.reason[0]


def test_every_node_believes_every_other_nodes_tokens(synced: Federation) -> None:
    for issuer in synced.members:
        key = key_of(issuer)
        for typ in ("JWT", "at+jwt"):
            for relying in synced.members:
                found = verify_token(relying.deps, token_of(issuer, key, typ), at=synced.clock.now(), audience="scjg")
                assert found.valid, found.as_json()
                assert found.node == issuer.node
                assert found.claims["sub"] == "somebody"
                assert (found.relied_until is None) == (relying is issuer)


def test_a_verdict_tells_the_path_and_how_long_it_is_relied_on(synced: Federation) -> None:
    found = json.loads(json.dumps(verdict(synced, token_of(synced.other)).as_json()))
    assert found["node"] == {"code": OTHER_COUNTY.code, "name": OTHER_COUNTY.name, "url": OTHER_COUNTY.url}
    assert [step["subject"].split(",")[0] for step in found["path"]] == [
        "CN=饶平县根CA",
        "CN=潮州市根CA",
        "CN=潮安区根CA",
        "CN=潮安区签发CA",
        "CN=潮安区令牌签名",
    ]
    assert found["policies"]
    assert found["reason"] is None
    assert found["relied_until"] == (synced.clock.now() + BUDGET).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_token_is_refused_once_the_cross_certificate_is_revoked(synced: Federation) -> None:
    token = token_of(synced.other)
    assert verdict(synced, token).valid
    agreement = agreements.find_live(synced.city.deps, OTHER_COUNTY.code)
    assert agreement is not None
    agreements.revoke(synced.city.deps, agreement.identifier, actor="account:li")
    assert refused(verdict(synced, token)) == "certificate_revoked"
    own = verify_token(synced.other.deps, token, at=synced.clock.now())
    assert own.valid


def test_a_token_is_refused_once_its_signers_certificate_is_revoked(synced: Federation) -> None:
    key = key_of(synced.other)
    token = token_of(synced.other, key)
    certificate = x509.load_der_x509_certificate(key.der)
    synced.clock.advance(timedelta(minutes=1))
    authority.revoke(synced.other.deps.pki, f"{certificate.serial_number:x}", "key_compromise", synced.clock.now())
    synced.sync(synced.county)
    assert refused(verdict(synced, token)) == "certificate_revoked"


def test_without_the_bridge_counties_rely_on_each_other_for_the_budget_and_no_longer(synced: Federation) -> None:
    synced.web.down.add(CITY.url)
    heard = synced.clock.now()
    key = key_of(synced.other)
    for step in (timedelta(hours=20), BUDGET - timedelta(hours=20)):
        synced.clock.advance(step)
        synced.publish_lists()
        synced.sync(synced.county)
        found = verdict(synced, token_of(synced.other, key))
        assert found.valid
        assert found.relied_until == heard + BUDGET, "the countdown"
    synced.clock.advance(timedelta(seconds=1))
    synced.sync(synced.county)
    found = verdict(synced, token_of(synced.other, key))
    assert (refused(found), found.relied_until) == ("evidence_too_old", None)
    assert verify_token(synced.county.deps, token_of(synced.county), at=synced.clock.now()).valid, "its own tokens need nobody"
    synced.web.down.clear()
    synced.sync(synced.county)
    assert verdict(synced, token_of(synced.other, key)).valid


def test_partitioned_from_the_signers_node_its_lists_end_within_the_budget(synced: Federation) -> None:
    synced.web.down |= {CITY.url, OTHER_COUNTY.url}
    token = token_of(synced.other, exp=int((synced.clock.now() + 2 * BUDGET).timestamp()))
    until = verdict(synced, token).relied_until
    assert until is not None
    assert until <= synced.clock.now() + BUDGET
    synced.clock.moment = until
    assert verdict(synced, token).valid
    synced.clock.advance(timedelta(seconds=1))
    assert refused(verdict(synced, token)) == "revocation_stale"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": CITY.url}, "signer_unsuitable"),
        ({"exp": 1_700_000_000}, "token_expired"),
        ({"exp": None}, "token_claim"),
        ({"sub": None}, "token_claim"),
        ({"aud": None}, "token_claim"),
        ({"aud": "somebody-else"}, "token_claim"),
        ({"typ": "statuslist+jwt"}, "token_type"),
    ],
)
def test_what_a_token_says_must_be_right(synced: Federation, changes: dict[str, Any], code: str) -> None:
    assert refused(verdict(synced, token_of(synced.other, **changes), "scjg")) == code


def test_only_a_nodes_token_signer_signs_tokens(synced: Federation) -> None:
    seal = key_of(synced.other, "department_seal", ("OU", "民政局"), ("CN", "民政局印章"))
    person = key_of(synced.other, "token_signer", ("OU", "民政局"), ("CN", "陈"))
    for key in (seal, person):
        assert refused(verdict(synced, token_of(synced.other, key))) == "signer_unsuitable"
    basic = key_of(synced.other, "tls_client")
    assert refused(verdict(synced, token_of(synced.other, basic))) == "policy_not_accepted"


def test_a_key_does_not_take_another_certificate_for_its_own(synced: Federation) -> None:
    first, second = key_of(synced.other), key_of(synced.other)
    head, body, signature = token_of(synced.other, first).split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    for members, code in (
        ({"x5c": jose.certified([second.der])["x5c"]}, "signer_unsuitable"),
        (jose.certified([second.der]), "token_signature"),
        ({"x5c": []}, "signer_unsuitable"),
        ({"x5c": ["AAAA"]}, "certificate_unreadable"),
    ):
        changed = base64.urlsafe_b64encode(json.dumps({**header, **members}).encode()).decode().rstrip("=")
        assert refused(verdict(synced, f"{changed}.{body}.{signature}")) == code
    plain = jose.sign(
        claims_of(synced.other), jose.signing_key(ec.generate_private_key(ec.SECP256R1())), kid=None, alg="ES256", typ="JWT"
    )
    assert refused(verdict(synced, plain)) == "signer_unsuitable"


def test_a_token_that_only_names_its_certificate_is_judged_by_what_the_node_told_of_itself(synced: Federation) -> None:
    key = key_of(synced.other)
    token = token_of(synced.other, key, carrying=False)
    assert "x5c" not in jose.unverified_header(token)
    assert verify_token(synced.other.deps, token, at=synced.clock.now()).valid, "its own node knows it at once"
    assert refused(verdict(synced, token)) == "token_signer_unknown"
    synced.clock.advance(timedelta(minutes=10))
    synced.sync(synced.county)
    token = token_of(synced.other, key, carrying=False)
    found = verdict(synced, token, "scjg")
    assert found.valid
    assert found.node is not None
    assert found.node.code == synced.other.node.code


def test_a_certificate_that_is_named_must_be_a_token_signers_all_the_same(synced: Federation) -> None:
    """This node finds every certificate of its own by digest; only what signs tokens counts."""
    person = key_of(synced.county, "token_signer", ("OU", "民政局"), ("CN", "陈"))
    assert refused(verdict(synced, token_of(synced.county, person, carrying=False))) == "signer_unsuitable"


@pytest.mark.parametrize("thumbprint", ["", "AAAA", 7, None, ["a"], "=" * 43, "A" * 44, "é" * 43])
def test_a_thumbprint_that_is_none_is_refused_by_name(synced: Federation, thumbprint: object) -> None:
    head, body, signature = token_of(synced.other, _key(synced), carrying=False).split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "==")) | {"x5t#S256": thumbprint}
    changed = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    assert refused(verdict(synced, f"{changed}.{body}.{signature}")) == "signer_unsuitable"


def test_a_stranger_that_calls_itself_a_node_is_not_trusted(synced: Federation) -> None:
    subject = get_credential(synced.other.deps.pki, "issuing").certificate.subject
    leaf = replace(signer("stranger"), subject=subject).issue(Plan(name("潮州市", "令牌"), "stranger-leaf"))
    stranger = Certified(jose.signing_key(forged_key("stranger-leaf"), kid="k1", certificate=leaf.der), leaf.der)
    assert refused(verdict(synced, token_of(synced.other, stranger))) == "issuer_not_found"


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_given_as_a_token_gets_a_verdict(synced: Federation, data: st.DataObject) -> None:
    real = token_of(synced.other, _key(synced)).encode()
    place = data.draw(st.integers(0, len(real) - 1))
    sent = data.draw(
        st.one_of(
            st.binary(max_size=300),
            st.text("abcXYZ019-_.=", max_size=300).map(str.encode),
            st.just(real[:place]),
            st.binary(min_size=1, max_size=4).map(lambda new: real[:place] + new + real[place + len(new) :]),
            st.just(b"A" * 20_000),
        )
    )
    found = verdict(synced, sent)
    assert found.valid is (sent == real)


_keys: dict[int, Certified] = {}


def _key(nodes: Federation) -> Certified:
    """One key for all examples of one federation."""
    if id(nodes) not in _keys:
        _keys[id(nodes)] = key_of(nodes.other)
    return _keys[id(nodes)]


def test_counties_tell_whose_tokens_they_see(synced: Federation) -> None:
    found = verify_token(synced.other.deps, token_of(synced.county), at=synced.clock.now())
    assert found.node is not None
    assert found.node.code == COUNTY.code


def test_departments_ask_over_http_and_get_a_verdict_whatever_they_send(synced: Federation) -> None:
    app = Flask("service")
    app.register_blueprint(make_blueprint(synced.county.deps))
    app.register_error_handler(Refusal, lambda refusal: (refusal.code, refusal.error.status))
    client = app.test_client()
    good = client.post(TOKENS_PATH, data={"token": token_of(synced.other), "audience": "scjg"})
    assert good.json is not None
    assert (good.status_code, good.json["valid"], good.json["claims"]["sub"]) == (200, True, "somebody")
    assert good.headers["Cache-Control"] == "no-store"
    another = client.post(TOKENS_PATH, data={"token": token_of(synced.other), "audience": "another"})
    assert another.json is not None
    assert (another.json["valid"], another.json["claims"]) == (False, {})
    nothing = client.post(TOKENS_PATH, data=b"\xff", content_type="text/plain")
    assert nothing.json is not None
    assert nothing.json["reason"]["code"] == "token_malformed"
    assert client.post(TOKENS_PATH, data={"token": "x" * 40_000}).status_code == 413
    answers = [client.post(TOKENS_PATH, data={}).status_code for _ in range(TOKENS_PER_MINUTE)]
    assert set(answers) == {200, 429}
