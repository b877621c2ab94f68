"""Who serves in which role, and whose the seals are. Left to others: filling them (``authority``, ``seals``)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pki.records import (
    RoleRecord,
    SealRecord,
)
from pki.storage.parts import SqlPart
from pki.storage.prepared import Prepared, Row
from pki.storage.tables import roles, seals

_AUTHORITIES = Prepared(
    sa.select(roles).where(
        sa.or_(*(one for ca in ("principal", "issuing") for one in (roles.c.role == ca, roles.c.role.like(f"{ca}-%"))))
    )
)
_FIND_ROLE = Prepared(sa.select(roles).where(roles.c.role == sa.bindparam("role")))


class SqlRoles(SqlPart):
    """Roles and seals; the meaning of each method is told in :mod:`pki.ports`."""

    def find_role(self, role: str) -> RoleRecord | None:
        """Return who serves in a role."""
        row = self._find(_FIND_ROLE, role=role)
        return None if row is None else _role(row)

    def authorities(self) -> Sequence[RoleRecord]:
        """Return the roles of CAs: the two in service, those that served before, those about to."""
        return [_role(row) for row in self._find_all(_AUTHORITIES)]

    def assign_role(self, record: RoleRecord, *, instead_of: str | None) -> bool:
        """Put a key and certificate into a role, in place of the certificate with serial ``instead_of`` (None: nobody)."""
        values = {"role": record.role, "key_label": record.key_label, "serial": record.serial}
        if instead_of is None:
            return self._insert_once(roles, values)
        replaced = roles.update().where(roles.c.role == record.role, roles.c.serial == instead_of).values(values)
        return self._connection.execute(replaced).rowcount == 1

    def find_seal(self, uscc: str) -> SealRecord | None:
        """Return a department's seal."""
        return self._seal(seals.c.uscc == uscc)

    def roles_of(self, serial: str) -> Sequence[str]:
        """Return the roles in which a certificate serves."""
        return list(
            self._connection.execute(sa.select(roles.c.role).where(roles.c.serial == serial).order_by(roles.c.role)).scalars()
        )

    def find_seal_by_serial(self, serial: str) -> SealRecord | None:
        """Return the seal whose present certificate has this serial."""
        return self._seal(seals.c.serial == serial)

    def _seal(self, condition: sa.ColumnElement[bool]) -> SealRecord | None:
        row = self._connection.execute(sa.select(seals).where(condition)).first()
        return None if row is None else SealRecord(row.uscc, row.name, row.key_label, row.serial)

    def add_seal(self, record: SealRecord) -> bool:
        """Store a seal; False when the department has one."""
        return self._insert_once(seals, _seal_values(record))

    def replace_seal(self, record: SealRecord, *, instead_of: str) -> bool:
        """Renew a seal whose certificate has serial ``instead_of``."""
        replaced = seals.update().where(seals.c.uscc == record.uscc, seals.c.serial == instead_of)
        return self._connection.execute(replaced.values(_seal_values(record))).rowcount == 1


def _role(row: Row) -> RoleRecord:
    return RoleRecord(row["role"], row["key_label"], row["serial"])


def _seal_values(record: SealRecord) -> dict[str, str]:
    return {"uscc": record.uscc, "name": record.name, "key_label": record.key_label, "serial": record.serial}
