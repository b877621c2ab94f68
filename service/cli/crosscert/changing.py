"""``chaoxin crosscert renew|narrow|revoke|review``: an agreement changes or ends. Left to others: every decision."""

from __future__ import annotations

from typing import Any, get_args

import click

from crosscert import agreements
from crosscert.agreements import plans
from kernel.errors import Text
from pki.records import Reason
from service.cli.crosscert.forms import agreement_json, agreement_line, agreement_text
from service.cli.crosscert.limits import limit_options, narrow_constraints
from service.cli.crosscert.previews import preview_of, show_or_go
from service.cli.options import by_option, emit, json_option, pass_services
from service.cli.preview import override_option, yes_option
from service.wiring import Services


@click.command()
@pass_services
@click.argument("identifier")
@click.option(
    "--days", type=click.IntRange(1, 40_000), help="How long the new one is to be valid; else as long as the present one."
)
@by_option
@json_option
def renew(services: Services, identifier: str, days: int | None, by: str, as_json: bool) -> None:
    """Ask for a new cross-certificate in place of one that comes to its end, with the same limits."""
    _replace(services, identifier, by, as_json=as_json, limits={"levels": (), "names": (), "path_length": None, "days": days})


@click.command()
@pass_services
@click.argument("identifier")
@limit_options
@by_option
@json_option
def narrow(services: Services, identifier: str, by: str, as_json: bool, **limits: Any) -> None:
    """Ask for a new cross-certificate in place of one, with narrower limits."""
    _replace(services, identifier, by, as_json=as_json, limits=limits)


def _replace(services: Services, identifier: str, by: str, *, as_json: bool, limits: dict[str, Any]) -> None:
    deps = services.crosscert
    present = agreements.get(deps, identifier)
    constraints = narrow_constraints(deps, present.constraints, **limits)
    found = agreements.renew(deps, identifier, constraints, requester=by)
    emit(agreement_json(deps, found), as_json, lambda: agreement_text(deps, found))


@click.command()
@pass_services
@click.argument("identifier")
@click.option("--reason", type=click.Choice(get_args(Reason)), default="cessation_of_operation", show_default=True)
@by_option
@yes_option
@override_option
@json_option
def revoke(services: Services, identifier: str, reason: Reason, by: str, as_json: bool, **said: Any) -> None:
    """Show what breaks, then revoke a cross-certificate and publish that at once. Another admin reviews it within a day."""
    deps = services.crosscert
    found = agreements.get(deps, identifier)
    plan = plans.plan_of_revocation(deps, found)
    if plan is not None:
        action = Text(f"吊销 {found.peer.name} 的交叉证书。", f"Revoke the cross-certificate of {found.peer.code}.")
        preview = preview_of(plan, action, agreements.standing_with(deps, found))
        if not show_or_go(plan, preview, yes=said["yes"], overrides=said["overrides"], as_json=as_json):
            return
    found = agreements.revoke(deps, identifier, actor=by, reason=reason)
    emit(agreement_json(deps, found), as_json, lambda: agreement_line(deps, found))


@click.command()
@pass_services
@click.argument("identifier")
@by_option
@json_option
def review(services: Services, identifier: str, by: str, as_json: bool) -> None:
    """Record that another admin than the one who revoked has looked the revocation over."""
    found = agreements.review(services.crosscert, identifier, reviewer=by)
    emit(agreement_json(services.crosscert, found), as_json, lambda: agreement_line(services.crosscert, found))
