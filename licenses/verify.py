"""The judge: evidence and a moment in, a verdict out. Pure: the same evidence and moment give the same verdict, for ever.

The table below is the order in which the checks count: of several failures the first one names the verdict. All are carried out
and reported, so that the reader sees the whole picture. Left to others: collecting (``gathering``), the single checks
(``checks``), what is no licence (``verify_reports``, ``verify_others``), words and wire form (``verdict``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import ChaoxinError, Text
from licenses.checks.copy import check_copy, words_of
from licenses.checks.license import (
    check_data,
    check_dates,
    check_issuer,
    check_log,
    check_registry,
    check_status,
    claims_ours,
    in_force,
    status_of,
)
from licenses.checks.sealed import SEALED, Check
from licenses.checks.signature import level_of
from licenses.errors import DOCUMENT_MANY_SIGNATURES, DOCUMENT_TOO_COSTLY
from licenses.evidence import Evidence
from licenses.shown import show
from licenses.telling import describe_path, describe_signer
from licenses.verdict import (
    Finding,
    Indication,
    Result,
    Status,
    Subindication,
    Verdict,
    advise,
    decide,
    in_beijing,
)
from licenses.verify_others import judge_others
from licenses.verify_reports import judge_report

CHECKS: Sequence[Check] = (
    *SEALED,
    check_data,
    check_issuer,
    check_registry,
    check_status,
    check_dates,
    check_copy,
    check_log,
)


_UNRELIABLE = Text("这份文件不能采信。", "This file cannot be relied on.")
_UNDECIDED = Text("现在不能断定这份文件的真伪。", "Whether this file is genuine cannot be decided now.")


def judge(evidence: Evidence, at: datetime) -> Verdict:
    """Return the verdict on ``evidence`` at the moment ``at``."""
    if evidence.reading.report is not None:
        return judge_report(evidence, at)
    if evidence.is_others:
        return judge_others(evidence, at)
    findings = tuple(check(evidence, at) for check in CHECKS)
    indication, deciding = decide(findings)
    passed = {finding.id for finding in findings if finding.result == "passed"}
    confirmed = {"coverage", "integrity", "trust", "issuer"} <= passed
    subindication = deciding.subindication if deciding is not None else None
    status = status_of(evidence, at, confirmed=confirmed)
    advice = _advice(evidence, at, subindication)
    return Verdict(
        indication=indication,
        subindication=subindication,
        level=level_of(evidence),
        best_signature_time=evidence.best_signature_time,
        signer=describe_signer(evidence),
        path=describe_path(evidence),
        checks=findings,
        changes=evidence.reading.changes,
        status=status,
        registry=_registry(evidence, findings),
        log=_log(evidence),
        summary=_summary(evidence, indication, deciding, status, at),
        advice=advice,
        deciding=deciding,
    )


def judge_unreadable(refusal: ChaoxinError, *, sha256: str, broken_seal: bool) -> Verdict:
    """Return the verdict on a file that could not be read. ``broken_seal``: it was a sealed file before somebody damaged it."""
    if broken_seal:
        word: Subindication = "TAMPERED"
        text = Text(
            "文件曾经盖有电子签章，之后被改动，已经无法读取。",
            "The file was sealed once and was changed since, so that it cannot be read any more.",
        )
    else:
        word, text = "FORMAT_FAILURE", refusal.text
    given_up = refusal.error in (DOCUMENT_TOO_COSTLY, DOCUMENT_MANY_SIGNATURES)
    if given_up:
        word, text = "LIMITS_EXCEEDED", refusal.text
    result: Result = "indeterminate" if given_up else "failed"
    finding = Finding("format", result, text, {"code": refusal.code, "sha256": sha256}, word)
    indication, _ = decide([finding])
    opening = _UNDECIDED if given_up else _UNRELIABLE
    rest = tuple(
        Finding(
            check.__name__.removeprefix("check_"), "not_checked", Text("文件读不出来，无从核对。", "The file could not be read.")
        )
        for check in CHECKS[1:]
    )
    return Verdict(
        indication=indication,
        subindication=word,
        level=None,
        best_signature_time=None,
        signer={},
        path=(),
        checks=(finding, *rest),
        changes=(),
        status=Status(),
        registry={},
        log={},
        summary=Text(f"{opening.zh}{text.zh}", f"{opening.en} {text.en}"),
        advice=advise(word),
        deciding=finding,
    )


def _registry(evidence: Evidence, findings: Sequence[Finding]) -> Mapping[str, Json]:
    found = next(finding for finding in findings if finding.id == "registry")
    if found.result == "not_checked":
        data = evidence.reading.data
        return {"checked": False, "node": data.node_code if data is not None else None}
    answer: dict[str, Json] = {"checked": True, "node": evidence.node.code, "match": found.result == "passed"}
    data = evidence.reading.data
    if found.result == "passed" and data is not None:
        answer |= {"identifier": data.identifier, "number": data.number}
    return answer


def _log(evidence: Evidence) -> Mapping[str, Json]:
    log = evidence.log
    if log is None:
        return {}
    at = rfc3339(log.at) if log.at is not None else None
    return {"source": log.source, "included": log.included, "index": log.index, "size": log.size, "root": log.root, "at": at}


def _advice(evidence: Evidence, at: datetime, subindication: Subindication | None) -> Text:
    data = evidence.reading.data
    if subindication is None and data is not None and not in_force(data, at):
        return Text(
            "证照今天不在有效期内，请按有效期决定能否采用。",
            "The licence is not in force today; decide by its dates whether it will do.",
        )
    return advise(subindication)


def _summary(evidence: Evidence, indication: Indication, deciding: Finding | None, status: Status, at: datetime) -> Text:
    """Say who signed, when, by which path that is trusted, and what was checked; or what is wrong."""
    if deciding is None:
        return _genuine(evidence, status, at)
    if deciding.subindication == "COPY_EXPIRED":
        opening = Text("文件是真的。", "The document is genuine.")
    elif deciding.subindication is not None and deciding.subindication.startswith("LICENSE_"):
        opening = Text("文件是真的，但证照不在有效状态。", "The document is genuine, but the licence is not in force.")
    elif indication == "TOTAL_FAILED":
        opening = _UNRELIABLE
    else:
        opening = _UNDECIDED
    who = _who(evidence)
    return Text(opening.zh + deciding.text.zh + who.zh, f"{opening.en} {deciding.text.en}{who.en}")


def _who(evidence: Evidence) -> Text:
    """Say whose seal the file bears, as far as it is known."""
    signer, best = evidence.signer, evidence.best_signature_time
    if signer is None:
        return Text("", "")
    name = signer.shown.name
    if signer.trusted is None:
        return Text(f"签章证书自称是“{name}”的。", f" The certificate behind the seal says that it is {name}'s.")
    when = None if best is None else in_beijing(best)
    return Text(
        f"文件上盖的是{name}" + (f"，盖于{when.zh}。" if when else "。"),
        f" It bears the seal {name}" + (f", put there on {when.en}." if when else "."),
    )


def _genuine(evidence: Evidence, status: Status, at: datetime) -> Text:
    signer, best, data = evidence.signer, evidence.best_signature_time, evidence.reading.data
    if signer is None or signer.trusted is None or best is None or data is None:  # nothing passes without them
        message = "a passing verdict lacks its evidence"
        raise AssertionError(message)
    names = [show(certificate.der).name for certificate in signer.trusted.path]
    when = in_beijing(best)
    own = claims_ours(evidence)
    checked = (
        Text("与本节点的登记一致", "it agrees with this node's registry")
        if own
        else Text("发证节点的状态列表已核对", "the issuing node's status list was consulted")
    )
    if status.code == "05":
        opening = Text("这份证照是真的，但已经失效（过了有效期）。", "This licence is genuine but has expired.")
    elif not in_force(data, at):
        opening = Text("这份证照是真的，但还没有到生效日期。", "This licence is genuine but its first day is still to come.")
    else:
        opening = Text("这份证照是真的，现在有效。", "This licence is genuine and in force.")
    path_zh, path_en = " → ".join(names), " > ".join(names)
    copy = words_of(data)
    return Text(
        f"{opening.zh}由{data.issuer_name}于{when.zh}签章；信任路径：{path_zh}。"
        f"签章之后没有任何改动，签章覆盖整个文件，证书未被吊销，时间戳可信，{checked.zh}。" + (copy.zh if copy else ""),
        f"{opening.en} Sealed by {data.issuer_name} on {when.en}; trusted through {path_en}. "
        f"Nothing was changed since, the seal covers the whole file, the certificate was not revoked, the time-stamp is trusted, "
        f"and {checked.en}." + (f" {copy.en}" if copy else ""),
    )
