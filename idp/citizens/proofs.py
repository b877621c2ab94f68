"""The proofs that a citizen gives without leaving home: a register's word, a check of document and face, a certificate.

Each asks whoever knows outside of any transaction, counted against the account and the network address like a try to log in, and
raises the level only if the answer is yes. The register's no and a number that another account has proven are one answer.
Left to others: how they are asked (``registers``, ``authenticators.certificates``), what a yes does (``levels``).
"""

from __future__ import annotations

from dataclasses import replace

from cryptography.x509.oid import NameOID

from idp.authenticators import certificates, challenges
from idp.authorize.transactions import Visit
from idp.browsers.sessions import Current, Device
from idp.citizens import declared, levels
from idp.citizens.errors import CHECK_OVER, CHECK_PENDING, NOT_CONFIRMED, NUMBER_ELSEWHERE
from idp.people import throttle
from idp.ports import IdpDeps
from idp.records import Account
from idp.registers.errors import REGISTER_MISSING
from kernel.audit import AuditEvent
from kernel.errors import ErrorCode, Refusal
from kernel.person_names import normal_person_name
from pki.strict_json import decode_base64url, encode_base64url


def by_register(deps: IdpDeps, current: Current, device: Device, *, name: str, resident_id: str) -> None:
    """Have the population register say that the number is of somebody of this name; what was mistyped before may be corrected here.

    ``resident_id`` empty is the one that the account has.
    """
    account, register = current.account, deps.registers.population
    if register is None:
        raise Refusal(REGISTER_MISSING)
    levels.check_may_rise(deps, account, "register")
    account = replace(account, name=declared.read_name(name))
    if resident_id.strip():
        account = replace(account, resident_id=declared.read_number(resident_id, deps.clock.now().date()))
    attempt = throttle.take(deps, account=account.id, address=device.address)
    try:
        found = register.match(account.name, account.resident_id or "")
    except Refusal:
        _give_back(deps, attempt)  # the register's fault is nobody's try
        raise
    if found != "matched":
        raise _refused(deps, account, "register", NOT_CONFIRMED)
    try:
        _raise(deps, account, "register", attempt)
    except Refusal as refusal:
        if refusal.error is NUMBER_ELSEWHERE:  # that somebody else has it is not told to whoever only knows name and number
            raise _refused(deps, account, "register", NOT_CONFIRMED) from refusal
        raise


def begin_document_check(deps: IdpDeps, current: Current, visit: Visit, device: Device, return_url: str) -> str:
    """Return the address at which document and face are checked; ``return_url`` is given the check's identifier."""
    account, checks = current.account, deps.registers.documents
    if checks is None:
        raise Refusal(REGISTER_MISSING)
    levels.check_may_rise(deps, account, "document")
    attempt = throttle.take(deps, account=account.id, address=device.address)
    check_id = encode_base64url(challenges.make(deps, browser=visit.browser, purpose=_purpose(account)))
    try:
        page = checks.begin(check_id, account.name, account.resident_id or "", f"{return_url}?check={check_id}")
    finally:
        _give_back(deps, attempt)
    return page


def finish_document_check(deps: IdpDeps, current: Current, visit: Visit, device: Device, check_id: str) -> None:
    """Take the signed answer of a check that was begun in this browser; it counts once."""
    account, checks = current.account, deps.registers.documents
    if checks is None:
        raise Refusal(REGISTER_MISSING)
    levels.check_may_rise(deps, account, "document")
    challenge = decode_base64url(check_id.encode("ascii", "replace"), CHECK_OVER)
    try:
        until = challenges.verify(deps, challenge, browser=visit.browser, purpose=_purpose(account))
    except Refusal as refusal:
        raise Refusal(CHECK_OVER) from refusal
    attempt = throttle.take(deps, account=account.id, address=device.address)
    try:
        found = checks.result(check_id, account.name, account.resident_id or "", deps.clock.now())
    except Refusal:
        _give_back(deps, attempt)
        raise
    if found is None:
        _give_back(deps, attempt)
        raise Refusal(CHECK_PENDING)
    try:
        challenges.consume(deps, challenge, until)
    except Refusal as refusal:
        raise Refusal(CHECK_OVER) from refusal
    if found != "matched":
        raise _refused(deps, account, "document", NOT_CONFIRMED)
    _raise(deps, account, "document", attempt)


def by_certificate(deps: IdpDeps, current: Current, device: Device, der: bytes | None) -> None:
    """Take the certificate that TLS has proven the key of: its subject has the account's own name and number."""
    account = current.account
    levels.check_may_rise(deps, account, "certificate")
    shown = certificates.read(der)
    attempt = throttle.take(deps, account=account.id, address=device.address)
    try:
        certificates.verify(deps, shown)
    except Refusal as refusal:
        raise _refused(deps, account, "certificate", refusal.error) from refusal
    names = [str(one.value) for one in shown.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if shown.holder_id != account.resident_id or [normal_person_name(name) for name in names] != [account.name]:
        raise _refused(deps, account, "certificate", NOT_CONFIRMED)
    _raise(deps, account, "certificate", attempt)


def _raise(deps: IdpDeps, account: Account, method: str, attempt: throttle.Try) -> None:
    with deps.work.begin() as work:
        attempt.give_back(work)
        levels.raise_to(work, deps, account, method, actor=f"account:{account.id}", now=deps.clock.now())


def _refused(deps: IdpDeps, account: Account, method: str, error: ErrorCode) -> Refusal:
    """Write down a proof that failed, and return its refusal. The try stays counted."""
    who = f"account:{account.id}"
    details = {"method": method, "code": error.code}
    with deps.work.begin() as work:
        work.audit.record(AuditEvent(deps.clock.now(), who, "idp.raise_level", who, outcome="refused", details=details))
    return Refusal(error)


def _give_back(deps: IdpDeps, attempt: throttle.Try) -> None:
    with deps.work.note() as work:
        attempt.give_back(work)


def _purpose(account: Account) -> str:
    return f"document-check:{account.id}"
