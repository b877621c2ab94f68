"""A person's history, and everything that is kept about them as a file."""

from __future__ import annotations

import json

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from idp.ports import IdpDeps
from idp.privacy import closing, export, history
from idp.views import browser
from kernel.clock import parse_rfc3339
from kernel.errors import Refusal

_LONGEST = 18
"""Digits of a number of the audit trail: what fits 64 bits."""


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages."""

    @blueprint.get("/account/history")
    def show_history() -> AnyResponse | str:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        before = request.args.get("before", "")
        known = before.isascii() and before.isdecimal() and len(before) <= _LONGEST
        entries = history.read(deps, current.account, before=int(before) if known else None)
        older = f"?before={entries[-1].number}" if len(entries) == history.PAGE else None
        newest = url_for("idp.show_history") if known else None
        return render_template("idp/history.html", entries=entries, older=older, newest=newest)

    _add_closing(blueprint, deps)

    @blueprint.post("/account/export")
    def export_person() -> AnyResponse | str:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        browser.check_files(deps)
        data = export.export(deps, current)
        if request.form.get("form") != "json":
            entries = history.read(deps, current.account, limit=1000)
            return render_template("idp/export.html", data=data, moment=parse_rfc3339, entries=entries)
        text = json.dumps(data, ensure_ascii=False, indent=2)
        name = f'attachment; filename="{current.account.username.encode("ascii", "ignore").decode() or "account"}.json"'
        return Response(text, mimetype="application/json", headers={"Content-Disposition": name, "Cache-Control": "no-store"})


def _add_closing(blueprint: Blueprint, deps: IdpDeps) -> None:
    def page(account_id: str, error: Refusal | None = None) -> str:
        days = deps.policies.assurance.closing_seconds // 86400
        return render_template("idp/close.html", closing=closing.find(deps, account_id), days=days, error=error)

    @blueprint.get("/account/close")
    def show_closing() -> AnyResponse | str:
        current = browser.current(deps)
        return browser.go_to(url_for("idp.show_login")) if current is None else page(current.account.id)

    @blueprint.post("/account/close")
    def begin_closing() -> AnyResponse | str | tuple[str, int]:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        try:
            closing.begin(deps, current, request.form.get("username", "")[:100])
        except Refusal as refusal:
            if refusal.field != "username":
                raise
            return page(current.account.id, refusal), refusal.error.status
        return browser.go_to(url_for("idp.show_closing"))

    @blueprint.post("/account/close/cancel")
    def cancel_closing() -> AnyResponse:
        current = browser.current(deps)
        if current is not None:
            closing.cancel(deps, current)
        return browser.go_to(url_for("idp.show_account"))
