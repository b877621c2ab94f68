"""Taking in revocation lists: the exact issuer's signature, not from the future, the number never falling. Archived for ever.

Left to others: fetching (``sync``), judging by them (``paths.validation``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crosscert.errors import CRL_NOT_GENUINE, CRL_TOO_MANY
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl, find_signer
from crosscert.ports import CrosscertRecords
from crosscert.records import StoredCrl
from kernel.errors import Refusal

_NUMBERS = 1 << 160
"""RFC 5280 5.2.3: no CRLNumber is longer than 20 octets."""
MOST_A_DAY = 3_000
"""How many lists of one key are archived in a day. Asked every minute, a CA that revokes all day long has half as many."""
MOST_OCTETS_A_DAY = 4 * 1024**3
"""How much that is together: a list of a million entries every quarter of an hour."""
MOST_SCOPES = 100
"""How many partitions of one key: the newest of each is read for every judgement."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A list that was verified under ``issuer``'s key."""

    crl: ParsedCrl
    issuer: ParsedCertificate


def take_crl(found: ParsedCrl, issuers: Sequence[ParsedCertificate], now: datetime) -> Taken:
    """Return the list with the one of ``issuers`` that signed it; ``Refusal(crl_not_genuine)`` when none did, or when it is odd."""
    issuer = find_signer(found, (each for each in issuers if each.subject == found.issuer))
    if issuer is None:
        raise Refusal(CRL_NOT_GENUINE, problem="not signed by the CA that it names")
    if found.this_update > now:
        raise Refusal(CRL_NOT_GENUINE, problem="thisUpdate lies in the future")
    if found.number is None:  # RFC 5280 5.2.3: conforming issuers include it
        raise Refusal(CRL_NOT_GENUINE, problem="it has no CRLNumber")
    if not 0 <= found.number < _NUMBERS:  # numbers are kept, and compared, in digits of one length
        raise Refusal(CRL_NOT_GENUINE, problem="its CRLNumber is negative or longer than 20 octets")
    return Taken(found, issuer)


def store_crls(records: CrosscertRecords, node_code: str, taken: Iterable[Taken], now: datetime) -> bool:
    """Archive verified lists and tell whether one of them is new; ``Refusal(crl_not_genuine)`` when a number falls.

    Two different lists under one number are as bad: one of them hides something. ``Refusal(crl_too_many)`` for a CA that would fill
    the archive, which is for ever.
    """
    changed = False
    for each in taken:
        found, number = each.crl, each.crl.number
        if number is None:
            raise Refusal(CRL_NOT_GENUINE, problem="it has no CRLNumber")
        key, scope = each.issuer.key.hex(), hashlib.sha256(found.scope).hexdigest()
        stored = StoredCrl(
            sha256=found.sha256,
            node_code=node_code,
            issuer_key=key,
            scope=scope,
            number=number,
            this_update=found.this_update,
            next_update=found.next_update,
            fetched_at=now,
            der=found.der,
        )
        if records.add_crl(stored):
            changed = True
            lately, octets, scopes = records.count_crls(key, since=now - timedelta(days=1))
            if lately > MOST_A_DAY or octets > MOST_OCTETS_A_DAY or scopes > MOST_SCOPES:
                raise Refusal(CRL_TOO_MANY, most=MOST_A_DAY, octets=MOST_OCTETS_A_DAY, scopes=MOST_SCOPES)
            continue
        held = records.find_crl(key, scope)
        if held is None or held.sha256 != found.sha256:
            raise Refusal(CRL_NOT_GENUINE, problem=f"number {number} after {held.number if held else '?'}")
    return changed
