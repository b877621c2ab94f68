"""What is to be signed and handed out: all that a grant type decides about a token, before anything is signed.

Left to others: deciding it (``grants``), the token's form (``signed``), the answer (``token``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from idp.claims.subjects import subject_of
from idp.clients.resources import Target
from idp.people.accounts import open_record
from idp.ports import IdpDeps
from idp.records import AccountRecord, Client, Grant, Mandate


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who acts for the subject (RFC 8693 4.1), by which mandate of which ``organization``, and until when what that rests on lasts.

    ``act`` None: the subject itself goes on with a narrower token.
    """

    act: Mapping[str, Any] | None
    until: datetime
    mandate_id: str | None = None
    organization: str | None = None


@dataclass(frozen=True, slots=True)
class Repeatable:
    """What makes an answer that is given again the very same: the moment of the first time, and the access token's identifier."""

    at: datetime
    jti: str


@dataclass(frozen=True, slots=True)
class Issue:
    """What is to be signed and handed out. ``grant`` None: the client on its own behalf.

    ``audience`` is where the access token is to be used, exactly one (RFC 9068 3); ``may_act`` names the client that answers there
    and may act for the subject (RFC 8693 4.4). ``id_token`` says whether one goes with it, ``exchanged`` that it was had for another token.
    """

    subject: str
    scopes: tuple[str, ...]
    audience: str
    grant: Grant | None = None
    may_act: str | None = None
    id_token: bool = False
    nonce: str | None = None
    refresh_token: str | None = field(default=None, repr=False)
    delegation: Delegation | None = None
    exchanged: bool = False
    repeatable: Repeatable | None = None


def issue_for(
    deps: IdpDeps,
    client: Client,
    grant: Grant,
    target: Target,
    *,
    scopes: tuple[str, ...],
    refresh_token: str | None,
    nonce: str | None = None,
    repeatable: Repeatable | None = None,
) -> Issue:
    """Return what a login's grant gives a client at ``target``; ``scopes`` are the grant's, or the fewer that were asked for."""
    whose, delegation = grant.account_id, None
    if target.standing is not None:
        whose, delegation = target.standing[1].id, _delegate(deps, client, grant, *target.standing)
    return Issue(
        subject=subject_of(deps, client, whose),
        scopes=target.scopes,
        audience=target.audience,
        grant=grant,
        may_act=target.may_act,
        id_token="openid" in scopes,
        nonce=nonce,
        refresh_token=refresh_token,
        delegation=delegation,
        repeatable=repeatable,
    )


def _delegate(deps: IdpDeps, client: Client, grant: Grant, mandate: Mandate, organization: AccountRecord) -> Delegation:
    """Return how the agent of a grant acts for an organisation."""
    act = {"sub": subject_of(deps, client, grant.account_id)}
    return Delegation(act, mandate.valid_until, mandate.id, open_record(deps, organization).name)
