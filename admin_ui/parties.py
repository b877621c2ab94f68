"""Who or what a name of the audit trail (``kind:identifier``) stands for, in words, as far as the visitor may know.

Whose account it is they may know whom a role lets look people up (``accounts.read``), within its reach: a person's name masked, and the kind. Everybody else
sees an identifier that is short enough to be compared. Left to others: what happened (``telling``), a full look at a person (``idp.administration``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from admin_ui.licenses import name_of
from admin_ui.ports import AdminDeps, AdminVisitor
from admin_ui.reach import admin_of
from admin_ui.value_words import KINDS
from idp.administration.admins import is_within
from idp.authenticators import switches
from idp.people.accounts import SUBJECT_PREFIX, open_record
from kernel.errors import Text
from kernel.text import mask
from policies.roles import permits

PARTIES: Mapping[str, Text] = {
    "account": Text("账号", "account"),
    "accounts": Text("账号", "accounts"),
    "agreement": Text("协议", "agreement"),
    "batch": Text("申请文件", "file of applications"),
    "ca": Text("CA", "CA"),
    "certificate": Text("证书", "certificate"),
    "client": Text("系统", "system"),
    "department": Text("部门", "department"),
    "device": Text("自助机请求", "kiosk's request"),
    "directory": Text("目录", "directory"),
    "grant": Text("授权记录", "grant"),
    "invitation": Text("邀请", "invitation"),
    "key": Text("密钥", "key"),
    "license": Text("证照", "licence"),
    "login": Text("登录方式", "way to log in"),
    "mandate": Text("授权", "mandate"),
    "node": Text("节点", "node"),
    "operator": Text("服务器上的操作者", "operator at a terminal"),
    "public": Text("没有登录的人", "somebody not logged in"),
    "seal": Text("印章", "seal"),
    "sha256": Text("文件", "document"),
    "share": Text("出示", "showing"),
    "system": Text("系统自动", "by itself"),
    "token": Text("令牌", "token"),
    "type": Text("证照类型", "type of licence"),
}
"""Every kind of name that the rooms record."""

_YOU, _CLOSED, _NONE = Text("您自己", "you"), Text("已注销的账号", "closed account"), Text("没有这一个", "there is none")
_UNKNOWN = "unknown"
_OPAQUE = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{16,}|(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])[A-Za-z0-9_-]{16,}")
"""What is made by chance or a hash. What people call things by, however long, is of one case, or without digits: cut, two of them would look alike."""
_SHORT = 10


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody or something: of which ``kind``, in ``words``; its ``name`` where it has one that may be known; ``identifier`` as recorded."""

    kind: str
    identifier: str
    words: Text
    name: Text | None

    @property
    def short(self) -> str:
        """Return what tells it from others, where a name does not."""
        return "" if self.kind == "public" else shorten(self.identifier)


def shorten(text: str) -> str:
    """Return ``text`` with what only a machine reads cut: enough of it is left to be compared."""
    bare = text.removeprefix(SUBJECT_PREFIX)
    cut = len(bare) > _SHORT if bare != text else _OPAQUE.fullmatch(text)
    return f"{bare[:_SHORT]}…" if cut else bare


def is_party(text: str) -> bool:
    """Tell whether a text is a name of the trail."""
    kind, colon, identifier = text.partition(":")
    return kind in PARTIES and (bool(colon and identifier) or text in {"system", "accounts"})


def read_party(text: str) -> Party | None:
    """Return what a name of the trail says by itself; None for what is no such name."""
    kind, _, identifier = text.partition(":")
    return Party(kind, identifier, PARTIES[kind], None) if is_party(text) else None


def find_parties(deps: AdminDeps, visitor: AdminVisitor, names: Iterable[str]) -> Mapping[str, Party]:
    """Return what each of ``names`` stands for; what is of no kind that we know is left out."""
    wanted = {name for name in names if is_party(name)}
    by_kind: dict[str, set[str]] = {}
    for name in wanted:
        kind, _, identifier = name.partition(":")
        by_kind.setdefault(kind, set()).add(identifier)
    found: dict[str, Mapping[str, Text]] = {
        "account": _accounts(deps, visitor, by_kind.get("account", ())),
        "client": _clients(deps, by_kind.get("client", ())),
        "department": name_departments(deps, by_kind.get("department", ())),
        "node": _nodes(deps, by_kind.get("node", ())),
        "type": {code: name_of(deps.licenses, code) for code in by_kind.get("type", ())},
        "login": {what: switches.name_of(what) for what in by_kind.get("login", ()) if what in switches.choices(deps.idp)},
    }
    parties = {}
    for name in wanted:
        kind, _, identifier = name.partition(":")
        called = _NONE if identifier == _UNKNOWN else found.get(kind, {}).get(identifier)
        parties[name] = Party(kind, identifier, PARTIES[kind], called)
    return parties


def _accounts(deps: AdminDeps, visitor: AdminVisitor, ids: Collection[str]) -> dict[str, Text]:
    names = {visitor.account_id: _YOU}
    if not permits(deps.policies.roles, visitor.roles, "accounts.read"):
        return names
    admin = admin_of(deps.policies, visitor, "accounts.read")
    with deps.idp.work.look() as work:
        records = work.records.accounts_by_id([one for one in ids if one != visitor.account_id])
    for record in records:
        if is_within(admin, record):
            name, kind = open_record(deps.idp, record).name, KINDS[record.kind]
            if record.kind != "enterprise":  # what a company is called stands in the register of companies
                name = mask(name)
            names[record.id] = Text(f"{name}（{kind.zh}）", f"{name} ({kind.en})") if name else _CLOSED
    return names


def _clients(deps: AdminDeps, ids: Collection[str]) -> dict[str, Text]:
    with deps.idp.work.look() as work:
        found = (work.records.find_client(one) for one in ids)
        return {client.client_id: client.title for client in found if client is not None}


def name_departments(deps: AdminDeps, codes: Collection[str]) -> Mapping[str, Text]:
    """Return what departments are called that issue licences here, by credit code."""
    with deps.licenses.work.look() as work:
        found = (work.records.find_department(code) for code in codes)
        return {one.uscc: Text(one.name, one.name) for one in found if one is not None}


def _nodes(deps: AdminDeps, codes: Collection[str]) -> dict[str, Text]:
    with deps.crosscert.work.look() as work:
        peers = (work.records.find_peer(code) for code in codes if code != deps.node.code)
        names = {deps.node.code: deps.node.name, **{one.node.code: one.node.name for one in peers if one is not None}}
    return {code: Text(name, name) for code, name in names.items()}
