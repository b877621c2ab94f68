"""A code by SMS or e-mail after the password, where policies let it, for people who have enrolled nothing better.

SP 800-63B-4 3.1.3.3 calls codes over the telephone network restricted, and admits none by e-mail: so which channels count and what they
reach is policy (``sent_codes.login`` and the levels' combinations), and whoever enrolled an application or a passkey is asked for that,
never for a code that a stolen number receives. Left to others: confirming contacts (``contacts``), the session that follows (``interaction``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from idp.authenticators import sent_codes, stored_certificate
from idp.authenticators.errors import CHANNEL_MISSING, SENT_CODE_WRONG
from idp.authenticators.reach import SECOND_FACTORS
from idp.people import one_time_codes
from idp.ports import IdpDeps
from idp.records import Account, Authenticator, Channel, SentCode
from kernel.audit import AuditEvent
from kernel.errors import Refusal

METHODS: dict[Channel, str] = {"phone": "sms", "email": "email"}
"""The ``amr`` value of each channel: RFC 8176 has ``sms``; for e-mail it has none."""


def find_channel(deps: IdpDeps, account: Account, authenticators: Iterable[Authenticator]) -> Channel | None:
    """Return over which channel an account may be sent a code to log in with; None for those that must or can do better."""
    if account.kind in deps.policies.assurance.second_factor or any(one.kind in SECOND_FACTORS for one in authenticators):
        return None
    usable = (one for one in deps.policies.assurance.sent_codes.login if one in account.confirmed and one in deps.messengers)
    return next(usable, None)


def step_up_methods(deps: IdpDeps, account: Account, authenticators: Sequence[Authenticator]) -> Sequence[tuple[str, ...]]:
    """Return the ``amr`` values that an account can add to its password, by each of its ways."""
    certificates = [one.methods for one in stored_certificate.standing(authenticators, deps.clock.now())]
    if any(one.kind in SECOND_FACTORS for one in authenticators):
        return [(one_time_codes.METHOD,), *certificates]
    channel = find_channel(deps, account, authenticators)
    return certificates if channel is None else [(METHODS[channel],), *certificates]


def address(account: Account, channel: Channel) -> str:
    """Return where a code goes."""
    return (account.email if channel == "email" else account.phone) or ""


def send(deps: IdpDeps, account: Account, channel: Channel | None, *, transaction_id: str, network_address: str) -> None:
    """Send a code that is good for one login; an earlier one is void. ``Refusal`` when there is no channel or too many were sent."""
    if channel is None:
        raise Refusal(CHANNEL_MISSING)
    now, code, destination = deps.clock.now(), sent_codes.new(), address(account, channel)
    sent = SentCode(
        account_id=account.id,
        channel="login",
        digest=_digest(deps, account, channel, transaction_id, code),
        destination=deps.vault.encrypt(destination, f"idp.sent-code:{account.id}:login"),
        expires_at=now + timedelta(seconds=deps.policies.assurance.sent_codes.seconds),
    )
    with deps.work.begin() as work:
        sent_codes.count_own(work, deps, account=account.id, destination=destination, address=network_address, now=now)
        work.records.put_sent_code(sent)
        who, details = f"account:{account.id}", {"channel": channel, "for": "login"}
        work.audit.record(AuditEvent(now, who, "idp.send_code", who, details=details))
    deps.messengers[channel].send(destination, sent_codes.SUBJECT, sent_codes.text(deps, code))


def accept(deps: IdpDeps, account: Account, channel: Channel, *, transaction_id: str, code: str) -> None:
    """Use a code up; ``Refusal`` when it is not the last one that was sent for this login, is over, was used, or went where none goes now."""
    digest = _digest(deps, account, channel, transaction_id, sent_codes.read(code))
    with deps.work.begin() as work:
        if work.records.take_sent_code(account.id, "login", digest, deps.clock.now()) is None:
            raise Refusal(SENT_CODE_WRONG, field="code")


def _digest(deps: IdpDeps, account: Account, channel: Channel, transaction_id: str, code: str) -> bytes:
    # With where it went: a code is void with the address or number, when that is removed or changed.
    return deps.vault.digest(f"{code} {address(account, channel)}", f"idp.login-code:{account.id}:{transaction_id}")
