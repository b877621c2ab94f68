"""The decision behind a cross-certificate: who asked, what two people compared, what two admins approved, what became of it.

1. ``ask`` at the one node makes a signed request, ``take`` at the other takes it in. For a CA that is no node: ``take_outside``.
2. ``confirm`` on both sides: the code that the other side read out is the same.
3. ``approve``, by two admins who are not the requester, of the plan that they saw. Or ``reject``.
4. ``issue``: the intent is recorded, the CA signs, the result is recorded. ``receive`` on the other side.
5. ``renew`` with the same or narrower limits, ``supersede_due``; ``revoke``, and its ``review``.

Which step may follow which is the table in ``states``. Left to others: what the limits are (``constraints``), what would become
valid (``plan``), the signature (``pki``), fetching from the peer afterwards (``federation.sync``).
"""

from crosscert.agreements.approving import MOST_MISSES, approve, confirm, reject
from crosscert.agreements.asking import ask, take
from crosscert.agreements.issuing import issue
from crosscert.agreements.outside import OutsideRequest, take_outside
from crosscert.agreements.receiving import receive, receive_published
from crosscert.agreements.renewing import keep_levels, renew, supersede_due
from crosscert.agreements.revoking import overdue_reviews, review, review_until, revoke, standing_with
from crosscert.agreements.showing import shown_code, shown_fingerprint
from crosscert.agreements.steps import find_live, get, list_agreements, list_peers

__all__ = [
    "MOST_MISSES",
    "OutsideRequest",
    "approve",
    "ask",
    "confirm",
    "find_live",
    "get",
    "issue",
    "keep_levels",
    "list_agreements",
    "list_peers",
    "overdue_reviews",
    "receive",
    "receive_published",
    "reject",
    "renew",
    "review",
    "review_until",
    "revoke",
    "shown_code",
    "shown_fingerprint",
    "standing_with",
    "supersede_due",
    "take",
    "take_outside",
]
