"""Checks of the signer: trusted by a path from our own anchor, at a proven time, with a certificate in force, at full level.

Left to others: finding the paths (``gathering``, which asks the trust room), the cryptography (``inspection``).
"""

from __future__ import annotations

from datetime import datetime

from kernel.canonical import Json
from kernel.clock import CLOCKS_MAY_DIFFER, rfc3339
from kernel.errors import Text
from licenses.evidence import Evidence, PathEvidence, Standing
from licenses.reading import Stamp
from licenses.verdict import LEVELS, Finding, Level, in_beijing

_COMPROMISED = frozenset({"key_compromise", "ca_compromise"})

TRANSIENT = frozenset({"revocation_unknown", "revocation_stale", "revocation_too_new", "evidence_too_old", "out_of_time"})
"""The path engine's reasons that newer evidence, not another signer, would cure."""


def check_trust(evidence: Evidence, at: datetime) -> Finding:
    """Ask for a path from this node's own anchor to the signer, with policies, name constraints and revocation."""
    del at
    signer = evidence.signer
    if signer is None:
        return _nothing("trust")
    found = signer.trusted
    if found is None:
        then = signer.then
        return _untrusted("trust", then if then is not None and then.code in TRANSIENT else signer.now)
    facts: dict[str, Json] = {"certificates": len(found.path), "policies": list(found.policies), "at": rfc3339(found.at)}
    if found.relied_until is not None:
        facts["relied_until"] = rfc3339(found.relied_until)
    where = evidence.signer_node
    if where is None:
        text = Text("签章证书有信任路径，但看不出属于哪个节点。", "The signer has a path, but no node that it belongs to.")
        return Finding("trust", "indeterminate", text, facts, "UNTRUSTED")
    facts["node"] = where.code
    if where.code == evidence.node.code:
        text = Text("签章证书由本节点的认证中心签发。", "The signer's certificate was issued by this node's own CA.")
    else:
        text = Text(
            f"签章证书经交叉认证得到信任，属于{where.name}。",
            f"The signer's certificate is trusted through cross-certification and belongs to {where.name}.",
        )
    if found.relied_until is not None:
        # With the bridge or the issuing node away, this is how long what it told last still counts.
        until = in_beijing(found.relied_until)
        text = Text(
            f"{text.zh}若一直取不到沿途节点的新资料，信任到{until.zh}为止。",
            f"{text.en} Unless the nodes on the way are heard again, this counts until {until.en}.",
        )
    return Finding("trust", "passed", text, facts)


def check_time_stamp(evidence: Evidence, at: datetime) -> Finding:
    """Ask for an RFC 3161 time-stamp over the signature value by an authority that is trusted, and for nothing but that."""
    seal, stamper = evidence.reading.seal, evidence.time_stamper
    if seal is None or seal.signer is None:
        return _nothing("time_stamp")
    if seal.stamp_flaw is not None:
        flaw = seal.stamp_flaw
        text = Text(f"时间戳不成立：{flaw.text.zh}。", f"The time-stamp does not hold: {flaw.text.en}.")
        return Finding("time_stamp", "failed", text, {}, "TAMPERED" if flaw.kind == "tampered" else "FORMAT_FAILURE")
    stamp = seal.stamp
    if stamp is None or stamper is None:
        text = Text("签章没有时间戳，签章时间得不到证明。", "There is no time-stamp, so the time of sealing is not proven.")
        return Finding("time_stamp", "indeterminate", text, {}, "NO_POE")
    facts: dict[str, Json] = {
        "generated_at": rfc3339(stamp.generated_at),
        "policy": stamp.policy,
        "authority": stamper.shown.described["subject"],
    }
    doubt = _find_doubt(evidence, stamper, stamp, at)
    if doubt is not None:
        facts["reason"] = stamper.now.code
        return Finding("time_stamp", "indeterminate", doubt, facts, "NO_POE")
    when = in_beijing(stamp.generated_at)
    text = Text(
        f"受信任的时间戳证明签章于{when.zh}已经存在。", f"A trusted time-stamp proves that the seal existed at {when.en}."
    )
    return Finding("time_stamp", "passed", text, facts)


def _find_doubt(evidence: Evidence, stamper: Standing, stamp: Stamp, at: datetime) -> Text | None:
    """Return why a sound token proves nothing here, or None."""
    if not stamp.dedicated:
        return Text("盖时间戳的证书不是时间戳证书。", "The certificate behind the time-stamp is not one for time-stamps.")
    if stamper.trusted is None:
        why = stamper.now.text or Text("没有从本节点出发的信任路径", "there is no path from this node's anchor")
        return Text(
            f"时间戳机构不受本节点信任：{_plain(why.zh)}。",
            f"The time-stamp authority is not trusted by this node: {_plain(why.en)}.",
        )
    if evidence.best_signature_time is None:
        return Text("时间戳证书在盖戳之前已被吊销。", "The time-stamp certificate was revoked before the stamp was made.")
    if stamp.generated_at > at + CLOCKS_MAY_DIFFER:
        return Text("时间戳的时间在将来。", "The time-stamp is from the future.")
    return None


def check_signing_time(evidence: Evidence, at: datetime) -> Finding:
    """Ask that the certificate was in force when the signature was made; without proof of the time, it must be now."""
    signer = evidence.signer
    if signer is None:
        return _nothing("signing_time")
    moment = evidence.best_signature_time or at
    start, end = signer.shown.not_before, signer.shown.not_after
    facts: dict[str, Json] = {
        "not_before": rfc3339(start),
        "not_after": rfc3339(end),
        "moment": rfc3339(moment),
        "proven": evidence.best_signature_time is not None,
    }
    if moment > end:
        if evidence.best_signature_time is None:
            text = Text(
                "签章证书已过期，又没有可信的签章时间。",
                "The signer's certificate has expired and the time of sealing is not proven.",
            )
            return Finding("signing_time", "indeterminate", text, facts, "NO_POE")
        text = Text("签章时证书已经过期。", "The certificate had expired when the seal was made.")
        return Finding("signing_time", "failed", text, facts, "EXPIRED")
    if moment < start:
        text = Text("签章时证书还没有生效。", "The certificate was not yet valid when the seal was made.")
        return Finding("signing_time", "failed", text, facts, "NOT_YET_VALID")
    return Finding("signing_time", "passed", Text("签章时证书在有效期内。", "The certificate was within its validity."), facts)


def check_revocation(evidence: Evidence, at: datetime) -> Finding:
    """Ask that it was not revoked before it signed. Later does no harm to what is shown to be older, unless the key was out."""
    del at
    signer = evidence.signer
    if signer is None or (signer.trusted is None and signer.revoked is None):
        return _nothing("revocation")
    revoked, best = signer.revoked, evidence.best_signature_time
    if revoked is None:
        text = Text("签章证书没有被吊销。", "The signer's certificate was not revoked.")
        return Finding("revocation", "passed", text, {"revoked_at": None})
    facts: dict[str, Json] = {"revoked_at": rfc3339(revoked.at), "reason": revoked.reason}
    when = in_beijing(revoked.at)
    if best is None:
        text = Text(
            "签章证书已被吊销，又没有可信的签章时间。",
            "The signer's certificate is revoked and the time of sealing is not proven.",
        )
        return Finding("revocation", "indeterminate", text, facts, "NO_POE")
    if revoked.at <= best:
        text = Text(
            f"签章证书在签章之前（{when.zh}）已被吊销。", f"The signer's certificate was revoked before it signed, on {when.en}."
        )
        return Finding("revocation", "failed", text, facts, "REVOKED")
    if revoked.reason in _COMPROMISED:
        text = Text(
            "签章证书因密钥泄露被吊销，之前的签章也不能采信。",
            "The signer's key was compromised, so older seals do not count either.",
        )
        return Finding("revocation", "failed", text, facts, "REVOKED")
    text = Text(
        f"签章证书在签章之后才被吊销（{when.zh}），不影响此前的签章。",
        f"The certificate was revoked after it signed, on {when.en}; the older seal stands.",
    )
    return Finding("revocation", "passed", text, facts)


def level_of(evidence: Evidence) -> Level | None:
    """Return the PAdES level that the file reaches: B-T with a sound time-stamp, B-LT with the material too, B-LTA with all stamped again."""
    seal = evidence.reading.seal
    if seal is None or seal.signer is None or seal.flaw is not None:
        return None
    if seal.stamp is None:
        return "B-B"
    if not _has_material(evidence):
        return "B-T"
    archiver = evidence.archiver
    return "B-LTA" if archiver is not None and archiver.trusted is not None else "B-LT"


def check_level(evidence: Evidence, at: datetime) -> Finding:
    """At least the level that it was issued at, B-LT where the registry does not ask for more: less means that something was taken out."""
    del at
    level = level_of(evidence)
    if level is None:
        return _nothing("level")
    required = evidence.required_level
    facts: dict[str, Json] = {"level": level, "required": required}
    if LEVELS.index(level) >= LEVELS.index(required):
        text = Text("签章带有时间戳和全部验证资料。", "The seal carries its time-stamp and all validation material.")
        return Finding("level", "passed", text, facts)
    if evidence.signer is None or evidence.signer.trusted is None:
        text = Text("签章人不受信任，未再核对签章级别。", "The signer is not trusted; the level of the seal was not looked at.")
        return Finding("level", "not_checked", text, facts)
    text = Text(
        f"签章只有 {level} 级，签发时是 {required} 级。",
        f"The seal is at level {level} only; it was issued at {required}.",
    )
    return Finding("level", "failed", text, facts, "DOWNGRADED")


def _has_material(evidence: Evidence) -> bool:
    """Tell whether the store holds the certificate and a revocation list of the issuer of signer and trusted time-stamper."""
    reading, stamper = evidence.reading, evidence.time_stamper
    if evidence.signer is None or not reading.signer_material:
        return False
    return stamper is None or stamper.trusted is None or reading.stamper_material


def _untrusted(name: str, found: PathEvidence) -> Finding:
    facts: dict[str, Json] = {"reason": found.code, "certificate": found.subject}
    why = found.text or Text("没有从本节点出发的信任路径", "there is no path from this node's anchor")
    if found.code in TRANSIENT:
        text = Text(
            f"签章证书暂时无法核实：{_plain(why.zh)}。", f"The signer's certificate cannot be checked now: {_plain(why.en)}."
        )
        return Finding(name, "indeterminate", text, facts, "TRY_LATER")
    text = Text(f"签章人不受本节点信任：{_plain(why.zh)}。", f"The signer is not trusted by this node: {_plain(why.en)}.")
    return Finding(name, "indeterminate", text, facts, "UNTRUSTED")


def _plain(sentence: str) -> str:
    return sentence.rstrip("。. ")


def _nothing(name: str) -> Finding:
    return Finding(name, "not_checked", Text("没有可用的签章，无从核对。", "There is no seal that could be looked at."))
