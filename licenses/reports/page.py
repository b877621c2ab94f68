"""A verification report as a PDF that the node seals: every check in both languages, the path, and the same claims attached.

Whoever has it can have it verified in turn, here or at any node that trusts this one. Left to others: what it claims (``report_data``), the
seal's form (``pki.seals``), how typst is called (``render``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kernel.errors import Text
from kernel.nodes import Node
from licenses import fonts, render
from licenses.ports import LicenseDeps
from licenses.presentation import TITLES
from licenses.registry_records import VALID
from licenses.report_data import SEAL, SUBJECT, reporter_name, to_bytes
from licenses.verdict import in_beijing
from pki import seals
from pki.records import Department

MEDIA_TYPE = "application/pdf"
_TEMPLATE = "report"
_KEY = "report"
_LONGEST = 600
_MOST = 24
"""Changes, and certificates of a path, that are printed; the attached data have all."""

_MARKS = {"passed": "✓", "failed": "✗", "indeterminate": "?", "not_checked": "–"}


def _reporter(node: Node) -> Department:
    """Return in whose name a node's reports are sealed: its own place in the tree of names, and a name that no department has."""
    return Department(_KEY, reporter_name(node), node.code, node.names, SEAL)


def make_report(deps: LicenseDeps, claims: Mapping[str, Any]) -> bytes:
    """Return the sealed PDF of a report with these claims."""
    at = datetime.fromtimestamp(claims["iat"], UTC)
    attachment = to_bytes(claims)
    page = render.compile_page(
        _TEMPLATE, {"page": json.dumps(_page(deps.node, claims, at), ensure_ascii=False), "data": attachment.decode()}, at
    )
    seal = seals.get_or_create_seal(deps.pki, _reporter(deps.node))
    return seals.seal_pdf(deps.pki, seal, page, at=deps.clock.now(), reason="证照验证报告")


def _page(node: Node, claims: Mapping[str, Any], at: datetime) -> dict[str, object]:
    verdict = claims["verdict"]
    message, signer, status = verdict["message"], verdict["signer"], verdict["status"]
    return {
        "colour": _colour(verdict),
        "indication": verdict["indication"],
        "subindication": verdict["subindication"] or "",
        "zh": _printable(message["zh"]),
        "en": _printable(message["en"]),
        "facts": [
            _fact("文件摘要", "SHA-256", claims["sub"].removeprefix(SUBJECT)),
            _fact("文件大小", "Size", f"{claims['bytes']} B"),
            _fact("验证时刻", "Verified at", in_beijing(at).zh),
            _fact("验证节点", "Verified by", f"{node.name} {node.code}"),
            _fact("签章人", "Sealed by", signer.get("name") or "—"),
            _fact("签章时间", "Sealed at", verdict["best_signature_time"] or "—"),
            _fact("签章级别", "Level", verdict["level"] or "—"),
            _fact("证照状态", "Status", status["code"] or "—"),
        ],
        "checks": [_check(one) for one in verdict["checks"]],
        "path": [_printable(str(step["subject"])) for step in verdict["path"][:_MOST]],
        "changes": [_printable(f"{one['text']['zh']} {one['text']['en']}") for one in verdict["changes"][:_MOST]],
        "issuer": reporter_name(node),
        "caption": SEAL,
        "url": f"{node.url}/verify",
        "day": in_beijing(at).zh[:11],
    }


def _colour(verdict: Mapping[str, Any]) -> str:
    """Return the light's colour. Green is for licences in force alone."""
    if verdict["indication"] == "TOTAL_FAILED":
        return "bad"
    dates: Mapping[str, Any] = next((one["evidence"] for one in verdict["checks"] if one["id"] == "dates"), {})
    in_force = verdict["status"]["code"] == VALID and dates.get("in_force") is True
    return "ok" if verdict["indication"] == "TOTAL_PASSED" and in_force else "warn"


def _fact(zh: str, en: str, value: str) -> dict[str, str]:
    return {"zh": zh, "en": en, "value": _printable(value)}


def _check(one: Mapping[str, Any]) -> dict[str, str]:
    title, text = TITLES.get(one["id"], Text(one["id"], one["id"])), one["text"]
    return {
        "mark": _MARKS[one["result"]],
        "result": one["result"],
        "title_zh": title.zh,
        "title_en": title.en,
        "zh": _printable(text["zh"]),
        "en": _printable(text["en"]),
    }


def _printable(text: str) -> str:
    """Return ``text`` for the page: not too long, and a character that no font has as its code point, since outsiders choose some of it."""
    coverage = fonts.printable()
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(each if each in coverage else f"[U+{ord(each):04X}]" for each in shown)
