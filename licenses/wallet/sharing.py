"""Showing a licence to somebody: for a purpose and a time, once or more often, only what its holder chose, revocable, each use recorded.

1. The holder chooses; a link with a random token is made, of which the SHA-256 is stored.
2. Whoever opens it says who they are. One conditional statement counts the use: of two at once, one gets the last. What is seen is
   recorded for the holder in the same transaction.
3. They see what was chosen, and the verdict on the document itself at that moment.
4. The holder takes it back; what was seen before stays recorded.

Left to others: pages (``views``), how often one address may try (``views``), the verdict (``verification``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal, Text
from kernel.randomness import token
from kernel.text import find_unwanted_character, normal_form
from licenses import archive
from licenses.errors.wallet import (
    SHARE_CHOICE,
    SHARE_NOT_FOUND,
    SHARE_NOT_OPEN,
    SHARE_NOT_VALID,
    SHARE_TEXT,
    SHARES_TOO_MANY,
)
from licenses.kinds import Kind, kind_of
from licenses.ports import LicenseDeps
from licenses.registry_records import VALID
from licenses.verdict import Verdict
from licenses.verification import verify
from licenses.wallet.facts import MASKED, Fact, chosen, facts_of
from licenses.wallet.holding import get_own
from licenses.wallet_records import Look, Share

MAX_PURPOSE, MAX_VIEWER = 60, 60
_AT_COUNTER = "当面出示"
PAGE = "/share"
"""Where links are opened. The token stands behind ``#``, which browsers keep to themselves: it is in no log, no Referer, no preview."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a holder chose: for what, for how many seconds, which lines, how often (``once``, or any number of times)."""

    purpose: str
    seconds: int
    shown: Collection[str]
    once: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A new share with its link, which is told only now."""

    share: Share
    kind: Kind
    link: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What somebody sees who opened a share."""

    share: Share
    kind: Kind
    facts: Sequence[Fact]
    verdict: Verdict


def share(deps: LicenseDeps, identifier: str, holder_id: str, choice: Choice, *, actor: str) -> Made:
    """Make a share of the holder's own licence; ``Refusal`` says what cannot be so."""
    purpose = _words(choice.purpose, MAX_PURPOSE, "purpose", Text("用途", "purpose"))
    rules = deps.policies.licenses.wallet
    if choice.seconds not in rules.share_seconds:
        raise Refusal(SHARE_CHOICE, field="seconds", what_zh="期限", what_en="time")
    secret, now = token(), deps.clock.now()
    with deps.work.look() as work:
        record = get_own(work.records, identifier, holder_id)
    kind = kind_of(deps, record)
    with deps.work.begin() as work:
        record = get_own(work.records, identifier, holder_id)
        if record.status != VALID:
            raise Refusal(SHARE_NOT_VALID)
        offered = [one.key for one in facts_of(record, kind)]
        if not choice.shown or not set(choice.shown) <= set(offered):
            raise Refusal(SHARE_CHOICE, field="shown", what_zh="栏目", what_en="lines")
        if work.records.count_open_shares(holder_id, now) >= rules.open_shares:
            raise Refusal(SHARES_TOO_MANY, limit=rules.open_shares)
        made = Share(
            id=token(12),
            token_hash=_hash(secret),
            identifier=identifier,
            holder_id=holder_id,
            purpose=purpose,
            shown=tuple(key for key in offered if key in choice.shown),
            made_at=now,
            ends_at=now + timedelta(seconds=choice.seconds),
            most_uses=1 if choice.once else None,
        )
        work.records.add_share(made)
        details: dict[str, Json] = {
            "share": made.id,
            "shown": list(made.shown),
            "ends_at": made.ends_at.isoformat(),
            "once": choice.once,
        }
        work.audit.record(AuditEvent(now, actor, "licenses.share", f"license:{identifier}", details=details))
    return Made(made, kind, f"{deps.node.url}{PAGE}#{secret}")


def share_at_counter(deps: LicenseDeps, identifier: str, holder_id: str, *, actor: str) -> Made:
    """Make a share for whoever stands opposite: once, for the shortest time, with everything but the middle of the holder's code."""
    with deps.work.read() as work:
        record = get_own(work.records, identifier, holder_id)
    offered = facts_of(record, kind_of(deps, record))
    shown = [one.key for one in offered if f"{one.key}{MASKED}" not in {each.key for each in offered}]
    seconds = min(deps.policies.licenses.wallet.share_seconds)
    return share(deps, identifier, holder_id, Choice(_AT_COUNTER, seconds, shown, once=True), actor=actor)


def open_share(deps: LicenseDeps, secret: str, viewer: str, *, actor: str) -> Opened:
    """Use a share and return what it shows; ``Refusal(share_not_open)`` is one answer for whatever keeps it shut."""
    who = _words(viewer, MAX_VIEWER, "viewer", Text("您是谁", "who you are"))
    now = deps.clock.now()
    with deps.work.begin() as work:
        used = work.records.use_share(_hash(secret), now)
        record = None if used is None else work.records.find_license(used.identifier)
        if used is None or record is None:
            raise Refusal(SHARE_NOT_OPEN)
        work.records.add_look(Look(record.identifier, "share", used.id, who, used.purpose, now))
        details = {"share": used.id}
        work.audit.record(AuditEvent(now, actor, "licenses.open_share", f"license:{record.identifier}", details=details))
    kind = kind_of(deps, record)
    verdict = verify(deps, archive.get_document(deps, record), actor=f"share:{used.id}")
    return Opened(used, kind, chosen(facts_of(record, kind), used.shown), verdict)


def revoke(deps: LicenseDeps, share_id: str, holder_id: str, *, actor: str) -> Share:
    """Take a share back; ``Refusal(share_not_found)`` for another holder's, an unknown one and one that was taken back already."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        ended = work.records.revoke_share(share_id, holder_id, now)
        if ended is None:
            raise Refusal(SHARE_NOT_FOUND)
        target = f"license:{ended.identifier}"
        work.audit.record(AuditEvent(now, actor, "licenses.revoke_share", target, details={"share": share_id}))
    return ended


def _words(text: str, limit: int, field: str, what: Text) -> str:
    words = normal_form(text[: 4 * limit])
    if not 0 < len(words) <= limit or find_unwanted_character(words):
        raise Refusal(SHARE_TEXT, field=field, what_zh=what.zh, what_en=what.en, limit=limit)
    return words


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()  # 256 bits of chance: no salt is needed
