"""Logging in by the certificate that was shown in TLS, instead of name and password.

1. Whose it says it is, and the try is counted.
2. It is verified, and its owner enrolled it; an untrusted one, one that nobody enrolled and one of a disabled account are counted and audited alike.
3. The session is started, as after every login.

Left to others: what makes a certificate right (``authenticators.certificates``), pages and cookies (``views``).
"""

from __future__ import annotations

from idp.authenticators import certificates, stored_certificate, switches
from idp.authenticators.errors import CERTIFICATE_REFUSED
from idp.authorize.transactions import Visit, ending, verify_transaction
from idp.browsers.sessions import Device
from idp.errors import ACCOUNT_DISABLED
from idp.interaction.login import NOBODY, LoggedIn, enter, note_failure
from idp.people import throttle
from idp.ports import IdpDeps
from idp.records import AccountRecord, Authenticator
from kernel.errors import Refusal


def submit(deps: IdpDeps, *, transaction_id: str | None, visit: Visit, device: Device, der: bytes | None) -> LoggedIn:
    """Take the certificate (DER) that TLS has proven the key of; ``Refusal`` says what is wrong."""
    transaction = None if transaction_id is None else verify_transaction(deps, transaction_id, visit.browser)
    switches.check_kind(deps, "certificate")
    # 1. Whose?
    shown = certificates.read(der)
    # By all that it says, not by its serial number: anybody can make one with another's, and use up the other's tries.
    tried = f"certificate:{stored_certificate.lookup(shown.certificate).hex()}"
    attempt = throttle.take(deps, account=tried, address=device.address)
    # 2. Is it?
    with deps.work.look() as work:
        found = certificates.find_enrolled(work, deps, shown)
    try:
        methods = certificates.verify(deps, shown)
        one, account = _check(found)
    except Refusal as refusal:
        note_failure(deps, NOBODY if found is None else found[1].id, refusal.error)
        raise
    # 3. In.
    with ending(deps.work.begin()) as work:
        attempt.forget(work)
        if not work.records.use_authenticator(one, deps.clock.now()):
            raise Refusal(CERTIFICATE_REFUSED)
        return enter(work, deps, account, methods, transaction=transaction, visit=visit, device=device)


def _check(found: tuple[Authenticator, AccountRecord] | None) -> tuple[Authenticator, AccountRecord]:
    if found is None:
        raise Refusal(CERTIFICATE_REFUSED)
    if found[1].disabled_at is not None:
        raise Refusal(ACCOUNT_DISABLED)
    return found
