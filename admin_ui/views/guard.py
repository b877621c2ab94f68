"""Who gets in to a page of the console: strangers are sent to the login, everybody else is let in or refused by ``access``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import redirect, request
from werkzeug.wrappers import Response

from admin_ui.access import verify_access
from admin_ui.ports import AdminDeps, AdminVisitor

Page = Callable[..., str | Response]
Guarded = Callable[..., str | Response]


def guard(deps: AdminDeps, permission: str) -> Callable[[Page], Guarded]:
    """Let only those in whose role has ``permission`` and whose login was strong; send strangers to the login."""

    def decorate(page: Page) -> Guarded:
        @wraps(page)
        def guarded(*args: str, **kwargs: str) -> str | Response:
            there = deps.visitors.current()
            if there is None:
                return redirect(f"{request.script_root}/login", code=303)
            verify_access(deps.policies, there, permission)
            return page(*args, **kwargs)

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
