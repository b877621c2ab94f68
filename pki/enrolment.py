"""Enrolling and renewing without an admin at the keyboard: by an invitation that serves once, or by the certificate to be renewed.

Enrolling (numbers in comments):

1. The request is read and the possession of its key proven, whoever sends it.
2. The invitation, by name and secret; wrong, used and over are one answer.
3. The request may leave out what the invitation says, and contradict nothing of it.
4. The certificate is issued. In the same transaction as its record, one conditional statement uses the invitation.

Renewing: the certificate shown is one that this node issued, octet by octet, in force and in its last days; the request repeats its names,
with the same key or another.

Left to others: the wire (``est``), who proves to hold the certificate shown (TLS), asking at the command line (``service.cli``).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509

from kernel.audit import AuditEvent
from kernel.clock import rfc3339
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.work import Work
from pki import authority
from pki.issuance import OvertakenError
from pki.life_errors import HOLDER_UNPROVEN, INVITATION_UNSUITABLE, REQUEST_UNSUITABLE
from pki.ports import PkiDeps, PkiRecords
from pki.records import CertificateRecord, Invitation, Names
from pki.renewal import check_same_names, same_again
from pki.requests import VerifiedRequest, check_wish, judge, verify_request
from pki.roles import is_ca_revoked
from policies.certificates import get_profile

MAX_CERTIFICATE_BYTES = 8192


def invite(
    deps: PkiDeps,
    profile_name: str,
    subject: Names,
    *,
    dns_names: tuple[str, ...] = (),
    emails: tuple[str, ...] = (),
    expires_at: datetime,
    actor: str,
) -> tuple[str, str]:
    """Invite somebody to enrol once as ``subject``; return the invitation's name and its secret, of which only a hash is kept.

    ``Refusal`` for a profile that is not given by invitation, and for names that it does not have.
    """
    check_wish(deps, profile_name, "invitation", subject, dns_names=dns_names, emails=emails)
    name, secret, now = token(12), token(), deps.clock.now()
    made = Invitation(name, hash_of(secret), profile_name, subject, dns_names, emails, expires_at, actor, now)
    with deps.work.begin() as work:
        work.records.add_invitation(made)
        details = {"profile": profile_name, "expires_at": rfc3339(expires_at)}
        work.audit.record(AuditEvent(now, actor, "pki.invite", f"invitation:{name}", details=details))
    return name, secret


def enrol(deps: PkiDeps, name: str, secret: str, content: bytes) -> CertificateRecord:
    """Issue to whoever holds an invitation what it says, for the key in the request."""
    # 1.
    request = verify_request(content)
    # 2.
    if not name.isprintable():  # not every database takes it
        raise Refusal(INVITATION_UNSUITABLE)
    with deps.work.read() as work:
        invitation = work.records.find_invitation(name, hash_of(secret), now=deps.clock.now())
    if invitation is None:
        raise Refusal(INVITATION_UNSUITABLE)
    # 3.
    wanted = judge(deps, _as_invited(request, invitation), invitation.profile, "invitation")

    # 4.
    def use(work: Work[PkiRecords], record: CertificateRecord) -> bool:
        return work.records.use_invitation(name, record.serial, at=deps.clock.now())

    try:
        return authority.issue_many(deps, [wanted], actor=f"invitation:{name}", then=use)[0]
    except OvertakenError:
        raise Refusal(INVITATION_UNSUITABLE) from None


def renew(deps: PkiDeps, shown: bytes, content: bytes) -> CertificateRecord:
    """Issue the successor of the certificate ``shown``, which its holder has proven to hold; the same again for the same key.

    ``Refusal(holder_unproven)`` for a certificate that is not this node's, not in force or not yet in its last days.
    """
    request = verify_request(content)
    old = find_shown(deps, shown)
    profile = get_profile(deps.policies, old.profile)
    if deps.clock.now() < old.not_after - timedelta(days=profile.renewal_days):
        raise _unproven(problem=f"it can be renewed from {profile.renewal_days} days before its end")
    check_same_names(request, same_again(old))
    wanted = judge(deps, request, old.profile, "holder")
    for successor in _successors(deps, old):
        if same_again(successor).public_key == request.public_key:
            return successor  # the answer to the first try was lost

    def is_good(work: Work[PkiRecords], _: CertificateRecord) -> bool:
        status = work.records.find_status(old.ca, old.serial)
        return status is not None and status.revoked_at is None

    try:
        return authority.issue_many(deps, [wanted], actor=f"certificate:{old.serial}", then=is_good)[0]
    except OvertakenError:  # by its revocation
        raise _unproven(problem="it is revoked") from None


def find_shown(deps: PkiDeps, shown: bytes) -> CertificateRecord:
    """Return the record of a certificate that somebody shows; ``Refusal(holder_unproven)`` unless it is ours and in force."""
    try:
        serial = format(x509.load_der_x509_certificate(shown[:MAX_CERTIFICATE_BYTES]).serial_number, "x")
    except (ValueError, x509.InvalidVersion):
        raise _unproven(problem="it cannot be read") from None
    with deps.work.read() as work:
        record = work.records.find_certificate(serial)
        orphaned = record is not None and is_ca_revoked(deps, work.records, record)
    if record is None or record.der != shown:
        raise _unproven(problem="this node did not issue it")
    if record.revoked_at is not None:
        raise _unproven(problem="it is revoked")
    if orphaned:
        raise _unproven(problem="the CA that issued it is revoked")
    if not record.not_before <= deps.clock.now() < record.not_after:
        raise _unproven(problem="it is not within its validity")
    return record


def _as_invited(request: VerifiedRequest, invitation: Invitation) -> VerifiedRequest:
    invited = (invitation.subject, invitation.dns_names, invitation.emails)
    asked = (request.subject, request.dns_names, request.emails)
    if any(said and sorted(said) != sorted(meant) for said, meant in zip(asked[1:], invited[1:], strict=True)) or (
        request.subject not in {(), invitation.subject}
    ):
        raise Refusal(REQUEST_UNSUITABLE, problem="not the names in the invitation")
    return replace(request, subject=invitation.subject, dns_names=invitation.dns_names, emails=invitation.emails)


def _successors(deps: PkiDeps, old: CertificateRecord) -> list[CertificateRecord]:
    with deps.work.read() as work:
        found = work.records.in_force(old.profile, old.subject, now=deps.clock.now())
    return [record for record in found if record.not_after > old.not_after]


def hash_of(secret: str) -> bytes:
    """Return the form in which a secret is stored: it is random, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()


def _unproven(*, problem: str) -> Refusal:
    return Refusal(HOLDER_UNPROVEN, problem=problem)
