"""Agreements and approvals in SQL. Left to others: every decision; transactions (``service.unit_of_work``), migrations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crosscert.records import Agreement, AgreementState, Approval
from crosscert.storage.connection import OnConnection
from crosscert.storage.rows import agreement_of, constraints_text, micros, node_text, offers_text, texts
from crosscert.storage.tables import agreements, approvals
from kernel.clock import from_micros, to_micros


class SqlAgreementRecords(OnConnection):
    """The ``AgreementRecords`` of one connection."""

    def add_agreement(self, agreement: Agreement) -> bool:
        """Insert the agreement unless one of its kind with the same peer is open."""
        values = {
            "identifier": agreement.identifier,
            "kind": agreement.kind,
            "peer_code": agreement.peer.code,
            "peer": node_text(agreement.peer),
            "state": agreement.state,
            "requested_by": agreement.requested_by,
            "requested_at": to_micros(agreement.requested_at),
            "code": agreement.code,
            "misses": agreement.misses,
            "constraints": constraints_text(agreement.constraints),
            "principal": agreement.principal,
            "offers": offers_text(agreement.offers),
            "crl_urls": texts(agreement.crl_urls),
            "replaces": agreement.replaces,
            "attempt": agreement.attempt,
        }
        return self._applied(self._insert(agreements).values(values).on_conflict_do_nothing())

    def find_agreement(self, identifier: str) -> Agreement | None:
        """Return one agreement."""
        found = self._agreements(agreements.c.identifier == identifier)
        return found[0] if found else None

    def agreements(self, *, peer_code: str | None = None) -> Sequence[Agreement]:
        """Return agreements, the newest request first."""
        return self._agreements(sa.true() if peer_code is None else agreements.c.peer_code == peer_code)

    def _agreements(self, condition: sa.ColumnElement[bool]) -> list[Agreement]:
        order = (agreements.c.requested_at.desc(), agreements.c.identifier)
        rows = self._connection.execute(sa.select(agreements).where(condition).order_by(*order)).all()
        return [agreement_of(row, self._approvals(row.identifier)) for row in rows]

    def _approvals(self, identifier: str) -> tuple[Approval, ...]:
        query = sa.select(approvals).where(approvals.c.agreement == identifier).order_by(approvals.c.at, approvals.c.person)
        rows = self._connection.execute(query)
        return tuple(Approval(row.approver, from_micros(row.at), row.person, row.plan_sha256) for row in rows)

    def count_miss(self, identifier: str) -> int | None:
        """Count up while the code is waited for."""
        waiting = sa.and_(agreements.c.identifier == identifier, agreements.c.state == "requested")
        if not self._applied(sa.update(agreements).where(waiting).values(misses=agreements.c.misses + 1)):
            return None
        misses: int = self._connection.execute(sa.select(agreements.c.misses).where(waiting)).scalar_one()
        return misses

    def add_approval(self, identifier: str, approval: Approval) -> bool:
        """Insert or replace the approval if it is waited for and new."""
        # Two admins at one moment must see each other's: whoever is second waits here for the first to commit.
        held = sa.and_(agreements.c.identifier == identifier, agreements.c.state == "compared")
        if not self._applied(sa.update(agreements).where(held).values(attempt=agreements.c.attempt)):
            return False
        changed = {"approver": approval.approver, "at": to_micros(approval.at), "plan_sha256": approval.plan_sha256}
        statement = self._insert(approvals).values(agreement=identifier, person=approval.person, **changed)
        another = approvals.c.plan_sha256 != approval.plan_sha256
        return self._applied(statement.on_conflict_do_update(index_elements=["agreement", "person"], set_=changed, where=another))

    def count_approvals(self, identifier: str, plan_sha256: str) -> int:
        """Return the number of people."""
        condition = (approvals.c.agreement == identifier, approvals.c.plan_sha256 == plan_sha256)
        return self._connection.execute(sa.select(sa.func.count()).select_from(approvals).where(*condition)).scalar_one()

    def move_agreement(
        self,
        identifier: str,
        *,
        before: AgreementState,
        after: AgreementState,
        attempt: int,
        at: datetime | None = None,
        by: str | None = None,
    ) -> bool:
        """Update the state if it is still ``before``."""
        values: dict[str, Any] = {
            "state": after,
            "attempt": attempt + (after == "issuing"),
            "ended_at": micros(at),
            "ended_by": by,
        }
        return self._applied(sa.update(agreements).where(*_now(identifier, before, attempt)).values(values))

    def finish_issuing(self, identifier: str, *, attempt: int, serial: str, certificate: bytes, at: datetime) -> bool:
        """Store the issued certificate for this attempt."""
        values = {"state": "issued", "serial": serial, "certificate": certificate, "issued_at": to_micros(at)}
        return self._applied(sa.update(agreements).where(*_now(identifier, "issuing", attempt)).values(values))

    def review_agreement(self, identifier: str, *, by: str, at: datetime) -> bool:
        """Note the review of a revocation that has none."""
        condition = (agreements.c.identifier == identifier, agreements.c.state == "revoked", agreements.c.reviewed_at.is_(None))
        return self._applied(sa.update(agreements).where(*condition).values(reviewed_by=by, reviewed_at=to_micros(at)))


def _now(identifier: str, state: AgreementState, attempt: int) -> tuple[sa.ColumnElement[bool], ...]:
    return agreements.c.identifier == identifier, agreements.c.state == state, agreements.c.attempt == attempt
