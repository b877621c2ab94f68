"""The page on which citizens see their real-name level and go to the next one."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request, url_for

from idp.authenticators.errors import CERTIFICATE_MISSING, CERTIFICATE_REFUSED
from idp.browsers.sessions import Current
from idp.citizens import codes, levels, proofs
from idp.citizens.errors import (
    CHECK_OVER,
    CHECK_PENDING,
    LEVEL_UNSUITABLE,
    NOT_CONFIRMED,
    NUMBER_ELSEWHERE,
    PERSON_UNSUITABLE,
)
from idp.errors import LOGIN_THROTTLED
from idp.ports import IdpDeps
from idp.registers.errors import REGISTER_AWAY, REGISTER_MISSING
from idp.views import browser
from idp.views.authenticators import Page
from kernel.errors import Refusal
from kernel.text import mask

_MAX_INPUT = 200
_SHOWN_ON_PAGE = (
    CERTIFICATE_MISSING,
    CERTIFICATE_REFUSED,
    CHECK_OVER,
    CHECK_PENDING,
    LEVEL_UNSUITABLE,
    LOGIN_THROTTLED,
    NOT_CONFIRMED,
    NUMBER_ELSEWHERE,
    PERSON_UNSUITABLE,
    REGISTER_AWAY,
    REGISTER_MISSING,
)


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the page and what is done on it."""

    @blueprint.get("/account/level")
    def show_level() -> Page:
        return _for_owner(deps, lambda current: _page(deps, current))

    @blueprint.post("/account/level/register")
    def prove_by_register() -> Page:
        def act(current: Current) -> Page:
            name, number = _input("name"), _input("resident_id")
            proofs.by_register(deps, current, browser.device(), name=name, resident_id=number)
            return _done()

        return _for_owner(deps, act)

    @blueprint.post("/account/level/certificate")
    def prove_by_certificate() -> Page:
        def act(current: Current) -> Page:
            proofs.by_certificate(deps, current, browser.device(), browser.certificate())
            return _done()

        return _for_owner(deps, act)

    @blueprint.post("/account/level/window")
    def make_window_code() -> Page:
        return _for_owner(deps, lambda current: _page(deps, current, code=codes.make(deps, current.account)))

    _add_document_check(blueprint, deps)


def _add_document_check(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.post("/account/level/document")
    def begin_document_check() -> Page:
        def act(current: Current) -> Page:
            back = f"{deps.node.url}/account/level/document"
            page = proofs.begin_document_check(deps, current, browser.visit(deps), browser.device(), back)
            return _page(deps, current, check_page=page)

        return _for_owner(deps, act)

    @blueprint.get("/account/level/document")
    def finish_document_check() -> Page:
        def act(current: Current) -> Page:
            check = request.args.get("check", "")[:_MAX_INPUT]
            proofs.finish_document_check(deps, current, browser.visit(deps), browser.device(), check)
            return _done()

        return _for_owner(deps, act)


def _for_owner(deps: IdpDeps, act: Callable[[Current], Page]) -> Page:
    current = browser.current(deps)
    if current is None:
        return browser.go_to(url_for("idp.show_login"))
    try:
        return act(current)
    except Refusal as refusal:
        if refusal.error not in _SHOWN_ON_PAGE:
            raise
        return _page(deps, current, error=refusal), refusal.error.status


def _page(
    deps: IdpDeps,
    current: Current,
    *,
    code: str | None = None,
    check_page: str | None = None,
    error: Refusal | None = None,
) -> str:
    account = current.account
    return render_template(
        "idp/level.html",
        account=account,
        number=None if account.resident_id is None else mask(account.resident_id, head=3, tail=2),
        steps=levels.describe(deps, account),
        typed=_input("name") or account.name,
        code=code,
        check_page=check_page,
        error=error,
    )


def _done() -> Page:
    return browser.go_to(url_for("idp.show_level", done=1))


def _input(name: str) -> str:
    return request.form.get(name, "")[:_MAX_INPUT].replace("\0", "")
