"""The other nodes as the console shows them: how well they can be heard, and what was agreed with them.

Left to others: fetching, agreeing, judging, the picture (``crosscert``), words and colours (``templates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from admin_ui.overview import Kind
from crosscert.federation.standings import list_standings
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement, Delivery, Peer, ProbeResult


@dataclass(frozen=True, slots=True)
class PeerState:
    """A peer, and whether what is held of it may still decide something.

    ``ok``: the last fetch succeeded. ``warn``: it failed, what is held is recent enough. ``bad``: verification of its licences
    is refused. ``lists_until`` is when the first of its revocation lists ends, None while there are none; ``relied_until`` is when it is
    relied on no more unless it is heard again; ``untaken`` which lists it has not taken, ``faults`` what was seen from outside.
    """

    peer: Peer
    kind: Kind
    lists_until: datetime | None
    relied_until: datetime | None = None
    untaken: Sequence[Delivery] = ()
    faults: Sequence[ProbeResult] = ()


@dataclass(frozen=True, slots=True)
class AgreementState:
    """An agreement and how many admins' approval it needs; ``waiting`` while one is still missing."""

    agreement: Agreement
    needed: int

    @property
    def waiting(self) -> bool:
        """Whether an admin's approval is wanted."""
        return self.agreement.kind != "asked" and self.agreement.state in {"requested", "compared"}


def list_peers(deps: CrosscertDeps, at: datetime, max_age: timedelta) -> Sequence[PeerState]:
    """Return all peers, the agreed ones first; what is older than ``max_age`` decides nothing any more."""
    standings = list_standings(deps, at)
    with deps.work.read() as work:
        lists = work.records.crls()
    ends: dict[str, datetime] = {}
    for held in lists:
        if held.next_update is not None:
            ends[held.node_code] = min(held.next_update, ends.get(held.node_code, held.next_update))
    return [
        PeerState(
            peer=each.peer,
            kind=peer_kind(each.peer, at, max_age),
            lists_until=ends.get(each.peer.node.code),
            relied_until=each.relied_until,
            untaken=[sent for sent in each.deliveries if sent.error is not None],
            faults=[probe for probe in each.probes if not probe.ok],
        )
        for each in standings
    ]


def list_agreements(deps: CrosscertDeps) -> Sequence[AgreementState]:
    """Return all agreements, the newest request first."""
    with deps.work.read() as work:
        return [AgreementState(agreement, deps.policies.cross_certificates.approvers) for agreement in work.records.agreements()]


def peer_kind(peer: Peer, at: datetime, max_age: timedelta) -> Kind:
    """Return how well a peer can be heard at ``at``."""
    if peer.last_ok_at is None or at - peer.last_ok_at > max_age:
        return "bad"
    return "warn" if peer.last_error else "ok"
