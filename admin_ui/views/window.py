"""The service window, at which a clerk says that somebody was there with their document."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, render_template, request

from admin_ui import reach
from admin_ui.access import verify_fresh
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import Shown, guard, visitor
from idp.administration import opening
from idp.citizens import window
from kernel.errors import Refusal

_MAX_INPUT = 200
_MAX_TICKET = 2000


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/window")
    @guard(deps, "accounts.prove")
    def show_window() -> Shown:
        def act(_: str) -> Shown:
            verify_fresh(deps.policies, visitor(deps), deps.clock.now())
            return _page()

        return _for_clerk(deps, act)

    @pages.post("/window")
    @guard(deps, "accounts.prove")
    def find_person() -> Shown:
        def act(clerk: str) -> Shown:
            purpose = _input("purpose")
            found = window.find(deps.idp, clerk=clerk, typed=_input("person"), purpose=purpose)
            return _page(found=found, purpose=purpose)

        return _for_clerk(deps, act)

    @pages.post("/window/prove")
    @guard(deps, "accounts.prove")
    def prove_person() -> Shown:
        def act(clerk: str) -> Shown:
            return _page(proven=window.prove(deps.idp, clerk=clerk, ticket=_ticket(), seen=_seen(deps)))

        return _for_clerk(deps, act)

    @pages.post("/window/recover")
    @guard(deps, "accounts.prove")
    def recover_account() -> Shown:
        def act(clerk: str) -> Shown:
            return _page(slip=window.recover(deps.idp, clerk=clerk, ticket=_ticket(), seen=_seen(deps)))

        return _for_clerk(deps, act)

    _add_opening(pages, deps)


def _add_opening(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.post("/window/open")
    @guard(deps, "accounts.prove")
    def open_account() -> Shown:
        def act(_: str) -> Shown:
            clerk = reach.admin_of(deps.policies, visitor(deps), "accounts.prove")
            return _page(opened=opening.open_account(deps.idp, clerk, _seen(deps)))

        return _for_clerk(deps, act)


def _for_clerk(deps: AdminDeps, act: Callable[[str], Shown]) -> Shown:
    """Let a clerk act; a refusal is shown on the page."""
    try:
        return act(visitor(deps).account_id)
    except Refusal as refusal:
        return _page(error=refusal), refusal.error.status


def _page(*, error: Refusal | None = None, found: Sequence[window.Found] = (), purpose: str = "", **done: object) -> str:
    return render_template(
        "admin_ui/window.html",
        purposes=window.PURPOSES,
        documents=window.DOCUMENTS,
        found=found,
        purpose=purpose,
        error=error,
        done=done,
    )


def _seen(deps: AdminDeps) -> window.Seen:
    names = ("document", "name", "resident_id", "valid_until")
    return window.read(deps.idp, **{name: _input(name) for name in names})


def _ticket() -> str:
    return request.form.get("ticket", "")[:_MAX_TICKET].replace("\0", "")


def _input(name: str) -> str:
    return request.form.get(name, "")[:_MAX_INPUT].replace("\0", "")
