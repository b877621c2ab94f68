"""Fetches from one peer, verifies what came and keeps it.

1. Its description and its revocation lists are fetched; 2. the description's signer is judged by a path from this node's anchor, with
what came in as offers only; 3. each list is verified under the exact key of its CA, its number may not fall; 4. all is stored in one
transaction; 5. status list and log head follow.

What has not changed since is not sent again (ETag, RFC 9110 13.1.2), except once an hour, when everything is fetched whole: what a
peer, or a cache between, calls unchanged is its word only. Left to others: HTTP (``http``), judging (``trust``), when (``runs``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crosscert import node_description
from crosscert.belongings import own_certificates
from crosscert.description_format import MAX_BYTES, UnverifiedDescription, parse
from crosscert.errors import DESCRIPTION_INVALID, DESCRIPTION_OLD, PEER_UNKNOWN
from crosscert.federation.intake import Taken, store_crls, take_crl
from crosscert.federation.outside_lists import fetch_outside_lists
from crosscert.federation.sync.fetching import Fetching
from crosscert.federation.sync.members import store_members
from crosscert.federation.sync.objects import sync_objects
from crosscert.http import is_below
from crosscert.linked import linked_keys
from crosscert.paths.crls import ParsedCrl, parse_crl
from crosscert.ports import CrosscertDeps
from crosscert.records import CertificateKind, ListTag, Peer, StoredCertificate, SyncedObject
from crosscert.trust import Trust
from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.nodes import Node

MAX_CRL_BYTES = 64 * 1024 * 1024
MAX_LISTS_BYTES = 2 * MAX_CRL_BYTES
"""Of all lists of one visit: they are held in memory until all of it is verified."""
FULL_EVERY = timedelta(hours=1)
MOST_CERTIFICATES: Mapping[CertificateKind, int] = {
    "principal": 100,
    "issuing": 100,
    "link": 100,
    "cross": 5_000,
    "token_signer": 1_000,
}
"""How many certificates of one node are kept, for ever: every judgement is made over all of them, and each CA may send lists."""


@dataclass(frozen=True, slots=True)
class _Lists:
    """Where the lists are, those that changed, and the tags to ask with next time."""

    urls: Sequence[str]
    changed: Sequence[ParsedCrl]
    tags: Sequence[ListTag]


def visit(deps: CrosscertDeps, code: str) -> bool:
    """Fetch from the peer and tell whether everything was fetched whole; ``Refusal`` says what failed."""
    now = deps.clock.now()
    with deps.work.read() as work:
        peer = work.records.find_peer(code)
        held = work.records.find_object(code, "description")
        tags = {tag.url: tag.etag for tag in work.records.list_tags(code)}
    if peer is None:
        raise Refusal(PEER_UNKNOWN, field="code", code=code)
    if peer.relation == "outside":
        fetch_outside_lists(deps, peer)
        return True
    # A moment in the future is one of before the clock was set back.
    full = peer.full_at is None or not timedelta(0) <= now - peer.full_at < FULL_EVERY
    fetching = Fetching(deps, peer.node, full=full)
    # 1. What the peer says of itself, and the lists of its CAs.
    url = peer.node.url + node_description.PATH
    answer = fetching.get(url, MAX_BYTES, held.etag if held is not None else None)
    document = answer.data if answer.data is not None else (held.data if held is not None else b"")
    description = parse(document)
    lists = _fetch_lists(fetching, peer, description, tags)
    # 2. Is it what it says, for us?
    now = deps.clock.now()
    check_description(peer, description, held, now)
    _check_signer(deps, peer, description, lists.changed, now)
    # 3. Each list, under the exact key of its CA.
    taken = [take_crl(found, (description.principal, *description.issuing, *description.links), now) for found in lists.changed]
    # 4. Together or not at all.
    fetched = SyncedObject(code, "description", url, document, answer.etag, now, description.issued_at, description.expires_at)
    _store(deps, peer, description, (taken, lists), fetched)
    # 5. What others read of it.
    sync_objects(deps, fetching, peer, description)
    return full


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


def _fetch_lists(fetching: Fetching, peer: Peer, description: UnverifiedDescription, tags: Mapping[str, str]) -> _Lists:
    """Fetch the peer's lists from where they always are and from where it says, below its address only."""
    urls = dict.fromkeys([f"{peer.node.url}/pki/principal.crl", f"{peer.node.url}/pki/issuing.crl"])
    urls.update(dict.fromkeys(url for url in description.endpoints.crls if is_below(url, peer.node.url)))
    changed, found, left = [], [], MAX_LISTS_BYTES
    for url in urls:
        answer = fetching.get(url, min(MAX_CRL_BYTES, left), tags.get(url))
        if answer.data is not None:
            left -= len(answer.data)
            changed.append(parse_crl(answer.data))
            if answer.etag is not None:
                found.append(ListTag(peer.node.code, url, answer.etag))
    return _Lists(tuple(urls), changed, found)


def _store(
    deps: CrosscertDeps,
    peer: Peer,
    description: UnverifiedDescription,
    found: tuple[Sequence[Taken], _Lists],
    fetched: SyncedObject,
) -> None:
    now, (taken, lists) = fetched.fetched_at, found
    with deps.work.begin() as work:
        records = work.records
        changed = store_crls(records, peer.node.code, taken, now)
        added = set()
        for kind, certificate in own_certificates(description):
            if records.add_certificate(StoredCertificate(certificate.sha256, kind, peer.node.code, certificate.der, now)):
                added.add(kind)
        for kind, most in MOST_CERTIFICATES.items():
            if kind in added and records.count_certificates(peer.node.code, kind) > most:
                raise Refusal(DESCRIPTION_INVALID, problem=f"more than {most} certificates of one node ({kind})")
        changed |= bool(added - {"token_signer"})  # no path leads through these, so nothing that is kept of paths changes
        node = Node(peer.node.code, description.node.name, peer.node.level, peer.node.url, peer.node.names)
        # The key that was certified stays the peer's, whatever it was rolled over to: the links lead on from it.
        # And what was agreed with it while it was being visited is not undone.
        if records.find_peer(peer.node.code) == peer:
            records.put_peer(Peer(node, peer.relation, peer.learned_from, peer.principal_key or description.principal.key.hex()))
        changed |= store_members(deps, records, peer, description)
        records.put_object(fetched)
        records.drop_list_tags(peer.node.code, but=lists.urls)
        for tag in lists.tags:
            records.put_list_tag(tag)
        if changed:
            records.raise_generation()
            target = f"node:{peer.node.code}"
            details = {"issued_at": description.issued_at.isoformat(), "lists": [str(each.crl.number) for each in taken]}
            work.audit.record(AuditEvent(now, "system", "crosscert.sync", target, details=details))
