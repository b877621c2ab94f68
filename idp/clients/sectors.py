"""Sectors (OpenID Connect Core 8.1): which systems may be told the same pairwise identifier of a person.

Left to others: the identifiers (``idp.claims.subjects``).
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from idp.errors import CLIENT_UNSUITABLE
from idp.fetching import fetch
from idp.oauth_errors import REQUEST_URI_BUSY
from idp.ports import IdpDeps
from idp.records import Client
from kernel.errors import Refusal

_MAX_BYTES = 64 * 1024


def hosts_of(client: Client) -> frozenset[str]:
    """Return the hosts of the client's return addresses; "" stands for those that have none."""
    return frozenset(urlsplit(uri).hostname or "" for uri in client.redirect_uris)


def sector_of(client: Client) -> str:
    """Return the client's sector: the host of ``sector_identifier_uri``, or the one host of its return addresses."""
    if client.sector_identifier_uri is not None:
        return urlsplit(client.sector_identifier_uri).hostname or ""
    return min(hosts_of(client), default="")


def changes_subjects(before: Client, after: Client) -> bool:
    """Tell whether the client would know people by other identifiers than before."""
    old, new = ((each.subject_type, sector_of(each)) for each in (before, after))
    return old != new and "pairwise" in {before.subject_type, after.subject_type}


def verify_sector(deps: IdpDeps, client: Client) -> None:
    """Refuse unless the document at ``sector_identifier_uri``, if there is one, names every return address (Registration 1.0, 5)."""
    if client.sector_identifier_uri is None:
        return
    try:
        listed = json.loads(fetch(deps, client.sector_identifier_uri, max_bytes=_MAX_BYTES))
    except Refusal as refusal:
        if refusal.error is REQUEST_URI_BUSY:
            raise
        listed = None
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise _wrong(zh="那里没有 JSON 数组", en="there is no JSON array to be had from it")
    if not client.redirect_uris or not all(uri in listed for uri in client.redirect_uris):
        raise _wrong(zh="没有列出全部 redirect_uris", en="it does not list all redirect_uris")


def _wrong(*, zh: str, en: str) -> Refusal:
    name = "sector_identifier_uri"
    return Refusal(CLIENT_UNSUITABLE, field=name, name=name, problem_zh=zh, problem_en=en)
