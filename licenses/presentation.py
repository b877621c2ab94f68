"""A verdict as a page shows it: traffic light, reasons in order, the path as a chain. Pure; both languages throughout.

Left to others: markup (``templates``), choosing the language (``service``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kernel.clock import parse_rfc3339
from kernel.errors import Text
from licenses.verdict import STATUS_NAMES, Finding, Result, Verdict

Kind = Literal["ok", "warn", "bad", "none"]

TITLES: Mapping[str, Text] = {
    "format": Text("文件结构", "File structure"),
    "one_signature": Text("电子签章", "Seal"),
    "kind": Text("文件种类", "Kind of file"),
    "report": Text("验证报告", "Report"),
    "signatures": Text("签名", "Signatures"),
    "coverage": Text("签章覆盖整个文件", "Seal covers the whole file"),
    "integrity": Text("内容未被改动", "Content unchanged"),
    "trust": Text("签章人可信", "Signer is trusted"),
    "certified": Text("签章禁止改动", "Seal forbids changes"),
    "time_stamp": Text("时间戳", "Time-stamp"),
    "signing_time": Text("签章时证书有效", "Certificate valid when sealing"),
    "revocation": Text("证书未被吊销", "Certificate not revoked"),
    "level": Text("签章级别", "Level of the seal"),
    "data": Text("证照数据", "Licence data"),
    "issuer": Text("发证机关", "Issuer"),
    "registry": Text("登记簿", "Registry"),
    "status": Text("证照状态", "Licence status"),
    "dates": Text("有效期", "Validity"),
    "copy": Text("加注件", "Annotated copy"),
    "log": Text("透明日志", "Transparency log"),
}
_NO_LICENSE: Mapping[str, Text] = {
    "document": Text("签名有效，但不是证照", "Valid signature, but no licence"),
    "report": Text("真实的验证报告（不是证照）", "A genuine verification report, no licence"),
}
_ISSUED, _CROSS = Text("签发", "issues"), Text("交叉认证", "cross-certifies")
_ROOT, _CA, _SIGNER = (
    Text("本节点的根", "This node's root"),
    Text("证书机构", "Certification authority"),
    Text("签章证书", "The seal's certificate"),
)
_RESULTS: Mapping[Result, Kind] = {"passed": "ok", "failed": "bad", "indeterminate": "warn", "not_checked": "none"}


@dataclass(frozen=True, slots=True)
class Row:
    """A check as it is listed."""

    id: str
    result: Kind
    title: Text
    text: Text


@dataclass(frozen=True, slots=True)
class Step:
    """A certificate of the path, from the anchor down: how it came from the one before, and what it is."""

    title: str
    subject: str
    sha256: str
    how: Text
    role: Text


@dataclass(frozen=True, slots=True)
class Reliance:
    """Until when a path through other nodes counts unless they are heard again, and how long that still is."""

    until: datetime
    left: timedelta


@dataclass(frozen=True, slots=True)
class Page:
    """The verdict page."""

    light: Kind
    title: Text
    message: Text
    advice: Text
    rows: Sequence[Row]
    steps: Sequence[Step]
    status: Text | None
    changes: Sequence[Text]
    verdict: Verdict
    reliance: Reliance | None


def present(verdict: Verdict) -> Page:
    """Return ``verdict`` as a page."""
    light, title = _headline(verdict)
    code = verdict.status.code
    status = None if code is None else STATUS_NAMES.get(code, STATUS_NAMES["99"])
    return Page(
        light=light,
        title=title,
        message=verdict.summary,
        advice=verdict.advice,
        rows=tuple(_row(finding) for finding in verdict.checks),
        steps=_steps(verdict),
        status=None if status is None else Text(f"{code} {status.zh}", f"{code} {status.en}"),
        changes=tuple(change.text for change in verdict.changes),
        verdict=verdict,
        reliance=_reliance(verdict),
    )


def _reliance(verdict: Verdict) -> Reliance | None:
    trust = next((finding.evidence for finding in verdict.checks if finding.id == "trust"), {})
    until, at = trust.get("relied_until"), trust.get("at")
    if not isinstance(until, str) or not isinstance(at, str):
        return None
    return Reliance(parse_rfc3339(until), parse_rfc3339(until) - parse_rfc3339(at))


def _headline(verdict: Verdict) -> tuple[Kind, Text]:
    if verdict.indication == "TOTAL_PASSED":
        return _passed(verdict)
    if verdict.subindication is not None and verdict.subindication.startswith("LICENSE_"):
        name = STATUS_NAMES.get(verdict.status.code or "99", STATUS_NAMES["99"])
        light: Kind = "warn" if verdict.indication == "INDETERMINATE" else "bad"
        return light, Text(f"文件是真的，证照已经{name.zh}", f"Genuine document, but the licence is {name.en}")
    if verdict.subindication == "COPY_EXPIRED":
        return "bad", Text("加注件已经过期", "The annotated copy has expired")
    if verdict.indication == "INDETERMINATE":
        return "warn", Text("无法确认", "Cannot be confirmed")
    return "bad", Text("不能采信", "Do not rely on it")


def _passed(verdict: Verdict) -> tuple[Kind, Text]:
    """Say what is genuine. Green is for licences in force alone."""
    found = {finding.id: finding.evidence for finding in verdict.checks}
    if "kind" in found:
        return "warn", _NO_LICENSE[str(found["kind"]["kind"])]
    if verdict.status.code == "01" and found["dates"].get("in_force") is True:
        return "ok", Text("证照真实有效", "Genuine and in force")
    if verdict.status.code == "01":
        return "warn", Text("证照是真的，还没有生效", "Genuine, not yet in force")
    return "warn", Text("证照是真的，已经失效", "Genuine, but expired")


def _row(finding: Finding) -> Row:
    return Row(finding.id, _RESULTS[finding.result], TITLES[finding.id], finding.text)


def _steps(verdict: Verdict) -> tuple[Step, ...]:
    """Return the path. From one CA to another that stands elsewhere in the tree of names, or to its namesake, a cross-certificate leads."""
    subjects = [str(certificate["subject"]) for certificate in verdict.path]
    last = len(subjects) - 1
    steps = []
    for place, subject in enumerate(subjects):
        crossed = 0 < place < last and _domain(subject) != _domain(subjects[place - 1])
        how = _CROSS if crossed else _ISSUED
        role = _ROOT if place == 0 else _SIGNER if place == last else _CA
        steps.append(Step(_common_name(subject), subject, str(verdict.path[place]["sha256"]), how, role))
    return tuple(steps)


def _parts(subject: str) -> list[str]:
    return re.split(r"(?<!\\),", subject)  # RFC 4514 2.4: a comma within a value is escaped


def _common_name(subject: str) -> str:
    return next((part[3:] for part in _parts(subject) if part.startswith("CN=")), subject)


def _domain(subject: str) -> list[str]:
    return [part for part in _parts(subject) if not part.startswith(("CN=", "OU="))]
