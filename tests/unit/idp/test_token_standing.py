"""Whether an access token still stands is one statement; it must see each of the four things that can end it, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from idp.clients import registry
from idp.people import accounts
from idp.ports import IdpDeps
from idp.records import Grant
from kernel.clock import FixedClock
from tests.support.idp import OPERATOR, add_account, add_client


def counts(deps: IdpDeps, grant_id: str | None, *, client_id: str = "scjg") -> bool:
    with deps.work.read() as work:
        return work.records.does_access_token_count(client_id, "a-jti", grant_id)


def grant_to(deps: IdpDeps, clock: FixedClock) -> Grant:
    add_client(deps)
    account = add_account(deps)
    grant = Grant("g", "scjg", account.id, "s", ("openid",), "acr", ("pwd",), clock.now(), clock.now())
    with deps.work.begin() as work:
        work.records.add_grant(grant)
    return grant


def revoke_grant(deps: IdpDeps, grant: Grant) -> None:
    with deps.work.begin() as work:
        assert work.records.revoke_grant(grant.id, deps.clock.now())


def revoke_token(deps: IdpDeps, _: Grant) -> None:
    with deps.work.begin() as work:
        work.records.revoke_access_token("a-jti", deps.clock.now() + timedelta(minutes=5))


def disable_account(deps: IdpDeps, grant: Grant) -> None:
    accounts.disable(deps, grant.account_id, actor=OPERATOR)


def disable_client(deps: IdpDeps, grant: Grant) -> None:
    registry.disable(deps, grant.client_id, actor=OPERATOR)


def test_a_token_counts_while_nothing_has_ended_it(deps: IdpDeps, clock: FixedClock) -> None:
    grant = grant_to(deps, clock)
    assert counts(deps, grant.id)
    assert counts(deps, None)
    assert not counts(deps, "another")
    assert not counts(deps, None, client_id="nobody")


@pytest.mark.parametrize("end", [revoke_grant, revoke_token, disable_account, disable_client])
def test_a_token_ends_with_its_grant_its_account_its_client_and_by_itself(
    deps: IdpDeps, clock: FixedClock, end: Callable[[IdpDeps, Grant], None]
) -> None:
    grant = grant_to(deps, clock)
    end(deps, grant)
    assert not counts(deps, grant.id)
    assert counts(deps, None) is (end in {revoke_grant, disable_account})
