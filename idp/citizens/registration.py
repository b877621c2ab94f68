"""Registering: a citizen says who they are and is reached at a phone number or e-mail address, by which they log in ever after.

1. What was typed is read; nobody is asked yet whether it is so.
2. Messages are counted before anything dear is done, for the contact and for the network address. A contact that had enough of whatever kind
   gets no more, which nobody else is told.
3. The password is hashed, whether the contact has an account or not.
4. A message goes to the contact: a code, or that it has an account already. Only who reads it learns which; the page is the same.
5. Everything waits in the form, sealed and bound to this browser: what is never finished leaves nothing behind.
6. The code is tried like any other secret, counted, and opens an account at level 2, confirmed contact and login included, at once.

A resident ID that is given here is only said: others may say it too, and nothing of whoever has proven it is shown or lost. They are
told of it. Left to others: proving it (``proofs``, ``window``), carrying messages (``connectors``).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from idp import notices
from idp.authenticators import sent_codes
from idp.authenticators.errors import CHANNEL_MISSING, SENT_CODE_WRONG
from idp.authenticators.reach import PASSWORD
from idp.authorize.transactions import Visit, ending, verify_transaction
from idp.browsers.sessions import Device
from idp.citizens import declared
from idp.citizens.declared import Declared
from idp.citizens.errors import REGISTRATION_DONE, REGISTRATION_OVER
from idp.hashes import digest
from idp.interaction.login import NOBODY, LoggedIn, enter
from idp.people import accounts, new_passwords, passwords, proofing, reached, throttle
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord, Authenticator
from kernel.audit import AuditEvent
from kernel.canonical import Json, canonical
from kernel.clock import from_micros, to_micros
from kernel.errors import Misuse, Refusal
from kernel.randomness import token
from kernel.text import mask

_CONTEXT = "idp.registration"
_MAX_SEALED = 8192
_KNOWN_ALREADY = (
    "【{name}】有人用这个号码或邮箱注册，但它已经有账号。如果是您，请直接登录：{url}/login；忘记口令可以找回。如果不是您，不必理会。"
    " / Somebody tried to register with this number or address, which has an account already: {url}/login."
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A registration that waits for its code. ``sealed`` is the form's part; ``contact`` is masked."""

    sealed: str = field(repr=False)
    contact: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is sealed: who it will be, the password's hash and whether it is long enough alone, the code, the browser, until when."""

    id: str
    name: str
    resident_id: str
    channel: Any
    contact: str
    password: str
    alone: bool
    code: str
    browser: str
    until: int

    @property
    def person(self) -> Declared:
        return Declared(self.name, self.resident_id, self.channel, self.contact)


def begin(deps: IdpDeps, visit: Visit, device: Device, *, name: str, resident_id: str, contact: str, password: str) -> Pending:
    """Take what a citizen says of themselves and send a code to their contact; ``Refusal`` says what is wrong."""
    # 1. What was typed.
    now = deps.clock.now()
    person = declared.read(name=name, resident_id=resident_id, contact=contact, today=now.date())
    about = (person.name, person.contact, person.resident_id)
    new_passwords.check(deps, password, has_second_factor=False, about=about)
    # 2. Before anything dear.
    may_send = _count(deps, person, device, now)
    # 3. The same work for everybody.
    secret = passwords.hash_password(password).decode()
    waiting = _Waiting(
        id=token(16),
        **asdict(person),
        password=secret,
        alone=new_passwords.is_long_enough_alone(deps, password),
        code="",
        browser=digest(visit.browser[0]).hex(),
        until=0,
    )
    return _send(deps, waiting, now, may_send=may_send)


def send_again(deps: IdpDeps, visit: Visit, device: Device, sealed: str) -> Pending:
    """Send another code for the same registration; the earlier one is void with it, but stays good where no other is sent."""
    waiting, now = _open(deps, visit, sealed), deps.clock.now()
    if not _count(deps, waiting.person, device, now):
        return Pending(sealed, _masked(waiting.contact))
    return _send(deps, waiting, now, may_send=True)


def again(deps: IdpDeps, visit: Visit, sealed: str) -> Pending:
    """Return the same registration once more, after a wrong code; ``Refusal(registration_over)``."""
    return Pending(sealed, _masked(_open(deps, visit, sealed).contact))


def finish(deps: IdpDeps, visit: Visit, device: Device, *, transaction_id: str | None, sealed: str, code: str) -> LoggedIn:
    """Open the account, given the code, and log its owner in; a login that waited for a department goes on."""
    transaction = None if transaction_id is None else verify_transaction(deps, transaction_id, visit.browser)
    waiting, now = _open(deps, visit, sealed), deps.clock.now()
    # 6. Counted, tried, and all at once.
    attempt = throttle.take(deps, account=f"registration:{waiting.id}", address=device.address)
    if not hmac.compare_digest(_code_digest(deps, waiting.id, sent_codes.read(code)), waiting.code):
        raise Refusal(SENT_CODE_WRONG, field="code")
    with ending(deps.work.begin()) as work:
        record = _open_account(work, deps, waiting, now)
        attempt.forget(work)
        for value in visit.browser:
            work.records.see_device(record.id, digest(value), now)  # nobody need be told of the device that they register on
        return enter(work, deps, record, (PASSWORD,), transaction=transaction, visit=visit, device=device)


def _count(deps: IdpDeps, person: Declared, device: Device, now: datetime) -> bool:
    if person.channel not in deps.messengers:
        raise Refusal(CHANNEL_MISSING)
    with deps.work.begin() as work:
        who = f"registration:{person.contact}"
        return sent_codes.count(work, deps, account=who, destination=person.contact, address=device.address, now=now)


def _send(deps: IdpDeps, waiting: _Waiting, now: datetime, *, may_send: bool) -> Pending:
    code = sent_codes.new()
    until = now + timedelta(seconds=deps.policies.assurance.sent_codes.seconds)
    values = asdict(waiting) | {"code": _code_digest(deps, waiting.id, code), "until": to_micros(until)}
    with deps.work.begin() as work:
        known = reached.find(work, deps, reached.read(waiting.contact))
        details: dict[str, Json] = {"channel": waiting.channel}
        work.audit.record(AuditEvent(now, "system", "idp.begin_registration", f"account:{NOBODY}", details=details))
        if known is not None:
            notices.tell(work, deps, known.id, "registration_tried", now)
    # 4. To the contact alone.
    text = sent_codes.text(deps, code) if known is None else _KNOWN_ALREADY.format(name=deps.node.name, url=deps.node.url)
    if may_send:
        deps.messengers[waiting.channel].send(waiting.contact, sent_codes.SUBJECT, text)
    # 5. Nothing is stored.
    sealed = base64.urlsafe_b64encode(deps.vault.encrypt(canonical(values).decode(), _CONTEXT)).decode()
    return Pending(sealed, _masked(waiting.contact))


def _open(deps: IdpDeps, visit: Visit, sealed: str) -> _Waiting:
    try:
        octets = base64.urlsafe_b64decode(sealed[:_MAX_SEALED].encode("ascii"))
        waiting = _Waiting(**json.loads(deps.vault.decrypt(octets, _CONTEXT)))
    except (binascii.Error, ValueError, TypeError, IndexError, Misuse):
        raise Refusal(REGISTRATION_OVER) from None
    known = (digest(value).hex() for value in visit.browser)
    if from_micros(waiting.until) <= deps.clock.now() or not any(hmac.compare_digest(waiting.browser, one) for one in known):
        raise Refusal(REGISTRATION_OVER)
    return waiting


def _open_account(work: IdpWork, deps: IdpDeps, waiting: _Waiting, now: datetime) -> AccountRecord:
    person = waiting.person
    # Once for each contact: those who began before it had an account end before this is forgotten.
    until = now + timedelta(seconds=deps.policies.assurance.sent_codes.seconds)
    lock = deps.vault.digest(person.contact, "idp.registered")
    if reached.find(work, deps, reached.read(person.contact)) is not None or not work.records.take_challenge(lock, until):
        raise Refusal(REGISTRATION_DONE)
    account = Account(
        id=accounts.SUBJECT_PREFIX + token(16),
        username=accounts.new_username(),
        kind="citizen",
        name=person.name,
        resident_id=person.resident_id,
        phone=person.contact if person.channel == "phone" else None,
        email=person.contact if person.channel == "email" else None,
        confirmed=(person.channel,),
        created_at=now,
        updated_at=now,
    )
    record = accounts.seal(deps, account, now)
    if not work.records.add_account(record):
        raise Refusal(REGISTRATION_DONE)
    who = f"account:{account.id}"
    secret = waiting.password.encode()
    work.records.add_authenticator(Authenticator(token(16), account.id, "password", "", secret, now, alone=waiting.alone))
    work.records.add_verification(proofing.evidence(deps, account, None, actor=who))
    details: dict[str, Json] = {"kind": account.kind, "channel": person.channel, "authenticators": ["password"]}
    work.audit.record(AuditEvent(now, who, "idp.register", who, details=details))
    holder = work.records.find_holder(deps.vault.index(person.resident_id, "idp.holder"))
    if holder is not None:
        notices.tell(work, deps, holder.id, "number_said", now)
    return record


def _code_digest(deps: IdpDeps, registration_id: str, code: str) -> str:
    return deps.vault.digest(code, f"idp.registration:{registration_id}").hex()


def _masked(contact: str) -> str:
    name, at, domain = contact.partition("@")
    return f"{mask(name)}{at}{domain}" if at else mask(contact, head=3, tail=2)
