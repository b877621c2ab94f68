"""This node as a witness of other nodes' logs, and what it learns from them as witnesses of its own.

One visit, as part of fetching from a peer:

1. The peer's keys, from the statement that was fetched and verified before it; its log's head, signed by that key.
2. The head follows from the newest one that was seen before: the consistency proof is put together from the log's tiles, and
   verified. Less leaves, other leaves or another key are a fault, which is kept; nothing is cosigned then.
3. It is cosigned and kept; who asks at :data:`ADDRESS` gets it.
4. What the peer cosigned of this node's log is fetched from there. It must be the beginning of the log as it stands: otherwise it is
   this node that lost or changed leaves (a backup that was restored, a database that somebody altered).
5. What the log says was issued is read on, a piece at a time (``reading``).

Left to others: HTTP (the caller's ``Get``), when (``crosscert.federation.sync``), keeping and showing faults (``faults``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kernel.errors import Refusal
from kernel.nodes import Node
from licenses import checkpoint, log, notes
from licenses.checkpoint import Checkpoint, StatedKeys
from licenses.errors import CHECKPOINT_INVALID, PROOF_INVALID
from licenses.log_ports import Cosigned, FaultKind, Witnessed
from licenses.ports import LicenseDeps
from licenses.transparency import faults
from licenses.transparency.consistency import consistency_proof, verify_consistency
from licenses.transparency.reading import read_on
from licenses.transparency.tiles import TileHashes

ADDRESS = "/licenses/witness"
"""Below it, under a node's area code, stands the newest head of that node's log that this node cosigned."""

_MAX_NOTE_BYTES = 16_384

Get = Callable[[str, int], bytes]
"""Fetches what a peer publishes at a whole address, of so many octets at most; ``Refusal(peer_unreachable)`` when it cannot."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The head that a log shows, signed, and where its tiles come from."""

    note: str
    head: Checkpoint
    get: Get


class LogWitness:
    """``crosscert.ports.LogWitness``."""

    def __init__(self, deps: Callable[[], LicenseDeps]) -> None:
        self._deps = deps

    def visit(self, node: Node, note: bytes, get: Get) -> None:
        """Look at the head that ``node`` shows of its log, and fetch what it saw of ours. ``Refusal`` when there is nothing to judge."""
        deps = self._deps()
        # 1.
        keys = _keys_of(deps, node)
        text = _text(note)
        head = checkpoint.verify_checkpoint(text, keys.log)
        # 2. and 3.
        look_at(deps, node, keys, Shown(text, head, get))
        # 4.
        seen = _text(get(f"{node.url}{ADDRESS}/{deps.node.code}", _MAX_NOTE_BYTES))
        if seen:  # it has not seen this node's log yet
            compare_own(deps, node, keys, seen)
        # 5.
        with deps.work.read() as work:
            held = work.records.find_witnessed(node.code)
        if held is not None and (held.size, held.root) == (head.size, head.root):
            read_on(deps, held, _below(node, get))


def look_at(deps: LicenseDeps, node: Node, keys: StatedKeys, shown: Shown) -> None:
    """Cosign the head of ``node``'s log when it follows from the one seen before; keep both when it contradicts it."""
    note, head = shown.note, shown.head
    with deps.work.read() as work:
        held = work.records.find_witnessed(node.code)
    if held is not None:
        if held.verifier_key != str(keys.log):
            faults.keep(deps, node.code, "key", held=held.note, shown=note)
            return
        if head.size < held.size:
            faults.keep(deps, node.code, "rollback", held=held.note, shown=note)
            return
        if not _follows(node, held, shown):
            faults.keep(deps, node.code, "fork", held=held.note, shown=note)
            return
    now = deps.clock.now()
    cosigned = checkpoint.cosign(deps, note, now)
    with deps.work.begin() as work:
        work.records.put_witnessed(Witnessed(node.code, str(keys.log), head.size, head.root, cosigned, now))


def compare_own(deps: LicenseDeps, node: Node, keys: StatedKeys, note: str) -> None:
    """Keep the head of this node's own log that ``node`` cosigned, or the evidence that the log is not what ``node`` saw."""
    head = checkpoint.verify_checkpoint(note, checkpoint.own_keys(deps).log)
    at = notes.verify_cosignature(note, keys.witness)
    with deps.work.read() as work:
        size = work.records.log_size()
        kept = head.size <= size and log.root(work.records, head.size) == head.root
        shown = "" if kept else checkpoint.sign_checkpoint(deps, work.records)
    if not kept:
        kind: FaultKind = "rollback" if head.size > size else "fork"
        faults.keep(deps, deps.node.code, kind, held=note, shown=shown, found_by=node.code)
        return
    with deps.work.begin() as work:
        work.records.put_cosigned(Cosigned(node.code, str(keys.witness), head.size, note, at))


def find_cosigned(deps: LicenseDeps, node_code: str) -> str:
    """Return the newest head of a node's log that this node cosigned; empty when it has seen none."""
    with deps.work.read() as work:
        seen = work.records.find_witnessed(node_code)
    return "" if seen is None else seen.note


def _follows(node: Node, held: Witnessed, shown: Shown) -> bool:
    head = shown.head
    if head.size == held.size:
        return head.root == held.root
    hashes = TileHashes(_below(node, shown.get), head.size)
    proof = consistency_proof(hashes, held.size, head.size)
    try:
        verify_consistency(held.size, held.root, head.size, head.root, proof)
    except Refusal:
        # Tiles that are merely wrong prove nothing against the log: only those from which its own head follows do.
        if log.root(hashes, head.size) != head.root:
            raise Refusal(PROOF_INVALID, problem="the tiles are not those of the head") from None
        return False
    return True


def _below(node: Node, get: Get) -> Get:
    return lambda path, most: get(f"{node.url}{checkpoint.ADDRESS}/{path}", most)


def _keys_of(deps: LicenseDeps, node: Node) -> StatedKeys:
    stated = deps.trust.evidence("log_key", node.code)
    if stated is None:
        raise Refusal(CHECKPOINT_INVALID, problem="its key is not known")
    token = deps.trust.verify_signed(stated.data.strip(), checkpoint.KEY_TYPE, deps.clock.now())
    if token.node.code != node.code:
        raise Refusal(CHECKPOINT_INVALID, problem="its key is another node's")
    return checkpoint.stated_keys(token.claims, node)


def _text(note: bytes) -> str:
    try:
        return note[: _MAX_NOTE_BYTES + 1].decode()
    except UnicodeDecodeError:
        raise Refusal(CHECKPOINT_INVALID, problem="UTF-8") from None
