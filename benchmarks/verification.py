"""Verifying licences: the three speeds, each beside pyHanko on the same file, many at once, and 5,000 damaged files of which none may pass.

pyHanko validates the one signature and its time-stamp by the certificates and revocation lists in the file. Ours judges the licence as a whole: path from
our own anchor, registry, status, log, and an audit row that is committed. The limits are those of the machine on which they were set, times what this one
takes longer.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import structlog
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore

from benchmarks.figures import Figure, cpu_milliseconds, cpu_milliseconds_each, slower
from kernel.clock import FixedClock, SystemClock
from licenses import own_form, reading
from licenses.many.verifying import PORTION, Item, verify_many
from licenses.storage.tables import readings
from licenses.verification import verify
from pki import authority
from tests.support.databases import engine_on
from tests.support.federation import Federation, federation
from tests.support.mutations import mutations

REGISTRY_LIMIT, STRICT_LIMIT = 1.0, 2.0
BATCH_LIMIT = 600.0
_FILES = 40
_BATCH = 2 * PORTION
_MUTATIONS = 5_000


def measure() -> Iterator[Figure]:
    """Measure all of it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with (
        tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder,
        federation(Path(folder), FixedClock(SystemClock().now() - timedelta(minutes=10))) as nodes,
    ):
        nodes.clock.advance(timedelta(minutes=5))
        own, countys = nodes.issue_at_city(), nodes.issue_at_county()
        fresh = [_numbered(nodes, number) for number in range(2 * (_FILES + _BATCH))]
        yield from _speeds(nodes, own, countys)
        yield from _first_time(nodes, fresh[: _FILES + _BATCH], "an own file for the first time", REGISTRY_LIMIT)
        # As if nothing had been kept of them when they were sealed: each is read from its first octet to its last.
        with engine_on(f"sqlite:///{folder}/{nodes.city.node.code}/node.sqlite") as engine, engine.begin() as connection:
            connection.execute(readings.delete())
        yield from _first_time(nodes, fresh[_FILES + _BATCH :], "an own file that has to be read", STRICT_LIMIT)
        yield _mutations(nodes, countys)


def _numbered(nodes: Federation, number: int) -> bytes:
    return nodes.issue_at_city(number=f"4451222021000{number:05d}")


def _by_pyhanko(pdf: bytes, root: asn1_x509.Certificate) -> None:
    reader = PdfFileReader(io.BytesIO(pdf))
    store = DocumentSecurityStore.read_dss(reader)
    context = store.as_validation_context({"trust_roots": [root], "allow_fetching": False, "revocation_mode": "hard-fail"})
    found = validate_pdf_signature(reader.embedded_signatures[0], context, context)
    assert found.intact
    assert found.valid


def _judge(nodes: Federation, pdf: bytes) -> None:
    assert verify(nodes.city, pdf, actor="operator:bench").indication == "TOTAL_PASSED"


def _speeds(nodes: Federation, own: bytes, countys: bytes) -> Iterator[Figure]:
    root = asn1_x509.Certificate.load(authority.get_principal(nodes.city.pki).der)
    theirs = cpu_milliseconds(lambda: _by_pyhanko(own, root))
    by_registry = cpu_milliseconds(lambda: _judge(nodes, own))
    yield Figure("verify by the registry: all of it", by_registry, "ms CPU", "limit", REGISTRY_LIMIT * slower())
    yield Figure(
        "verify a county's file",
        cpu_milliseconds(lambda: _judge(nodes, countys)),
        "ms CPU",
        "pyHanko, signature and time-stamp alone",
        theirs,
    )
    digest = hashlib.sha256(own).hexdigest()
    strict = cpu_milliseconds(lambda: own_form.find_reading(own, digest))
    yield Figure("read our own form (10 x pyHanko)", 10 * strict, "ms CPU x 10", "limit", theirs)
    yield Figure(
        "take a B-LT file apart (1.2 x pyHanko)", cpu_milliseconds(lambda: reading.read(own)), "ms CPU", "limit", 1.2 * theirs
    )


def _first_time(nodes: Federation, files: Sequence[bytes], what: str, limit: float) -> Iterator[Figure]:
    """Verify the first of ``files`` one by one and the others as a batch; nobody has asked about any of them."""
    each = cpu_milliseconds_each(lambda pdf: _judge(nodes, pdf), files[:_FILES])
    yield Figure(f"verify {what}", each, "ms CPU", "limit", limit * slower())
    items = [Item(str(number), pdf) for number, pdf in enumerate(files[_FILES:])]
    start = time.process_time()
    answers = list(verify_many(nodes.city, items, actor="operator:bench"))
    rate = len(items) / (time.process_time() - start)
    assert {each.verdict and each.verdict.indication for each in answers} == {"TOTAL_PASSED"}
    yield Figure(f"in a batch: {what}", rate, "per CPU-s", "limit", BATCH_LIMIT / slower(), "higher")


def _mutations(nodes: Federation, pdf: bytes) -> Figure:
    items = (Item(done, changed) for done, changed in mutations(pdf, _MUTATIONS, seed=42))
    passed = sum(
        each.verdict is not None and each.verdict.indication != "TOTAL_FAILED"
        for each in verify_many(nodes.city, items, actor="operator:bench")
    )
    return Figure(f"of {_MUTATIONS:,} damaged files pass", passed, "files", "limit", 0.5)
