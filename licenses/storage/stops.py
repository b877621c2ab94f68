"""Why issuing is stopped, and who agreed to go on."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from kernel.clock import from_micros, to_micros
from licenses.act_records import LicenseStop
from licenses.storage.shelves import OnConnection
from licenses.storage.tables import stops
from pki.storage.prepared import Prepared

_STANDING = stops.c.resumed_at.is_(None)
_FIND_STOP = Prepared(sa.select(stops).where(_STANDING).order_by(stops.c.at).limit(1))


class SqlStops(OnConnection):
    """The stops' part of ``licenses.act_records.ActRecords``."""

    def add_stop(self, stop: LicenseStop) -> bool:
        """Stop issuing because of a licence; False when it did so before, whatever became of it."""
        statement = self._insert(stops).values(identifier=stop.identifier, finding=stop.finding, at=to_micros(stop.at))
        return self._connection.execute(statement.on_conflict_do_nothing().returning(stops.c.identifier)).first() is not None

    def find_stop(self) -> LicenseStop | None:
        """Return the first stop that stands."""
        row = self._find(_FIND_STOP)
        return None if row is None else LicenseStop(row["identifier"], row["finding"], from_micros(row["at"]), row["consent_by"])

    def consent_to_lift(self, person: str) -> bool:
        """Note who is first to agree to go on; False when somebody did, or nothing is stopped."""
        first = stops.update().where(_STANDING, stops.c.consent_by.is_(None)).values(consent_by=person)
        return self._connection.execute(first).rowcount > 0

    def lift_stops(self, person: str, at: datetime) -> bool:
        """Lift every stop to which somebody else agreed; False when there is none."""
        lifted = stops.update().where(_STANDING, stops.c.consent_by.is_not(None), stops.c.consent_by != person)
        return self._connection.execute(lifted.values(resumed_by=person, resumed_at=to_micros(at))).rowcount > 0
