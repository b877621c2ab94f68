"""Renewal, narrowing and another key: the new certificate stands before the old one goes, and never gives more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert import agreements
from crosscert.agreements import plans
from crosscert.constraints import everything
from crosscert.errors import AGREEMENT_OPEN, AGREEMENT_STATE, WISH_TOO_WIDE
from crosscert.paths.certificates import parse_certificate
from crosscert.records import Agreement
from pki import authority, crl
from policies.certificates import policy_oid
from tests.support.pki import CITY, COUNTY
from tests.support.three_nodes import ADMINS, ASKER, Federation, Web, approve_and_issue, member
from tests.unit.crosscert.agreements.steps import approve, compared, refused, standing


def live(nodes: Federation) -> Agreement:
    found = agreements.find_live(nodes.city.deps, COUNTY.code)
    assert found is not None
    return found


def state_of(nodes: Federation, agreement: Agreement) -> str:
    return agreements.get(nodes.city.deps, agreement.identifier).state


def test_a_renewed_certificate_stands_before_the_old_one_goes(synced: Federation) -> None:
    city, old = synced.city, live(synced)
    before = set(standing(city))
    seal = synced.county.seal()
    new = agreements.renew(city.deps, old.identifier, old.constraints, requester=ASKER)
    assert (new.state, new.replaces, new.serial, new.approvals) == ("compared", old.identifier, None, ())
    assert plans.plan_of(city.deps, new).changes == []  # the same is trusted as before
    issued = approve_and_issue(city, new)
    assert set(standing(city)) == {*before, issued.serial}
    assert live(synced) == issued
    assert agreements.supersede_due(city.deps) == []  # nobody can have fetched it yet
    synced.clock.advance(timedelta(seconds=city.deps.policies.cross_certificates.overlap_seconds))
    assert [each.identifier for each in agreements.supersede_due(city.deps)] == [old.identifier]
    assert (state_of(synced, old), state_of(synced, issued)) == ("superseded", "issued")
    assert set(standing(city)) == {*before, issued.serial} - {old.serial}
    assert authority.get_certificate(city.deps.pki, old.serial or "").reason == "superseded"
    assert agreements.supersede_due(city.deps) == []
    assert city.trust.path(seal, at=synced.clock.now(), levels="substantial").valid
    with refused(AGREEMENT_STATE):
        agreements.renew(city.deps, old.identifier, old.constraints, requester=ASKER)


def test_the_other_side_takes_a_renewed_certificate_as_it_is_published(synced: Federation) -> None:
    city, county = synced.city, synced.county
    issued = approve_and_issue(
        city, agreements.renew(city.deps, live(synced).identifier, live(synced).constraints, requester=ASKER)
    )
    assert agreements.receive_published(county.deps) == []
    synced.clock.advance(timedelta(minutes=1))
    synced.sync(county)
    assert [each.der for each in agreements.receive_published(county.deps)] == [issued.certificate]
    assert agreements.receive_published(county.deps) == []


def test_narrowing_shows_what_is_lost_and_then_loses_it(synced: Federation) -> None:
    city, old = synced.city, live(synced)
    seal = synced.county.seal()
    narrower = agreements.keep_levels(city.deps, old.constraints, ["basic"])
    assert narrower.policies == (policy_oid(city.deps.policies, CITY.code, "basic"),)
    new = agreements.renew(city.deps, old.identifier, narrower, requester=ASKER)
    (change,) = plans.plan_of(city.deps, new).changes
    assert (change.code, change.lost, change.gained) == (COUNTY.code, ("substantial", "high"), ())
    approve_and_issue(city, new)
    assert city.trust.path(seal, at=synced.clock.now(), levels="substantial").valid
    synced.clock.advance(timedelta(hours=1))
    agreements.supersede_due(city.deps)
    assert not city.trust.path(seal, at=synced.clock.now(), levels="substantial").valid


@pytest.mark.parametrize(
    "change",
    [
        {"path_length": 2},
        {"permitted_names": (CITY.names,)},
        {"permitted_names": ()},
        {"permitted_dns": ("example.com",)},
        {"permitted_dns": ()},
        {"permitted_uris": ("example.com",)},
        {"policies": ("1.2.3",)},
        {"policies": (), "mappings": ()},
        {"mappings": (("1.2.3", "1.2.4"),)},
        {"inhibit_policy_mapping": 1},
        {"validity_days": 1096},
        {"validity_days": 0},
    ],
)
def test_nothing_wider_comes_by_renewal(nodes: Federation, change: dict[str, object]) -> None:
    old = live(nodes)
    with refused(WISH_TOO_WIDE):
        agreements.renew(nodes.city.deps, old.identifier, replace(old.constraints, **change), requester=ASKER)  # type: ignore[arg-type]


def test_what_was_narrowed_is_not_widened_by_renewal(nodes: Federation) -> None:
    old = live(nodes)
    narrower = agreements.keep_levels(nodes.city.deps, old.constraints, ["basic"])
    issued = approve_and_issue(nodes.city, agreements.renew(nodes.city.deps, old.identifier, narrower, requester=ASKER))
    with refused(WISH_TOO_WIDE):
        agreements.renew(nodes.city.deps, issued.identifier, old.constraints, requester=ASKER)


def test_a_renewal_is_approved_by_two_like_the_first(nodes: Federation) -> None:
    old = live(nodes)
    new = agreements.renew(nodes.city.deps, old.identifier, old.constraints, requester=ASKER)
    with refused(AGREEMENT_STATE):
        agreements.issue(nodes.city.deps, new.identifier, actor=ASKER)
    assert approve(nodes.city, new, ADMINS[0]).state == "compared"
    with refused(AGREEMENT_OPEN):
        agreements.renew(nodes.city.deps, old.identifier, old.constraints, requester=ASKER)


def test_a_new_request_of_a_certified_node_takes_the_place_of_the_present_certificate(nodes: Federation) -> None:
    old = live(nodes)
    wish = replace(everything(nodes.county.deps.policies, COUNTY, CITY), validity_days=100)
    new = compared(nodes.city, nodes.county, wish)
    assert new.replaces == old.identifier
    issued = approve_and_issue(nodes.city, new)
    nodes.clock.advance(timedelta(hours=1))
    assert [each.identifier for each in agreements.supersede_due(nodes.city.deps)] == [old.identifier]
    assert live(nodes) == issued


def test_a_node_with_a_new_key_is_certified_anew_and_the_old_key_is_withdrawn(synced: Federation, tmp_path: Path) -> None:
    city, old = synced.city, live(synced)
    with member(tmp_path / "new key", synced.clock, COUNTY, Web()) as rekeyed:
        new = compared(city, rekeyed)
        assert (new.replaces, new.principal == old.principal) == (old.identifier, False)
        issued = approve_and_issue(city, new)
        peer = next(each for each in agreements.list_peers(city.deps) if each.node.code == COUNTY.code)
        assert peer.principal_key == parse_certificate(issued.principal).key.hex()
        now = synced.clock.now
        lists = [crl.current(rekeyed.deps.pki, name).der for name in ("principal", "issuing")]
        seals = {key: each.seal() for key, each in (("old", synced.county), ("new", rekeyed))}

        def trusted() -> set[str]:
            trust = city.trust.at(now()).offered(crls=lists)
            paths = {key: trust.path(seal.public_bytes(Encoding.DER), levels="substantial") for key, seal in seals.items()}
            return {key for key, path in paths.items() if path.reason is None}

        assert trusted() == {"old", "new"}
        synced.clock.advance(timedelta(hours=1))
        agreements.supersede_due(city.deps)
        assert trusted() == {"new"}
