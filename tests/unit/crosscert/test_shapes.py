"""Federations of every shape: the shortest good path at a cost that does not grow with them, and the right refusal.

The cost is counted in steps of the search, which is what would explode, not in seconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

import pytest

from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import CrlSet, ParsedCrl, parse_crl
from crosscert.paths.deadline import Deadline, OutOfTime
from crosscert.paths.discovery import MAX_CERTIFICATES, MAX_EXPANSIONS, MAX_PATHS, Search
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest, PathVerdict
from tests.support.topologies import AT, SHAPES
from tests.unit.crosscert.forge import Signer, judge, names_on, reason, signer

NODES = 150
ROOT = signer("root")
ANCHOR = ROOT.root()


@dataclass(frozen=True)
class Everything:
    anchor: ParsedCertificate
    certificates: list[ParsedCertificate]
    crls: list[ParsedCrl]
    leaf: ParsedCertificate
    expired: ParsedCertificate
    steps: int

    def judge(self, target: ParsedCertificate) -> PathVerdict:
        request = PathRequest(AT, explicit_policy=False, budget_seconds=60)
        return find_path(target, self.anchor, Pool(self.certificates), CrlSet(self.crls), request)

    def search(self, target: ParsedCertificate) -> Search:
        return Search(target, self.anchor, Pool(self.certificates), AT, Deadline(60))


@pytest.fixture(scope="module", params=SHAPES)
def everything(request: pytest.FixtureRequest) -> Everything:
    made = SHAPES[request.param](NODES)
    return Everything(
        parse_certificate(made.anchor),
        [parse_certificate(der) for der in made.certificates],
        [parse_crl(der) for der in made.crls],
        parse_certificate(made.leaves[0]),
        parse_certificate(made.expired[0]),
        made.steps,
    )


def test_the_first_path_looked_at_is_a_shortest_one_and_good(everything: Everything) -> None:
    verdict = everything.judge(everything.leaf)
    assert verdict.valid
    assert len(verdict.certificates) == everything.steps + 2
    search = everything.search(everything.leaf)
    assert next(search.candidates()).path == verdict.certificates
    assert search.expansions <= 20


def test_an_expired_leaf_is_refused_by_the_first_path(everything: Everything) -> None:
    verdict = everything.judge(everything.expired)
    assert verdict.reason is not None
    assert (verdict.reason.code, verdict.reason.certificate) == ("certificate_expired", everything.expired)
    assert len(verdict.certificates) == everything.steps + 2


def test_the_order_of_what_is_given_changes_nothing(everything: Everything) -> None:
    chance = random.Random(7)  # noqa: S311 - an order, no secret
    first = [everything.judge(target).as_json() for target in (everything.leaf, everything.expired)]
    for _ in range(3):
        chance.shuffle(everything.certificates)
        chance.shuffle(everything.crls)
        assert [everything.judge(target).as_json() for target in (everything.leaf, everything.expired)] == first


def test_every_path_in_a_mesh_is_bounded(everything: Everything) -> None:
    search = everything.search(everything.leaf)
    paths = [candidate.path for candidate in search.candidates()]
    assert 0 < len(paths) <= MAX_PATHS
    assert search.expansions <= MAX_EXPANSIONS
    assert all(len(path) <= MAX_CERTIFICATES and len({each.entity for each in path[:-1]}) == len(path) - 1 for path in paths)
    lengths = [len(path) for path in paths]
    assert lengths == sorted(lengths)


def test_a_hub_that_is_at_fault_is_left_alone_at_once() -> None:
    hub, members = signer("hub"), [signer(f"member{n}") for n in range(150)]
    way_in = ROOT.ca(hub)
    edges = [way_in, *(hub.ca(member) for member in members), *(member.ca(hub) for member in members)]
    edges += [members[n].ca(members[(n + 1) % 150]) for n in range(150)]
    target = members[70].leaf("seal")
    lists = [ROOT.crl(), hub.crl(), members[70].crl()]
    assert names_on(judge(target, ANCHOR, edges, lists, check_revocation=True)) == ["root", "hub", "member70", "seal"]
    revoked = [ROOT.crl(way_in), *lists[1:]]
    assert reason(judge(target, ANCHOR, edges, revoked, check_revocation=True)) == ("certificate_revoked", "hub")
    search = Search(target, ANCHOR, Pool(edges), AT, Deadline(60))
    next(candidates := search.candidates())
    search.bar(way_in)
    assert list(candidates) == []
    assert search.expansions < 10


def test_a_cross_certified_triangle_is_walked_along_its_shorter_side_and_round_when_that_is_barred() -> None:
    one, two = signer("one"), signer("two")
    direct, round_about = ROOT.ca(two), [ROOT.ca(one), one.ca(two)]
    back = [one.ca(ROOT), two.ca(ROOT), two.ca(one)]
    leaf = two.leaf("seal")
    lists = [ROOT.crl(), one.crl(), two.crl()]
    pool = [direct, *round_about, *back]
    assert names_on(judge(leaf, ANCHOR, pool, lists, check_revocation=True)) == ["root", "two", "seal"]
    revoked = [ROOT.crl(direct), *lists[1:]]
    assert names_on(judge(leaf, ANCHOR, pool, revoked, check_revocation=True)) == ["root", "one", "two", "seal"]
    both = [ROOT.crl(direct, round_about[0]), *lists[1:]]
    assert reason(judge(leaf, ANCHOR, pool, both, check_revocation=True)) == ("certificate_revoked", "two")


def test_a_ca_that_thousands_of_forgeries_speak_of_is_found_by_its_real_certificate() -> None:
    """Forged certificates with its name and key, all as near to the anchor as the real one, none of them signed by it."""
    county = signer("county")
    forger = Signer(ROOT.subject, "forger")
    forged = [forger.ca(county, authority_key_identifier=ANCHOR.key_identifier) for _ in range(100)]
    leaf = county.leaf("seal")
    assert names_on(judge(leaf, ANCHOR, [*forged, ROOT.ca(county)])) == ["root", "county", "seal"]
    assert reason(judge(leaf, ANCHOR, forged)) == ("signature_invalid", "county")


def test_a_maze_that_would_take_for_ever_ends_by_its_caps_or_its_budget() -> None:
    """Four names with six keys each, certified crosswise and without key identifiers, so that only signatures tell them apart."""
    rows = [[Signer(signer(f"row{row}").subject, f"key{n}") for n in range(6)] for row in range(4)]
    edges = [ROOT.ca(low, path_length=0, identifiers=False) for low in rows[0]]
    edges += [high.ca(low, identifiers=False) for upper, lower in pairwise(rows) for high in upper for low in lower]
    target = rows[-1][0].leaf("seal", identifiers=False)
    assert reason(judge(target, ANCHOR, edges))[0] == "path_too_long"
    search = Search(target, ANCHOR, Pool(edges), AT, Deadline(60))
    assert len(list(search.candidates())) == MAX_PATHS
    assert search.expansions <= MAX_EXPANSIONS
    for steps in (0, 1, 5, 20):  # asked after at each step, the budget ends the search at whichever it is used up
        search = Search(target, ANCHOR, Pool(edges), AT, _Steps(steps))
        with pytest.raises(OutOfTime):
            list(search.candidates())
        assert search.expansions <= steps


class _Steps(Deadline):
    """A budget that counts how often it is asked, for the same end at each run."""

    def __init__(self, steps: int) -> None:
        super().__init__(60)
        self._left = steps

    def check(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise OutOfTime
