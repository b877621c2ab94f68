"""The CA behind an identity room in its tests, and what the node believes by it: set up once a test process."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy as sa

import crosscert.storage
import pki.storage
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.storage import SqlCrosscertRecords
from crosscert.trust import Trust
from kernel.clock import FixedClock
from kernel.nodes import Node
from pki import authority
from pki.ports import PkiDeps, PkiRecords
from service import audit
from service.engine import make_engine
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all
from tests.support.pki import MemoryKeys
from tests.support.policies import packaged

_FOLDER = tempfile.TemporaryDirectory(prefix="chaoxin-test-ca-")


@functools.cache
def _authority_engine(node: Node) -> sa.Engine:
    return make_engine(f"sqlite:///{_FOLDER.name}/{hashlib.sha256(node.url.encode()).hexdigest()[:16]}.sqlite")


@functools.cache
def authority_of(node: Node) -> PkiDeps:
    """The node's CA, which certifies the keys that sign tokens: one a test process, since setting one up takes a while."""
    engine = _authority_engine(node)
    create_all(engine, audit.metadata, pki.storage.metadata, crosscert.storage.metadata)
    work: SqlUnitOfWork[PkiRecords] = SqlUnitOfWork(engine, pki.storage.SqlPkiRecords)
    deps = PkiDeps(node, packaged().certificates, MemoryKeys(), FixedClock(datetime(2026, 1, 1, tzinfo=UTC)), work)
    authority.initialise(deps)
    return deps


def trust_of(node: Node, deps: PkiDeps) -> Trust:
    """The node's judgement by its own CA; it knows no other node."""
    work: SqlUnitOfWork[CrosscertRecords] = SqlUnitOfWork(_authority_engine(node), SqlCrosscertRecords)
    return Trust(CrosscertDeps(node, deps.policies, deps, deps.clock, work, cast("Any", None), lambda: packaged().licenses.types))
