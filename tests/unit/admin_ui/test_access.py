"""Who may see the console: the right role, and a login with a second factor."""

from __future__ import annotations

import pytest

from admin_ui.access import verify_access
from kernel.errors import Refusal
from policies.loader import load
from tests.support.console import Admin

POLICIES = load(None)
AAL1, AAL2 = "urn:chaoxin:aal:1", "urn:chaoxin:aal:2"


@pytest.mark.parametrize("role", ["security_admin", "auditor"])
@pytest.mark.parametrize("permission", ["audit.read", "certificates.read", "nodes.read"])
def test_admins_and_auditors_with_a_second_factor_may_read(role: str, permission: str) -> None:
    visitor = Admin(roles=(role,), acr=AAL2)
    assert verify_access(POLICIES, visitor, permission) is visitor


@pytest.mark.parametrize("roles", [(), ("clerk",), ("department_admin",), ("clerk", "department_admin"), ("root",), ("",)])
@pytest.mark.parametrize("permission", ["audit.read", "certificates.read", "nodes.read"])
def test_other_roles_and_none_may_not(roles: tuple[str, ...], permission: str) -> None:
    with pytest.raises(Refusal, match="admin_role_needed"):
        verify_access(POLICIES, Admin(roles=roles, acr=AAL2), permission)


def test_a_role_grants_no_permission_that_nobody_wrote_down() -> None:
    with pytest.raises(Refusal, match="admin_role_needed"):
        verify_access(POLICIES, Admin(roles=("security_admin", "auditor"), acr=AAL2), "audit.erase")


@pytest.mark.parametrize("acr", [AAL1, "", "urn:chaoxin:aal:22", "URN:CHAOXIN:AAL:2"])
def test_a_password_alone_is_not_enough_for_any_role(acr: str) -> None:
    with pytest.raises(Refusal, match="stronger_login_needed"):
        verify_access(POLICIES, Admin(roles=("security_admin",), acr=acr), "audit.read")


def test_a_refusal_says_which_role_it_takes_and_who_gives_it() -> None:
    with pytest.raises(Refusal) as refused:
        verify_access(POLICIES, Admin(roles=("clerk",), acr=AAL2), "licenses.issue")
    assert refused.value.remedy.zh == "需要的角色：证照经办人。角色由安全管理员授予，请向他们申请，或换用有这个角色的账号登录。"
    assert "licence officer" in refused.value.remedy.en
