"""An audit event as a line of a file, in JSON that databases read for themselves; and telling such a line from what a crash left.

Left to others: the files (``audit_spool``).
"""

from __future__ import annotations

import json
from functools import lru_cache

import structlog

from kernel.audit import AuditEvent
from kernel.clock import to_micros
from service.audit import TOLD, details_of

_NUL = rb"\u0000"
"""What PostgreSQL takes in no text."""
_BIG = 1 << 63

_log = structlog.get_logger()


def line_of(event: AuditEvent) -> bytes | None:
    """Return an event's line; None where a database would not take it."""
    rest = _rest_of_line(event.actor, event.action, event.target, event.outcome, details_of(event))
    return None if _NUL in rest else b'{"at":%d,%b\n' % (to_micros(event.at), rest)


@lru_cache(1024)
def _rest_of_line(actor: str, action: str, target: str, outcome: str, details: str) -> bytes:
    """Return what a line says after the moment: the same systems do the same again and again."""
    said = {"actor": actor, "action": action, "target": target, "outcome": outcome, "details": details}
    return json.dumps(said, separators=(",", ":"))[1:].encode("ascii")


def is_whole(line: bytes) -> bool:
    """Tell whether it is a line that was written here: any other would be refused by a database, and with it all that come after."""
    try:
        said = json.loads(line)
        at, *rest = [said.pop(name) for name in TOLD]
        whole = (
            not said
            and type(at) is int
            and abs(at) < _BIG
            and line.isascii()
            and _NUL not in line
            and bool("".join(rest).encode())
        )
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):  # no JSON, no object, other members or values
        whole = False
    if not whole:
        _log.warning("audit_spool_line_lost")
    return whole
