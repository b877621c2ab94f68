"""The node's scheduled work. Each job is a function of ``Services`` that may run twice or late without harm.

``chaoxin worker`` runs them on huey: an SQLite queue by default. A queue only carries names; state lives in the database.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from huey import Huey, RedisHuey, SqliteHuey, crontab
from redis import ConnectionPool

from crosscert import agreements
from crosscert.directory import publication
from crosscert.federation import probes, push, sync
from idp import housekeeping
from idp.directories import sync as directories_sync
from idp.enterprises import mandates, representing
from idp.events import sending as events
from idp.logout import delivery, ending
from idp.notices.delivery import deliver as deliver_waiting_notices
from idp.privacy import closing
from kernel.clock import rfc3339
from kernel.errors import Refusal
from licenses import archival
from licenses import review as license_review
from licenses.bulk.deciding import drop_left_over
from licenses.bulk.work import carry_on, work_one
from licenses.bulk_records import Batch
from licenses.elsewhere import verified
from pki import alarms, archiving, authority, crl, known_revoked, review
from service import audit, indexed, sealed
from service.adapters import PeerNodes
from service.wiring import Services

_log = structlog.get_logger()

Job = Callable[[Services], None]

CHUNK = "issue_chunk"
"""The queued job: some rows of a batch."""

MESSAGES = 64
"""How many messages go round for a batch: so many chunks of it can be worked on at once."""

AUDIT_SEALED_AFTER = timedelta(seconds=5)
"""No transaction lives longer than this between taking a number and committing."""


def renew_certificates(services: Services) -> None:
    """Renew the certificates of the node's own services before they end."""
    authority.renew_due(services.pki)
    known_revoked.ensure(services.pki)


def refresh_revocation_lists(services: Services) -> None:
    """Publish the CRLs that are due."""
    crl.refresh_due(services.pki)


def deliver_revocations(services: Services) -> None:
    """Send the principal CA's newest list to the peers that have not taken it yet."""
    push.deliver(services.crosscert, only_due=True)


def synchronise_peers(services: Services) -> None:
    """Fetch what the peers publish; one that is away is noted, and asked ever more rarely until it is back."""
    sync.sync_all(services.crosscert, only_due=True)


def hear_of_verifications(services: Services) -> None:
    """Ask the peers what they verified of this node's licences: holders see it in their history."""
    verified.hear_all(services.licenses, PeerNodes(lambda: services.crosscert))


def publish_in_directory(services: Services) -> None:
    """Write to the directory, if there is one, what changed since it was last written."""
    if services.directory is not None:
        publication.publish(services.crosscert, services.directory, only_due=True, actor="system")


def carry_on_agreements(services: Services) -> None:
    """Take in cross-certificates that this node asked for, and withdraw those whose replacement has been public long enough."""
    agreements.receive_published(services.crosscert)
    agreements.supersede_due(services.crosscert)


def probe_peers(services: Services) -> None:
    """Look at the peers from outside: whether their addresses and responders say what they must."""
    probes.probe_all(services.crosscert)


def seal_audit(services: Services) -> None:
    """Take the audit events that dead processes left on their way, and chain all that have committed since the last time."""
    try:
        services.spool.take_over()
    finally:
        _seal(services, whole=False)


def seal_late_audit(services: Services) -> None:
    """Chain what came so late that it is not looked for every minute."""
    _seal(services, whole=True)


def raise_expiry_alarms(services: Services) -> None:
    """Tell once of each certificate that comes to its end without a successor, at each of the policies' distances."""
    for alarm in alarms.raise_due(services.pki):
        record = alarm.certificate
        _log.warning(
            "certificate_ends", days=alarm.days, serial=record.serial, profile=record.profile, not_after=rfc3339(record.not_after)
        )


def review_issued(services: Services) -> None:
    """Hold what was issued lately against today's rules, and stop issuing at a fault."""
    for record, fault in review.review(services.pki).faulty:
        _log.error("issued_with_a_fault", serial=record.serial, profile=record.profile, finding=str(fault))
    for licence, fault in license_review.review(services.licenses).faulty:
        _log.error("license_issued_with_a_fault", identifier=licence.identifier, finding=str(fault))


def renew_archive_stamps(services: Services) -> None:
    """Stamp some of the licences again that rest on a certificate or an algorithm that ends soon; tell when new stamps do as well."""
    deps = services.licenses
    archival.renew_due(deps, archival.find_due(deps), actor="system", limit=deps.policies.licenses.archive.per_run)
    for algorithm, end in archiving.find_ageing(services.pki, archival.ageing_of(deps)).items():
        _log.warning("archive_algorithm_ends", algorithm=algorithm, trusted_until=rfc3339(end))


def tell_of_logouts(services: Services) -> None:
    """End the sessions whose time is over and what stands by mandates that are, and tell departments of all that ended."""
    mandates.end_over(services.idp)
    ending.end_overdue(services.idp)
    delivery.deliver_all_due(services.idp)


def synchronise_directories(services: Services) -> None:
    """Take over what changed in the departments' directories of staff; who is out there is out here."""
    for report in directories_sync.sync_due(services.idp):
        if report.refusal is not None:
            _log.error("directory_not_synchronised", directory=report.directory, code=report.refusal.code)


def check_representatives(services: Services) -> None:
    """Ask the register who represents the organisations that were claimed; whoever does no longer is out with all that they gave."""
    if ended := representing.check_due(services.idp):
        _log.warning("representatives_dismissed", organizations=ended)


def clean_up(services: Services) -> None:
    """Remove sessions, codes and login transactions that are over."""
    housekeeping.clean_up(services.idp)


def close_accounts(services: Services) -> None:
    """Erase the accounts whose owners closed them and did not take it back."""
    closing.close_due(services.idp)


def renew_sealed(services: Services) -> None:
    """Encrypt and index under the newest keys what a rotation left under older ones."""
    if services.vault.current > 1:
        for _ in sealed.renew(services.engine, services.vault):
            pass
    if services.vault.index_current > 1:
        for _ in indexed.renew(services.engine, services.idp):
            pass


def deliver_notices(services: Services) -> None:
    """Carry what people are told about their accounts to those who confirmed an address."""
    deliver_waiting_notices(services.idp)


def tell_of_events(services: Services) -> None:
    """Push what happened to accounts to the departments that know them."""
    events.deliver(services.idp)


def carry_on_batches(services: Services) -> None:
    """Go on with files of applications that a worker or a message was lost over; let go of what came to nothing."""
    drop_left_over(services.licenses)
    carry_on(services.licenses)
    with services.licenses.work.look() as work:
        services.failed_jobs.clear(CHUNK, but=work.records.unfinished())


EVERY_MINUTES: tuple[tuple[Job, int], ...] = (
    (renew_certificates, 60),
    (refresh_revocation_lists, 1),
    (deliver_revocations, 1),
    (synchronise_peers, 1),
    (hear_of_verifications, 1),
    (publish_in_directory, 1),
    (carry_on_agreements, 1),
    (probe_peers, 15),
    (seal_audit, 1),
    (tell_of_logouts, 1),
    (synchronise_directories, 1),
    (check_representatives, 10),
    (clean_up, 5),
    (deliver_notices, 1),
    (tell_of_events, 1),
    (carry_on_batches, 1),
    (raise_expiry_alarms, 60),
    (renew_archive_stamps, 60),
    (review_issued, 1440),
    (seal_late_audit, 1440),
    (renew_sealed, 1440),
    (close_accounts, 5),
)
"""The jobs and how many minutes lie between two runs of each."""

_HOUR = 60
_NIGHTLY = 1440


def issue_chunk(services: Services, batch_id: str) -> bool:
    """Issue some of a batch's rows; False when none are left to take."""
    try:
        return work_one(services.licenses, batch_id)
    except Refusal as refusal:  # issuing is stopped: the rows wait
        _log.warning("batch_waits", batch=batch_id, code=refusal.code)
        return False


def run(job: Job, services: Services) -> None:
    """Run ``job``; a failure is logged and kept until a success, and does not keep the others from running."""
    with services.failed_jobs.keeping(job.__name__):
        job(services)
        services.failed_jobs.clear(job.__name__)


def run_all(services: Services) -> None:
    """Run every job once, in order: at the worker's start, and where a test or the demo wants the node up to date now."""
    for job, _minutes in EVERY_MINUTES:
        run(job, services)


def make_queue(services: Services) -> Huey:
    """Return the queue of this node with all jobs scheduled."""
    huey = _queue(services)
    for job, minutes in EVERY_MINUTES:
        huey.periodic_task(_every(minutes), name=job.__name__)(_bind(job, services))

    def issue(batch_id: str) -> None:
        with services.failed_jobs.keeping(
            CHUNK, batch_id
        ):  # kept until the batch is done: another chunk's success does not mend this one
            if issue_chunk(services, batch_id):  # there may be more: the message goes round
                huey.enqueue(huey.chaoxin_issue_chunk.s(batch_id))

    huey.chaoxin_issue_chunk = huey.task(name=CHUNK)(issue)
    return huey


def issue_in_background(services: Services, batch: Batch) -> None:
    """Tell the workers of a batch, by messages for as many as may ever be at it. A queue that is away is no loss: they look for what is left every minute."""
    try:
        huey = make_queue(services)
        for _ in range(min(batch.chunks, MESSAGES)):
            huey.enqueue(huey.chaoxin_issue_chunk.s(batch.id))
    except Exception:  # noqa: BLE001 - whatever is wrong with the queue
        _log.exception("queue_away", batch=batch.id)


def _queue(services: Services) -> Any:
    name, table = f"chaoxin-{services.node.code}", services.config.settings.queue
    if table is None:
        return SqliteHuey(name=name, filename=str(services.config.directory / "queue.sqlite"))
    password = None if table.password_file is None else services.config.secret("queue.password_file", table.password_file)
    return RedisHuey(name=name, connection_pool=ConnectionPool.from_url(table.redis, password=password))


def _seal(services: Services, *, whole: bool) -> None:
    # What comes meanwhile is the next run's: else this one might never end.
    older_than = services.clock.now() - AUDIT_SEALED_AFTER
    while audit.seal(services.engine, older_than=older_than, whole=whole):
        pass


def _every(minutes: int) -> Callable[[Any], bool]:
    if minutes == _NIGHTLY:
        return crontab(minute="0", hour="3")  # type: ignore[no-any-return]
    return crontab(minute="0") if minutes == _HOUR else crontab(minute=f"*/{minutes}")  # type: ignore[no-any-return]


def _bind(job: Job, services: Services) -> Callable[[], None]:
    def bound() -> None:
        run(job, services)

    return bound
