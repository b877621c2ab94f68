"""How each peer stands: whether it is heard, until when it is relied on, what it has not taken, what the probes found. For people.

Left to others: finding it out (``sync``, ``push``, ``probes``), showing it (``service``, ``admin_ui``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crosscert.ports import CrosscertDeps
from crosscert.records import Delivery, Peer, ProbeResult
from kernel.clock import rfc3339


@dataclass(frozen=True, slots=True)
class Standing:
    """One peer at one moment. ``relied_until`` is the end of the budget unless it is heard again, None if it never was.

    ``deliveries`` are how sending it the newest lists stands.
    """

    peer: Peer
    at: datetime
    relied_until: datetime | None
    deliveries: Sequence[Delivery]
    probes: Sequence[ProbeResult]

    @property
    def failing(self) -> bool:
        """Whether the last fetch failed."""
        return self.peer.last_error is not None

    @property
    def seconds_left(self) -> int:
        """The countdown: how long it is still relied on if it is not heard again."""
        return 0 if self.relied_until is None else max(0, int((self.relied_until - self.at).total_seconds()))

    @property
    def problems(self) -> list[str]:
        """What is wrong, one line each, since when; empty when all is well."""
        found = []
        if self.peer.last_error is not None:
            found.append(
                f"{self.peer.last_error} since {_moment(self.peer.failing_since)}: {self.peer.last_error_text or ''}".strip()
            )
        found += [
            f"has not taken the newest list of {each.ca}, {each.failures} tries: {each.error}"
            for each in self.deliveries
            if each.error is not None
        ]
        found += [f"{each.probe} since {rfc3339(each.since)}: {each.detail}" for each in self.probes if not each.ok]
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        peer = self.peer
        return {
            "last_ok_at": _moment(peer.last_ok_at),
            "last_error": peer.last_error,
            "failing_since": _moment(peer.failing_since),
            "failures": peer.failures,
            "next_try_at": _moment(peer.next_try_at),
            "relied_until": _moment(self.relied_until),
            "seconds_left": self.seconds_left,
            "deliveries": [
                {
                    "ca": sent.ca,
                    "number": sent.number,
                    "delivered_at": _moment(sent.delivered_at),
                    "error": sent.error,
                    "failures": sent.failures,
                    "next_try_at": _moment(sent.next_try_at),
                }
                for sent in self.deliveries
            ],
            "probes": [
                {"probe": each.probe, "ok": each.ok, "since": rfc3339(each.since), "at": rfc3339(each.at), "detail": each.detail}
                for each in self.probes
            ],
        }


def list_standings(deps: CrosscertDeps, at: datetime) -> Sequence[Standing]:
    """Return how the peers stand at ``at``, the agreed ones first."""
    with deps.work.read() as work:
        peers, probes, deliveries = work.records.peers(), work.records.probes(), work.records.deliveries()
    budget = timedelta(seconds=deps.policies.federation.budget_seconds)
    return [
        Standing(
            peer=peer,
            at=at,
            relied_until=None if peer.last_ok_at is None else peer.last_ok_at + budget,
            deliveries=[each for each in deliveries if each.peer_code == peer.node.code],
            probes=[each for each in probes if each.node_code == peer.node.code],
        )
        for peer in peers
    ]


def _moment(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
