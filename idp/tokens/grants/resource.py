"""Which of the resources that were granted a token is for (RFC 8707 2.2): one token, one audience (RFC 9068 3).

Left to others: which resources there are and who may ask for them (``clients.resources``).
"""

from __future__ import annotations

from dataclasses import replace

from idp.clients.resources import Target, find_target
from idp.enterprises.mandates import find_standing
from idp.oauth_errors import RESOURCE
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Grant
from idp.tokens.grants.errors import MANDATE_OVER
from idp.wire import Parameters
from kernel.errors import ErrorCode, Refusal


def asked_resource(form: Parameters) -> str | None:
    """Return the resource that a token request picks, None when it leaves that to us; ``Refusal`` when it names several."""
    asked = form.get_all("resource")
    if len(asked) > 1:
        raise Refusal(RESOURCE, field="resource")
    return asked[0] if asked else None


def find_granted_target(
    work: IdpWork, deps: IdpDeps, client: Client, grant: Grant, scopes: tuple[str, ...], *, asked: str | None
) -> Target | ErrorCode:
    """Return where a token of this grant is to be used, or why there is none: the choice narrows what was granted, never widens it.

    Left to us it is the one resource that was granted, or our own endpoints where none was; of several the client must pick.
    Our own endpoints may always be picked after a login, for userinfo.
    """
    if asked is None:
        if len(grant.resources) > 1:
            return RESOURCE
        asked = grant.resources[0] if grant.resources else deps.issuer
    if asked not in grant.resources and asked != deps.issuer:
        return RESOURCE
    target = find_target(work, deps, client, asked, scopes)
    if grant.mandate_id is None or not isinstance(target, Target):
        return target
    return _within_mandate(work, deps, grant.mandate_id, target)


def _within_mandate(work: IdpWork, deps: IdpDeps, mandate_id: str, target: Target) -> Target | ErrorCode:
    """Return the target, or why an agent does not get there: the mandate does not count any more, or does not go so far."""
    standing = find_standing(work, deps, mandate_id, deps.clock.now())
    if standing is None:
        return MANDATE_OVER
    mandate, _ = standing
    fits = target.department in mandate.departments and {*target.scopes} - {"openid"} <= {*mandate.powers}
    return replace(target, standing=standing) if fits else RESOURCE
