"""The page of a login on which somebody chooses for whom they come."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from idp.authorize import flow
from idp.authorize.transactions import verify_transaction
from idp.interaction import identity
from idp.ports import IdpDeps
from idp.views import browser
from idp.views.authorize import follow
from idp.views.login import Page


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the page."""

    @blueprint.get("/login/identity")
    def show_identity() -> Page:
        visit = browser.visit(deps)
        transaction = verify_transaction(deps, browser.transaction_id(), visit.browser)
        outcome = flow.resume(deps, transaction, visit)
        if not (isinstance(outcome, flow.Ask) and outcome.step == "identity"):
            return follow(outcome)
        question = identity.describe(deps, transaction, visit)
        browser.wear(question.request)
        return render_template("idp/identity.html", question=question, txn=transaction.id)

    @blueprint.post("/login/identity")
    def submit_identity() -> Page:
        chosen = request.form.get("acting", "?")[:100]
        return follow(identity.choose(deps, browser.transaction_id(), browser.visit(deps), chosen))
