"""Why a node or a certificate is trusted, or why not."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from crosscert import agreements
from crosscert.errors import PEER_UNKNOWN
from crosscert.graph.explanation import explain_certificate, explain_node
from crosscert.paths.certificates import from_x509, parse_certificate
from kernel.errors import Refusal
from pki import authority
from tests.support.three_nodes import Federation


def test_a_node_is_explained_by_its_way_and_what_is_permitted_on_it(synced: Federation) -> None:
    found = explain_node(synced.county.deps, "445103", synced.clock.now())
    assert found.levels == ("basic", "substantial", "high")
    told = json.loads(json.dumps(found.as_json()))
    assert [each["subject"].split(",")[0] for each in told["way"]] == ["CN=潮州市根CA", "CN=潮安区根CA"]
    assert [each["constraints"]["path_length"] for each in told["way"]] == [2, 1]


def test_a_node_that_is_not_trusted_is_explained_by_the_engines_reason(synced: Federation) -> None:
    synced.clock.advance(timedelta(days=8))
    synced.publish_lists()
    found = explain_node(synced.county.deps, "445103", synced.clock.now())
    assert found.reason is not None
    assert (found.is_trusted, found.reason.code) == (False, "revocation_stale")
    with pytest.raises(Refusal) as refused:
        explain_node(synced.county.deps, "445199", synced.clock.now())
    assert refused.value.error is PEER_UNKNOWN


def test_a_certificate_is_explained_as_it_is(synced: Federation) -> None:
    seal = from_x509(synced.other.seal())
    at = synced.clock.now()
    found = explain_certificate(synced.county.deps, seal, at)
    assert found.levels == ("substantial",)
    assert found.way[-1] == seal
    agreement = agreements.find_live(synced.county.deps, synced.city.node.code)
    assert agreement is not None
    agreements.revoke(synced.county.deps, agreement.identifier, actor="account:li")
    revoked = explain_certificate(synced.county.deps, seal, at)
    assert revoked.reason is not None
    assert (revoked.levels, revoked.reason.code) == ((), "certificate_revoked")


def test_the_issuers_of_a_certificate_may_be_offered(nodes: Federation) -> None:
    nodes.sync(nodes.county)
    stranger = parse_certificate(authority.get_issuing(nodes.county.deps.pki).der)
    seal = from_x509(nodes.county.seal())
    assert explain_certificate(nodes.county.deps, seal, nodes.clock.now(), [stranger]).levels == ("substantial",)
