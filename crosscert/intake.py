"""Taking in revocation lists: the exact issuer's signature, not from the future, the number never falling. Archived for ever.

Left to others: fetching (``sync``), judging by them (``paths.validation``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from crosscert.errors import CRL_NOT_GENUINE
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl, find_signer
from crosscert.ports import CrosscertRecords
from crosscert.records import StoredCrl
from kernel.errors import Refusal


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
    return Taken(found, issuer)


def store_crls(records: CrosscertRecords, node_code: str, taken: Iterable[Taken], now: datetime) -> bool:
    """Archive verified lists and tell whether one of them is new; ``Refusal(crl_not_genuine)`` when a number falls.

    Two different lists under one number are as bad: one of them hides something.
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
            continue
        held = records.find_crl(key, scope)
        if held is None or held.sha256 != found.sha256:
            raise Refusal(CRL_NOT_GENUINE, problem=f"number {number} after {held.number if held else '?'}")
    return changed
