"""Is the node alive, and is it ready? Readiness proves what it says: it signs, reads the database and looks at its own CRLs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from cryptography import x509

from pki import authority, crl, review
from pki.certificates import hash_for
from pki.roles import cas_in, get_credential

if TYPE_CHECKING:
    from service.wiring import Services

EXPIRY_WARNING = timedelta(days=30)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: ``ok`` or what is wrong with it, for an operator."""

    check: str
    ok: bool
    detail: str


def readiness(services: Services) -> list[Finding]:
    """Look at everything that the node needs in order to answer truthfully."""
    return [_look(name, check, services) for name, check in _CHECKS]


def _look(name: str, check: Callable[[Services], str], services: Services) -> Finding:
    try:
        return Finding(name, ok=True, detail=check(services))
    except Exception as error:  # noqa: BLE001 - a check that cannot be carried out is a finding, whatever went wrong
        _log.warning("not_ready", check=name, error=str(error))
        return Finding(name, ok=False, detail=f"{type(error).__name__}: {error}")


def _database(services: Services) -> str:
    with services.engine.connect() as connection:
        connection.execute(sa.select(sa.literal(1)))
    return services.engine.dialect.name


def _anchor(services: Services) -> str:
    record = authority.get_principal(services.pki)
    certificate = x509.load_der_x509_certificate(record.der)
    left = certificate.not_valid_after_utc - services.clock.now()
    if left < EXPIRY_WARNING:
        message = f"the principal CA expires at {certificate.not_valid_after_utc}"
        raise RuntimeError(message)
    return f"{record.subject}, {left.days} days left"


def _keys(services: Services) -> str:
    # A locked token answers look-ups but does not sign: only a signature proves that it can be used.
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    key = get_credential(services.pki, "issuing").key
    if not request.sign(key, hash_for(key)).is_signature_valid:
        message = "the issuing CA's key signs wrongly"
        raise RuntimeError(message)
    return f"{len(services.keys.labels())} keys"


def _revocation_lists(services: Services) -> str:
    now = services.clock.now()
    with services.pki.work.read() as work:
        cas = [ca.key_label for ca in cas_in(services.pki, work.records)]
    ages = []
    for name in cas:
        current = crl.current(services.pki, name)
        if current.next_update <= now:
            message = f"the CRL of the {name} CA expired at {current.next_update}"
            raise RuntimeError(message)
        ages.append(f"{name} {int((now - current.this_update).total_seconds())} s old")
    return ", ".join(ages)


def _issuing(services: Services) -> str:
    stop = review.find_stop(services.pki)
    if stop is not None:
        message = f"issuing is stopped: certificate {stop.serial} has a fault ({stop.finding}); see chaoxin cert resume"
        raise RuntimeError(message)
    return "not stopped"


_CHECKS: tuple[tuple[str, Callable[[Services], str]], ...] = (
    ("database", _database),
    ("anchor", _anchor),
    ("keys", _keys),
    ("revocation_lists", _revocation_lists),
    ("issuing", _issuing),
)
