"""What one room needs of another, handed through: neither of the two knows the other.

Each adapter is given a function that returns the other room's dependencies, because both are built when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from flask import has_request_context, request

import idp.ports
import licenses.ports
from crosscert.ports import CrosscertDeps
from idp.views import Visitors
from kernel.audit import AuditEvent
from kernel.errors import Text
from kernel.limiter import counted_as
from kernel.nodes import Node
from licenses.elsewhere import asking, messages
from licenses.kinds import kind_of
from licenses.registry_records import LicenseRecord
from licenses.status import shown_status
from licenses.visitors import Visitor
from service.audit import ChainReport, SqlAuditTrail, StoredEvent, check_chain
from service.engine import reading


class HeldLicenses:
    """The licence room as the identity room's ``HolderLicenses``."""

    def __init__(self, deps: Callable[[], licenses.ports.LicenseDeps]) -> None:
        self._deps = deps

    def of(self, holder_id: str) -> Sequence[idp.ports.HeldLicense]:
        """Return the licences of a resident ID or credit code as cards, newest first."""
        deps = self._deps()
        now = deps.clock.now()
        with deps.work.read() as work:
            records = work.records.held_by(holder_id)
        return [_card(deps, record, now) for record in records]

    def traces(self, holder_id: str) -> Mapping[str, Text]:
        """Return by which targets the audit trail knows these licences: by identifier, and by the digest of their document."""
        deps = self._deps()
        with deps.work.read() as work:
            records = work.records.held_by(holder_id)
        found: dict[str, Text] = {}
        for record in records:
            name = kind_of(deps, record).name
            found |= {f"license:{record.identifier}": name, f"sha256:{record.pdf_sha256}": name}
        return found


def _card(deps: licenses.ports.LicenseDeps, record: LicenseRecord, now: datetime) -> idp.ports.HeldLicense:
    kind = kind_of(deps, record)
    return idp.ports.HeldLicense(
        kind.name.zh,
        kind.name.en,
        record.number,
        record.identifier,
        record.issuer_name,
        record.valid_to,
        shown_status(record, now),
        f"{deps.node.url}/account/licenses/{record.identifier}",
        f"{deps.node.url}/licenses/{record.identifier}.pdf",
        kind.accent,
    )


class LicenseVisitors:
    """The identity room as the licence room's ``Visitors``."""

    def __init__(self, visitors: Callable[[], Visitors]) -> None:
        self._visitors = visitors

    def current(self) -> Visitor | None:
        """Return who is logged in in the present request."""
        visitor = self._visitors().current()
        if visitor is None:
            return None
        return Visitor(visitor.account_id, visitor.kind, visitor.name, visitor.holder_id)

    def check_files(self) -> None:
        """Refuse files at a kiosk."""
        self._visitors().check_files()


def requesting_address() -> str | None:
    """Return the network address of the present request as it is counted; None where nobody's request is answered."""
    return counted_as(request.remote_addr or "") if has_request_context() else None


class PeerNodes:
    """The room of trust as the licence room's ``Peers``."""

    def __init__(self, deps: Callable[[], CrosscertDeps]) -> None:
        self._deps = deps

    def nodes(self) -> Sequence[Node]:
        """Return the peers that are nodes like this one."""
        with self._deps().work.read() as work:
            return [peer.node for peer in work.records.peers() if peer.relation != "outside"]

    def ask(self, node: Node, question: str, path: str = messages.PATH) -> bytes:
        """Send a question to what is at ``path`` there and return what comes back; ``Refusal(peer_unreachable)`` when nothing does in time."""
        fetched = self._deps().fetch.post(
            node.url + path,
            question.encode(),
            messages.CONTENT_TYPE,
            below=node.url,
            max_bytes=messages.MAX_BYTES,
            timeout=asking.SECONDS,
        )
        return fetched.data or b""


class AuditReader:
    """The audit trail as the console reads it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine, self._reading = engine, reading(engine)

    def page(
        self, *, before: int | None = None, limit: int = 50, contains: str | None = None, down_to: int | None = None
    ) -> Sequence[StoredEvent]:
        """Return up to ``limit`` events, newest first, from below ``before`` down to ``down_to``, that mention ``contains``."""
        with self._reading.begin() as connection:
            return SqlAuditTrail(connection).page(before=before, limit=limit, contains=contains, down_to=down_to)

    def find_end(self, *, before: int | None, of: int) -> int | None:
        """Return the number of the last of so many events below ``before``; None where there are no more than these."""
        with self._reading.begin() as connection:
            return SqlAuditTrail(connection).find_end(before=before, of=of)

    def waits_since(self) -> datetime | None:
        """Return since when an event waits to be chained."""
        with self._reading.begin() as connection:
            return SqlAuditTrail(connection).waits_since()

    def per_hour(self, actions: Collection[str], *, since: datetime, hours: int) -> Mapping[str, Sequence[int]]:
        """Return how often each of ``actions`` came off well in each of the ``hours`` after ``since``."""
        with self._reading.begin() as connection:
            return SqlAuditTrail(connection).per_hour(actions, since=since, hours=hours)

    def last(self, action: str, *, since: datetime) -> AuditEvent | None:
        """Return the latest event of an action after ``since``."""
        with self._reading.begin() as connection:
            return SqlAuditTrail(connection).last(action, since=since)

    def check_chain(self) -> ChainReport:
        """Recompute the hash chain from its start."""
        return check_chain(self._engine)
