"""Tokens across nodes: what naming a certificate costs, how fast a foreign token is judged, how soon a revocation is known everywhere.

Left to others: the provider's own endpoints (``peers``), finding paths in large federations (``paths``).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, cpu_milliseconds
from crosscert import agreements
from crosscert.tokens import verify_token
from idp.signing_keys import get_signing_key
from pki import jose
from tests.support.nodes import CITY, COUNTY, OTHER, Nodes, running_nodes

ROUNDS = 5


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    with TemporaryDirectory(prefix="chaoxin-tokens-") as folder, running_nodes(Path(folder)) as nodes:
        yield from _signing(nodes)
        yield from _judging(nodes)
        yield _known_everywhere(nodes)


def _signing(nodes: Nodes) -> Iterator[Figure]:
    services = nodes.services[OTHER]
    certified = get_signing_key(services.idp, "ES256")
    plain = jose.signing_key(services.keys.get("oidc-es256-1"), kid=certified.kid)
    claims = jose.unverified_claims(nodes.token(OTHER))
    with_it, without = (
        cpu_milliseconds(lambda key=key: jose.sign(claims, key, kid=key.kid, alg="ES256", typ="at+jwt"))  # type: ignore[misc]
        for key in (certified, plain)
    )
    yield Figure("token signed, its certificate named", 1000 * with_it, "µs", "without", 1000 * without)
    long, short = (len(jose.sign(claims, key, kid=key.kid, alg="ES256", typ="at+jwt")) for key in (certified, plain))
    yield Figure("access token, its certificate named", long, "bytes", "without", short)


def _judging(nodes: Nodes) -> Iterator[Figure]:
    deps = nodes.services[COUNTY].crosscert
    for name, code in (("two hops", OTHER), ("one hop", CITY)):
        token, at = nodes.token(code), deps.clock.now()
        spent = cpu_milliseconds(lambda token=token, at=at: verify_token(deps, token, at=at))  # type: ignore[misc]
        yield Figure(f"foreign token judged, warm, {name}", 1000 / spent, "/s", "limit", 500, "higher")


def _known_everywhere(nodes: Nodes) -> Figure:
    """From the admin's command to the refusal at another node's own process, by the push alone."""
    city, county = nodes.services[CITY].crosscert, nodes.services[COUNTY].crosscert
    measured = []
    for _ in range(ROUNDS):
        token = nodes.token(OTHER)
        agreement = agreements.find_live(city, OTHER)
        if agreement is None or not verify_token(county, token, at=county.clock.now()).valid:
            message = "the nodes do not trust each other"
            raise RuntimeError(message)
        began = time.monotonic()
        agreements.revoke(city, agreement.identifier, actor="operator:bench")
        while verify_token(county, token, at=county.clock.now()).valid:
            time.sleep(0.001)
        measured.append(1000 * (time.monotonic() - began))
        nodes.certify(CITY, OTHER)
        for code in nodes.services:
            nodes.synced(code)
    return Figure("revoked cross-certificate, until another node refuses", statistics.median(measured), "ms", "limit", 5000)
