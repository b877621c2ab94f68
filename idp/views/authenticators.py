"""The pages on which people change what they log in with."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from idp import notices
from idp.authenticators import certificates, changing, contacts, new_password, passkeys, recovery, totp
from idp.authenticators.errors import ENROLMENT_OVER, FRESH_LOGIN_NEEDED
from idp.browsers.devices import device_name
from idp.browsers.sessions import Current
from idp.ports import IdpDeps
from idp.records import Authenticator
from idp.views import browser
from kernel.errors import Refusal

Page = Response | str | tuple[str, int]

_MAX_INPUT = 1024


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages."""
    _add_list(blueprint, deps)
    _add_password(blueprint, deps)
    _add_totp(blueprint, deps)
    _add_passkey(blueprint, deps)
    _add_certificate(blueprint, deps)


def _add_list(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.get("/account/authenticators")
    def show_authenticators() -> Page:
        return for_owner(deps, lambda current: _list(deps, current))

    @blueprint.post("/account/authenticators/remove")
    def remove_authenticator() -> Page:
        def act(current: Current) -> Page:
            changing.remove(deps, current, _input("authenticator"))
            return go_to_list()

        return for_owner(deps, act, again=lambda current, refusal: _list(deps, current, refusal))

    @blueprint.get("/account/authenticators/<authenticator_id>/name")
    def show_rename(authenticator_id: str) -> Page:
        return for_owner(deps, lambda current: _rename_page(deps, current, authenticator_id))

    @blueprint.post("/account/authenticators/<authenticator_id>/name")
    def submit_rename(authenticator_id: str) -> Page:
        def act(current: Current) -> Page:
            changing.rename(deps, current, authenticator_id, _input("name"))
            return go_to_list()

        return for_owner(deps, act, again=lambda current, refusal: _rename_page(deps, current, authenticator_id, refusal))

    @blueprint.post("/account/recovery-codes")
    def make_recovery_codes() -> Page:
        def act(current: Current) -> Page:
            return render_template("idp/recovery_codes.html", codes=recovery.make(deps, current))

        return for_owner(deps, act, again=lambda current, refusal: _list(deps, current, refusal))


def _add_password(blueprint: Blueprint, deps: IdpDeps) -> None:
    def page(current: Current, error: Refusal | None = None) -> Page:
        changing.check_fresh(deps, current)
        least = new_password.least_length(deps, current)
        return render_template("idp/new_password.html", username=current.account.username, least=least, error=error)

    @blueprint.get("/account/password")
    def show_new_password() -> Page:
        return for_owner(deps, page)

    @blueprint.post("/account/password")
    def submit_new_password() -> Page:
        def act(current: Current) -> Page:
            new_password.change(deps, current, request.form.get("password", "")[: 2 * _MAX_INPUT])
            return go_to_list()

        return for_owner(deps, act, again=page)


def _add_totp(blueprint: Blueprint, deps: IdpDeps) -> None:
    def page(enrolment: totp.Enrolment, name: str, error: Refusal | None = None) -> Page:
        return render_template("idp/new_totp.html", enrolment=enrolment, name=name, error=error)

    def again(current: Current, refusal: Refusal) -> Page:
        if refusal.error is ENROLMENT_OVER:
            return page(totp.begin(deps, current), _input("name"), refusal)
        return page(totp.again(deps, current, _input("sealed")), _input("name"), refusal)

    @blueprint.get("/account/totp")
    def show_new_totp() -> Page:
        return for_owner(deps, lambda current: page(totp.begin(deps, current), ""))

    @blueprint.post("/account/totp")
    def submit_new_totp() -> Page:
        def act(current: Current) -> Page:
            totp.confirm(deps, current, sealed=_input("sealed"), code=_input("code"), name=_input("name"))
            return go_to_list()

        return for_owner(deps, act, again=again)


def _add_passkey(blueprint: Blueprint, deps: IdpDeps) -> None:
    def page(current: Current, error: Refusal | None = None) -> Page:
        options = passkeys.creation_options(deps, current, browser.visit(deps).browser)
        return render_template("idp/new_passkey.html", options=options, name=_input("name") or _suggested_name(), error=error)

    @blueprint.get("/account/passkeys")
    def show_new_passkey() -> Page:
        return for_owner(deps, page)

    @blueprint.post("/account/passkeys")
    def submit_new_passkey() -> Page:
        def act(current: Current) -> Page:
            text = request.form.get("credential", "")[: passkeys.MAX_ANSWER + 1]
            passkeys.enrol(deps, current, browser.visit(deps).browser, text=text, name=_input("name"))
            return go_to_list()

        return for_owner(deps, act, again=page)


def _add_certificate(blueprint: Blueprint, deps: IdpDeps) -> None:
    def page(current: Current) -> Page:
        changing.check_fresh(deps, current)
        try:
            name, error = certificates.suggest_name(browser.certificate()), None
        except Refusal as refusal:  # nothing was asked for yet
            name, error = "", refusal
        return render_template("idp/new_certificate.html", name=name, error=error)

    def again(_: Current, refusal: Refusal) -> Page:
        return render_template("idp/new_certificate.html", name=_input("name"), error=refusal)

    @blueprint.get("/account/certificates")
    def show_new_certificate() -> Page:
        return for_owner(deps, page)

    @blueprint.post("/account/certificates")
    def submit_new_certificate() -> Page:
        def act(current: Current) -> Page:
            certificates.enrol(deps, current, browser.device(), der=browser.certificate(), name=_input("name"))
            return go_to_list()

        return for_owner(deps, act, again=again)


def for_owner(
    deps: IdpDeps,
    act: Callable[[Current], Page],
    *,
    again: Callable[[Current, Refusal], Page] | None = None,
    then: str = "authenticators",
) -> Page:
    """Let whoever is logged in do something, after a fresh login where it takes one; ``again`` shows a refusal on its page.

    ``then`` names the page that a login leads back to.
    """
    current = browser.current(deps)
    if current is None:
        return _log_in_first(then)
    try:
        return act(current)
    except Refusal as refusal:
        if refusal.error is FRESH_LOGIN_NEEDED:
            return _log_in_first(then)
        if again is None:
            raise
        page = again(current, refusal)
        return (page, refusal.error.status) if isinstance(page, str) else page


def _list(deps: IdpDeps, current: Current, error: Refusal | None = None) -> Page:
    authenticators, left = changing.listed(deps, current.account.id)
    return render_template(
        "idp/authenticators.html",
        authenticators=authenticators,
        account=current.account,
        certificates=deps.client_certificates and bool(deps.policies.assurance.certificates),
        channels=tuple(deps.messengers),
        code_uses=contacts.code_uses(deps, current.account.id),
        notices=notices.told(deps, current.account.id),
        codes_left=left,
        error=error,
    )


def _rename_page(deps: IdpDeps, current: Current, authenticator_id: str, error: Refusal | None = None) -> Page:
    one: Authenticator = changing.get(deps, current, authenticator_id)
    return render_template("idp/rename.html", one=one, error=error)


def _log_in_first(then: str) -> Response:
    return browser.go_to(url_for("idp.show_login", then=then))


def go_to_list() -> Response:
    """Go back to the list of authenticators."""
    return browser.go_to(url_for("idp.show_authenticators"))


def _suggested_name() -> str:
    return device_name(request.user_agent.string)


def _input(name: str) -> str:
    return request.form.get(name, "")[:_MAX_INPUT].replace("\0", "")
