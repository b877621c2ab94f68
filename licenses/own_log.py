"""Whether our own log has the issuing of a licence: proven from its tree, for several licences at one moment without asking twice.

A proof is kept: what was in the log once is in all that it grows to. Left to others: the tree (``log``), other nodes' logs (``gathering``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from kernel.errors import Refusal
from licenses import log
from licenses.evidence import LogEvidence
from licenses.ports import LicenseRecords
from licenses.registry_records import LicenseRecord

_MOST_KEPT = 4_000


class OwnLog:
    """The log as it stands when it is first asked for. ``kept`` outlives it: proofs by place and document."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self._kept = kept
        self._size: int | None = None
        self._root = b""
        self._nodes: dict[tuple[int, int], bytes] = {}

    def find(self, records: LicenseRecords, record: LicenseRecord) -> LogEvidence:
        """Return whether the log has ``record``'s issuing."""
        size = self._size = records.log_size() if self._size is None else self._size
        if record.log_index is None or record.log_index >= size:
            return LogEvidence("own", included=False, size=size)
        known = f"log:{record.log_index}:{record.pdf_sha256}"
        kept: LogEvidence | None = self._kept.get(known)
        if kept is not None and (kept.size or 0) <= size:
            return kept
        found = self._prove(records, record, record.log_index, size)
        if found.included:
            remember(self._kept, known, found)
        return found

    def _prove(self, records: LicenseRecords, record: LicenseRecord, index: int, size: int) -> LogEvidence:
        leaf = records.find_log_leaf(index)
        if leaf is None:
            return LogEvidence("own", included=False, index=index, size=size)
        # Neighbours' proofs have most of their nodes in common.
        nodes = cast("LicenseRecords", _Nodes(records, self._nodes))
        root = self._root = self._root or log.root(nodes, size)
        try:
            said = log.verify_inclusion(leaf, log.inclusion_proof(nodes, index, size), root)
        except (Refusal, LookupError):
            return LogEvidence("own", included=False, index=index, size=size, root=root.hex())
        included = (said.event, said.pdf_sha256) == ("issued", record.pdf_sha256)
        return LogEvidence("own", included=included, index=index, size=size, root=root.hex(), at=said.at)


def remember(kept: dict[str, Any], name: str, value: Any) -> None:
    """Keep ``value``; when there is much already, all else is forgotten, which costs time only."""
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[name] = value


class _Nodes:
    """The stored nodes, each read once."""

    def __init__(self, records: LicenseRecords, known: dict[tuple[int, int], bytes]) -> None:
        self._records = records
        self._known = known

    def get_log_nodes(self, places: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """Return the hashes at ``places``; ``LookupError`` when one is missing."""
        missing = [place for place in places if place not in self._known]
        if missing:
            self._known.update(self._records.get_log_nodes(missing))
        return self._known
