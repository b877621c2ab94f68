"""The pages of a login: username and password, one-time code, consent, and turning back."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response

from idp.authenticators import passkeys, switches
from idp.authenticators.errors import (
    CERTIFICATE_MISSING,
    CERTIFICATE_REFUSED,
    PASSKEY_CLONED,
    PASSKEY_OVER,
    PASSKEY_REFUSED,
    RECOVERY_CODE_WRONG,
    SENDING_THROTTLED,
    SENT_CODE_WRONG,
    SWITCHED_OFF,
)
from idp.authorize import flow
from idp.authorize.request import AuthorizationRequest
from idp.authorize.transactions import verify_transaction
from idp.browsers import kept_forms
from idp.directories.errors import DIRECTORY_PASSWORD_RESET, STAFF_DIRECTORY_AWAY
from idp.errors import (
    ACCOUNT_DISABLED,
    LOGIN_FAILED,
    LOGIN_THROTTLED,
    MESSAGE_UNDELIVERED,
    ONE_TIME_CODE_USED,
    ONE_TIME_CODE_WRONG,
    SECOND_FACTOR_MISSING,
)
from idp.interaction import certificate_login, consent, login, passkey_login
from idp.ports import IdpDeps
from idp.records import Client, Transaction
from idp.views import browser, entering, strangers_page
from idp.views.authorize import follow
from kernel.errors import Refusal

Page = Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]

_SHOWN_ON_PAGE = (
    LOGIN_FAILED,
    LOGIN_THROTTLED,
    ACCOUNT_DISABLED,
    SECOND_FACTOR_MISSING,
    ONE_TIME_CODE_WRONG,
    ONE_TIME_CODE_USED,
    STAFF_DIRECTORY_AWAY,
    DIRECTORY_PASSWORD_RESET,
    RECOVERY_CODE_WRONG,
    PASSKEY_REFUSED,
    PASSKEY_OVER,
    PASSKEY_CLONED,
    CERTIFICATE_MISSING,
    CERTIFICATE_REFUSED,
    SENT_CODE_WRONG,
    SENDING_THROTTLED,
    MESSAGE_UNDELIVERED,
    SWITCHED_OFF,
)
_AFTER = {"authenticators": "idp.show_authenticators", "organizations": "idp.show_organizations", "window": "admin.show_window"}
"""Where a login without a client leads, when a page of ours asked for it."""


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages."""
    _add_password(blueprint, deps)
    _add_second_factor(blueprint, deps)
    _add_without_name(blueprint, deps)
    _add_consent(blueprint, deps)

    @blueprint.post("/login/cancel")
    def cancel_login() -> Page:
        answer = flow.cancel(deps, browser.transaction_id(), browser.visit(deps))
        return browser.go_to(url_for("idp.home")) if answer is None else browser.send(answer)


def _add_password(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.get("/login")
    def show_login() -> Page:
        visit = browser.visit(deps)
        if "txn" not in request.args:
            asked = visit.current is None or _then() is not None
            return _login_page(deps, None, None) if asked else browser.go_to(url_for("idp.home"))
        transaction = verify_transaction(deps, browser.transaction_id(), visit.browser)
        if transaction.request is None:
            return browser.go_to(url_for("idp.show_second_factor", txn=transaction.id))
        outcome = flow.resume(deps, transaction, visit)
        if isinstance(outcome, flow.Ask) and outcome.step == "login":
            return _login_page(deps, transaction, outcome.client)
        return follow(outcome)

    @blueprint.post("/login")
    def submit_login() -> Page:
        username = _input("username")
        try:
            result = entering.find_tried(request.environ) or login.submit_password(
                deps,
                transaction_id=browser.transaction_id() if "txn" in request.args else None,
                visit=browser.visit(deps),
                device=browser.device(),
                username=username,
                password=_input("password"),
            )
        except Refusal as refusal:
            return _again(deps, refusal, username=username)
        if isinstance(result, login.NeedsCode):
            return browser.go_to(url_for("idp.show_second_factor", txn=result.transaction_id, then=_then()))
        return _enter(deps, result)


def _add_second_factor(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.get("/login/second-factor")
    def show_second_factor() -> Page:
        return _second_factor_page(deps, verify_transaction(deps, browser.transaction_id(), browser.visit(deps).browser))

    @blueprint.post("/login/second-factor")
    def submit_second_factor() -> Page:
        visit = browser.visit(deps)
        try:
            result = login.submit_code(
                deps, transaction_id=browser.transaction_id(), visit=visit, device=browser.device(), code=_input("code")
            )
        except Refusal as refusal:
            if refusal.error not in _SHOWN_ON_PAGE:
                raise
            transaction = verify_transaction(deps, browser.transaction_id(), visit.browser)
            return browser.with_status(_second_factor_page(deps, transaction, refusal), refusal)
        return _enter(deps, result)

    @blueprint.post("/login/second-factor/send")
    def send_login_code() -> Page:
        visit, txn = browser.visit(deps), browser.transaction_id()
        try:
            login.send_code(deps, transaction_id=txn, visit=visit, device=browser.device())
        except Refusal as refusal:
            if refusal.error not in _SHOWN_ON_PAGE:
                raise
            return browser.with_status(_second_factor_page(deps, verify_transaction(deps, txn, visit.browser), refusal), refusal)
        return browser.go_to(url_for("idp.show_second_factor", txn=txn, then=_then(), sent=1))


def _add_without_name(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.post("/login/passkey")
    def submit_passkey() -> Page:
        try:
            result = passkey_login.submit(
                deps,
                transaction_id=browser.transaction_id() if "txn" in request.args else None,
                visit=browser.visit(deps),
                device=browser.device(),
                text=request.form.get("credential", "")[: passkeys.MAX_ANSWER + 1],
            )
        except Refusal as refusal:
            return _again(deps, refusal, username="")
        return _enter(deps, result)

    @blueprint.post("/login/certificate")
    def submit_certificate() -> Page:
        try:
            result = certificate_login.submit(
                deps,
                transaction_id=browser.transaction_id() if "txn" in request.args else None,
                visit=browser.visit(deps),
                device=browser.device(),
                der=browser.certificate(),
            )
        except Refusal as refusal:
            return _again(deps, refusal, username="")
        return _enter(deps, result)


def _add_consent(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.get("/login/consent")
    def show_consent() -> Page:
        visit = browser.visit(deps)
        transaction = verify_transaction(deps, browser.transaction_id(), visit.browser)
        outcome = flow.resume(deps, transaction, visit)
        if not (isinstance(outcome, flow.Ask) and outcome.step in {"consent", "go_on"}):
            return follow(outcome)
        question = consent.describe(deps, transaction, visit)
        browser.wear(question.request)
        return render_template("idp/consent.html", question=question, txn=transaction.id)

    @blueprint.post("/login/consent")
    def submit_consent() -> Page:
        ticked = frozenset(name.removeprefix("scope_") for name in request.form if name.startswith("scope_"))
        return follow(consent.agree(deps, browser.transaction_id(), browser.visit(deps), ticked))


def _enter(deps: IdpDeps, result: login.LoggedIn) -> Page:
    browser.log_in(result.started)
    return browser.go_to(_after(deps, result)) if result.outcome is None else follow(result.outcome)


def _after(deps: IdpDeps, result: login.LoggedIn) -> str:
    """Return where a login without a client leads: to a form that waits for whoever logged in, or to the page that asked."""
    then = _then() or ""
    if then.startswith(kept_forms.THEN):
        return kept_forms.page_of(deps, then, result.started.session.account_id, browser.visit(deps).browser) or url_for(
            "idp.home"
        )
    return url_for(_AFTER.get(then, "idp.home"))


def _again(deps: IdpDeps, refusal: Refusal, *, username: str) -> Page:
    if refusal.error not in _SHOWN_ON_PAGE:
        raise refusal
    visit = browser.visit(deps)
    transaction = verify_transaction(deps, browser.transaction_id(), visit.browser) if "txn" in request.args else None
    page = _login_page(deps, transaction, _find_client(deps, transaction), username=username, error=refusal)
    return browser.with_status(page, refusal)


def _login_page(
    deps: IdpDeps, transaction: Transaction | None, client: Client | None, *, username: str = "", error: Refusal | None = None
) -> str:
    waiting = _prepare_for(transaction)
    suggested = username or (waiting.login_hint or "" if waiting is not None else "")
    txn, then, visit = None if transaction is None else transaction.id, _then(), browser.visit(deps)
    off = strangers_page.named(switches.listed(deps))
    passkey = passkeys.request_options(deps, visit.browser, txn)

    def render() -> str:
        return render_template(
            "idp/login.html",
            client=client,
            txn=txn,
            then=then,
            kept=kept_forms.names_form(then or ""),
            username=suggested,
            passkey=passkey,
            certificates=_takes_certificates(deps),
            off=off,
            error=error,
        )

    at_first = (
        error is None and entering.find_waiting(request.environ) == txn and browser.find_kiosk(deps, request.cookies) is None
    )
    if transaction is None or waiting is None or not at_first or not strangers_page.is_strangers(waiting, visit):
        return render()
    where = {"language": get_locale().language, "root": request.script_root}
    form_field = current_app.jinja_env.globals["csrf_field"]()  # type: ignore[operator]  # a template's own
    return strangers_page.show(deps, transaction, client, off, **where, passkey=passkey, form=form_field, render=render)


def _takes_certificates(deps: IdpDeps) -> bool:
    return deps.client_certificates and bool(deps.policies.assurance.certificates)


def _second_factor_page(deps: IdpDeps, transaction: Transaction, error: Refusal | None = None) -> str:
    _prepare_for(transaction)
    client = _find_client(deps, transaction)
    visit = browser.visit(deps)
    return render_template(
        "idp/second_factor.html",
        client=client,
        txn=transaction.id,
        then=_then(),
        passkey=passkeys.request_options(deps, visit.browser, transaction.id),
        certificates=_takes_certificates(deps),
        sent_to=login.find_destination(deps, transaction.id, visit),
        sent="sent" in request.args or request.method == "POST",
        error=error,
    )


def _find_client(deps: IdpDeps, transaction: Transaction | None) -> Client | None:
    if transaction is None or transaction.client_id is None:
        return None
    with deps.work.look() as work:
        return work.records.find_client(transaction.client_id)


def _prepare_for(transaction: Transaction | None) -> AuthorizationRequest | None:
    if transaction is None or transaction.request is None:
        return None
    waiting = flow.get_request(transaction)
    browser.wear(waiting)
    return waiting


def _then() -> str | None:
    then = request.args.get("then", "")
    return then if then in _AFTER or kept_forms.names_form(then) else None


def _input(name: str) -> str:
    return entering.as_typed(request.form.get(name, ""))
