"""What people are told about their own account: stored with the change that it tells of, shown on their account page.

Left to others: who must be told of what (the operations), the page, carrying it to people (``delivery``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.ports import IdpDeps, IdpWork
from idp.records import Notice
from kernel.canonical import canonical
from kernel.errors import Text
from kernel.randomness import token

TEXTS: Mapping[str, Text] = {
    "password_changed": Text("口令已更改，其他设备已退出登录。", "The password was changed; other devices were logged out."),
    "totp_added": Text("绑定了验证器“{name}”。", "The authenticator “{name}” was enrolled."),
    "passkey_added": Text("绑定了通行密钥“{name}”。", "The passkey “{name}” was enrolled."),
    "recovery_added": Text(
        "生成了一组新的恢复码，以前的恢复码全部作废。", "New recovery codes were made; earlier ones no longer work."
    ),
    "password_removed": Text("口令已移除。", "The password was removed."),
    "totp_removed": Text("验证器“{name}”已移除。", "The authenticator “{name}” was removed."),
    "passkey_removed": Text("通行密钥“{name}”已移除。", "The passkey “{name}” was removed."),
    "certificate_added": Text("添加了数字证书“{name}”。", "The certificate “{name}” was added."),
    "certificate_removed": Text("数字证书“{name}”已移除。", "The certificate “{name}” was removed."),
    "recovery_removed": Text("恢复码已移除。", "The recovery codes were removed."),
    "recovery_used": Text("用掉了一个恢复码，还剩{left}个。", "A recovery code was used; {left} are left."),
    "email_confirmed": Text("电子邮箱已更改并确认。", "The e-mail address was changed and confirmed."),
    "phone_confirmed": Text("手机号已更改并确认。", "The phone number was changed and confirmed."),
    "email_removed": Text("电子邮箱已移除。", "The e-mail address was removed."),
    "phone_removed": Text("手机号已移除。", "The phone number was removed."),
    "new_device": Text(
        "在{device}（{address}）登录了您的账号，登录编号{code}。",
        "Your account was logged in to on {device} ({address}); the login's code is {code}.",
    ),
    "suspicious_login": Text(
        "在{device}（{address}）登录了您的账号，设备、网络和时间都与平常不同，登录编号{code}。",
        "Your account was logged in to on {device} ({address}), an unusual device, network and time; the login's code is {code}.",
    ),
    "not_me": Text(
        "您报告了不是本人的登录，所有设备已退出。", "You reported a login that was not yours; all devices were logged out."
    ),
    "case_confirmed": Text(
        "工作人员确认有人冒用您的账号，所有设备和部门已退出登录；请更改口令，并检查登录方式。",
        "Staff confirmed that somebody used your account as you; all devices and departments were logged out. Change your password and check what you log in with.",
    ),
    "department_event": Text(
        "{department}报告您的账号可能有安全问题，工作人员会核查。",
        "{department} reported that your account may not be safe; staff will look into it.",
    ),
    "recovery_waiting": Text(
        "有人申请找回您的账号，{hours}小时后可以设置新口令。",
        "Somebody asked to recover your account; a new password can be set in {hours} hours.",
    ),
    "recovered": Text(
        "通过找回设置了新口令，以前的登录方式全部作废，所有设备已退出登录。",
        "A new password was set by recovery; all earlier authenticators are void, and all devices were logged out.",
    ),
    "password_reset": Text(
        "两位管理员同意后设置了新口令，第二种验证方式不变，所有设备已退出登录。",
        "With two admins' consent a new password was set; the second factor stays, and all devices were logged out.",
    ),
    "factor_reset": Text(
        "两位管理员同意后换了新的验证器，以前的验证器、通行密钥和恢复码全部作废，所有设备已退出登录。",
        "With two admins' consent a new authenticator was enrolled; earlier ones, passkeys and recovery codes are void, and all devices were logged out.",
    ),
    "registration_tried": Text(
        "有人想用您的手机号或邮箱再注册一个账号，没有注册成。",
        "Somebody tried to register another account with your phone number or e-mail address; none was opened.",
    ),
    "number_said": Text(
        "有人注册账号时填了您的证件号码。您的账号和证照不受影响；如果不是您，请告知服务窗口。",
        "Somebody gave your resident ID when registering an account. Yours and your licences are unaffected; if that was not you, tell a service window.",
    ),
    "looked_up": Text(
        "服务窗口的办事员查找了您的账号，事项：{purpose_zh}。",
        "A clerk at a service window looked your account up, to {purpose_en}.",
    ),
    "level_raised": Text(
        "您的身份已经核实，实名等级为{level}级。", "Who you are has been verified; your real-name level is {level}."
    ),
    "number_moved": Text(
        "有人以更可靠的办法证明了您所填的证件号码是其本人的，这个账号已停用。如果不是您，请带证件到服务窗口办理。",
        "Somebody proved by a surer way that the number of this account is theirs, so it was closed. If that was not you, go to a service window with your document.",
    ),
    "organization_claimed": Text("您认领了{organization}。", "You took charge of {organization}."),
    "organization_lost": Text(
        "法人库中您已不是{organization}的法定代表人，您给出的授权全部终止。",
        "The register no longer names you as the representative of {organization}; all mandates that you gave have ended.",
    ),
    "mandate_accepted": Text(
        "{agent}接受了代表{organization}的授权。", "{agent} accepted the mandate to act for {organization}."
    ),
    "mandate_offered": Text(
        "{organization}请您代表它办事，请在“我的单位”中接受或拒绝。",
        "{organization} asks you to act for it; accept or refuse that under “my organisations”.",
    ),
    "mandate_ended": Text("您代表{organization}的授权已终止。", "Your mandate to act for {organization} has ended."),
    "closing": Text(
        "账号将在 {days} 天后注销，届时您的信息会被删除；可以随时取消。",
        "The account will be closed in {days} days and your data erased; you may cancel that.",
    ),
    "passkey_cloned": Text(
        "通行密钥“{name}”可能被人复制过，用它登录被拒绝。",
        "The passkey “{name}” may have been copied; a login with it was refused.",
    ),
}
"""Every kind of notice with its sentence."""

_MESSAGES = 200

OVER_ALL = frozenset(
    {
        "recovery_waiting",
        "recovered",
        "password_reset",
        "factor_reset",
        "email_confirmed",
        "phone_confirmed",
        "email_removed",
        "phone_removed",
        "not_me",
        "case_confirmed",
        "suspicious_login",
        "number_moved",
    }
)
"""Those that go over every channel of the account, since one of them may be in somebody else's hands."""


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as its reader sees it. ``is_new``: they have not read it among their messages yet."""

    at: datetime
    text: Text
    is_new: bool = False


def tell(work: IdpWork, deps: IdpDeps, account_id: str, what: str, now: datetime, **details: str | int) -> str:
    """Store a notice, a key of :data:`TEXTS`, as part of the change that it tells of; return its identifier."""
    notice_id = token(16)
    sealed = deps.vault.encrypt(canonical(details).decode(), _context(notice_id))
    work.records.add_notice(Notice(notice_id, account_id, now, what, sealed))
    return notice_id


def told(deps: IdpDeps, account_id: str, *, limit: int = 20) -> Sequence[Told]:
    """Return what somebody was told, newest first."""
    with deps.work.read() as work:
        notices = work.records.notices(account_id, limit=limit)
    return [Told(one.at, read(deps, one), one.read_at is None) for one in notices]


def count_new(deps: IdpDeps, account_id: str) -> int:
    """Return how much somebody was told that they have not read yet."""
    with deps.work.read() as work:
        return work.records.count_unread(account_id)


def open_messages(deps: IdpDeps, account_id: str) -> Sequence[Told]:
    """Return what somebody was told for them to read: what was new is new this once, and read from now on."""
    messages = told(deps, account_id, limit=_MESSAGES)
    if any(one.is_new for one in messages):
        with deps.work.begin() as work:
            work.records.mark_read(account_id, messages[0].at)  # what came since was not seen
    return messages


def read(deps: IdpDeps, notice: Notice) -> Text:
    """Return what a notice says."""
    return TEXTS[notice.what].fill(json.loads(deps.vault.decrypt(notice.details, _context(notice.id))))


def _context(notice_id: str) -> str:
    return f"idp.notice:{notice_id}"
