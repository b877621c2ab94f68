"""The console's pages below ``/admin``: one file for each section. A view checks who asks, calls one function, renders.

Left to others: who may see a page (``access``), every fact and every act (the rooms, and the files beside this folder).
"""

from __future__ import annotations

from flask import Blueprint

from admin_ui.certificates import common_name
from admin_ui.event_words import EVENTS
from admin_ui.parties import read_party
from admin_ui.ports import AdminDeps
from admin_ui.views import (
    agreements,
    audit,
    authorities,
    cases,
    certificates,
    clients,
    dashboard,
    federation,
    license_batches,
    license_templates,
    licenses,
    logouts,
    mandates,
    people,
    policies,
    switches,
    window,
)
from idp.authenticators import switches as login_switches
from policies.roles import find_reach, permits

__all__ = ["make_blueprint"]

_SECTIONS = (
    dashboard,
    authorities,
    certificates,
    federation,
    agreements,
    licenses,
    license_batches,
    license_templates,
    clients,
    people,
    mandates,
    logouts,
    cases,
    switches,
    policies,
    audit,
    window,
)


def make_blueprint(deps: AdminDeps) -> Blueprint:
    """Return the console's pages over ``deps``."""
    pages = Blueprint("admin", "admin_ui", url_prefix="/admin", template_folder="templates")

    @pages.context_processor
    def _sections() -> dict[str, object]:
        visitor = deps.visitors.current()
        roles = visitor.roles if visitor else ()
        return {
            "may": lambda permission: permits(deps.policies.roles, roles, permission),
            "may_everywhere": lambda permission: find_reach(deps.policies.roles, roles, permission) == "node",
            "common_name": common_name,
            "event_words": EVENTS,
            "party_of": read_party,
            "switch_name": login_switches.name_of,
        }

    for section in _SECTIONS:
        section.add(pages, deps)
    return pages
