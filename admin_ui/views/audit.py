"""The audit trail: searched and paged, its chain checked, handed out as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request

from admin_ui import telling
from admin_ui.ports import AdminDeps, AuditEntry, ChainReport
from admin_ui.views.guard import guard, visitor

PAGE = 50
_PIECE = 500
_LOOKED_THROUGH = 20_000
"""So many events are looked through for a word at once; the next page goes on from there."""


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/audit")
    @guard(deps, "audit.read")
    def list_events() -> str:
        return _page(deps)

    @pages.post("/audit/chain")
    @guard(deps, "audit.read")
    def check_chain() -> str:
        return _page(deps, deps.audit.check_chain())

    @pages.get("/audit/events.jsonl")
    @guard(deps, "audit.read")
    def export_events() -> Response:
        contains = _asked() or None
        first = deps.audit.page(limit=_PIECE, contains=contains)
        lines = (json.dumps(line, ensure_ascii=False) + "\n" for line in _exported(deps, first, contains))
        headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
        return Response(lines, mimetype="application/jsonl", headers=headers)


def _asked() -> str:
    return request.args.get("q", "").strip()[:100]


def _exported(deps: AdminDeps, events: Sequence[AuditEntry], contains: str | None) -> Iterator[Mapping[str, object]]:
    """Return ``events`` and all that are older, newest first, read a piece at a time."""
    while events:
        yield from ({"number": each.number, "sealed": each.sealed, **each.event.as_json()} for each in events)
        events = deps.audit.page(before=events[-1].number, limit=_PIECE, contains=contains)


def _page(deps: AdminDeps, chain: ChainReport | None = None) -> str:
    contains = _asked()
    before = request.args.get("before", "")
    number = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None  # noqa: PLR2004 - 64 bits
    end = deps.audit.find_end(before=number, of=_LOOKED_THROUGH) if contains else None
    events = deps.audit.page(before=number, limit=PAGE + 1, contains=contains or None, down_to=end)
    last = events[PAGE - 1].number if len(events) > PAGE else end
    return render_template(
        "admin_ui/audit.html",
        rows=telling.tell(deps, visitor(deps), events[:PAGE]),
        contains=contains,
        before=before,
        older=None if last is None else f"?{urlencode({'q': contains, 'before': last})}",
        looked_through=_LOOKED_THROUGH if len(events) <= PAGE and end is not None else None,
        chain=chain,
    )
