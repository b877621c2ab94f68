"""One run over the peers: all at the same time, each within its own limits, how it went noted with each.

Agreed peers begin first: a bridge's lists decide about its members, and its description tells of them. A peer that failed is left alone
for a while that grows (``backoff``). Left to others: fetching from one peer (``visits``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog

from crosscert.federation.backoff import is_due, next_try_at
from crosscert.federation.sync.visits import visit
from crosscert.federation.together import Together
from crosscert.ports import CrosscertDeps
from crosscert.records import Relation
from kernel.errors import ChaoxinError

RUN_SECONDS = 50.0
AGREED_SECONDS = 5.0
"""How long members wait for what the agreed peers say; a slow one delays them no further."""

_FIRST: tuple[Relation, ...] = ("agreed", "outside")
_THEN: tuple[Relation, ...] = ("member",)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """How fetching from one peer went: the code of what failed, None when all is well."""

    code: str
    error: str | None


def sync_all(deps: CrosscertDeps, *, only_due: bool = False) -> Sequence[SyncOutcome]:
    """Fetch from every known peer (or those whose time it is); members that a bridge tells of now are fetched in the same run.

    Nothing raises out of it: how it went is noted with each peer.
    """
    with Together(lambda code: _sync_quietly(deps, code), RUN_SECONDS) as run:
        run.begin(_waiting(deps, _FIRST, only_due=only_due))
        run.wait(AGREED_SECONDS)
        run.begin(_waiting(deps, _THEN, only_due=only_due))
        return list(run.results().values())


def sync_peer(deps: CrosscertDeps, code: str) -> None:
    """Fetch from one peer; ``Refusal`` says what failed, which is noted with the peer as well."""
    try:
        full = visit(deps, code)
    except ChaoxinError as error:
        _note_failed(deps, code, error.code, f"{error.text.zh} {error.text.en}")
        raise
    with deps.work.begin() as work:
        work.records.note_heard(code, at=deps.clock.now(), full=full)


def _waiting(deps: CrosscertDeps, relations: Collection[Relation], *, only_due: bool) -> list[str]:
    now = deps.clock.now()
    with deps.work.read() as work:
        peers = [peer for peer in work.records.peers() if peer.relation in relations]
    return [peer.node.code for peer in peers if not only_due or is_due(peer.next_try_at, now)]


def _sync_quietly(deps: CrosscertDeps, code: str) -> SyncOutcome:
    try:
        sync_peer(deps, code)
    except ChaoxinError as error:
        _log.warning("peer_sync_failed", peer=code, error=error.code, text=error.text.en)
        return SyncOutcome(code, error.code)
    except Exception:  # noqa: BLE001 - one peer's fault, whatever it is, must not keep us from the others
        _log.exception("peer_sync_failed", peer=code)
        _note_failed(deps, code, "internal", None)
        return SyncOutcome(code, "internal")
    return SyncOutcome(code, None)


def _note_failed(deps: CrosscertDeps, code: str, error: str, text: str | None) -> None:
    now = deps.clock.now()
    with deps.work.begin() as work:
        peer = work.records.find_peer(code)
        failures = 1 if peer is None else peer.failures + 1
        work.records.note_failed(code, at=now, error=error, text=text, next_try_at=next_try_at(failures, now))
