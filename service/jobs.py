"""The node's scheduled work. Each job is a function of ``Services`` that may run twice or late without harm.

``chaoxin worker`` runs them on huey: an SQLite queue by default. A queue only carries ids; state lives in the database.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from crosscert import sync
from idp import housekeeping
from pki import crl
from service import audit
from service.wiring import Services

_log = structlog.get_logger()

AUDIT_SEALED_AFTER = timedelta(seconds=5)
"""No transaction lives longer than this between taking a number and committing."""


def refresh_revocation_lists(services: Services) -> None:
    """Publish the CRLs that are due."""
    crl.refresh_due(services.pki)


def synchronise_peers(services: Services) -> None:
    """Fetch what the agreed peers publish; a peer that is away is noted and tried again."""
    sync.sync_all(services.crosscert)


def seal_audit(services: Services) -> None:
    """Chain the audit events that have committed since the last time."""
    audit.seal(services.engine, older_than=services.clock.now() - AUDIT_SEALED_AFTER)


def clean_up(services: Services) -> None:
    """Remove sessions, codes and login transactions that are over."""
    housekeeping.clean_up(services.idp)


SCHEDULE: tuple[tuple[Callable[[Services], None], int], ...] = (
    (refresh_revocation_lists, 60),
    (synchronise_peers, 60),
    (seal_audit, 10),
    (clean_up, 300),
)
"""The jobs and how many seconds lie between two runs of each."""


def run(job: Callable[[Services], None], services: Services) -> bool:
    """Run ``job``; a failure is logged and does not keep the others from running."""
    try:
        job(services)
    except Exception:
        _log.exception("job_failed", job=job.__name__)
        return False
    return True
