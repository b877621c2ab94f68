"""What was issued lately, parsed again and held against today's rules; a fault stops all issuing until two admins say that it may go on.

Left to others: the checks (``lint``), refusing while issuing is stopped (``issuance``), when it is done (``service.jobs``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.people import person_of, who
from pki import lint, preparing
from pki.life_errors import TWO_ADMINS_NEEDED
from pki.lint import Fault
from pki.ports import PkiDeps
from pki.records import CertificateRecord, PublicKey, Stop

REVIEWED = timedelta(days=2)
"""Each night looks back over two days, so that a night without a worker leaves no gap."""

_PAGE = 500
_CA_PROFILES = ("principal_ca", "issuing_ca")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How many certificates were looked at, and those with faults."""

    certificates: int
    faulty: Sequence[tuple[CertificateRecord, Fault]]


def review(deps: PkiDeps) -> Reviewed:
    """Look again at everything issued in the last two days; stop issuing at the first fault of each certificate, once for each."""
    now = deps.clock.now()
    issuers = _issuers(deps)
    count, faulty = 0, []
    for record in _issued(deps, now - REVIEWED, now + timedelta(seconds=1)):
        count += 1
        faults = _find_faults(deps, record, issuers)
        if not faults:
            continue
        faulty.append((record, faults[0]))
        with deps.work.begin() as work:
            if work.records.add_stop(Stop(record.serial, faults[0].code, now)):
                details = {"finding": str(faults[0]), "profile": record.profile}
                work.audit.record(AuditEvent(now, "system", "pki.stop_issuing", f"certificate:{record.serial}", details=details))
    return Reviewed(count, faulty)


def find_stop(deps: PkiDeps) -> Stop | None:
    """Return why issuing is stopped, None while it is not."""
    with deps.work.read() as work:
        return work.records.find_stop()


def resume(deps: PkiDeps, *, by: str) -> bool:
    """Agree to issue again: False for the first of two admins, True when this was the second and issuing goes on.

    ``Refusal(two_admins_needed)`` when the same admin comes twice, under whatever spelling. Nothing happens while nothing is stopped.
    """
    by, now = who(by), deps.clock.now()
    person = person_of(by)
    with deps.work.begin() as work:
        resumed = work.records.resume(person, now)
        agreed = not resumed and work.records.consent(person)
        if not (resumed or agreed):
            if work.records.find_stop() is not None:
                raise Refusal(TWO_ADMINS_NEEDED)
            return True
        action = "pki.resume_issuing" if resumed else "pki.agree_to_resume"
        work.audit.record(AuditEvent(now, by, action, f"node:{deps.node.code}"))
    return resumed and find_stop(deps) is None


def _issued(deps: PkiDeps, first: datetime, last: datetime) -> Iterator[CertificateRecord]:
    after = ""
    while True:
        with deps.work.read() as work:
            page = work.records.issued_between(first, last, after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].serial


def _issuers(deps: PkiDeps) -> dict[bytes, x509.Certificate]:
    """Return the node's CA certificates by their key identifier: after a rollover there are several."""
    found = {}
    with deps.work.read() as work:
        records = [record for profile in _CA_PROFILES for record in work.records.certificates(profile=profile)]
    for record in records:
        certificate = x509.load_der_x509_certificate(record.der)
        found[certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest] = certificate
    return found


def _find_faults(deps: PkiDeps, record: CertificateRecord, issuers: dict[bytes, x509.Certificate]) -> Sequence[Fault]:
    try:
        certificate = x509.load_der_x509_certificate(record.der)
        identifier = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier or b""
        issuer = issuers[identifier]
        certificate.verify_directly_issued_by(issuer)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with what was stored, it is a fault
        return (Fault("signature", type(error).__name__),)
    if format(certificate.serial_number, "x") != record.serial:
        return (Fault("serial", "not the one that is recorded"),)
    key: PublicKey = issuer.public_key()  # type: ignore[assignment]  # a signature was just verified with it
    itself = None if record.profile == "principal_ca" else issuer
    profile = deps.policies.profiles.get(record.profile)
    return lint.find_faults(record.der, preparing.wanted_of(deps, record.profile, profile, itself, key))
