"""Rolling a CA over to a new key while everything that the old key signed stays valid.

One admin asks, two others approve; until the last yes anybody may withdraw the request. With that yes it is carried out, and any yes after a
crash takes it up again:
1. the new key is made; 2. the new CA gets its certificate, self-signed or by the principal CA; 3. a principal CA's old and new key certify
each other; 4. the new CA has a responder and a list of its own; 5. in one transaction it takes over.
Each step looks at what is there. Until 5 the old CA signs as before, while the new one is published already: the peers know it when it
starts. The old one goes on publishing lists and answering until it is over.

Left to others: the form of links (``links``), what the peers make of it (``crosscert``), renewing the agreements for the new key.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from cryptography import x509

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.people import person_of, who
from kernel.work import Work
from pki import authority, crl, issuance, links
from pki.certificates import Draft, Issuer
from pki.errors import ROLLOVER_APPROVER, ROLLOVER_UNDER_WAY, ROLLOVER_UNKNOWN
from pki.ports import PkiDeps, PkiRecords
from pki.records import CaName, CaRole, CertificateRecord, PrivateKey, RoleRecord, Rollover, ca_role
from pki.roles import Credential, ca_in, credential_in, issuer_of
from policies.certificates import get_profile


def find_open(deps: PkiDeps, role: CaRole) -> Rollover | None:
    """Return the rollover of a role that was asked for and is not done."""
    with deps.work.read() as work:
        return next((each for each in work.records.rollovers(role) if each.done_at is None), None)


def find(deps: PkiDeps, ca: CaName) -> Rollover:
    """Return the rollover to the CA ``ca``; ``Refusal(rollover_unknown)`` when nobody asked for it."""
    with deps.work.read() as work:
        for each in work.records.rollovers(ca_role(ca)):
            if each.ca == ca:
                return each
    raise Refusal(ROLLOVER_UNKNOWN, field="ca", ca=ca)


def request(deps: PkiDeps, role: CaRole, by: str) -> Rollover:
    """Ask for a new CA in a role, and return the request, or the one that is open already."""
    by = who(by)
    found = find_open(deps, role)
    if found is not None:
        return found
    now = deps.clock.now()
    with deps.work.begin() as work:
        old = credential_in(deps, work.records, role)
        generation = int(old.key_label.partition("-")[2] or 1) + 1
        asked = Rollover(f"{role}-{generation}", role, old.key_label, by, now)
        if work.records.add_rollover(asked):
            work.audit.record(_event(asked, by, now, "pki.request_rollover"))
    return find(deps, asked.ca)


def approve(deps: PkiDeps, ca: CaName, by: str) -> Rollover:
    """Approve a rollover, and carry it out when that suffices, or when it was and did not come to its end. Done, it stays done.

    ``Refusal(rollover_approver)`` when ``by`` asked for it or approved already and more people are needed.
    """
    by = who(by)
    found = find(deps, ca)
    needed = deps.policies.cross_certificates.approvers
    if found.done_at is None and len(found.approvals) < needed:
        found = _approve(deps, found, by, needed)
    if found.done_at is None and len(found.approvals) >= needed:
        _carry_out(deps, found, by)
    return find(deps, ca)


def withdraw(deps: PkiDeps, ca: CaName, by: str) -> Rollover:
    """Take a request back with the approvals that it had, and return it as it was; the audit trail keeps that it was made.

    ``Refusal(rollover_under_way)`` when enough people have approved: from then on a new CA may be there already.
    """
    by = who(by)
    found, needed, now = find(deps, ca), deps.policies.cross_certificates.approvers, deps.clock.now()
    with deps.work.begin() as work:
        given = work.records.hold_rollover(ca)
        if given is None:  # meanwhile
            raise Refusal(ROLLOVER_UNKNOWN, field="ca", ca=ca)
        if len(given) >= needed or not work.records.drop_rollover(ca):
            raise Refusal(ROLLOVER_UNDER_WAY, field="ca", ca=ca)
        work.audit.record(_event(found, by, now, "pki.withdraw_rollover"))
    return found


def _approve(deps: PkiDeps, found: Rollover, by: str, needed: int) -> Rollover:
    now = deps.clock.now()
    with deps.work.begin() as work:
        # Held while it is looked at: one person's two spellings at the same moment are one yes.
        given = work.records.hold_rollover(found.ca)
        if given is None:  # withdrawn meanwhile
            raise Refusal(ROLLOVER_UNKNOWN, field="ca", ca=found.ca)
        if len(given) >= needed:  # meanwhile
            return find(deps, found.ca)
        if person_of(by) in {person_of(each) for each in (found.requested_by, *given)}:
            raise Refusal(ROLLOVER_APPROVER, field="by", by=by)
        if work.records.approve_rollover(found.ca, by, now):
            work.audit.record(_event(found, by, now, "pki.approve_rollover"))
    return find(deps, found.ca)


def _carry_out(deps: PkiDeps, rollover: Rollover, by: str) -> None:
    issuance.settle(deps)
    # 1. The key.
    profile_name = "principal_ca" if rollover.role == "principal" else "issuing_ca"
    key = authority.get_or_create_key(deps.keys, rollover.ca, get_profile(deps.policies, profile_name).key_algorithm)
    # 2. Its certificate.
    new = _certify(deps, rollover, profile_name, key, by)
    # 3. The links.
    if rollover.role == "principal":
        with deps.work.read() as work:
            old = ca_in(deps, work.records, rollover.replaces)
        _link(deps, issuer=old, subject=new, by=by)
        _link(deps, issuer=new, subject=old, by=by)
    # 4. What answers for it.
    authority.renew_due(deps)
    crl.refresh_due(deps)
    # 5. It takes over.
    _switch(deps, rollover, new, by)


def _certify(deps: PkiDeps, rollover: Rollover, profile_name: str, key: PrivateKey, by: str) -> Credential:
    with deps.work.read() as work:
        old = ca_in(deps, work.records, rollover.replaces)
        made = any(row.key_label == rollover.ca for row in work.records.authorities())
        root = credential_in(deps, work.records, "principal")
    if not made:
        issuer = Issuer(rollover.ca, key, None) if rollover.role == "principal" else issuer_of(root)
        profile = get_profile(deps.policies, profile_name)
        draft = Draft(profile_name, profile, old.certificate.subject, key.public_key())
        _issue_once(deps, authority.order_for(deps, draft, issuer, by), rollover.ca, rollover.ca)
    with deps.work.read() as work:
        return ca_in(deps, work.records, rollover.ca)


def _link(deps: PkiDeps, *, issuer: Credential, subject: Credential, by: str) -> None:
    """Certify one key of the principal CA by another, once."""
    role = f"link:{issuer.key_label}:{subject.key_label}"
    with deps.work.read() as work:
        if work.records.find_role(role) is not None:
            return

    def build(serial: int, at: datetime) -> x509.CertificateBuilder:
        return links.build(subject.certificate, issuer_of(issuer), serial, at, deps.node)

    order = issuance.Order(links.PROFILE, subject.certificate.subject, issuer_of(issuer), build, by)
    _issue_once(deps, order, role, subject.key_label)


def _issue_once(deps: PkiDeps, order: issuance.Order, role: str, key_label: str) -> None:
    def assign(work: Work[PkiRecords], record: CertificateRecord) -> bool:
        return work.records.assign_role(RoleRecord(role, key_label, record.serial), instead_of=None)

    with suppress(issuance.OvertakenError):  # another process did it: theirs is as good
        issuance.issue(deps, order, assign)


def _switch(deps: PkiDeps, rollover: Rollover, new: Credential, by: str) -> None:
    now = deps.clock.now()
    with deps.work.begin() as work:
        if not work.records.finish_rollover(rollover.ca, now):
            return
        old = ca_in(deps, work.records, rollover.replaces)
        if old.key_label == rollover.role:  # the first CA of a role had no row of its own
            work.records.assign_role(RoleRecord(f"{rollover.role}-1", old.key_label, old.record.serial), instead_of=None)
        serving = RoleRecord(rollover.role, new.key_label, new.record.serial)
        work.records.assign_role(serving, instead_of=old.record.serial)
        work.audit.record(_event(rollover, by, now, "pki.roll_over"))


def _event(rollover: Rollover, by: str, at: datetime, kind: str) -> AuditEvent:
    return AuditEvent(at, by, kind, f"ca:{rollover.ca}", details={"replaces": rollover.replaces})
