"""A verdict as a page shows it: traffic light, reasons in order, the path as a chain. Pure; both languages throughout.

Left to others: markup (``templates``), choosing the language (``service``).
"""

from __future__ import annotations

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
    """A certificate of the path, from the anchor down."""

    title: str
    note: str


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
        steps=tuple(_step(certificate) for certificate in verdict.path),
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
        return "warn", Text("签名有效，但不是证照", "Valid signature, but no licence")
    if verdict.status.code == "01" and found["dates"].get("in_force") is True:
        return "ok", Text("证照真实有效", "Genuine and in force")
    if verdict.status.code == "01":
        return "warn", Text("证照是真的，还没有生效", "Genuine, not yet in force")
    return "warn", Text("证照是真的，已经失效", "Genuine, but expired")


def _row(finding: Finding) -> Row:
    return Row(finding.id, _RESULTS[finding.result], TITLES[finding.id], finding.text)


def _step(certificate: Mapping[str, object]) -> Step:
    subject = str(certificate["subject"])
    common = next((part[3:] for part in subject.split(",") if part.startswith("CN=")), subject)
    return Step(common, str(certificate["sha256"]))
