"""The peers' certificates, revocation lists and published objects in SQL.

Left to others: agreements (``agreements``), the peers themselves (``peers``), every decision; transactions (``service.unit_of_work``), migrations.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from crosscert.records import (
    CertificateKind,
    ObjectKind,
    StoredCertificate,
    StoredCrl,
    SyncedObject,
)
from crosscert.storage.agreements import SqlAgreementRecords
from crosscert.storage.peers import SqlPeers
from crosscert.storage.publications import SqlPublications
from crosscert.storage.rows import certificate_of, crl_of, micros, number_text, object_of
from crosscert.storage.tables import certificates, crls, objects, state
from kernel.clock import to_micros
from pki.storage.prepared import Prepared

_FIND_OBJECT = Prepared(
    sa.select(objects).where(objects.c.node_code == sa.bindparam("node_code"), objects.c.kind == sa.bindparam("kind"))
)
_GENERATION = Prepared(sa.select(state.c.generation))


class SqlCrosscertRecords(SqlAgreementRecords, SqlPeers, SqlPublications):
    """The ``CrosscertRecords`` of one connection."""

    # The generation

    def generation(self) -> int:
        """Return the number of the store's present content; 0 before anything was stored."""
        row = self._find(_GENERATION)
        return 0 if row is None else int(row["generation"])

    def raise_generation(self) -> None:
        """Count up."""
        statement = self._insert(state).values(identifier=1, generation=1)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["identifier"], set_={"generation": state.c.generation + 1})
        )

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

    def find_certificate(self, sha256: str) -> StoredCertificate | None:
        """Return the certificate with this digest."""
        row = self._connection.execute(sa.select(certificates).where(certificates.c.sha256 == sha256)).first()
        return None if row is None else certificate_of(row)

    def certificates(self, *, kind: CertificateKind | None = None) -> Sequence[StoredCertificate]:
        """Return certificates by digest."""
        condition = sa.true() if kind is None else certificates.c.kind == kind
        rows = self._connection.execute(sa.select(certificates).where(condition).order_by(certificates.c.sha256))
        return [certificate_of(row) for row in rows]

    def count_certificates(self, node_code: str, kind: CertificateKind) -> int:
        """Count a node's of one kind."""
        condition = (certificates.c.node_code == node_code, certificates.c.kind == kind)
        return self._connection.execute(sa.select(sa.func.count()).select_from(certificates).where(*condition)).scalar_one()

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

    def count_crls(self, issuer_key: str, *, since: datetime) -> tuple[int, int, int]:
        """Count those fetched since and their octets, and the scopes of all."""
        of_key = crls.c.issuer_key == issuer_key
        sums = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.length(crls.c.der)), 0))
        lately, octets = self._connection.execute(sums.where(of_key, crls.c.fetched_at >= to_micros(since))).one()
        scopes = self._connection.execute(sa.select(sa.func.count(crls.c.scope.distinct())).where(of_key)).scalar_one()
        return lately, int(octets), scopes

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
        row = self._find(_FIND_OBJECT, node_code=node_code, kind=kind)
        return None if row is None else object_of(row)

    def objects(self, kind: ObjectKind) -> Sequence[SyncedObject]:
        """Return what is held of this kind."""
        query = sa.select(objects).where(objects.c.kind == kind).order_by(objects.c.node_code)
        return [object_of(row) for row in self._connection.execute(query).mappings()]

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
