"""The page behind a notice's link. Opening it changes nothing, since mail programs open links by themselves; its button does."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from idp.notices import not_me
from idp.ports import IdpDeps
from idp.views import browser

_MAX = 100


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the page."""

    @blueprint.get("/not-me")
    def show_not_me() -> str:
        notice, proof = (request.args.get(name, "")[:_MAX] for name in ("notice", "proof"))
        return render_template("idp/not_me.html", notice=notice, proof=proof, done=False)

    @blueprint.post("/not-me")
    def report_not_me() -> str:
        notice, proof = (request.form.get(name, "")[:_MAX].replace("\0", "") for name in ("notice", "proof"))
        not_me.report(deps, notice, proof)
        browser.log_out(deps)
        return render_template("idp/not_me.html", notice=notice, proof=proof, done=True)
