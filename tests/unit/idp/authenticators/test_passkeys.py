"""Passkeys: enrolled, used, and refused where anything about them is not as it was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp import notices
from idp.authenticators import changing, passkeys
from idp.browsers import sessions
from idp.browsers.sessions import Current
from idp.people import accounts
from idp.ports import IdpDeps
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import OPERATOR, add_account, another_process, events
from tests.support.passkeys import BROWSER, Passkey, encoded, enrolled, enter, submit

Change = Callable[[Passkey], Any]


def options(deps: IdpDeps, browser: tuple[str, ...] = BROWSER, transaction_id: str | None = None) -> str:
    return passkeys.request_options(deps, browser, transaction_id)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def told(deps: IdpDeps, current: Current) -> list[str]:
    return [one.text.en for one in notices.told(deps, current.account.id) if "logged in to on" not in one.text.en]


@pytest.mark.parametrize(("synced", "method"), [(True, "swk"), (False, "hwk")])
def test_a_passkey_alone_is_two_factors(deps: IdpDeps, owner: Current, synced: bool, method: str, engine: sa.Engine) -> None:
    passkey = enrolled(deps, owner, synced=synced)
    current = submit(another_process(deps), passkey.get(options(deps)))
    assert current.account.id == owner.account.id
    assert (current.session.acr, current.session.amr) == ("urn:chaoxin:aal:2", (*sorted(["mfa", method]), "user"))
    assert submit(deps, passkey.get(options(deps))).session.id != current.session.id
    assert told(deps, owner) == ["The passkey “我的手机” was enrolled."]
    (event,) = events(engine, "idp.add_authenticator")
    assert '"kind":"passkey"' in event["details"]
    (stored, _) = changing.listed(deps, owner.account.id)
    assert stored[1].last_used_at is not None


WRONG: list[tuple[str, Change]] = [
    ("another origin", lambda passkey: setattr(passkey, "origin", "http://localhost:8101")),
    ("another host", lambda passkey: setattr(passkey, "origin", "https://trust.chaozhou.example.evil.example")),
    ("another relying party", lambda passkey: setattr(passkey, "rp_id", "evil.example")),
    ("a user that was not verified", lambda passkey: setattr(passkey, "verifies", False)),
]


@pytest.mark.parametrize("change", [change for _, change in WRONG], ids=[name for name, _ in WRONG])
def test_what_was_not_asked_for_is_neither_enrolled_nor_let_in(light: IdpDeps, change: Change) -> None:
    add_account(light)
    owner = enter(light)
    new = Passkey()
    change(new)
    answer = new.create(passkeys.creation_options(light, owner, BROWSER))
    assert refused(lambda: passkeys.enrol(light, owner, BROWSER, text=answer, name="x")) == "passkey_refused"
    assert [one.kind for one in changing.listed(light, owner.account.id)[0]] == ["password"]
    passkey = enrolled(light, owner)
    change(passkey)
    assert refused(lambda: submit(light, passkey.get(options(light)))) == "passkey_refused"


def test_an_answer_counts_once_at_its_time_in_its_browser_for_its_login(deps: IdpDeps, owner: Current, clock: FixedClock) -> None:
    passkey = enrolled(deps, owner)
    answer = passkey.get(options(deps))
    assert refused(lambda: submit(deps, answer, browser=("another browser",))) == "passkey_refused"
    for_another = passkey.get(options(deps, transaction_id="another login"))
    assert refused(lambda: submit(deps, for_another)) == "passkey_refused"
    submit(deps, answer)
    assert refused(lambda: submit(deps, answer)) == "passkey_over"
    late = passkey.get(options(deps))
    clock.advance(timedelta(seconds=deps.policies.tokens.login_transaction_seconds))
    assert refused(lambda: submit(deps, late)) == "passkey_over"
    with deps.work.begin() as work:
        removed = work.records.clean_up(deps.clock.now() + timedelta(seconds=1), kept_seconds=86400, login_seconds=1800)
    assert removed == 2  # one enrolled, one logged in


def test_of_the_same_answer_sent_many_times_at_once_one_gets_in(deps: IdpDeps, owner: Current) -> None:
    passkey = enrolled(deps, owner)
    answer = passkey.get(options(deps))

    def send(_: int) -> str:
        try:
            return submit(deps, answer).account.id
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as pool:
        results = sorted(pool.map(send, range(4)))
    assert results == ["passkey_over"] * 3 + [owner.account.id]


def test_a_copied_passkey_is_refused_and_its_owner_told(deps: IdpDeps, owner: Current, engine: sa.Engine) -> None:
    passkey = enrolled(deps, owner, synced=False)
    submit(deps, passkey.get(options(deps)))
    passkey.count -= 1  # the copy signs as if the original had not
    assert refused(lambda: submit(deps, passkey.get(options(deps)))) == "passkey_cloned"
    passkey.count = -1  # and zero is no way around it
    assert refused(lambda: submit(deps, passkey.get(options(deps)))) == "passkey_cloned"
    assert len([one for one in told(deps, owner) if "copied" in one]) == 2
    assert "passkey_cloned" in events(engine, "idp.login")[-1]["details"]


def test_a_signature_of_another_key_and_another_users_name_are_refused(light: IdpDeps) -> None:
    add_account(light)
    other = add_account(light, "huangyao")
    passkey = enrolled(light, enter(light))
    forged = Passkey(identifier=passkey.identifier, user=passkey.user)
    assert refused(lambda: submit(light, forged.get(options(light)))) == "passkey_refused"
    named = passkey.get(options(light), userHandle=encoded(other.id.encode()))
    assert refused(lambda: submit(light, named)) == "passkey_refused"
    assert refused(lambda: submit(light, Passkey(user=passkey.user).get(options(light)))) == "passkey_refused"


def test_a_disabled_account_stays_out(light: IdpDeps) -> None:
    account = add_account(light)
    passkey = enrolled(light, enter(light))
    accounts.disable(light, account.id, actor=OPERATOR)
    assert refused(lambda: submit(light, passkey.get(options(light)))) == "account_disabled"


@pytest.mark.parametrize(("synced", "code"), [(True, "passkey_refused"), (False, "passkey_cloned")])
def test_one_that_is_taken_away_while_it_is_verified_starts_no_session(
    light: IdpDeps, monkeypatch: pytest.MonkeyPatch, synced: bool, code: str
) -> None:
    add_account(light)
    passkey, verify = enrolled(light, enter(light), synced=synced), passkeys.verify

    def verified(*values: Any) -> passkeys.Verified:
        found = verify(*values)
        with light.work.begin() as work:
            work.records.remove_authenticator(found.authenticator.id)
        return found

    monkeypatch.setattr(passkeys, "verify", verified)
    assert refused(lambda: submit(light, passkey.get(options(light)))) == code


def test_guessing_is_limited_and_locks_no_password_out(light: IdpDeps) -> None:
    add_account(light)
    passkey = enrolled(light, enter(light))
    passkey.origin = "https://evil.example"
    codes = [refused(lambda: submit(light, passkey.get(options(light)))) for _ in range(6)]
    assert codes == ["passkey_refused"] * 5 + ["login_throttled"]
    assert enter(light)


def test_a_passkey_is_enrolled_once_and_by_a_fresh_login(light: IdpDeps, clock: FixedClock) -> None:
    add_account(light)
    owner = enter(light)
    passkey = enrolled(light, owner)
    # Who has a passkey changes nothing by password alone.
    assert refused(lambda: passkeys.creation_options(light, owner, BROWSER)) == "fresh_login_needed"
    strong = submit(light, passkey.get(options(light)))
    again = passkeys.creation_options(light, strong, BROWSER)
    assert json.loads(again)["excludeCredentials"] == [{"type": "public-key", "id": encoded(passkey.identifier)}]
    assert refused(lambda: passkeys.enrol(light, strong, BROWSER, text=passkey.create(again), name="x")) == "passkey_known"
    other = Passkey().create(passkeys.creation_options(light, strong, BROWSER))
    assert refused(lambda: passkeys.enrol(light, owner, BROWSER, text=other, name="x")) == "passkey_refused"  # another session's
    clock.advance(timedelta(seconds=600))
    assert refused(lambda: passkeys.enrol(light, strong, BROWSER, text=other, name="x")) == "fresh_login_needed"
    assert sessions.listed(light, owner.account.id)


@given(st.one_of(st.text(max_size=300), st.recursive(st.none() | st.text(max_size=9), lambda one: st.lists(one, max_size=3))))
@settings(max_examples=60, deadline=None)
def test_whatever_a_browser_sends_is_one_refusal(sent: object) -> None:
    text = sent if isinstance(sent, str) else json.dumps(sent)
    assert refused(lambda: passkeys.read_answer(text)) == "passkey_refused"


@pytest.mark.parametrize("text", ["[" * 8000, "{}" * 5000, '{"response":{"clientDataJSON":"e30"},"rawId":1}', "\ud800"])
def test_monstrous_answers_are_refused(text: str) -> None:
    assert refused(lambda: passkeys.read_answer(text)) == "passkey_refused"


@given(st.binary(max_size=400), st.sampled_from(["attestationObject", "clientDataJSON"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_made_up_attestation_is_enrolled(light: IdpDeps, citizen: Current, octets: bytes, place: str) -> None:
    made = Passkey().create(passkeys.creation_options(light, citizen, BROWSER), **{place: encoded(octets)})
    assert refused(lambda: passkeys.enrol(light, citizen, BROWSER, text=made, name="x")) == "passkey_refused"
