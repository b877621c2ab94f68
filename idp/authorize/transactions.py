"""A login on its way: kept while the person answers, bound to their browser, one for each tab.

The transaction's identifier is in the address of the pages, so that any number of tabs go their own way; the browser's cookie says
that they are this browser's. Left to others: what is asked (``interactions``), how it ends (``flow``).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from idp.authorize.request import AuthorizationRequest, ReturnAddress
from idp.browsers.sessions import Current, find_current, open_found
from idp.clients import redirect_uris
from idp.errors import AUTHORIZE_REDIRECT_URI, TRANSACTION_ELSEWHERE, TRANSACTION_OVER
from idp.hashes import digest
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Foreseen, Transaction
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.work import Conflict


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser: the values of its own cookies (several, when several tabs first came at once), and who is logged in in it.

    ``foreseen`` was found in the transaction that acts on it, or with their session: then the statement that does so makes sure that it still
    is so.
    """

    browser: tuple[str, ...]
    current: Current | None = None
    foreseen: Foreseen | None = None


def find_visit(deps: IdpDeps, browser: tuple[str, ...], cookie: str | None, client_id: str | None) -> Visit:
    """Return the visit of a browser with this session cookie that a client sent here."""
    if not cookie or client_id is None:
        return Visit(browser, find_current(deps, cookie))
    with deps.work.look() as work:
        found = work.records.find_comer(digest(cookie), client_id)
    if found is None:
        return Visit(browser)
    session, record, foreseen = found
    current = open_found(deps, session, record)
    return Visit(browser, current, None if current is None else foreseen)


def foresee(work: IdpWork, visit: Visit, client_id: str) -> tuple[Client | None, Visit]:
    """Return the client, and the visit with what its answer stands on, both of now."""
    if visit.current is None:
        return work.records.find_client(client_id), visit
    client, foreseen = work.records.foresee(visit.current.account.id, client_id)
    return client, replace(visit, foreseen=foreseen)


def open_transaction(
    work: IdpWork,
    deps: IdpDeps,
    *,
    browser: tuple[str, ...] | None,
    request: AuthorizationRequest | None,
    account_id: str | None = None,
    known: Client | None = None,
) -> Transaction:
    """Store a new transaction. ``browser``: its first value; None leaves it to the first browser that shows it; ``request`` None has no client.

    ``Conflict``, at the end at the latest, where a client that was ``known`` before is not what it was.
    """
    now = deps.clock.now()
    transaction = Transaction(
        id=token(16),
        browser_hash=None if browser is None else digest(browser[0]),
        client_id=None if request is None else request.address.client_id,
        request=None if request is None else request.as_json(),
        created_at=now,
        expires_at=now + timedelta(seconds=deps.policies.tokens.login_transaction_seconds),
        account_id=account_id,
    )
    work.records.add_transaction(transaction, known)
    return transaction


@contextmanager
def ending(opening: AbstractContextManager[IdpWork]) -> Iterator[IdpWork]:
    """Open a unit of work in which a login may end; ``Refusal(transaction_over)``, and nothing is done, where it or its session was over before."""
    try:
        with opening as work:
            yield work
    except Conflict:
        raise Refusal(TRANSACTION_OVER) from None


def verify_transaction(deps: IdpDeps, transaction_id: str, browser: tuple[str, ...]) -> Transaction:
    """Return a transaction that is on its way in this browser; ``Refusal`` when it is over or another browser's."""
    with deps.work.look() as work:
        transaction = work.records.find_transaction(transaction_id)
    return verify_found(deps, transaction, browser)


def verify_found(deps: IdpDeps, transaction: Transaction | None, browser: tuple[str, ...]) -> Transaction:
    """Do what :func:`verify_transaction` does with what was looked up already."""
    if transaction is None or transaction.finished_at is not None or transaction.expires_at <= deps.clock.now():
        raise Refusal(TRANSACTION_OVER)
    if transaction.browser_hash is None:
        with deps.work.note() as work:
            if not work.records.bind_transaction(transaction.id, digest(browser[0])):
                raise Refusal(TRANSACTION_ELSEWHERE)
        return replace(transaction, browser_hash=digest(browser[0]))
    if not any(hmac.compare_digest(transaction.browser_hash, digest(value)) for value in browser):
        raise Refusal(TRANSACTION_ELSEWHERE)
    return transaction


def verify_address(client: Client, address: ReturnAddress) -> ReturnAddress:
    """Return where a request that waited is answered, if that is still registered; ``Refusal(authorize_redirect_uri)``."""
    if not redirect_uris.is_registered(address.redirect_uri, client.redirect_uris):
        raise Refusal(AUTHORIZE_REDIRECT_URI, field="redirect_uri")
    return address
