"""What this node publishes of its CAs in a directory (RFC 4523), entry by entry: certificates, lists, cross-certificate pairs.

1. what ought to be there is made of what is in force now;
2. an entry that is not known to be there as it is now is written, unless the directory failed a while ago and is left in peace;
3. how it went is recorded, and told by ``states``.

Left to others: speaking to the directory (``directory``), when this runs (``service.jobs``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509

from crosscert.directory.certificate_pair import CertificatePair
from crosscert.federation.backoff import pause
from crosscert.graph.edges import is_cross
from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.ports import CrosscertDeps
from crosscert.records import Published
from kernel.audit import AuditEvent, Outcome
from kernel.canonical import Json, digest
from kernel.errors import ChaoxinError
from pki import crl
from pki.publications import ca_certificates
from pki.records import ca_role
from pki.roles import cas_in

AGAIN_AFTER = timedelta(days=1)
"""A directory may lose what was written: an entry is written anew when this long has passed."""
_CERTIFICATES, _PAIRS = "cACertificate;binary", "crossCertificatePair;binary"
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry of a CA: its common name, and the values of each attribute (none: the attribute is not there)."""

    common_name: str
    attributes: Mapping[str, Sequence[bytes]]

    @property
    def sha256(self) -> str:
        """What tells one content from another."""
        told = {name: [hashlib.sha256(value).hexdigest() for value in values] for name, values in self.attributes.items()}
        return digest(told).hex()


class Directory(Protocol):
    """Where entries are published."""

    def put(self, entry: Entry) -> None:
        """Make the entry what it is to be; ``Refusal`` (``directory_unreachable``, ``directory_answer``) when that is not certain."""
        ...


@dataclass(frozen=True, slots=True)
class EntryState:
    """An entry, and how its publication stands: ``published`` is None before the first try."""

    entry: Entry
    published: Published | None

    @property
    def is_current(self) -> bool:
        """Whether the directory has it as it is now."""
        return self.published is not None and self.published.sha256 == self.entry.sha256


def entries(deps: CrosscertDeps) -> tuple[Entry, ...]:
    """Return what ought to be in the directory now: the principal CA's entry and the issuing CA's, each with all of its keys in force."""
    with deps.pki.work.read() as work:
        cas = cas_in(deps.pki, work.records)
    published = [parse_certificate(record.der) for record in ca_certificates(deps.pki)]
    made = []
    for role, lists in (("principal", "authorityRevocationList;binary"), ("issuing", "certificateRevocationList;binary")):
        keys = [ca for ca in cas if ca_role(ca.key_label) == role]
        names = {parse_certificate(ca.record.der).subject for ca in keys}
        own = [each.der for each in published if each.subject in names and not is_cross(each)]
        attributes = {_CERTIFICATES: sorted(own), lists: [crl.current(deps.pki, ca.key_label).der for ca in keys]}
        if role == "principal":
            roots = [parse_certificate(ca.record.der) for ca in keys]
            attributes[_PAIRS] = [pair.encode() for pair in _pairs(deps, roots, [each for each in published if is_cross(each)])]
        made.append(Entry(_common_name(keys[0].certificate), attributes))
    return tuple(made)


def states(deps: CrosscertDeps) -> Sequence[EntryState]:
    """Return every entry with how its publication stands."""
    wanted = entries(deps)
    with deps.work.read() as work:
        return [EntryState(entry, work.records.find_published(entry.common_name)) for entry in wanted]


def publish(deps: CrosscertDeps, directory: Directory, *, only_due: bool, actor: str) -> Sequence[EntryState]:
    """Write the entries that are not known to be there as they are; return how all stand then. Failures are noted, not raised.

    ``only_due``: leave a directory that failed in peace for a while, the longer the oftener it did.
    """
    # 1.
    for state in states(deps):
        now = deps.clock.now()
        # 2.
        if not _is_stale(state, now) or (only_due and not _is_due(state, now)):
            continue
        error: ChaoxinError | None = None
        try:
            directory.put(state.entry)
        except ChaoxinError as raised:
            error = raised
        # 3.
        _note(deps, state, now, error, actor)
    return states(deps)


def _is_stale(state: EntryState, now: datetime) -> bool:
    published = state.published
    return not state.is_current or published is None or published.at is None or published.at + AGAIN_AFTER <= now


def _is_due(state: EntryState, now: datetime) -> bool:
    published = state.published
    if published is None or published.failures == 0:
        return True
    # Tried in the future: the clock was set back since.
    due_at = published.tried_at + pause(published.failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    return published.tried_at > now or due_at <= now


def _note(deps: CrosscertDeps, state: EntryState, now: datetime, error: ChaoxinError | None, actor: str) -> None:
    entry, before = state.entry, state.published
    if error is None:
        published = Published(entry.common_name, entry.sha256, now, now, 0, None)
    else:
        known, at, failures = (None, None, 0) if before is None else (before.sha256, before.at, before.failures)
        published = Published(entry.common_name, known, at, now, failures + 1, f"{error.code}: {error.text.zh} {error.text.en}")
    # What is only written anew, or tried again, is no event.
    first = not state.is_current and (error is None or before is None or before.failures == 0)
    with deps.work.begin() as work:
        work.records.put_published(published)
        if first:
            details: dict[str, Json] = {"sha256": entry.sha256}
            target = f"directory:{entry.common_name}"
            outcome: Outcome = "ok" if error is None else "failed"
            work.audit.record(AuditEvent(now, actor, "crosscert.publish", target, outcome, details))


def _pairs(
    deps: CrosscertDeps, roots: Sequence[ParsedCertificate], issued: Sequence[ParsedCertificate]
) -> Sequence[CertificatePair]:
    """Return the pairs: what was issued to this root beside what it issued to the same one (RFC 4523 2.4)."""
    now = deps.clock.now()
    with deps.work.read() as work:
        stored = [parse_certificate(found.der) for found in work.records.certificates(kind="received")]
    own = {root.entity for root in roots}
    received = [each for each in stored if each.entity in own and each.not_after > now]
    left = list(issued)
    pairs = []
    for forward in received:
        reverse = next((each for each in left if each.subject == forward.issuer), None)
        if reverse is not None:
            left.remove(reverse)
        pairs.append(CertificatePair(forward, reverse))
    pairs += [CertificatePair(None, reverse) for reverse in left]
    return sorted(pairs, key=CertificatePair.encode)


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
