"""Checks of what an annotated copy (加注件) says: for whom and for what it was handed out, and whether its last day is over.

Left to others: the licence itself (``license``), making copies (``life.copies``).
"""

from __future__ import annotations

from datetime import datetime

from kernel.canonical import Json
from kernel.errors import Text
from licenses.data import COPY_NUMBER, COPY_PURPOSE, COPY_RECEIVER, COPY_UNTIL, LicenseData
from licenses.evidence import Evidence
from licenses.verdict import BEIJING, Finding


def check_copy(evidence: Evidence, at: datetime) -> Finding:
    """Ask for a day up to an annotated copy's last one; the licence itself has no such limit."""
    data = evidence.reading.data
    if data is None:
        return Finding("copy", "not_checked", Text("没有证照数据。", "There is no licence data."))
    words = words_of(data)
    if words is None:
        return Finding("copy", "passed", Text("是证照本身，不是加注件。", "It is the licence itself, no annotated copy."))
    said = data.fields
    last = said[COPY_UNTIL]
    facts: dict[str, Json] = {
        "number": said[COPY_NUMBER],
        "purpose": said[COPY_PURPOSE],
        "receiver": said[COPY_RECEIVER],
        "until": last,
    }
    if at.astimezone(BEIJING).date().isoformat() > last:
        over = Text(f"加注件只到{last}有效，已经过期。", f"The annotated copy was good until {last}, which is over.")
        return Finding("copy", "failed", over, facts, "COPY_EXPIRED")
    return Finding("copy", "passed", words, facts)


def words_of(data: LicenseData) -> Text | None:
    """Return for whom and for what an annotated copy was handed out; None for a licence itself."""
    if COPY_NUMBER not in data.fields:
        return None
    receiver, purpose, last = (data.fields[key] for key in (COPY_RECEIVER, COPY_PURPOSE, COPY_UNTIL))
    return Text(
        f"这是加注件，仅供{receiver}用于{purpose}，{last}前有效；请核对用途。",
        f"It is an annotated copy, for {receiver} and for {purpose} only, good until {last}: compare the use.",
    )
