"""Documents for the archive (PAdES B-LTA): stamped again before their newest time-stamp loses its worth, by one rule for all of them.

Archive time-stamps stand behind the sealed document and outside of it: what the registry, the log and the holder know a licence by is
the document below them. Whoever judges takes them off first, each only when it is of our form and holds; anything else stays on, and is
a change after sealing. Left to others: the form and the material (``pki.archiving``), which types are sealed so (``policies``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from asn1crypto import cms

from kernel.audit import AuditEvent
from licenses.archive import DOCUMENT_CONTEXT
from licenses.ports import LicenseDeps, LicenseRecord
from licenses.signatures import Fault, TimeStamp, verify_time_stamp
from pki import archive_stamps, archiving
from policies.licenses import find_type

_RUN = 100


def as_kept(deps: LicenseDeps, record: LicenseRecord, sealed: bytes) -> bytes:
    """Return a sealed document as it is handed out and kept: with an archive time-stamp where the licence's type wants one."""
    kind = find_type(deps.policies.licenses, record.type_code, record.type_version)
    return archiving.archive(deps.pki, sealed) if kind is not None and kind.seal_form == "B-LTA" else sealed


def below(pdf: bytes) -> tuple[bytes, TimeStamp | None]:
    """Return the document below the archive time-stamps of ``pdf``, all of which hold, and the newest of them.

    ``pdf`` itself and None where there is none, or one does not hold. Whose they are is not asked.
    """
    document, stamps = archive_stamps.peel(pdf)
    try:
        found = [verify_time_stamp(cms.ContentInfo.load(one.token, strict=True), one.stamped(pdf)) for one in stamps]
    except (Fault, ValueError, TypeError, KeyError):
        return pdf, None
    except Exception:  # noqa: BLE001 - ASN.1 is read lazily, so a hostile token fails anywhere, in any way
        return pdf, None
    return document, next(iter(found), None)


def count_due(deps: LicenseDeps, *, every: bool = False) -> int:
    """Return how many documents are due: their newest time-stamp's certificate ends soon; ``every``: all but those of this authority."""
    before = archiving.stamped_before_is_due(deps.pki, _ahead(deps, every=every))
    if before is None:
        return 0
    with deps.work.read() as work:
        return work.records.count_stamped_before(before)


def renew_due(deps: LicenseDeps, *, actor: str, every: bool = False, progress: Callable[[int], None] = lambda _done: None) -> int:
    """Stamp again what is due and return how many that were. Interrupted, it is simply repeated."""
    before = archiving.stamped_before_is_due(deps.pki, _ahead(deps, every=every))
    done = 0
    while before is not None:
        with deps.work.read() as work:
            due = work.records.documents_stamped_before(before, limit=_RUN)
        if not due:
            break
        for identifier, stored in due:
            now = deps.clock.now()
            renewed = archiving.archive(deps.pki, deps.vault.decrypt_bytes(stored, DOCUMENT_CONTEXT))
            with deps.work.begin() as work:
                if work.records.renew_document(
                    identifier, deps.vault.encrypt_bytes(renewed, DOCUMENT_CONTEXT), now, before=before
                ):
                    event = AuditEvent(
                        now, actor, "licenses.renew_time_stamp", f"license:{identifier}", details={"bytes": len(renewed)}
                    )
                    work.audit.record(event)
                    done += 1
            progress(1)
    return done


def _ahead(deps: LicenseDeps, *, every: bool) -> timedelta:
    return timedelta.max if every else timedelta(days=deps.policies.licenses.archive.renew_days)
