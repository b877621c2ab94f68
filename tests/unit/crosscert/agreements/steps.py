"""What the tests of agreements say in one word."""

from __future__ import annotations

import pytest

from crosscert import agreements
from crosscert.agreements import plans
from crosscert.records import Agreement, Wish
from kernel.errors import ErrorCode, Refusal
from pki.cross_certificates import PROFILE
from tests.support.three_nodes import ADMINS, ASKER, Member, request


def taken(issuer: Member, asker: Member, wish: Wish | None = None) -> Agreement:
    """A request that ``issuer`` took in."""
    return agreements.take(issuer.deps, request(asker, issuer, wish)[1], requester=ASKER)


def compared(issuer: Member, asker: Member, wish: Wish | None = None) -> Agreement:
    found = taken(issuer, asker, wish)
    return agreements.confirm(issuer.deps, found.identifier, found.code, actor=ASKER)


def approved(issuer: Member, asker: Member) -> Agreement:
    found = compared(issuer, asker)
    for admin in ADMINS:
        found = approve(issuer, found, admin)
    return found


def approve(issuer: Member, agreement: Agreement, admin: str) -> Agreement:
    plan = plans.plan_of(issuer.deps, agreement).digest
    return agreements.approve(issuer.deps, agreement.identifier, approver=admin, plan_sha256=plan)


def refused(code: ErrorCode) -> pytest.RaisesExc[Refusal]:
    return pytest.RaisesExc(Refusal, check=lambda raised: raised.error is code)


def standing(of: Member) -> list[str]:
    """The serials of the cross-certificates that the node signed and did not revoke."""
    with of.deps.pki.work.read() as work:
        return [record.serial for record in work.records.certificates(profile=PROFILE) if record.revoked_at is None]


def received(of: Member) -> set[bytes]:
    with of.deps.work.read() as work:
        return {each.der for each in work.records.certificates(kind="received")}
