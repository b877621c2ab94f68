"""Looks the whole log over: every leaf, every hash, every licence's entries, every head that a witness cosigned.

It takes as long as the log is; leaves are read in runs. Left to others: showing it (``service``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kernel.errors import Refusal
from licenses import checkpoint, log
from licenses.log_ports import Cosigned
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.registry_records import StatusCode

_RUN = 4096


@dataclass(slots=True)
class Audit:
    """What was found. ``problems`` are lines for an operator, empty when the log is as it must be."""

    size: int
    root: bytes = log.EMPTY_ROOT
    problems: list[str] = field(default_factory=list)


def audit(deps: LicenseDeps, progress: Callable[[int], None] = lambda _read: None) -> Audit:
    """Read the log from its first leaf and hold it against what is stored, registered, signed and witnessed.

    ``progress`` is told of how many leaves were read since it was last told.
    """
    with deps.work.read() as work:
        records = work.records
        found = Audit(records.log_size())
        heads = records.cosigned()
        told = _read_leaves(records, found, heads, progress)
        if found.size and log.root(records, found.size) != found.root:
            found.problems.append("the stored hashes do not lead to the root of the leaves")
        for one in heads:
            if one.size > found.size:
                found.problems.append(f"{one.witness_code} saw {one.size} leaves, there are {found.size}")
        _hold_registry(records, told, found)
    return found


class _Tree:
    """The tree that grows leaf by leaf: the roots of its complete subtrees, the largest first."""

    def __init__(self) -> None:
        self._peaks: list[bytes] = []
        self.size = 0

    def add(self, leaf: bytes) -> None:
        value, size = log.leaf_hash(leaf), self.size
        while size & 1:
            value, size = log.node_hash(self._peaks.pop(), value), size >> 1
        self._peaks.append(value)
        self.size += 1

    def root(self) -> bytes:
        if not self._peaks:
            return log.EMPTY_ROOT
        value = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            value = log.node_hash(peak, value)
        return value


def _read_leaves(
    records: LicenseRecords, found: Audit, heads: Sequence[Cosigned], progress: Callable[[int], None]
) -> dict[str, tuple[int, StatusCode]]:
    """Grow the tree anew; return of each document the leaf of its issue and the status that its last leaf tells."""
    tree = _Tree()
    told: dict[str, tuple[int, StatusCode]] = {}
    seen_at: dict[int, list[Cosigned]] = {}
    for one in heads:  # several witnesses may have seen the log at one size
        seen_at.setdefault(one.size, []).append(one)
    while tree.size < found.size and (leaves := records.log_leaves(tree.size, min(_RUN, found.size - tree.size))):
        for raw in leaves:
            try:
                leaf = log.parse_leaf(raw)
                told[leaf.pdf_sha256] = told.get(leaf.pdf_sha256, (tree.size, leaf.status))[0], leaf.status
            except Refusal:
                found.problems.append(f"leaf {tree.size} cannot be read")
            tree.add(raw)
            for seen in seen_at.get(tree.size, ()):
                if f"\n{tree.size}\n{checkpoint.encode_root(tree.root())}\n" not in seen.note:
                    found.problems.append(f"the first {tree.size} leaves are not those that {seen.witness_code} saw")
        progress(len(leaves))
    if tree.size != found.size:
        found.problems.append(f"leaf {tree.size} is missing")
    found.root = tree.root()
    return told


def _hold_registry(records: LicenseRecords, told: dict[str, tuple[int, StatusCode]], found: Audit) -> None:
    after = 0
    while page := records.licenses(after=after, limit=_RUN):
        for key, record in page:
            after = key
            entry = told.get(record.pdf_sha256 or "")
            if entry is None or entry[0] != record.log_index:
                found.problems.append(f"the issue of {record.number} is not in the log")
            elif entry[1] != record.status:
                found.problems.append(f"{record.number} has status {record.status}, the log says {entry[1]}")
