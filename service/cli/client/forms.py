"""What the commands about clients share: the options that say what is registered, and how a client is printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from idp.clients import registry
from idp.clients.checks import missing_for_production
from idp.clients.grant_types import GRANT_TYPES
from idp.clients.security_profiles import SECURITY_PROFILES
from idp.records import Client
from kernel.clock import rfc3339
from kernel.errors import Misuse, Text
from service.cli.preview import Warned
from service.errors import CONFIG_INVALID

OPERATOR = "operator:cli"
_HIDDEN = frozenset({"secrets", "registration_token", "version", "created_at", "disabled_at", "scopes"})
_ALGORITHMS = click.Choice(["ES256", "RS256"])

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--redirect-uri", "redirect_uris", multiple=True, help="Matched exactly; may be given several times."),
    click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True),
    click.option("--backchannel-logout-uri", help="Told when a session ends; production needs one."),
    click.option("--backchannel-logout-session-required/--no-backchannel-logout-session-required", default=None),
    click.option(
        "--events-uri",
        help="Told when something happens to an account that it knows (RFC 8935); urn:ietf:rfc:8936: it fetches that itself.",
    ),
    click.option("--method", "token_endpoint_auth_method", type=click.Choice(registry.AUTHENTICATION_METHODS)),
    click.option(
        "--jwks",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Public keys for private_key_jwt and for signed request objects.",
    ),
    click.option("--jwks-uri", help="Where the system publishes them instead (https)."),
    click.option("--scope", help="Scopes in one text; openid alone if not said."),
    click.option("--grant-type", "grant_types", type=click.Choice(GRANT_TYPES), multiple=True),
    click.option("--id-token-alg", "id_token_signed_response_alg", type=_ALGORITHMS),
    click.option("--userinfo-alg", "userinfo_signed_response_alg", type=_ALGORITHMS, help="Sign what userinfo tells."),
    click.option("--subject-type", type=click.Choice(["public", "pairwise"]), help="As clients.toml says if not said."),
    click.option("--sector-identifier-uri", help="Lists the redirect URIs of one sector (https)."),
    click.option("--request-uri", "request_uris", multiple=True, help="Where request objects may be fetched from (https)."),
    click.option(
        "--require-par/--no-require-par",
        "require_pushed_authorization_requests",
        default=None,
        help="Take authorization requests only when pushed beforehand (RFC 9126).",
    ),
    click.option("--default-acr", help="The level that every login for this system must reach."),
    click.option("--origin", "origins", multiple=True, help="Where a public client's browser code runs."),
    click.option("--address", "addresses", multiple=True, help="The only networks that it calls from, like 10.1.0.0/16."),
    click.option("--resource", "resources", multiple=True, help="An interface that it answers for (RFC 8707; https)."),
    click.option("--hall", help="Where its kiosks stand; people who log in there by phone compare it."),
    click.option("--home-url", help="Where citizens enter the system from their home page."),
    click.option("--task", help="What citizens do there."),
    click.option("--logo-uri"),
    click.option("--policy-uri", help="How the system treats what it learns."),
    click.option("--tos-uri", help="Its terms of use."),
    click.option("--contact", "contacts", multiple=True, help="Who answers for it."),
    click.option("--require-consent/--no-require-consent", default=None),
    click.option(
        "--dangerously-waive-pkce/--require-pkce",
        "waive_pkce",
        default=None,
        help="For one old confidential system only; logged as a warning.",
    ),
    click.option(
        "--security-profile", type=click.Choice(list(SECURITY_PROFILES)), help="Hold the system to the FAPI 2.0 Security Profile."
    ),
    click.option(
        "--dpop/--no-dpop",
        "dpop_bound_access_tokens",
        default=None,
        help="Issue tokens only bound to a key that the client proves (RFC 9449).",
    ),
    click.option(
        "--certificate-bound/--not-certificate-bound",
        "tls_client_certificate_bound_access_tokens",
        default=None,
        help="Issue tokens only bound to the client's TLS certificate (RFC 8705).",
    ),
    click.option(
        "--tls-subject-dn", "tls_client_auth_subject_dn", help="For tls_client_auth, the certificate's subject (RFC 4514)."
    ),
    click.option("--tls-san-dns", "tls_client_auth_san_dns", help="Or one of its alternative names instead: a host,"),
    click.option("--tls-san-uri", "tls_client_auth_san_uri", help="an address,"),
    click.option("--tls-san-ip", "tls_client_auth_san_ip", help="an IP address,"),
    click.option("--tls-san-email", "tls_client_auth_san_email", help="or a mailbox."),
)


def metadata_options(command: Command) -> Command:
    """Give a command the options that say what is registered of a client."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the given options register, by the members of ``Client``; an empty text takes something away."""
    values = {name: value for name, value in options.items() if value not in {None, ()}}
    if "waive_pkce" in values:
        values["require_pkce"] = not values.pop("waive_pkce")
    if "scope" in values:
        values["scopes"] = tuple(values.pop("scope").split())
    if "jwks" in values:
        values["jwks"] = _read_jwks(values["jwks"])
    return {name: None if value == "" else () if value == ("",) else value for name, value in values.items()}


def warnings_of(client: Client) -> list[Warned]:
    """Return what speaks against a client as it is registered."""
    warnings = []
    if not client.require_pkce:
        text = Text("这个系统登录时可以不用 PKCE。", "This client may log people in without PKCE.")
        warnings.append(Warned("client_without_pkce", text))
    return warnings


def as_line(client: Client) -> str:
    """Return a client as one line."""
    notes = ["!pkce"] if not client.require_pkce else []
    notes += ["disabled"] if client.disabled_at is not None else []
    return (
        f"{client.client_id:<32} {client.stage:<10} {client.token_endpoint_auth_method:<20} {client.department}  {names_of(client)}"
        f"{''.join(f'  {note}' for note in notes)}"
    )


def names_of(client: Client) -> str:
    """Return all names of a client: citizens read the one in their language, so whoever vets it reads each."""
    others = {language: name for language, name in sorted(client.names.items()) if name != client.name}
    return "  ".join([client.name, *(f"[{language}] {name}" for language, name in others.items())])


def describe(client: Client) -> dict[str, Any]:
    """Return all that is registered of a client but what is secret."""
    data: dict[str, Any] = {one.name: getattr(client, one.name) for one in fields(client) if one.name not in _HIDDEN}
    data = {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}
    return data | {
        "scope": " ".join(client.scopes),
        "created_at": moment(client.created_at),
        "state": "enabled" if client.disabled_at is None else "disabled",
        "registered_itself": client.registration_token is not None,
        "missing_for_production": list(missing_for_production(client)),
        "warnings": [each.code for each in warnings_of(client)],
    }


def moment(at: datetime | None) -> str | None:
    """Return a moment that may be missing."""
    return None if at is None else rfc3339(at)


def _read_jwks(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misuse(CONFIG_INVALID, field="jwks", file=str(file), problem=str(error)) from None
    if not isinstance(document, dict):
        raise Misuse(CONFIG_INVALID, field="jwks", file=str(file), problem="not a JSON object")
    return document
