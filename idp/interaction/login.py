"""Proving who one is: the password, the one-time code, and the session that follows.

1. The account is looked up; an unknown name goes the same way and costs the same.
2. The try is counted before it is made, for the account and for the name typed; a blocked one goes no further (``throttle``).
3. The password is compared, outside of any transaction.
4. A failure is audited and stays counted. A success gives the try back.
5. Where the account has a second factor the login waits for it in a transaction bound to the browser.
6. The session is started (or, for the same person, renewed under a new cookie) and the waiting request goes on, in one transaction.

Staff of a department's directory prove the password there (``idp.directories.login``); all else is the same for them.

Left to others: which steps a request needs (``interactions``), pages and cookies (``views``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from idp.authenticators import code_factors, second_factors, stored_certificate, switches
from idp.authenticators.reach import PASSWORD, SECOND_FACTORS
from idp.authorize import flow
from idp.authorize.transactions import Visit, ending, open_transaction, verify_found, verify_transaction
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device, Started
from idp.directories import login as directory_login
from idp.errors import ACCOUNT_DISABLED, LOGIN_FAILED, LOGIN_THROTTLED, SECOND_FACTOR_MISSING, TRANSACTION_OVER
from idp.notices import devices
from idp.people import one_time_codes, passwords, reached, throttle
from idp.people.accounts import SUBJECT_PREFIX, open_record
from idp.ports import IdpDeps, IdpWork, StaffDirectory
from idp.records import AccountRecord, Authenticator, Channel, Transaction
from kernel.audit import AuditEvent
from kernel.errors import ErrorCode, Refusal
from kernel.text import mask
from policies import assurance

NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody is in: their session with its new cookie, and how the waiting request goes on (None: there is none)."""

    started: Started
    outcome: flow.Outcome | None


@dataclass(frozen=True, slots=True)
class NeedsCode:
    """The password was right; the one-time code is asked for in this transaction."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked for a second factor: one of ``authenticators``, or a code sent over ``channel``; after the password, or to step up."""

    transaction: Transaction
    account: AccountRecord
    authenticators: Sequence[Authenticator]
    channel: Channel | None
    stepping_up: bool


@dataclass(frozen=True, slots=True)
class _Proven:
    account: AccountRecord
    authenticators: Sequence[Authenticator]
    alone: bool
    attempt: throttle.Try
    authenticator: Authenticator | None
    renewed: bytes | None = field(repr=False)


def submit_password(
    deps: IdpDeps, *, transaction_id: str | None, visit: Visit, device: Device, username: str, password: str
) -> LoggedIn | NeedsCode:
    """Take username and password; ``transaction_id`` None is a login without a client. ``Refusal`` says what is wrong."""
    typed = reached.read(username)
    transaction, found = _look_up(deps, transaction_id, visit, typed)
    proven = _prove_password(deps, found, typed, password, device.address)
    account, now = proven.account, deps.clock.now()
    kinds = {one.kind for one in proven.authenticators}
    must = assurance.needs_second_factor(deps.policies.assurance, account.kind) or not proven.alone
    with ending(deps.work.begin()) as work:
        if proven.authenticator is not None:
            work.records.expect_use(proven.authenticator, now)
        # Who is asked for a code in any case is weighed when it comes.
        asked = must or "totp" in kinds
        if not asked and transaction is not None and transaction.client_id is not None:
            work.records.expect_foreseeing(account.id, transaction.client_id)
        impression = None if asked else devices.weigh(work, deps, account.id, browser=visit.browser, device=device)
        _remember_use(work, proven, now)
        wanted = must or (impression is not None and impression.suspicious)
        if "totp" in kinds or (wanted and _can_add(deps, proven)):
            proven.attempt.give_back(work)
            proven.attempt.forget_name(work)
            waiting = transaction or open_transaction(work, deps, browser=visit.browser, request=None)
            if not work.records.pass_factor(waiting.id, account.id, (PASSWORD,)):
                raise Refusal(TRANSACTION_OVER)
            return NeedsCode(waiting.id)
        if must:
            raise Refusal(SECOND_FACTOR_MISSING)
        proven.attempt.forget(work)
        amr = (PASSWORD,)
        return enter(work, deps, account, amr, transaction=transaction, visit=visit, device=device, impression=impression)


def _can_add(deps: IdpDeps, proven: _Proven) -> bool:
    """Tell whether the account has anything that can follow its password."""
    return bool(code_factors.step_up_methods(deps, open_record(deps, proven.account), proven.authenticators))


def submit_code(deps: IdpDeps, *, transaction_id: str, visit: Visit, device: Device, code: str) -> LoggedIn:
    """Take the one-time code: after the password, or within a session as a step-up. ``Refusal`` says what is wrong."""
    asked = find_asked(deps, transaction_id, visit)
    attempt = throttle.take(deps, account=asked.account.id, address=device.address)
    try:
        if asked.channel is None:
            second_factors.accept(deps, asked.authenticators, code)
        else:
            account = open_record(deps, asked.account)
            code_factors.accept(deps, account, asked.channel, transaction_id=transaction_id, code=code)
    except Refusal as refusal:
        note_failure(deps, asked.account.id, refusal.error)
        raise
    method = one_time_codes.METHOD if asked.channel is None else code_factors.METHODS[asked.channel]
    with ending(deps.work.begin()) as work:
        attempt.forget(work)
        # Whoever replaced the password meanwhile, or ended the account's sessions, has voided what it had passed.
        if not asked.stepping_up and not work.records.keep_passed(transaction_id, asked.account.id):
            raise Refusal(TRANSACTION_OVER)
        if asked.channel is not None:
            work.records.note_code_use(asked.account.id, asked.channel, deps.clock.now())
        transaction = asked.transaction
        if not asked.stepping_up:
            return enter(work, deps, asked.account, (PASSWORD, method), transaction=transaction, visit=visit, device=device)
        return _step_up(work, deps, transaction, visit, method)


def send_code(deps: IdpDeps, *, transaction_id: str, visit: Visit, device: Device) -> None:
    """Send the code that is asked for, where it is one that is sent."""
    asked = find_asked(deps, transaction_id, visit)
    account = open_record(deps, asked.account)
    code_factors.send(deps, account, asked.channel, transaction_id=transaction_id, network_address=device.address)


def find_asked(deps: IdpDeps, transaction_id: str, visit: Visit) -> Asked:
    """Return who is asked for a second factor in this login, and for which; ``Refusal`` when nobody is."""
    transaction = verify_transaction(deps, transaction_id, visit.browser)
    stepping_up = transaction.account_id is None or PASSWORD not in transaction.passed
    if stepping_up and (visit.current is None or transaction.request is None):
        raise Refusal(TRANSACTION_OVER)
    account_id = visit.current.account.id if stepping_up and visit.current is not None else transaction.account_id or ""
    with deps.work.read() as work:
        account = work.records.find_account(account_id)
        enrolled: Sequence[Authenticator] = work.records.authenticators(account_id)
    authenticators: Sequence[Authenticator] = [one for one in enrolled if one.kind in SECOND_FACTORS]
    if account is None or account.disabled_at is not None:
        raise Refusal(ACCOUNT_DISABLED)
    if not stepping_up:
        _check_passed(deps, account.username)
    channel = code_factors.find_channel(deps, open_record(deps, account), authenticators)
    if channel is not None:
        switches.check_kind(deps, code_factors.METHODS[channel])
    elif not authenticators and not stored_certificate.standing(enrolled, deps.clock.now()):
        raise Refusal(SECOND_FACTOR_MISSING)
    authenticators = switches.usable(deps, authenticators)
    return Asked(transaction, account, authenticators, channel, stepping_up)


def _check_passed(deps: IdpDeps, username: str) -> None:
    """Refuse where the way by which a password was passed has been switched off since."""
    directory = directory_login.find_directory(deps, username)
    if directory is None:
        switches.check_kind(deps, "password")
    else:
        switches.check_directory(deps, directory.settings.name)


def find_destination(deps: IdpDeps, transaction_id: str, visit: Visit) -> str | None:
    """Return where the code goes that is asked for, masked; None where one of an application is asked for."""
    asked = find_asked(deps, transaction_id, visit)
    if asked.channel is None:
        return None
    return mask(code_factors.address(open_record(deps, asked.account), asked.channel), head=2, tail=4)


def _look_up(
    deps: IdpDeps, transaction_id: str | None, visit: Visit, typed: reached.Typed
) -> tuple[Transaction | None, StaffDirectory | reached.Found]:
    """Return what waits, which must be this browser's, and who it would be: a directory's staff, or what is known here of the name."""
    directory = directory_login.find_directory(deps, typed.name)
    with deps.work.look() as work:
        if transaction_id is not None:
            work.records.expect_transaction(transaction_id)
        found = reached.look_up(work, deps, typed) if directory is None else directory
        waiting = None if transaction_id is None else work.records.find_transaction(transaction_id)
    return None if transaction_id is None else verify_found(deps, waiting, visit.browser), found


def _prove_password(
    deps: IdpDeps, found: StaffDirectory | reached.Found, typed: reached.Typed, password: str, address: str
) -> _Proven:
    # 1. Who it would be.
    if not isinstance(found, tuple):
        switches.check_directory(deps, found.settings.name)
        return _prove_to_directory(deps, found, typed.name, password, address)
    account, authenticators, off = found
    switches.check_found(off, "password")
    authenticator = next((one for one in authenticators if one.kind == "password"), None)
    # 2. May it be tried? Whether other names of the same account were tried too often, the answer does not tell.
    whose = f"nobody:{typed.name}" if account is None else account.id
    attempt = throttle.take(deps, account=whose, name=typed.spelling, address=address)
    # 3. Is it right?
    right = passwords.matches(password, None if authenticator is None else authenticator.secret)
    # 4. What follows.
    if account is None or authenticator is None or not right or attempt.spent:
        note_failure(deps, NOBODY if account is None else account.id, LOGIN_THROTTLED if attempt.spent else LOGIN_FAILED)
        raise Refusal(LOGIN_FAILED, field="password")
    if account.disabled_at is not None:
        note_failure(deps, account.id, ACCOUNT_DISABLED)
        raise Refusal(ACCOUNT_DISABLED)
    renewed = passwords.hash_password(password) if passwords.needs_new_hash(authenticator.secret) else None
    return _Proven(account, authenticators, authenticator.alone, attempt, authenticator, renewed)


def _prove_to_directory(deps: IdpDeps, directory: StaffDirectory, name: str, password: str, address: str) -> _Proven:
    # 1. and 2. as for everybody; what must be locked here is locked before anything is refused.
    entry, counted = directory_login.find_account(deps, directory, name)
    attempt = throttle.take(deps, account=counted, name=name, address=address)
    # 3. The directory compares, and nobody else.
    try:
        account = directory_login.prove(deps, directory, None if attempt.spent else entry, password, attempt)
    except Refusal as refusal:
        # 4. What follows.
        note_failure(deps, counted if counted.startswith(SUBJECT_PREFIX) else NOBODY, refusal.error)
        raise
    with deps.work.look() as work:
        authenticators = work.records.authenticators(account.id)
    # How long a password is that the directory keeps, nobody here knows.
    return _Proven(account, authenticators, alone=False, attempt=attempt, authenticator=None, renewed=None)


def _remember_use(work: IdpWork, proven: _Proven, now: datetime) -> None:
    authenticator = proven.authenticator
    if authenticator is None:  # it is the directory's
        return
    # It was compared outside of the transaction: whoever recovered the account meanwhile has ended its sessions, and no new one may begin by the old password.
    if not work.records.use_authenticator(authenticator, now):
        raise Refusal(LOGIN_FAILED, field="password")
    if proven.renewed is not None:
        work.records.replace_secret(authenticator.id, proven.renewed, instead_of=authenticator.secret)


def note_failure(deps: IdpDeps, account_id: str, error: ErrorCode) -> None:
    """Write down a login that failed, whoever it would have been."""
    event = AuditEvent(
        deps.clock.now(), "system", "idp.login", f"account:{account_id}", outcome="refused", details={"code": error.code}
    )
    with deps.work.begin() as work:
        work.audit.record(event)


def enter(
    work: IdpWork,
    deps: IdpDeps,
    account: AccountRecord,
    amr: tuple[str, ...],
    *,
    transaction: Transaction | None,
    visit: Visit,
    device: Device,
    impression: devices.Impression | None = None,
) -> LoggedIn:
    """Let somebody in who proved who they are by ``amr``: step 6, for every kind of login. ``impression`` None: it was not weighed yet."""
    now = deps.clock.now()
    impression = impression or devices.weigh(work, deps, account.id, browser=visit.browser, device=device)
    current = visit.current
    if current is not None and current.account.id == account.id:
        started = sessions.renew(work, deps, current.session, amr, device)
    else:
        if current is not None:  # somebody else was logged in here
            sessions.end_within(work, current.session, actor=f"account:{account.id}", now=now)
        started = sessions.start(work, deps, account.id, amr, device)
    devices.greet(work, deps, account.id, impression, browser=visit.browser, device=device, code=started.code, now=now)
    return _go_on(work, deps, account, started, transaction=transaction, visit=visit)


def _step_up(work: IdpWork, deps: IdpDeps, transaction: Transaction, visit: Visit, method: str) -> LoggedIn:
    current = visit.current
    started = None if current is None else sessions.raise_level(work, deps, current.session, method)
    if current is None or started is None:
        raise Refusal(TRANSACTION_OVER)
    renewed = replace(visit, current=Current(started.session, current.account))
    return LoggedIn(started, flow.resume_within(work, deps, transaction, renewed))


def _go_on(
    work: IdpWork, deps: IdpDeps, account: AccountRecord, started: Started, *, transaction: Transaction | None, visit: Visit
) -> LoggedIn:
    if transaction is None:
        return LoggedIn(started, None)
    now = deps.clock.now()
    if transaction.request is None:
        if not work.records.finish_transaction(transaction.id, now):
            raise Refusal(TRANSACTION_OVER)
        return LoggedIn(started, None)
    renewed = Visit(visit.browser, Current(started.session, open_record(deps, account)))
    authenticated = replace(transaction, account_id=account.id, authenticated_at=now, acting=None)  # nothing chosen yet
    outcome = flow.resume_within(work, deps, authenticated, renewed)
    # What was answered is finished; what goes on waiting must know who came.
    if isinstance(outcome, flow.Ask) and not work.records.authenticate_transaction(transaction.id, account.id, now):
        raise Refusal(TRANSACTION_OVER)
    return LoggedIn(started, outcome)
