"""The judge of signatures on what is no licence: a contract, a certificate, any PDF, signed under a CA that this node has an agreement with.

Every signature is judged by the table below; the file is worth what the worst of them is. It is never called a licence: a check of its own
says what it is, and the light of the page is never green for it. Left to others: licences (``verify``), words (``verdict``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Text
from licenses.checks.document import check_format
from licenses.checks.others import (
    check_agreed,
    check_holds,
    check_made_in_time,
    check_not_revoked,
    check_proof_of_time,
)
from licenses.evidence import Evidence, OtherEvidence
from licenses.telling import describe_path, describe_signer
from licenses.verdict import Finding, Indication, Status, Verdict, advise_other, decide, in_beijing

CHECKS: Sequence[Callable[[OtherEvidence, datetime], Finding]] = (
    check_holds,
    check_agreed,
    check_proof_of_time,
    check_made_in_time,
    check_not_revoked,
)
_WORST: Sequence[Indication] = ("TOTAL_FAILED", "INDETERMINATE", "TOTAL_PASSED")


@dataclass(frozen=True, slots=True)
class _Judged:
    """A signature with what was found of it."""

    other: OtherEvidence
    findings: tuple[Finding, ...]
    indication: Indication
    deciding: Finding | None


def judge_others(evidence: Evidence, at: datetime) -> Verdict:
    """Return the verdict on a file that is no licence by its signatures, of which there is one at least."""
    judged = [_judge(other, at) for other in evidence.others]
    # Of several that are as bad the last one speaks: it is over all that the others are over.
    worst = min(reversed(judged), key=lambda one: _WORST.index(one.indication))
    gathered, deciding = worst.other.gathered, worst.deciding
    subindication = None if deciding is None else deciding.subindication
    return Verdict(
        indication=worst.indication,
        subindication=subindication,
        level="B-B" if gathered.best_signature_time is None else "B-T",
        best_signature_time=gathered.best_signature_time,
        signer=describe_signer(gathered),
        path=describe_path(gathered),
        checks=(check_format(evidence, at), _kind(), _all(judged), *worst.findings),
        changes=evidence.reading.changes if subindication == "TAMPERED" else (),
        status=Status(),
        registry={"checked": False, "node": None},
        log={},
        summary=_summary(worst, judged),
        advice=advise_other(subindication),
        deciding=deciding,
    )


def _judge(other: OtherEvidence, at: datetime) -> _Judged:
    findings = tuple(check(other, at) for check in CHECKS)
    return _Judged(other, findings, *decide(findings))


def _kind() -> Finding:
    text = Text("这份文件不是证照，没有附证照数据。", "This file is no licence: no licence data are attached.")
    return Finding("kind", "passed", text, {"kind": "document"})


def _all(judged: Sequence[_Judged]) -> Finding:
    told: list[Json] = []
    for one in judged:
        best = one.other.gathered.best_signature_time
        word = None if one.deciding is None else one.deciding.subindication
        told.append({
            "signer": _name(one), "indication": one.indication, "subindication": word,
            "signed_at": None if best is None else rfc3339(best),
        })  # fmt: skip
    names = [_name(one) for one in judged]
    text = Text(f"签名人：{'、'.join(names)}。", f"Signed by: {', '.join(names)}.")
    return Finding("signatures", "passed", text, {"signatures": told})


def _name(one: _Judged) -> str:
    signer = one.other.gathered.signer
    return "" if signer is None else signer.shown.name


def _summary(worst: _Judged, judged: Sequence[_Judged]) -> Text:
    if worst.deciding is not None:
        failed = worst.indication == "TOTAL_FAILED"
        opening = (
            Text("这份文件不是证照，上面的签名不成立。", "This file is no licence, and the signature on it does not hold.")
            if failed
            else Text(
                "这份文件不是证照，上面的签名现在不能确认。",
                "This file is no licence, and the signature on it cannot be confirmed.",
            )
        )
        why, who = worst.deciding.text, _name(worst)
        return Text(
            f"{opening.zh}{why.zh}签名证书自称是“{who}”的。", f"{opening.en} {why.en} The certificate says that it is {who}'s."
        )
    node, best = worst.other.gathered.signer_node, worst.other.gathered.best_signature_time
    names = [_name(one) for one in judged]
    when = None if best is None else in_beijing(best)
    agreed = "" if node is None else node.name
    return Text(
        f"这份文件不是证照，是由{'、'.join(names)}签名的文件，签名有效"
        + (f"，签于{when.zh}" if when else "")
        + f"。签名人的证书由{agreed}签发，本节点与它有协议。",
        f"This file is no licence but a document with valid signatures, by {', '.join(names)}"
        + (f", made by {when.en}" if when else "")
        + f". The signer's certificate was issued by {agreed}, with which this node has an agreement.",
    )
