"""Carries notices to whoever confirmed an e-mail address or a phone number. Run every minute; run twice, it may send one twice.

Most go over one channel; what a thief could keep from the owner goes over all (``telling.OVER_ALL``), each until it was taken there.

Left to others: what is told (``telling``), carrying messages (``connectors``), the link's page (``not_me``, views).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from idp.notices.links import link
from idp.notices.telling import OVER_ALL, read
from idp.people.accounts import open_record
from idp.ports import IdpDeps, Messenger
from idp.records import Account, Channel, Notice
from kernel.errors import Refusal

_TRIED_FOR = timedelta(days=1)
_AT_ONCE = 200
_SUBJECT = "账号通知 / about your account"
_TEXT = "【{name}】{zh}如果不是您本人，请打开： / {en} If that was not you, open:\n{url}\n"


def deliver(deps: IdpDeps, account_id: str | None = None) -> int:
    """Send what is waiting (for one account); return how many were sent. One that cannot be sent is tried again for a day."""
    if not deps.messengers:
        return 0
    with deps.work.read() as work:
        waiting = work.records.unsent_notices(since=deps.clock.now() - _TRIED_FOR, limit=_AT_ONCE, account_id=account_id)
    return sum(_deliver(deps, notice) for notice in waiting)


def deliver_soon(deps: IdpDeps, account_id: str) -> None:
    """Send an account what waits for it beside the present request, where every minute counts; the worker sends what this leaves."""
    deps.soon(lambda: deliver(deps, account_id))


def _deliver(deps: IdpDeps, notice: Notice) -> bool:
    with deps.work.read() as work:
        record = work.records.find_account(notice.account_id)
    ways = [] if record is None else list(_ways(deps, open_record(deps, record)))
    wanted = ways if notice.what in OVER_ALL else ways[:1]
    sent = list(notice.sent_over)
    for channel, messenger, address in wanted:
        if channel not in sent and _send(deps, notice, messenger, address):
            sent.append(channel)
    if wanted and len(sent) == len(notice.sent_over):
        return False
    # One that has nowhere to go is done with: it stands on the account page, and must not be in the way of the others.
    complete = all(channel in sent for channel, _, _ in wanted)
    with deps.work.begin() as work:
        work.records.mark_sent(notice.id, sent, deps.clock.now() if complete else None)
    return bool(wanted)


def _send(deps: IdpDeps, notice: Notice, messenger: Messenger, address: str) -> bool:
    text = read(deps, notice)
    message = _TEXT.format(name=deps.node.name, zh=text.zh, en=text.en, url=link(deps, notice.id))
    try:
        messenger.send(address, _SUBJECT, message)
    except Refusal:
        return False
    return True


def _ways(deps: IdpDeps, account: Account) -> Iterator[tuple[Channel, Messenger, str]]:
    """Yield how an account is reached: over the channels that its owner confirmed, e-mail first."""
    reached: tuple[tuple[Channel, str | None], ...] = (("email", account.email), ("phone", account.phone))
    for channel, address in reached:
        messenger = deps.messengers.get(channel)
        if messenger is not None and address is not None and channel in account.confirmed:
            yield channel, messenger, address
