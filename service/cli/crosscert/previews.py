"""The plan of a change of trust, shown before the change. Left to others: computing it (``crosscert.plan``), making the change."""

from __future__ import annotations

from collections.abc import Sequence

from crosscert.plan_format import CASES, Plan
from crosscert.records import Agreement
from kernel.errors import Text
from service.cli.options import emit
from service.cli.preview import Preview, Warned, go_ahead

TRUST_LOST = "trust_lost"
FAULT = "fault_"
"""Before the case (``plan_format.CASES``)."""


def preview_of(plan: Plan, action: Text, standing: Sequence[Agreement]) -> Preview:
    """Return whom a plan concerns: ``standing`` are the agreements whose certificates it is about."""
    lost = [each for each in plan.changes if each.lost]
    warnings = []
    if lost:
        names = "、".join(each.name for each in lost)
        warnings.append(
            Warned(TRUST_LOST, Text(f"以下节点将不再（或较少）受信任：{names}。", f"Trusted no more, or less: {names}."))
        )
    for fault in plan.faults:
        words = CASES[fault.case].fill({"of": fault.of})
        warnings.append(
            Warned(FAULT + fault.case, Text(f"不应有效却会有效：{words.zh}", f"Accepted and must not be: {words.en}"))
        )
    peers = (
        *(f"{each.peer.code} {each.peer.name}" for each in standing),
        *(f"{each.code or '—'} {each.name}" for each in plan.changes),
    )
    types = dict.fromkeys(one for each in plan.changes for one in (*each.types_gained, *each.types_lost))
    return Preview(
        action,
        certificates=[each.serial for each in standing if each.serial is not None],
        licenses=[f"{plan.type_names[one].zh} {plan.type_names[one].en}" for one in types],
        peers=list(dict.fromkeys(peers)),
        warnings=warnings,
    )


def show_or_go(plan: Plan, preview: Preview, *, yes: bool, overrides: Sequence[str], as_json: bool) -> bool:
    """Tell whether to make the change; otherwise the plan and the preview were printed."""
    if yes:
        return go_ahead(preview, yes=True, overrides=overrides, as_json=as_json)
    data = {**preview.as_json(), "plan": plan.as_json(), "plan_sha256": plan.digest}
    emit(data, as_json, lambda: f"{plan.as_text()}\n{preview.as_text()}")
    return False
