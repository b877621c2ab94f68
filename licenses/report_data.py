"""What a verification report says, as it is attached to its PDF and signed in its token: of which file, when, by which node, with what verdict.

Read from a file it is a claim; only ``verify_reports`` makes a fact of it. Left to others: making one (``reports``), the page (``reports.page``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kernel.canonical import canonical
from kernel.clock import timestamp
from kernel.errors import Refusal
from kernel.nodes import Node
from licenses.errors import REPORT_UNREADABLE
from licenses.verdict import Verdict
from pki.strict_json import parse_object

ATTACHMENT = "verification.json"
SEAL = "验证报告专用章"
"""What a node's seal for reports is called; it goes on nothing else."""

SUBJECT = "sha256:"
_SUBJECT = re.compile(r"sha256:[0-9a-f]{64}")
_LAST_SECOND = 253_402_300_799
_MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class ReportData:
    """The claims of a report that a rule or a reader wants: the moment, the file and what was said of it."""

    at: datetime
    sha256: str
    size: int
    indication: str
    subindication: str | None

    def as_list(self) -> list[Any]:
        """Return plain values, for the written form of a reading."""
        return [timestamp(self.at), self.sha256, self.size, self.indication, self.subindication]


def claims_of(node: Node, pdf: bytes, verdict: Verdict, at: datetime) -> dict[str, Any]:
    """Return what a report about ``pdf`` says."""
    return {
        "iss": node.url,
        "iat": timestamp(at),
        "sub": SUBJECT + hashlib.sha256(pdf).hexdigest(),
        "bytes": len(pdf),
        "verdict": verdict.as_json(),
    }


def to_bytes(claims: Mapping[str, Any]) -> bytes:
    """Return the attachment: canonical JSON (RFC 8785) in UTF-8."""
    return canonical(dict(claims))


def parse(raw: bytes) -> ReportData:
    """Return the claims of an attachment; ``Refusal`` (``report_unreadable``) for anything else."""
    claims = parse_object(raw, REPORT_UNREADABLE)
    verdict, subject = claims.get("verdict"), claims.get("sub")
    if not isinstance(verdict, dict) or not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise Refusal(REPORT_UNREADABLE)
    return of_list([
        claims.get("iat"), subject.removeprefix(SUBJECT), claims.get("bytes"),
        verdict.get("indication"), verdict.get("subindication"),
    ])  # fmt: skip


def of_list(values: list[Any]) -> ReportData:
    """Return the data that :meth:`ReportData.as_list` wrote; ``Refusal`` for anything else."""
    at, sha256, size, indication, subindication = values
    texts = (sha256, indication, "" if subindication is None else subindication)
    if not all(isinstance(text, str) and len(text) <= _MAX_TEXT and text.isprintable() for text in texts):
        raise Refusal(REPORT_UNREADABLE)
    if not all(type(number) is int and 0 <= number <= _LAST_SECOND for number in (at, size)):
        raise Refusal(REPORT_UNREADABLE)
    return ReportData(datetime.fromtimestamp(at, UTC), sha256, size, indication, subindication)


def reporter_name(node: Node) -> str:
    """Return in whose name a node seals its reports; no department is called so."""
    return f"{node.name}证照验证服务"
