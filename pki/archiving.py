"""Time-stamps for the archive: a sealed file is stamped again before the certificate of its newest time-stamp ends (PAdES B-LTA).

Left to others: the form of the revision (``archive_stamps``), the first seal (``seals``), which files are due (``licenses``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.errors import Misuse
from pki import archive_stamps, crl, tsa
from pki.briefly_kept import kept_while
from pki.errors import AUTHORITY_MISSING
from pki.ports import PkiDeps, PkiRecords
from pki.records import CertificateRecord
from pki.roles import cas_in, issuers_in
from pki.tsa import TimeStampAuthority

PROFILE = "tsa"


@dataclass(frozen=True, slots=True)
class _Stamper:
    """A certificate of the node's time-stamp authority, and what it is judged by: those above it, their lists."""

    certificate: bytes
    above: tuple[bytes, ...]
    lists: tuple[bytes, ...]


def archive(deps: PkiDeps, pdf: bytes) -> bytes:
    """Return a file that was sealed here with an archive time-stamp behind it, by the authority in use now.

    What the time-stamps before it, and this one, are judged by goes into the file first, as it stands now.
    """
    authority, stampers = kept_while(deps, "archive-material", lambda: _material(deps))
    present = [one for one in stampers if one.certificate == authority.credential.record.der or one.certificate in pdf]
    certificates = dict.fromkeys(der for one in present for der in (one.certificate, *one.above))
    lists = dict.fromkeys(der for one in present for der in one.lists)
    added = archive_stamps.new_material(pdf, tuple(certificates), tuple(lists))
    return archive_stamps.extend(pdf, *added, lambda digest: tsa.stamp(authority, digest, deps.clock.now()))


def stamped_before_is_due(deps: PkiDeps, ahead: timedelta) -> datetime | None:
    """Return the moment before which whatever was stamped is due: its authority's certificate ends within ``ahead``; None: nothing is.

    Never later than the authority in use now began: another stamp by the same certificate would prove nothing more.
    """
    now = deps.clock.now()
    with deps.work.read() as work:
        current = tsa.authority_in(deps, work.records).credential.record
        records = _issued(work.records)
    lasting = [one.not_before for one in records if one.not_after - now > ahead]
    moment = min([*lasting, current.not_before])
    return moment if any(one.not_before < moment for one in records) else None


def _issued(records: PkiRecords) -> Sequence[CertificateRecord]:
    return records.certificates(profile=PROFILE)


def _material(deps: PkiDeps) -> tuple[TimeStampAuthority, tuple[_Stamper, ...]]:
    found = _read(deps)
    if found is None:
        crl.refresh_due(deps)
        found = _read(deps)
    if found is None:
        raise Misuse(AUTHORITY_MISSING, role="crl")
    return found


def _read(deps: PkiDeps) -> tuple[TimeStampAuthority, tuple[_Stamper, ...]] | None:
    now = deps.clock.now()
    stampers = []
    with deps.work.read() as work:
        records = work.records
        roots = [(ca.key_label, 0) for ca in cas_in(deps, records) if ca.key_label.startswith("principal")]
        for one in _issued(records):
            lists = [records.find_crl(ca, partition=partition) for ca, partition in (*roots, (one.ca, one.partition))]
            if any(each is None or each.next_update <= now for each in lists):
                return None
            above = tuple(each.der for each in issuers_in(deps, records, one))
            stampers.append(_Stamper(one.der, above, tuple(each.der for each in lists if each)))
        return tsa.authority_in(deps, records), tuple(stampers)
