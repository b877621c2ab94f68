"""The console's form for a new system: what is typed becomes a client, of one of four kinds.

Everything beyond stays as policies have it, and can be changed by ``chaoxin client update``. Left to others: every check (``idp.clients.checks``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from admin_ui.errors import CLIENT_KEYS_UNREADABLE
from idp.ports import IdpDeps
from idp.records import Client
from kernel.errors import Refusal

Kind = Literal["web", "key", "public", "service"]
"""A website with a secret, one with a key of its own, an app without either, a program that acts for itself."""

KINDS: Sequence[Kind] = get_args(Kind)
_METHODS: Mapping[Kind, Any] = {
    "web": "client_secret_basic",
    "key": "private_key_jwt",
    "public": "none",
    "service": "client_secret_basic",
}
_MOST_TYPED = 20_000


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into the form, as it was typed: it is shown again beside a refusal."""

    kind: Kind = "web"
    client_id: str = ""
    name: str = ""
    department: str = ""
    redirect_uris: str = ""
    post_logout_redirect_uris: str = ""
    backchannel_logout_uri: str = ""
    jwks: str = ""
    scopes: tuple[str, ...] = ("openid", "profile")


def typed(form: Mapping[str, str], scopes: Sequence[str]) -> Typed:
    """Return what a form says; too long a text is cut, an unknown kind is a website."""
    said = {name: form.get(name, "").strip()[:_MOST_TYPED] for name in Typed.__slots__ if name not in {"kind", "scopes"}}
    kind: Kind = next((each for each in KINDS if each == form.get("kind")), "web")
    return Typed(kind=kind, scopes=tuple(scopes), **said)


def client_of(deps: IdpDeps, said: Typed) -> Client:
    """Return the client that the form describes, unchecked; ``Refusal`` where its keys are no JSON."""
    client = Client(
        client_id=said.client_id,
        name=said.name,
        department=said.department,
        token_endpoint_auth_method=_METHODS[said.kind],
        scopes=said.scopes,
        subject_type=deps.policies.clients.subject_type,
        jwks=_read_keys(said.jwks) if said.kind == "key" else None,
    )
    if said.kind == "service":
        return replace(client, grant_types=("client_credentials",))
    return replace(
        client,
        redirect_uris=tuple(said.redirect_uris.split()),
        post_logout_redirect_uris=tuple(said.post_logout_redirect_uris.split()),
        backchannel_logout_uri=said.backchannel_logout_uri or None,
    )


def _read_keys(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Refusal(CLIENT_KEYS_UNREADABLE, field="jwks")
    return document
