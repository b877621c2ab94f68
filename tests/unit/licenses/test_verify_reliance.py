"""With the issuing node or its bridge away, its licences count for a stated budget, with the end told all the time, and then no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kernel.clock import FixedClock, rfc3339
from licenses.verdict import Verdict, in_beijing
from tests.support.federation import COUNTY, Federation, federation


@pytest.fixture
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))) as made:
        yield made


def trust_of(verdict: Verdict) -> str | None:
    found = next(finding for finding in verdict.checks if finding.id == "trust").evidence.get("relied_until")
    return None if found is None else str(found)


def test_a_licence_of_a_node_that_is_away_counts_until_the_budget_is_used_up_and_says_until_when(nodes: Federation) -> None:
    pdf, heard = nodes.issue_at_county(), nodes.now
    budget = timedelta(seconds=nodes.trust.policies.federation.budget_seconds)
    nodes.clock.advance(timedelta(hours=1))
    nodes.store_county()  # heard once more, and then never again
    nodes.store_status_list()
    last = nodes.now
    assert last > heard
    until = trust_of(nodes.verify(pdf))
    assert until is not None
    for hours in (1, 6, 12):
        nodes.clock.advance(timedelta(hours=hours) - (nodes.now - last))
        verdict = nodes.verify(pdf)
        assert verdict.indication == "TOTAL_PASSED", verdict.message
        assert trust_of(verdict) == until
        told = next(finding.text.zh for finding in verdict.checks if finding.id == "trust")
        assert in_beijing(datetime.fromisoformat(until)).zh in told
    assert until <= rfc3339(last + budget)
    nodes.clock.advance(budget - (nodes.now - last) + timedelta(seconds=1))
    refused = nodes.verify(pdf)
    assert (refused.indication, refused.subindication) == ("INDETERMINATE", "TRY_LATER")
    # Heard again, it counts again.
    nodes.store_lists()
    nodes.store_status_list()
    assert COUNTY.code == "445122"
    assert nodes.verify(pdf).indication == "TOTAL_PASSED"


def test_an_own_licence_needs_nobody_else(nodes: Federation) -> None:
    pdf = nodes.issue_at_city()
    verdict = nodes.verify(pdf)
    assert (verdict.indication, trust_of(verdict)) == ("TOTAL_PASSED", None)
