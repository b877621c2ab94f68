"""How long this node relies on others that it does not hear: a stated budget after which what rests on them is not judged valid any more.

Revocation lists end by themselves, but only after days; what a node has not told for a day may have changed. With the bridge away, whatever
goes through it is relied on until the budget is used up, and no longer.

Left to others: who was heard when (``federation.sync``), finding the path (``trust``), showing what is left (``federation.standings``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crosscert.paths.records import PathVerdict, Reason
from kernel.clock import rfc3339
from kernel.errors import Text
from kernel.nodes import Node

TOO_OLD = "evidence_too_old"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reliance:
    """Until when a path is relied on if nothing is heard: by the budget of the node that was heard least lately, and by the lists held."""

    budget_until: datetime
    node: Node
    heard_at: datetime
    lists_until: datetime | None = None

    @property
    def until(self) -> datetime:
        """The end, whichever comes first."""
        return self.budget_until if self.lists_until is None else min(self.budget_until, self.lists_until)


def rely(
    nodes: Iterable[Node], heard: Mapping[str, datetime], budget: timedelta, lists_until: datetime | None
) -> Reliance | None:
    """Return the first limit among the nodes by when each was heard; None for no nodes. One never heard is not relied on."""
    limits = [
        Reliance(heard_at + budget, node, heard_at, lists_until) for node in nodes for heard_at in [heard.get(node.code, _NEVER)]
    ]
    return min(limits, key=lambda limit: limit.budget_until, default=None)


def check_reliance(verdict: PathVerdict, reliance: Reliance | None, at: datetime) -> PathVerdict:
    """Return the verdict, or that it does not hold because one of the path's nodes was not heard for too long.

    That lists have ended is for the path engine to find, which may have been offered newer ones.
    """
    if not verdict.valid or reliance is None or at <= reliance.budget_until:
        return verdict
    node = reliance.node
    heard = ("从未", "never") if reliance.heard_at == _NEVER else (rfc3339(reliance.heard_at),) * 2
    text = Text(
        f"证书链经过节点 {node.code}，最近一次取到它的资料：{heard[0]}，已超过信任期限。",
        f"The chain goes through node {node.code}, which was last heard: {heard[1]}. That is longer than it is relied on.",
    )
    reason = Reason(TOO_OLD, text, verdict.certificates[-1])
    return PathVerdict(valid=False, certificates=verdict.certificates, reason=reason)
