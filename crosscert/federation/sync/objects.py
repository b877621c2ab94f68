"""The signed statements that a peer publishes beside certificates and lists: status list, log key, log head.

Then the log is witnessed. Left to others: what they say (their readers), how a log is looked at (``ports.LogWitness``), fetching
(``fetching``).
"""

from __future__ import annotations

from datetime import datetime

import structlog

from crosscert.description_format import UnverifiedDescription
from crosscert.errors import DESCRIPTION_INVALID, DESCRIPTION_OLD
from crosscert.federation.sync.fetching import Fetching
from crosscert.ports import CrosscertDeps
from crosscert.records import ObjectKind, Peer, SyncedObject
from crosscert.trust import Trust
from kernel.errors import ChaoxinError, Refusal

MAX_OBJECT_BYTES = 4 * 1024 * 1024
STATUS_LIST_TYPE = "statuslist+jwt"
LOG_KEY_TYPE = "chaoxin-log-key+jwt"
_log = structlog.get_logger()


def sync_objects(deps: CrosscertDeps, fetching: Fetching, peer: Peer, description: UnverifiedDescription) -> None:
    """Fetch status list, log key and log head. Each is kept by itself; the first that fails is told when all were tried."""
    wanted: tuple[tuple[ObjectKind, str | None], ...] = (
        ("status_list", description.endpoints.status_list),
        ("log_key", description.endpoints.log_key),
        ("log_checkpoint", description.endpoints.log_checkpoint),
    )
    failed: ChaoxinError | None = None
    for kind, url in wanted:
        if url is not None:
            try:
                _sync_object(deps, fetching, peer, kind, url)
            except ChaoxinError as error:
                failed = failed or error
    if failed is not None:
        raise failed
    _witness(deps, fetching, peer)


def _witness(deps: CrosscertDeps, fetching: Fetching, peer: Peer) -> None:
    """Look at the log's head that was fetched just now. What is wrong with a log is told by the witness: it ends no trust."""
    with deps.work.read() as work:
        head = work.records.find_object(peer.node.code, "log_checkpoint")
    if deps.witness is None or head is None:
        return
    try:
        deps.witness.visit(peer.node, head.data, lambda url, most: fetching.get(url, most).data or b"")
    except ChaoxinError as error:
        _log.warning("log_not_witnessed", peer=peer.node.code, error=error.code, text=error.text.en)


def _sync_object(deps: CrosscertDeps, fetching: Fetching, peer: Peer, kind: ObjectKind, url: str) -> None:
    with deps.work.read() as work:
        held = work.records.find_object(peer.node.code, kind)
    answer = fetching.get(url, MAX_OBJECT_BYTES, held.etag if held is not None and held.url == url else None)
    now = deps.clock.now()
    if answer.data is None:
        with deps.work.begin() as work:
            work.records.confirm_object(peer.node.code, kind, now)
        return
    issued_at, expires_at = _check_object(deps, peer, kind, answer.data, now)
    if held is not None and held.issued_at is not None and issued_at is not None and issued_at < held.issued_at:
        raise Refusal(DESCRIPTION_OLD)
    with deps.work.begin() as work:
        work.records.put_object(SyncedObject(peer.node.code, kind, url, answer.data, answer.etag, now, issued_at, expires_at))


def _check_object(
    deps: CrosscertDeps, peer: Peer, kind: ObjectKind, data: bytes, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Verify what the node's signer signed. The log's head is signed by the log's own key, which its readers verify it with."""
    if kind == "log_checkpoint":
        return None, None
    typ = STATUS_LIST_TYPE if kind == "status_list" else LOG_KEY_TYPE
    token = Trust(deps).verify_signed(data.strip(), typ, now, require=("iat", "exp"))
    if token.node.code != peer.node.code:
        raise Refusal(DESCRIPTION_INVALID, problem=f"{kind}: signed by node {token.node.code}")
    try:
        issued_at, expires_at = (datetime.fromtimestamp(token.claims[name], tz=now.tzinfo) for name in ("iat", "exp"))
    except (ValueError, OverflowError, OSError):  # a moment that no calendar has
        raise Refusal(DESCRIPTION_INVALID, problem=f"{kind}: its time") from None
    return issued_at, expires_at
