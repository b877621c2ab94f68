"""What can be done to an account, each act within the transaction that decides it.

Left to others: whether one admin suffices (``proposals``), who may ask for it (``admin_ui``, the command line).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from idp.administration import resetting
from idp.administration.errors import ROLE_UNSUITABLE
from idp.administration.resetting import Handed
from idp.citizens import opening
from idp.people.disabling import disable_within, enable_within
from idp.ports import IdpDeps, IdpWork
from idp.privacy import closing
from idp.records import AccountRecord
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal, Text
from policies.role_models import Act
from policies.roles import may_have

Wish = Literal["give_role", "take_role", "disable", "enable", "close", "reset_password", "reset_factor"]
"""What an admin wants; which act that is depends on whose account it is."""

TITLES: Mapping[Act, Text] = MappingProxyType(
    {
        "give_role": Text("授予角色", "give a role"),
        "take_role": Text("收回角色", "take a role away"),
        "disable_admin": Text("停用管理人员的账号", "disable an official's account"),
        "disable_account": Text("停用账号", "disable an account"),
        "enable_account": Text("恢复账号", "enable an account"),
        "close_account": Text("注销账号", "close an account"),
        "open_account": Text("新开账号", "open an account"),
        "reset_password": Text("补办口令", "replace a lost password"),
        "reset_factor": Text("补办验证器", "replace a lost second factor"),
    }
)


_RESETS: Mapping[Act, Callable[..., Handed]] = MappingProxyType(
    {"reset_password": resetting.reset_password, "reset_factor": resetting.reset_factor}
)


def act_of(wish: Wish, record: AccountRecord) -> Act:
    """Return which act a wish is."""
    if wish == "disable":
        return "disable_admin" if record.roles or record.kind == "security_admin" else "disable_account"
    if wish == "close":
        return "close_account"
    return "enable_account" if wish == "enable" else wish


@dataclass(frozen=True, slots=True)
class Deed:
    """One act upon one account. ``role`` is the role, or the document by which one is opened. ``details`` stand in the audit trail beside it."""

    act: Act
    record: AccountRecord
    role: str | None = None
    details: dict[str, Json] = field(default_factory=dict)

    def check(self, deps: IdpDeps) -> None:
        """Refuse what makes no sense or is not allowed, whoever wants it."""
        if self.act in {"give_role", "take_role"}:
            self._role(deps)
        elif self.act in _RESETS:
            resetting.check(deps, self.record, password=self.act == "reset_password")

    def do(self, deps: IdpDeps, work: IdpWork, *, actor: str) -> Handed | None:
        """Do it, and return what there is to be handed over; ``Refusal`` when it cannot be done (any more)."""
        if self.act == "open_account":
            return self._open(deps, work, actor)
        if self.act in _RESETS:
            self.check(deps)
            return _RESETS[self.act](deps, work, self.record, actor=actor, details=self.details)
        self._change(deps, work, actor)
        return None

    def _open(self, deps: IdpDeps, work: IdpWork, actor: str) -> Handed:
        if self.record.disabled_at is not None:  # while it waited for this
            closing.check_not_closed(work, self.record)
            enable_within(work, self.record.id, actor=actor, now=deps.clock.now(), details=self.details)
            work.records.cancel_closing(self.record.id)
        seen_by = str(self.details["proposed_by"])
        code = opening.give(work, deps, self.record, self.role or "", seen_by=seen_by, actor=actor)
        return Handed("code", code, self.record.username)

    def _change(self, deps: IdpDeps, work: IdpWork, actor: str) -> None:
        now = deps.clock.now()
        if self.act in {"disable_admin", "disable_account"}:
            disable_within(work, self.record.id, actor=actor, now=now, details=self.details)
        elif self.act == "enable_account":
            closing.check_not_closed(work, self.record)
            enable_within(work, self.record.id, actor=actor, now=now, details=self.details)
        elif self.act == "close_account":
            closing.begin_within(deps, work, self.record, actor=actor, details=self.details)
        else:
            self._exchange_roles(deps, work, actor)

    def _exchange_roles(self, deps: IdpDeps, work: IdpWork, actor: str) -> None:
        role, before = self._role(deps), self.record.roles
        after = (*before, role) if self.act == "give_role" else tuple(each for each in before if each != role)
        if not work.records.set_roles(self.record.id, after, instead_of=before):
            raise _unsuitable(role, "角色刚刚被别人改变", "somebody else has just changed the roles")
        target, details = f"account:{self.record.id}", {"role": role, **self.details}
        work.audit.record(AuditEvent(deps.clock.now(), actor, f"idp.{self.act}", target, details=details))

    def _role(self, deps: IdpDeps) -> str:
        role, record = self.role or "", self.record
        if role not in deps.policies.roles.roles:
            raise _unsuitable(role, "没有这个角色", "there is no such role")
        if record.username.rpartition("@")[2] in deps.directories:
            raise _unsuitable(role, "此人的角色由单位目录的组决定", "this person's roles follow from the groups of a directory")
        if (role in record.roles) is (self.act == "give_role"):
            raise _unsuitable(role, "此人已有或没有这个角色", "this person has it already, or has not")
        if self.act == "give_role" and not may_have(deps.policies.roles, role, record.kind):
            raise _unsuitable(role, "这类账号不得有此角色", "accounts of this kind must not have it")
        return role


def _unsuitable(role: str, problem_zh: str, problem_en: str) -> Refusal:
    return Refusal(ROLE_UNSUITABLE, field="role", role=role[:60], problem_zh=problem_zh, problem_en=problem_en)
