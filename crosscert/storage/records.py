"""Peers, their certificates, revocation lists and published objects in SQL.

Left to others: agreements (``agreements``); every decision; transactions (``service.unit_of_work``), migrations.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crosscert.records import (
    CertificateKind,
    ObjectKind,
    Peer,
    StoredCertificate,
    StoredCrl,
    SyncedObject,
)
from crosscert.storage.agreements import SqlAgreementRecords
from crosscert.storage.publications import SqlPublications
from crosscert.storage.rows import crl_of, micros, node_text, number_text, object_of, peer_of, texts
from crosscert.storage.tables import certificates, crls, nodes, objects, state
from kernel.clock import from_micros, to_micros


class SqlCrosscertRecords(SqlAgreementRecords, SqlPublications):
    """The ``CrosscertRecords`` of one connection."""

    # The generation

    def generation(self) -> int:
        """Return the number of the store's present content; 0 before anything was stored."""
        return self._connection.execute(sa.select(state.c.generation)).scalar() or 0

    def raise_generation(self) -> None:
        """Count up."""
        statement = self._insert(state).values(identifier=1, generation=1)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["identifier"], set_={"generation": state.c.generation + 1})
        )

    # Peers

    def put_peer(self, peer: Peer) -> None:
        """Insert or update what is known of a peer; how fetching went is left as it is."""
        values = {
            "code": peer.node.code,
            "node": node_text(peer.node),
            "relation": peer.relation,
            "learned_from": peer.learned_from,
            "principal_key": peer.principal_key,
            "crl_urls": texts(peer.crl_urls),
        }
        changed = {name: value for name, value in values.items() if name != "code"}
        statement = self._insert(nodes).values(values)
        condition = sa.or_(nodes.c.relation != "agreed", sa.literal(peer.relation) == "agreed")
        self._connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed, where=condition))

    def find_peer(self, code: str) -> Peer | None:
        """Return one peer."""
        row = self._connection.execute(sa.select(nodes).where(nodes.c.code == code)).one_or_none()
        return None if row is None else peer_of(row)

    def peers(self) -> Sequence[Peer]:
        """Return all peers: the agreed ones first ("agreed" < "member"), then by code."""
        rows = self._connection.execute(sa.select(nodes).order_by(nodes.c.relation, nodes.c.code))
        return [peer_of(row) for row in rows]

    def note_sync(self, code: str, *, at: datetime, error: str | None = None, text: str | None = None) -> None:
        """Note the moment and the outcome."""
        values: dict[str, Any] = {"last_tried_at": to_micros(at), "last_error": error, "last_error_text": text}
        if error is None:
            values["last_ok_at"] = to_micros(at)
        self._connection.execute(sa.update(nodes).where(nodes.c.code == code).values(values))

    # Certificates and lists

    def add_certificate(self, certificate: StoredCertificate) -> bool:
        """Insert unless it is there; one that a peer's description brought before may become this node's own."""
        statement = self._insert(certificates).values(
            sha256=certificate.sha256,
            kind=certificate.kind,
            node_code=certificate.node_code,
            der=certificate.der,
            stored_at=to_micros(certificate.stored_at),
        )
        own = sa.and_(certificates.c.kind != "received", sa.literal(certificate.kind) == "received")
        changed = {"kind": certificate.kind, "node_code": certificate.node_code}
        return self._applied(statement.on_conflict_do_update(index_elements=["sha256"], set_=changed, where=own))

    def certificates(self, *, kind: CertificateKind | None = None) -> Sequence[StoredCertificate]:
        """Return certificates by digest."""
        condition = sa.true() if kind is None else certificates.c.kind == kind
        rows = self._connection.execute(sa.select(certificates).where(condition).order_by(certificates.c.sha256))
        return [StoredCertificate(row.sha256, row.kind, row.node_code, row.der, from_micros(row.stored_at)) for row in rows]

    def add_crl(self, crl: StoredCrl) -> bool:
        """Insert if no list of its key and scope has this or a higher number."""
        values = {
            "issuer_key": crl.issuer_key,
            "scope": crl.scope,
            "number": number_text(crl.number),
            "sha256": crl.sha256,
            "node_code": crl.node_code,
            "this_update": to_micros(crl.this_update),
            "next_update": micros(crl.next_update),
            "fetched_at": to_micros(crl.fetched_at),
            "der": crl.der,
        }
        literals = [sa.literal(value, crls.c[name].type).label(name) for name, value in values.items()]
        later = sa.exists().where(
            crls.c.issuer_key == crl.issuer_key,
            crls.c.scope == crl.scope,
            crls.c.number >= number_text(crl.number),
        )
        statement = self._insert(crls).from_select(list(values), sa.select(*literals).where(~later))
        return self._applied(statement.on_conflict_do_nothing())

    def find_crl(self, issuer_key: str, scope: str) -> StoredCrl | None:
        """Return the list with the highest number."""
        query = sa.select(crls).where(crls.c.issuer_key == issuer_key, crls.c.scope == scope)
        row = self._connection.execute(query.order_by(crls.c.number.desc()).limit(1)).one_or_none()
        return None if row is None else crl_of(row)

    def crls(self, *, at: datetime | None = None) -> Sequence[StoredCrl]:
        """Return of each key and scope the list with the highest number (issued until ``at``)."""
        until = sa.true() if at is None else crls.c.this_update <= to_micros(at)
        newest = (
            sa.select(crls.c.issuer_key, crls.c.scope, sa.func.max(crls.c.number).label("number"))
            .where(until)
            .group_by(crls.c.issuer_key, crls.c.scope)
            .subquery()
        )
        same = sa.and_(crls.c.issuer_key == newest.c.issuer_key, crls.c.scope == newest.c.scope, crls.c.number == newest.c.number)
        query = sa.select(crls).join(newest, same).order_by(crls.c.issuer_key, crls.c.scope)
        return [crl_of(row) for row in self._connection.execute(query)]

    # Objects

    def find_object(self, node_code: str, kind: ObjectKind) -> SyncedObject | None:
        """Return what is held."""
        query = sa.select(objects).where(objects.c.node_code == node_code, objects.c.kind == kind)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else object_of(row)

    def put_object(self, found: SyncedObject) -> None:
        """Insert or replace."""
        values = {
            "node_code": found.node_code,
            "kind": found.kind,
            "url": found.url,
            "data": found.data,
            "etag": found.etag,
            "fetched_at": to_micros(found.fetched_at),
            "issued_at": micros(found.issued_at),
            "expires_at": micros(found.expires_at),
        }
        changed = {name: value for name, value in values.items() if name not in {"node_code", "kind"}}
        statement = self._insert(objects).values(values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["node_code", "kind"], set_=changed))

    def confirm_object(self, node_code: str, kind: ObjectKind, at: datetime) -> None:
        """Update when it was fetched."""
        condition = (objects.c.node_code == node_code, objects.c.kind == kind)
        self._connection.execute(sa.update(objects).where(*condition).values(fetched_at=to_micros(at)))
