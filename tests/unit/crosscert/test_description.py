"""A node's description: what it says, how it is read, and whom a signed token makes known."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscert import agreements, description_format, node_description, views
from crosscert.errors import CERTIFICATE_UNREADABLE, DESCRIPTION_INVALID, NOT_TRUSTED, SIGNER_UNSUITABLE
from crosscert.paths.certificates import parse_certificate
from kernel.errors import Refusal
from pki import authority, jose
from pki.authority import get_or_create_key
from pki.roles import get_credential
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY
from tests.support.three_nodes import Federation, Member
from tests.unit.crosscert.forge import signer


def described(member: Member) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(node_description.describe(member.deps)[0])
    return document


def test_a_description_tells_all_that_another_node_needs(nodes: Federation) -> None:
    told = described(nodes.city)["description"]
    assert told["version"] == 1
    assert told["node"] == {"code": "445100", "name": "潮州市", "level": "city", "url": CITY.url}
    assert [member["code"] for member in told["members"]] == [OTHER_COUNTY.code, COUNTY.code]
    assert len(told["cross_certificates"]["issued"]) == len(told["cross_certificates"]["received"]) == 2
    assert set(told["endpoints"]) >= {"openid_configuration", "crls", "ocsp", "tsa", "status_list", "log_checkpoint", "verify"}
    assert all(url.startswith(CITY.url) for url in [*told["endpoints"].pop("crls"), *told["endpoints"].values()])
    introduced = nodes.city.introduce().description
    assert introduced.node == CITY
    issued = [parse_certificate(base64.b64decode(text)) for text in told["cross_certificates"]["issued"]]
    assert {certificate.subject_text for certificate in issued} == {
        "CN=饶平县根CA,O=饶平县,L=潮州市,ST=广东省,C=CN",
        "CN=潮安区根CA,O=潮安区,L=潮州市,ST=广东省,C=CN",
    }


def test_a_revoked_cross_certificate_is_no_longer_published(nodes: Federation) -> None:
    agreement = agreements.find_live(nodes.city.deps, COUNTY.code)
    assert agreement is not None
    agreements.revoke(nodes.city.deps, agreement.identifier, actor="account:li")
    assert len(described(nodes.city)["description"]["cross_certificates"]["issued"]) == 1


def test_it_is_served_with_an_etag_that_holds_while_nothing_changes(nodes: Federation) -> None:
    app = flask.Flask("test")
    app.register_blueprint(views.make_blueprint(nodes.county.deps))
    client = app.test_client()
    first = client.get("/.well-known/crosscert-node")
    assert (first.status_code, first.mimetype) == (200, "application/json")
    assert first.data == node_description.describe(nodes.county.deps)[0]
    again = client.get("/.well-known/crosscert-node", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    nodes.clock.advance(timedelta(minutes=node_description.MADE_EVERY_MINUTES))
    later = client.get("/.well-known/crosscert-node", headers={"If-None-Match": first.headers["ETag"]})
    assert later.status_code == 200


def changed(**changes: Any) -> Callable[[Member], bytes]:
    """The node's own description with changes, signed by the node itself: what a node that lies could publish."""

    def make(member: Member) -> bytes:
        told = described(member)["description"]
        for path, value in changes.items():
            place = told
            *outer, last = path.split("__")
            for part in outer:
                place = place[part]
            place[last] = value(place[last]) if callable(value) else value
        return json.dumps({"description": told, "jws": member.sign(told, node_description.TYPE)}).encode()

    return make


@pytest.mark.parametrize(
    "make",
    [
        changed(version=2),
        changed(node__code="44512"),
        changed(node__url="javascript:alert(1)"),
        changed(node__url="http://localhost:8122/"),
        changed(node__name="潮\u202e州"),
        changed(node__level="nation"),
        changed(certificates__principal="AAAA"),
        changed(certificates__principal="?"),
        changed(certificates__issuing=[]),
        changed(certificates__principal=lambda _: base64.b64encode(signer("stranger").root().der).decode()),
        changed(issued_at="yesterday"),
        changed(issued_at="2026-11-23T08:01:00Z"),
        changed(expires_at="2026-11-23T08:00:00Z"),
        changed(expires_at="2027-11-23T08:00:00Z"),
        changed(members=[{"code": "445100"}]),
        changed(version=1e300),
    ],
)
def test_a_description_that_is_not_as_it_must_be_is_refused(nodes: Federation, make: Callable[[Member], bytes]) -> None:
    with pytest.raises(Refusal) as raised:
        node_description.introduce(make(nodes.county), nodes.clock.now())
    assert raised.value.error in {DESCRIPTION_INVALID, CERTIFICATE_UNREADABLE}


def test_members_of_the_format_that_are_not_known_yet_are_passed_over(nodes: Federation) -> None:
    told = described(nodes.county)["description"] | {"later": {"a": 1}}
    document = json.dumps({"description": told, "jws": nodes.county.sign(told, node_description.TYPE), "more": 1}).encode()
    assert node_description.introduce(document, nodes.clock.now()).description.node == COUNTY


def test_a_description_with_two_faces_is_refused(nodes: Federation) -> None:
    document = described(nodes.county)
    document["description"]["node"]["url"] = "http://localhost:9999"
    with pytest.raises(Refusal) as raised:
        node_description.introduce(json.dumps(document).encode(), nodes.clock.now())
    assert raised.value.error is DESCRIPTION_INVALID


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_make_anything_but_a_refusal(nodes: Federation, data: st.DataObject) -> None:
    document = bytearray(node_description.describe(nodes.county.deps)[0])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(document) - 1))
        document[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        found = description_format.parse(bytes(document))
    except Refusal:
        return
    assert found.node.code


# Tokens


def test_a_peers_token_is_believed_as_the_peers_and_nobody_elses(synced: Federation) -> None:
    now = int(synced.clock.now().timestamp())
    token = synced.other.sign({"iss": OTHER_COUNTY.url, "iat": now, "exp": now + 60, "a": 1}, "test+jwt")
    verified = synced.county.trust.verify_signed(token, "test+jwt", synced.clock.now())
    assert (verified.node, verified.claims["a"]) == (OTHER_COUNTY, 1)
    own = synced.county.sign({"iss": COUNTY.url, "exp": now + 60}, "test+jwt")
    assert synced.county.trust.verify_signed(own, "test+jwt", synced.clock.now()).node == COUNTY
    impostor = synced.other.sign({"iss": CITY.url, "exp": now + 60}, "test+jwt")
    with pytest.raises(Refusal) as raised:
        synced.county.trust.verify_signed(impostor, "test+jwt", synced.clock.now())
    assert raised.value.error is SIGNER_UNSUITABLE


def test_a_token_is_refused_for_type_time_and_signature(synced: Federation) -> None:
    now = int(synced.clock.now().timestamp())
    claims = {"iss": OTHER_COUNTY.url, "exp": now + 60}
    token = synced.other.sign(claims, "test+jwt")
    for wrong, typ, at, code in (
        (token, "other+jwt", 0, "token_type"),
        (token, "test+jwt", 60, "token_expired"),
        (token[:-4] + "AAAA", "test+jwt", 0, "token_signature"),
        (synced.other.sign({"iss": OTHER_COUNTY.url}, "test+jwt"), "test+jwt", 0, "token_claim"),
        ("a.b", "test+jwt", 0, "token_malformed"),
    ):
        with pytest.raises(Refusal) as raised:
            synced.county.trust.verify_signed(wrong, typ, synced.clock.now() + timedelta(seconds=at))
        assert raised.value.code == code


@pytest.mark.parametrize("profile", ["department_seal", "person", "token_signer"])
def test_only_the_nodes_own_signer_speaks_for_it(synced: Federation, profile: str) -> None:
    pki = synced.other.deps.pki
    key = get_or_create_key(pki.keys, f"test-{profile}", "P-256")
    names = (*OTHER_COUNTY.names, ("OU", "某局"), ("CN", "某人"))
    record = authority.issue(pki, profile, names, key.public_key())
    chain = [record.der, get_credential(pki, "issuing").record.der]
    now = int(synced.clock.now().timestamp())
    token = jose.sign({"iss": OTHER_COUNTY.url, "exp": now + 60}, key, kid=None, alg="ES256", typ="test+jwt", x5c=chain)
    with pytest.raises(Refusal) as raised:
        synced.county.trust.verify_signed(token, "test+jwt", synced.clock.now())
    assert raised.value.error is SIGNER_UNSUITABLE


def test_a_signer_without_a_path_is_refused_with_the_reason(nodes: Federation) -> None:
    now = int(nodes.clock.now().timestamp())
    token = nodes.other.sign({"iss": OTHER_COUNTY.url, "exp": now + 60}, "test+jwt")
    with pytest.raises(Refusal) as raised:
        nodes.county.trust.verify_signed(token, "test+jwt", nodes.clock.now())
    assert raised.value.error is NOT_TRUSTED
    assert raised.value.details["reason"] in {"issuer_not_found", "untrusted_root"}
    for x5c in ([], ["?"], [1], "text", ["AAAA"] * 9):
        header = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "typ": "test+jwt", "x5c": x5c}).encode()).rstrip(b"=")
        with pytest.raises(Refusal):
            nodes.county.trust.verify_signed(header + b".e30.AAAA", "test+jwt", nodes.clock.now())
