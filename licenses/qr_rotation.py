"""Replacing the key that signs QR codes, in three steps, so that every code stays verifiable all the time.

1. A new key is made and stands in the status list from now on. It does not sign yet.
2. It signs once every status list without it is out of date: whoever verifies away from the network has it by then.
3. The old ones stay in the list, and the codes that they signed stay good, until one of them is *withdrawn*, by two people: then nothing
   that it signed counts any more, and the newest key signs at once.

Left to others: signing and verifying (``qr_keys``), the list (``status``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.people import person_of, who
from licenses.errors.qr_keys import QR_KEY_LAST, QR_KEY_PENDING, QR_KEY_TWO_NEEDED, QR_KEY_UNKNOWN
from licenses.numbering import STATUS_REVISION
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.qr_key_records import QrKey
from licenses.qr_keys import FIRST, all_keys, make_key, name_of
from licenses.status import VALID_FOR


def list_keys(deps: LicenseDeps) -> Sequence[tuple[str, QrKey]]:
    """Return every key with the name by which codes tell of it, the oldest first."""
    with deps.work.look() as work:
        return [(name_of(deps, key), key) for key in all_keys(work.records)]


def rotate(deps: LicenseDeps, *, by: str) -> QrKey:
    """Make the next key and announce it; ``Refusal`` while another one is only announced."""
    by, now = who(by), deps.clock.now()
    with deps.work.read() as work:
        known = all_keys(work.records)
    if any(key.signs_from > now and key.withdrawn_at is None for key in known):
        raise Refusal(QR_KEY_PENDING)
    # A crash from here on leaves a key that nobody knows of; the next rotation takes it up.
    key = QrKey(f"{FIRST}-{len(known) + 1}", now, now + VALID_FOR)
    make_key(deps, key)
    with deps.work.begin() as work:
        _enter_first(work.records)
        if not work.records.add_qr_key(key):
            raise Refusal(QR_KEY_PENDING)
        work.records.take_counter(STATUS_REVISION)
        details = {"key": name_of(deps, key)}
        work.audit.record(AuditEvent(now, by, "licenses.rotate_qr_key", f"node:{deps.node.code}", details=details))
    return key


def withdraw(deps: LicenseDeps, name: str, *, by: str) -> bool:
    """Ask for a key's withdrawal: False for the first of two people, True when this was the second."""
    by, now = who(by), deps.clock.now()
    with deps.work.begin() as work:
        _enter_first(work.records)
        known = [key for key in all_keys(work.records) if key.withdrawn_at is None]
        key = next((one for one in known if name_of(deps, one) == name), None)
        if key is None:
            raise Refusal(QR_KEY_UNKNOWN, field="key")
        if len(known) == 1:
            raise Refusal(QR_KEY_LAST, field="key")
        gone = work.records.withdraw_qr_key(key.label, person_of(by), now)
        if not gone and not work.records.consent_to_withdraw(key.label, person_of(by)):
            raise Refusal(QR_KEY_TWO_NEEDED)
        if gone:
            work.records.take_counter(STATUS_REVISION)
        action = "licenses.withdraw_qr_key" if gone else "licenses.agree_to_withdraw_qr_key"
        work.audit.record(AuditEvent(now, by, action, f"node:{deps.node.code}", details={"key": name}))
    return gone


def _enter_first(records: LicenseRecords) -> None:
    """Store the node's first key, of which nothing was stored as long as it was the only one."""
    epoch = datetime.fromtimestamp(0, UTC)
    records.add_qr_key(QrKey(FIRST, epoch, epoch))
