"""Keeps the evidence that a log contradicts itself, and tells of it: audit trail, log, console, doctor.

Left to others: finding it (``witness`` of other nodes' logs, ``witnessed`` of the own), showing it (``service``, ``admin_ui``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from kernel.audit import AuditEvent
from kernel.errors import Text
from licenses.log_ports import FaultKind, LogFault
from licenses.ports import LicenseDeps

_log = structlog.get_logger()
_KINDS: Mapping[FaultKind, Text] = {
    "rollback": Text("比以前少了", "shows less than it showed before"),
    "fork": Text("与以前的不一致", "shows something else than it showed before"),
    "key": Text("换了签名密钥", "is signed by another key"),
}


def keep(deps: LicenseDeps, node_code: str, kind: FaultKind, *, held: str, shown: str, found_by: str | None = None) -> None:
    """Keep both heads, once for each head that was contradicted. ``found_by`` is the node that saw it, by default this one."""
    fault = LogFault(node_code, kind, held, shown, deps.clock.now(), found_by or deps.node.code)
    with deps.work.begin() as work:
        if not work.records.add_log_fault(fault):
            return
        details = {"kind": kind, "held": held, "shown": shown}
        event = AuditEvent(
            fault.found_at, f"node:{fault.found_by}", "licenses.witness_log", f"node:{node_code}", "failed", details
        )
        work.audit.record(event)
    _log.error("log_contradicts_itself", node=node_code, kind=kind, found_by=fault.found_by)


def list_open(deps: LicenseDeps) -> Sequence[LogFault]:
    """Return the faults that nobody has looked over, the newest first."""
    with deps.work.read() as work:
        return [fault for fault in work.records.log_faults() if fault.settled_by is None]


def describe(fault: LogFault) -> Text:
    """Return a fault as a line for people."""
    what = _KINDS[fault.kind]
    return Text(
        f"{fault.node_code} 的透明日志{what.zh}（{fault.found_by} 发现）",
        f"the log of {fault.node_code} {what.en} (found by {fault.found_by})",
    )


def settle(deps: LicenseDeps, node_code: str, *, actor: str) -> int:
    """Note that the open faults of a node's log were looked over, and begin anew with what it shows next; return how many there were.

    The evidence stays, on the audit trail and here.
    """
    with deps.work.begin() as work:
        settled = work.records.settle_log_faults(node_code, by=actor)
        if settled:
            work.records.drop_witnessed(node_code)
            details = {"faults": settled}
            event = AuditEvent(deps.clock.now(), actor, "licenses.settle_log_fault", f"node:{node_code}", details=details)
            work.audit.record(event)
    return settled
