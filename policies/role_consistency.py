"""Who could get power by whose word: roles that contradict each other, or what directories may say. A part of ``consistency``."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.errors import Text
from policies.findings import Finding
from policies.models import Policies
from policies.role_models import Act, Role

ROLES = ("security_admin",)
RESETS: tuple[Act, ...] = ("reset_password", "reset_factor")


def find_contradictions(policies: Policies) -> Iterator[Finding]:
    """Yield what contradicts itself about roles."""
    for name in ROLES:
        if name not in policies.roles.roles:
            yield "roles", ("roles",), Text(f"缺少角色 {name}", f"the role {name} is missing")
            return
    yield from _resets(policies)
    yield from _kinds(policies)
    yield from _from_directories(policies)


def _from_directories(policies: Policies) -> Iterator[Finding]:
    """Who keeps a department's directory must not be able to make an admin of anybody, whatever that role is called."""
    roles = policies.roles.roles
    kept_back = {each for each in roles["security_admin"].permissions if not each.endswith(".read")}
    for index, name in enumerate(policies.assurance.directories.roles):
        where = ("directories", "roles", index)
        if name not in roles:
            yield "assurance", where, Text(f"没有角色 {name}", f"there is no role {name}")
        elif name == "security_admin" or kept_back & _far_reaching(roles[name]):
            yield "assurance", where, Text("目录不得授予安全管理员的权力", "a directory gives nobody a security admin's powers")


def _resets(policies: Policies) -> Iterator[Finding]:
    """Let no admin alone replace what an official lost: whoever could do that could be any official."""
    for act in RESETS:
        if act not in policies.roles.two_admins.acts:
            problem = Text(f"缺少 {act}，须两人办理", f"{act} is missing: it takes two")
            yield "roles", ("two_admins", "acts"), problem


def _far_reaching(role: Role) -> set[str]:
    """Return what a role may do, but for what a directory does anyway to its own people: put them out."""
    return set(role.permissions) - ({"accounts.disable"} if role.confined else set())


def _kinds(policies: Policies) -> Iterator[Finding]:
    """No citizen's or enterprise's account has power over others."""
    for name, role in policies.roles.roles.items():
        for index, kind in enumerate(role.kinds):
            if kind in {"citizen", "enterprise"} or (name == "security_admin" and kind != "security_admin"):
                where = ("roles", name, "kinds", index)
                yield "roles", where, Text("这类账号不得有此角色", "accounts of this kind must not have this role")
