"""Checks of what the licence says: readable data, the right issuer, our registry, status, dates, transparency log.

Only what the uploaded document itself says is ever repeated. A document that is not ours to vouch for learns from the registry
one thing, "not the same as registered": whether a number exists is nobody's business who has no genuine file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Text
from kernel.nodes import area_contains
from kernel.text import normal_form
from licenses.data import LicenseData
from licenses.evidence import Evidence, StatusEvidence
from licenses.verdict import BEIJING, STATUS_NAMES, Finding, Result, Status, Subindication, in_beijing

EXPIRED = "05"
_BAD_STATUS: Mapping[str, tuple[Result, Subindication]] = {
    "02": ("indeterminate", "LICENSE_SUSPENDED"),
    "03": ("failed", "LICENSE_REVOKED"),
    "04": ("failed", "LICENSE_CANCELLED"),
    "06": ("failed", "LICENSE_TRANSFERRED"),
    "07": ("failed", "LICENSE_REVOKED"),
}


def check_data(evidence: Evidence, at: datetime) -> Finding:
    """Ask for well-formed attached data: identifier with its check character, agreeing type, issuer and number."""
    del at
    reading = evidence.reading
    if reading.data is not None:
        data = reading.data
        facts: dict[str, Json] = {"identifier": data.identifier, "number": data.number, "type": data.type_code}
        return Finding(
            "data",
            "passed",
            Text("附带的证照数据完整、合规范。", "The attached licence data is complete and well formed."),
            facts,
        )
    if reading.data_flaw is not None:
        text, facts = reading.data_flaw.text, {"code": reading.data_flaw.code}
    else:
        text, facts = Text("文件里没有证照数据。", "There is no licence data in the file."), {}
    if not _is_trusted(evidence):
        return Finding("data", "not_checked", text, facts)
    return Finding("data", "failed", text, facts, "FORMAT_FAILURE")


def check_issuer(evidence: Evidence, at: datetime) -> Finding:
    """Compare the issuer that the licence names with who sealed it, on the node that the path proves, for an area of it."""
    del at
    data, node = evidence.reading.data, evidence.signer_node
    if data is None or node is None or evidence.signer is None or evidence.signer.trusted is None:
        return _not_checked(
            "issuer", "没有受信任的签章人可以与证照数据比较。", "There is no trusted signer to compare the data with."
        )
    departments, codes = list(evidence.signer.shown.departments), list(evidence.signer.shown.codes)
    facts: dict[str, Json] = {"department": departments, "node": node.code, "area": data.area_code, "claimed": data.issuer_name}
    text: Text | None = None
    if node.level == "outside":
        text = Text(
            "签章人的证书是外部机构签发的，不能签发证照。",
            "The signer's certificate is an outside CA's, which issues no licences.",
        )
    elif departments != [normal_form(data.issuer_name)] or (codes and codes != [data.issuer_uscc]):
        text = Text("盖章的部门不是证照上写的发证机关。", "The department that sealed is not the issuer that the licence names.")
    elif data.node_code != node.code:
        text = Text("签章所属的节点不是证照上写的节点。", "The seal belongs to another node than the licence names.")
    elif not area_contains(node.code, data.area_code):
        text = Text("证照的行政区划不在签章所属节点之内。", "The licence's area does not lie within the signer's node.")
    if text is not None:
        return Finding("issuer", "failed", text, facts, "WRONG_ISSUER")
    return Finding("issuer", "passed", Text("盖章的部门就是证照上的发证机关。", "The seal is that of the issuer named."), facts)


def claims_ours(evidence: Evidence) -> bool:
    """Tell whether the document says, or its seal proves, that this node issued it."""
    data = evidence.reading.data
    sealed_here = evidence.signer_node is not None and evidence.signer_node.code == evidence.node.code
    return sealed_here or (data is not None and data.node_code == evidence.node.code)


def check_registry(evidence: Evidence, at: datetime) -> Finding:
    """Compare a licence of ours with the registry: it is the very file, and the registry still says the same."""
    del at
    registry = evidence.registry
    known = registry is not None and registry.record is not None
    if registry is not None and registry.same_file and registry.data_agrees:
        text = Text("与本节点登记的原件一致。", "It is the very file that this node registered.")
        return Finding("registry", "passed", text, {"match": True})
    if registry is not None and registry.same_file:
        text = Text(
            "文件是登记的原件，但登记的内容与它不一致。", "It is the registered file, but the registry's data differs from it."
        )
        return Finding("registry", "indeterminate", text, {"match": True, "data_agrees": False}, "TRY_LATER")
    # Two nodes may keep a licence of one number each (a county's own and the city's older copy): each vouches for its own file.
    if not claims_ours(evidence) and (not known or _is_trusted(evidence)):
        text = Text("证照由其他节点登记，本节点没有它的登记簿。", "Another node keeps the registry of this licence.")
        return Finding("registry", "not_checked", text)
    seal = evidence.reading.seal
    if seal is None:
        word: Subindication = "UNSIGNED"
    elif seal.gap is not None or seal.flaw is not None:
        word = "TAMPERED"
    elif not _is_trusted(evidence):
        word = "UNTRUSTED"
    else:
        word = "TAMPERED" if known else "UNREGISTERED"
    text = Text("本节点的登记里没有与这个文件一致的证照。", "This node's registry has no licence that agrees with this file.")
    return Finding("registry", "failed", text, {"match": False}, word)


def _is_trusted(evidence: Evidence) -> bool:
    return evidence.signer is not None and evidence.signer.trusted is not None


def check_status(evidence: Evidence, at: datetime) -> Finding:
    """Ask for a licence in force, by the registry or by the issuing node's signed list that is recent enough."""
    found = evidence.status
    if found is None:
        return _not_checked(
            "status", "证照不能确认，因此没有查询状态。", "The licence is not confirmed, so its status was not asked."
        )
    facts: dict[str, Json] = {"source": found.source}
    if found.fetched_at is not None:
        age = int((at - found.fetched_at).total_seconds())
        facts |= {"fetched_at": rfc3339(found.fetched_at), "age_seconds": age, "max_age_seconds": evidence.max_age_seconds}
        if age > evidence.max_age_seconds:
            text = Text(
                f"发证节点的状态列表是{_age(age).zh}前取得的，太旧，不能据此判断。",
                f"The issuing node's status list was fetched {_age(age).en} ago: too old to decide by.",
            )
            return Finding("status", "indeterminate", text, facts, "TRY_LATER")
    if found.code is None:
        why = found.problem or Text("没有状态资料", "there is no status evidence")
        text = Text(f"查不到证照状态：{why.zh.rstrip('。')}。", f"The licence's status is not known: {why.en.rstrip('.')}.")
        return Finding("status", "indeterminate", text, facts, "TRY_LATER")
    return _status(found, found.code, facts)


def _status(found: StatusEvidence, code: str, facts: dict[str, Json]) -> Finding:
    facts["code"] = code
    name = STATUS_NAMES.get(code, STATUS_NAMES["99"])
    since = "" if found.at is None else f"，自{in_beijing(found.at).zh}"
    since_en = "" if found.at is None else f" since {in_beijing(found.at).en}"
    if code in {"01", EXPIRED}:
        text = Text(f"证照状态：{code} {name.zh}。", f"The licence's status is {code}, {name.en}.")
        return Finding("status", "passed", text, facts)
    result, word = _BAD_STATUS.get(code, ("indeterminate", "LICENSE_STATUS_OTHER"))
    text = Text(f"证照状态：{code} {name.zh}{since}。", f"The licence's status is {code}, {name.en}{since_en}.")
    return Finding("status", result, text, facts, word)


def check_dates(evidence: Evidence, at: datetime) -> Finding:
    """Tell whether today lies between the licence's first and last day. A genuine one that has ended stays genuine."""
    data = evidence.reading.data
    if data is None:
        return _not_checked("dates", "没有证照数据。", "There is no licence data.")
    today = at.astimezone(BEIJING).date()
    end = data.valid_to.isoformat() if data.valid_to else None
    facts: dict[str, Json] = {"valid_from": data.valid_from.isoformat(), "valid_to": end, "in_force": in_force(data, at)}
    if data.valid_to is not None and today > data.valid_to:
        text = Text(f"证照已于{end}到期。", f"The licence ended on {end}.")
    elif today < data.valid_from:
        text = Text(f"证照自{data.valid_from}起才有效。", f"The licence begins on {data.valid_from}.")
    else:
        text = Text("今天在证照的有效期内。", "Today is within the licence's validity.")
    return Finding("dates", "passed", text, facts)


def in_force(data: LicenseData, at: datetime) -> bool:
    """Tell whether ``at`` lies within the licence's days."""
    today = at.astimezone(BEIJING).date()
    return data.valid_from <= today and (data.valid_to is None or today <= data.valid_to)


def check_log(evidence: Evidence, at: datetime) -> Finding:
    """Look for the issuing in the transparency log: shown by an inclusion proof where the log is at hand."""
    del at
    log = evidence.log
    if log is None:
        return _not_checked("log", "没有可核对的日志。", "There is no log to look at.")
    facts: dict[str, Json] = {"source": log.source, "index": log.index, "size": log.size, "root": log.root}
    if log.at is not None:
        facts["checkpoint_at"] = rfc3339(log.at)
    if log.included is None:
        why = log.problem or Text("日志由发证节点保管", "the issuing node keeps the log")
        text = Text(f"签发日志没有核对：{why.zh.rstrip('。')}。", f"The log was not looked at: {why.en.rstrip('.')}.")
        return Finding("log", "not_checked", text, facts)
    if not log.included:
        text = Text("签发没有记入透明日志。", "The issuing does not stand in the transparency log.")
        # A peer's log may have lost what it once had, which only that node can tell.
        return Finding("log", "failed" if log.source == "own" else "indeterminate", text, facts, "UNREGISTERED")
    text = Text(f"签发已记入透明日志，序号 {log.index}。", f"The issuing stands in the transparency log as entry {log.index}.")
    return Finding("log", "passed", text, facts)


def status_of(evidence: Evidence, at: datetime, *, confirmed: bool) -> Status:
    """Return the status that the verdict shows: 05 once a valid licence's last day is over; nothing for what is not confirmed."""
    found, data = evidence.status, evidence.reading.data
    if found is None or found.code is None or not confirmed:
        return Status()
    if found.code == "01" and data is not None and data.valid_to is not None and at.astimezone(BEIJING).date() > data.valid_to:
        end = datetime.combine(data.valid_to + timedelta(days=1), datetime.min.time(), BEIJING)
        return Status(EXPIRED, end, "validity_ended")
    return Status(found.code, found.at, found.reason)


def _age(seconds: int) -> Text:
    hours = seconds // 3600
    if hours >= 48:  # noqa: PLR2004 - from two days on, days say it better
        return Text(f"{hours // 24} 天", f"{hours // 24} days")
    return Text(f"{hours} 小时", f"{hours} hours") if hours else Text(f"{seconds // 60} 分钟", f"{seconds // 60} minutes")


def _not_checked(name: str, zh: str, en: str) -> Finding:
    return Finding(name, "not_checked", Text(zh, en))
