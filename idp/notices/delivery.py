"""Carries notices to whoever confirmed an e-mail address or a phone number. Run every minute; run twice, it may send one twice.

Left to others: what is told (``telling``), carrying messages (``connectors``), the link's page (``not_me``, views).
"""

from __future__ import annotations

from datetime import timedelta

from idp.notices import not_me
from idp.notices.telling import read
from idp.people.accounts import open_record
from idp.ports import IdpDeps, Messenger
from idp.records import Account, Notice
from kernel.errors import Refusal

_TRIED_FOR = timedelta(days=1)
_AT_ONCE = 200
_SUBJECT = "账号通知 / about your account"
_TEXT = "【{name}】{zh}如果不是您本人，请打开： / {en} If that was not you, open:\n{url}\n"


def deliver(deps: IdpDeps) -> int:
    """Send what is waiting; return how many were sent. One that cannot be sent is tried again for a day."""
    if not deps.messengers:
        return 0
    with deps.work.read() as work:
        waiting = work.records.unsent_notices(since=deps.clock.now() - _TRIED_FOR, limit=_AT_ONCE)
    return sum(_deliver(deps, notice) for notice in waiting)


def _deliver(deps: IdpDeps, notice: Notice) -> bool:
    with deps.work.read() as work:
        record = work.records.find_account(notice.account_id)
    if record is None:
        return False
    way = _find_way(deps, open_record(deps, record))
    if way is None:
        return False
    messenger, address = way
    text = read(deps, notice)
    url = f"{deps.node.url}/not-me?notice={notice.id}&proof={not_me.proof(deps, notice.id)}"
    try:
        messenger.send(address, _SUBJECT, _TEXT.format(name=deps.node.name, zh=text.zh, en=text.en, url=url))
    except Refusal:
        return False
    with deps.work.begin() as work:
        work.records.mark_sent(notice.id, deps.clock.now())
    return True


def _find_way(deps: IdpDeps, account: Account) -> tuple[Messenger, str] | None:
    for channel, address in (("email", account.email), ("phone", account.phone)):
        for offered, messenger in deps.messengers.items():
            if offered == channel and address is not None and channel in account.confirmed:
                return messenger, address
    return None
