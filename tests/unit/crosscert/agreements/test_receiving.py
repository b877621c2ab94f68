"""What a node takes in as issued for it: by the one that it asked, for its own root, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from crosscert import agreements
from crosscert.agreements import receiving
from crosscert.constraints import template_of
from crosscert.errors import AGREEMENT_STATE, CROSS_CERTIFICATE_UNSUITABLE
from crosscert.records import Agreement
from kernel.errors import Refusal
from pki import authority
from pki.authority import get_principal
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY
from tests.support.three_nodes import ASKER, Federation, Member, request
from tests.unit.crosscert.agreements.steps import received, refused


def asked_of(member: Member, code: str) -> Agreement:
    return next(each for each in agreements.list_agreements(member.deps, peer_code=code) if each.kind == "asked")


def test_what_is_received_must_be_for_this_node_by_the_one_that_was_asked(nodes: Federation) -> None:
    for_other = agreements.find_live(nodes.city.deps, OTHER_COUNTY.code)
    mine = agreements.find_live(nodes.city.deps, COUNTY.code)
    assert for_other is not None
    assert mine is not None
    assert for_other.certificate is not None
    assert mine.certificate is not None
    asked = asked_of(nodes.county, CITY.code)
    for certificate in (for_other.certificate, get_principal(nodes.city.deps.pki).der, get_principal(nodes.county.deps.pki).der):
        with refused(CROSS_CERTIFICATE_UNSUITABLE):
            agreements.receive(nodes.county.deps, asked.identifier, certificate, actor=ASKER)
    with refused(CROSS_CERTIFICATE_UNSUITABLE):  # by another than was asked
        agreements.receive(nodes.city.deps, asked_of(nodes.city, OTHER_COUNTY.code).identifier, mine.certificate, actor=ASKER)
    nodes.clock.advance(timedelta(days=1095))
    with pytest.raises(Refusal):
        agreements.receive(nodes.county.deps, asked.identifier, mine.certificate, actor=ASKER)


def test_nothing_is_received_before_the_code_was_compared_on_this_side_too(nodes: Federation) -> None:
    mine = agreements.find_live(nodes.city.deps, COUNTY.code)
    assert mine is not None
    assert mine.certificate is not None
    again, _ = request(nodes.county, nodes.city)
    with refused(AGREEMENT_STATE):
        agreements.receive(nodes.county.deps, again.identifier, mine.certificate, actor=ASKER)
    assert received(nodes.county) == {mine.certificate}


def test_a_peer_cannot_make_this_nodes_description_longer_and_longer(synced: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MOST_PUBLISHED", 2)
    city, county = synced.city, synced.county
    mine = agreements.find_live(city.deps, COUNTY.code)
    assert mine is not None
    template = template_of(mine.constraints, x509.load_der_x509_certificate(mine.principal))
    for _ in range(3):
        authority.issue_cross_certificate(city.deps.pki, template, actor="admin")
    synced.clock.advance(timedelta(minutes=1))
    synced.sync(county)
    assert len(agreements.receive_published(county.deps)) == 1  # with the one that it has
    assert agreements.receive_published(county.deps) == []
    assert len(received(county)) == 2
