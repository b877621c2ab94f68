"""What the node's policies come to."""

from __future__ import annotations

from flask import Blueprint, render_template

from admin_ui.policy_rules import effect_of
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard
from idp.claims.values import label_of
from licenses.life.transitions import words_of


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's page."""

    @pages.get("/policies")
    @guard(deps, "audit.read")
    def show_policies() -> str:
        rules, policies = effect_of(deps.policies), deps.policies
        return render_template(
            "admin_ui/policies.html",
            rules=rules,
            policies=policies,
            kinds=deps.licenses.policies.licenses.types,
            fault=deps.type_fault(),
            words_of=words_of,
            label_of=label_of,
        )
