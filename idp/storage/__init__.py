"""The room's records in SQL: tables, and one class that does on a connection what ``ports`` asks for."""

from __future__ import annotations

from idp.storage.administration import SqlAdministration
from idp.storage.authenticators import SqlAuthenticators
from idp.storage.clients import SqlClients
from idp.storage.closings import SqlClosings
from idp.storage.devices import SqlDevices
from idp.storage.directories import SqlDirectories
from idp.storage.entering import SqlEntering
from idp.storage.events import SqlEvents
from idp.storage.grants import SqlGrants
from idp.storage.imports import SqlImports
from idp.storage.kept_forms import SqlKeptForms
from idp.storage.logins import SqlSessions
from idp.storage.logout import SqlLogouts
from idp.storage.mandates import SqlMandates
from idp.storage.notices import SqlNotices
from idp.storage.people import SqlAccounts
from idp.storage.proofs import SqlProofs
from idp.storage.recoveries import SqlRecoveries
from idp.storage.redeeming import SqlRedeeming
from idp.storage.standing import SqlStanding
from idp.storage.switches import SqlSwitches
from idp.storage.tables import metadata
from idp.storage.told import SqlTold

__all__ = ["SqlIdpRecords", "metadata"]


class SqlIdpRecords(
    SqlAccounts,
    SqlProofs,
    SqlAuthenticators,
    SqlNotices,
    SqlClients,
    SqlSessions,
    SqlTold,
    SqlGrants,
    SqlRedeeming,
    SqlStanding,
    SqlLogouts,
    SqlMandates,
    SqlDevices,
    SqlDirectories,
    SqlImports,
    SqlRecoveries,
    SqlAdministration,
    SqlClosings,
    SqlSwitches,
    SqlEntering,
    SqlEvents,
    SqlKeptForms,
):
    """All records of the room on one connection."""
