"""Who gets in to a page of the console: strangers are sent to the login, everybody else is let in or refused by ``access``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import redirect, request
from werkzeug.wrappers import Response

from admin_ui.access import verify_access, verify_fresh
from admin_ui.acts import ACTS
from admin_ui.ports import AdminDeps, AdminVisitor

Shown = str | Response | tuple[str, int]
Page = Callable[..., Shown]


def guard(deps: AdminDeps, *permissions: str) -> Callable[[Page], Page]:
    """Let only those in whose role has one of ``permissions`` and whose login was strong; send strangers to the login.

    A form is sent by a login of just now where ``acts`` says so.
    """

    def decorate(page: Page) -> Page:
        @wraps(page)
        def guarded(*args: str, **kwargs: str) -> Shown:
            there = deps.visitors.current()
            if there is None:
                return redirect(f"{request.script_root}/login", code=303)
            verify_access(deps.policies, there, *permissions)
            if request.method == "POST" and ACTS[(request.endpoint or "").removeprefix("admin.")].fresh:
                verify_fresh(deps.policies, there, deps.clock.now())
            return page(*args, **kwargs)

        guarded.__dict__["permissions"] = permissions  # a test walks all pages by it
        return guarded

    return decorate


def visitor(deps: AdminDeps) -> AdminVisitor:
    """Return who is there in the present request; only behind ``guard``."""
    found = deps.visitors.current()
    assert found is not None  # noqa: S101 - the guard has let them in
    return found


def actor(deps: AdminDeps) -> str:
    """Return whoever acts in the present request, as the audit trail names them; only behind ``guard``."""
    return f"account:{visitor(deps).account_id}"


def person(deps: AdminDeps) -> str:
    """Return whoever acts as an agreement names them: by username, as the same person is known at a terminal (``kernel.people``)."""
    return f"account:{visitor(deps).username}"
