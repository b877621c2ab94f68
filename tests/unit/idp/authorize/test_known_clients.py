"""A system that was looked up before is not looked up again: what it may is always what is registered now, and what is answered is stored at once."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp.authorize import flow
from idp.authorize.established import recall_client
from idp.authorize.transactions import Visit, find_visit
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device
from idp.clients import registry
from idp.interaction import consent
from idp.ports import IdpDeps
from idp.records import Mandate
from idp.storage.tables import grants, session_clients, transactions
from idp.wire import Parameters
from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.work import Conflict
from tests.support.idp import CALLBACK, OPERATOR, add_account, add_client, another_process, challenge_of

OTHER = "https://scjg.example.cn/other"
STRANGER = Visit(("a browser",))


def ask(redirect_uri: str = CALLBACK) -> Parameters:
    said = {"response_type": "code", "client_id": "scjg", "redirect_uri": redirect_uri, "scope": "openid", "state": "s"}
    return Parameters(said | {"code_challenge": challenge_of("v" * 43), "code_challenge_method": "S256"})


def log_in(deps: IdpDeps, username: str) -> str:
    """Return the cookie of somebody who is new here and logged in."""
    account = add_account(deps, username)
    with deps.work.begin() as work:
        return sessions.start(work, deps, account.id, ("pwd",), Device("192.0.2.1")).cookie


def give_mandate(deps: IdpDeps, visit: Visit) -> None:
    """Let somebody be an agent, with no powers at this department."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        work.records.add_mandate(Mandate("m", "nobody", current(visit).account.id, (), (), now, now, now))


def come(deps: IdpDeps, cookie: str) -> Visit:
    return find_visit(deps, ("a browser",), cookie, "scjg")


@pytest.fixture
def cookie(deps: IdpDeps) -> str:
    add_client(deps)
    return log_in(deps, "chenxiaochao")


@pytest.fixture
def person(deps: IdpDeps, cookie: str) -> Visit:
    return come(deps, cookie)


def current(visit: Visit) -> Current:
    assert visit.current is not None
    return visit.current


def outcome(deps: IdpDeps, visit: Visit, redirect_uri: str = CALLBACK) -> str:
    """Return what comes of a request."""
    try:
        found = flow.begin(deps, ask(redirect_uri), visit)
    except Refusal as refusal:
        return refusal.error.code
    if isinstance(found, flow.Answer):
        return found.parameters.get("error", "code")
    return str(found.step) if isinstance(found, flow.Ask) else "held"


def count(engine: sa.Engine) -> list[int]:
    with engine.connect() as connection:
        return [
            connection.execute(sa.select(sa.func.count()).select_from(one)).scalar_one()
            for one in (grants, session_clients, transactions)
        ]


def let_answers_go_elsewhere(deps: IdpDeps) -> None:
    registry.update(deps, replace(registry.get(deps, "scjg"), redirect_uris=(OTHER,)), actor=OPERATOR)


@pytest.mark.parametrize(
    ("change", "then"),
    [
        (lambda deps: registry.disable(deps, "scjg", actor=OPERATOR), ("authorize_client", "authorize_client")),
        (let_answers_go_elsewhere, ("authorize_redirect_uri", None)),
    ],
    ids=["disabled", "another address"],
)
def test_a_system_that_another_process_changed_is_taken_as_it_is_now(
    deps: IdpDeps, cookie: str, engine: sa.Engine, change: Callable[[IdpDeps], None], then: tuple[str, str | None]
) -> None:
    cookies = (cookie, log_in(deps, "linwenshu"))
    give_mandate(deps, come(deps, cookies[1]))
    for _ in range(2):  # the second time, all that the first has stored is foreseen
        person, agent = (come(deps, each) for each in cookies)
        assert [outcome(deps, visit) for visit in (STRANGER, person, agent)] == ["login", "code", "code"]
    assert (person.foreseen is not None, agent.foreseen) == (True, None)
    assert recall_client(deps, ask()) is not None, "this is about a system that is remembered"
    stored, known = count(engine), deps.kept["authorizing"]
    change(another_process(deps))
    for visit, now in ((person, "code"), (agent, "code"), (STRANGER, "login")):
        remembered = replace(deps, kept={**deps.kept, "authorizing": deepcopy(known)})
        assert [outcome(remembered, visit, uri) for uri in (CALLBACK, OTHER)] == [then[0], then[1] or now]
        assert [outcome(remembered, visit, uri) for uri in (CALLBACK, OTHER)] == [then[0], then[1] or now]
    granted = 0 if then[1] else 2
    assert count(engine) == [stored[0] + 2 * granted, stored[1], stored[2] + granted]


@pytest.mark.parametrize(
    ("elsewhere", "error"),
    [
        ({"request": "unsigned"}, "invalid_request_object"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:unknown"}, "invalid_request_uri"),
    ],
)
def test_what_a_request_says_elsewhere_is_what_counts_of_a_remembered_system_too(
    light: IdpDeps, elsewhere: dict[str, str], error: str
) -> None:
    add_client(light)
    cookie = log_in(light, "chenxiaochao")
    assert outcome(light, come(light, cookie)) == "code"
    found = flow.begin(light, Parameters({**ask().values, **elsewhere}), come(light, cookie))
    assert isinstance(found, flow.Answer)
    assert found.parameters["error"] == error


def test_whoever_was_logged_out_meanwhile_is_granted_nothing(deps: IdpDeps, person: Visit, engine: sa.Engine) -> None:
    assert outcome(deps, person) == "code"
    sessions.end(deps, current(person).session, actor=OPERATOR)
    stored = count(engine)
    for each in (deps, another_process(deps)):
        assert outcome(each, person) == "login_required"
    assert count(engine) == stored


def test_what_was_agreed_to_is_what_is_agreed_to_now(deps: IdpDeps, cookie: str, clock: FixedClock) -> None:
    visits = [come(deps, cookie)]
    assert outcome(deps, visits[0]) == "code"
    visits.append(come(deps, cookie))
    for visit in visits:  # the first knows of nothing that was told, the second of what was withdrawn
        known = deepcopy(deps.kept["authorizing"])
        consent.withdraw(deps, current(visit), "scjg")
        clock.advance(timedelta(seconds=1))
        for again in range(2):
            assert outcome(replace(deps, kept={**deps.kept, "authorizing": deepcopy(known)}), visit) == "code"
            (agreement,) = consent.agreements(deps, current(visit).account.id)
            assert agreement.consent.granted_at == clock.now(), f"time {again}"


def test_whoever_was_given_a_mandate_meanwhile_is_asked_for_whom_they_come(deps: IdpDeps, cookie: str) -> None:
    assert outcome(deps, come(deps, cookie)) == "code"
    visit = come(deps, cookie)
    assert visit.foreseen is not None

    def tell() -> None:
        with deps.work.begin() as work:
            known = recall_client(deps, ask())
            work.records.tell_client(current(visit).session.id, "scjg", deps.clock.now(), known, visit.foreseen)

    tell()
    give_mandate(deps, visit)
    with pytest.raises(Conflict):
        tell()
    assert come(deps, cookie).foreseen is None
    assert outcome(deps, visit) == "code", "this one gives no powers here"
