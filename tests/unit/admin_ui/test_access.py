"""Who may see the console: the right role, and a login with a second factor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from admin_ui.access import verify_access
from kernel.errors import Refusal
from policies.loader import load

POLICIES = load(None)
AAL1, AAL2 = "urn:chaoxin:aal:1", "urn:chaoxin:aal:2"


@dataclass(frozen=True)
class Somebody:
    roles: tuple[str, ...]
    acr: str
    account_id: str = "a1"
    name: str = "林思敏"
    username: str = "linsimin"
    auth_time: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("role", ["security_admin", "auditor"])
@pytest.mark.parametrize("permission", ["audit.read", "certificates.read", "nodes.read"])
def test_admins_and_auditors_with_a_second_factor_may_read(role: str, permission: str) -> None:
    visitor = Somebody((role,), AAL2)
    assert verify_access(POLICIES, visitor, permission) is visitor


@pytest.mark.parametrize("roles", [(), ("clerk",), ("department_admin",), ("clerk", "department_admin"), ("root",), ("",)])
@pytest.mark.parametrize("permission", ["audit.read", "certificates.read", "nodes.read"])
def test_other_roles_and_none_may_not(roles: tuple[str, ...], permission: str) -> None:
    with pytest.raises(Refusal, match="admin_role_needed"):
        verify_access(POLICIES, Somebody(roles, AAL2), permission)


def test_a_role_grants_no_permission_that_nobody_wrote_down() -> None:
    with pytest.raises(Refusal, match="admin_role_needed"):
        verify_access(POLICIES, Somebody(("security_admin", "auditor"), AAL2), "audit.erase")


@pytest.mark.parametrize("acr", [AAL1, "", "urn:chaoxin:aal:22", "URN:CHAOXIN:AAL:2"])
def test_a_password_alone_is_not_enough_for_any_role(acr: str) -> None:
    with pytest.raises(Refusal, match="stronger_login_needed"):
        verify_access(POLICIES, Somebody(("security_admin",), acr), "audit.read")
