"""``chaoxin directory``: the departments' directories of staff. Looking, testing, taking over at once.

Left to others: what is taken over (``idp.directories``), where the directories are (the configuration).
"""

from __future__ import annotations

import click

from idp.directories import sync
from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Text
from service.cli.options import EXIT_NO, by_option, emit, json_option, pass_services
from service.cli.preview import Preview, Warned, go_ahead, override_option, yes_option
from service.wiring import Services


@click.group()
def command() -> None:
    """Look at the departments' directories of staff, test them, take their people over."""


@command.command(name="list")
@json_option
@pass_services
def list_(services: Services, as_json: bool) -> None:
    """List the directories and how their synchronisation stands; exit 1 when one of them failed last."""
    found = [_as_json(services, name) for name in services.staff_directories]
    lines = (
        f"{each['name']:<20} {each['organization']}  {each['people']}  {each['heard_at'] or '-'}  {each['problem'] or ''}"
        for each in found
    )
    emit(found, as_json, "\n".join(lines))
    if any(each["problem"] for each in found):
        raise SystemExit(EXIT_NO)


@command.command()
@click.argument("name")
@json_option
@pass_services
def test(services: Services, name: str, as_json: bool) -> None:
    """Say what TLS, bind, search, schema and groups of directory NAME say, server by server; exit 1 at a fault."""
    found = list(sync.get_directory(services.idp, name).examine())
    data = [{"step": step, "ok": fault is None, "fault": fault, "found": seen} for step, fault, seen in found]
    lines = (f"{'ok ' if fault is None else 'BAD'} {step}: {fault or seen}" for step, fault, seen in found)
    emit(data, as_json, "\n".join(lines))
    if any(fault is not None for _step, fault, _seen in found):
        raise SystemExit(EXIT_NO)


@command.command(name="sync")
@click.argument("name")
@by_option
@yes_option
@override_option
@json_option
@pass_services
def sync_(  # noqa: PLR0917 - one parameter for each option
    services: Services, name: str, by: str, yes: bool, overrides: tuple[str, ...], as_json: bool
) -> None:
    """Take over all people of directory NAME; exit 1 when that could not be done."""
    directory = sync.get_directory(services.idp, name)
    found = sync.preview(services.idp, directory)
    counts = _counts(found)
    told = " ".join(f"{kind} {number}" for kind, number in counts.items())
    organization = directory.settings.organization
    action = Text(f"同步{organization}的目录 {name}：{told}。", f"Take over the directory {name} of {organization}: {told}.")
    warnings = [] if found.refusal is None else [Warned(found.refusal.code, found.refusal.text)]
    preview = Preview(action, people=[*found.people, *found.refused], warnings=warnings)
    if not go_ahead(preview, yes=yes, overrides=overrides, as_json=as_json):
        return
    done = sync.sync(services.idp, directory, actor=by, full=True, let_all_go=bool(warnings))
    if done.refusal is not None:
        raise done.refusal
    counts = _counts(done)
    data = {"changed": True, "directory": name, "counts": counts, "people": done.people, "refused": done.refused}
    lines = [f"{kind}: {number}" for kind, number in counts.items()]
    emit(data, as_json, "\n".join([*lines, *done.refused]))


def _counts(report: sync.Report) -> dict[str, Json]:
    return dict(sorted(report.counts.items()))


def _as_json(services: Services, name: str) -> dict[str, Json]:
    directory = services.staff_directories[name]
    state = sync.find_state(services.idp, directory)
    moments = {"heard_at": state.heard_at, "full_at": state.full_at, "tried_at": state.tried_at}
    with services.idp.work.read() as work:
        people = len(work.records.directory_entries(name))
    return {
        "name": name,
        "department": directory.settings.department,
        "organization": directory.settings.organization,
        "people": people,
        **{key: None if moment is None else rfc3339(moment) for key, moment in moments.items()},
        "failures": state.failures,
        "problem": state.problem,
    }
