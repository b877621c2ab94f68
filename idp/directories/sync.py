"""A directory's people, brought here in full or as far as they changed. Killed at any moment, it loses nothing: the next run does the rest.

1. Whether all are read: at the first time and every so often, after a change of a group, and from another server than last time.
2. Page after page is read, and taken over in a transaction of its own (``people``); what is here as it is there costs no write.
3. In a full run, who was not met has vanished: closed, unless there are more of them than policies let go at once. Then nobody is, and
   the alarm is raised.
4. Whose time came meanwhile is closed.
5. How it went is noted; the mark moves on only now. A directory that is away is left in peace for a while, and takes nobody out.

Left to others: reading (``ldap``), what follows from an entry (``people``), when this runs (``service.jobs``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crosscert.federation.backoff import pause
from idp.directories.errors import DIRECTORY_UNKNOWN, DIRECTORY_VANISHED
from idp.directories.people import Change, Intake, judge, username_of
from idp.ports import IdpDeps, StaffDirectory, StaffReader
from idp.records import DirectoryState, Lock, StaffEntry
from kernel.audit import AuditEvent, Outcome
from kernel.canonical import Json
from kernel.errors import Refusal
from policies.roles import may_vanish

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(minutes=15)
_LONGEST_RUN = timedelta(minutes=5)
_AT_ONCE = 500
_MOST_NAMED = 100


@dataclass(slots=True)
class Report:
    """What a run did, or would do: numbers by kind, and the first of the people concerned."""

    directory: str
    actor: str
    is_full: bool
    counts: Counter[str] = field(default_factory=Counter)
    people: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    refusal: Refusal | None = None

    def add(self, kind: str, username: str) -> None:
        """Count somebody."""
        self.counts[kind] += 1
        if len(self.people) < _MOST_NAMED:
            self.people.append(f"{username}: {kind}")


def sync_due(deps: IdpDeps) -> Iterator[Report]:
    """Bring every directory up to date that is not left in peace."""
    for directory in deps.directories.values():
        if not _is_left_alone(find_state(deps, directory), deps.clock.now()):
            yield sync(deps, directory, actor="system")


def get_directory(deps: IdpDeps, name: str) -> StaffDirectory:
    """Return the directory of this name; ``Refusal(directory_unknown)``."""
    directory = deps.directories.get(name)
    if directory is None:
        raise Refusal(DIRECTORY_UNKNOWN, field="name", name=name)
    return directory


def find_state(deps: IdpDeps, directory: StaffDirectory) -> DirectoryState:
    """Return how a directory's synchronisation stands."""
    name = directory.settings.name
    with deps.work.read() as work:
        return work.records.find_directory(name) or DirectoryState(name)


def sync(deps: IdpDeps, directory: StaffDirectory, *, actor: str, full: bool = False, let_all_go: bool = False) -> Report:
    """Bring a directory up to date. What went wrong is noted and in the report, not raised.

    ``let_all_go``: close those who vanished, however many they are.
    """
    state = replace(find_state(deps, directory), tried_at=deps.clock.now())
    report = Report(directory.settings.name, actor, is_full=full)
    with deps.work.begin() as work:
        work.records.put_directory(state)
    try:
        with directory.reading() as reader:
            state = _run(deps, directory, reader, state, report, full=full, let_all_go=let_all_go)
    except Refusal as refusal:
        report.refusal = refusal
        state = replace(state, failures=state.failures + 1, problem=f"{refusal.code}: {refusal.text.zh} {refusal.text.en}"[:1000])
    # 5.
    _note(deps, state, report)
    return report


def preview(deps: IdpDeps, directory: StaffDirectory) -> Report:
    """Return what a full run would do. Nothing is changed; ``Refusal`` when the directory does not answer."""
    now, settings = deps.clock.now(), directory.settings
    report = Report(settings.name, "system", is_full=True)
    met: set[str] = set()
    with directory.reading() as reader:
        for page in reader.pages(None):
            met |= {entry.id for entry in page}
            for change in _judged(deps, directory, page, now):
                _count(report, username_of(settings, change.entry), change)
    vanished = _vanished(deps, directory, met, report)
    for start in range(0, len(vanished), _AT_ONCE):
        with deps.work.read() as work:
            found = work.records.directory_people(settings.name, vanished[start : start + _AT_ONCE])
        for _person, record in found.values():
            report.add("gone", record.username)
    return report


def _is_left_alone(state: DirectoryState, now: datetime) -> bool:
    """Tell whether a run is on its way (or was, and was killed a moment ago), or the directory failed not long ago."""
    if state.tried_at is None or state.tried_at > now:  # in the future: the clock was set back since
        return False
    if state.failures:
        return now < state.tried_at + pause(state.failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    return state.tried_at != state.heard_at and now < state.tried_at + _LONGEST_RUN


def _run(
    deps: IdpDeps,
    directory: StaffDirectory,
    reader: StaffReader,
    state: DirectoryState,
    report: Report,
    *,
    full: bool,
    let_all_go: bool,
) -> DirectoryState:
    started, settings = deps.clock.now(), directory.settings
    # 1.
    groups = reader.groups()
    every = timedelta(minutes=settings.full_minutes)
    is_fresh = state.full_at is not None and state.full_at <= started < state.full_at + every
    report.is_full = full or not is_fresh or not state.mark or (state.url, state.groups) != (reader.url, groups)
    # 2.
    met: set[str] = set()
    mark = "" if report.is_full else state.mark
    for page in reader.pages(None if report.is_full else state.mark):
        met |= {entry.id for entry in page}
        mark = max(mark, *(entry.mark for entry in page)) if page else mark
        _take_page(deps, directory, page, report)
    # 3.
    if report.is_full:
        gone = _vanished(deps, directory, met, report)
        if report.refusal is not None and not let_all_go:
            raise report.refusal
        report.refusal = None
        _let_go(deps, directory, gone, "gone", report)
    # 4.
    with deps.work.read() as work:
        over = work.records.expired_entries(settings.name, deps.clock.now())
    _let_go(deps, directory, over, "expired", report)
    full_at = started if report.is_full else state.full_at
    return replace(
        state, url=reader.url, mark=mark, groups=groups, heard_at=state.tried_at, full_at=full_at, failures=0, problem=None
    )


def _take_page(deps: IdpDeps, directory: StaffDirectory, page: Sequence[StaffEntry], report: Report) -> None:
    now, settings = deps.clock.now(), directory.settings
    wanted = []
    for change in _judged(deps, directory, page, now):
        if change.is_any:
            wanted.append(change)
        else:
            _count(report, username_of(settings, change.entry), change)
    if not wanted:
        return
    with deps.work.begin() as work:
        intake = Intake(work, deps, settings, now, report.actor)
        known = work.records.directory_people(settings.name, [change.entry.id for change in wanted])
        done = [intake.take_over(change, known.get(change.entry.id)) for change in wanted]
    for change in done:
        _count(report, username_of(settings, change.entry), change)


def _judged(deps: IdpDeps, directory: StaffDirectory, page: Sequence[StaffEntry], now: datetime) -> Iterator[Change]:
    settings = directory.settings
    with deps.work.read() as work:
        known = work.records.directory_people(settings.name, [entry.id for entry in page])
    for entry in page:
        yield judge(deps, settings, entry, known.get(entry.id), now)


def _count(report: Report, username: str, change: Change) -> None:
    kinds = (("new", change.is_new), ("changed", change.is_changed), ("locked", change.locks), ("released", change.releases))
    for kind, is_so in kinds:
        if is_so:
            report.add(kind, username)
    if change.refusal is not None:
        report.counts["refused"] += 1
        if len(report.refused) < _MOST_NAMED:
            report.refused.append(f"{username}: {change.refusal.text.zh} {change.refusal.text.en}")
    elif not change.is_any:
        report.counts["same"] += 1


def _vanished(deps: IdpDeps, directory: StaffDirectory, met: set[str], report: Report) -> Sequence[str]:
    """Return the entries that were not met; ``report.refusal`` when there are too many of them to believe."""
    name = directory.settings.name
    with deps.work.read() as work:
        here = work.records.directory_entries(name)
    gone = [entry_id for entry_id in here if entry_id not in met]
    if not may_vanish(deps.policies.assurance.directories, len(gone), len(here)):
        report.refusal = Refusal(DIRECTORY_VANISHED, name=name, vanished=len(gone), of=len(here))
    return gone


def _let_go(deps: IdpDeps, directory: StaffDirectory, entry_ids: Sequence[str], lock: Lock, report: Report) -> None:
    for start in range(0, len(entry_ids), _AT_ONCE):
        with deps.work.begin() as work:
            intake = Intake(work, deps, directory.settings, deps.clock.now(), report.actor)
            for entry_id in entry_ids[start : start + _AT_ONCE]:
                username = intake.let_go(entry_id, lock)
                if username is not None:
                    report.add(lock, username)


def _note(deps: IdpDeps, state: DirectoryState, report: Report) -> None:
    """Store how it went. A failure is an event when it is the first one; a run that did nothing is none."""
    refusal = report.refusal
    changed = {kind: number for kind, number in sorted(report.counts.items()) if kind not in {"same", "refused"}}
    details: dict[str, Json] = {"full": report.is_full, **changed}
    if refusal is not None:
        details["code"] = refusal.code
    with deps.work.begin() as work:
        work.records.put_directory(state)
        if changed or (refusal is not None and state.failures == 1):
            outcome: Outcome = "ok" if refusal is None else "failed"
            target = f"directory:{state.name}"
            work.audit.record(AuditEvent(deps.clock.now(), report.actor, "idp.sync_directory", target, outcome, details))
