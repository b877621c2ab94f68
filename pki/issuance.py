"""How a certificate comes into being: looked at before it is signed, intent recorded, signed, recorded (design: trust, 6).

A crash between the steps leaves a visible intent. :func:`settle` voids it later and lists its serial as revoked: whether the
signature was made is not known, so it must not be worth anything.

Left to others: what is signed (``certificates``, ``cross_certificates``) and for whom (``authority``, ``seals``), what a fault is
(``lint``), stopping everything (``review``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from kernel.audit import AuditEvent, Outcome
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import serial_number
from kernel.work import Work
from pki import lint, preparing
from pki.certificates import Issuer
from pki.errors import ISSUANCE_VOIDED
from pki.life_errors import ISSUANCE_STOPPED, LINT_FAULT
from pki.ports import PkiDeps, PkiRecords
from pki.preparing import Prepared
from pki.records import CertificateRecord, Intent
from policies.models import Profile

ABANDONED_AFTER = timedelta(minutes=10)
"""No signature takes longer than this: an older intent belongs to a process that is gone."""

Build = Callable[[int, datetime], x509.CertificateBuilder]
"""Makes the certificate for a serial and a moment."""

Then = Callable[[Work[PkiRecords], CertificateRecord], bool]
"""What must be stored together with the certificate; False when somebody else stored theirs first."""


class OvertakenError(Exception):
    """Somebody else stored theirs first; nothing of ours was."""


@dataclass(frozen=True, slots=True)
class Order:
    """A certificate that is wanted: by whom, of which profile, for whom, and how it is built.

    ``profile`` is what it is held against; None for a CA certificate that follows none of the policies' profiles.
    """

    profile_name: str
    subject: x509.Name
    issuer: Issuer
    build: Build
    actor: str
    profile: Profile | None = None


def issue(deps: PkiDeps, order: Order, then: Then | None = None) -> CertificateRecord:
    """Issue the certificate that ``order`` describes: a batch of one."""
    return issue_many(deps, (order,), then)[0]


def issue_many(deps: PkiDeps, orders: Sequence[Order], then: Then | None = None) -> Sequence[CertificateRecord]:
    """Issue what ``orders`` describe, all of it or nothing, with one intent and one result transaction.

    ``Refusal(lint_fault)`` when one of them has a fault, ``Refusal(issuance_stopped)`` while the review has found one, and
    ``OvertakenError`` when ``then`` finds that somebody was first; the intents are voided by :func:`settle`.
    """
    at = deps.clock.now()
    # 1. Built, signed with a throwaway key and looked at as an outsider would: what has a fault is never signed.
    prepare = preparing.Preparer(deps)
    prepared = [_prepare(deps, prepare, order, at) for order in orders]
    intents = [
        Intent(
            format(one.serial, "x"),
            order.subject.rfc4514_string(),
            order.profile_name,
            order.issuer.ca,
            at,
            order.issuer.partition,
        )
        for order, one in zip(orders, prepared, strict=True)
    ]
    # 2. The intent: before the signature, and on disk before it.
    with deps.work.begin() as work:
        stop = work.records.find_stop()
        if stop is not None:
            raise Refusal(ISSUANCE_STOPPED, serial=stop.serial, finding=stop.finding)
        work.records.add_intents(intents)
        work.audit.record_all([_event(one, at, order.actor, "intent") for one, order in zip(intents, orders, strict=True)])
    # 3. The signature, over exactly the bytes that were looked at.
    records = [preparing.sign(one, intent, order.issuer) for one, intent, order in zip(prepared, intents, orders, strict=True)]
    # 4. The result, together with what depends on it.
    with deps.work.begin() as work:
        if not work.records.finish_intents(records):
            raise Refusal(ISSUANCE_VOIDED)
        if then is not None and not all(then(work, record) for record in records):
            raise OvertakenError
        done = deps.clock.now()
        work.audit.record_all(
            [
                _event(intent, done, order.actor, "ok", sha256=record.sha256)
                for intent, order, record in zip(intents, orders, records, strict=True)
            ]
        )
    return records


def _prepare(deps: PkiDeps, prepare: preparing.Preparer, order: Order, at: datetime) -> Prepared:
    builder = order.build(number := serial_number(), at)
    prepared = prepare(builder, number, order.profile_name, order.profile, order.issuer)
    faults = lint.find_faults(prepared.looked_at, prepare.wanted(order.profile_name, order.profile, order.issuer))
    if faults:
        intent = Intent(
            format(number, "x"), order.subject.rfc4514_string(), order.profile_name, order.issuer.ca, at, order.issuer.partition
        )
        with deps.work.begin() as work:
            work.audit.record(_event(intent, at, order.actor, "refused", faults=[str(fault) for fault in faults]))
        raise Refusal(LINT_FAULT, finding=faults[0].code, problem=faults[0].detail)
    return prepared


def settle(deps: PkiDeps) -> Sequence[Intent]:
    """Void the intents that were abandoned; their serials go on the next revocation list."""
    at = deps.clock.now()
    with deps.work.begin() as work:
        voided = work.records.void_intents(before=at - ABANDONED_AFTER, at=at)
        for intent in voided:
            work.audit.record(_event(intent, at, "system", "failed"))
    return voided


def _event(intent: Intent, at: datetime, actor: str, outcome: Outcome, **more: Json) -> AuditEvent:
    details = {"profile": intent.profile, "ca": intent.ca, **more}
    return AuditEvent(at, actor, "pki.issue", f"certificate:{intent.serial}", outcome, details)
