"""One of the node's CAs as the console shows it: certificate, key, lists, the responder that answers for it, and what comes next for each.

Left to others: the overview of all CAs (``overview``), publishing and answering (``pki``), putting a new key in a CA's place (``pki.rollover``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from admin_ui.certificates import Certificate, describe_record, key_of
from admin_ui.overview import Authority, Kind, list_authorities, list_kind
from kernel.audit import AuditEvent
from kernel.errors import Refusal
from pki import ocsp, rollover
from pki.errors import CERTIFICATE_UNKNOWN
from pki.ports import KeyPlace, PkiDeps
from pki.records import CaName, CaRole, ListHead, RoleRecord, Rollover, ca_role
from pki.roles import parsed, responder_role
from policies.certificates import get_profile

SHOWN_PARTITIONS = 20
"""Lists of parts that a page shows, the newest: the older ones change no more but when something in them is revoked."""


@dataclass(frozen=True, slots=True)
class Key:
    """A private key: where it lies, what it is, whether it can be used now, since when it serves and when it is due for another."""

    label: str
    place: KeyPlace
    algorithm: str
    is_there: bool
    since: datetime
    due: datetime


@dataclass(frozen=True, slots=True)
class Service:
    """Whoever answers for a CA by OCSP: its certificate, its key, and how many signed answers this process keeps ready."""

    certificate: Certificate
    key: Key
    ready: int
    valid: timedelta


@dataclass(frozen=True, slots=True)
class Shown:
    """A CA with everything about it. ``partitions`` is how many parts its certificates are in; ``asked`` the rollover that waits."""

    authority: Authority
    role: CaRole
    serves: bool
    key: Key
    lists: Sequence[tuple[ListHead, Kind]]
    partitions: int
    responder: Service | None
    asked: Rollover | None
    needed: int


def show(deps: PkiDeps, ca: CaName, at: datetime) -> Shown:
    """Return the CA ``ca``; ``Refusal`` when the node has none of that name that is not over."""
    authority = next((one for one in list_authorities(deps, at) if one.ca == ca), None)
    if authority is None:
        raise Refusal(CERTIFICATE_UNKNOWN, serial=ca[:64])
    role = ca_role(ca)
    with deps.work.read() as work:
        parts = work.records.partitions(ca)
        lists = work.records.newest_lists(ca, (0, *reversed(parts[-SHOWN_PARTITIONS:])))
        serving, answering = work.records.find_role(role), work.records.find_role(responder_role(ca))
        record = None if answering is None else work.records.find_certificate(answering.serial)
    responder = None
    if answering is not None and record is not None:
        certificate = describe_record(record, at)
        valid = timedelta(seconds=deps.policies.revocation.ocsp_valid_seconds)
        responder = Service(certificate, _key(deps, answering.key_label, certificate), ocsp.count_ready(deps), valid)
    return Shown(
        authority=authority,
        role=role,
        serves=_is_of(serving, ca),
        key=_key(deps, ca, authority.certificate),
        lists=[(one, list_kind(one, at)) for one in lists],
        partitions=len(parts),
        responder=responder,
        asked=rollover.find_open(deps, role),
        needed=deps.policies.cross_certificates.approvers,
    )


def last_failure(failed: AuditEvent | None) -> str | None:
    """Return what was wrong with the OCSP answer that was refused last."""
    return None if failed is None else str(failed.details.get("finding", ""))


def _is_of(role: RoleRecord | None, ca: CaName) -> bool:
    return role is not None and role.key_label == ca


def _key(deps: PkiDeps, label: str, certificate: Certificate) -> Key:
    record = certificate.record
    return Key(
        label=label,
        place=deps.keys.place,
        algorithm=key_of(parsed(deps, record)),
        is_there=deps.keys.find(label) is not None,
        since=record.not_before,
        due=record.not_after - timedelta(days=get_profile(deps.policies, record.profile).renewal_days),
    )
