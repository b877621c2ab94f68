"""The link in a notice by which its reader says: that was not me. It proves itself by an HMAC over the notice, so nothing more is stored for it."""

from __future__ import annotations

from idp.ports import IdpDeps
from pki.strict_json import encode_base64url


def proof(deps: IdpDeps, notice_id: str) -> str:
    """Return what the link of a notice proves itself by."""
    return encode_base64url(deps.vault.digest(notice_id, "idp.not-me"))


def link(deps: IdpDeps, notice_id: str) -> str:
    """Return the address in a notice, from the configuration and never from a request."""
    return f"{deps.node.url}/not-me?notice={notice_id}&proof={proof(deps, notice_id)}"
