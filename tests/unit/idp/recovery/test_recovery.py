"""Recovery: two proofs and a day, or a service window and a day; then only the new password counts (G9)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from idp.authenticators import passkeys, recovery
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device
from idp.citizens import registration
from idp.interaction import login
from idp.notices import delivery, links, not_me
from idp.people import accounts
from idp.ports import IdpDeps
from idp.recovery import cancelling, completing, proofs, requests, window
from idp.registers.errors import REGISTER_AWAY
from idp.registers.ports import Match, Registers
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import OPERATOR, PASSWORD, add_account, events
from tests.support.passkeys import enrolled, enter
from tests.support.post import Post
from tests.support.recovering import start_at_window

HERE, ELSEWHERE = Visit(("this browser",)), Visit(("another browser",))
HOME = Device("192.0.2.7")
NEW = "tides come in and tides go out"
WRONG = "000000"


@dataclass
class Lost:
    """Somebody who lost something: their messages, what they still have, and where they were logged in."""

    deps: IdpDeps
    post: Post
    current: Current
    codes: tuple[str, ...]

    def begin(self, name: str = "chenxiaochao", visit: Visit = HERE, channel: str = "email") -> requests.Ticket:
        return requests.begin(self.deps, visit, HOME, name=name, channel=channel)  # type: ignore[arg-type]

    def contact(self) -> requests.Ticket:
        return proofs.prove_contact(self.deps, self.begin().cookie, HERE, HOME, self.post.code)

    def waiting(self) -> requests.Ticket:
        return proofs.prove_by_code(self.deps, self.contact().cookie, HERE, HOME, self.codes[0])

    def due(self, clock: FixedClock) -> requests.Ticket:
        ticket = self.waiting()
        clock.advance(timedelta(days=1))
        return completing.send_code(self.deps, ticket.cookie, HERE, HOME)


def lost_in(deps: IdpDeps) -> Lost:
    """Somebody with a password, a passkey, recovery codes, and both contacts confirmed."""
    post = Post()
    deps = replace(deps, messengers={"email": post, "phone": post})
    account = add_account(deps, resident_id="445102198806123626", real_name_level=4)
    current = enter(deps)
    enrolled(deps, current)
    current = Current(replace(current.session, acr="urn:chaoxin:aal:2"), current.account)
    codes = recovery.make(deps, current)
    with deps.work.begin() as work:
        record = work.records.find_account(account.id)
        assert record is not None
        opened = accounts.open_record(deps, record)
        reached = replace(opened, email="c@example.cn", phone="138 0000 0002", confirmed=("email", "phone"))
        work.records.put_person(accounts.seal(deps, reached, deps.clock.now()))
    delivery.deliver(deps)
    post.sent.clear()
    return Lost(deps, post, current, codes)


@pytest.fixture
def lost(deps: IdpDeps) -> Lost:
    return lost_in(deps)


@pytest.fixture
def lone(light: IdpDeps) -> Lost:
    """The same on SQLite alone."""
    return lost_in(light)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def log_in(deps: IdpDeps, password: str) -> object:
    return login.submit_password(deps, transaction_id=None, visit=HERE, device=HOME, username="chenxiaochao", password=password)


def test_g9_two_proofs_and_a_day_give_a_new_password_and_void_all_else(lost: Lost, clock: FixedClock, engine: sa.Engine) -> None:
    deps, account = lost.deps, lost.current.account
    ticket = lost.waiting()
    assert refused(lambda: completing.send_code(deps, ticket.cookie, HERE, HOME)) == "recovery_early"
    clock.advance(timedelta(hours=23, minutes=59))
    assert refused(lambda: completing.complete(deps, ticket.cookie, HERE, HOME, code=WRONG, password=NEW)) == "recovery_early"
    clock.advance(timedelta(minutes=1))
    ticket = completing.send_code(deps, ticket.cookie, HERE, HOME)
    code = lost.post.code
    completing.complete(deps, ticket.cookie, HERE, HOME, code=code, password=NEW)
    assert sessions.listed(deps, account.id) == []
    with deps.work.read() as work:
        (left,) = work.records.authenticators(account.id)
    assert (left.kind, left.alone) == ("password", True)
    assert refused(lambda: log_in(deps, PASSWORD)) == "login_failed"
    assert isinstance(log_in(deps, NEW), login.LoggedIn)
    again = accounts.get_by_username(deps, "chenxiaochao")
    assert (again.id, again.holder_id) == (account.id, account.holder_id)
    assert [event["action"] for event in events(engine, "idp.complete_recovery")] == ["idp.complete_recovery"]
    assert refused(lambda: completing.complete(deps, ticket.cookie, HERE, HOME, code=code, password=NEW)) == "recovery_over"


def test_g9_every_confirmed_channel_is_told_each_until_it_was_taken(lost: Lost) -> None:
    broken, mail, deps = Post(broken=True), lost.post, lost.deps
    deps.messengers["phone"] = broken  # type: ignore[index]
    lost.waiting()
    told = [text for _, _, text in mail.sent if "24小时后可以设置新口令" in text]
    assert (len(told), broken.sent) == (1, [])
    broken.broken = False
    delivery.deliver(deps)
    delivery.deliver(deps)
    assert len([text for _, _, text in mail.sent if "24小时后" in text]) == 1
    assert [address for address, _, text in broken.sent if "24小时后" in text] == ["138 0000 0002"]


def test_g9_the_notices_link_cancels_without_a_login(lost: Lost, clock: FixedClock) -> None:
    ticket = lost.waiting()
    with lost.deps.work.read() as work:
        notice = next(one for one in work.records.notices(lost.current.account.id) if one.what == "recovery_waiting")
    not_me.report(lost.deps, notice.id, links.proof(lost.deps, notice.id))
    clock.advance(timedelta(days=1))
    assert refused(lambda: completing.send_code(lost.deps, ticket.cookie, HERE, HOME)) == "recovery_over"


def test_whoever_is_logged_in_sees_and_cancels_it(lone: Lost, clock: FixedClock, sqlite: sa.Engine) -> None:
    assert cancelling.waiting(lone.deps, lone.current) == []
    ticket = lone.waiting()
    assert len(cancelling.waiting(lone.deps, lone.current)) == 1
    cancelling.cancel(lone.deps, lone.current)
    cancelling.cancel(lone.deps, lone.current)
    assert len(events(sqlite, "idp.cancel_recovery")) == 1
    clock.advance(timedelta(days=1))
    assert refused(lambda: completing.send_code(lone.deps, ticket.cookie, HERE, HOME)) == "recovery_over"


def test_keycloak_2026_18963_no_step_is_taken_without_the_token_of_the_one_before(lone: Lost, clock: FixedClock) -> None:
    deps, begun = lone.deps, lone.begin()
    code = lone.post.code
    steps: list[Callable[[str], object]] = [
        lambda cookie: proofs.prove_by_code(deps, cookie, HERE, HOME, lone.codes[0]),
        lambda cookie: proofs.prove_by_passkey(deps, cookie, HERE, HOME, "{}"),
        lambda cookie: completing.send_code(deps, cookie, HERE, HOME),
        lambda cookie: completing.complete(deps, cookie, HERE, HOME, code=code, password=NEW),
    ]
    assert [refused(lambda step=step: step(begun.cookie)) for step in steps] == ["recovery_over"] * 4  # type: ignore[misc]
    proven = proofs.prove_contact(deps, begun.cookie, HERE, HOME, code)
    # The step's own token, not the last one's, nor one made up, nor that of another recovery.
    other = lone.begin()
    forged = [
        begun.cookie,
        f"{begun.recovery.id}.made-up",
        begun.recovery.id,
        "",
        f"{begun.recovery.id}.{other.cookie.partition('.')[2]}",
    ]
    assert {refused(lambda one=one: steps[0](one)) for one in forged} == {"recovery_over"}  # type: ignore[misc]
    assert refused(lambda: proofs.prove_contact(deps, proven.cookie, HERE, HOME, code)) == "recovery_over"
    waiting = proofs.prove_by_code(deps, proven.cookie, HERE, HOME, lone.codes[0])
    clock.advance(timedelta(days=1))
    assert refused(lambda: completing.send_code(deps, proven.cookie, HERE, HOME)) == "recovery_over"
    sent = completing.send_code(deps, waiting.cookie, HERE, HOME)
    late = lone.post.code
    assert refused(lambda: completing.complete(deps, waiting.cookie, HERE, HOME, code=late, password=NEW)) == "recovery_over"
    completing.complete(deps, sent.cookie, HERE, HOME, code=late, password=NEW)


def test_another_browser_goes_no_step_further_with_the_same_token(lone: Lost, clock: FixedClock) -> None:
    begun = lone.begin()
    assert refused(lambda: proofs.prove_contact(lone.deps, begun.cookie, ELSEWHERE, HOME, lone.post.code)) == "recovery_over"
    proven = proofs.prove_contact(lone.deps, begun.cookie, HERE, HOME, lone.post.code)
    assert refused(lambda: proofs.prove_by_code(lone.deps, proven.cookie, ELSEWHERE, HOME, lone.codes[0])) == "recovery_over"
    ticket = proofs.prove_by_code(lone.deps, proven.cookie, HERE, HOME, lone.codes[0])
    clock.advance(timedelta(days=1))
    assert refused(lambda: completing.send_code(lone.deps, ticket.cookie, ELSEWHERE, HOME)) == "recovery_over"


def test_steps_end_and_so_does_the_time_to_complete(lone: Lost, clock: FixedClock) -> None:
    begun = lone.begin()
    clock.advance(timedelta(seconds=lone.deps.policies.assurance.sent_codes.seconds))
    assert refused(lambda: proofs.prove_contact(lone.deps, begun.cookie, HERE, HOME, lone.post.code)) == "sent_code_wrong"
    clock.advance(timedelta(hours=1))
    assert refused(lambda: proofs.prove_contact(lone.deps, begun.cookie, HERE, HOME, lone.post.code)) == "recovery_over"
    ticket = lone.waiting()
    clock.advance(timedelta(days=4))
    assert refused(lambda: completing.send_code(lone.deps, ticket.cookie, HERE, HOME)) == "recovery_over"


def test_a_step_taken_many_times_at_once_is_taken_once(lost: Lost, clock: FixedClock) -> None:
    ticket = lost.due(clock)

    def complete(_: int) -> str:
        try:
            completing.complete(lost.deps, ticket.cookie, HERE, HOME, code=lost.post.code, password=NEW)
        except Refusal as refusal:
            return refusal.code
        return "completed"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(complete, range(3))) == ["completed", "recovery_over", "recovery_over"]


def test_a_recovery_holds_no_count_of_the_account_while_it_waits_for_one_of_a_name(
    lost: Lost, clock: FixedClock, engine: sa.Engine
) -> None:
    """A try takes the name's first: in another order the two would wait for each other, and the database end one of them."""
    if engine.dialect.name == "sqlite":
        return  # where one writes at a time
    refused(lambda: log_in(lost.deps, "a wrong password"))
    ticket, digest = lost.due(clock), lost.deps.vault.digest
    take = sa.text("SELECT 1 FROM idp_tries WHERE digest = :digest FOR UPDATE NOWAIT")
    with ThreadPoolExecutor(1) as pool, engine.connect() as trying, engine.connect() as watching:
        assert trying.scalar(take, {"digest": digest("chenxiaochao", "idp.try.name")})
        recovered = pool.submit(completing.complete, lost.deps, ticket.cookie, HERE, HOME, code=lost.post.code, password=NEW)
        while not watching.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            assert not recovered.done()
        assert trying.scalar(take, {"digest": digest(lost.current.account.id, "idp.try.account")})
        trying.rollback()
        recovered.result()


@pytest.mark.parametrize("name", ["nobody", "445102198806123626X", "clerk", "chenxiaochao"])
def test_nobody_learns_who_is_here_and_how_they_are_reached(lone: Lost, name: str) -> None:
    """The same answers for nobody, for staff, for a number that is none, and for somebody who confirmed no phone."""
    add_account(lone.deps, "clerk", kind="staff", totp_secret=pyotp.random_base32())
    with lone.deps.work.begin() as work:
        record = work.records.find_username("chenxiaochao")
        assert record is not None
        opened = replace(accounts.open_record(lone.deps, record), confirmed=("email",))
        work.records.put_person(accounts.seal(lone.deps, opened, lone.deps.clock.now()))
    begun = lone.begin(name, channel="phone")
    assert lone.post.sent == []
    answers = [refused(lambda: proofs.prove_contact(lone.deps, begun.cookie, HERE, HOME, WRONG)) for _ in range(6)]
    known = lone.begin("445102198806123626", visit=ELSEWHERE)
    assert len(lone.post.sent) == 1
    wrong = WRONG if lone.post.code != WRONG else "000001"
    expected = [refused(lambda: proofs.prove_contact(lone.deps, known.cookie, ELSEWHERE, HOME, wrong)) for _ in range(6)]
    assert answers == expected == ["sent_code_wrong"] * 6, "nor that one person's tries were used up under another name"


def test_no_limit_tells_which_number_a_contact_belongs_to(lone: Lost) -> None:
    """Used up by asking under one name, the messages of a contact end, which nobody hears who asks under another one."""
    limit = lone.deps.policies.assurance.sent_codes.destination_sends
    for _ in range(limit):
        lone.begin("445102198806123626")
    assert len(lone.post.sent) == limit
    assert refused(lambda: lone.begin("445102198806123626")) == "sending_throttled", "whom they asked for so often they know"
    for ask in (
        lambda: lone.begin("chenxiaochao"),
        lambda: lone.begin("c@example.cn"),
        lambda: lone.begin("nobody@example.cn"),
        lambda: registration.begin(
            lone.deps, HERE, HOME, name="翁𬱖", resident_id="445102197105193010", contact="c@example.cn", password=NEW
        ),
    ):
        ask()
    assert len(lone.post.sent) == limit


def test_tries_count_with_those_of_every_other_channel(lone: Lost) -> None:
    begun = lone.begin()
    wrong = WRONG if lone.post.code != WRONG else "000001"
    for _ in range(4):
        refused(lambda: proofs.prove_contact(lone.deps, begun.cookie, HERE, HOME, wrong))
    assert refused(lambda: log_in(lone.deps, "a wrong password")) == "login_failed"
    assert refused(lambda: log_in(lone.deps, PASSWORD)) == "login_failed", "no try is left, and whose they were is not told"
    assert refused(lambda: proofs.prove_contact(lone.deps, begun.cookie, HERE, HOME, lone.post.code)) == "sent_code_wrong"


def test_a_second_proof_is_somebody_elses_or_wrong_or_right(lone: Lost) -> None:
    proven = lone.contact()
    assert refused(lambda: proofs.prove_by_code(lone.deps, proven.cookie, HERE, HOME, "AAAA-AAAA-AAAA")) == "recovery_proof_wrong"
    assert refused(lambda: proofs.prove_by_code(lone.deps, proven.cookie, HERE, HOME, WRONG)) == "recovery_proof_wrong"
    add_account(lone.deps, "huangyao")
    theirs = enrolled(lone.deps, enter(lone.deps, "huangyao"))
    options = proofs.passkey_options(lone.deps, proven.recovery, HERE)
    assert (
        refused(lambda: proofs.prove_by_passkey(lone.deps, proven.cookie, HERE, HOME, theirs.get(options)))
        == "recovery_proof_wrong"
    )
    login_options = passkeys.request_options(lone.deps, HERE.browser, None)
    assert (
        refused(lambda: proofs.prove_by_passkey(lone.deps, proven.cookie, HERE, HOME, theirs.get(login_options)))
        == "passkey_refused"
    )


def test_a_passkey_is_a_second_proof(lone: Lost) -> None:
    with lone.deps.work.begin() as work:
        for one in work.records.authenticators(lone.current.account.id):
            if one.kind == "passkey":
                work.records.remove_authenticator(one.id)
    fresh = Current(replace(lone.current.session, acr="urn:chaoxin:aal:2"), lone.current.account)
    mine = enrolled(lone.deps, fresh, name="新的")
    proven = lone.contact()
    ticket = proofs.prove_by_passkey(
        lone.deps, proven.cookie, HERE, HOME, mine.get(proofs.passkey_options(lone.deps, proven.recovery, HERE))
    )
    assert (ticket.recovery.step, ticket.recovery.proofs) == ("waiting", ("email", "passkey"))


@dataclass
class Register:
    """A population register that knows one person, or is away."""

    away: bool = False
    asked: int = 0

    def match(self, name: str, resident_id: str) -> Match:
        self.asked += 1
        if self.away:
            raise Refusal(REGISTER_AWAY)
        return "matched" if (name, resident_id) == ("陈晓潮", "445102198806123626") else "not_matched"


def test_name_and_number_are_a_second_proof_where_account_and_register_have_them(lone: Lost) -> None:
    register = Register(away=True)
    deps = replace(lone.deps, registers=Registers(population=register))
    proven = lone.contact()

    def prove(name: str = "陈晓潮", number: str = "445102198806123626") -> requests.Ticket:
        return proofs.prove_by_register(deps, proven.cookie, HERE, HOME, name=name, resident_id=number)

    assert refused(lambda: prove(number="445102199001011234")) == "recovery_proof_wrong"
    assert refused(lambda: prove(name="陈小潮")) == "recovery_proof_wrong"
    assert register.asked == 0
    assert [refused(prove) for _ in range(6)] == ["register_away"] * 6
    register.away = False
    assert prove().recovery.proofs == ("email", "register")


def test_a_new_password_must_do_alone_and_is_hashed_for_no_blocked_try(
    lone: Lost, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = lone.due(clock)
    code = lone.post.code
    for weak in ("short", "chenxiaochao-1988", "password1234567"):
        assert (
            refused(lambda weak=weak: completing.complete(lone.deps, ticket.cookie, HERE, HOME, code=code, password=weak))  # type: ignore[misc]
            == "password_unsuitable"
        )
    monkeypatch.setattr(completing.passwords, "hash_password", lambda _: pytest.fail("a wrong try was hashed"))
    wrong = WRONG if code != WRONG else "000001"
    for _ in range(5):
        with pytest.raises(Refusal):
            completing.complete(lone.deps, ticket.cookie, HERE, HOME, code=wrong, password=NEW)
    assert (
        refused(lambda: completing.complete(lone.deps, ticket.cookie, HERE, HOME, code=code, password=NEW)) == "login_throttled"
    )


def test_an_account_disabled_meanwhile_is_not_recovered(lone: Lost, clock: FixedClock) -> None:
    ticket = lone.waiting()
    accounts.disable(lone.deps, lone.current.account.id, actor=OPERATOR)
    clock.advance(timedelta(days=1))
    assert refused(lambda: completing.send_code(lone.deps, ticket.cookie, HERE, HOME)) == "account_disabled"


# At a service window.


def test_g9_a_windows_code_works_after_a_day_once_and_everybody_is_told(lost: Lost, clock: FixedClock) -> None:
    deps, account = lost.deps, lost.current.account
    first = start_at_window(deps, account.id)
    code = start_at_window(deps, account.id)

    def complete(typed: str, name: str = "chenxiaochao") -> None:
        window.complete(deps, HOME, name=name, code=typed, password=NEW)

    delivery.deliver(deps)
    assert {address for address, _, text in lost.post.sent if "找回" in text} == {"c@example.cn", "138 0000 0002"}
    assert refused(lambda: complete(code)) == "recovery_early"
    clock.advance(timedelta(days=1))
    assert refused(lambda: complete(first)) == "window_code_wrong"
    assert refused(lambda: complete(code, "nobody")) == "window_code_wrong"
    complete(code.lower().replace("-", " "))
    assert refused(lambda: complete(code)) == "window_code_wrong"
    assert isinstance(log_in(deps, NEW), login.LoggedIn)
    assert sessions.listed(deps, account.id)[0].session.account_id == account.id


def test_nobodys_staff_or_admin_is_recovered_at_a_window(lone: Lost) -> None:
    admin = add_account(lone.deps, "admin", kind="security_admin", roles=("security_admin",), totp_secret=pyotp.random_base32())
    assert refused(lambda: start_at_window(lone.deps, admin.id)) == "recovery_unsuitable"
    assert refused(lambda: start_at_window(lone.deps, "sub.nobody")) == "account_unknown"
    accounts.disable(lone.deps, lone.current.account.id, actor=OPERATOR)
    assert refused(lambda: start_at_window(lone.deps, lone.current.account.id)) == "account_disabled"
