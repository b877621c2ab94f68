"""A holder decides which department may fetch which of their licences: yes, no, and no more. What was said yes to is remembered for a time.

Left to others: asking (``fetch``), the page (``wallet.views``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal, Text
from licenses.consent_records import Consent, ConsentState
from licenses.errors.fetching import CONSENT_NOT_FOUND
from licenses.ports import LicenseDeps
from policies.licenses import find_type

Word = Literal["grant", "refuse", "withdraw"]

_STEPS: dict[Word, tuple[ConsentState, ConsentState]] = {
    "grant": ("waiting", "granted"),
    "refuse": ("waiting", "refused"),
    "withdraw": ("granted", "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A consent with the name of the type that it is about. ``counts``: the department may fetch by it now."""

    consent: Consent
    type_name: Text
    counts: bool


def listed(deps: LicenseDeps, holder_id: str) -> Sequence[Listed]:
    """Return what waits for the holder's word, and what they said."""
    now = deps.clock.now()
    with deps.work.read() as work:
        found = work.records.consents(holder_id)
    names = {one.type_code: find_type(deps.policies.licenses, one.type_code) for one in found}
    texts = {code: Text(code, code) if kind is None else Text(kind.name, kind.name_en) for code, kind in names.items()}
    return [Listed(one, texts[one.type_code], one.counts(now)) for one in found]


def decide(deps: LicenseDeps, consent_id: str, holder_id: str, word: str, *, actor: str) -> None:
    """Say yes or no to a wish, or take a yes back; ``Refusal(consent_not_found)`` for another holder's and for one that is decided already."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        own = next((one for one in work.records.consents(holder_id) if one.id == consent_id), None)
        step = next((_STEPS[known] for known in _STEPS if known == word), None)
        if own is None or step is None:
            raise Refusal(CONSENT_NOT_FOUND)
        before, after = step
        ends_at = now + timedelta(days=deps.policies.licenses.wallet.consent_days) if after == "granted" else None
        if not work.records.decide_consent(replace(own, state=after, decided_at=now, ends_at=ends_at), before):
            raise Refusal(CONSENT_NOT_FOUND)
        details: dict[str, Json] = {"consent": own.id, "department": own.department, "type": own.type_code}
        work.audit.record(AuditEvent(now, actor, f"licenses.consent_{after}", f"department:{own.department}", details=details))
