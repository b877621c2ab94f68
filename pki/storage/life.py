"""Invitations, alarms, the review's stop: what happens to certificates between being asked for and their end.

Left to others: issuing (``certificates``), revoking (``revocation``).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from kernel.canonical import Json, canonical
from kernel.clock import from_micros, to_micros
from pki.records import CertificateRecord, Invitation, Names, Stop
from pki.storage.certificates import CERTIFICATE_COLUMNS, certificate_of
from pki.storage.parts import SqlPart
from pki.storage.tables import alarms, certificates, invitations, stops

_FIND_STOP = sa.select(stops).where(stops.c.resumed_at.is_(None)).order_by(stops.c.at, stops.c.serial).limit(1)


class SqlLife(SqlPart):
    """The life of certificates; the meaning of each method is told in :mod:`pki.ports`."""

    def issued_between(self, first: datetime, last: datetime, *, after: str, limit: int) -> Sequence[CertificateRecord]:
        """Return what was issued from ``first`` until before ``last``, ordered by serial, starting beyond serial ``after``."""
        query = sa.select(*CERTIFICATE_COLUMNS).where(
            certificates.c.state == "issued",
            certificates.c.recorded_at >= to_micros(first),
            certificates.c.recorded_at < to_micros(last),
            certificates.c.serial > after,
        )
        return [certificate_of(row) for row in self._connection.execute(query.order_by(certificates.c.serial).limit(limit))]

    def ending_before(
        self,
        moment: datetime,
        *,
        now: datetime,
        after: tuple[datetime, str] | None = None,
        profiles: Collection[str] | None = None,
        limit: int = 100,
    ) -> Sequence[CertificateRecord]:
        """Return what is in force of ``profiles`` (None: of any), ends before ``moment`` and after ``after`` (end, serial), without a successor.

        The first to end comes first. A successor is a certificate of the same profile and subject that is not revoked and ends later.
        """
        later = certificates.alias()
        successor = sa.exists().where(
            later.c.subject == certificates.c.subject,
            later.c.profile == certificates.c.profile,
            later.c.state == "issued",
            later.c.revoked_at.is_(None),
            later.c.not_after > certificates.c.not_after,
        )
        # What has an end was issued. Asked for that as well, SQLite would go through all that ever was, rather than what ends by then.
        query = sa.select(*CERTIFICATE_COLUMNS).where(
            certificates.c.revoked_at.is_(None),
            certificates.c.not_after > to_micros(now),
            certificates.c.not_after <= to_micros(moment),
            ~successor,
        )
        if profiles is not None:
            query = query.where(certificates.c.profile.in_(sorted(profiles)))
        if after is not None:
            end, serial = to_micros(after[0]), after[1]
            query = query.where(
                certificates.c.not_after >= end,  # by the index; the rest of its order is decided row by row
                sa.or_(certificates.c.not_after > end, certificates.c.serial > serial),
            )
        rows = self._connection.execute(query.order_by(certificates.c.not_after, certificates.c.serial).limit(limit))
        return [certificate_of(row) for row in rows]

    def in_force(self, profile: str, subject: str, *, now: datetime) -> Sequence[CertificateRecord]:
        """Return a subject's certificates of a profile that are neither revoked nor over, the first to end first."""
        query = sa.select(*CERTIFICATE_COLUMNS).where(
            certificates.c.subject == subject,
            certificates.c.profile == profile,
            certificates.c.state == "issued",
            certificates.c.revoked_at.is_(None),
            certificates.c.not_after > to_micros(now),
        )
        rows = self._connection.execute(query.order_by(certificates.c.not_after, certificates.c.serial))
        return [certificate_of(row) for row in rows]

    def add_alarm(self, serial: str, days: int, at: datetime) -> bool:
        """Note that an alarm was raised; False when it was already."""
        return self._insert_once(alarms, {"serial": serial, "days": days, "at": to_micros(at)})

    def add_stop(self, stop: Stop) -> bool:
        """Stop issuing because of a certificate; False when it did so before, whatever became of it."""
        return self._insert_once(stops, {"serial": stop.serial, "finding": stop.finding, "at": to_micros(stop.at)})

    def find_stop(self) -> Stop | None:
        """Return the first stop that stands."""
        row = self._connection.execute(_FIND_STOP).first()
        return None if row is None else Stop(row.serial, row.finding, from_micros(row.at), row.consent_by)

    def consent(self, by: str) -> bool:
        """Note who is first to agree to go on; False when somebody did, or nothing is stopped."""
        first = stops.update().where(stops.c.resumed_at.is_(None), stops.c.consent_by.is_(None)).values(consent_by=by)
        return self._connection.execute(first).rowcount > 0

    def resume(self, by: str, at: datetime) -> bool:
        """Lift every stop to which somebody else agreed; False when there is none."""
        lifted = stops.update().where(stops.c.resumed_at.is_(None), stops.c.consent_by.is_not(None), stops.c.consent_by != by)
        return self._connection.execute(lifted.values(resumed_by=by, resumed_at=to_micros(at))).rowcount > 0

    def add_invitation(self, invitation: Invitation) -> None:
        """Store an invitation."""
        names: Json = [invitation.subject, invitation.dns_names, invitation.emails]
        self._connection.execute(
            invitations.insert(),
            {
                "name": invitation.name,
                "secret_hash": invitation.secret_hash,
                "profile": invitation.profile,
                "names": canonical(names).decode(),
                "expires_at": to_micros(invitation.expires_at),
                "made_by": invitation.made_by,
                "made_at": to_micros(invitation.made_at),
            },
        )

    def find_invitation(self, name: str, secret_hash: bytes, *, now: datetime) -> Invitation | None:
        """Return the invitation that is neither used nor over; None for anything else."""
        row = self._connection.execute(sa.select(invitations).where(invitations.c.name == name)).first()
        if row is None or not hmac.compare_digest(bytes(row.secret_hash), secret_hash):
            return None
        if row.used_at is not None or row.expires_at <= to_micros(now):
            return None
        subject, dns_names, emails = json.loads(row.names)
        names: Names = tuple((short, value) for short, value in subject)
        until, made_at = from_micros(row.expires_at), from_micros(row.made_at)
        return Invitation(
            row.name, bytes(row.secret_hash), row.profile, names, tuple(dns_names), tuple(emails), until, row.made_by, made_at
        )

    def use_invitation(self, name: str, serial: str, *, at: datetime) -> bool:
        """Use an invitation for a certificate; False when it was used."""
        used = invitations.update().where(invitations.c.name == name, invitations.c.used_at.is_(None))
        return self._connection.execute(used.values(used_at=to_micros(at), serial=serial)).rowcount == 1
