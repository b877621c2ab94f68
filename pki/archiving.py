"""Time-stamps for the archive: a sealed file is stamped again before its newest time-stamp loses its worth (PAdES B-LTA).

It does so when the authority's certificate ends, or when an algorithm that it rests on, of a signature or of a hash, is not trusted any longer.

Left to others: the form of the revision (``archive_stamps``), the first seal (``seals``), which files are due (``licenses``), until when
algorithms are trusted (``policies``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from kernel.errors import Misuse
from pki import archive_stamps, crl, tsa
from pki.briefly_kept import kept_while
from pki.certificates import BACKDATED, algorithm_of
from pki.cms import HASHINGS, Digest
from pki.errors import AUTHORITY_MISSING
from pki.ports import PkiDeps, PkiRecords
from pki.records import CertificateRecord, PublicKey
from pki.roles import cas_in, issuers_in, parsed
from pki.tsa import TimeStampAuthority

PROFILE = "tsa"
_NAMES: Mapping[Digest, str] = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


@dataclass(frozen=True, slots=True)
class Ageing:
    """Until when algorithms are trusted (``P-256``, ``SHA-256`` …; one that is not named never), and how long before that all is done again."""

    trusted_until: Mapping[str, date]
    ahead: timedelta

    def ends(self, algorithm: str | None) -> datetime:
        """Return the moment at which an algorithm is not trusted any more."""
        until = None if algorithm is None else self.trusted_until.get(algorithm)
        return datetime.min.replace(tzinfo=UTC) if until is None else datetime.combine(until, time.min, UTC)


@dataclass(frozen=True, slots=True)
class Worn:
    """What is to be stamped again: whatever was stamped before a moment, and whatever rests on one of these hashes.

    An authority's certificate is dated back, so until then the one before it was still in use.
    """

    before: datetime | None
    digests: frozenset[Digest]

    def __bool__(self) -> bool:
        return self.before is not None or bool(self.digests)


@dataclass(frozen=True, slots=True)
class _Stamper:
    """A certificate of the node's time-stamp authority, and what it is judged by: those above it, their lists."""

    certificate: bytes
    above: tuple[bytes, ...]
    lists: tuple[bytes, ...]


def archive(deps: PkiDeps, pdf: bytes, digest: Digest = "sha256") -> bytes:
    """Return a file that was sealed here with an archive time-stamp behind it, by the authority in use now.

    What the time-stamps before it, and this one, are judged by goes into the file first, as it stands now.
    """
    authority, stampers = kept_while(deps, "archive-material", lambda: _material(deps))
    present = [one for one in stampers if one.certificate == authority.credential.record.der or one.certificate in pdf]
    certificates = dict.fromkeys(der for one in present for der in (one.certificate, *one.above))
    lists = dict.fromkeys(der for one in present for der in one.lists)
    added = archive_stamps.new_material(pdf, tuple(certificates), tuple(lists))
    return archive_stamps.extend(
        pdf, *added, lambda hashed: tsa.stamp(authority, hashed, deps.clock.now(), digest), digest=digest
    )


def digest_for(ageing: Ageing, now: datetime) -> Digest:
    """Return the hash for archive time-stamps: the first that is trusted long enough, else the one that is trusted the longest."""
    lasting = (digest for digest in HASHINGS if ageing.ends(_NAMES[digest]) - now > ageing.ahead)
    return next(lasting, max(HASHINGS, key=lambda digest: ageing.ends(_NAMES[digest])))


def find_worn(deps: PkiDeps, ageing: Ageing) -> Worn:
    """Return what is worn, or soon will be, and would be better off for being stamped again by the authority in use now."""
    now = deps.clock.now()
    with deps.work.read() as work:
        current = tsa.authority_in(deps, work.records).credential.record
        records = _issued(work.records)
    best = _ends(deps, current, ageing)
    worn = [one for one in records if (end := _ends(deps, one, ageing)) - now <= ageing.ahead and end < best]
    last = max((one.not_before for one in worn), default=None)
    before = None
    if last is not None:
        before = min((one.not_before for one in records if one.not_before > last), default=current.not_before) + BACKDATED
    digest = digest_for(ageing, now)
    ends = {one: ageing.ends(name) for one, name in _NAMES.items()}
    digests = (one for one, end in ends.items() if end - now <= ageing.ahead and end < ends[digest])
    return Worn(before, frozenset(digests))


def stamped_by_others(deps: PkiDeps) -> Worn:
    """Return all that the authority in use now has not stamped."""
    with deps.work.read() as work:
        current = tsa.authority_in(deps, work.records).credential.record
        earlier = any(one.not_before < current.not_before for one in _issued(work.records))
    return Worn(current.not_before + BACKDATED if earlier else None, frozenset())


def find_ageing(deps: PkiDeps, ageing: Ageing) -> Mapping[str, datetime]:
    """Return which algorithms new archive time-stamps rest on though they end soon: nothing that is stamped by them is better off."""
    now = deps.clock.now()
    with deps.work.read() as work:
        current = tsa.authority_in(deps, work.records).credential.record
    used = _algorithm(deps, current) or "?", _NAMES[digest_for(ageing, now)]
    return {name: end for name in used if (end := ageing.ends(name)) - now <= ageing.ahead}


def _ends(deps: PkiDeps, record: CertificateRecord, ageing: Ageing) -> datetime:
    return min(record.not_after, ageing.ends(_algorithm(deps, record)))


def _algorithm(deps: PkiDeps, record: CertificateRecord) -> str | None:
    return algorithm_of(cast("PublicKey", parsed(deps, record).public_key()))


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
