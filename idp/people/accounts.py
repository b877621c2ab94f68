"""Accounts: who can log in. Creating, finding, disabling; personal data sealed on the way in and opened on the way out.

Left to others: logging in (``interaction.login``), proving who somebody is (real-name levels are given by who creates the account),
the evidence behind their level (``proofing``), what may be told to whom (``claims``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from idp.errors import ACCOUNT_EXISTS, ACCOUNT_UNKNOWN, ACCOUNT_UNSUITABLE
from idp.people import new_passwords, one_time_codes, passwords, proofing
from idp.people.contact_forms import compared
from idp.people.disabling import disable_within, enable_within
from idp.ports import IdpDeps
from idp.records import Account, AccountRecord, Authenticator, Channel
from kernel.audit import AuditEvent
from kernel.canonical import canonical
from kernel.errors import Refusal
from kernel.identifiers import is_resident_id, is_uscc
from kernel.randomness import choose, token
from kernel.text import find_unwanted_character, normal_form
from policies import assurance
from policies.role_models import AccountKind
from policies.roles import may_have

SUBJECT_PREFIX = "sub."
"""Every ``sub`` starts so; no client_id can (RFC 9700 4.15.1: an access token must not be taken for a client's own)."""

_USERNAME = re.compile(r"[\w][\w.@+-]{1,63}")
_CONTACTS = {"phone": re.compile(r"\+?[0-9][0-9 -]{4,19}"), "email": re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")}
_MAX_NAME = 100
_ALPHABET, _DRAWN = "abcdefghjkmnpqrstuvwxyz23456789", 10


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What is needed to create one. ``totp_secret`` (base32) enrolls a second factor at once.

    ``proofed_by`` is the method of ``assurance.toml`` that reached the real-name level; None where there is only one.
    """

    username: str
    kind: AccountKind
    name: str = field(repr=False)
    password: str = field(repr=False)
    resident_id: str | None = field(default=None, repr=False)
    uscc: str | None = None
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    real_name_level: int = 2
    proofed_by: str | None = None
    organization: str | None = None
    department: str | None = None
    roles: tuple[str, ...] = ()
    totp_secret: str | None = field(default=None, repr=False)


def create(deps: IdpDeps, new: NewAccount, *, actor: str) -> Account:
    """Create an account and its authenticators; ``Refusal`` naming the field when something is not acceptable.

    ``account_exists`` when the username is taken, or the resident ID or credit code belongs to an account already.
    """
    for check in _CHECKS:
        check(deps, new)
    password_hash = passwords.hash_password(new.password)  # outside of the transaction
    now = deps.clock.now()
    account = Account(
        id=SUBJECT_PREFIX + token(16),
        username=normal_username(new.username),
        kind=new.kind,
        name=normal_form(new.name),
        resident_id=new.resident_id,
        uscc=new.uscc,
        phone=new.phone,
        email=new.email,
        address=None if new.address is None else normal_form(new.address),
        real_name_level=new.real_name_level,
        organization=new.organization,
        department=new.department,
        roles=new.roles,
        created_at=now,
        updated_at=now,
    )
    alone = new_passwords.is_long_enough_alone(deps, new.password)
    enrolled = [Authenticator(token(16), account.id, "password", "", password_hash, now, alone=alone)]
    if new.totp_secret is not None:
        sealed = one_time_codes.seal_secret(deps, account.id, new.totp_secret)
        enrolled.append(Authenticator(token(16), account.id, "totp", "", sealed, now))
    with deps.work.begin() as work:
        if not work.records.add_account(seal(deps, account, now)):
            raise Refusal(ACCOUNT_EXISTS, field="username")
        for authenticator in enrolled:
            work.records.add_authenticator(authenticator)
        work.records.add_verification(proofing.evidence(deps, account, new.proofed_by, actor=actor))
        details = {"kind": account.kind, "roles": list(account.roles), "authenticators": [one.kind for one in enrolled]}
        work.audit.record(AuditEvent(now, actor, "idp.create_account", f"account:{account.id}", details=details))
    return account


def check_person(deps: IdpDeps, new: NewAccount) -> None:
    """Refuse what nobody may be called or be, whoever vouches for it; ``Refusal`` names the field."""
    for check in _PERSON_CHECKS:
        check(deps, new)


def disable(deps: IdpDeps, account_id: str, *, actor: str) -> None:
    """Disable an account; its sessions and tokens end at once. ``Refusal(account_unknown)`` when there is none (to disable)."""
    with deps.work.begin() as work:
        disable_within(work, account_id, actor=actor, now=deps.clock.now())


def enable(deps: IdpDeps, account_id: str, *, actor: str) -> None:
    """Let a disabled account log in again."""
    with deps.work.begin() as work:
        enable_within(work, account_id, actor=actor, now=deps.clock.now())


def get_by_username(deps: IdpDeps, username: str) -> Account:
    """Return the account with this username; ``Refusal(account_unknown)``."""
    account = find_by_username(deps, username)
    if account is None:
        raise Refusal(ACCOUNT_UNKNOWN, field="username")
    return account


def find_by_username(deps: IdpDeps, username: str) -> Account | None:
    """Return the account with this username or None."""
    with deps.work.read() as work:
        record = work.records.find_username(normal_username(username))
    return None if record is None else open_record(deps, record)


def page(deps: IdpDeps, *, after: str = "", kind: AccountKind | None = None, limit: int = 100) -> Sequence[Account]:
    """Return accounts ordered by username, starting beyond ``after``."""
    with deps.work.read() as work:
        records = work.records.accounts(after=after, kind=kind, limit=limit)
    return [open_record(deps, record) for record in records]


def normal_username(username: str) -> str:
    """Return the form in which a username is stored and compared."""
    return normal_form(username).casefold()


def open_record(deps: IdpDeps, record: AccountRecord) -> Account:
    """Return the account of a record with its personal data in clear."""
    person = json.loads(deps.vault.decrypt(record.person, _context(record.id)))
    return Account(
        id=record.id,
        username=record.username,
        kind=record.kind,
        name=person["name"],
        resident_id=person.get("resident_id"),
        uscc=person.get("uscc"),
        phone=person.get("phone"),
        email=person.get("email"),
        address=person.get("address"),
        confirmed=tuple(person.get("confirmed", ())),
        real_name_level=record.real_name_level,
        organization=record.organization,
        department=record.department,
        roles=record.roles,
        created_at=record.created_at,
        updated_at=record.updated_at,
        disabled_at=record.disabled_at,
    )


def seal(deps: IdpDeps, account: Account, now: datetime) -> AccountRecord:
    """Return the record of an account that is as it says from ``now`` on, its personal data encrypted."""
    values = {
        "name": account.name,
        "resident_id": account.resident_id,
        "uscc": account.uscc,
        "phone": account.phone,
        "email": account.email,
        "address": account.address,
        "confirmed": list(account.confirmed) or None,
    }
    person = canonical({name: value for name, value in values.items() if value is not None}).decode()

    def index(value: str | None, what: str) -> bytes | None:
        return None if value is None else deps.vault.index(value, f"idp.{what}")

    number = index(account.resident_id or account.uscc, "holder")
    return AccountRecord(
        id=account.id,
        username=account.username,
        kind=account.kind,
        person=deps.vault.encrypt(person, _context(account.id)),
        holder_index=None if account.holder_id is None else number,
        number_index=number,
        phone_index=None if account.phone is None else index(compared("phone", account.phone), "phone"),
        email_index=None if account.email is None else index(compared("email", account.email), "email"),
        real_name_level=account.real_name_level,
        organization=account.organization,
        department=account.department,
        roles=account.roles,
        created_at=account.created_at or now,
        updated_at=now,
        disabled_at=account.disabled_at,
    )


def _context(account_id: str) -> str:
    return f"idp.person:{account_id}"


def _unsuitable(*, field: str, zh: str, en: str) -> Refusal:
    return Refusal(ACCOUNT_UNSUITABLE, field=field, name=field, problem_zh=zh, problem_en=en)


def new_username() -> str:
    """Return a username for a person who is known otherwise. It says nothing of them: it is stored and told in clear."""
    return f"u{choose(_ALPHABET, _DRAWN)}"


def is_username(username: str) -> bool:
    """Tell whether anybody could have this username."""
    return _USERNAME.fullmatch(normal_username(username)) is not None


def _check_username(_deps: IdpDeps, new: NewAccount) -> None:
    if not is_username(new.username):
        raise _unsuitable(field="username", zh="须为 2 至 64 个字母、数字或 . @ + - _", en="2 to 64 letters, digits or . @ + - _")


def check_ending(deps: IdpDeps, new: NewAccount) -> None:
    """Keep the name of a directory at the end of a username for its own people."""
    if normal_username(new.username).rpartition("@")[2] in deps.directories:
        raise _unsuitable(
            field="username", zh="这个结尾属于单位目录的人员", en="this ending belongs to the people of a directory"
        )


def _check_names(_deps: IdpDeps, new: NewAccount) -> None:
    for name, value in (
        ("name", new.name),
        ("organization", new.organization),
        ("department", new.department),
        ("address", new.address),
    ):
        if value is None:
            continue
        if not normal_form(value) or len(value) > _MAX_NAME or find_unwanted_character(value):
            raise _unsuitable(field=name, zh="为空、太长或含有控制字符", en="empty, too long or with control characters")


def _check_numbers(_deps: IdpDeps, new: NewAccount) -> None:
    if new.resident_id is not None and not is_resident_id(new.resident_id):
        raise _unsuitable(field="resident_id", zh="校验位不对", en="its check character is wrong")
    if new.uscc is not None and not is_uscc(new.uscc):
        raise _unsuitable(field="uscc", zh="校验位不对", en="its check character is wrong")
    if new.kind == "enterprise" and (new.uscc is None or new.resident_id is not None):
        raise _unsuitable(field="uscc", zh="企业账号须有统一社会信用代码", en="an enterprise is known by its credit code")
    if new.kind != "enterprise" and new.uscc is not None:
        raise _unsuitable(field="uscc", zh="只有企业账号有统一社会信用代码", en="only enterprises have a credit code")


def _check_contacts(_deps: IdpDeps, new: NewAccount) -> None:
    if new.phone is not None:
        check_contact("phone", new.phone)
    if new.email is not None:
        check_contact("email", new.email)


def check_contact(channel: Channel, value: str) -> None:
    """Refuse what is no phone number or e-mail address."""
    if not _CONTACTS[channel].fullmatch(value) or find_unwanted_character(value):
        raise _unsuitable(field=channel, zh="格式不对", en="not well formed")


def _check_level_and_roles(deps: IdpDeps, new: NewAccount) -> None:
    level = assurance.find_real_name_level(deps.policies.assurance, new.real_name_level)
    if level is None:
        raise _unsuitable(field="real_name_level", zh="没有这个等级", en="no such level")
    if proofing.find_method(level, new.proofed_by) is None:
        raise _unsuitable(field="proofed_by", zh="这个等级须由另一种核验方式达到", en="not a method that reaches this level")
    if not all(may_have(deps.policies.roles, role, new.kind) for role in new.roles):
        raise _unsuitable(
            field="roles", zh="没有这个角色，或这类账号不得有它", en="no such role, or not for accounts of this kind"
        )


def _check_second_factor(deps: IdpDeps, new: NewAccount) -> None:
    if new.totp_secret is not None and not one_time_codes.is_secret(new.totp_secret):
        raise _unsuitable(field="totp_secret", zh="不是 128 位以上的 base32", en="not base32 of 128 bits or more")
    if new.totp_secret is None and assurance.needs_second_factor(deps.policies.assurance, new.kind):
        raise _unsuitable(field="totp_secret", zh="这类账号必须有第二种验证方式", en="accounts of this kind need a second factor")


def _check_password(deps: IdpDeps, new: NewAccount) -> None:
    about = (new.username, new.name, new.phone, new.email, new.resident_id)
    new_passwords.check(deps, new.password, has_second_factor=new.totp_secret is not None, about=about)


_PERSON_CHECKS = (_check_username, _check_names, _check_numbers, _check_contacts, _check_level_and_roles)
_CHECKS = (*_PERSON_CHECKS, check_ending, _check_second_factor, _check_password)
