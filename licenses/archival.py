"""Documents for the archive (PAdES B-LTA): stamped again before their newest time-stamp loses its worth, by one rule for all of them.

Archive time-stamps stand behind the sealed document and outside of it: what the registry, the log and the holder know a licence by is
the document below them. Whoever judges takes them off first, each only when it is of our form and holds; anything else stays on, and is
a change after sealing. Left to others: the form and the material (``pki.archiving``), which types are sealed so (``policies``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from asn1crypto import cms

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import ChaoxinError
from licenses.archive import DOCUMENT_CONTEXT
from licenses.archive_records import Stamped
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from licenses.signatures import Fault, TimeStamp, verify_time_stamp
from pki import archive_stamps, archiving
from pki.archiving import Ageing, Worn
from pki.cms import Digest
from policies.licenses import find_type

_RUN = 100
_SEALED_OVER: Digest = "sha256"
"""What the time-stamp of a seal itself is over."""

_log = structlog.get_logger()


def as_kept(deps: LicenseDeps, record: LicenseRecord, sealed: bytes) -> tuple[bytes, Digest]:
    """Return a sealed document as it is handed out and kept, and the hash that its newest time-stamp is over.

    With an archive time-stamp where the licence's type wants one, over a hash that lasts: it is not due as soon as it was made.
    """
    kind = find_type(deps.policies.licenses, record.type_code, record.type_version)
    if kind is None or kind.seal_form != "B-LTA":
        return sealed, _SEALED_OVER
    digest = archiving.digest_for(ageing_of(deps), deps.clock.now())
    return archiving.archive(deps.pki, sealed, digest), digest


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


@dataclass(frozen=True, slots=True)
class Renewed:
    """What came of a run: how many documents were stamped again, and the identifiers of those that could not be."""

    done: int
    failed: Sequence[str]


def ageing_of(deps: LicenseDeps) -> Ageing:
    """Return until when policies trust algorithms, and how long before an end documents are stamped again."""
    rules = deps.policies.licenses.archive
    return Ageing(dict(rules.trusted_until.items()), timedelta(days=rules.renew_days))


def find_due(deps: LicenseDeps, *, every: bool = False) -> Worn:
    """Return which documents are due: what they rest on ends soon; ``every``: all but those of the authority in use."""
    return archiving.stamped_by_others(deps.pki) if every else archiving.find_worn(deps.pki, ageing_of(deps))


def count_due(deps: LicenseDeps, worn: Worn) -> int:
    """Return how many documents that are."""
    if not worn:
        return 0
    with deps.work.read() as work:
        return work.records.count_worn(worn)


def renew_due(
    deps: LicenseDeps, worn: Worn, *, actor: str, limit: int | None = None, progress: Callable[[int], None] = lambda _done: None
) -> Renewed:
    """Stamp again what is due, ``limit`` documents at most, the longest stamped first. Interrupted, it is simply repeated.

    What cannot be stamped is passed over and told: one damaged document must not keep the others from lasting.
    """
    digest = archiving.digest_for(ageing_of(deps), deps.clock.now())
    done, failed, last = 0, [], None
    while worn and done != limit:
        with deps.work.read() as work:
            due = work.records.worn_documents(worn, after=last, limit=_RUN if limit is None else min(_RUN, limit - done))
        if not due:
            break
        for stamped, stored in due:
            try:
                done += _renew(deps, stamped, stored, digest, actor)
            except ChaoxinError as error:
                failed.append(stamped.identifier)
                _log.error("archive_stamp_failed", identifier=stamped.identifier, code=error.code)
            progress(1)
        last = due[-1][0]
    return Renewed(done, failed)


def _renew(deps: LicenseDeps, stamped: Stamped, stored: bytes, digest: Digest, actor: str) -> bool:
    renewed = archiving.archive(deps.pki, deps.vault.decrypt_bytes(stored, DOCUMENT_CONTEXT), digest)
    encrypted, now = deps.vault.encrypt_bytes(renewed, DOCUMENT_CONTEXT), deps.clock.now()
    details: dict[str, Json] = {"bytes": len(renewed), "digest": digest}
    with deps.work.begin() as work:
        if not work.records.renew_document(stamped, encrypted, digest, now):
            return False
        target = f"license:{stamped.identifier}"
        work.audit.record(AuditEvent(now, actor, "licenses.renew_time_stamp", target, details=details))
    return True
