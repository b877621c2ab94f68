"""Lists in parts before the path engine: a certificate is judged by its own partition's list or the complete one, by no other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from crosscert.federation.intake import store_crls, take_crl
from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import ParsedCrl, parse_crl
from crosscert.paths.records import PathVerdict
from pki import authority, crl, revocation
from pki.ports import PkiDeps
from pki.records import CertificateRecord
from tests.support.pki import with_partitions_of
from tests.support.three_nodes import Federation
from tests.unit.crosscert.forge import judge, reason

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()


@pytest.fixture
def pki(nodes: Federation) -> PkiDeps:
    """A county whose partitions take two certificates each."""
    return with_partitions_of(2, nodes.county.deps.pki)


@pytest.fixture
def people(pki: PkiDeps) -> Sequence[CertificateRecord]:
    """Four people's certificates, in two partitions."""
    return [authority.issue(pki, "person", (*pki.node.names, ("CN", name)), KEY) for name in "甲乙丙丁"]


def published(pki: PkiDeps, *partitions: int) -> list[ParsedCrl]:
    """The lists of these partitions (0: the complete one) with that of the CA above."""
    lists = [crl.current(pki, "principal"), *(crl.current(pki, "issuing", partition) for partition in partitions)]
    return [parse_crl(record.der) for record in lists]


def verdict(pki: PkiDeps, record: CertificateRecord, lists: Sequence[ParsedCrl]) -> PathVerdict:
    anchor, issuing = own_cas(pki)
    return judge(parse_certificate(record.der), anchor, [issuing], lists, check_revocation=True, at=pki.clock.now())


def own_cas(pki: PkiDeps) -> tuple[ParsedCertificate, ParsedCertificate]:
    return parse_certificate(authority.get_principal(pki).der), parse_certificate(authority.get_issuing(pki).der)


def test_its_own_partitions_list_or_the_complete_one_speaks_for_a_certificate(
    pki: PkiDeps, people: Sequence[CertificateRecord]
) -> None:
    for record in people:
        assert verdict(pki, record, published(pki, record.partition)).valid
        assert verdict(pki, record, published(pki, 0)).valid
        assert verdict(pki, record, published(pki, 0, *crl_partitions(pki))).valid


def test_another_partitions_list_is_no_evidence(pki: PkiDeps, people: Sequence[CertificateRecord]) -> None:
    first, last = people[0], people[-1]
    assert first.partition != last.partition
    revocation.revoke(pki, last.serial, "key_compromise", pki.clock.now())
    others = [partition for partition in crl_partitions(pki) if partition != last.partition]
    assert reason(verdict(pki, last, published(pki, *others))) == ("revocation_unknown", "丁")
    assert reason(verdict(pki, first, published(pki, last.partition))) == ("revocation_unknown", "甲")


def test_a_revocation_counts_on_whichever_of_its_lists_it_stands(pki: PkiDeps, people: Sequence[CertificateRecord]) -> None:
    before = published(pki, people[0].partition)[1]
    pki.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    revocation.revoke(pki, people[0].serial, "key_compromise", pki.clock.now())
    for lists in (
        published(pki, people[0].partition),
        published(pki, 0),
        [*published(pki, 0), before],
        [before, *published(pki, people[0].partition)],
    ):
        assert reason(verdict(pki, people[0], lists)) == ("certificate_revoked", "甲")
    assert verdict(pki, people[1], published(pki, people[1].partition)).valid


def test_a_peer_takes_partitions_lists_in_by_their_scope(
    nodes: Federation, pki: PkiDeps, people: Sequence[CertificateRecord]
) -> None:
    """Each scope has its own newest list: one partition's higher number does not hide another's."""
    del people
    records, now = nodes.city.deps.work, pki.clock.now()
    lists = published(pki, *reversed(crl_partitions(pki)), 0)[1:]
    taken = [take_crl(found, own_cas(pki), now) for found in lists]
    with records.begin() as work:
        assert store_crls(work.records, pki.node.code, taken, now)
    with records.read() as work:
        stored = {each.number for each in work.records.crls() if each.node_code == pki.node.code}
    assert stored >= {found.number for found in lists}


def crl_partitions(pki: PkiDeps) -> list[int]:
    with pki.work.read() as work:
        return list(work.records.partitions("issuing"))


def test_a_moment_of_suspension_is_judged_as_such_for_ever_at_home_and_by_a_peer(synced: Federation) -> None:
    clock, county, city = synced.clock, synced.county, synced.city
    seal = county.seal()
    moments = [clock.now()]
    for step in (revocation.suspend, revocation.release):
        clock.advance(timedelta(hours=1))
        step(county.deps.pki, f"{seal.serial_number:x}")
        synced.sync(city)
        moments.append(clock.now() + timedelta(minutes=1))
    clock.advance(timedelta(hours=1))
    for member in (county, city):
        good, suspended, released, now = (member.trust.path(seal, at=at, levels="substantial") for at in (*moments, clock.now()))
        assert good.valid
        assert reason(suspended)[0] == "certificate_revoked"
        assert suspended.reason is not None
        assert "certificate_hold" in suspended.reason.message.en
        assert released.valid
        assert now.valid
