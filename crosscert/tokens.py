"""Tells whether a token (ID token or access token) of another node is genuine and may be relied on now.

It is good only as long as the path to its signer is: when a cross-certificate on it is revoked, the token is refused as soon as the
revocation list is here, which is pushed at once, fetched within a minute, and missing for the federation's budget at most.

Nothing is asked of anybody; that a token's own node withdrew it (RFC 7009) before its few minutes are over is not seen here. Left to others:
the path and the signature (``trust``), this node's own tokens at its own endpoints (``idp.tokens``), what the claims allow (the asker).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosscert.paths.records import PathVerdict
from crosscert.ports import CrosscertDeps
from crosscert.reliance import check_reliance
from crosscert.trust import JudgedSigner, Trust, read_signed
from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Refusal, Text
from kernel.nodes import Node

MAX_TOKEN_BYTES = 16384
_TYPES = ("JWT", "at+jwt")
_REQUIRED = ("iss", "sub", "aud", "exp", "iat")


@dataclass(frozen=True, slots=True)
class TokenVerdict:
    """What is to be thought of a token. Of one that is not valid nothing that it claims is told.

    ``relied_until`` is when this node stops relying on the path unless it hears the nodes on it again; None for its own tokens.
    """

    valid: bool
    node: Node | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    path: PathVerdict | None = None
    relied_until: datetime | None = None
    reason: tuple[str, Text] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        reason: dict[str, Json] | None = None
        if self.reason is not None:
            reason = {"code": self.reason[0], "message": dict(self.reason[1].as_json())}
        return {
            "valid": self.valid,
            "node": None if self.node is None else {"code": self.node.code, "name": self.node.name, "url": self.node.url},
            "claims": dict(self.claims),
            "path": [] if self.path is None else [each.as_json() for each in self.path.certificates],
            "policies": [] if self.path is None else list(self.path.policies),
            "relied_until": None if self.relied_until is None else rfc3339(self.relied_until),
            "reason": reason,
        }


def verify_token(deps: CrosscertDeps, token: str | bytes, *, at: datetime, audience: str | None = None) -> TokenVerdict:
    """Return the verdict on ``token`` at the moment ``at``; with ``audience`` it must be meant for that one. Whatever it is, none raises.

    1. Its signer, by a path of level "substantial" from this node's anchor. 2. Whether the nodes on the path were heard lately enough.
    3. Signature, times, type, audience, and that the signer speaks for the node that the token names.
    """
    try:
        # 1.
        signer = Trust(deps).judge_signer(token, at, max_bytes=MAX_TOKEN_BYTES)
    except Refusal as refusal:
        return TokenVerdict(valid=False, reason=(refusal.code, refusal.text))
    # 2.
    path = check_reliance(signer.verdict, signer.reliance, at)
    if path.reason is not None:
        return TokenVerdict(valid=False, node=signer.node, path=path, reason=(path.reason.code, path.reason.message))
    return _read(token, signer, at, audience)


def _read(token: str | bytes, signer: JudgedSigner, at: datetime, audience: str | None) -> TokenVerdict:
    path = signer.verdict
    until = None if signer.reliance is None else signer.reliance.until
    try:
        # 3.
        read = read_signed(token, signer, _TYPES, at, require=_REQUIRED, audience=audience, max_bytes=MAX_TOKEN_BYTES)
    except Refusal as refusal:
        return TokenVerdict(valid=False, node=signer.node, path=path, relied_until=until, reason=(refusal.code, refusal.text))
    return TokenVerdict(valid=True, node=read.node, claims=read.claims, path=path, relied_until=until)
