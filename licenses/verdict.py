"""A verdict: what a verification says, in the wire form of the contract and in plain words.

Indications are those of ETSI EN 319 102-1. Sub-indications are ETSI's where one fits, and otherwise ours: the words below. A
licence that is genuine and past its last day is TOTAL_PASSED with status ``05``: nothing is wrong with the document. A genuine
document whose licence was withdrawn (03, 04, 06, 07) is TOTAL_FAILED, since the question behind every upload is whether one may
rely on it; one that is suspended (02) is INDETERMINATE, for that may end.

Left to others: reaching the verdict (``verify`` and ``checks``), showing it (``views``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Text
from licenses.pdf_changes import Change

Indication = Literal["TOTAL_PASSED", "INDETERMINATE", "TOTAL_FAILED"]
Result = Literal["passed", "failed", "indeterminate", "not_checked"]
Subindication = Literal[
    # ours
    "TAMPERED",
    "DOWNGRADED",
    "UNSIGNED",
    "UNTRUSTED",
    "UNREGISTERED",
    "WRONG_ISSUER",
    "LICENSE_REVOKED",
    "LICENSE_CANCELLED",
    "LICENSE_TRANSFERRED",
    "LICENSE_SUSPENDED",
    "LICENSE_STATUS_OTHER",
    "COPY_EXPIRED",
    "LIMITS_EXCEEDED",
    # ETSI EN 319 102-1, table 5 and 6
    "FORMAT_FAILURE",
    "REVOKED",
    "EXPIRED",
    "NOT_YET_VALID",
    "NO_POE",
    "CRYPTO_CONSTRAINTS_FAILURE",
    "TRY_LATER",
    # the same tables, for signatures on what is no licence
    "HASH_FAILURE",
    "SIG_CRYPTO_FAILURE",
    "CHAIN_CONSTRAINTS_FAILURE",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    "REVOKED_NO_POE",
    "REVOKED_CA_NO_POE",
    "OUT_OF_BOUNDS_NO_POE",
]
Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]
LEVELS: Sequence[Level] = ("B-B", "B-T", "B-LT", "B-LTA")

BEIJING = timezone(timedelta(hours=8))
"""Licences bear calendar dates of China, which has one time zone."""

STATUS_NAMES: Mapping[str, Text] = {
    "01": Text("有效", "valid"),
    "02": Text("暂扣", "suspended"),
    "03": Text("撤销", "revoked"),
    "04": Text("注销", "cancelled"),
    "05": Text("失效", "expired"),
    "06": Text("转出", "transferred out"),
    "07": Text("吊销", "withdrawn"),
    "99": Text("其他", "other"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. ``subindication`` stands with ``failed`` and ``indeterminate`` only."""

    id: str
    result: Result
    text: Text
    evidence: Mapping[str, Json] = field(default_factory=dict)
    subindication: Subindication | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {"id": self.id, "result": self.result, "evidence": dict(self.evidence), "text": self.text.as_json()}


@dataclass(frozen=True, slots=True)
class Status:
    """The licence's own status: code, since when (or as of when), and why. All None where it is not known."""

    code: str | None = None
    at: datetime | None = None
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {"code": self.code, "at": rfc3339(self.at) if self.at else None, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. ``deciding`` is the finding that decided it, None when all is well; ``advice`` says what to do about it."""

    indication: Indication
    subindication: Subindication | None
    level: Level | None
    best_signature_time: datetime | None
    signer: Mapping[str, Json]
    path: Sequence[Mapping[str, Json]]
    checks: Sequence[Finding]
    changes: Sequence[Change]
    status: Status
    registry: Mapping[str, Json]
    log: Mapping[str, Json]
    summary: Text
    advice: Text
    deciding: Finding | None = None

    @property
    def message(self) -> Text:
        """What happened, and what to do about it where something is wrong."""
        if self.deciding is None:
            return self.summary
        return Text(self.summary.zh + self.advice.zh, f"{self.summary.en} {self.advice.en}")

    def as_json(self) -> dict[str, Any]:
        """Return the contract's form."""
        return {
            "indication": self.indication,
            "subindication": self.subindication,
            "level": self.level,
            "best_signature_time": rfc3339(self.best_signature_time) if self.best_signature_time else None,
            "signer": dict(self.signer),
            "path": [dict(step) for step in self.path],
            "checks": [finding.as_json() for finding in self.checks],
            "changes": [change.as_json() for change in self.changes],
            "status": self.status.as_json(),
            "registry": dict(self.registry),
            "log": dict(self.log),
            "message": self.message.as_json(),
        }


def decide(findings: Sequence[Finding]) -> tuple[Indication, Finding | None]:
    """Return the indication and the finding behind it: the first failed one, else the first indeterminate one, else none."""
    for result, indication in _SEVERITY:
        for finding in findings:
            if finding.result == result:
                return indication, finding
    return "TOTAL_PASSED", None


_SEVERITY: Sequence[tuple[Result, Indication]] = (("failed", "TOTAL_FAILED"), ("indeterminate", "INDETERMINATE"))


def in_beijing(moment: datetime) -> Text:
    """Return ``moment`` as people of the city read it."""
    local = moment.astimezone(BEIJING).replace(tzinfo=None).isoformat(" ", timespec="seconds")
    year, month, day, time = local[:4], local[5:7], local[8:10], local[11:]
    return Text(f"{year}年{month}月{day}日 {time}（北京时间）", f"{local} (Beijing time)")


_ADVICE: Mapping[Subindication, Text] = {
    "TAMPERED": Text(
        "不要采用这份文件。请向持证者索取签发时的原文件，或用证照编号向发证部门核实。",
        "Do not rely on this file. Ask the holder for the file as it was issued, or check the number with the issuing department.",
    ),
    "DOWNGRADED": Text(
        "不要采用这份文件：签章的一部分被去掉了。请索取签发时的原文件。",
        "Do not rely on this file: a part of its seal was taken away. Ask for the file as it was issued.",
    ),
    "UNSIGNED": Text(
        "没有电子签章的文件不能证明任何事。请索取签发时的 PDF 原文件，打印后再扫描的不行。",
        "A file without a seal proves nothing. Ask for the PDF as it was issued; a scan of a print-out will not do.",
    ),
    "UNTRUSTED": Text(
        "签章人不在本节点的信任范围内，不能据此办事。请向持证者核实它从哪里来。",
        "The signer is not within this node's trust, so it cannot be relied on here. Ask the holder where the file comes from.",
    ),
    "UNREGISTERED": Text(
        "不要采用这份文件，并请把它报告给本节点的安全管理员。",
        "Do not rely on this file, and report it to this node's security administrators.",
    ),
    "WRONG_ISSUER": Text(
        "不要采用这份文件：盖章的部门不是证照上写的部门。请向发证部门核实。",
        "Do not rely on this file: it was not sealed by the department that it names. Check with that department.",
    ),
    "FORMAT_FAILURE": Text(
        "请重新下载或索取签发时的原文件，不要经过编辑、打印或转换，再验证一次。",
        "Download the file again or ask for it as it was issued, not edited, printed or converted, and verify it once more.",
    ),
    "COPY_EXPIRED": Text(
        "不要采用这份加注件。请持证者就这次用途另取一份。",
        "Do not rely on this copy. The holder should get another one for the present use.",
    ),
    "LIMITS_EXCEEDED": Text(
        "不要采用这份文件。请向持证者索取签发时的原文件，再验证一次。",
        "Do not rely on this file. Ask the holder for the file as it was issued and verify that.",
    ),
    "TRY_LATER": Text(
        "缺少足够新的资料，暂时不能下结论。请稍后再验证，或联系发证节点。",
        "Evidence that is recent enough is missing. Verify again later, or contact the issuing node.",
    ),
    "NO_POE": Text(
        "签章时间得不到证明。请索取带可信时间戳的原文件。",
        "The time of signing is not proven. Ask for the file with a trusted time-stamp, as it was issued.",
    ),
}
_NOT_IN_FORCE = Text(
    "文件是真的，但证照现在不能用。请请持证者到发证部门办理。",
    "The document is genuine, but the licence cannot be used now. The holder should turn to the issuing department.",
)
_GENUINE = Text("可以采用。", "You can rely on it.")
_OTHERWISE = Text(
    "不要采用这份文件。请用证照编号向发证部门核实。",
    "Do not rely on this file. Check its number with the issuing department.",
)


def advise(subindication: Subindication | None) -> Text:
    """Return what to do about a verdict."""
    if subindication is None:
        return _GENUINE
    if subindication.startswith("LICENSE_"):
        return _NOT_IN_FORCE
    return _ADVICE.get(subindication, _OTHERWISE)


_OTHERS: Mapping[Subindication | None, Text] = {
    None: Text(
        "签名可以采信；文件内容是否合用，由您判断。它不能当作证照使用。",
        "You can rely on the signature; whether the content will do is yours to judge. It does not stand for a licence.",
    ),
    "UNTRUSTED": Text(
        "签名人的证书机构与本节点没有协议，不能据此办事。",
        "This node has no agreement with the signer's certification authority, so it cannot be relied on here.",
    ),
    "CHAIN_CONSTRAINTS_FAILURE": Text(
        "签名人的证书超出了协议范围，不能据此办事。",
        "The signer's certificate is beyond what was agreed, so it cannot be relied on here.",
    ),
    "TRY_LATER": _ADVICE["TRY_LATER"],
}


def advise_other(subindication: Subindication | None) -> Text:
    """Return what to do about a verdict on what is no licence."""
    refused = Text("不要采用这份文件。请向出具文件的人核实。", "Do not rely on this file. Check with whoever made it.")
    return _OTHERS.get(subindication, refused)
