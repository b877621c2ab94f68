"""Fetches the revocation lists of a CA outside from where its agreement says they are, and verifies them like anybody's.

It publishes no description and is asked for nothing else. Left to others: nodes (``sync``), agreeing on the addresses
(``agreements.outside``), verifying (``intake``).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from crosscert.errors import PEER_UNREACHABLE
from crosscert.federation.intake import store_crls, take_crl
from crosscert.paths.certificates import parse_certificate
from crosscert.paths.crls import MAX_CRL_BYTES, parse_crl
from crosscert.ports import CrosscertDeps
from crosscert.records import Peer
from kernel.audit import AuditEvent
from kernel.clock import monotonic
from kernel.errors import Refusal

FETCH_SECONDS = 10.0
PEER_SECONDS = 30.0


def fetch_outside_lists(deps: CrosscertDeps, peer: Peer) -> None:
    """Fetch and store every list of the CA, or none; ``Refusal`` says what failed."""
    end = monotonic() + PEER_SECONDS
    with deps.work.read() as work:
        held = [each for each in work.records.certificates() if each.node_code == peer.node.code]
    issuers = [parse_certificate(each.der) for each in held]
    lists = [parse_crl(_fetch(deps, url, end - monotonic())) for url in peer.crl_urls]
    now = deps.clock.now()
    taken = [take_crl(found, issuers, now) for found in lists]
    with deps.work.begin() as work:
        if store_crls(work.records, peer.node.code, taken, now):
            work.records.raise_generation()
            details = {"lists": [str(found.crl.number) for found in taken]}
            work.audit.record(AuditEvent(now, "system", "crosscert.sync", f"node:{peer.node.code}", details=details))


def _fetch(deps: CrosscertDeps, url: str, left: float) -> bytes:
    if left <= 0:
        raise Refusal(PEER_UNREACHABLE, url=url, problem="too slow")
    # Two admins approved this very address; what lies beside it is none of our business.
    address = urlsplit(url)
    origin = f"{address.scheme}://{address.netloc}"
    data = deps.fetch.get(url, below=origin, max_bytes=MAX_CRL_BYTES, timeout=min(FETCH_SECONDS, left)).data
    if data is None:
        raise Refusal(PEER_UNREACHABLE, url=url, problem="no content")
    return data
