"""The worker's failures that no success has followed yet: kept for whoever may mend them, since a log is read by nobody who does not look for it.

Nothing here says what a job worked on: an error's text stays in the log, under the incident. Left to others: running jobs (``jobs``), what they
are called and what to do (``admin_ui.job_words``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog

from kernel.clock import Clock, from_micros, rfc3339, to_micros
from kernel.errors import ChaoxinError
from kernel.randomness import token
from pki.storage.prepared import INSERTS
from service.engine import reading

metadata = sa.MetaData()

_log = structlog.get_logger()

_failed = sa.Table(
    "service_failed_jobs",
    metadata,
    sa.Column("job", sa.String(60), primary_key=True, info={"sensitivity": "internal"}),
    sa.Column("subject", sa.String(60), primary_key=True, info={"sensitivity": "internal"}),
    sa.Column("since", sa.BigInteger, nullable=False, info={"sensitivity": "internal"}),
    sa.Column("at", sa.BigInteger, nullable=False, info={"sensitivity": "internal"}),
    sa.Column("times", sa.Integer, nullable=False, info={"sensitivity": "internal"}),
    sa.Column("error", sa.String(100), nullable=False, info={"sensitivity": "internal"}),
    sa.Column("incident", sa.String(20), nullable=False, info={"sensitivity": "internal"}),
)


@dataclass(frozen=True, slots=True)
class FailedJob:
    """How often a job has failed ``since`` it last came off well, when last (``at``), and by what.

    ``subject`` is the batch of a queued job, empty for one that comes round by itself. ``error`` is a code of the catalogue or the class of
    an exception; ``incident`` is where the log has the rest.
    """

    job: str
    subject: str
    since: datetime
    at: datetime
    times: int
    error: str
    incident: str

    def __str__(self) -> str:
        """Return it as a line for an operator."""
        of = f" of {self.subject}" if self.subject else ""
        when = f"{self.times} times since {rfc3339(self.since)}, last at {rfc3339(self.at)}"
        return f"{self.job}{of} failed {when}: {self.error}, incident {self.incident}"


class FailedJobs:
    """The failures of one node's jobs; several workers may tell of the same."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    @contextmanager
    def keeping(self, job: str, subject: str = "") -> Iterator[None]:
        """Keep what goes wrong in the block, whatever it is, and go on behind it."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - one job's fault must not stop the worker
            incident = token(6)
            _log.exception("job_failed", job=job, subject=subject, incident=incident)
            try:
                self.note(job, subject, error.code if isinstance(error, ChaoxinError) else type(error).__name__, incident)
            except Exception:  # noqa: BLE001 - it may be the database that is away
                _log.exception("job_failure_not_kept", job=job, incident=incident)

    def note(self, job: str, subject: str, error: str, incident: str) -> None:
        """Keep a failure, counted with those before it."""
        at = to_micros(self._clock.now())
        new = {"job": job, "subject": subject, "since": at, "at": at, "times": 1, "error": error[:100], "incident": incident}
        latest = {name: new[name] for name in ("at", "error", "incident")}
        with self._engine.begin() as connection:
            statement = INSERTS[connection.dialect.name](_failed).values(new)
            again = {**latest, "times": _failed.c.times + 1}
            connection.execute(statement.on_conflict_do_update(index_elements=["job", "subject"], set_=again))

    def clear(self, job: str, *, but: Collection[str] = ()) -> None:
        """Forget a job's failures, save those of the subjects that are still worked on. Where there are none, nothing is written."""
        if any(one.job == job and one.subject not in but for one in self.listed()):
            with self._engine.begin() as connection:
                connection.execute(_failed.delete().where(_failed.c.job == job, _failed.c.subject.not_in(but)))

    def listed(self) -> Sequence[FailedJob]:
        """Return what failed, the latest first."""
        query = sa.select(_failed).order_by(_failed.c.at.desc(), _failed.c.job, _failed.c.subject)
        with reading(self._engine).begin() as connection:
            return [
                FailedJob(**dict(row) | {"since": from_micros(row["since"]), "at": from_micros(row["at"])})
                for row in connection.execute(query).mappings()
            ]
