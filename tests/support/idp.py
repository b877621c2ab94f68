"""An identity provider on a database of its own, and a browser that fills its forms; no sockets, nothing of ours replaced."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp import dispatch, endpoints, storage
from idp.clients import registry
from idp.people import accounts
from idp.ports import IdpDeps, IdpRecords
from idp.records import Account, Client
from idp.wire import NOTHING, OAuthRequest, OAuthResponse, Parameters
from kernel.audit import AuditEvent
from kernel.clock import Clock, FixedClock
from kernel.nodes import Node
from kernel.randomness import token
from pki.ports import KeyStore
from pki.storage import index_keys
from pki.vault import Vault
from policies.claim_models import Continued
from policies.models import Policies
from service import audit
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all, engine_on
from tests.support.idp_authority import authority_of, trust_of
from tests.support.idp_elsewhere import Licenses, Published
from tests.support.idp_pages import make_app
from tests.support.policies import packaged
from tests.support.relying_party import Form, find_consent, find_form, find_identity, find_return, parse_return

CITY = Node("445100", "潮州市", "city", "http://localhost:8100", (("C", "CN"), ("ST", "广东省"), ("L", "潮州市")))
MARKET = "114451008W15P11PMR"
SOCIAL_SECURITY = "114451006B39GGDTXW"
OPERATOR = "operator:test"
PASSWORD = "a wholly unlikely pass phrase"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CALLBACK = "https://scjg.example.cn/callback"


def _now(act: Callable[[], object]) -> None:
    """Do at once what need not be waited for, so that a test sees it done."""
    act()


class RecordingAtOnce:
    """A spool whose events are in the trail at once, so that a test sees them there."""

    def __init__(self, work: SqlUnitOfWork[IdpRecords]) -> None:
        self._work = work

    def append(self, event: AuditEvent) -> bool:
        with self._work.note() as work:
            work.audit.record(event)
        return True


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
    create_all(engine, audit.metadata, index_keys.metadata, storage.metadata)
    policies = with_releases(packaged(), continued=continued)
    tokens = policies.tokens.model_copy(update={"signing_algorithms": algorithms, **token_policies})
    work: SqlUnitOfWork[IdpRecords] = SqlUnitOfWork(engine, storage.SqlIdpRecords)
    ca = replace(authority_of(node), clock=clock)
    return IdpDeps(
        node=node,
        policies=policies.model_copy(update={"tokens": tokens}),
        keys=keys,
        pki=ca,
        vault=Vault(keys),
        clock=clock,
        work=work,
        holder_licenses=Licenses(),
        journal=audit.AuditJournal(engine),
        spool=RecordingAtOnce(work),
        fetch=Published(),
        trust=trust_of(node, ca),
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


def with_limits(deps: IdpDeps, **limits: Any) -> IdpDeps:
    """Return the room with other limits of tries."""
    limited = deps.policies.assurance.throttle.model_copy(update=limits)
    assurance = deps.policies.assurance.model_copy(update={"throttle": limited})
    return replace(deps, policies=deps.policies.model_copy(update={"assurance": assurance}))


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
        self.app = make_app(deps)
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

    def post(self, path: str, page: TestResponse, **values: str) -> TestResponse:
        """Post to an address of our own with the form token that ``page`` has; redirects are not followed."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found is not None, page.text
        return self.client.post(path, data={"csrf_token": found[1], **values})

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
