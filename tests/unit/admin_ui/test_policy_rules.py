"""What the packaged policies come to."""

from __future__ import annotations

from pathlib import Path

from admin_ui.policy_rules import effect_of
from policies.loader import load


def test_each_role_has_what_its_document_says_and_nothing_else() -> None:
    policies = load(None)
    rules = effect_of(policies)
    assert list(rules.permissions) == sorted(set(rules.permissions))
    for shown, role in zip(rules.roles, policies.roles.roles.values(), strict=True):
        assert {name for name, has in zip(rules.permissions, shown.has, strict=True) if has} == set(role.permissions)


def test_departments_without_an_entry_come_first_and_acts_of_two_officers_are_named() -> None:
    rules = effect_of(load(None))
    assert rules.departments[0].uscc is None
    assert len(rules.departments) > 2
    assert "revoke" in rules.two_officers
    assert "suspend" not in rules.two_officers


def test_each_permission_has_words_beside_its_name() -> None:
    words = (Path(__file__).parents[3] / "admin_ui/templates/admin_ui/parts.html").read_text(encoding="utf-8")
    assert [name for name in effect_of(load(None)).permissions if f"'{name}': _(" not in words] == []
