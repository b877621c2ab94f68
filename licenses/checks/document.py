"""Checks of the file: one signature, over every byte, that forbids all changes, and holds. Trust is left to ``signature``."""

from __future__ import annotations

from datetime import datetime

from kernel.canonical import Json
from kernel.errors import Text
from licenses.evidence import Evidence
from licenses.reading import Flaw
from licenses.verdict import Finding, Subindication

_NO_CHANGES = 1
"""The DocMDP permission "no changes at all" (ISO 32000-2 12.8.2.2)."""

_FAULTS: dict[str, Subindication] = {"format": "FORMAT_FAILURE", "tampered": "TAMPERED", "weak": "CRYPTO_CONSTRAINTS_FAILURE"}


def check_format(evidence: Evidence, at: datetime) -> Finding:
    """Report one well-formed PDF; that it could be read is the proof."""
    del at
    reading = evidence.reading
    text = Text("文件是结构完好的 PDF。", "The file is a well-formed PDF.")
    return Finding("format", "passed", text, {"sha256": reading.sha256, "bytes": reading.size})


def check_one_signature(evidence: Evidence, at: datetime) -> Finding:
    """Ask for exactly one signature: a second one may show what the first never covered."""
    del at
    seal, count = evidence.reading.seal, evidence.reading.signatures
    facts = {"signatures": count}
    if seal is None:
        text = Text("文件没有电子签章。", "The file has no seal.")
        return Finding("one_signature", "failed", text, facts, "UNSIGNED")
    if count > 1 or seal.kind != "signature":
        text = Text("文件里的签名不是发证部门的那一个签章。", "The file's signatures are not the issuing department's one seal.")
        return Finding("one_signature", "failed", text, facts, "TAMPERED")
    return Finding("one_signature", "passed", Text("文件有且只有一个签章。", "The file has exactly one seal."), facts)


def check_coverage(evidence: Evidence, at: datetime) -> Finding:
    """Ask for a signature over the whole file, from its first byte to its last, but for its own value."""
    del at
    seal = evidence.reading.seal
    if seal is None:
        return _not_checked("coverage")
    facts: dict[str, Json] = {"byte_range": list(seal.byte_range), "bytes": evidence.reading.size}
    if seal.gap is not None:
        text = Text(f"签章没有覆盖整个文件：{seal.gap.zh}。", f"The seal does not cover the whole file: {seal.gap.en}.")
        return Finding("coverage", "failed", text, facts, "TAMPERED")
    return Finding("coverage", "passed", Text("签章覆盖整个文件。", "The seal covers the whole file."), facts)


def check_integrity(evidence: Evidence, at: datetime) -> Finding:
    """Ask for a signature value that holds: complete attributes, the digest of this content, the certificate's key."""
    del at
    seal = evidence.reading.seal
    if seal is None:
        return _not_checked("integrity")
    if seal.flaw is not None:
        return Finding("integrity", "failed", _sentence(seal.flaw), {}, _FAULTS[seal.flaw.kind])
    if seal.gap is not None:
        text = Text(
            "签章只证明它覆盖的那部分没有改动，其余部分不受保护。",
            "The seal shows only that the part it covers is unchanged; the rest is not protected.",
        )
        return Finding("integrity", "indeterminate", text, {"algorithm": seal.algorithm}, "TAMPERED")
    text = Text("内容与签章时完全一致。", "The content is exactly what was sealed.")
    return Finding("integrity", "passed", text, {"algorithm": seal.algorithm, "digest": seal.digest})


def check_certified(evidence: Evidence, at: datetime) -> Finding:
    """Ask for a certifying signature that allows no changes (DocMDP P=1), as licences are sealed."""
    del at
    seal = evidence.reading.seal
    if seal is None:
        return _not_checked("certified")
    facts = {"certifying": seal.is_author, "permission": seal.permission}
    if seal.is_author and seal.permission == _NO_CHANGES:
        return Finding("certified", "passed", Text("签章禁止任何改动。", "The seal forbids every change."), facts)
    if evidence.signer is None or evidence.signer.trusted is None:
        text = Text("签章人不受信任，未再核对签章的限制。", "The signer is not trusted; what the seal forbids was not looked at.")
        return Finding("certified", "not_checked", text, facts)
    text = Text("签章没有禁止改动，不是证照的签章方式。", "The seal does not forbid changes: licences are not sealed so.")
    return Finding("certified", "failed", text, facts, "DOWNGRADED")


def _sentence(flaw: Flaw) -> Text:
    return Text(f"{flaw.text.zh}。", f"{flaw.text.en[:1].upper()}{flaw.text.en[1:]}.")


def _not_checked(name: str) -> Finding:
    return Finding(name, "not_checked", Text("没有签章，无从核对。", "There is no seal to look at."))
