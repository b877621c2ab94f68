"""The judge of verification reports: sealed as licences are, by a node's seal for reports. It is never called a licence.

That the report is genuine says nothing of the licence now. Left to others: the checks (``checks``), licences (``verify``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kernel.errors import Text
from licenses.checks.report import check_report
from licenses.checks.sealed import SEALED, Check
from licenses.checks.signature import level_of
from licenses.evidence import Evidence
from licenses.telling import describe_path, describe_signer
from licenses.verdict import Finding, Indication, Status, Verdict, advise, decide

CHECKS: Sequence[Check] = (*SEALED, check_report)
_GENUINE = Text(
    "可以采信报告的内容；它只说明当时的情况，证照现在的状态请重新验证。",
    "You can rely on what the report says. It tells of its moment only: verify the licence again for how it stands now.",
)


def judge_report(evidence: Evidence, at: datetime) -> Verdict:
    """Return the verdict on a file that has a report's data attached."""
    findings = tuple(check(evidence, at) for check in CHECKS)
    indication, deciding = decide(findings)
    subindication = None if deciding is None else deciding.subindication
    kind = Finding(
        "kind",
        "passed",
        Text("这份文件是验证报告，不是证照。", "This file is a verification report, no licence."),
        {"kind": "report"},
    )
    return Verdict(
        indication=indication,
        subindication=subindication,
        level=level_of(evidence),
        best_signature_time=evidence.best_signature_time,
        signer=describe_signer(evidence),
        path=describe_path(evidence),
        checks=(findings[0], kind, *findings[1:]),
        changes=evidence.reading.changes,
        status=Status(),
        registry={"checked": False, "node": None},
        log={},
        summary=_summary(indication, deciding, findings[-1]),
        advice=_GENUINE if deciding is None else advise(subindication),
        deciding=deciding,
    )


def _summary(indication: Indication, deciding: Finding | None, report: Finding) -> Text:
    if deciding is None:
        return Text(
            f"这是一份真实的验证报告，不是证照。{report.text.zh}",
            f"This is a genuine verification report, no licence. {report.text.en}",
        )
    opening = Text("这份验证报告不能采信。", "This verification report cannot be relied on.")
    if indication == "INDETERMINATE":
        opening = Text("现在不能断定这份验证报告的真伪。", "Whether this verification report is genuine cannot be decided now.")
    return Text(f"{opening.zh}{deciding.text.zh}", f"{opening.en} {deciding.text.en}")
