"""A certificate on a USB key: TLS proved the key, a path proves the certificate, its subject says whose it is.

The number (resident ID or credit code) stands in the subject's serialNumber, as the profiles ``person`` and ``staff`` have it. A county's
certificate counts as far as its cross-certificate and the policies let it. One logs in only where the account's owner has enrolled it, so
that a CA's error opens nobody's account, and what is removed or recovered from opens nothing any more. A new certificate on the same key is
another one. Left to others: whose word for the certificate is believed (``service.proxies``), the path (``crosscert``), who may enrol
(``changing``), the session that follows (``interaction``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from crosscert.paths.certificates import parse_certificate
from idp.authenticators import changing, stored_certificate
from idp.authenticators.errors import CERTIFICATE_KNOWN, CERTIFICATE_MISSING, CERTIFICATE_REFUSED
from idp.authenticators.stored_certificate import StoredCertificate
from idp.browsers.sessions import Current, Device
from idp.people import throttle
from idp.people.accounts import open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import AccountRecord, Authenticator
from kernel.errors import Refusal
from kernel.identifiers import is_resident_id, is_uscc
from kernel.randomness import token

_MAX_SUGGESTED = 28


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate that was shown in TLS: whose it says it is, and who says so. Not yet believed."""

    certificate: x509.Certificate
    holder_id: str = field(repr=False)
    issuer: str


def read(der: bytes | None) -> Shown:
    """Return whose certificate was shown; ``Refusal`` when there is none, or none of a person or organisation."""
    if der is None:
        raise Refusal(CERTIFICATE_MISSING)
    try:
        certificate = parse_certificate(der).x509
        numbers = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)]
        issuers = [str(one.value) for one in certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)]
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (Refusal, TypeError, ValueError, x509.ExtensionNotFound):  # the library reads a name when it is asked for it
        raise Refusal(CERTIFICATE_REFUSED) from None
    if len(numbers) != 1 or ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise Refusal(CERTIFICATE_REFUSED)
    if not (is_resident_id(numbers[0]) or is_uscc(numbers[0])):
        raise Refusal(CERTIFICATE_REFUSED)
    return Shown(certificate, numbers[0], next(iter(issuers), ""))


def verify(deps: IdpDeps, shown: Shown) -> tuple[str, ...]:
    """Return the ``amr`` of a login with it, by the first rule that it satisfies; ``Refusal`` when it satisfies none."""
    now = deps.clock.now()
    for rule in deps.policies.assurance.certificates:
        try:
            path = deps.trust.path(shown.certificate, at=now, levels=rule.level)
        except Refusal:
            continue
        if path.valid and (rule.other_nodes or deps.trust.node_of(path) == deps.node):
            return rule.amr
    raise Refusal(CERTIFICATE_REFUSED)


def enrol(deps: IdpDeps, current: Current, device: Device, *, der: bytes | None, name: str) -> None:
    """Enrol the certificate that was shown; ``Refusal`` when it is not the account's own or nobody here would believe it."""
    account, wanted, shown = current.account, changing.check_name(name), read(der)
    attempt = throttle.take(deps, account=account.id, address=device.address)
    if shown.holder_id not in {account.resident_id, account.uscc}:
        raise Refusal(CERTIFICATE_REFUSED)
    stored = StoredCertificate(verify(deps, shown), shown.certificate.not_valid_after_utc)
    found_under = stored_certificate.lookup(shown.certificate)
    new = Authenticator(token(16), account.id, "certificate", wanted, stored.dump(), deps.clock.now(), lookup=found_under)
    with changing.change(deps, current) as (work, others):
        attempt.give_back(work)
        if work.records.find_authenticator(found_under) is not None:
            raise Refusal(CERTIFICATE_KNOWN)
        changing.add(work, deps, current, others, new)


def find_enrolled(work: IdpWork, deps: IdpDeps, shown: Shown) -> tuple[Authenticator, AccountRecord] | None:
    """Return whose owner enrolled the certificate, while its number is still the account's."""
    one = work.records.find_authenticator(stored_certificate.lookup(shown.certificate))
    record = None if one is None or one.kind != "certificate" else work.records.find_account(one.account_id)
    if one is None or record is None:
        return None
    account = open_record(deps, record)
    return (one, record) if shown.holder_id in {account.resident_id, account.uscc} else None


def suggest_name(der: bytes | None) -> str:
    """Return what a certificate could be called: by its issuer and its end. Nothing of it is believed."""
    shown = read(der)
    return f"{shown.issuer[:_MAX_SUGGESTED]} {shown.certificate.not_valid_after_utc:%Y-%m-%d}".strip()
