"""What is remembered of an answer, so that the same thing is not asked twice: a pure decision.

Left to others: what must be asked (``interactions``), storing it (``flow``), the page (``interaction.consent``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from idp.authorize.interactions import Situation
from idp.claims.items import keys, left_out
from idp.records import Consent

_USED_EVERY = timedelta(seconds=60)


def is_news(before: Consent | None, after: Consent) -> bool:
    """Tell whether anything is worth storing; the last use is known to the minute."""
    return before is None or after.used_at - before.used_at >= _USED_EVERY or _said(before) != _said(after)


def _said(consent: Consent) -> tuple[object, ...]:
    return consent.subject, consent.granted_at, consent.scopes, consent.claims, consent.declined, consent.told


def remember(situation: Situation, account_id: str, subject: str, declined: frozenset[str] | None) -> Consent:
    """Return what is known from now on of whom the client knows as ``subject``.

    ``declined`` None: nothing was asked, what was left out before is left out again.
    """
    now, items = situation.now, situation.items
    consent = situation.consent or Consent(account_id, situation.client.client_id, granted_at=now, used_at=now)
    gone = left_out(items, consent.declined if declined is None else declined)
    kept = [item for item in items if item.scope not in gone]
    told = frozenset(consent.told) | keys(kept)
    consent = replace(consent, used_at=now, subject=subject, told=tuple(sorted(told)))
    if declined is None:
        return consent
    here = frozenset(item.scope for item in items)
    claims = frozenset(consent.claims) - keys(items) | keys(kept)
    return replace(
        consent,
        granted_at=now,
        scopes=tuple(sorted(frozenset(consent.scopes) - here | frozenset(item.scope for item in kept))),
        claims=tuple(sorted(claims)),
        declined=tuple(sorted(frozenset(consent.declined) - here | gone)),
    )
