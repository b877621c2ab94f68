"""The check of a verification report: it was sealed by a node's own seal for reports, which goes on nothing else."""

from __future__ import annotations

from datetime import datetime

from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Text
from kernel.text import normal_form
from licenses.evidence import Evidence
from licenses.report_data import SEAL, reporter_name
from licenses.verdict import Finding, in_beijing


def check_report(evidence: Evidence, at: datetime) -> Finding:
    """Ask for the report seal of the node that the path proves."""
    del at
    report, signer, node = evidence.reading.report, evidence.signer, evidence.signer_node
    if report is None or signer is None or signer.trusted is None or node is None:
        return Finding("report", "not_checked", Text("签章人不受信任。", "The signer is not trusted."))
    facts: dict[str, Json] = {
        "node": node.code, "at": rfc3339(report.at), "sha256": report.sha256, "bytes": report.size,
        "indication": report.indication, "subindication": report.subindication,
    }  # fmt: skip
    shown = signer.shown
    ours = node.level != "outside" and shown.departments == (normal_form(reporter_name(node)),) and shown.name.endswith(SEAL)
    if not ours:
        text = Text("盖章的不是节点的验证报告专用章。", "It was not sealed with a node's seal for verification reports.")
        return Finding("report", "failed", text, facts, "WRONG_ISSUER")
    when = in_beijing(report.at)
    word = report.indication + (f" {report.subindication}" if report.subindication else "")
    text = Text(
        f"报告由{node.name}出具：SHA-256 为 {report.sha256[:16]}… 的文件，在{when.zh}的结论是 {word}。",
        f"A report of {node.name}: the file with SHA-256 {report.sha256[:16]}… was {word} on {when.en}.",
    )
    return Finding("report", "passed", text, facts)
