"""Publication in a directory: what is written, that it is written once, and that a directory that is away is left in peace for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crosscert import agreements
from crosscert.directory.certificate_pair import parse_pair
from crosscert.directory.publication import AGAIN_AFTER, Entry, publish, states
from crosscert.errors import DIRECTORY_UNREACHABLE
from crosscert.paths.certificates import parse_certificate
from crosscert.records import Published
from crosscert.storage import SqlCrosscertRecords, metadata
from kernel.errors import Refusal
from pki import authority, crl
from service.audit import SqlAuditTrail
from tests.support.databases import create_all
from tests.support.three_nodes import Federation, Member
from tests.unit.crosscert.forge import NOW


@dataclass
class Memory:
    """A directory in memory; ``away`` it refuses."""

    entries: dict[str, Entry] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    away: bool = False

    def put(self, entry: Entry) -> None:
        self.written.append(entry.common_name)
        if self.away:
            raise Refusal(DIRECTORY_UNREACHABLE, url="ldaps://away", problem="away")
        self.entries[entry.common_name] = entry


def run(member: Member, directory: Memory, *, only_due: bool = True) -> list[str]:
    """What one run writes."""
    before = len(directory.written)
    publish(member.deps, directory, only_due=only_due, actor="system")
    return directory.written[before:]


BOTH = ["潮州市根CA", "潮州市签发CA"]


def test_both_cas_are_published_with_lists_and_pairs(nodes: Federation) -> None:
    directory = Memory()
    assert run(nodes.city, directory) == BOTH
    principal, issuing = (directory.entries[name].attributes for name in BOTH)
    assert principal["cACertificate;binary"] == [authority.get_principal(nodes.city.deps.pki).der]
    assert issuing["cACertificate;binary"] == [authority.get_issuing(nodes.city.deps.pki).der]
    assert principal["authorityRevocationList;binary"] == [crl.current(nodes.city.deps.pki, "principal").der]
    assert issuing["certificateRevocationList;binary"] == [crl.current(nodes.city.deps.pki, "issuing").der]
    city = parse_certificate(authority.get_principal(nodes.city.deps.pki).der)
    found = [parse_pair(value) for value in principal["crossCertificatePair;binary"]]
    assert len(found) == 2
    for pair in found:
        assert pair.forward is not None
        assert pair.reverse is not None
        assert pair.forward.entity == city.entity
        assert (pair.reverse.issuer, pair.reverse.subject) == (city.subject, pair.forward.issuer)


def test_only_what_changed_is_written_again(nodes: Federation) -> None:
    directory = Memory()
    run(nodes.city, directory)
    assert run(nodes.city, directory) == []
    agreement = agreements.find_live(nodes.city.deps, nodes.county.node.code)
    assert agreement is not None
    agreements.revoke(nodes.city.deps, agreement.identifier, actor="account:li")
    assert [each.is_current for each in states(nodes.city.deps)] == [False, True]
    assert run(nodes.city, directory) == BOTH[:1]
    pairs = [parse_pair(value) for value in directory.entries[BOTH[0]].attributes["crossCertificatePair;binary"]]
    assert sorted(pair.reverse is None for pair in pairs) == [False, True]  # the county's for the city still stands


def test_a_directory_may_lose_what_was_written(nodes: Federation) -> None:
    directory = Memory()
    run(nodes.county, directory)
    nodes.clock.advance(AGAIN_AFTER - timedelta(seconds=1))
    assert run(nodes.county, directory) == []
    nodes.clock.advance(timedelta(seconds=1))
    assert run(nodes.county, directory) == ["饶平县根CA", "饶平县签发CA"]


def test_a_directory_that_is_away_is_asked_ever_more_rarely_and_shown_for_what_it_is(nodes: Federation) -> None:
    directory, city = Memory(away=True), nodes.city
    tried = []
    for minute in range(200):
        if run(city, directory):
            tried.append(minute)
        nodes.clock.advance(timedelta(minutes=1))
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    state = states(city.deps)[0].published
    assert state is not None
    assert state.failures == len(tried)
    assert state.error is not None
    assert state.error.startswith("directory_unreachable")
    assert run(city, directory, only_due=False) == BOTH
    directory.away = False
    nodes.clock.advance(timedelta(hours=1))
    assert run(city, directory) == BOTH
    assert [(each.is_current, each.published and each.published.failures) for each in states(city.deps)] == [(True, 0)] * 2


def test_what_stands_of_a_publication_is_kept(engine: sa.Engine) -> None:
    create_all(engine, metadata)
    first = Published("根CA", None, None, NOW, 1, "directory_unreachable")
    second = Published("根CA", "ab" * 32, NOW, NOW, 0, None)
    with engine.begin() as connection:
        records = SqlCrosscertRecords(connection)
        assert records.find_published("根CA") is None
        for each in (first, second):
            records.put_published(each)
            assert records.find_published("根CA") == each


@pytest.mark.parametrize("away", [True, False])
def test_the_first_failure_and_each_success_are_audited(nodes: Federation, away: bool) -> None:
    directory = Memory(away=away)
    for _ in range(3):
        run(nodes.county, directory, only_due=False)
    assert audited(nodes.county) == [("crosscert.publish", "failed" if away else "ok")] * 2


def audited(member: Member) -> list[tuple[str, str]]:
    with member.deps.work.read() as work:
        assert isinstance(work.audit, SqlAuditTrail)
        return [(each.event.action, each.event.outcome) for each in work.audit.page(contains="crosscert.publish")]
