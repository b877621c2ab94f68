"""What an official lost is replaced with two admins' consent. Of either half alone neither admin can log in as them.

A second factor: the earlier ones are void, and whoever approves hands a new secret over; the password stays the official's own. A password: whoever
approves hands over a code, with which the official sets another one after the time in which every channel is told; the second factor stays.
Sessions and tokens end at once. Left to others: that two agree (``proposals``), people who recover themselves (``recovery``), a directory's passwords.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from idp import notices
from idp.administration.errors import RESET_UNSUITABLE
from idp.authenticators.reach import SECOND_FACTORS
from idp.people import one_time_codes
from idp.ports import IdpDeps, IdpWork
from idp.records import AccountRecord, Authenticator
from idp.recovery import window
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token
from policies import assurance


@dataclass(frozen=True, slots=True)
class Handed:
    """What whoever approved hands over to the person, in person; it is shown once and stored nowhere in clear."""

    what: Literal["code", "totp_secret"]
    value: str = field(repr=False)
    username: str


def check(deps: IdpDeps, record: AccountRecord, *, password: bool) -> None:
    """Refuse for whom it is not meant."""
    if not assurance.needs_second_factor(deps.policies.assurance, record.kind) or record.disabled_at is not None:
        raise _unsuitable(zh="不是正常状态的工作人员或管理员账号", en="it is no enabled account of staff or an admin")
    if password and record.username.rpartition("@")[2] in deps.directories:
        raise _unsuitable(zh="此人的口令由单位目录保管", en="this person's password is kept by a directory")


def reset_factor(deps: IdpDeps, work: IdpWork, record: AccountRecord, *, actor: str, details: dict[str, Json]) -> Handed:
    """Enrol a new authenticator in place of every second factor."""
    now, secret = deps.clock.now(), one_time_codes.new_secret()
    work.records.lock_account(record.id)
    void = [one for one in work.records.authenticators(record.id) if one.kind in SECOND_FACTORS]
    for one in void:
        work.records.remove_authenticator(one.id)
    sealed = one_time_codes.seal_secret(deps, record.id, secret)
    work.records.add_authenticator(Authenticator(token(16), record.id, "totp", "", sealed, now))
    ended = work.records.end_sessions(record.id, now)
    told = {**details, "void": [one.kind for one in void], "sessions": ended}
    work.audit.record(AuditEvent(now, actor, "idp.reset_factor", f"account:{record.id}", details=told))
    notices.tell(work, deps, record.id, "factor_reset", now)
    return Handed("totp_secret", secret, record.username)


def reset_password(deps: IdpDeps, work: IdpWork, record: AccountRecord, *, actor: str, details: dict[str, Json]) -> Handed:
    """Begin a recovery that ends with a new password beside the second factor."""
    now = deps.clock.now()
    work.records.lock_account(record.id)
    code = window.start(work, deps, record.id, actor=actor, kinds=(record.kind,))
    told = {**details, "sessions": work.records.end_sessions(record.id, now)}
    work.audit.record(AuditEvent(now, actor, "idp.reset_password", f"account:{record.id}", details=told))
    return Handed("code", code, record.username)


def _unsuitable(*, zh: str, en: str) -> Refusal:
    return Refusal(RESET_UNSUITABLE, problem_zh=zh, problem_en=en)
