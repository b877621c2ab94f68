"""The path engine: every NIST case in one pool, federations of thousands, a path seen before, a list of a million entries.

The peer is pyhanko-certvalidator's own builder, where it comes to an end: on a small bridge. It does less: no revocation here.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import cryptography_vectors
from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from benchmarks.figures import Figure, cpu_milliseconds, cpu_milliseconds_each
from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import CrlSet, parse_crl
from crosscert.paths.entries import Entries
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest, PathVerdict
from pki.der import integer, sequence, tlv
from tests.support.topologies import AT, SHAPES, Topology, bridge

PKITS_LIMIT = 1.5
FOUND_LIMITS = {500: 10.0, 5_000: 100.0}
REFUSED_LIMIT = 50.0
WARM_LIMIT = 0.5
INDEX_LIMIT = 5.0
LOOK_UP_LIMIT = 50.0
_SMALL = 8
"""Nodes of the bridge that the peer has to cope with; with a few more it does not come to an end."""
_MILLION = 1_000_000
_VECTORS = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
_CASES = Path(__file__).parents[1] / "tests" / "vectors" / "pkits" / "pkits.json"


def measure() -> Iterator[Figure]:
    """Measure from what everybody can repeat to what only a large federation meets."""
    yield Figure("PKITS: 246 cases, all pooled, from files", _pkits(), "s CPU", "limit", PKITS_LIMIT)
    yield from _beside_the_peer()
    for nodes, limit in FOUND_LIMITS.items():
        for shape in ("bridge", "mesh"):
            yield from _federation(shape, nodes, limit)
    yield from _long_list()


def _pkits() -> float:
    start = time.process_time()
    certificates = {path.name: parse_certificate(path.read_bytes()) for path in (_VECTORS / "certs").glob("*.crt")}
    crls = CrlSet(parse_crl(path.read_bytes()) for path in (_VECTORS / "crls").glob("*.crl"))
    pool, anchor = Pool(certificates.values()), certificates["TrustAnchorRootCertificate.crt"]
    moment = datetime(2022, 5, 1, tzinfo=UTC)
    for case in json.loads(_CASES.read_text("utf-8")):
        asked = case.get("params", {})
        request = PathRequest(
            moment,
            policies=frozenset(asked.get("user_initial_policy_set", ())),
            explicit_policy=asked.get("initial_explicit_policy", False),
            inhibit_policy_mapping=asked.get("initial_policy_mapping_inhibit", False),
            inhibit_any_policy=asked.get("initial_any_policy_inhibit", False),
        )
        find_path(certificates[case["cert"]], anchor, pool, crls, request)
    return time.process_time() - start


class _Judge:
    """The engine with everything that a topology has."""

    def __init__(self, shape: Topology) -> None:
        self.anchor = parse_certificate(shape.anchor)
        self.pool = Pool(parse_certificate(der) for der in shape.certificates)
        self.crls = CrlSet(parse_crl(der) for der in shape.crls)
        self.leaves = [parse_certificate(der) for der in shape.leaves]
        self.expired = [parse_certificate(der) for der in shape.expired]
        self.request = PathRequest(AT, explicit_policy=False)

    def good(self, target: ParsedCertificate) -> None:
        assert self._of(target).valid

    def bad(self, target: ParsedCertificate) -> None:
        assert not self._of(target).valid

    def _of(self, target: ParsedCertificate) -> PathVerdict:
        return find_path(target, self.anchor, self.pool, self.crls, self.request)


def _federation(shape: str, nodes: int, limit: float) -> Iterator[Figure]:
    topology = SHAPES[shape](nodes)
    judge = _Judge(topology)
    name = f"{shape} of {nodes:,}"
    found = cpu_milliseconds_each(judge.good, judge.leaves)
    yield Figure(f"{name}: first good path of a new leaf", found, "ms CPU", "limit", limit)
    refused = cpu_milliseconds_each(judge.bad, judge.expired)
    yield Figure(f"{name}: an expired leaf refused", refused, "ms CPU", "limit", REFUSED_LIMIT)
    again = cpu_milliseconds(lambda: judge.good(judge.leaves[0]))
    yield Figure(f"{name}: a path of {topology.steps + 2} seen before", again, "ms CPU", "limit", WARM_LIMIT)


def _beside_the_peer() -> Iterator[Figure]:
    topology = bridge(_SMALL)
    judge = _Judge(topology)
    root = asn1_x509.Certificate.load(topology.anchor)
    others = [asn1_x509.Certificate.load(der) for der in topology.certificates]

    def stock(der: bytes) -> None:
        context = ValidationContext(trust_roots=[root], moment=AT, time_tolerance=timedelta(0), allow_fetching=False)
        validator = CertificateValidator(asn1_x509.Certificate.load(der), intermediate_certs=others, validation_context=context)
        try:
            asyncio.run(validator.async_validate_usage(set()))
        except (PathError, ValidationError):
            assert der in topology.expired

    peer = "pyhanko-certvalidator, no revocation"
    for what, ours, leaves, theirs in (
        ("first good path of a new leaf", judge.good, judge.leaves, topology.leaves),
        ("an expired leaf refused", judge.bad, judge.expired, topology.expired[:3]),
    ):
        yield Figure(
            f"bridge of {_SMALL}: {what}",
            cpu_milliseconds_each(ours, leaves),
            "ms CPU",
            peer,
            cpu_milliseconds_each(stock, theirs),
        )


def _long_list() -> Iterator[Figure]:
    moment = tlv(0x17, b"261101000000Z")
    der = b"".join(sequence(integer((1 << 150) + 2 * number), moment) for number in range(_MILLION))
    entries = Entries(der, slice(0, len(der)))
    start = time.process_time()
    entries.prepare()
    yield Figure("index of a list of 1M entries", time.process_time() - start, "s CPU", "limit", INDEX_LIMIT)
    serials = count(1 << 150)
    spent = cpu_milliseconds(lambda: entries.about(next(serials)))
    yield Figure("look-up in a list of 1M entries", 1000 * spent, "µs CPU", "limit", LOOK_UP_LIMIT)
