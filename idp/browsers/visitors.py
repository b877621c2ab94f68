"""Who is visiting, as other rooms and the pages need to know it. Left to others: reading the cookie (``views``)."""

from __future__ import annotations

from idp.browsers.sessions import Current
from idp.records import Visitor


def as_visitor(current: Current) -> Visitor:
    """Return what other rooms may know of a living session."""
    account, session = current.account, current.session
    return Visitor(
        account_id=account.id,
        username=account.username,
        kind=account.kind,
        name=account.name,
        holder_id=account.holder_id,
        roles=account.roles,
        real_name_level=account.real_name_level,
        session_id=session.id,
        acr=session.acr,
        auth_time=session.auth_time,
        organization=account.organization,
    )
