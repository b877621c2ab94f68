"""The page on which anybody reports a login by its code."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from idp.notices import cases
from idp.ports import IdpDeps
from idp.views import browser
from kernel.errors import Refusal

_MAX_CODE = 40


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the page."""

    def page(*, done: bool = False, error: Refusal | None = None) -> str:
        code = (request.form.get("code") or request.args.get("code") or "")[:_MAX_CODE]
        words = request.form.get("words", "")[: cases.MAX_WORDS]
        return render_template("idp/report.html", code=code, words=words, most=cases.MAX_WORDS, done=done, error=error)

    @blueprint.get("/report")
    def show_report() -> str:
        return page()

    @blueprint.post("/report")
    def submit_report() -> str | tuple[str, int, dict[str, str]]:
        code, words = (request.form.get(name, "")[: cases.MAX_WORDS].replace("\0", "") for name in ("code", "words"))
        try:
            cases.report(deps, browser.device(), code=code, words=words)
        except Refusal as refusal:
            return browser.with_status(page(error=refusal), refusal)
        return page(done=True)
