"""Is the node alive, and is it ready? Readiness proves what it says: it signs, reads the database and looks at its own CRLs.

Red is what keeps this node from answering truthfully, or soon will and is named: locked keys, no anchor, lists or certificates of its own
that end. That others are away, or in trouble, is a warning with a countdown: taking this node out of service would cure nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from cryptography import x509

from admin_ui import overview
from crosscert.federation.standings import list_standings
from idp.directories import sync
from kernel.clock import rfc3339
from licenses import archival
from licenses.transparency import faults, reading
from pki import archiving, authority, crl, review
from pki.certificates import hash_for
from pki.cross_certificates import PROFILE
from pki.roles import CA_ROLES, cas_in, get_credential, responder_role
from service.adapters import AuditReader

if TYPE_CHECKING:
    from service.wiring import Services

EXPIRY_WARNING = timedelta(days=30)
_RENEWAL_TAKES = timedelta(days=1)
"""The services' certificates are renewed a month before they end; a day later something keeps them from it."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: ``ok`` or what is wrong with it, for an operator; ``warnings`` keep nobody from being ready."""

    check: str
    ok: bool
    detail: str
    warnings: tuple[str, ...] = ()


def readiness(services: Services) -> list[Finding]:
    """Look at everything that the node needs in order to answer truthfully."""
    return [*(_look(name, check, services) for name, check in _CHECKS), _peers(services), _directories(services)]


def countdown(services: Services) -> dict[str, int]:
    """Return for how many seconds each node that cannot be heard is still relied on."""
    return {
        each.peer.node.code: each.seconds_left
        for each in list_standings(services.crosscert, services.clock.now())
        if each.failing
    }


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


def _expiry(services: Services) -> str:
    """Name what the node relies on and what ends within a month; what renews itself only when that is overdue."""
    now = services.clock.now()
    ends = [*_own_ends(services), *((f"cross-certificate {name}", end) for name, end in _cross_ends(services) if end > now)]
    due = [f"{name} ends at {end}" for name, end in ends if end - now < EXPIRY_WARNING]
    if due:
        raise RuntimeError("; ".join(due))
    name, first = min(ends, key=lambda found: found[1])
    return f"{name} is the first to end, in {(first - now).days} days"


def _own_ends(services: Services) -> Iterator[tuple[str, datetime]]:
    with services.pki.work.read() as work:
        responders = [responder_role(ca.key_label) for ca in cas_in(services.pki, work.records)]
    for role in (*CA_ROLES, *responders, *authority.SERVICE_NAMES):
        credential = get_credential(services.pki, role)
        renewed = timedelta() if role in CA_ROLES else _RENEWAL_TAKES
        yield credential.record.subject, credential.record.not_after + renewed


def _cross_ends(services: Services) -> Iterator[tuple[str, datetime]]:
    """Yield the cross-certificates both ways, of each pair of CAs the one that lasts longest."""
    with services.pki.work.read() as work:
        issued = [record.der for record in work.records.certificates(profile=PROFILE) if record.revoked_at is None]
    with services.crosscert.work.read() as work:
        received = [found.der for found in work.records.certificates(kind="received")]
    last: dict[str, datetime] = {}
    for certificate in map(x509.load_der_x509_certificate, [*issued, *received]):
        pair = f"{certificate.issuer.rfc4514_string()} → {certificate.subject.rfc4514_string()}"
        last[pair] = max(last.get(pair, certificate.not_valid_after_utc), certificate.not_valid_after_utc)
    yield from last.items()


def _peers(services: Services) -> Finding:
    standings = list_standings(services.crosscert, services.clock.now())
    warnings = [
        f"{each.peer.node.code}: {problem}" + (f" ({each.seconds_left} s left)" if each.failing else "")
        for each in standings
        for problem in each.problems
    ]
    heard = sum(not each.failing for each in standings)
    return Finding("peers", ok=True, detail=f"{heard} of {len(standings)} heard", warnings=tuple(warnings))


def _directories(services: Services) -> Finding:
    """Tell which directories of staff could not be taken over: their people cannot log in, and nobody is out for it."""
    states = [sync.find_state(services.idp, each) for each in services.staff_directories.values()]
    warnings = tuple(f"{state.name}: {state.problem}" for state in states if state.problem is not None)
    return Finding("directories", ok=True, detail=f"{len(states) - len(warnings)} of {len(states)} heard", warnings=warnings)


def log_finding(services: Services) -> Finding:
    """Tell which transparency logs contradict themselves: red for the own, which lost or changed leaves; others' are a warning.

    So is a peer's that is longer than policy lets be read.

    It keeps nobody from being ready: what is served is as true as it was.
    """
    found = faults.list_open(services.licenses)
    own = [faults.describe(each).en for each in found if each.node_code == services.node.code]
    others = tuple(faults.describe(each).en for each in found if each.node_code != services.node.code)
    full = reading.list_full(services.licenses)
    others += tuple(f"the log of {each.node_code}: max_peer_log_leaves lets {each.read} of {each.size} be read" for each in full)
    with services.licenses.work.read() as work:
        size, witnesses = work.records.log_size(), len(work.records.cosigned())
    return Finding("log", ok=not own, detail="; ".join(own) or f"{size} leaves, {witnesses} witnesses", warnings=others)


def archive_finding(services: Services) -> Finding:
    """Tell how many documents wait for a newer time-stamp, and which algorithms of new ones end soon, which nobody but the operator can change."""
    deps = services.licenses
    ageing = archiving.find_ageing(deps.pki, archival.ageing_of(deps))
    warnings = tuple(
        f"{name} is trusted until {end:%Y-%m-%d} only: choose another for profiles.tsa" for name, end in ageing.items()
    )
    due = archival.count_due(deps, archival.find_due(deps))
    return Finding("archive", ok=True, detail=f"{due} documents to be stamped again", warnings=warnings)


def jobs_finding(services: Services) -> Finding:
    """Tell which of the worker's jobs fail, or that it does nothing: a warning, since what is answered is as true as the other findings say."""
    failed = services.failed_jobs.listed()
    since = overview.find_standstill(AuditReader(services.engine), services.clock.now())
    still = () if since is None else (f"no job was done since {rfc3339(since)}: is chaoxin worker running?",)
    return Finding("jobs", ok=True, detail=f"{len(failed)} fail", warnings=(*still, *map(str, failed)))


_CHECKS: tuple[tuple[str, Callable[[Services], str]], ...] = (
    ("database", _database),
    ("anchor", _anchor),
    ("keys", _keys),
    ("revocation_lists", _revocation_lists),
    ("issuing", _issuing),
    ("expiry", _expiry),
)
