"""A city and two counties, cross-certified through the city: real CAs, real stores, and a fetcher that calls instead of connecting.

What a node would publish over HTTP is asked of it directly, so that tests can hold things back, replace them or take a node away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from crosscert import agreements, node_description, storage
from crosscert.agreements import plans
from crosscert.constraints import everything
from crosscert.errors import PEER_UNREACHABLE
from crosscert.federation import arrivals, sync
from crosscert.http import is_below
from crosscert.node_description import IntroducedDescription
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.records import Agreement, Fetched, Wish
from crosscert.trust import Trust
from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.nodes import Node
from pki import authority, crl, jose, ocsp
from pki.ports import KeyStore, PkiDeps, PkiRecords
from pki.roles import get_chain, get_credential
from pki.storage import SqlPkiRecords
from service import audit
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all, engine_on
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY, certificate, make_deps
from tests.support.policies import packaged

ASKER = "account:chen"
ADMINS = ("account:wang", "account:li")
NODES = (CITY, COUNTY, OTHER_COUNTY)
Answer = Callable[[], bytes]


@dataclass
class Web:
    """What stands at which address. A ``Fetcher`` for every node; ``down`` names nodes that do not answer."""

    answers: dict[str, Answer] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    takers: dict[str, Callable[[bytes], object]] = field(default_factory=dict)

    def get(self, url: str, *, below: str, max_bytes: int, timeout: float, etag: str | None = None) -> Fetched:
        del timeout
        self.asked.append(url)
        if not is_below(url, below):
            raise Refusal(PEER_UNREACHABLE, url=url, problem="outside of the peer's address")
        if url not in self.answers or any(url.startswith(address) for address in self.down):
            raise Refusal(PEER_UNREACHABLE, url=url, problem="down")
        data = self.answers[url]()
        if len(data) > max_bytes:
            raise Refusal(PEER_UNREACHABLE, url=url, problem=f"more than {max_bytes} bytes")
        tag = f'"{hash(data)}"'
        return Fetched(304, None, tag) if etag == tag else Fetched(200, data, tag)

    def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        *,
        below: str,
        max_bytes: int,
        timeout: float,
        authorization: str | None = None,
    ) -> Fetched:
        del content_type, max_bytes, timeout, authorization
        self.asked.append(url)
        if not is_below(url, below) or url not in self.takers or any(url.startswith(address) for address in self.down):
            raise Refusal(PEER_UNREACHABLE, url=url, problem="down")
        try:
            answer = self.takers[url](body)
        except Refusal as refusal:
            raise Refusal(PEER_UNREACHABLE, url=url, problem=f"HTTP {refusal.error.status}") from None
        return Fetched(200, answer, None) if isinstance(answer, bytes) else Fetched(204, b"", None)

    def tls_until(self, url: str, *, timeout: float) -> datetime:
        raise Refusal(PEER_UNREACHABLE, url=url, problem=f"nobody in {timeout} s")


@dataclass
class Member:
    """One node of the federation."""

    deps: CrosscertDeps
    trust: Trust
    engine: sa.Engine

    @property
    def node(self) -> Node:
        return self.deps.node

    def introduce(self) -> IntroducedDescription:
        return node_description.introduce(node_description.describe(self.deps)[0], self.deps.clock.now())

    def audited(self, target: str) -> list[str]:
        """What the audit trail tells of ``target``, oldest first: the last part of each action."""
        events = audit.events.c
        query = sa.select(events.action).where(events.target == target).order_by(events.number)
        with self.engine.connect() as connection:
            return [action.rpartition(".")[2] for action in connection.execute(query).scalars()]

    def seal(self, name: str = "市场监督管理局") -> x509.Certificate:
        """A department's seal certificate, from the node's issuing CA."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = (*self.node.names, ("OU", name), ("CN", f"{name}电子印章"))
        return certificate(authority.issue(self.deps.pki, "department_seal", names, key.public_key()))

    def sign(self, claims: dict[str, object], typ: str) -> str:
        """A token by the node's own signer."""
        signer = get_credential(self.deps.pki, "node_signer")
        key = jose.signing_key(signer.key)
        return jose.sign(claims, key, kid=None, alg=key.alg, typ=typ, x5c=get_chain(self.deps.pki, signer))


@dataclass
class Federation:
    """The three nodes, the clock that they share and the addresses between them."""

    clock: FixedClock
    web: Web
    city: Member
    county: Member
    other: Member

    @property
    def members(self) -> tuple[Member, ...]:
        return self.city, self.county, self.other

    def publish_lists(self) -> None:
        for member in self.members:
            crl.refresh_due(member.deps.pki)

    def sync(self, *members: Member) -> dict[str, str | None]:
        """Synchronise; return each peer's outcome of the last one."""
        outcomes = [{each.code: each.error for each in sync.sync_all(member.deps)} for member in members or self.members]
        return outcomes[-1]


def certify(issuer: Member, subject: Member) -> Agreement:
    """Take ``issuer`` through the whole agreement, and hand the certificate over."""
    asked, document = request(subject, issuer)
    taken = agreements.take(issuer.deps, document, requester=ASKER)
    agreements.confirm(issuer.deps, taken.identifier, asked.code, actor=ASKER)
    agreements.confirm(subject.deps, asked.identifier, taken.code, actor=ASKER)
    issued = approve_and_issue(issuer, taken)
    assert issued.certificate is not None
    agreements.receive(subject.deps, asked.identifier, issued.certificate, actor=ASKER)
    return issued


def request(asker: Member, issuer: Member, wish: Wish | None = None) -> tuple[Agreement, bytes]:
    """Let ``asker`` ask to be certified: for ``wish``, or for as much as the rules give."""
    introduced = issuer.introduce()
    wish = wish or everything(asker.deps.policies, asker.node, issuer.node)
    return agreements.ask(asker.deps, introduced, wish, requester=ASKER)


def approve_and_issue(issuer: Member, agreement: Agreement, *, faults: Collection[str] = ()) -> Agreement:
    """Let both admins look at the plan, approve it, and the CA issue."""
    plan = plans.plan_of(issuer.deps, agreement).digest
    for admin in ADMINS:
        agreements.approve(issuer.deps, agreement.identifier, approver=admin, plan_sha256=plan, faults=faults)
    return agreements.issue(issuer.deps, agreement.identifier, actor=ASKER)


@contextmanager
def member(folder: Path, clock: FixedClock, node: Node, web: Web, keys: KeyStore | None = None) -> Iterator[Member]:
    """One node, its CA set up, published on the web; what is in ``folder`` already is taken up, with its ``keys`` unlocked."""
    folder.mkdir(exist_ok=True)
    with engine_on(f"sqlite:///{folder / 'node.sqlite'}") as engine:
        yield make_member(engine, folder, clock, node, web, keys)


def make_member(engine: sa.Engine, folder: Path, clock: FixedClock, node: Node, web: Web, keys: KeyStore | None = None) -> Member:
    """One node on the database given; with ``keys`` it was set up before."""
    if keys is None:
        pki = make_deps(engine, folder, clock, node)
        create_all(engine, storage.metadata)
        authority.initialise(pki)
    else:
        work: SqlUnitOfWork[PkiRecords] = SqlUnitOfWork(engine, SqlPkiRecords)
        pki = PkiDeps(node, packaged().certificates, keys, clock, work)
    records: SqlUnitOfWork[CrosscertRecords] = SqlUnitOfWork(engine, storage.SqlCrosscertRecords)
    deps = CrosscertDeps(node, pki.policies, pki, clock, records, web, lambda: packaged().licenses.types)
    made = Member(deps, Trust(deps), engine)
    web.answers |= {
        f"{node.url}{node_description.PATH}": lambda: node_description.describe(deps)[0],
        **{
            f"{node.url}/pki/{ca}.crl": _list_of(pki, ca)
            for ca in ("principal", "issuing", "principal-2", "principal-3", "issuing-2")
        },
        f"{node.url}/pki/principal.cer": lambda: authority.get_principal(pki).der,
        f"{node.url}/licenses/status": lambda: made.sign(_claims(deps, sub="status"), sync.STATUS_LIST_TYPE).encode(),
        f"{node.url}/licenses/log/key": lambda: made.sign(_claims(deps, sub="log"), sync.LOG_KEY_TYPE).encode(),
        f"{node.url}/licenses/log/checkpoint": f"{node.code}\n1\n".encode,
    }
    web.takers[f"{node.url}{arrivals.PATH}"] = lambda der: arrivals.take_in(deps, der, sender="somebody")
    web.takers[f"{node.url}/pki/ocsp"] = lambda asked: ocsp.answer(pki, asked).der
    return made


def _list_of(pki: PkiDeps, ca: str) -> Answer:
    return lambda: crl.current(pki, ca).der


def _claims(deps: CrosscertDeps, **more: object) -> dict[str, object]:
    now = int(deps.clock.now().timestamp())
    return {"iss": deps.node.url, "iat": now, "exp": now + 3600, **more}


@contextmanager
def strangers(folder: Path, clock: FixedClock) -> Iterator[Federation]:
    """Three nodes that have agreed on nothing."""
    with _nodes(folder, clock, {}) as made:
        yield made


@contextmanager
def federation(folder: Path, clock: FixedClock) -> Iterator[Federation]:
    """Three nodes; the city and each county certify each other. Nothing has been synchronised yet."""
    with _nodes(folder, clock, {}) as made:
        for each in (made.county, made.other):
            certify(made.city, each)
            certify(each, made.city)
        yield made


@dataclass(frozen=True)
class Template:
    """A federation as it once stood: its databases on disk, its keys unlocked, its moment. Copies cost next to nothing."""

    folder: Path
    keys: Mapping[str, KeyStore]
    moment: datetime

    @contextmanager
    def copy(self, folder: Path, clock: FixedClock) -> Iterator[Federation]:
        """A federation that starts from there; ``clock`` is set to its moment."""
        clock.moment = self.moment
        for node in NODES:
            (folder / node.code).mkdir()
            there, here = (sqlite3.connect(each / node.code / "node.sqlite") for each in (self.folder, folder))
            with closing(there), closing(here):
                there.backup(here)
        with _nodes(folder, clock, self.keys) as made:
            yield made


def template_of(made: Federation, folder: Path) -> Template:
    """Keep a federation as it stands in ``folder`` (its databases stay open and must not change any more)."""
    return Template(folder, {each.node.code: each.deps.pki.keys for each in made.members}, made.clock.now())


@contextmanager
def _nodes(folder: Path, clock: FixedClock, keys: Mapping[str, KeyStore]) -> Iterator[Federation]:
    web = Web()
    with ExitStack() as stack:
        opened = [stack.enter_context(member(folder / node.code, clock, node, web, keys.get(node.code))) for node in NODES]
        yield Federation(clock, web, *opened)
