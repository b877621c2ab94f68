"""From rows to records and back. Left to others: statements (``records``)."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crosscert.records import Agreement, Approval, Constraints, Peer, StoredCertificate, StoredCrl, SyncedObject
from kernel.canonical import Json, canonical
from kernel.clock import from_micros, to_micros
from kernel.nodes import Node


def micros(at: datetime | None) -> int | None:
    """Return the stored form of a moment that may be missing."""
    return None if at is None else to_micros(at)


def moment(stored: int | None) -> datetime | None:
    """Return the moment that :func:`micros` stored."""
    return None if stored is None else from_micros(stored)


def node_text(node: Node) -> str:
    """Return the stored form of a node."""
    value: Json = {
        "code": node.code,
        "name": node.name,
        "level": node.level,
        "url": node.url,
        "names": [list(pair) for pair in node.names],
    }
    return canonical(value).decode()


def number_text(number: int) -> str:
    """Return a CRLNumber in digits of one length, so that text compares like numbers; 20 octets make 49 of them."""
    return f"{number:049d}"


def _node(text: str) -> Node:
    value = json.loads(text)
    names = tuple((kind, name) for kind, name in value["names"])
    return Node(value["code"], value["name"], value["level"], value["url"], names)


def constraints_text(constraints: Constraints) -> str:
    """Return the stored form of constraints; it only grows."""
    value: Json = {
        "version": 1,
        "path_length": constraints.path_length,
        "permitted_names": [[list(pair) for pair in names] for names in constraints.permitted_names],
        "permitted_dns": list(constraints.permitted_dns),
        "permitted_uris": list(constraints.permitted_uris),
        "policies": list(constraints.policies),
        "mappings": [list(pair) for pair in constraints.mappings],
        "inhibit_policy_mapping": constraints.inhibit_policy_mapping,
        "validity_days": constraints.validity_days,
    }
    return canonical(value).decode()


def _constraints(text: str) -> Constraints:
    value = json.loads(text)
    return Constraints(
        path_length=value["path_length"],
        permitted_names=tuple(tuple((kind, name) for kind, name in names) for names in value["permitted_names"]),
        permitted_dns=tuple(value["permitted_dns"]),
        permitted_uris=tuple(value["permitted_uris"]),
        policies=tuple(value["policies"]),
        mappings=tuple((ours, theirs) for ours, theirs in value["mappings"]),
        inhibit_policy_mapping=value["inhibit_policy_mapping"],
        validity_days=value["validity_days"],
    )


def texts(values: tuple[str, ...]) -> str | None:
    """Return the stored form of some texts; None for none."""
    return canonical(values).decode() if values else None


def offers_text(offers: tuple[bytes, ...]) -> str | None:
    """Return the stored form of certificates; None for none."""
    return texts(tuple(base64.b64encode(der).decode() for der in offers))


def _texts(stored: str | None) -> tuple[str, ...]:
    return () if stored is None else tuple(json.loads(stored))


def agreement_of(row: sa.Row[Any], given: tuple[Approval, ...]) -> Agreement:
    """Return the agreement of a row with the approvals given."""
    return Agreement(
        identifier=row.identifier,
        peer=_node(row.peer),
        state=row.state,
        requested_by=row.requested_by,
        requested_at=from_micros(row.requested_at),
        code=row.code,
        constraints=_constraints(row.constraints),
        principal=row.principal,
        approvals=given,
        attempt=row.attempt,
        serial=row.serial,
        certificate=row.certificate,
        ended_at=moment(row.ended_at),
        kind=row.kind,
        replaces=row.replaces,
        misses=row.misses,
        issued_at=moment(row.issued_at),
        ended_by=row.ended_by,
        reviewed_by=row.reviewed_by,
        reviewed_at=moment(row.reviewed_at),
        offers=tuple(base64.b64decode(one) for one in _texts(row.offers)),
        crl_urls=_texts(row.crl_urls),
    )


def peer_of(row: sa.Row[Any]) -> Peer:
    """Return the peer of a row."""
    return Peer(
        node=_node(row.node),
        relation=row.relation,
        learned_from=row.learned_from,
        principal_key=row.principal_key,
        last_ok_at=moment(row.last_ok_at),
        last_tried_at=moment(row.last_tried_at),
        last_error=row.last_error,
        last_error_text=row.last_error_text,
        crl_urls=_texts(row.crl_urls),
        failing_since=moment(row.failing_since),
        failures=row.failures,
        next_try_at=moment(row.next_try_at),
        full_at=moment(row.full_at),
    )


def certificate_of(row: Any) -> StoredCertificate:
    """Return the certificate in a row."""
    return StoredCertificate(row.sha256, row.kind, row.node_code, row.der, from_micros(row.stored_at))


def crl_of(row: sa.Row[Any]) -> StoredCrl:
    """Return the revocation list of a row."""
    return StoredCrl(
        sha256=row.sha256,
        node_code=row.node_code,
        issuer_key=row.issuer_key,
        scope=row.scope,
        number=int(row.number),
        this_update=from_micros(row.this_update),
        next_update=moment(row.next_update),
        fetched_at=from_micros(row.fetched_at),
        der=row.der,
    )


def object_of(row: Any) -> SyncedObject:
    """Return the published object of a row, a mapping."""
    return SyncedObject(
        node_code=row["node_code"],
        kind=row["kind"],
        url=row["url"],
        data=row["data"],
        etag=row["etag"],
        fetched_at=from_micros(row["fetched_at"]),
        issued_at=moment(row["issued_at"]),
        expires_at=moment(row["expires_at"]),
    )
