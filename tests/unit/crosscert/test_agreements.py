"""Agreements: who may ask, approve and issue, in which order, and what a crash or a race leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509

from crosscert import agreements
from crosscert.constraints import constraints_for
from crosscert.errors import (
    AGREEMENT_OPEN,
    AGREEMENT_STATE,
    AGREEMENT_UNKNOWN,
    APPROVER_UNSUITABLE,
    CROSS_CERTIFICATE_UNSUITABLE,
    PEER_UNSUITABLE,
)
from crosscert.records import Agreement, StoredCertificate
from kernel.clock import FixedClock
from kernel.errors import ErrorCode, Refusal
from kernel.nodes import Node
from pki.authority import get_principal
from pki.cross_certificates import PROFILE
from pki.policy_mappings import parse_policy_mappings
from pki.ports import PkiRecords
from policies.certificates import policy_oid
from policies.loader import load
from policies.models import CertificatePolicies
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY
from tests.support.three_nodes import ADMINS, Federation, Member, Web, certify, make_member, member

ASKER = "account:chen"


@pytest.fixture
def city(engine: sa.Engine, tmp_path: Path, clock: FixedClock) -> Member:
    """A city on each database engine, without agreements."""
    (tmp_path / "city").mkdir()
    return make_member(engine, tmp_path / "city", clock, CITY, Web())


@pytest.fixture
def county(tmp_path: Path, clock: FixedClock) -> Iterator[Member]:
    with member(tmp_path / "county", clock, COUNTY, Web()) as made:
        yield made


def ask(issuer: Member, subject: Member) -> Agreement:
    return agreements.request(issuer.deps, subject.introduce(), requester=ASKER)


def refused(code: ErrorCode) -> pytest.RaisesExc[Refusal]:
    return pytest.RaisesExc(Refusal, check=lambda raised: raised.error is code)


def test_the_whole_way_from_request_to_revocation(city: Member, county: Member) -> None:
    asked = ask(city, county)
    assert (asked.state, asked.requested_by, asked.code) == ("requested", ASKER, county.introduce().code)
    first = agreements.approve(city.deps, asked.identifier, approver=ADMINS[0])
    assert first.state == "requested"
    second = agreements.approve(city.deps, asked.identifier, approver=ADMINS[1])
    assert second.state == "approved"
    assert {approval.approver for approval in second.approvals} == set(ADMINS)
    issued = agreements.issue(city.deps, asked.identifier, actor=ASKER)
    assert issued.state == "issued"
    assert issued.certificate is not None
    assert agreements.find_live(city.deps, COUNTY.code) == issued
    assert [peer.node for peer in agreements.list_peers(city.deps)] == [county.node]
    received = agreements.receive(county.deps, city.introduce(), issued.certificate, actor=ASKER)
    assert received.der in {found.der for found in _received(county)}
    revoked = agreements.revoke(city.deps, asked.identifier, actor=ADMINS[0])
    assert revoked.state == "revoked"
    assert agreements.find_live(city.deps, COUNTY.code) is None


def test_the_certificate_says_what_the_design_demands(city: Member, county: Member) -> None:
    issued = certify(city, county)
    assert issued.certificate is not None
    certificate = x509.load_der_x509_certificate(issued.certificate)
    found = {extension.oid.dotted_string: extension for extension in certificate.extensions}
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 1)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)
    policies = city.deps.policies
    ours = [policy_oid(policies, CITY.code, level) for level in policies.levels]
    theirs = [policy_oid(policies, COUNTY.code, level) for level in policies.levels]
    asserted = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [policy.policy_identifier.dotted_string for policy in asserted] == ours
    mapping = found["2.5.29.33"]
    assert isinstance(mapping.value, x509.UnrecognizedExtension)
    assert parse_policy_mappings(mapping.value) == tuple(zip(ours, theirs, strict=True))
    names = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert names.critical
    assert names.value.permitted_subtrees is not None
    directory = [name.value for name in names.value.permitted_subtrees if isinstance(name, x509.DirectoryName)]
    assert [each.rfc4514_string() for each in directory] == ["O=饶平县,L=潮州市,ST=广东省,C=CN"]
    limits = certificate.extensions.get_extension_for_class(x509.PolicyConstraints)
    assert (limits.critical, limits.value.require_explicit_policy, limits.value.inhibit_policy_mapping) == (True, 0, 0)
    assert certificate.extensions.get_extension_for_class(x509.InhibitAnyPolicy).value.skip_certs == 0
    assert {"1.3.6.1.5.5.7.1.1", "2.5.29.31"} <= found.keys()
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=1096)


def test_toward_the_bridge_one_more_hop_is_left_open() -> None:
    policies = _policies()
    toward, beyond = constraints_for(policies, COUNTY, CITY), constraints_for(policies, CITY, COUNTY)
    assert (toward.path_length, toward.inhibit_policy_mapping, toward.permitted_names) == (2, 1, (CITY.names,))
    assert (beyond.path_length, beyond.inhibit_policy_mapping, beyond.permitted_names) == (1, 0, (COUNTY.names,))
    across = constraints_for(policies, COUNTY, OTHER_COUNTY)
    assert (across.path_length, across.inhibit_policy_mapping) == (1, 0)
    by_number = constraints_for(policies, CITY, replace(COUNTY, url="http://127.0.0.1:8122"))
    assert by_number.permitted_dns == ("invalid",)


@pytest.mark.parametrize(
    "peer",
    [
        CITY,
        replace(COUNTY, code="44512"),
        replace(COUNTY, level="city"),
        replace(COUNTY, names=(("C", "CN"),)),
        replace(OTHER_COUNTY, names=CITY.names),
        replace(COUNTY, url="ftp://localhost"),
    ],
)
def test_nodes_that_cannot_be_certified_are_refused(peer: Node) -> None:
    with refused(PEER_UNSUITABLE):
        constraints_for(_policies(), CITY, peer)


def test_only_two_different_admins_other_than_the_requester_approve(city: Member, county: Member) -> None:
    asked = ask(city, county)
    with refused(APPROVER_UNSUITABLE):
        agreements.approve(city.deps, asked.identifier, approver=ASKER)
    with refused(APPROVER_UNSUITABLE):
        agreements.approve(city.deps, asked.identifier, approver=f"  {ASKER} ")
    with refused(APPROVER_UNSUITABLE):
        agreements.approve(city.deps, asked.identifier, approver=" ")
    agreements.approve(city.deps, asked.identifier, approver=ADMINS[0])
    with refused(APPROVER_UNSUITABLE):
        agreements.approve(city.deps, asked.identifier, approver=ADMINS[0])
    assert agreements.get(city.deps, asked.identifier).state == "requested"


def test_every_step_out_of_order_is_refused(city: Member, county: Member) -> None:
    with refused(AGREEMENT_UNKNOWN):
        agreements.get(city.deps, "0" * 16)
    asked = ask(city, county)
    with refused(AGREEMENT_OPEN):
        ask(city, county)
    with refused(AGREEMENT_STATE):
        agreements.issue(city.deps, asked.identifier, actor=ASKER)
    with refused(AGREEMENT_STATE):
        agreements.revoke(city.deps, asked.identifier, actor=ASKER)
    for admin in ADMINS:
        agreements.approve(city.deps, asked.identifier, approver=admin)
    with refused(AGREEMENT_STATE):
        agreements.approve(city.deps, asked.identifier, approver="account:zhao")
    issued = agreements.issue(city.deps, asked.identifier, actor=ASKER)
    assert agreements.issue(city.deps, asked.identifier, actor=ASKER) == issued
    for step in (agreements.approve, agreements.reject):
        with refused(AGREEMENT_STATE):
            step(city.deps, asked.identifier, **{"approver" if step is agreements.approve else "actor": "account:zhao"})  # type: ignore[arg-type]
    agreements.revoke(city.deps, asked.identifier, actor=ASKER)
    for after in (agreements.issue, agreements.revoke, agreements.reject):
        with refused(AGREEMENT_STATE):
            after(city.deps, asked.identifier, actor=ASKER)


def test_a_rejected_request_makes_room_for_another(city: Member, county: Member) -> None:
    asked = ask(city, county)
    assert agreements.reject(city.deps, asked.identifier, actor=ADMINS[0]).state == "rejected"
    with refused(AGREEMENT_STATE):
        agreements.issue(city.deps, asked.identifier, actor=ASKER)
    assert ask(city, county).state == "requested"


def test_two_admins_at_one_moment_both_count(city: Member, county: Member) -> None:
    asked = ask(city, county)
    start = threading.Barrier(len(ADMINS))

    def approve(admin: str) -> None:
        start.wait()
        agreements.approve(city.deps, asked.identifier, approver=admin)

    threads = [threading.Thread(target=approve, args=(admin,)) for admin in ADMINS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert agreements.get(city.deps, asked.identifier).state == "approved"


def test_an_issuing_that_was_killed_after_signing_adopts_what_was_signed(city: Member, county: Member) -> None:
    asked = ask(city, county)
    for admin in ADMINS:
        agreements.approve(city.deps, asked.identifier, approver=admin)
    broken = _BrokenAtTheEnd(city)
    with pytest.raises(ZeroDivisionError):
        agreements.issue(broken.deps, asked.identifier, actor=ASKER)
    assert agreements.get(city.deps, asked.identifier).state == "issuing"
    signed = _cross_certificates(city)
    assert len(signed) == 1
    issued = agreements.issue(city.deps, asked.identifier, actor=ASKER)
    assert (issued.state, issued.serial) == ("issued", signed[0])
    assert _cross_certificates(city) == signed


def test_an_issuing_that_was_killed_before_signing_is_taken_up(city: Member, county: Member) -> None:
    asked = ask(city, county)
    for admin in ADMINS:
        agreements.approve(city.deps, asked.identifier, approver=admin)
    with city.deps.work.begin() as work:
        assert work.records.move_agreement(asked.identifier, before="approved", after="issuing", attempt=0)
    assert agreements.issue(city.deps, asked.identifier, actor=ASKER).state == "issued"
    assert len(_cross_certificates(city)) == 1


def test_of_two_who_issue_at_once_one_certificate_stands(city: Member, county: Member) -> None:
    asked = ask(city, county)
    for admin in ADMINS:
        agreements.approve(city.deps, asked.identifier, approver=admin)
    start = threading.Barrier(2)
    results: list[object] = []

    def issue() -> None:
        start.wait()
        try:
            results.append(agreements.issue(city.deps, asked.identifier, actor=ASKER).state)
        except Refusal as refusal:
            results.append(refusal.error)

    threads = [threading.Thread(target=issue) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    final = agreements.issue(city.deps, asked.identifier, actor=ASKER)
    assert final.state == "issued"
    assert set(results) <= {"issued", "issuing", AGREEMENT_STATE}
    with city.deps.pki.work.read() as work:
        standing = [record.serial for record in work.records.certificates(profile=PROFILE) if record.revoked_at is None]
    assert standing == [final.serial]


def test_what_is_received_must_be_for_this_node_by_the_one_that_is_introduced(nodes: Federation) -> None:
    for_other = agreements.find_live(nodes.city.deps, OTHER_COUNTY.code)
    mine = agreements.find_live(nodes.city.deps, COUNTY.code)
    assert for_other is not None
    assert mine is not None
    assert for_other.certificate is not None
    assert mine.certificate is not None
    for certificate, by in (
        (for_other.certificate, nodes.city),
        (mine.certificate, nodes.other),
        (get_principal(nodes.city.deps.pki).der, nodes.city),
    ):
        with refused(CROSS_CERTIFICATE_UNSUITABLE):
            agreements.receive(nodes.county.deps, by.introduce(), certificate, actor=ASKER)
    nodes.clock.advance(timedelta(days=1095))
    with pytest.raises(Refusal):
        agreements.receive(nodes.county.deps, nodes.city.introduce(), mine.certificate, actor=ASKER)


class _BrokenAtTheEnd:
    """A node whose store fails when the issued certificate is to be recorded."""

    def __init__(self, whole: Member) -> None:
        outer = whole.deps.work

        class Work:
            count = 0

            def begin(self) -> object:
                Work.count += 1
                if Work.count > 1:
                    raise ZeroDivisionError
                return outer.begin()

            def read(self) -> object:
                return outer.read()

        self.deps = replace(whole.deps, work=Work())  # type: ignore[arg-type]


def _cross_certificates(of: Member) -> list[str]:
    with of.deps.pki.work.read() as work:
        records: PkiRecords = work.records
        return [record.serial for record in records.certificates(profile=PROFILE)]


def _received(of: Member) -> Sequence[StoredCertificate]:
    with of.deps.work.read() as work:
        return work.records.certificates(kind="received")


def _policies() -> CertificatePolicies:
    return load(None).certificates
