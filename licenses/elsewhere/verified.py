"""What other nodes verified of this node's licences comes into their holders' history: each peer is asked, every minute, by a signed question.

The node that verified keeps what it found to be another's (``verification``, ``qr_check``): the licence and the moment. It does not tell who asked,
nor anything to anybody but the node that issued. Nothing is sent because of a file: the issuing node comes for it.

1. The question says how far this node has heard; that much the other forgets, and tells what came since, a portion at a time.
2. The answer is signed for the asker alone, and names the question.
3. What is of a licence that was issued here goes on the audit trail, where its holder sees it, in the transaction that moves the number on: an
   answer that is lost or comes twice loses and doubles nothing. What stands there already, of a peer that was restored from a backup, does not again.

How far a peer was heard is moved on by its word, so a number is believed only where others can follow it for ever.

Left to others: HTTP (``views``, a port), when (``service.jobs``), the form of messages (``messages``), showing it (``wallet``, the holder's history).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeGuard

import structlog

from crosscert.errors import PEER_UNREACHABLE
from crosscert.federation.together import Together
from kernel.audit import AuditEvent, AuditTrail
from kernel.clock import timestamp
from kernel.errors import Refusal
from kernel.nodes import Node
from kernel.randomness import token
from licenses.elsewhere.asking import Peers
from licenses.elsewhere.messages import sign, verify
from licenses.errors.fetching import NODE_MESSAGE
from licenses.ports import LicenseDeps, LicenseRecords

PATH = "/crosscert/verified"
QUESTION, ANSWER = "chaoxin-verified-question+jwt", "chaoxin-verified-answer+jwt"
MOST = 200
"""In one answer: so much of a holder's history one node can write in a minute."""

_ACTION = "licenses.verify_elsewhere"
_RUN_SECONDS = 30.0
_KEPT = timedelta(days=30)
_CLOCKS = timedelta(days=1)
"""So far clocks may be apart."""
_TARGET = re.compile(r"(sha256):([0-9a-f]{64})|(license):([0-9A-Z.]{1,100})", re.ASCII)
_LARGEST = 2**62
"""No number is greater: those that follow it have room in their column."""
_FAR, _LEAP = 2**61, 2**32
"""No honest node comes so far. From there on nobody gets on by more than ``_LEAP`` at once, and it would take a thousand years to the end."""
_log = structlog.get_logger()


def answer(deps: LicenseDeps, question: bytes) -> str:
    """Return the signed answer to a peer; ``Refusal`` for whatever is no question of a trusted node."""
    now = deps.clock.now()
    asked = verify(deps, question, QUESTION, now)
    after = asked.claims.get("after")
    if not _is_number(after) or asked.node.code == deps.node.code:
        raise Refusal(NODE_MESSAGE, problem="after")
    # 1.
    with deps.work.begin() as work:
        work.records.drop_told(asked.node.code, until=after)
        work.records.number_untold(asked.node.code, after=after, limit=MOST)
        found = work.records.untold(asked.node.code, after=after, limit=MOST)
    # 2.
    # What a clock that ran ahead wrote down would not be believed, and would keep from the other all that comes after it.
    told = [[one.number, one.target, timestamp(min(one.at, now))] for one in found]
    return sign(deps, ANSWER, asked.node, {"jti": asked.claims["jti"], "verified": told}, now)


def hear_all(deps: LicenseDeps, peers: Peers) -> None:
    """Ask every peer; one that is away or answers badly is asked again the next time."""
    with deps.work.begin() as work:
        work.records.drop_untold(before=deps.clock.now() - _KEPT)
    by_code = {node.code: node for node in peers.nodes()}
    with Together(lambda code: _hear_quietly(deps, peers, by_code[code]), _RUN_SECONDS) as run:
        run.begin(by_code)


def hear(deps: LicenseDeps, peers: Peers, node: Node) -> int:
    """Ask one peer and return how many verifications of this node's licences it told; ``Refusal`` when it cannot be believed, or is away."""
    jti = token(16)
    with deps.work.read() as work:
        last = work.records.heard_until(node.code)
    reply = peers.ask(node, sign(deps, QUESTION, node, {"jti": jti, "after": last}, deps.clock.now()), PATH)
    now = deps.clock.now()
    read = verify(deps, reply, ANSWER, now)
    if read.node.code != node.code or read.claims["jti"] != jti:
        raise Refusal(NODE_MESSAGE, problem="it answers another question")
    told = _read(read.claims, last, timestamp(now + _CLOCKS))
    if not told:
        return 0
    # 3.
    with deps.work.begin() as work:
        if not work.records.note_heard_until(node.code, before=last, now=told[-1][0]):
            return 0
        details = {"node": node.code, "name": node.name}
        events = [
            AuditEvent(now, f"node:{node.code}", _ACTION, target, "ok", details | {"at": at})
            for _, target, at in told
            if _is_own(work.records, target) and not _is_known(work.audit, node, target, at)
        ]
        if events:
            work.audit.record_all(events)
    return len(events)


def _hear_quietly(deps: LicenseDeps, peers: Peers, node: Node) -> bool:
    try:
        hear(deps, peers, node)
    except Refusal as refusal:
        tell = _log.info if refusal.error is PEER_UNREACHABLE else _log.warning
        tell("peer_not_heard_of_verifications", node=node.code, code=refusal.code, problem=refusal.text.en)
        return False
    return True


def _read(claims: Mapping[str, Any], last: int, latest: int) -> Sequence[tuple[int, str, int]]:
    """Return what an answer tells; ``Refusal`` when it is not of the form that answers have, or tells of what is yet to come."""
    told = claims.get("verified")
    if not isinstance(told, list) or len(told) > MOST:
        raise Refusal(NODE_MESSAGE, problem="verified")
    most = max(last, _FAR) + _LEAP
    found: dict[str, tuple[int, str, int]] = {}
    for one in told:
        if not (isinstance(one, list) and len(one) == 3 and _is_number(one[0]) and _is_number(one[2])):  # noqa: PLR2004 - number, target, moment
            raise Refusal(NODE_MESSAGE, problem="members")
        number, target, at = one
        if number > most or at > latest:
            raise Refusal(NODE_MESSAGE, problem="a number or a moment that is too far ahead")
        if not isinstance(target, str) or _TARGET.fullmatch(target) is None or target in found or number <= last:
            raise Refusal(NODE_MESSAGE, problem="a target")
        found[target], last = (number, target, at), number
    return list(found.values())


def _is_own(records: LicenseRecords, target: str) -> bool:
    kind, _, name = target.partition(":")
    if kind == "sha256":
        return bool(records.find_known([name]))
    record = records.find_license(name)
    return record is not None and record.state == "issued"


def _is_known(trail: AuditTrail, node: Node, target: str, at: int) -> bool:
    """Tell whether it stands among the latest of a licence that a peer verified it at this moment."""
    heard = trail.about([target], [_ACTION], limit=MOST)
    return any((one.details["node"], one.details["at"]) == (node.code, at) for one in heard)


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST
