"""Revocation lists: numbered, archived for ever, of three kinds.

The principal CA's list has CA certificates only and says so. The issuing CA's is complete, and beside it each partition has its own
(critical issuingDistributionPoint, RFC 5280 5.2.5), to which certificates point: who asks about one certificate fetches its partition's list, which never grows beyond ``partition_size``; the complete one is for
peers and archives, which want few files. All lists of a CA share one sequence of numbers.

Left to others: deciding to revoke (``revocation``), the form (``crl_der``), serving the lists (``publications``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from cryptography import x509

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import ChaoxinError, Misuse
from pki import crl_der, issuance, lint
from pki.certificates import Issuer, authority_key_identifier, list_url
from pki.errors import AUTHORITY_MISSING
from pki.ports import PkiDeps
from pki.records import CaName, CrlRecord, ca_role
from pki.roles import ca_in, cas_in, issuer_of

LARGE_LIST_WAITS = timedelta(minutes=15)
"""A complete list beyond a partition's size is archived this often at most: its megabytes are kept for ever, each time.
The partition's list, to which the certificate points, is out at once."""


def publish(deps: PkiDeps, ca: CaName, *, partition: int = 0, actor: str = "system") -> CrlRecord:
    """Sign and store the next list, with every revocation that has committed: the complete one, or a partition's.

    The number is taken and the list stored in one transaction that holds others back, so a higher number never lacks an entry
    of a lower one (unless it was released).
    """
    with deps.work.begin() as work:
        number = work.records.take_crl_number(ca)
        at = deps.clock.now().replace(microsecond=0)
        serving = ca_in(deps, work.records, ca)
        issuer = issuer_of(serving)
        times = at, at + _periods(deps, ca)[1]
        changes = work.records.changes(ca, partition)
        counts: list[int] = []
        entries = _counted(work.records.entries(ca, partition), counts)
        extensions = _extensions(deps, issuer, number, partition)
        look = partial(lint.check_crl, ca=serving.certificate)  # what has a fault is never signed
        der = crl_der.build(serving.key, serving.certificate.subject, times, entries, extensions, look=look)
        record = CrlRecord(ca, number, *times, sum(counts), hashlib.sha256(der).hexdigest(), der, partition, changes)
        work.records.add_crl(record)
        details: dict[str, Json] = {"number": number, "entries": record.entries, "sha256": record.sha256}
        if partition:
            details["partition"] = partition
        work.audit.record(AuditEvent(at, actor, "pki.publish_crl", f"ca:{ca}", details=details))
    return record


def publish_change(deps: PkiDeps, ca: CaName, partition: int, *, actor: str = "system") -> None:
    """Publish the lists on which a certificate's status changed: the one that it points to at once, a large complete one later.

    A certificate without a partition, a CA's or one from before there were any, points to the complete list.
    """
    publish(deps, ca, partition=partition, actor=actor)
    if partition:
        newest = find_current(deps, ca)
        if newest is None or not _is_large(deps, newest):
            publish(deps, ca, actor=actor)


def current(deps: PkiDeps, ca: CaName, partition: int = 0) -> CrlRecord:
    """Return the newest list of this scope; ``Misuse(authority_missing)`` before there is one."""
    found = find_current(deps, ca, partition)
    if found is None:
        raise Misuse(AUTHORITY_MISSING, role=ca)
    return found


def find_current(deps: PkiDeps, ca: CaName, partition: int = 0) -> CrlRecord | None:
    """Return the newest list of this scope or None."""
    with deps.work.read() as work:
        return work.records.find_crl(ca, partition=partition)


def refresh_due(deps: PkiDeps) -> Sequence[CrlRecord]:
    """Publish the lists that are due: by their age, or because a status changed since. Safe to run at any time, twice too.

    One that cannot be published keeps no other from being: what was wrong with the first such is raised at the end.
    """
    issuance.settle(deps)
    with deps.work.read() as work:
        names = [ca.key_label for ca in cas_in(deps, work.records)]
        scopes = [(ca, partition) for ca in names for partition in (0, *work.records.partitions(ca))]
    published: list[CrlRecord] = []
    problems: list[ChaoxinError] = []
    for ca, partition in scopes:
        try:
            if _is_due(deps, ca, partition):
                published.append(publish(deps, ca, partition=partition))
        except ChaoxinError as error:
            problems.append(error)
    if problems:
        raise problems[0]
    return published


def _is_due(deps: PkiDeps, ca: CaName, partition: int) -> bool:
    with deps.work.read() as work:
        newest = work.records.find_crl(ca, partition=partition)
        changes = work.records.changes(ca, partition)
    if newest is None:
        return True
    waits = _periods(deps, ca)[0]
    if newest.changes != changes:
        waits = LARGE_LIST_WAITS if not partition and _is_large(deps, newest) else timedelta(0)
    return newest.this_update + waits <= deps.clock.now()


def _is_large(deps: PkiDeps, found: CrlRecord) -> bool:
    return found.entries > deps.policies.revocation.partition_size


def _periods(deps: PkiDeps, ca: CaName) -> tuple[timedelta, timedelta]:
    rules = deps.policies.revocation
    every, valid = (
        (rules.ca_crl_every_seconds, rules.ca_crl_valid_seconds)
        if ca_role(ca) == "principal"
        else (rules.crl_every_seconds, rules.crl_valid_seconds)
    )
    return timedelta(seconds=every), timedelta(seconds=valid)


def _counted(blocks: Iterator[tuple[int, bytes]], counts: list[int]) -> Iterator[bytes]:
    for count, entries in blocks:
        counts.append(count)
        yield entries


def _extensions(deps: PkiDeps, issuer: Issuer, number: int, partition: int) -> crl_der.Extensions:
    """Return the list's extensions.

    Entries stay for as long as the CA lives, expired certificates' too: a licence is judged years after its seal expired, and
    that the seal's key was compromised must still be seen then.
    """
    found: list[tuple[x509.ExtensionType, bool]] = [
        (authority_key_identifier(issuer), False),
        (x509.CRLNumber(number), False),
    ]
    if ca_role(issuer.ca) == "principal":
        found.append((_distribution_point(only_ca_certificates=True), True))
    elif partition:
        found.append((_distribution_point(list_url(deps.node, issuer.ca, partition)), True))
    return found


def _distribution_point(url: str | None = None, *, only_ca_certificates: bool = False) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=None if url is None else [x509.UniformResourceIdentifier(url)],
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=only_ca_certificates,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
