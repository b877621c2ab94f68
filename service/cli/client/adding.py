"""``chaoxin client``: the departments' systems that log in here. A secret is drawn by the node and printed once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from idp.clients import registry
from idp.records import Client, ClientAuthentication, SigningAlgorithm
from kernel.errors import Misuse
from service.cli.options import emit, json_option, pass_services
from service.errors import CONFIG_INVALID
from service.wiring import Services

_ACTOR = "operator:cli"


@click.group()
def command() -> None:
    """Register, list and disable departments' systems."""


@command.command()
@click.argument("client_id")
@click.option("--name", required=True)
@click.option("--department", required=True, help="The department's unified social credit code; policies decide by it.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Matched exactly; may be given several times.")
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True)
@click.option("--method", type=click.Choice(registry.AUTHENTICATION_METHODS), default="client_secret_basic", show_default=True)
@click.option(
    "--jwks",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Public keys for private_key_jwt and for signed request objects.",
)
@click.option("--scope", default="openid", show_default=True)
@click.option("--grant-type", "grant_types", type=click.Choice(registry.GRANT_TYPES), multiple=True)
@click.option("--id-token-alg", type=click.Choice(["ES256", "RS256"]), default="ES256", show_default=True)
@click.option("--userinfo-alg", type=click.Choice(["ES256", "RS256"]), help="Sign what userinfo tells; plain JSON otherwise.")
@click.option("--request-uri", "request_uris", multiple=True, help="Where signed request objects may be fetched from (https).")
@click.option("--require-par", is_flag=True, help="Take authorization requests only when pushed beforehand (RFC 9126).")
@click.option("--default-acr", help="The level that every login for this system must reach.")
@click.option("--origin", "origins", multiple=True, help="Where a public client's browser code runs.")
@click.option("--home-url", help="Where citizens enter the system from their home page.")
@click.option("--task", help="What citizens do there.")
@click.option("--require-consent", is_flag=True)
@click.option("--dangerously-waive-pkce", is_flag=True, help="For one old confidential system only; logged as a warning.")
@json_option
@pass_services
def add(  # noqa: PLR0917 - one parameter for each option
    services: Services,
    client_id: str,
    method: ClientAuthentication,
    jwks: Path | None,
    id_token_alg: SigningAlgorithm,
    userinfo_alg: SigningAlgorithm | None,
    require_par: bool,
    dangerously_waive_pkce: bool,
    scope: str,
    grant_types: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Register CLIENT_ID and print its secret, if it has one: it is not shown again."""
    new = Client(
        client_id=client_id,
        token_endpoint_auth_method=method,
        jwks=None if jwks is None else _read_jwks(jwks),
        id_token_signed_response_alg=id_token_alg,
        userinfo_signed_response_alg=userinfo_alg,
        require_pushed_authorization_requests=require_par,
        require_pkce=not dangerously_waive_pkce,
        scopes=tuple(scope.split()),
        grant_types=grant_types or ("authorization_code", "refresh_token"),
        **options,
    )
    registered = registry.register(services.idp, new, actor=_ACTOR)
    data = _as_json(registered.client) | {"client_secret": registered.client_secret}
    emit(data, as_json, f"{client_id}  {registered.client_secret or '(no secret)'}")


@command.command()
@click.argument("client_id")
@pass_services
def disable(services: Services, client_id: str) -> None:
    """Disable CLIENT_ID: no login and no token of it counts any more."""
    registry.disable(services.idp, client_id, actor=_ACTOR)
    click.echo(f"{client_id}: disabled")


@command.command(name="list")
@json_option
@pass_services
def list_(services: Services, as_json: bool) -> None:
    """List the registered systems."""
    found = registry.all_clients(services.idp)
    lines = (f"{one.client_id:<24} {one.token_endpoint_auth_method:<20} {one.department}  {one.name}" for one in found)
    emit([_as_json(one) for one in found], as_json, "\n".join(lines))


def _read_jwks(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misuse(CONFIG_INVALID, field="jwks", file=str(file), problem=str(error)) from None
    if not isinstance(document, dict):
        raise Misuse(CONFIG_INVALID, field="jwks", file=str(file), problem="not a JSON object")
    return document


def _as_json(client: Client) -> dict[str, object]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "department": client.department,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "scope": " ".join(client.scopes),
        "grant_types": list(client.grant_types),
        "require_pkce": client.require_pkce,
        "require_pushed_authorization_requests": client.require_pushed_authorization_requests,
        "state": "enabled" if client.disabled_at is None else "disabled",
    }
