"""The status of licences: changing it, and publishing all of them as one small signed list (IETF Token Status List, 4 bits each).

A slot that nobody has taken is 0, as one of a valid licence: the list tells what happened to licences, not which there are.
Left to others: what a status means for a verdict (``verify``), which changes are allowed and who decides them (``life``), giving
slots (``numbering``), serving the list (``views``), peers' lists (``crosscert``).
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.clock import timestamp
from kernel.errors import Refusal
from kernel.work import Work
from licenses import log, qr_keys
from licenses.data import STATUS_PATH
from licenses.errors import LICENSE_NOT_FOUND, STATUS_LIST_INVALID, STATUS_OVERTAKEN
from licenses.numbering import STATUS_REVISION, count_status_slots
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.registry_records import LicenseRecord, StatusCode
from licenses.shelf_records import Published
from licenses.verdict import BEIJING
from pki import jose
from pki.roles import get_chain, get_credential
from pki.strict_json import encode_base64url

TOKEN_TYPE = "statuslist+jwt"  # noqa: S105 - a media type
BITS = 4

VALUES: Mapping[StatusCode, int] = {"01": 0x0, "02": 0x2, "03": 0x1, "04": 0xC, "05": 0x3, "06": 0xD, "07": 0xE, "99": 0xF}
"""The value of a slot. Three are the standard's own (Token Status List 7.1: VALID 0, INVALID 1, SUSPENDED 2), five of those that it
leaves to the application; a verifier that knows only the standard takes none of them for valid."""

CODES: Mapping[int, StatusCode] = {value: code for code, value in VALUES.items()}

_WHAT = "status_list"
VALID_FOR = timedelta(days=1)
"""How long a list is good without another one."""

_SIGNED_AGAIN_AFTER = timedelta(minutes=15)
CACHED = timedelta(minutes=5)
"""How long a copy may be used without asking again: so much later than here a change is known where it is cached."""

_MAX_LIST_BYTES = 8 * 1024 * 1024
_SLOT = (1 << BITS) - 1
_PER_BYTE = 8 // BITS


@dataclass(frozen=True, slots=True)
class StatusList:
    """The slots of a status list."""

    slots: bytes

    def find_code(self, index: int) -> StatusCode | None:
        """Return the status at ``index``; None for one beyond the end or of no known meaning."""
        if not 0 <= index < len(self.slots) * _PER_BYTE:
            return None
        return CODES.get(self.slots[index // _PER_BYTE] >> (index % _PER_BYTE * BITS) & _SLOT)


def pack(statuses: Iterable[tuple[int, StatusCode]], size: int) -> StatusList:
    """Return a list of ``size`` slots in which each index has its status (the lowest index in the lowest bits)."""
    slots = bytearray(-(-size // _PER_BYTE))
    for index, code in statuses:
        slots[index // _PER_BYTE] |= VALUES[code] << (index % _PER_BYTE * BITS)
    return StatusList(bytes(slots))


def current(deps: LicenseDeps) -> Published:
    """Return the signed status list; signed anew when a status changed since, or when it is getting old."""
    now = deps.clock.now()
    with deps.work.read() as work:
        revision = work.records.counter(STATUS_REVISION)
        found = work.records.find_published(_WHAT)
        if found is not None and found.revision >= revision and now - found.made_at < _SIGNED_AGAIN_AFTER:
            return found
        statuses = pack(work.records.statuses(), count_status_slots(work.records))
    fresh = Published(_sign(deps, statuses, now), revision, now)
    with deps.work.begin() as work:
        work.records.put_published(_WHAT, fresh)
    return fresh


def parse(claims: Mapping[str, Any]) -> StatusList:
    """Return the list in the claims of a token whose signature has been verified; ``Refusal`` when it is malformed or too large."""
    inside = claims.get("status_list")
    if not isinstance(inside, Mapping) or inside.get("bits") != BITS or not isinstance(inside.get("lst"), str):
        raise Refusal(STATUS_LIST_INVALID, problem="form")
    return _unpacked(inside["lst"])


@lru_cache(maxsize=4)
def _unpacked(text: str) -> StatusList:
    """Return the list in its packed form; the few that are in use are asked for again and again."""
    try:
        packed = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        inflate = zlib.decompressobj()
        slots = inflate.decompress(packed, _MAX_LIST_BYTES)
    except (ValueError, zlib.error):
        raise Refusal(STATUS_LIST_INVALID, problem="encoding") from None
    if not inflate.eof or inflate.unconsumed_tail or inflate.unused_data:
        raise Refusal(STATUS_LIST_INVALID, problem="size")
    return StatusList(slots)


def enter(records: LicenseRecords, record: LicenseRecord, code: StatusCode, *, at: datetime, reason: str) -> int:
    """Give the licence of ``record`` another status within the caller's transaction and return the log's leaf that says so.

    Slot, leaf and the list's revision move together. ``Refusal(status_overtaken)`` when its status is not that of ``record`` any
    more, ``Refusal(license_not_found)`` for one that is not issued. The audit event is the caller's.
    """
    if record.pdf_sha256 is None:
        raise Refusal(LICENSE_NOT_FOUND, field="identifier")
    if not records.set_status(record.identifier, before=record.status, after=code, at=at, reason=reason):
        raise Refusal(STATUS_OVERTAKEN, field="status")
    records.take_counter(STATUS_REVISION)
    return log.append(records, [log.Leaf("status", record.issuer_uscc, record.pdf_sha256, code, at).to_bytes()])


def shown_status(record: LicenseRecord, at: datetime) -> StatusCode:
    """Return the status that pages show, as a verdict does: 05 once a valid licence's last day is over."""
    is_over = record.valid_to is not None and at.astimezone(BEIJING).date() > record.valid_to
    return "05" if record.status == "01" and is_over else record.status


def change(deps: LicenseDeps, identifier: str, code: StatusCode, *, reason: str, actor: str) -> LicenseRecord:
    """Give an issued licence another status, logged and audited; ``Refusal`` when there is none or somebody was quicker."""
    with deps.work.begin() as work:
        record = work.records.find_license(identifier)
        if record is None:
            raise Refusal(LICENSE_NOT_FOUND, field="identifier")
        return change_in(work, record, code, at=deps.clock.now(), reason=reason, actor=actor)


def change_in(
    work: Work[LicenseRecords], record: LicenseRecord, code: StatusCode, *, at: datetime, reason: str, actor: str
) -> LicenseRecord:
    """Do the same in the caller's transaction, for a licence as the caller saw it."""
    index = enter(work.records, record, code, at=at, reason=reason)
    details: dict[str, Json] = {"before": record.status, "after": code, "reason": reason, "log_index": index}
    work.audit.record(AuditEvent(at, actor, "licenses.status", f"license:{record.identifier}", "ok", details))
    return replace(record, status=code, status_at=at, status_reason=reason)


def _sign(deps: LicenseDeps, statuses: StatusList, now: datetime) -> str:
    packed = encode_base64url(zlib.compress(statuses.slots, 9))
    claims = {
        "iss": deps.node.url,
        "sub": deps.node.url + STATUS_PATH,
        "iat": timestamp(now),
        "exp": timestamp(now + VALID_FOR),
        "ttl": int(CACHED.total_seconds()),
        "status_list": {"bits": BITS, "lst": packed},
        qr_keys.CLAIM: qr_keys.stated(deps),
    }
    signer = get_credential(deps.pki, "node_signer")
    key = jose.signing_key(signer.key)
    return jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=TOKEN_TYPE, x5c=get_chain(deps.pki, signer))
