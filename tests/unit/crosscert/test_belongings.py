"""A node is heard about itself: what its description says of others' certificates, members and addresses changes nothing for them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from crosscert import agreements, node_description
from crosscert.addresses import find_url_fault
from crosscert.constraints import constraints_for, everything, template_of
from crosscert.description_format import parse
from crosscert.errors import DESCRIPTION_INVALID
from crosscert.federation.sync import visits
from crosscert.material import gather
from kernel.errors import Refusal
from pki import authority
from pki.roles import get_credential
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY, make_node
from tests.support.three_nodes import ASKER, Federation, Member, approve_and_issue, certify, member, request

STRANGER = make_node("445121", "潮安县", "county", "潮安县")


def says(nodes: Federation, teller: Member, change: Callable[[dict[str, Any]], None]) -> None:
    """Let a node publish another description, signed by its own signer."""
    told = json.loads(node_description.describe(teller.deps)[0])["description"]
    change(told)
    document = json.dumps({"description": told, "jws": teller.sign(told, node_description.TYPE)}).encode()
    nodes.web.answers[f"{teller.node.url}{node_description.PATH}"] = lambda: document


def owners(member: Member) -> dict[bytes, str]:
    with member.deps.work.read() as work:
        return {each.der: each.node_code for each in work.records.certificates()}


def peers(member: Member) -> dict[str, str]:
    return {peer.node.code: peer.relation for peer in agreements.list_peers(member.deps)}


def test_anothers_certificate_is_never_kept_as_the_tellers(nodes: Federation) -> None:
    theirs = get_credential(nodes.other.deps.pki, "issuing").record.der

    def change(told: dict[str, Any]) -> None:
        told["certificates"]["issuing"].append(base64.b64encode(theirs).decode())
        told["certificates"]["links"].append(base64.b64encode(theirs).decode())
        told["cross_certificates"]["issued"].append(base64.b64encode(theirs).decode())
        told["certificates"]["token_signers"].append(base64.b64encode(theirs).decode())

    says(nodes, nodes.city, change)
    assert nodes.sync(nodes.county) == {CITY.code: None, OTHER_COUNTY.code: None}
    assert owners(nodes.county)[theirs] == OTHER_COUNTY.code
    assert nodes.county.trust.path(nodes.other.seal(), at=nodes.clock.now(), levels="substantial").valid


def test_there_is_an_end_to_the_certificates_of_one_node(nodes: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MOST_CERTIFICATES", {"cross": 0})
    before = owners(nodes.county)
    assert nodes.sync(nodes.county)[CITY.code] == DESCRIPTION_INVALID.code
    assert owners(nodes.county) == before


def test_tags_of_lists_that_a_peer_no_longer_names_are_forgotten(nodes: Federation) -> None:
    for name in ("principal-2", "principal-3"):
        nodes.web.answers[f"{CITY.url}/pki/{name}.crl"] = nodes.web.answers[f"{CITY.url}/pki/principal.crl"]
        urls = [f"{CITY.url}/pki/{name}.crl"]
        says(nodes, nodes.city, lambda told, urls=urls: told["endpoints"].update(crls=urls))
        nodes.sync(nodes.county)
    with nodes.county.deps.work.read() as work:
        tags = {tag.url.rpartition("/")[2] for tag in work.records.list_tags(CITY.code)}
    assert tags == {"principal.crl", "issuing.crl", "principal-3.crl"}


def test_whoever_is_no_bridge_makes_nobody_known(nodes: Federation, tmp_path: Path) -> None:
    with member(tmp_path / "stranger", nodes.clock, STRANGER, nodes.web) as stranger:
        certify(nodes.county, stranger)
        assert STRANGER.code in {each.code for each in parse(node_description.describe(nodes.county.deps)[0]).members}
        assert nodes.sync(nodes.city) == {COUNTY.code: None, OTHER_COUNTY.code: None}
    assert set(peers(nodes.city)) == {COUNTY.code, OTHER_COUNTY.code}


def test_a_bridge_takes_no_root_from_the_node_that_it_is_known_for(nodes: Federation) -> None:
    certify(nodes.county, nodes.other)
    root = authority.get_principal(nodes.other.deps.pki)
    shadowing = constraints_for(nodes.city.deps.policies, CITY, replace(OTHER_COUNTY, code="445121"))
    template = template_of(shadowing, x509.load_der_x509_certificate(root.der))
    authority.issue_cross_certificate(nodes.city.deps.pki, template, actor="admin")
    says(nodes, nodes.city, lambda told: told["members"].append({**told["members"][0], "code": "445121"}))
    nodes.sync(nodes.county)
    assert peers(nodes.county) == {CITY.code: "agreed", OTHER_COUNTY.code: "agreed"}
    key = next(each.principal_key for each in agreements.list_peers(nodes.county.deps) if each.node.code == OTHER_COUNTY.code)
    assert gather(nodes.county.deps, nodes.clock.now()).principals[key or ""] == OTHER_COUNTY


def test_a_member_with_fewer_levels_is_a_member(apart: Federation) -> None:
    certify(apart.county, apart.city)
    wish = replace(everything(apart.other.deps.policies, OTHER_COUNTY, CITY), levels=("basic", "substantial"))
    document = request(apart.other, apart.city, wish)[1]
    taken = agreements.take(apart.city.deps, document, requester=ASKER)
    agreements.confirm(apart.city.deps, taken.identifier, taken.code, actor=ASKER)
    approve_and_issue(apart.city, taken)
    apart.sync(apart.county)
    assert peers(apart.county) == {CITY.code: "agreed", OTHER_COUNTY.code: "member"}


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.8:6379",
        "http://169.254.169.254/latest",
        "https://node.example.cn/admin?delete=",
        "https://node.example.cn/#",
        "https://user:word@node.example.cn",
        "https://node.example.cn\\@elsewhere.example.cn",
        "https://[",
        "https://node.example.cn:99999",
        "https://:443",
    ],
)
def test_an_address_that_others_name_is_a_plain_one(apart: Federation, url: str) -> None:
    assert find_url_fault(url) is not None
    told = json.loads(node_description.describe(apart.county.deps)[0])["description"]
    told["members"] = [{"code": OTHER_COUNTY.code, "name": "潮安区", "level": "county", "url": url}]
    with pytest.raises(Refusal) as raised:
        parse(json.dumps({"description": told, "jws": apart.county.sign(told, node_description.TYPE)}).encode())
    assert raised.value.error is DESCRIPTION_INVALID


@pytest.mark.parametrize("url", ["https://node.example.cn", "https://node.example.cn:8443/a", "http://localhost:8100"])
def test_a_plain_address_is_taken(url: str) -> None:
    assert find_url_fault(url) is None
