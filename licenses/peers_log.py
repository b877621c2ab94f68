"""Whether the log of another node has the issuing of a licence, by what was read of it at the visits there. Nobody is asked.

A licence is looked for by the SHA-256 of its document. One that was sealed well before the log's head was seen, all of which has been read,
and that the log does not have, was sealed behind the log's back: by a stolen key, or by a node that hides something.

Left to others: reading logs (``transparency.reading``), what follows (``checks.license``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.errors import Text
from licenses.evidence import LogEvidence
from licenses.ports import LicenseRecords

_LAG = timedelta(hours=1)
"""For so long before a head was seen its absence from the log says nothing: sealing and logging are two moments."""

_NOT_SEEN = Text("还没有取得发证节点的日志", "the issuing node's log has not been seen yet")
_NOT_READ = Text("发证节点的日志还没有读到这里", "the issuing node's log has not been read so far yet")


def find(records: LicenseRecords, node_code: str, sha256: str, sealed_at: datetime | None) -> LogEvidence:
    """Return what the log of the node says of the document, which was sealed at ``sealed_at`` (None: nobody knows)."""
    seen = records.find_witnessed(node_code)
    if seen is None:
        return LogEvidence("checkpoint", included=None, problem=_NOT_SEEN)
    place = records.find_peers_issued(node_code, sha256)
    if place is not None:
        return LogEvidence("checkpoint", included=True, index=place, size=seen.size, root=seen.root.hex(), at=seen.seen_at)
    if seen.read < seen.size or sealed_at is None or sealed_at > seen.seen_at - _LAG:
        return LogEvidence("checkpoint", included=None, size=seen.size, at=seen.seen_at, problem=_NOT_READ)
    return LogEvidence("checkpoint", included=False, size=seen.size, root=seen.root.hex(), at=seen.seen_at)
