"""A city and a county that know each other, for unit tests of verification: both real issuers, cross-certified, no network.

The city judges with the real trust room over what synchronising would have stored. The county's CA keys are at hand too
(``authority``), to make what a county never issues: expired seals, seals that nobody registered, lists of any moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crosscert import storage as crosscert_storage
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.records import CertificateKind, Peer, StoredCertificate, StoredCrl, SyncedObject
from crosscert.storage import SqlCrosscertRecords
from crosscert.trust import Trust
from kernel.clock import FixedClock
from licenses import status
from licenses.issue import issue
from licenses.ports import LicenseDeps
from licenses.verdict import Verdict
from licenses.verification import verify
from pki.authority import issue_cross_certificate
from pki.cross_certificates import CrossCertificateTemplate
from pki.roles import get_credential
from policies.certificates import policy_oid
from service.unit_of_work import SqlUnitOfWork
from tests.support import issuing
from tests.support.authorities import Authority, Credential
from tests.support.databases import create_all, engine_on
from tests.support.license_data import COUNTY_ISSUER, example_data
from tests.support.pdfs import Data, Sealing, sealed

CITY = issuing.CITY
COUNTY = replace(issuing.COUNTY, url="http://localhost:18122")


@dataclass
class Federation:
    """The city's and the county's licence rooms, and the city's room of trust."""

    clock: FixedClock
    city: LicenseDeps
    county: LicenseDeps
    trust: CrosscertDeps
    authority: Authority
    county_engine: sa.Engine
    _lists: int = field(default=1000, init=False)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def issue_at_city(self, **changes: str) -> bytes:
        """Return a licence that the city issued; own CAs, own registry."""
        return issue(self.city, issuing.application(self.city, **changes), actor="operator:test").pdf

    def issue_at_county(self, **changes: str) -> bytes:
        """Return a licence that the county issued; the city then fetches its status list."""
        pdf = issue(self.county, issuing.application(self.county, **changes), actor="operator:test").pdf
        self.store_status_list()
        return pdf

    def store_status_list(self, body: bytes | None = None, fetched_at: datetime | None = None) -> None:
        """Do what synchronising with the county does."""
        body = status.current(self.county).body.encode() if body is None else body
        url = f"{COUNTY.url}/licenses/status"
        with self.trust.work.begin() as work:
            work.records.put_object(SyncedObject(COUNTY.code, "status_list", url, body, None, fetched_at or self.now))

    def store_lists(self) -> None:
        """Let the city fetch the county's revocation lists, with what ``authority`` says is revoked."""
        self._lists += 1
        self._store_crls(self.authority.crls(self.now, number=self._lists), "made by the test")

    def store_county(self) -> None:
        """Let the city fetch what the county publishes of its CAs."""
        principal, issuing_ca = (get_credential(self.county.pki, role).certificate for role in ("principal", "issuing"))
        kinds: tuple[tuple[CertificateKind, x509.Certificate], ...] = (("principal", principal), ("issuing", issuing_ca))
        with self.trust.work.begin() as work:
            for kind, certificate in kinds:
                der = certificate.public_bytes(Encoding.DER)
                work.records.add_certificate(StoredCertificate(hashlib.sha256(der).hexdigest(), kind, COUNTY.code, der, self.now))
            work.records.put_peer(Peer(COUNTY, "agreed", None, _key(principal).hex()))
            work.records.note_heard(COUNTY.code, at=self.now)
            work.records.raise_generation()
        with self.county.pki.work.read() as pki_work:
            found = [pki_work.records.find_crl(ca) for ca in ("principal", "issuing")]
        self._store_crls([x509.load_der_x509_crl(one.der) for one in found if one is not None], "published")

    def cross_certify(self) -> str:
        """Let the city certify the county within its names; return the cross-certificate's serial."""
        policies = self.city.policies.certificates
        pairs = tuple((policy_oid(policies, CITY.code, n), policy_oid(policies, COUNTY.code, n)) for n in policies.levels)
        template = CrossCertificateTemplate(
            certificate=get_credential(self.county.pki, "principal").certificate,
            path_length=1,
            permitted_names=(COUNTY.names,),
            policies=tuple(ours for ours, _ in pairs),
            mappings=pairs,
            inhibit_policy_mapping=0,
            validity_days=365,
        )
        serial = issue_cross_certificate(self.city.pki, template).serial
        with self.trust.work.begin() as work:
            work.records.raise_generation()
        return serial

    def sealing(self, **changes: Any) -> Sealing:
        """Return a sealing in the county's name by its real CAs' keys; ``changes`` say what is wrong with it."""
        changes.setdefault("seal", self.authority.seal(COUNTY_ISSUER[0]))
        return Sealing.by(self.authority, at=changes.pop("at", self.now - timedelta(hours=2)), **changes)

    def data(self, **changes: Any) -> Data:
        """Return what a licence of the county says."""
        usual = {"node": COUNTY.code, "issuer": COUNTY_ISSUER, "number": "445122202600000001", "url": COUNTY.url}
        return example_data(**{**usual, **changes})

    def sealed(self, sealing: Sealing | None = None, **changes: Any) -> bytes:
        """Return a page with the county's licence data, sealed."""
        return sealed(sealing or self.sealing(), self.data(**changes))

    def verify(self, pdf: bytes, at: datetime | None = None) -> Verdict:
        """Return what the city says of ``pdf``."""
        return verify(self.city, pdf, actor="operator:test", at=at)

    def _store_crls(self, lists: Iterable[x509.CertificateRevocationList], scope: str) -> None:
        issuers = {one.certificate.subject: one for one in (self.authority.principal, self.authority.issuing)}
        with self.trust.work.begin() as work:
            for one in lists:
                der = one.public_bytes(Encoding.DER)
                key = _key(issuers[one.issuer].certificate).hex()
                number = one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
                times = (one.last_update_utc, one.next_update_utc, self.now)
                work.records.add_crl(StoredCrl(hashlib.sha256(der).hexdigest(), COUNTY.code, key, scope, number, *times, der))
            work.records.note_heard(COUNTY.code, at=self.now)
            work.records.raise_generation()


@contextmanager
def federation(folder: Path, clock: FixedClock) -> Iterator[Federation]:
    """Set both nodes up in ``folder``, the county cross-certified by the city."""
    with ExitStack() as stack:
        engines: dict[str, sa.Engine] = {}
        rooms = []
        for node in (CITY, COUNTY):
            home = folder / node.code
            home.mkdir()
            engines[node.code] = stack.enter_context(engine_on(f"sqlite:///{home / 'node.sqlite'}"))
            rooms.append(issuing.copied_license_deps(engines[node.code], clock, node=node))
        city, county = rooms
        for engine in engines.values():
            create_all(engine, crosscert_storage.metadata)
        work: SqlUnitOfWork[CrosscertRecords] = SqlUnitOfWork(engines[CITY.code], SqlCrosscertRecords)
        nobody = cast("Any", None)  # judging fetches nothing: that is what this proves
        trust = CrosscertDeps(CITY, city.policies.certificates, city.pki, clock, work, nobody)
        authority = Authority(COUNTY.names, COUNTY.code, (_credential(county, "principal"), _credential(county, "issuing")))
        made = Federation(clock, replace(city, trust=Trust(trust)), county, trust, authority, engines[COUNTY.code])
        made.cross_certify()
        made.store_county()
        yield made


def _credential(deps: LicenseDeps, role: str) -> Credential:
    found = get_credential(deps.pki, role)
    return Credential(found.certificate, cast("Any", found.key))


def _key(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).digest()
