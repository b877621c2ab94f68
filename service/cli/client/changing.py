"""The commands that change a registered system: ``update``, ``promote``, ``disable``."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import click

from idp.clients import registry, stages
from idp.clients.checks import check_client
from idp.clients.sectors import changes_subjects
from idp.records import Client
from kernel.errors import Text
from service.cli.client.forms import OPERATOR, as_line, chosen, describe, metadata_options, warnings_of
from service.cli.options import emit, json_option, pass_services
from service.cli.preview import Preview, Warned, go_ahead, override_option, yes_option
from service.wiring import Services


@click.command()
@click.argument("client_id")
@click.option("--name")
@metadata_options
@yes_option
@override_option
@json_option
@pass_services
def update(services: Services, *, client_id: str, yes: bool, overrides: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Change what is registered of CLIENT_ID; what is not given stays, an empty text takes something away."""
    old = registry.get(services.idp, client_id)
    new = replace(old, **chosen(options))
    check_client(services.idp, new)
    changed = [one.name for one in fields(new) if getattr(old, one.name) != getattr(new, one.name)]
    names = ", ".join(changed) or "-"
    action = Text(f"修改 {client_id} 的登记：{names}", f"Change what is registered of {client_id}: {names}")
    preview = Preview(action, warnings=_warnings(old, new))
    if go_ahead(preview, yes=yes, overrides=overrides, as_json=as_json):
        registered = registry.update(services.idp, new, actor=OPERATOR)
        data = describe(registered.client) | {"client_secret": registered.client_secret}
        emit(data, as_json, f"{client_id}: {names}  {registered.client_secret or ''}".rstrip())


@click.command()
@click.argument("client_id")
@yes_option
@override_option
@json_option
@pass_services
def promote(services: Services, *, client_id: str, yes: bool, overrides: tuple[str, ...], as_json: bool) -> None:
    """Let CLIENT_ID into production; refused by name of what it lacks."""
    ready = stages.verify_ready(registry.get(services.idp, client_id))
    action = Text(f"转为正式系统：{as_line(ready)}", f"Let into production: {as_line(ready)}")
    if go_ahead(Preview(action, warnings=warnings_of(ready)), yes=yes, overrides=overrides, as_json=as_json):
        promoted = stages.promote(services.idp, client_id, actor=OPERATOR)
        emit(describe(promoted), as_json, lambda: as_line(promoted))


@click.command()
@click.argument("client_id")
@pass_services
def disable(services: Services, *, client_id: str) -> None:
    """Disable CLIENT_ID: no login and no token of it counts any more."""
    registry.disable(services.idp, client_id, actor=OPERATOR)
    click.echo(f"{client_id}: disabled")


def _warnings(old: Client, new: Client) -> list[Warned]:
    warnings = warnings_of(new) if old.require_pkce else []
    if changes_subjects(old, new):
        text = Text("系统此后认不出它已知道的人。", "The client will not recognise the people it knows: each gets another sub.")
        warnings.append(Warned("client_subjects_change", text))
    return warnings
