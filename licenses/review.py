"""What was issued lately, read again and held against today's rules; a fault stops all issuing until two people say that it may go on.

Left to others: the checks (``lint``), refusing while issuing is stopped (``issue``, ``life.acts``), when it is done (``service.jobs``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from kernel.audit import AuditEvent
from kernel.errors import Misuse, Refusal
from kernel.people import person_of, who
from licenses import archive, lint, log, own_form
from licenses.act_records import LicenseStop
from licenses.errors.life import TWO_NEEDED
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from pki import archive_stamps
from pki.lint import Fault

REVIEWED = timedelta(days=2)
"""Each night looks back over two days, so that a night without a worker leaves no gap."""

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How many licences were looked at, and those with faults."""

    licenses: int
    faulty: Sequence[tuple[LicenseRecord, Fault]]


def review(deps: LicenseDeps) -> Reviewed:
    """Look again at everything sealed in the last two days; stop issuing at the first fault of each licence, once for each."""
    now, count, faulty = deps.clock.now(), 0, []
    for record in _issued(deps):
        count += 1
        fault = next(_find_faults(deps, record), None)
        if fault is None:
            continue
        faulty.append((record, fault))
        with deps.work.begin() as work:
            if work.records.add_stop(LicenseStop(record.identifier, fault.code, now)):
                details = {"finding": str(fault), "type": record.type_code}
                target = f"license:{record.identifier}"
                work.audit.record(AuditEvent(now, "system", "licenses.stop_issuing", target, details=details))
    return Reviewed(count, faulty)


def resume(deps: LicenseDeps, *, by: str) -> bool:
    """Agree to issue again: False for the first of two people, True when this was the second, or nothing is stopped."""
    by, now = who(by), deps.clock.now()
    person = person_of(by)
    with deps.work.begin() as work:
        resumed = work.records.lift_stops(person, now)
        agreed = not resumed and work.records.consent_to_lift(person)
        if not (resumed or agreed):
            if work.records.find_stop() is not None:
                raise Refusal(TWO_NEEDED)
            return True
        action = "licenses.resume_issuing" if resumed else "licenses.agree_to_resume"
        work.audit.record(AuditEvent(now, by, action, f"node:{deps.node.code}"))
        return resumed and work.records.find_stop() is None


def _issued(deps: LicenseDeps) -> Iterator[LicenseRecord]:
    since, after = deps.clock.now() - REVIEWED, 0
    while True:
        with deps.work.read() as work:
            page = work.records.issued_since(since, after=after, limit=_PAGE)
        yield from (record for _key, record in page)
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _find_faults(deps: LicenseDeps, record: LicenseRecord) -> Iterator[Fault]:
    try:
        pdf = archive_stamps.peel(archive.get_document(deps, record))[0]
    except (Misuse, Refusal) as error:
        yield Fault("document", error.code)
        return
    # A type that was taken away since ends what is issued of it, and nothing else: what was stays genuine.
    yield from (fault for fault in lint.find_faults(deps, record, pdf) if fault.code != lint.TYPE)
    yield from _seal_faults(deps, record, pdf)
    with deps.work.read() as work:
        leaf = None if record.log_index is None else work.records.find_log_leaf(record.log_index)
    try:
        said = None if leaf is None else log.parse_leaf(leaf)
    except Refusal:
        said = None
    if said is None or (said.event, said.pdf_sha256) != ("issued", record.pdf_sha256):
        yield Fault("log", "it does not tell of this document")


def _seal_faults(deps: LicenseDeps, record: LicenseRecord, pdf: bytes) -> Iterator[Fault]:
    """Yield what is wrong with who sealed it: a certificate of ours, and the issuer's."""
    reading = own_form.find_reading(pdf, hashlib.sha256(pdf).hexdigest())
    signer = None if reading is None or reading.seal is None else reading.seal.signer
    certificate = x509.load_der_x509_certificate(signer) if signer else None
    with deps.pki.work.read() as work:
        known = None if certificate is None else work.records.find_certificate(format(certificate.serial_number, "x"))
    if certificate is None or known is None or known.der != signer:
        yield Fault("seal", "by no certificate of this node")
        return
    units = [one.value for one in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    if units != [record.issuer_name]:
        yield Fault("seal", "another department's")
