"""The departments' systems: a list, a form that ends with a working snippet, and each system by itself.

A secret is shown once, in the answer that made it. Left to others: every check and change (``idp.clients``).
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for

from admin_ui import client_form, clients, reach
from admin_ui.client_form import Typed
from admin_ui.parties import name_departments
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import Shown, actor, guard, visitor
from idp.clients import registry, secrets, stages
from kernel.errors import Refusal

_PAGE = 50


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/clients")
    @guard(deps, "clients.read")
    def list_clients() -> str:
        after = request.args.get("after", "")[:200]
        rows = clients.list_clients(deps.idp, _departments(deps, "clients.read"), after=after, limit=_PAGE + 1)
        older = f"?{urlencode({'after': rows[_PAGE - 1].place})}" if len(rows) > _PAGE else None
        departments = name_departments(deps, {row.client.department for row in rows})
        return render_template("admin_ui/clients.html", rows=rows[:_PAGE], departments=departments, older=older)

    @pages.get("/clients/<client_id>")
    @guard(deps, "clients.read")
    def show_client(client_id: str) -> str:
        clients.get_client(deps.idp, client_id, _departments(deps, "clients.read"))
        return _page(deps, client_id)

    _add_form(pages, deps)

    def add_act(name: str, act: Callable[[str, str], str | None]) -> None:
        @pages.post(f"/clients/<client_id>/{name}", endpoint=f"{name}_client")
        @guard(deps, "clients.write")
        def view(client_id: str) -> Shown:
            clients.get_client(deps.idp, client_id, _departments(deps, "clients.write"))
            try:
                secret = act(client_id, actor(deps))
            except Refusal as refusal:
                return _page(deps, client_id, error=refusal), refusal.error.status
            return _page(deps, client_id, secret=secret)

    def promote(client_id: str, by: str) -> None:
        stages.promote(deps.idp, client_id, actor=by)

    add_act("promote", promote)
    add_act("disable", lambda one, by: registry.disable(deps.idp, one, actor=by))
    add_act("enable", lambda one, by: registry.enable(deps.idp, one, actor=by))
    add_act("secret", lambda one, by: secrets.add(deps.idp, one, actor=by))
    add_act("drop", lambda one, by: secrets.drop(deps.idp, one, "older", actor=by))


def _add_form(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.get("/clients/new")
    @guard(deps, "clients.write")
    def new_client() -> str:
        return _form(deps, Typed())

    @pages.post("/clients/new")
    @guard(deps, "clients.write")
    def register_client() -> Shown:
        said = client_form.typed(request.form, request.form.getlist("scope"))
        try:
            client = client_form.client_of(deps.idp, said)
            clients.check_within(client, _departments(deps, "clients.write"))
            registered = registry.register(deps.idp, client, actor=actor(deps))
        except Refusal as refusal:
            return _form(deps, said, refusal), refusal.error.status
        if registered.client_secret is None:
            return redirect(url_for("admin.show_client", client_id=registered.client.client_id), code=303)
        return _page(deps, registered.client.client_id, secret=registered.client_secret), 201


def _departments(deps: AdminDeps, permission: str) -> tuple[str, ...] | None:
    return reach.departments_of(deps.licenses, visitor(deps), permission)


def _form(deps: AdminDeps, said: Typed, error: Refusal | None = None) -> str:
    return render_template("admin_ui/client_new.html", said=said, scopes=deps.policies.claims.scopes, error=error)


def _page(deps: AdminDeps, client_id: str, *, secret: str | None = None, error: Refusal | None = None) -> str:
    state = clients.get_client(deps.idp, client_id)
    return render_template(
        "admin_ui/client.html",
        state=state,
        client=state.client,
        departments=name_departments(deps, [state.client.department]),
        scopes=deps.policies.claims.scopes,
        secret=secret,
        error=error,
    )
