"""The pages on which somebody gets back into their account, and on which its owner cancels that."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from idp.authenticators import passkeys
from idp.ports import IdpDeps
from idp.records import Channel, Recovery
from idp.recovery import cancelling, completing, proofs, requests, window
from idp.recovery.errors import RECOVERY_OVER
from idp.recovery.requests import Ticket
from idp.views import browser
from kernel.errors import Refusal

Page = Response | str | tuple[str, int, dict[str, str]]

_COOKIE = "recovery"
_MAX_INPUT = 1024
_CHANNELS: dict[str, Channel] = {"email": "email", "phone": "phone"}


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages."""

    @blueprint.get("/recovery")
    def show_recovery() -> Page:
        return _page(deps)

    @blueprint.post("/recovery")
    def begin_recovery() -> Page:
        channel = _CHANNELS.get(_input("channel"), "email")
        return _step(
            deps, lambda: requests.begin(deps, browser.visit(deps), browser.device(), name=_input("name"), channel=channel)
        )

    @blueprint.post("/recovery/restart")
    def restart_recovery() -> Page:
        answer = browser.go_to(url_for("idp.show_recovery"))
        answer.delete_cookie(deps.node.cookie(_COOKIE), path="/")
        return answer

    _add_proofs(blueprint, deps)
    _add_end(blueprint, deps)

    @blueprint.post("/account/recovery/cancel")
    def cancel_recovery() -> Page:
        current = browser.current(deps)
        if current is None:
            return browser.go_to(url_for("idp.show_login"))
        cancelling.cancel(deps, current)
        return browser.go_to(url_for("idp.show_account"))


def _add_proofs(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.post("/recovery/code")
    def submit_recovery_code() -> Page:
        return _step(
            deps, lambda: proofs.prove_contact(deps, _cookie(deps), browser.visit(deps), browser.device(), _input("code"))
        )

    @blueprint.post("/recovery/proof")
    def submit_recovery_proof() -> Page:
        return _step(
            deps, lambda: proofs.prove_by_code(deps, _cookie(deps), browser.visit(deps), browser.device(), _input("code"))
        )

    @blueprint.post("/recovery/passkey")
    def submit_recovery_passkey() -> Page:
        text = request.form.get("credential", "")[: passkeys.MAX_ANSWER + 1]
        return _step(deps, lambda: proofs.prove_by_passkey(deps, _cookie(deps), browser.visit(deps), browser.device(), text))

    @blueprint.post("/recovery/register")
    def submit_recovery_register() -> Page:
        return _step(
            deps,
            lambda: proofs.prove_by_register(
                deps,
                _cookie(deps),
                browser.visit(deps),
                browser.device(),
                name=_input("name"),
                resident_id=_input("resident_id"),
            ),
        )


def _add_end(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.post("/recovery/again")
    def send_recovery_code() -> Page:
        return _step(deps, lambda: completing.send_code(deps, _cookie(deps), browser.visit(deps), browser.device()))

    @blueprint.post("/recovery/password")
    def complete_recovery() -> Page:
        try:
            completing.complete(
                deps,
                _cookie(deps),
                browser.visit(deps),
                browser.device(),
                code=_input("code"),
                password=_input("password"),
            )
        except Refusal as refusal:
            return browser.with_status(_page(deps, refusal), refusal)
        return _done(deps)

    @blueprint.get("/recovery/window")
    def show_window_recovery() -> Page:
        return _window_page(deps)

    @blueprint.post("/recovery/window")
    def complete_window_recovery() -> Page:
        try:
            window.complete(deps, browser.device(), name=_input("name"), code=_input("code"), password=_input("password"))
        except Refusal as refusal:
            return browser.with_status(_window_page(deps, refusal), refusal)
        return _done(deps)


def _step(deps: IdpDeps, act: Callable[[], Ticket]) -> Page:
    """Take a step and go on with the token that it gave; show what was refused on the page of the same step."""
    try:
        ticket = act()
    except Refusal as refusal:
        return browser.with_status(_page(deps, refusal), refusal)
    answer = browser.go_to(url_for("idp.show_recovery"))
    left = ticket.recovery.expires_at - deps.clock.now()
    answer.set_cookie(
        deps.node.cookie(_COOKIE),
        ticket.cookie,
        max_age=left,
        httponly=True,
        samesite="Lax",
        secure=deps.node.url.startswith("https:"),
        path="/",
    )
    return answer


def _page(deps: IdpDeps, error: Refusal | None = None) -> str:
    recovery = _find(deps)
    if recovery is None:
        return render_template("idp/recovery_begin.html", channels=list(deps.messengers), name=_input("name"), error=error)
    if recovery.step == "code":
        return render_template("idp/recovery_code.html", error=error)
    if recovery.step == "proof":
        passkey = proofs.passkey_options(deps, recovery, browser.visit(deps))
        return render_template(
            "idp/recovery_proof.html", passkey=passkey, register=deps.registers.population is not None, error=error
        )
    now = deps.clock.now()
    return render_template(
        "idp/recovery_end.html",
        due=recovery.due_at is not None and now >= recovery.due_at,
        due_at=recovery.due_at,
        sent=now < recovery.code_until,
        least=deps.policies.assurance.password.min_length_alone,
        error=error,
    )


def _window_page(deps: IdpDeps, error: Refusal | None = None) -> str:
    least = deps.policies.assurance.password.min_length_alone
    return render_template("idp/recovery_window.html", name=_input("name"), least=least, error=error)


def _done(deps: IdpDeps) -> Page:
    browser.log_out(deps)
    answer = Response(render_template("idp/recovery_done.html"), mimetype="text/html")
    answer.delete_cookie(deps.node.cookie(_COOKIE), path="/")
    return answer


def _find(deps: IdpDeps) -> Recovery | None:
    try:
        return requests.verify(deps, _cookie(deps), browser.visit(deps), "code", "proof", "waiting")
    except Refusal as refusal:
        if refusal.error is not RECOVERY_OVER:
            raise
        return None


def _cookie(deps: IdpDeps) -> str:
    return request.cookies.get(deps.node.cookie(_COOKIE), "")[:200]


def _input(name: str) -> str:
    return request.form.get(name, "")[:_MAX_INPUT].replace("\0", "")
