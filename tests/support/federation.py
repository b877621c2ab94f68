"""A city and a county that know each other, for unit tests of verification: both real issuers, cross-certified, no network.

The county's CAs also make what a county never issues (``authority``): expired seals, fake time-stamps. The city judges.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography import x509

from crosscert.ports import SyncedObject
from kernel.clock import FixedClock
from licenses import status
from licenses.issue import issue
from licenses.ports import LicenseDeps
from licenses.verdict import Verdict
from licenses.verification import verify
from pki.roles import get_credential
from tests.support import issuing
from tests.support.authorities import Authority, Credential, cross_certificate
from tests.support.databases import engine_on
from tests.support.license_data import COUNTY_ISSUER, example_data
from tests.support.pdfs import Data, Sealing, sealed
from tests.support.trust import TrustAtHand, fingerprint

CITY = issuing.CITY
COUNTY = replace(issuing.COUNTY, url="http://localhost:18122")


@dataclass
class Federation:
    """The city's and the county's licence rooms. ``trust`` is the city's; ``authority`` has the county's CA keys."""

    clock: FixedClock
    city: LicenseDeps
    county: LicenseDeps
    trust: TrustAtHand
    authority: Authority

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def issue_at_city(self, **changes: str) -> bytes:
        """Return a licence that the city issued; own CAs, own registry."""
        return issue(self.city, issuing.application(self.city, **changes), actor="operator:test").pdf

    def issue_at_county(self, **changes: str) -> bytes:
        """Return a licence that the county issued; the city then fetches its status list."""
        pdf = issue(self.county, issuing.application(self.county, **changes), actor="operator:test").pdf
        self.fetch_status_list()
        return pdf

    def fetch_status_list(self) -> None:
        """Do what synchronising with the county does."""
        body = status.current(self.county).body.encode()
        url = f"{COUNTY.url}/licenses/status"
        self.trust.objects["status_list", COUNTY.code] = SyncedObject(COUNTY.code, "status_list", url, body, None, self.now)

    def sealing(self, **changes: Any) -> Sealing:
        """Return a sealing in the county's name by its real CAs' keys; ``changes`` say what is wrong with it."""
        changes.setdefault("seal", self.authority.seal(COUNTY_ISSUER[0]))
        return Sealing.by(self.authority, at=changes.pop("at", self.now - timedelta(hours=2)), **changes)

    def data(self, **changes: Any) -> Data:
        """Return what a licence of the county says."""
        return example_data(
            **{"node": COUNTY.code, "issuer": COUNTY_ISSUER, "number": "445122202600000001", "url": COUNTY.url, **changes}
        )

    def sealed(self, sealing: Sealing | None = None, **changes: Any) -> bytes:
        """Return a page with the county's licence data, sealed."""
        return sealed(sealing or self.sealing(), self.data(**changes))

    def verify(self, pdf: bytes, at: datetime | None = None) -> Verdict:
        """Return what the city says of ``pdf``."""
        return verify(self.city, pdf, actor="operator:test", at=at)


@contextmanager
def federation(folder: Path, clock: FixedClock) -> Iterator[Federation]:
    """Set both nodes up in ``folder``."""
    with ExitStack() as stack:
        rooms = []
        for node in (CITY, COUNTY):
            home = folder / node.code
            home.mkdir()
            engine = stack.enter_context(engine_on(f"sqlite:///{home / 'node.sqlite'}"))
            rooms.append(issuing.make_license_deps(engine, home, clock, node=node))
        city, county = rooms
        authority = Authority(COUNTY.names, COUNTY.code, (_credential(county, "principal"), _credential(county, "issuing")))
        principal = _credential(city, "principal")
        certificates = [
            principal.certificate,
            _credential(city, "issuing").certificate,
            cross_certificate(principal, CITY.code, authority),
            authority.issuing.certificate,
        ]
        nodes = {fingerprint(principal.certificate): CITY, fingerprint(authority.principal.certificate): COUNTY}
        trust = TrustAtHand(CITY, principal.certificate, certificates, [*_crls(city), *_crls(county)], nodes)
        yield Federation(clock, replace(city, trust=cast("Any", trust)), county, trust, authority)


def _credential(deps: LicenseDeps, role: str) -> Credential:
    found = get_credential(deps.pki, role)
    return Credential(found.certificate, cast("Any", found.key))


def _crls(deps: LicenseDeps) -> list[x509.CertificateRevocationList]:
    with deps.pki.work.read() as work:
        found = [work.records.find_crl(ca) for ca in ("principal", "issuing")]
    return [x509.load_der_x509_crl(record.der) for record in found if record is not None]
