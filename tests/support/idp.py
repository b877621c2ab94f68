"""An identity provider on a database of its own, and a browser that fills its forms; no sockets, nothing of ours replaced."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

import sqlalchemy as sa
from flask import Flask, render_template
from flask.testing import FlaskClient
from flask_bootstrap import Bootstrap5
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.test import TestResponse

import crosscert.storage
import pki.storage
from crosscert.errors import PEER_UNREACHABLE
from crosscert.http import is_below
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.records import Fetched
from crosscert.storage import SqlCrosscertRecords
from crosscert.trust import Trust
from idp import dispatch, endpoints, storage
from idp.clients import registry
from idp.people import accounts
from idp.ports import HeldLicense, IdpDeps, IdpRecords
from idp.records import Account, Client
from idp.views import Visitors, make_blueprint
from idp.wire import NOTHING, OAuthRequest, OAuthResponse, Parameters
from kernel.clock import Clock, FixedClock
from kernel.errors import Refusal
from kernel.nodes import Node
from kernel.randomness import token
from pki import authority
from pki.ports import KeyStore, PkiDeps, PkiRecords
from pki.vault import Vault
from policies.claim_models import Continued
from policies.models import Policies
from service import audit, headers, i18n
from service.csrf import Csrf
from service.engine import make_engine
from service.frame import Frame
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all, engine_on
from tests.support.pki import MemoryKeys
from tests.support.policies import packaged
from tests.support.relying_party import Form, find_consent, find_form, find_identity, find_return, parse_return

CITY = Node("445100", "潮州市", "city", "http://localhost:8100", (("C", "CN"), ("ST", "广东省"), ("L", "潮州市")))
MARKET = "114451008W15P11PMR"
SOCIAL_SECURITY = "114451006B39GGDTXW"
OPERATOR = "operator:test"
PASSWORD = "a wholly unlikely pass phrase"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CALLBACK = "https://scjg.example.cn/callback"


@dataclass
class Licenses:
    """The licence room as a list."""

    held: list[HeldLicense] = field(default_factory=list)

    def of(self, holder_id: str) -> Sequence[HeldLicense]:
        return self.held if holder_id else ()


@dataclass
class Published:
    """What is to be had from elsewhere, by address: a ``Fetcher`` without a network."""

    documents: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    posted: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def get(self, url: str, *, below: str, max_bytes: int, timeout: float, etag: str | None = None) -> Fetched:
        assert is_below(url, below)
        assert timeout <= 5
        assert etag is None
        self.asked.append(url)
        document = self.documents.get(url)
        if document is None or len(document) > max_bytes:
            raise Refusal(PEER_UNREACHABLE, url=url, problem="not there")
        return Fetched(200, document, None)

    def post(self, url: str, body: bytes, content_type: str, *, below: str, max_bytes: int, timeout: float) -> Fetched:
        """Take a form; ``answers`` has the status for each address, 0 for nobody there."""
        assert is_below(url, below)
        assert max_bytes <= 64 * 1024
        assert timeout <= 5
        assert content_type == "application/x-www-form-urlencoded"
        self.posted.append((url, dict(parse_qsl(body.decode(), strict_parsing=True))))
        status = self.answers.get(url, 0)
        if status in range(200, 300):
            return Fetched(status, b"", None)
        raise Refusal(
            PEER_UNREACHABLE, url=url, **({"problem": f"HTTP {status}", "status": status} if status else {"problem": "away"})
        )


@dataclass
class TickingClock:
    """A clock that is a little later each time it is read, like the real one."""

    moment: datetime

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


def _now(act: Callable[[], object]) -> None:
    """Do at once what need not be waited for, so that a test sees it done."""
    act()


_FOLDER = tempfile.TemporaryDirectory(prefix="chaoxin-test-ca-")


@functools.cache
def _authority_engine(node: Node) -> sa.Engine:
    return make_engine(f"sqlite:///{_FOLDER.name}/{hashlib.sha256(node.url.encode()).hexdigest()[:16]}.sqlite")


@functools.cache
def _authority(node: Node) -> PkiDeps:
    """The node's CA, which certifies the keys that sign tokens: one a test process, since setting one up takes a while."""
    engine = _authority_engine(node)
    create_all(engine, audit.metadata, pki.storage.metadata, crosscert.storage.metadata)
    work: SqlUnitOfWork[PkiRecords] = SqlUnitOfWork(engine, pki.storage.SqlPkiRecords)
    deps = PkiDeps(node, packaged().certificates, MemoryKeys(), FixedClock(datetime(2026, 1, 1, tzinfo=UTC)), work)
    authority.initialise(deps)
    return deps


def _trust(node: Node, deps: PkiDeps) -> Trust:
    """The node's judgement by its own CA; it knows no other node."""
    work: SqlUnitOfWork[CrosscertRecords] = SqlUnitOfWork(_authority_engine(node), SqlCrosscertRecords)
    return Trust(CrosscertDeps(node, deps.policies, deps, deps.clock, work, cast("Any", None), packaged().licenses.types))


def make_idp_deps(
    engine: sa.Engine,
    keys: KeyStore,
    clock: Clock,
    *,
    algorithms: tuple[str, ...] = ("ES256",),
    node: Node = CITY,
    continued: Continued = "never",
    **token_policies: Any,
) -> IdpDeps:
    """Return what an identity room works with. Tests may share a key store: opening one takes a while, and so do RSA keys.

    A session goes on at any department without a page unless ``continued`` says otherwise, so that tests of other things see none.
    """
    create_all(engine, audit.metadata, storage.metadata)
    policies = with_releases(packaged(), continued=continued)
    tokens = policies.tokens.model_copy(update={"signing_algorithms": algorithms, **token_policies})
    work: SqlUnitOfWork[IdpRecords] = SqlUnitOfWork(engine, storage.SqlIdpRecords)
    ca = replace(_authority(node), clock=clock)
    return IdpDeps(
        node=node,
        policies=policies.model_copy(update={"tokens": tokens}),
        keys=keys,
        pki=ca,
        vault=Vault(keys),
        clock=clock,
        work=work,
        holder_licenses=Licenses(),
        fetch=Published(),
        trust=_trust(node, ca),
        client_certificates=True,
        soon=_now,
    )


def with_releases(policies: Policies, **changes: Any) -> Policies:
    """Return the policies with something else said of what every department gets."""
    claims = policies.claims
    departments = {uscc: release.model_copy(update=changes) for uscc, release in claims.departments.items()}
    update = {"default": claims.default.model_copy(update=changes), "departments": departments}
    return policies.model_copy(update={"claims": claims.model_copy(update=update)})


def another_process(deps: IdpDeps) -> IdpDeps:
    """Return the same node as another process sees it: nothing kept in memory."""
    return replace(deps, kept={})


def add_account(deps: IdpDeps, username: str = "chenxiaochao", **changes: Any) -> Account:
    """Create an account; a citizen with a password alone unless ``changes`` say otherwise."""
    values: dict[str, Any] = {"kind": "citizen", "name": "陈晓潮", "password": PASSWORD, "phone": "+86 138 0000 0001", **changes}
    return accounts.create(deps, accounts.NewAccount(username=username, **values), actor=OPERATOR)


def add_client(deps: IdpDeps, client_id: str = "scjg", **changes: Any) -> registry.Registered:
    """Register a client; confidential with a secret in the header unless ``changes`` say otherwise."""
    values: dict[str, Any] = {
        "name": "潮州市市场监督管理局",
        "department": MARKET,
        "redirect_uris": (CALLBACK,),
        "post_logout_redirect_uris": ("https://scjg.example.cn/",),
        "scope": "openid profile phone identity organization offline_access",
        **changes,
    }
    scopes, secret = tuple(values.pop("scope").split()), values.pop("client_secret", None)
    return registry.register(deps, Client(client_id, scopes=scopes, **values), client_secret=secret, actor=OPERATOR)


def basic(client_id: str, secret: str | None) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def events(engine: sa.Engine, action: str) -> list[dict[str, Any]]:
    """Return the audit events of an action, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(audit.events).where(audit.events.c.action == action).order_by(audit.events.c.number))
        return [dict(row._mapping) for row in rows]


class Provider:
    """A provider with its pages: who is registered, and ways to ask it for things."""

    def __init__(self, deps: IdpDeps) -> None:
        self.deps = deps
        self.app = _make_app(deps)
        self.secrets: dict[str, str | None] = {}
        self.verifier = token(32)

    def add_client(self, client_id: str = "scjg", **changes: Any) -> registry.Registered:
        registered = add_client(self.deps, client_id, **changes)
        self.secrets[client_id] = registered.client_secret
        return registered

    def client(self, client_id: str) -> Client:
        return registry.get(self.deps, client_id)

    def add_account(self, username: str = "chenxiaochao", **changes: Any) -> Account:
        return add_account(self.deps, username, **changes)

    def browser(self) -> Browser:
        return Browser(self, self.app.test_client())

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of a good authorization request, with ``changes`` (None leaves one out)."""
        good: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "scjg",
            "redirect_uri": CALLBACK,
            "scope": "openid profile",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    def post(self, path: str, form: dict[str, str | None], *, client_id: str = "scjg", **more: Any) -> OAuthResponse:
        """Post to a machine endpoint as a client with its secret in the header."""
        values = {name: value for name, value in form.items() if value is not None}
        more.setdefault("authorization", basic(client_id, self.secrets.get(client_id)))
        return dispatch.ENDPOINTS[path](self.deps, OAuthRequest("POST", NOTHING, Parameters(values), **more))

    def redeem(self, code: str, *, client_id: str = "scjg", **changes: str | None) -> OAuthResponse:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        return self.post(endpoints.TOKEN, form | changes, client_id=client_id)

    def refresh(self, refresh_token: str, *, client_id: str = "scjg", **changes: str | None) -> OAuthResponse:
        form: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.post(endpoints.TOKEN, form | changes, client_id=client_id)

    def userinfo(self, access_token: str) -> OAuthResponse:
        request = OAuthRequest("GET", authorization=f"Bearer {access_token}")
        return dispatch.ENDPOINTS[endpoints.USERINFO](self.deps, request)


@contextmanager
def provider_in(folder: Path, keys: KeyStore, **options: Any) -> Iterator[Provider]:
    """A provider on a SQLite file in ``folder``, for tests that share one."""
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with engine_on(f"sqlite:///{folder / 'provider.sqlite'}") as engine:
        yield Provider(make_idp_deps(engine, keys, clock, **options))


class Browser:
    """One browser: keeps cookies, follows the provider's own redirects, stops at a client's door."""

    def __init__(self, provider: Provider, client: FlaskClient) -> None:
        self.provider = provider
        self.client = client

    def own_cookies(self) -> tuple[str, ...]:
        """Return the values by which the provider knows this browser again."""
        return tuple(cookie.value for (_, _, name), cookie in self.client._cookies.items() if "_browser_" in name)

    def get(self, path: str, query: dict[str, str] | None = None) -> TestResponse:
        return self.follow(self.client.get(path, query_string=query))

    def follow(self, answer: TestResponse) -> TestResponse:
        for _ in range(10):
            location = answer.headers.get("Location", "")
            if answer.status_code != 303 or not location.startswith("/"):
                return answer
            answer = self.client.get(location)
        message = "too many redirects"
        raise AssertionError(message)

    def submit(self, page: TestResponse, asks: str, **typed: str) -> TestResponse:
        """Fill the form of ``page`` that has an input with autocomplete ``asks`` and send it; redirects are not followed."""
        form = find_form(page.text, asks)
        assert form is not None, page.text
        return self.send(form, **typed)

    def send(self, form: Form, **typed: str) -> TestResponse:
        values = form.values | {form.asks.get(name.replace("_", "-"), name): value for name, value in typed.items()}
        return self.client.post(form.action, data=values)

    def type_password(self, page: TestResponse, username: str = "chenxiaochao", password: str = PASSWORD) -> TestResponse:
        return self.submit(page, "current-password", username=username, current_password=password)

    def log_in(self, username: str = "chenxiaochao", password: str = PASSWORD) -> TestResponse:
        """Log in without a client."""
        return self.type_password(self.get("/login"), username, password)

    def authorize(self, *, username: str | None = None, **changes: str | None) -> dict[str, str]:
        """Send an authorization request, log in if a username is given, agree if asked, and return what the client gets."""
        answer = self.get(endpoints.AUTHORIZE, self.provider.request(**changes))
        if username is not None:
            answer = self.follow(self.type_password(answer, username))
        return returned(self.agree(answer))

    def agree(self, page: TestResponse, *left_out: str) -> TestResponse:
        """Come for nobody else where that is asked, and agree to all of a consent page but the scopes ``left_out``.

        Any other page stays as it is.
        """
        page = self.come_for("", page)
        form = find_consent(page.text) if page.status_code == HTTPStatus.OK else None
        if form is None:
            return page
        values = {name: value for name, value in form.values.items() if name not in {f"scope_{scope}" for scope in left_out}}
        return self.follow(self.client.post(form.action, data=values))

    def come_for(self, acting: str, page: TestResponse) -> TestResponse:
        """Say by which mandate one acts (empty: as oneself) on the page that asks; any other page stays as it is."""
        form = find_identity(page.text) if page.status_code == HTTPStatus.OK else None
        if form is None:
            return page
        return self.follow(self.client.post(form.action, data=form.values | {"acting": acting}))

    def tokens(self, *, username: str | None = None, client_id: str = "scjg", **changes: str | None) -> dict[str, Any]:
        """Go the whole way and return the token answer."""
        back = self.authorize(username=username, client_id=client_id, **changes)
        answer = self.provider.redeem(back["code"], client_id=client_id)
        assert answer.status == 200, answer.body
        return json_of(answer)


def returned(answer: TestResponse) -> dict[str, str]:
    """Return the parameters that a redirect to a client carries, or that the person takes there by the button of an error page."""
    held = find_return(answer.text)
    if held is not None:
        return parse_return(held)
    assert answer.status_code == 303, f"{answer.status_code}\n{answer.text}"
    return parse_return(answer.headers["Location"])


def json_of(answer: OAuthResponse) -> dict[str, Any]:

    document: dict[str, Any] = json.loads(answer.body)
    return document


class _Bytecode(BytecodeCache):
    """Compiles each template once a test process instead of once a test."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_BYTECODE = _Bytecode()


def _make_app(deps: IdpDeps) -> Flask:
    """The blueprint in the frame of the house, without the other rooms."""
    app = Flask("service")
    app.jinja_options = {"bytecode_cache": _BYTECODE}
    app.config.update(BOOTSTRAP_SERVE_LOCAL=True, MAX_FORM_MEMORY_SIZE=256 * 1024)
    Bootstrap5(app)
    Csrf(deps.node, deps.keys.secret("csrf")).init_app(app)
    headers.init_app(app, deps.node)
    i18n.init_app(app, deps.node)
    Frame().init_app(app)
    app.register_blueprint(make_blueprint(deps))
    visitors = Visitors(deps)
    app.context_processor(lambda: {"node": deps.node, "visitor": visitors.current()})

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[str, int]:
        return render_template("error.html", error=error, status=error.error.status), error.error.status

    return app
