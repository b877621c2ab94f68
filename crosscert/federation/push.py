"""Sends the principal CA's newest revocation list to every peer: what was revoked is known there within seconds, not at their next visit.

What is owed follows from the store alone (the newest list's number against the highest that a peer took), so nothing is lost by a crash and
sending twice harms nobody. A peer that does not take it is tried again, ever more rarely; it also fetches by itself.

Left to others: making the list (``pki.crl``), taking one in (``arrivals``), HTTP (``http``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from crosscert.federation.arrivals import CONTENT_TYPE, PATH
from crosscert.federation.backoff import is_due, next_try_at
from crosscert.federation.together import Together
from crosscert.ports import CrosscertDeps
from crosscert.records import Delivery
from kernel.errors import ChaoxinError
from kernel.nodes import Node
from pki.records import CrlRecord
from pki.roles import cas_in

RUN_SECONDS = 20.0
SEND_SECONDS = 5.0
_MAX_ANSWER_BYTES = 64 * 1024

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Owed:
    """A list that a peer has not taken, and how sending it stands so far."""

    node: Node
    newest: CrlRecord
    so_far: Delivery | None


def list_owed(deps: CrosscertDeps) -> Sequence[Owed]:
    """Return the newest list of each principal CA (after a rollover the old one has its own) with each peer that has not taken it."""
    with deps.pki.work.read() as pki:
        names = [ca.key_label for ca in cas_in(deps.pki, pki.records) if ca.role == "principal"]
        lists = [found for name in names if (found := pki.records.find_crl(name)) is not None]
    with deps.work.read() as work:
        so_far = {(each.peer_code, each.ca): each for each in work.records.deliveries()}
        nodes = [peer.node for peer in work.records.peers() if peer.relation != "outside"]
    owed = [Owed(node, newest, so_far.get((node.code, newest.ca))) for node in nodes for newest in lists]
    return [each for each in owed if each.so_far is None or each.so_far.number < each.newest.number]


def deliver(deps: CrosscertDeps, *, only_due: bool = False) -> Sequence[Delivery]:
    """Send what is owed (or what is owed and due again) and return how that went. A peer's fault, or ours with it, is noted, not raised."""
    now = deps.clock.now()
    owed: dict[str, list[Owed]] = defaultdict(list)
    for each in list_owed(deps):
        if not only_due or each.so_far is None or is_due(each.so_far.next_try_at, now):
            owed[each.node.code].append(each)
    with Together(lambda code: [_send_quietly(deps, each) for each in owed[code]], RUN_SECONDS) as run:
        run.begin(owed)
        return [sent for each in run.results().values() for sent in each]


def _send_quietly(deps: CrosscertDeps, owed: Owed) -> Delivery:
    now = deps.clock.now()
    number = owed.newest.number
    before = owed.so_far or Delivery(owed.node.code, owed.newest.ca, 0, None, now)
    try:
        deps.fetch.post(
            owed.node.url + PATH,
            owed.newest.der,
            CONTENT_TYPE,
            below=owed.node.url,
            max_bytes=_MAX_ANSWER_BYTES,
            timeout=SEND_SECONDS,
        )
        after = Delivery(owed.node.code, owed.newest.ca, number, deps.clock.now(), now)
    except Exception as error:  # noqa: BLE001 - one peer's fault, whatever it is, must not keep us from the others
        code, text = (error.code, f"{error.text.zh} {error.text.en}") if isinstance(error, ChaoxinError) else ("internal", None)
        _log.warning("delivery_failed", peer=owed.node.code, error=code, exc_info=code == "internal")
        failures = before.failures + 1
        after = replace(
            before, tried_at=now, failures=failures, next_try_at=next_try_at(failures, now), error=code, error_text=text
        )
    with deps.work.begin() as work:
        work.records.put_delivery(after)
    return after
