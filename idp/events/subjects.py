"""Whose account a department means: it names people by the ``sub`` that it was told (RFC 9493 3.2.3), and only those whom it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from idp.ports import IdpDeps
from idp.records import Client

_MAX_TEXT = 200


def find_account(deps: IdpDeps, client: Client, about: Mapping[str, Any]) -> str | None:
    """Return the account that a subject identifier means; None when it means nobody whom this client was told of."""
    subject = about.get("sub")
    if about.get("format") != "iss_sub" or about.get("iss") != deps.issuer or not is_identifier(subject):
        return None
    with deps.work.look() as work:
        if client.subject_type == "public":
            known = work.records.find_consent(subject, client.client_id)
        else:
            known = work.records.find_consent_of(client.client_id, subject)
    return None if known is None else known.account_id


def is_identifier(value: object) -> TypeGuard[str]:
    """Tell whether this is a text that could name something; a database cannot even be asked for one with a NUL in it."""
    return isinstance(value, str) and 1 <= len(value) <= _MAX_TEXT and value.isprintable()
