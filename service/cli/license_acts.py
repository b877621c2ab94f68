"""``chaoxin license suspend|restore|annotate|renew|replace|correct|revoke|withdraw|cancel|transfer``, and agreeing to what waits.

Without ``--yes`` nothing changes. Left to others: what may be done to a licence (``licenses.life``), the other commands (``license``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from kernel.clock import rfc3339
from kernel.errors import Refusal, Text
from kernel.text import mask
from licenses import archive
from licenses.act_records import Act
from licenses.errors.life import ACT_COLUMN
from licenses.kinds import name_of
from licenses.life import acts, copies
from licenses.life.orders import Order, Planned, operator
from licenses.life.transitions import TRANSITIONS, words_of
from licenses.ports import LicenseDeps
from policies.life_models import ActName
from service.cli.options import by_option, emit, json_option, pass_services
from service.cli.preview import Preview, go_ahead, yes_option
from service.wiring import Services

_HELP: Mapping[ActName, str] = {
    "suspend": "Suspend a licence (暂扣) until it is restored.",
    "restore": "Restore a suspended licence (恢复).",
    "annotate": "Make an annotated copy (加注件): --set purpose=… --set receiver=… --set until=YYYY-MM-DD.",
    "renew": "Renew a licence (延续) as a new version: --set valid_to=YYYY-MM-DD.",
    "replace": "Replace a lost or damaged licence (补发) by a new version.",
    "correct": "Correct a licence (变更、更正) by a new version: --set holder_name=… --set 'extra=…'.",
    "revoke": "Revoke a licence (撤销), for good.",
    "withdraw": "Withdraw a licence as a penalty (吊销), for good.",
    "cancel": "Cancel a licence (注销), for good.",
    "transfer": "Transfer a licence to another area or department (转出), for good.",
}


def _columns(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    del context, parameter
    columns: dict[str, str] = {}
    for one in given:
        column, equals, value = one.partition("=")
        if not equals or not column or column in columns:
            message = f"{one!r} is not COLUMN=VALUE, or its column is given twice"
            raise click.BadParameter(message)
        columns[column] = value
    return columns


def make_commands() -> list[click.Command]:
    """Return a command for each act of the table, and those that decide about what waits."""
    return [*(_command(name) for name in TRANSITIONS), agree, reject, list_]


def _command(name: ActName) -> click.Command:
    changes = TRANSITIONS[name].may_change is not None or name == "annotate"
    wanted = ", ".join(sorted(TRANSITIONS[name].may_change or copies.COLUMNS))
    set_option = click.option(
        "--set", "columns", multiple=True, callback=_columns, metavar="COLUMN=VALUE", help=f"What it says: {wanted}."
    )

    @click.command(name=name, help=f"{_HELP[name]} Where policies say so, a second officer has to agree.")
    @click.argument("license_name", metavar="NUMBER|IDENTIFIER")
    @click.option("--reason", required=True, help="A reason's code of licenses.toml.")
    @click.option("--note", default="", help="Remarks; kept encrypted.")
    @click.option("--basis", default="", help="The document that it is based on (文号).")
    @by_option
    @yes_option
    @json_option
    @pass_services
    def command(
        services: Services,
        *,
        license_name: str,
        reason: str,
        note: str,
        basis: str,
        by: str,
        yes: bool,
        as_json: bool,
        columns: dict[str, str] | None = None,
    ) -> None:
        record = archive.get_license(services.licenses, license_name)
        order = Order(name, record.identifier, reason, note, basis, columns or {})
        planned = acts.plan(services.licenses, order, operator(by))
        if go_ahead(_preview(services.licenses, planned), yes=yes, overrides=(), as_json=as_json):
            _tell(acts.ask(services.licenses, order, operator(by)), as_json=as_json)

    return set_option(command) if changes else command


_act = click.argument("act_id", metavar="ACT")


@click.command()
@_act
@by_option
@yes_option
@json_option
@pass_services
def agree(services: Services, *, act_id: str, by: str, yes: bool, as_json: bool) -> None:
    """Agree, as the second officer, to what another one asked for; it is carried out at once."""
    _decide(services, acts.agree, Text("同意", "Agree to"), act_id, by, yes=yes, as_json=as_json)


@click.command()
@_act
@by_option
@yes_option
@json_option
@pass_services
def reject(services: Services, *, act_id: str, by: str, yes: bool, as_json: bool) -> None:
    """Reject what another officer asked for, or take back what you asked for yourself."""
    _decide(services, acts.reject, Text("否决", "Reject"), act_id, by, yes=yes, as_json=as_json)


@click.command(name="acts")
@click.option("--license", "license_name", metavar="NUMBER|IDENTIFIER", help="Only those of this licence, all its versions.")
@click.option("--waiting", is_flag=True, help="Only those that wait for a second officer.")
@json_option
@pass_services
def list_(services: Services, *, license_name: str | None, waiting: bool, as_json: bool) -> None:
    """List what was done to licences, newest first."""
    number = None if license_name is None else archive.get_license(services.licenses, license_name).number
    found = acts.list_acts(services.licenses, operator("operator:cli"), number=number, state="waiting" if waiting else None)
    emit([as_data(act) for act in found], as_json, lambda: "\n".join(map(_as_line, found)))


def as_data(act: Act) -> dict[str, Any]:
    """Return an act without what officers wrote of people."""
    return {
        "id": act.id,
        "act": act.name,
        "state": act.state,
        "number": act.number,
        "identifier": act.identifier,
        "reason": act.reason,
        "basis": act.basis,
        "asked_by": act.asked_by,
        "asked_at": rfc3339(act.asked_at),
        "decided_by": act.decided_by,
        "decided_at": rfc3339(act.decided_at) if act.decided_at else None,
        "result": act.result,
        "failure": act.failure or None,
    }


def _decide(
    services: Services, decision: Callable[..., Act], words: Text, act_id: str, by: str, *, yes: bool, as_json: bool
) -> None:
    act = acts.get_act(services.licenses, act_id, operator(by))
    act_words = words_of(act.name)
    action = Text(
        f"{words.zh}{act_words.zh}（{act.asked_by} 提出）。", f"{words.en}: {act_words.en}, asked for by {act.asked_by}."
    )
    if go_ahead(Preview(action, licenses=[act.number or "-"]), yes=yes, overrides=(), as_json=as_json):
        _tell(decision(services.licenses, act_id, operator(by)), as_json=as_json)


def _preview(deps: LicenseDeps, planned: Planned) -> Preview:
    record, words = planned.record, words_of(planned.order.name)
    if record is None:
        raise Refusal(ACT_COLUMN, field="act", act_zh=words.zh, act_en=words.en, column="-", columns="-")
    second = planned.rules.officers > 1
    zh = f"{words.zh}，理由：{planned.reason.zh}{'；等待另一名经办人同意' if second else ''}。"
    en = f"{words.en.capitalize()}, because: {planned.reason.en}{'; a second officer has to agree' if second else ''}."
    named = f"{record.number} {name_of(deps, record)} {record.issuer_name} {record.status}"
    return Preview(Text(zh, en), people=[mask(record.holder_name)], licenses=[named])


def _tell(act: Act, *, as_json: bool) -> None:
    emit({"changed": True, **as_data(act)}, as_json, lambda: _as_line(act))


def _as_line(act: Act) -> str:
    words = words_of(act.name)
    decided = f" → {act.decided_by}" if act.decided_by and act.decided_by != act.asked_by else ""
    made = f" {act.result}" if act.result else ""
    return f"{act.id}  {act.number or '-'}  {words.zh} {act.name}  {act.reason}  {act.state}  {act.asked_by}{decided}{made}"
