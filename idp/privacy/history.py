"""A person's history: logins, what departments were told, who looked at their data and licences and what for.

It is read from the audit trail, which each of these commits with: what happened shows at once, and nothing is written for it. Left to others:
the trail (a port), whose licences these are (a port), words on the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from idp.citizens.window import PURPOSES
from idp.claims.values import label_of
from idp.ports import IdpDeps, IdpWork
from idp.records import Account
from kernel.audit import AuditEvent
from kernel.errors import Text

Kind = Literal["login", "release", "look", "verification", "change"]
PAGE = 50
_TOLD: Mapping[str, tuple[Kind, Text]] = MappingProxyType(
    {
        "idp.login": ("login", Text("登录", "login")),
        "idp.step_up": ("login", Text("再次验证身份", "identity verified once more")),
        "idp.logout_everywhere": ("change", Text("在所有设备上退出", "logout everywhere")),
        "idp.authorize": ("release", Text("向部门提供信息", "a department was told")),
        "idp.exchange_token": ("release", Text("部门间转交您的登录", "a department passed your login on")),
        "idp.check_mandate": ("release", Text("部门核验授权", "a department checked a mandate")),
        "idp.receive_event": ("change", Text("部门报告账号事件", "a department reported an incident")),
        "idp.withdraw_consent": ("change", Text("撤回授权", "consent withdrawn")),
        "idp.read_person": ("look", Text("工作人员查看信息", "an official looked at your data")),
        "idp.find_person": ("look", Text("窗口查看信息", "your data were looked at in a service window")),
        "idp.read_case": ("look", Text("工作人员查看安全事件", "an official looked at an incident of yours")),
        "licenses.verify": ("verification", Text("证照被核验", "a licence was verified")),
        "licenses.verify_qr": ("verification", Text("证照二维码被核验", "a licence's QR code was verified")),
        "licenses.verify_number": ("verification", Text("证照按编号被核验", "a licence was verified by its number")),
        "licenses.verify_elsewhere": ("verification", Text("证照在其他节点被核验", "a licence was verified at another node")),
        "licenses.open_share": ("verification", Text("出示的证照被查看", "a licence that you showed was looked at")),
        "licenses.fetch": ("release", Text("部门调取证照", "a department fetched a licence")),
        "licenses.tell_node": ("release", Text("向其他节点提供证照信息", "another node was told of a licence")),
        "licenses.read": ("verification", Text("证照经办人查看证照", "a licence officer looked at a licence")),
        "idp.create_account": ("change", Text("账号建立", "account made")),
        "idp.register": ("change", Text("账号注册", "account registered")),
        "idp.open_account": ("change", Text("窗口开户", "account opened at a service window")),
        "idp.raise_level": ("change", Text("实名等级提升", "real-name level raised")),
        "idp.enrol_authenticator": ("change", Text("登录方式增加", "authenticator added")),
        "idp.add_authenticator": ("change", Text("登录方式增加", "authenticator added")),
        "idp.remove_authenticator": ("change", Text("登录方式移除", "authenticator removed")),
        "idp.change_password": ("change", Text("口令更改", "password changed")),
        "idp.reset_password": ("change", Text("管理员重置口令", "password reset by admins")),
        "idp.reset_factor": ("change", Text("管理员重置验证器", "second factor reset by admins")),
        "idp.report_not_me": ("change", Text("报告非本人登录", "a login reported as not yours")),
        "idp.export_person": ("change", Text("下载全部信息", "all information exported")),
        "idp.remove_contact": ("change", Text("联系方式移除", "contact removed")),
        "idp.confirm_contact": ("change", Text("联系方式确认", "contact confirmed")),
        "idp.recover": ("change", Text("账号找回", "account recovery")),
        "idp.cancel_recovery": ("change", Text("取消账号找回", "account recovery cancelled")),
        "idp.complete_recovery": ("change", Text("账号找回", "account recovery")),
        "idp.begin_closing": ("change", Text("申请注销账号", "closing the account asked for")),
        "idp.cancel_closing": ("change", Text("取消注销账号", "closing the account taken back")),
        "idp.give_role": ("change", Text("授予角色", "role given")),
        "idp.take_role": ("change", Text("收回角色", "role taken away")),
        "idp.disable_account": ("change", Text("账号停用", "account disabled")),
        "idp.enable_account": ("change", Text("账号恢复", "account enabled")),
    }
)
_AGREED = Text("经您同意", "as you agreed")
_NOBODY = Text("没有登录的人", "somebody not logged in")
_ONESELF = Text("您自己", "yourself")
_OPERATOR = Text("本节点运维人员", "an operator of this node")
_OFFICIAL = Text("本节点工作人员", "an official of this node")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened: ``by`` whom, what for, and what of the person's (claims, a licence)."""

    number: int
    at: datetime
    kind: Kind
    what: Text
    refused: bool
    by: Text
    purpose: Text | None
    of: Sequence[Text]


def read(deps: IdpDeps, account: Account, *, before: int | None = None, limit: int = PAGE) -> Sequence[Entry]:
    """Return what happened, newest first, numbered below ``before``."""
    traces = deps.holder_licenses.traces(account.holder_id) if account.holder_id else {}
    who = f"account:{account.id}"
    found = deps.journal.about([who, *traces], actor=who, actions=list(_TOLD), before=before, limit=limit)
    with deps.work.read() as work:
        return [_entry(deps, work, traces, numbered, who=who) for numbered in found]


def _entry(deps: IdpDeps, work: IdpWork, traces: Mapping[str, Text], numbered: tuple[int, AuditEvent], *, who: str) -> Entry:
    number, event = numbered
    kind, what = _TOLD[event.action]
    party = event.target if event.action in {"idp.authorize", "idp.withdraw_consent"} else event.actor
    by, of = _name(work, who, party, event), _of(work, traces, event)
    return Entry(number, event.at, kind, what, event.outcome != "ok", by, _purpose(deps, event), of)


def _of(work: IdpWork, traces: Mapping[str, Text], event: AuditEvent) -> Sequence[Text]:
    """Return what of the person's it was about: a licence, claims, or whose system got a login that was passed on."""
    if event.target in traces:
        return [traces[event.target]]
    system = work.records.find_resource(str(event.details["audience"])) if event.action == "idp.exchange_token" else None
    if system is not None:
        return [Text(system.name, system.name)]
    return [each for each in map(label_of, _claims(event)) if each is not None]


def _claims(event: AuditEvent) -> Sequence[str]:
    found = event.details.get("claims", event.details.get("seen"))
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _name(work: IdpWork, who: str, party: str, event: AuditEvent) -> Text:
    """Return who that was: a department by its system's name, a node by its own, an official by their organisation, nobody else by name."""
    kind, _, identifier = party.partition(":")
    if party == who:
        return _ONESELF
    if kind in {"client", "node"}:
        client = work.records.find_client(identifier) if kind == "client" else None
        name = str(event.details.get("name", identifier)) if client is None else client.name
        return Text(name, name)
    if kind == "operator":
        return _OPERATOR
    if kind != "account":
        return _NOBODY
    record = work.records.find_account(identifier)
    if record is None or record.kind not in {"staff", "security_admin"}:
        return _NOBODY if record is None else Text("另一位用户", "another person")
    return Text(record.organization, record.organization) if record.organization else _OFFICIAL


def _purpose(deps: IdpDeps, event: AuditEvent) -> Text | None:
    code = event.details.get("purpose")
    if event.action == "licenses.fetch":  # what for in the department's words stands on the licence's own page
        law = str(event.details["reference"])
        return Text(f"依法：{law}", f"by law: {law}") if event.details["basis"] == "law" else _AGREED
    if not isinstance(code, str):
        return None
    named = deps.policies.roles.purposes.get(code)
    return PURPOSES.get(code) if named is None else Text(named.zh, named.en)
