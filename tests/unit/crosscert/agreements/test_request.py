"""The signed request: what proves itself is taken in, whatever else is refused; the code covers what counts."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscert import node_description
from crosscert.agreements import request_document, request_format
from crosscert.agreements.request_document import TYPE, verification_code
from crosscert.constraints import everything
from crosscert.errors import CERTIFICATE_UNREADABLE, DESCRIPTION_INVALID, REQUEST_INVALID
from kernel.errors import Refusal
from pki.roles import get_credential
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY
from tests.support.three_nodes import Federation, Member
from tests.unit.crosscert.forge import NOW


def made(member: Member, to: str = CITY.code) -> bytes:
    return request_document.make(member.deps, to, everything(member.deps.policies, member.node, CITY))


@pytest.fixture
def whole(apart: Federation) -> bytes:
    """The county's request to the city."""
    return made(apart.county)


def signed(member: Member, body: dict[str, Any], description: object | None = None) -> bytes:
    """A request that the node's own signer signed, whatever it says."""
    told = description or json.loads(node_description.describe(member.deps)[0])
    return json.dumps({"request": body, "description": told, "jws": member.sign(body, TYPE)}).encode()


def test_a_request_proves_who_asks_and_says_what_for(apart: Federation) -> None:
    found = request_document.verify(made(apart.county), CITY.code, apart.clock.now())
    assert found.description.node == COUNTY
    assert found.wish == everything(apart.county.deps.policies, COUNTY, CITY)
    assert len(found.code) == 19


def test_whatever_counts_changes_the_code(apart: Federation) -> None:
    description = apart.county.introduce().description
    wish = everything(apart.county.deps.policies, COUNTY, CITY)
    codes = {
        verification_code(description, CITY.code, wish),
        verification_code(description, OTHER_COUNTY.code, wish),
        verification_code(replace(description, node=replace(COUNTY, url="http://localhost:1")), CITY.code, wish),
        verification_code(replace(description, node=replace(COUNTY, code="445121")), CITY.code, wish),
        verification_code(replace(description, principal=apart.other.introduce().description.principal), CITY.code, wish),
        *(
            verification_code(description, CITY.code, replace(wish, **change))  # type: ignore[arg-type]
            for change in (
                {"levels": ("basic",)},
                {"path_length": 0},
                {"permitted_names": (CITY.names,)},
                {"permitted_dns": ("a",)},
                {"permitted_uris": ("a",)},
                {"validity_days": 1},
            )
        ),
    }
    assert len(codes) == 11


def test_requests_of_the_first_version_are_read_for_ever() -> None:
    document = (Path(__file__).parents[3] / "vectors" / "request" / "request-1.json").read_bytes()
    found = request_document.verify(document.strip(), CITY.code, NOW)
    assert (found.description.node, found.code) == (COUNTY, "EY5Q-4G2L-7MQR-VHMJ")
    assert found.wish.levels == ("basic", "substantial", "high")


def changed(**changes: Any) -> Callable[[Federation], bytes]:
    def make(nodes: Federation) -> bytes:
        body = json.loads(made(nodes.county))["request"]
        for path, value in changes.items():
            place = body
            *outer, last = path.split("__")
            for part in outer:
                place = place[part]
            place[last] = value(place[last]) if callable(value) else value
        return signed(nodes.county, body)

    return make


def of_another_node(nodes: Federation) -> bytes:
    """The county's request with the other county's description and signature: a key that it does not have."""
    body = json.loads(made(nodes.county))["request"]
    document = node_description.describe(nodes.other.deps)[0]
    body["description_sha256"] = hashlib.sha256(document).hexdigest()
    return signed(nodes.other, body, json.loads(document))


def signed_by_another(nodes: Federation) -> bytes:
    outer = json.loads(made(nodes.county))
    return json.dumps({**outer, "jws": nodes.other.sign(outer["request"], TYPE)}).encode()


def old_pkcs10(nodes: Federation) -> bytes:
    """What a stolen signer's key could do: a new wish with the PKCS#10 of an older request."""
    body = json.loads(made(nodes.county))["request"]
    body["wish"]["validity_days"] = 1
    return signed(nodes.county, body)


def pkcs10_by_another_key(nodes: Federation) -> bytes:
    body = json.loads(made(nodes.county))["request"]
    subject = get_credential(nodes.county.deps.pki, "principal").certificate.subject
    forged = request_document._pkcs10(subject, ec.generate_private_key(ec.SECP256R1()), request_document._digest(body))
    return signed(nodes.county, {**body, "pkcs10": base64.b64encode(forged).decode()})


def two_faced(nodes: Federation) -> bytes:
    outer = json.loads(made(nodes.county))
    outer["request"]["wish"]["levels"] = ["high"]
    return json.dumps(outer).encode()


@pytest.mark.parametrize(
    "make",
    [
        of_another_node,
        signed_by_another,
        old_pkcs10,
        pkcs10_by_another_key,
        two_faced,
        changed(version=2),
        changed(to=OTHER_COUNTY.code),
        changed(to="x"),
        changed(issued_at="2026-11-23T08:01:00Z"),
        changed(issued_at="today"),
        changed(expires_at="2026-11-23T08:00:00Z"),
        changed(expires_at="2027-11-23T08:00:00Z"),
        changed(description_sha256="0" * 64),
        changed(pkcs10="AAAA"),
        changed(pkcs10="?"),
        changed(pkcs10=lambda found: base64.b64encode(base64.b64decode(found) + b"\0").decode()),
        changed(wish={}),
        changed(wish__levels=[]),
        changed(wish__path_length=-1),
        changed(wish__path_length=True),
        changed(wish__permitted_names=[[["C"]]]),
        changed(wish__validity_days=1e300),
        lambda _: b"",
        lambda _: b"[]",
        lambda _: b'{"request":1,"description":{},"jws":""}',
        lambda _: b'{"request":{"a":{"b":1' + b"}" * 9,
        lambda _: b" " * (request_format.MAX_BYTES + 1),
        lambda _: b'{"request":{},"jws":"","description":{"a":[' + b"0," * 900_000 + b"0]}}",
    ],
)
def test_a_request_that_does_not_prove_itself_is_refused(apart: Federation, make: Callable[[Federation], bytes]) -> None:
    with pytest.raises(Refusal) as raised:
        request_document.verify(make(apart), CITY.code, apart.clock.now())
    codes = {REQUEST_INVALID, DESCRIPTION_INVALID, CERTIFICATE_UNREADABLE}
    assert raised.value.error in codes or raised.value.code.startswith("token_")


def test_a_request_waits_a_week_longer_than_its_description_lives(apart: Federation) -> None:
    document = made(apart.county)
    apart.clock.advance(timedelta(days=7) - timedelta(seconds=1))
    assert request_document.verify(document, CITY.code, apart.clock.now()).description.node == COUNTY
    apart.clock.advance(timedelta(seconds=1))
    with pytest.raises(Refusal):
        request_document.verify(document, CITY.code, apart.clock.now())


def test_members_of_the_format_that_are_not_known_yet_are_passed_over(apart: Federation) -> None:
    body = json.loads(made(apart.county))["request"] | {"later": {"a": 1}}
    rest = {name: value for name, value in body.items() if name != "pkcs10"}
    principal = get_credential(apart.county.deps.pki, "principal")
    proof = request_document._pkcs10(principal.certificate.subject, principal.key, request_document._digest(rest))
    document = signed(apart.county, {**rest, "pkcs10": base64.b64encode(proof).decode()})
    assert request_document.verify(document, CITY.code, apart.clock.now()).description.node == COUNTY


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_make_anything_but_a_refusal(whole: bytes, data: st.DataObject) -> None:
    document = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(document) - 1))
        document[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        found = request_document.verify(bytes(document), CITY.code, NOW)
    except Refusal:
        return
    assert found.description.node == COUNTY


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    junk=st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5)
)
def test_no_values_in_a_signed_request_make_anything_but_a_refusal(whole: bytes, junk: object) -> None:
    told = json.loads(whole)["request"]
    bodies = [{**told, name: junk} for name in told]
    bodies += [{**told, "wish": {**told["wish"], name: junk}} for name in told["wish"]]
    for body in bodies:
        try:
            found = request_format.parse(_unsigned(body))
        except Refusal:
            continue
        assert found.body == body


def _unsigned(body: dict[str, Any]) -> bytes:
    """What has the form of a signed request."""
    payload = base64.urlsafe_b64encode(json.dumps(body).encode()).rstrip(b"=").decode()
    return json.dumps({"request": body, "description": {}, "jws": f"e30.{payload}.AAAA"}).encode()
