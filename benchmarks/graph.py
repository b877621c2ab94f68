"""The graph of trust of a city with ninety counties, as the city sees it: told, planned with one more county, planned with one less.

There is no peer: nobody else computes this. The limits are what an admin waits for without wondering.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509

from benchmarks.figures import Figure
from crosscert.constraints import constraints_for, template_of
from crosscert.graph.probes import empty_list, hand_of
from crosscert.graph.view import see
from crosscert.paths.certificates import ParsedCertificate, from_x509
from crosscert.plan import plan_issue, plan_revoke
from crosscert.ports import CrosscertRecords
from crosscert.records import Peer, StoredCertificate, StoredCrl
from kernel.clock import FixedClock
from kernel.nodes import Node
from kernel.randomness import serial_number
from pki import authority, certificates, cross_certificates
from pki.certificates import Draft, Issuer
from pki.keyfiles import generate
from pki.names import x509_name
from pki.records import PrivateKey
from policies.certificates import get_profile
from tests.support.pki import CITY, make_node
from tests.support.three_nodes import Member, Web, member
from tests.unit.crosscert.forge import NOW

COUNTIES = 90
SEEN_LIMIT = 5.0
PLANNED_LIMIT = 10.0


class County:
    """A county's two CAs, without a database."""

    def __init__(self, number: int, city: Member) -> None:
        self._city = city
        self.node: Node = make_node(f"4451{number:02d}", f"第{number}县", "county", f"第{number}县")
        self.key = generate("P-384")
        self.principal = self._ca("principal_ca", self.key, None)
        issuing_key = generate("P-256")
        self.issuing = self._ca("issuing_ca", issuing_key, self.principal)
        self.keys = {self.principal: self.key, self.issuing: issuing_key}

    def _ca(self, profile: str, key: PrivateKey, above: x509.Certificate | None) -> x509.Certificate:
        policies = self._city.deps.policies
        name = x509_name((*self.node.names, ("CN", f"{self.node.name}{'根' if above is None else '签发'}CA")))
        draft = Draft(profile, get_profile(policies, profile), name, key.public_key())
        issuer = Issuer("principal", self.key, above)
        return certificates.sign(
            certificates.build(draft, issuer, serial_number(), NOW, node=self.node, policies=policies), self.key
        )

    def cross(self, root: x509.Certificate) -> x509.Certificate:
        """Return the county's cross-certificate for the city."""
        template = template_of(constraints_for(self._city.deps.policies, self.node, CITY), root)
        issuer = Issuer("principal", self.key, self.principal)
        return certificates.sign(cross_certificates.build(template, issuer, serial_number(), NOW, self.node), self.key)

    def store(self, records: CrosscertRecords, root: x509.Certificate) -> None:
        """Put into the city's store what was fetched from the county."""
        code, principal = self.node.code, from_x509(self.principal)
        records.put_peer(Peer(self.node, "agreed", None, principal.key.hex(), NOW, NOW))
        for kind, certificate in (("principal", self.principal), ("issuing", self.issuing), ("received", self.cross(root))):
            found = from_x509(certificate)
            records.add_certificate(StoredCertificate(found.sha256, kind, code, found.der, NOW))
        for certificate, key in self.keys.items():
            self._store_list(records, from_x509(certificate), key)

    def _store_list(self, records: CrosscertRecords, ca: ParsedCertificate, key: PrivateKey) -> None:
        found = empty_list(hand_of(ca, key), NOW)
        scope = hashlib.sha256(found.scope).hexdigest()
        records.add_crl(
            StoredCrl(found.sha256, self.node.code, ca.key.hex(), scope, 1, found.this_update, found.next_update, NOW, found.der)
        )


def measure() -> Iterator[Figure]:
    """Measure what an admin asks for."""
    with tempfile.TemporaryDirectory() as folder, member(Path(folder) / "city", FixedClock(NOW), CITY, Web()) as city:
        deps = city.deps
        root = x509.load_der_x509_certificate(authority.get_principal(deps.pki).der)
        *counties, newcomer = (County(number, city) for number in range(1, COUNTIES + 2))
        serials = [
            authority.issue_cross_certificate(
                deps.pki, template_of(constraints_for(deps.policies, CITY, county.node), county.principal)
            ).serial
            for county in counties
        ]
        with deps.work.begin() as work:
            for county in counties:
                county.store(work.records, root)
            work.records.raise_generation()
        assert len(see(deps, NOW).nodes) == COUNTIES + 1
        yield Figure(f"graph of {COUNTIES} counties, told", _seconds(lambda: see(deps, NOW)), "s CPU", "limit", SEEN_LIMIT)
        constraints = constraints_for(deps.policies, CITY, newcomer.node)
        der = from_x509(newcomer.principal).der
        yield Figure(
            "the same, one more county planned",
            _seconds(lambda: plan_issue(deps, constraints, der, NOW)),
            "s CPU",
            "limit",
            PLANNED_LIMIT,
        )
        gone = plan_revoke(deps, serials[0], NOW)
        assert len(gone.dependants) == COUNTIES - 1
        yield Figure(
            "the same, one county less planned",
            _seconds(lambda: plan_revoke(deps, serials[0], NOW)),
            "s CPU",
            "limit",
            PLANNED_LIMIT,
        )


def _seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start
