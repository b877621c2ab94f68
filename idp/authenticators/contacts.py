"""An e-mail address or phone number counts when its owner typed the code that was sent there. Only then is it stored.

1. Whoever changes it may change it now; the address is well formed.
2. Sending is counted before it is done: for the account, the destination and the network address. A destination that had enough gets no more.
3. The code is stored, as a keyed digest with where it goes, and then sent; an earlier one is void.
4. A code is tried like any other secret, counted over all channels, and used by one conditional statement.
5. The address, that it is confirmed, audit event and notice commit together.

It is removed in the same way; the last one at which its owner was reached stays until there is another.

Left to others: carrying messages (``connectors``), what departments are told (``claims``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from idp import notices
from idp.authenticators import changing, sent_codes
from idp.authenticators.errors import CHANNEL_MISSING, CONTACT_NEEDED, SENT_CODE_WRONG
from idp.browsers.sessions import Current, Device
from idp.errors import ACCOUNT_UNKNOWN
from idp.owed_events import owe
from idp.people import throttle
from idp.people.accounts import check_contact, open_record, seal
from idp.ports import IdpDeps
from idp.records import Channel, SentCode
from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.text import normal_form


def send(deps: IdpDeps, current: Current, device: Device, channel: Channel, address: str) -> None:
    """Send a code to an address that is to be confirmed."""
    # 1. May they, and is it one?
    messenger = deps.messengers.get(channel)
    if messenger is None:
        raise Refusal(CHANNEL_MISSING)
    destination = normal_form(address)
    check_contact(channel, destination)
    changing.check_fresh(deps, current)
    # 2. and 3.
    rules, now, account_id = deps.policies.assurance.sent_codes, deps.clock.now(), current.account.id
    code = sent_codes.new()
    sent = SentCode(
        account_id=account_id,
        channel=channel,
        digest=_digest(deps, account_id, channel, code),
        destination=deps.vault.encrypt(destination, _context(account_id, channel)),
        expires_at=now + timedelta(seconds=rules.seconds),
    )
    with deps.work.begin() as work:
        may = sent_codes.count(work, deps, account=account_id, destination=destination, address=device.address, now=now)
        if may:  # else the one that was sent before stays good
            work.records.put_sent_code(sent)
        details = {"channel": channel}
        work.audit.record(AuditEvent(now, f"account:{account_id}", "idp.send_code", f"account:{account_id}", details=details))
    if may:
        messenger.send(destination, sent_codes.SUBJECT, sent_codes.text(deps, code))


def confirm(deps: IdpDeps, current: Current, device: Device, channel: Channel, code: str) -> None:
    """Store the address that the code was sent to, as confirmed."""
    account_id, now = current.account.id, deps.clock.now()
    # 4. Is it the one that was sent, for the first time?
    attempt = throttle.take(deps, account=account_id, address=device.address)
    digest = _digest(deps, account_id, channel, sent_codes.read(code))
    with changing.change(deps, current) as (work, _):
        sealed = work.records.take_sent_code(account_id, channel, digest, now)
        record = work.records.find_account(account_id)
        if record is None:
            raise Refusal(ACCOUNT_UNKNOWN)
        if sealed is None:
            raise Refusal(SENT_CODE_WRONG, field="code")
        # 5. All together.
        attempt.give_back(work)
        destination = deps.vault.decrypt(sealed, _context(account_id, channel))
        account = open_record(deps, record)
        changed = replace(account, confirmed=tuple(sorted({*account.confirmed, channel})))
        changed = replace(changed, email=destination) if channel == "email" else replace(changed, phone=destination)
        if changed != account:  # the last use was another address's
            work.records.forget_code_use(account_id, channel)
        work.records.put_person(seal(deps, changed, now))
        details = {"channel": channel}
        work.audit.record(
            AuditEvent(now, f"account:{account_id}", "idp.confirm_contact", f"account:{account_id}", details=details)
        )
        owe(work, account_id, "recovery-information-changed", now)
        if channel in account.confirmed and destination != (account.email if channel == "email" else account.phone):
            owe(work, account_id, "identifier-changed", now, of=("email" if channel == "email" else "phone_number",))
        notices.tell(work, deps, account_id, f"{channel}_confirmed", now)


def remove(deps: IdpDeps, current: Current, channel: Channel) -> None:
    """Forget an address or number: no code and no notice goes there any more. One that is not there is no error."""
    account_id, now = current.account.id, deps.clock.now()
    with changing.change(deps, current) as (work, _):
        record = work.records.find_account(account_id)
        if record is None:
            raise Refusal(ACCOUNT_UNKNOWN)
        account = open_record(deps, record)
        left = tuple(one for one in account.confirmed if one != channel)
        if account.confirmed and not left:
            raise Refusal(CONTACT_NEEDED)
        changed = replace(account, confirmed=left)
        changed = replace(changed, email=None) if channel == "email" else replace(changed, phone=None)
        if changed == account:
            return
        work.records.put_person(seal(deps, changed, now))
        work.records.forget_code_use(account_id, channel)
        who = f"account:{account_id}"
        work.audit.record(AuditEvent(now, who, "idp.remove_contact", who, details={"channel": channel}))
        owe(work, account_id, "recovery-information-changed", now)
        notices.tell(work, deps, account_id, f"{channel}_removed", now)


def code_uses(deps: IdpDeps, account_id: str) -> Mapping[Channel, datetime]:
    """Return when a code over each channel was last logged in with."""
    with deps.work.read() as work:
        return work.records.code_uses(account_id)


def _digest(deps: IdpDeps, account_id: str, channel: Channel, code: str) -> bytes:
    return deps.vault.digest(code, f"idp.sent-code:{account_id}:{channel}")


def _context(account_id: str, channel: Channel) -> str:
    return f"idp.sent-code:{account_id}:{channel}"
