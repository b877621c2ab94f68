"""Fetches what the peers publish, verifies it as it comes in and keeps it for when they are away.

For one peer: 1. its description and its revocation lists are fetched; 2. the description's signer is judged by a path from this node's
anchor, with what came in as offers only; 3. each list is verified under the exact key of its CA, its number may not fall; 4. all is stored
in one transaction; 5. status list and log head follow. Agreed peers come first: a bridge's description tells of its members.

Nothing raises out of :func:`sync_all`: how it went is noted with each peer. Left to others: HTTP (``http``), judging (``trust``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from crosscert import node_description
from crosscert.description_format import MAX_BYTES, UnverifiedDescription, names_of, parse
from crosscert.errors import DESCRIPTION_INVALID, DESCRIPTION_OLD, PEER_UNKNOWN, PEER_UNREACHABLE
from crosscert.http import is_below
from crosscert.intake import Taken, store_crls, take_crl
from crosscert.linked import linked_keys
from crosscert.outside_lists import fetch_outside_lists
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl, parse_crl
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.records import CertificateKind, Fetched, ObjectKind, Peer, StoredCertificate, SyncedObject
from crosscert.trust import Trust
from kernel.audit import AuditEvent
from kernel.clock import monotonic
from kernel.errors import ChaoxinError, Refusal
from kernel.nodes import Node
from policies.certificates import policy_oid

FETCH_SECONDS = 10.0
PEER_SECONDS = 30.0
MAX_CRL_BYTES = 64 * 1024 * 1024
MAX_OBJECT_BYTES = 4 * 1024 * 1024
STATUS_LIST_TYPE = "statuslist+jwt"
LOG_KEY_TYPE = "chaoxin-log-key+jwt"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """How fetching from one peer went: the code of what failed, None when all is well."""

    code: str
    error: str | None


def sync_all(deps: CrosscertDeps) -> Sequence[SyncOutcome]:
    """Fetch from every known peer, the agreed ones first; members that a bridge tells of now are fetched in the same run."""
    outcomes: dict[str, SyncOutcome] = {}
    for _ in range(2):
        with deps.work.read() as work:
            waiting = [peer.node.code for peer in work.records.peers() if peer.node.code not in outcomes]
        for code in waiting:
            outcomes[code] = _sync_quietly(deps, code)
    return list(outcomes.values())


def sync_peer(deps: CrosscertDeps, code: str) -> None:
    """Fetch from one peer; ``Refusal`` says what failed, which is noted with the peer as well."""
    try:
        _sync(deps, code)
    except ChaoxinError as error:
        _note(deps, code, error.code, f"{error.text.zh} {error.text.en}")
        raise
    _note(deps, code, None, None)


def _sync_quietly(deps: CrosscertDeps, code: str) -> SyncOutcome:
    try:
        sync_peer(deps, code)
    except ChaoxinError as error:
        _log.warning("peer_sync_failed", peer=code, error=error.code, text=error.text.en)
        return SyncOutcome(code, error.code)
    except Exception:  # noqa: BLE001 - one peer's fault, whatever it is, must not keep us from the others
        _log.exception("peer_sync_failed", peer=code)
        _note(deps, code, "internal", None)
        return SyncOutcome(code, "internal")
    return SyncOutcome(code, None)


def _note(deps: CrosscertDeps, code: str, error: str | None, text: str | None) -> None:
    with deps.work.begin() as work:
        work.records.note_sync(code, at=deps.clock.now(), error=error, text=text)


class _Fetching:
    """Fetches from one peer below its registered address, all together within ``PEER_SECONDS``."""

    def __init__(self, deps: CrosscertDeps, node: Node) -> None:
        self._deps = deps
        self._node = node
        self._end = monotonic() + PEER_SECONDS

    def get(self, url: str, max_bytes: int, etag: str | None = None) -> Fetched:
        """Return what is there; ``Refusal(peer_unreachable)`` else."""
        left = min(FETCH_SECONDS, self._end - monotonic())
        if left <= 0:
            raise Refusal(PEER_UNREACHABLE, url=url, problem="too slow")
        return self._deps.fetch.get(url, below=self._node.url, max_bytes=max_bytes, timeout=left, etag=etag)


def _sync(deps: CrosscertDeps, code: str) -> None:
    with deps.work.read() as work:
        peer = work.records.find_peer(code)
        held = work.records.find_object(code, "description")
    if peer is None:
        raise Refusal(PEER_UNKNOWN, field="code", code=code)
    if peer.relation == "outside":
        fetch_outside_lists(deps, peer)
        return
    fetching = _Fetching(deps, peer.node)
    # 1. What the peer says of itself, and the lists of its CAs.
    url = peer.node.url + node_description.PATH
    answer = fetching.get(url, MAX_BYTES, held.etag if held is not None else None)
    document = answer.data if answer.data is not None else (held.data if held is not None else b"")
    description = parse(document)
    lists = _fetch_lists(fetching, peer, description)
    # 2. Is it what it says, for us?
    now = deps.clock.now()
    check_description(peer, description, held, now)
    _check_signer(deps, peer, description, lists, now)
    # 3. Each list, under the exact key of its CA.
    taken = [take_crl(found, (description.principal, *description.issuing, *description.links), now) for found in lists]
    # 4. Together or not at all.
    fetched = SyncedObject(code, "description", url, document, answer.etag, now, description.issued_at, description.expires_at)
    _store(deps, peer, description, taken, fetched)
    # 5. What others read of it.
    _sync_objects(deps, fetching, peer, description)


def check_description(peer: Peer, description: UnverifiedDescription, held: SyncedObject | None, now: datetime) -> None:
    """Refuse a description that is not the peer's own: of another node or root, out of date, older than the one held."""
    node = description.node
    if (node.code, node.level, node.url, node.names) != (peer.node.code, peer.node.level, peer.node.url, peer.node.names):
        raise Refusal(DESCRIPTION_INVALID, problem="it is another node's")
    if peer.principal_key is not None and description.principal.key.hex() not in linked_keys(
        peer.principal_key, description.links
    ):
        raise Refusal(DESCRIPTION_INVALID, problem="another principal CA than was certified")
    node_description.check_fresh(description, now)
    if held is not None and held.issued_at is not None and description.issued_at < held.issued_at:
        raise Refusal(DESCRIPTION_OLD)


def _check_signer(
    deps: CrosscertDeps, peer: Peer, description: UnverifiedDescription, lists: Sequence[ParsedCrl], now: datetime
) -> None:
    """Refuse a description without a path from this node's anchor to its signer; what came in with it are offers only."""
    token = Trust(deps).verify_signed(
        description.jws,
        node_description.TYPE,
        now,
        require=(),
        max_bytes=MAX_BYTES,
        extra_certificates=description.certificates,
        extra_crls=[found.der for found in lists],
    )
    if token.node.code != peer.node.code:
        raise Refusal(DESCRIPTION_INVALID, problem=f"signed by node {token.node.code}")


def _fetch_lists(fetching: _Fetching, peer: Peer, description: UnverifiedDescription) -> list[ParsedCrl]:
    """Fetch the peer's lists from where they always are and from where it says, below its address only."""
    urls = dict.fromkeys([f"{peer.node.url}/pki/principal.crl", f"{peer.node.url}/pki/issuing.crl"])
    urls.update(dict.fromkeys(url for url in description.endpoints.crls if is_below(url, peer.node.url)))
    found = []
    for url in urls:
        data = fetching.get(url, MAX_CRL_BYTES).data
        if data is None:
            raise Refusal(PEER_UNREACHABLE, url=url, problem="no content")
        found.append(parse_crl(data))
    return found


def _store(
    deps: CrosscertDeps, peer: Peer, description: UnverifiedDescription, taken: Sequence[Taken], fetched: SyncedObject
) -> None:
    now = fetched.fetched_at
    with deps.work.begin() as work:
        records = work.records
        changed = store_crls(records, peer.node.code, taken, now)
        kinds: Iterable[tuple[CertificateKind, Iterable[ParsedCertificate]]] = (
            ("principal", (description.principal,)),
            ("issuing", description.issuing),
            ("link", description.links),
            ("cross", description.issued),
        )
        for kind, certificates in kinds:
            for certificate in certificates:
                stored = StoredCertificate(certificate.sha256, kind, peer.node.code, certificate.der, now)
                changed |= records.add_certificate(stored)
        node = Node(peer.node.code, description.node.name, peer.node.level, peer.node.url, peer.node.names)
        # The key that was certified stays the peer's, whatever it was rolled over to: the links lead on from it.
        records.put_peer(Peer(node, peer.relation, peer.learned_from, peer.principal_key or description.principal.key.hex()))
        changed |= _store_members(deps, records, peer, description)
        records.put_object(fetched)
        if changed:
            records.raise_generation()
            target = f"node:{peer.node.code}"
            details = {"issued_at": description.issued_at.isoformat(), "lists": [found.crl.number for found in taken]}
            work.audit.record(AuditEvent(now, "system", "crosscert.sync", target, details=details))


def _store_members(deps: CrosscertDeps, records: CrosscertRecords, bridge: Peer, description: UnverifiedDescription) -> bool:
    """Take up the nodes that a bridge certified: their root and names from its cross-certificate, their address from its word."""
    if bridge.relation != "agreed":
        return False
    changed = False
    for member in description.members:
        if member.code == deps.node.code:
            continue
        certificate = _certificate_for(deps, member, description.issued)
        if certificate is None:
            continue
        node = Node(member.code, member.name, member.level, member.url, names_of(certificate))
        known = records.find_peer(member.code)
        fresh = Peer(node, "member", bridge.node.code, certificate.key.hex())
        if known is None or (known.relation == "member" and (known.node, known.principal_key) != (node, fresh.principal_key)):
            records.put_peer(fresh)
            changed = True
    return changed


def _certificate_for(deps: CrosscertDeps, member: Node, issued: Iterable[ParsedCertificate]) -> ParsedCertificate | None:
    """Return the cross-certificate by which the bridge maps its policies to the member's: the mapping names whose root it is."""
    wanted = {policy_oid(deps.policies, member.code, level) for level in deps.policies.levels}
    for certificate in issued:
        mappings = certificate.asn1.policy_mappings_value or ()
        if {pair["subject_domain_policy"].dotted for pair in mappings} == wanted:
            return certificate
    return None


def _sync_objects(deps: CrosscertDeps, fetching: _Fetching, peer: Peer, description: UnverifiedDescription) -> None:
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


def _sync_object(deps: CrosscertDeps, fetching: _Fetching, peer: Peer, kind: ObjectKind, url: str) -> None:
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
    token = Trust(deps).verify_signed(data.strip(), typ, now)
    if token.node.code != peer.node.code:
        raise Refusal(DESCRIPTION_INVALID, problem=f"{kind}: signed by node {token.node.code}")
    issued_at, expires_at = (datetime.fromtimestamp(token.claims[name], tz=now.tzinfo) for name in ("iat", "exp"))
    return issued_at, expires_at
