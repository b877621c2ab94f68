"""Logging in by the certificate that was shown in TLS, instead of name and password.

1. Whose it says it is, and the try is counted.
2. It is verified; an untrusted one, one of nobody here and one of a disabled account are counted and audited alike.
3. The session is started, as after every login.

Left to others: what makes a certificate right (``authenticators.certificates``), pages and cookies (``views``).
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes

from idp.authenticators import certificates, switches
from idp.authenticators.errors import CERTIFICATE_REFUSED
from idp.authorize.transactions import Visit, verify_transaction
from idp.browsers.sessions import Device
from idp.errors import ACCOUNT_DISABLED
from idp.interaction.login import NOBODY, LoggedIn, enter, note_failure
from idp.people import throttle
from idp.ports import IdpDeps
from idp.records import AccountRecord
from kernel.errors import Refusal


def submit(deps: IdpDeps, *, transaction_id: str | None, visit: Visit, device: Device, der: bytes | None) -> LoggedIn:
    """Take the certificate (DER) that TLS has proven the key of; ``Refusal`` says what is wrong."""
    transaction = None if transaction_id is None else verify_transaction(deps, transaction_id, visit.browser)
    switches.check_kind(deps, "certificate")
    # 1. Whose?
    shown = certificates.read(der)
    # By all that it says, not by its serial number: anybody can make one with another's, and use up the other's tries.
    tried = f"certificate:{shown.certificate.fingerprint(hashes.SHA256()).hex()}"
    attempt = throttle.take(deps, account=tried, address=device.address)
    # 2. Is it?
    with deps.work.look() as work:
        found = work.records.find_holder(deps.vault.index(shown.holder_id, "idp.holder"))
    try:
        account, methods = _verify(deps, shown, found)
    except Refusal as refusal:
        note_failure(deps, NOBODY if found is None else found.id, refusal.error)
        raise
    # 3. In.
    with deps.work.begin() as work:
        attempt.forget(work)
        return enter(work, deps, account, methods, transaction=transaction, visit=visit, device=device)


def _verify(deps: IdpDeps, shown: certificates.Shown, account: AccountRecord | None) -> tuple[AccountRecord, tuple[str, ...]]:
    methods = certificates.verify(deps, shown)
    if account is None:
        raise Refusal(CERTIFICATE_REFUSED)
    if account.disabled_at is not None:
        raise Refusal(ACCOUNT_DISABLED)
    return account, methods
