"""The pages on which citizens register: who they are, then the code that reached them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from idp.authenticators.errors import CHANNEL_MISSING, SENDING_THROTTLED, SENT_CODE_WRONG
from idp.citizens import registration
from idp.citizens.errors import PERSON_UNSUITABLE
from idp.errors import LOGIN_THROTTLED, MESSAGE_UNDELIVERED, PASSWORD_UNSUITABLE
from idp.interaction.login import LoggedIn
from idp.ports import IdpDeps
from idp.views import browser
from idp.views.authorize import follow
from kernel.errors import Refusal

Page = Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]

_MAX_INPUT = 1024
_MAX_SEALED = 8192
_ON_FIRST = (PERSON_UNSUITABLE, PASSWORD_UNSUITABLE, CHANNEL_MISSING, SENDING_THROTTLED, MESSAGE_UNDELIVERED)
_ON_SECOND = (SENT_CODE_WRONG, SENDING_THROTTLED, LOGIN_THROTTLED, MESSAGE_UNDELIVERED)


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages."""

    @blueprint.get("/register")
    def show_registration() -> Page:
        browser.visit(deps)  # what is typed belongs to this browser
        return _first(deps)

    @blueprint.post("/register")
    def submit_registration() -> Page:
        try:
            pending = registration.begin(
                deps,
                browser.visit(deps),
                browser.device(),
                name=_input("name"),
                resident_id=_input("resident_id"),
                contact=_input("contact"),
                password=_input("password"),
            )
        except Refusal as refusal:
            if refusal.error not in _ON_FIRST:
                raise
            return _first(deps, refusal), refusal.error.status
        return _second(pending)

    @blueprint.post("/register/code/again")
    def send_registration_code() -> Page:
        def act(sealed: str) -> Page:
            return _second(registration.send_again(deps, browser.visit(deps), browser.device(), sealed))

        return _on_second(deps, act)

    @blueprint.post("/register/code")
    def finish_registration() -> Page:
        def act(sealed: str) -> Page:
            result = registration.finish(
                deps, browser.visit(deps), browser.device(), transaction_id=_waiting(), sealed=sealed, code=_input("code")
            )
            return _enter(result)

        return _on_second(deps, act)


def _first(deps: IdpDeps, error: Refusal | None = None) -> str:
    typed = {name: _input(name) for name in ("name", "resident_id", "contact")}
    least = deps.policies.assurance.password.min_length_alone
    return render_template(
        "idp/register.html", typed=typed, channels=tuple(deps.messengers), least=least, txn=_waiting(), error=error
    )


def _second(pending: registration.Pending, error: Refusal | None = None) -> str:
    return render_template("idp/register_code.html", pending=pending, txn=_waiting(), error=error)


def _on_second(deps: IdpDeps, act: Callable[[str], Page]) -> Page:
    """Do something on the page of the code; a refusal is shown there."""
    sealed = request.form.get("sealed", "")[:_MAX_SEALED].replace("\0", "")
    try:
        return act(sealed)
    except Refusal as refusal:
        if refusal.error not in _ON_SECOND:
            raise
        return _second(registration.again(deps, browser.visit(deps), sealed), refusal), refusal.error.status


def _enter(result: LoggedIn) -> Page:
    browser.log_in(result.started)
    return browser.go_to(url_for("idp.home")) if result.outcome is None else follow(result.outcome)


def _waiting() -> str | None:
    """Return the login of a department that waits meanwhile."""
    return browser.transaction_id() if "txn" in request.args else None


def _input(name: str) -> str:
    return request.form.get(name, "")[:_MAX_INPUT].replace("\0", "")
