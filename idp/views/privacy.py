"""A person's history, and everything that is kept about them as a file."""

from __future__ import annotations

import json

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from idp.ports import IdpDeps
from idp.privacy import export, history
from idp.views import browser

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

    @blueprint.post("/account/export")
    def export_person() -> AnyResponse | str:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        data = export.export(deps, current)
        if request.form.get("form") != "json":
            return render_template("idp/export.html", data=data, entries=history.read(deps, current.account, limit=1000))
        text = json.dumps(data, ensure_ascii=False, indent=2)
        name = f'attachment; filename="{current.account.username.encode("ascii", "ignore").decode() or "account"}.json"'
        return Response(text, mimetype="application/json", headers={"Content-Disposition": name, "Cache-Control": "no-store"})
