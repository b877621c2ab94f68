"""The person's own pages: home with their licences and departments, and the account with its sessions and what departments know."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from idp import home, notices
from idp.browsers import sessions
from idp.interaction import consent
from idp.logout import ending, results
from idp.ports import IdpDeps
from idp.privacy import closing
from idp.recovery import cancelling
from idp.views import browser


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages."""

    @blueprint.get("/", endpoint="home")
    def show_home() -> str:
        current = browser.current(deps)
        if current is None:
            return render_template("idp/welcome.html", departments=home.departments(deps))
        return render_template("idp/home.html", home=home.describe(deps, current))

    @blueprint.get("/account")
    def show_account() -> Response | str:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        return render_template(
            "idp/account.html",
            home=home.describe(deps, current),
            current=current,
            sessions=sessions.listed(deps, current.account.id),
            agreements=consent.agreements(deps, current.account.id),
            ended=results.latest(deps, current.account.id),
            recoveries=cancelling.waiting(deps, current),
            closing=closing.find(deps, current.account.id),
        )

    @blueprint.get("/account/messages")
    def show_messages() -> Response | str:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        return render_template("idp/messages.html", messages=notices.open_messages(deps, current.account.id))

    _add_changes(blueprint, deps)


def _add_changes(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.post("/account/consents/withdraw")
    def withdraw_consent() -> Response:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        consent.withdraw(deps, current, request.form.get("client", "")[:100])
        return browser.go_to(url_for("idp.show_account"))

    @blueprint.post("/account/sessions/end")
    def end_session() -> Response:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        ending.end_own(deps, current, request.form.get("session", "")[:100])
        return browser.go_to(url_for("idp.show_account"))

    @blueprint.post("/account/sessions/end-all")
    def end_all_sessions() -> Response:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        ending.end_all(deps, current.account.id, actor=f"account:{current.account.id}")
        browser.log_out(deps)
        return browser.go_to(url_for("idp.logged_out"))
