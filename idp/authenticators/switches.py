"""Switching a way to log in off: one kind of authenticator, or one department's directory. It counts from the next try on, everywhere.

1. The switch is stored with its reason, which whoever wants to use it is shown; every try looks for it.
2. The sessions that came in by it end, some at a time, with what hangs on them.

Left to others: who may (``chaoxin login``, the console), the pages (``views``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from idp.authenticators.errors import SWITCH_UNKNOWN, SWITCHED_OFF
from idp.browsers import sessions
from idp.ports import IdpDeps
from idp.records import Authenticator, Session, Switch
from kernel.audit import AuditEvent
from kernel.errors import Refusal, Text
from kernel.text import find_unwanted_character, normal_form

METHODS: Mapping[str, tuple[str, ...]] = {
    "password": ("pwd",),
    "totp": ("otp",),
    "recovery": (),
    "passkey": ("hwk", "swk"),
    "certificate": ("sc",),
    "sms": ("sms",),
    "email": ("email",),
}
"""Kinds of authenticators, and the ``amr`` values by which a session shows that one was used. A recovery code is told as ``otp``."""

NAMES: Mapping[str, Text] = {
    "password": Text("口令", "passwords"),
    "totp": Text("动态验证码", "one-time codes of an application"),
    "recovery": Text("恢复码", "recovery codes"),
    "passkey": Text("通行密钥", "passkeys"),
    "certificate": Text("数字证书", "certificates"),
    "sms": Text("短信验证码", "codes by SMS"),
    "email": Text("邮件验证码", "codes by e-mail"),
}
_AUTHENTICATOR, _DIRECTORY = "authenticator:", "directory:"
_AT_ONCE = 200
_MAX_REASON = 200


def choices(deps: IdpDeps) -> tuple[str, ...]:
    """Return all that can be switched off."""
    return (*(_AUTHENTICATOR + kind for kind in METHODS), *(_DIRECTORY + name for name in deps.directories))


def name_of(what: str) -> Text:
    """Return how people call what is switched."""
    kind, _, name = what.partition(":")
    return NAMES[name] if kind + ":" == _AUTHENTICATOR else Text(f"单位目录 {name}", f"the directory {name}")


def listed(deps: IdpDeps) -> Sequence[Switch]:
    """Return what is switched off."""
    with deps.work.look() as work:
        return work.records.switches()


def check_kind(deps: IdpDeps, kind: str) -> None:
    """Refuse when this kind of authenticators is switched off."""
    check_found(listed(deps), kind)


def check_found(off: Sequence[Switch], kind: str) -> None:
    """Refuse when this kind of authenticators is among what was found to be switched off."""
    _check(off, _AUTHENTICATOR + kind)


def check_directory(deps: IdpDeps, name: str) -> None:
    """Refuse when this directory is switched off."""
    _check(listed(deps), _DIRECTORY + name)


def usable(deps: IdpDeps, authenticators: Sequence[Authenticator]) -> Sequence[Authenticator]:
    """Return those that may be used now; ``Refusal`` when there are some and none of them may."""
    off = {one.what: one for one in listed(deps)}
    left = [one for one in authenticators if _AUTHENTICATOR + one.kind not in off]
    if authenticators and not left:
        raise _refusal(off[_AUTHENTICATOR + authenticators[0].kind])
    return left


def switch_off(deps: IdpDeps, what: str, reason: str, *, actor: str) -> int:
    """Switch off and end what came in by it; return how many sessions that were. Doing it again ends what was left over."""
    if what not in choices(deps):
        raise Refusal(SWITCH_UNKNOWN, field="what", choices=", ".join(choices(deps)))
    text = normal_form(reason)
    if not text or len(text) > _MAX_REASON or find_unwanted_character(text):
        raise Refusal(SWITCH_UNKNOWN, field="reason", choices=", ".join(choices(deps)))
    # 1.
    now = deps.clock.now()
    with deps.work.begin() as work:
        if work.records.switch_off(Switch(what, text, actor, now)):
            work.audit.record(AuditEvent(now, actor, "idp.switch_off", f"login:{what}", details={"reason": text}))
    # 2.
    ended = 0
    for found in _concerned(deps, what):
        with deps.work.begin() as work:
            for session in found:
                sessions.end_within(work, session, actor=actor, now=deps.clock.now())
        ended += len(found)
    return ended


def switch_on(deps: IdpDeps, what: str, *, actor: str) -> None:
    """Let it be used again; ``Refusal`` when it is not switched off."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        if not work.records.switch_on(what):
            raise Refusal(SWITCH_UNKNOWN, field="what", choices=", ".join(one.what for one in work.records.switches()) or "–")
        work.audit.record(AuditEvent(now, actor, "idp.switch_on", f"login:{what}"))


def count_concerned(deps: IdpDeps, what: str) -> int:
    """Return how many sessions would end."""
    return sum(len(found) for found in _concerned(deps, what))


def _concerned(deps: IdpDeps, what: str) -> Iterator[Sequence[Session]]:
    kind, _, name = what.partition(":")
    queries = [{"ending": f"@{name}"}] if kind + ":" == _DIRECTORY else [{"method": one} for one in METHODS.get(name, ())]
    for query in queries:
        after = ""
        while True:
            with deps.work.read() as work:
                found = work.records.living_sessions(deps.clock.now(), after=after, limit=_AT_ONCE, **query)
            if not found:
                break
            yield found
            after = found[-1].id


def _check(off: Sequence[Switch], wanted: str) -> None:
    for switch in off:
        if switch.what == wanted:
            raise _refusal(switch)


def _refusal(switch: Switch) -> Refusal:
    name = name_of(switch.what)
    return Refusal(SWITCHED_OFF, name_zh=name.zh, name_en=name.en, reason=switch.reason)
