"""People: looked up by exactly what is known of them, for a purpose; disabled, and given roles, by two admins where policies say so."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from admin_ui import licenses, reach
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import Shown, guard, visitor
from idp.administration import looking, proposals
from idp.administration.acts import TITLES, Wish
from idp.administration.admins import Admin
from idp.administration.looking import Purpose, What
from idp.authenticators.switches import NAMES
from kernel.people import person_of

_PAGE = 100
_READ, _DISABLE, _ROLES, _DECIDE = "accounts.read", "accounts.disable", "accounts.roles", "approvals.decide"
_RECOVER = "accounts.recover"
_MAX = 300


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""
    _add_people(pages, deps)
    _add_acts(pages, deps)
    _add_approvals(pages, deps)


def _admin(deps: AdminDeps, permission: str) -> Admin:
    return reach.admin_of(deps.policies, visitor(deps), permission)


def _add_people(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.get("/people")
    @guard(deps, _READ)
    def list_people() -> str:
        admin = _admin(deps, _READ)
        staff = reach.list_staff(deps.idp, admin, after=request.args.get("after", "")[:100], limit=_PAGE)
        return render_template(
            "admin_ui/people.html",
            admin=admin,
            staff=staff,
            older=f"?{urlencode({'after': staff[-1].username})}" if len(staff) == _PAGE else None,
            purposes=deps.policies.roles.purposes,
            roles=deps.policies.roles.roles,
            searched=False,
        )

    @pages.post("/people")
    @guard(deps, _READ)
    def find_people() -> str:
        form = {name: request.form.get(name, "")[:_MAX] for name in ("what", "value", "purpose", "reference")}
        what: What = next((each for each in get_args(What) if each == form["what"]), "username")
        purpose = Purpose(form["purpose"], form["reference"].strip())
        found = looking.find(deps.idp, _admin(deps, _READ), what, form["value"], purpose)
        roles = deps.policies.roles
        return render_template(
            "admin_ui/people.html",
            found=found,
            roles=roles.roles,
            purposes=roles.purposes,
            methods=NAMES,
            officials=deps.policies.assurance.second_factor,
            searched=True,
        )


def _add_acts(pages: Blueprint, deps: AdminDeps) -> None:
    def ask(account_id: str, wish: Wish, permission: str, role: str | None = None, *, why: str = "reason") -> Response:
        reason = request.form.get(why, "")[:_MAX]
        waiting = proposals.ask(deps.idp, _admin(deps, permission), wish, account_id, reason=reason, role=role)
        where = "admin.list_people" if waiting is None else "admin.list_approvals"
        return redirect(url_for(where, done="at-once" if waiting is None else "waits"), code=303)

    @pages.post("/people/<account_id>/disable")
    @guard(deps, _DISABLE)
    def disable_person(account_id: str) -> Response:
        return ask(account_id, "disable", _DISABLE)

    @pages.post("/people/<account_id>/enable")
    @guard(deps, _DISABLE)
    def enable_person(account_id: str) -> Response:
        return ask(account_id, "enable", _DISABLE)

    @pages.post("/people/<account_id>/recover")
    @guard(deps, _RECOVER)
    def recover_official(account_id: str) -> Response:
        wish: Wish = "reset_password" if request.form.get("lost") == "password" else "reset_factor"
        return ask(account_id, wish, _RECOVER, why="recover_reason")

    @pages.post("/people/<account_id>/role")
    @guard(deps, _ROLES)
    def change_role(account_id: str) -> Response:
        wish: Wish = "take_role" if request.form.get("wish") == "take" else "give_role"
        return ask(account_id, wish, _ROLES, request.form.get("role", "")[:_MAX], why="role_reason")


def _add_approvals(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.get("/roles")
    @guard(deps, "approvals.read")
    def list_roles() -> str:
        roles = deps.policies.roles.roles
        return render_template("admin_ui/roles.html", roles=roles, holders=reach.list_holders(deps.idp, roles))

    @pages.get("/approvals")
    @guard(deps, "approvals.read")
    def list_approvals() -> str:
        return render_template(
            "admin_ui/approvals.html",
            waiting=proposals.listed(deps.idp, only_open=True),
            everything=proposals.listed(deps.idp),
            titles=TITLES,
            roles=deps.policies.roles.roles,
            who=lambda actor: licenses.officer_name(deps.idp, actor),
            mine=visitor(deps).username,
            person=person_of(visitor(deps).username),
        )

    @pages.post("/approvals/<proposal_id>/approve")
    @guard(deps, _DECIDE)
    def approve_proposal(proposal_id: str) -> Shown:
        decided = proposals.approve(deps.idp, _admin(deps, _DECIDE), proposal_id)
        if decided.handed is not None:  # shown in this answer and never again
            return render_template("admin_ui/handed.html", handed=decided.handed)
        return redirect(url_for("admin.list_approvals", done="approved"), code=303)

    @pages.post("/approvals/<proposal_id>/reject")
    @guard(deps, _DECIDE)
    def reject_proposal(proposal_id: str) -> Response:
        proposals.reject(deps.idp, _admin(deps, _DECIDE), proposal_id)
        return redirect(url_for("admin.list_approvals", done="rejected"), code=303)
