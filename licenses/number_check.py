"""What becomes of a licence of this node, asked for by the number and the check code that stand on it.

1. The look-up is counted by network address and by number, whether there is such a licence or not. 2. The code must be that of the licence, or
of an older version under its number. An unknown number and a wrong code are one answer, which names the node to ask where the number alone
tells of another: nobody is asked from here. 3. The status by registry, and the dates.

It shows what the QR code shows: whoever asks has the paper, and compares. Left to others: the code (``codes``), words (``qr_check``).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from datetime import datetime

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.limiter import Limiter
from licenses.codes import code_of
from licenses.errors import NUMBER_ELSEWHERE, NUMBER_UNKNOWN
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.qr_check import QrVerdict, tell_registered
from licenses.registry_records import LicenseRecord
from licenses.verification import take_turn

_NUMBER = re.compile(r"[0-9A-Z]{1,64}")
_AREAS = (slice(6), slice(2, 8))
"""Where numbers have an area code (GB/T 2260): those that nodes give begin with it, a unified social credit code has it third."""

_MOST_VERSIONS = 50


def check_number(
    deps: LicenseDeps, number: str, code: str, *, actor: str, address: str, limiter: Limiter, at: datetime | None = None
) -> QrVerdict:
    """Return what this node says of the licence, audited.

    ``Refusal``: ``number_unknown``, ``license_number_elsewhere`` or, too often, ``too_many_verifications``.
    """
    moment = at or deps.clock.now()
    wanted = "".join(number.split()).upper()
    wanted = wanted if _NUMBER.fullmatch(wanted) else ""
    # 1.
    take_turn(deps, limiter, address)
    take_turn(deps, limiter, f"number:{wanted}")
    # 2.
    with deps.work.read() as work:
        found = _find(deps, work.records, wanted, code)
    if found is None:
        raise _unknown(deps, wanted)
    # 3.
    verdict = tell_registered(deps, found, moment)
    details = {"kind": verdict.kind, "status": verdict.status}
    event = AuditEvent(deps.clock.now(), actor, "licenses.verify_number", f"license:{found.identifier}", "ok", details)
    with deps.work.note() as work:
        work.audit.record(event)
    return verdict


def _unknown(deps: LicenseDeps, number: str) -> Refusal:
    """Return the answer to everybody who has not got the paper, whatever is in the registry."""
    for place in _AREAS:
        area = number[place]
        node = deps.trust.find_node(area) or deps.trust.find_node(f"{area[:4]}00")
        if node is not None and node.code != deps.node.code:
            return Refusal(NUMBER_ELSEWHERE, field="code", node=node.name, area=area, url=f"{node.url}/verify")
        if node is not None:
            break
    return Refusal(NUMBER_UNKNOWN, field="code")


def _find(deps: LicenseDeps, records: LicenseRecords, number: str, code: str) -> LicenseRecord | None:
    given = "".join(code.split()).upper().replace("-", "").encode()
    latest = records.find_number(number)
    # Without a licence a code is made and compared all the same.
    expected = code_of(deps.vault, number if latest is None else latest.identifier)
    if hmac.compare_digest(expected.replace("-", "").encode(), given):
        return latest if latest is not None and latest.state == "issued" else None
    for older in _older(records, latest):
        if hmac.compare_digest(code_of(deps.vault, older.identifier).replace("-", "").encode(), given):
            return older
    return None


def _older(records: LicenseRecords, latest: LicenseRecord | None) -> Iterator[LicenseRecord]:
    found = latest
    for _ in range(_MOST_VERSIONS):
        found = None if found is None or found.replaces is None else records.find_license(found.replaces)
        if found is None:
            return
        if found.state == "issued":
            yield found
