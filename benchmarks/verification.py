"""Verifying licences: the three speeds, each beside pyHanko on the same file, many at once, and 5,000 damaged files of which none may pass.

pyHanko validates the one signature and its time-stamp by the certificates and revocation lists in the file. Ours judges the licence as a whole: path from
our own anchor, registry, status, log, and an audit row that is committed.
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

from benchmarks.figures import Figure, cpu_milliseconds, cpu_milliseconds_each
from kernel.clock import FixedClock, SystemClock
from licenses import own_form, reading
from licenses.many.verifying import Item, verify_many
from licenses.verification import verify
from pki import authority
from tests.support.federation import Federation, federation
from tests.support.mutations import mutations

REGISTRY_LIMIT, STRICT_LIMIT = 1.0, 2.0
BATCH_LIMIT = 600.0
_FILES = 120
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
        fresh = [_numbered(nodes, number) for number in range(_FILES)]
        yield from _speeds(nodes, own, countys, fresh[:40])
        yield _batch(nodes, fresh[40:])
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


def _speeds(nodes: Federation, own: bytes, countys: bytes, fresh: Sequence[bytes]) -> Iterator[Figure]:
    def judged(pdf: bytes) -> None:
        assert verify(nodes.city, pdf, actor="operator:bench").indication == "TOTAL_PASSED"

    root = asn1_x509.Certificate.load(authority.get_principal(nodes.city.pki).der)
    theirs = cpu_milliseconds(lambda: _by_pyhanko(own, root))
    yield Figure("verify by the registry: all of it", cpu_milliseconds(lambda: judged(own)), "ms CPU", "limit", REGISTRY_LIMIT)
    yield Figure("verify an own file never seen before", cpu_milliseconds_each(judged, fresh), "ms CPU", "limit", STRICT_LIMIT)
    yield Figure(
        "verify a county's file",
        cpu_milliseconds(lambda: judged(countys)),
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


def _batch(nodes: Federation, files: Sequence[bytes]) -> Figure:
    items = [Item(str(number), pdf) for number, pdf in enumerate(files)]
    start = time.process_time()
    answers = list(verify_many(nodes.city, items, actor="operator:bench"))
    spent = time.process_time() - start
    assert {each.verdict and each.verdict.indication for each in answers} == {"TOTAL_PASSED"}
    return Figure("a batch of own files never seen before", len(items) / spent, "per CPU-s", "limit", BATCH_LIMIT, "higher")


def _mutations(nodes: Federation, pdf: bytes) -> Figure:
    items = (Item(done, changed) for done, changed in mutations(pdf, _MUTATIONS, seed=42))
    passed = sum(
        each.verdict is not None and each.verdict.indication != "TOTAL_FAILED"
        for each in verify_many(nodes.city, items, actor="operator:bench")
    )
    return Figure(f"of {_MUTATIONS:,} damaged files pass", passed, "files", "limit", 0.5)
