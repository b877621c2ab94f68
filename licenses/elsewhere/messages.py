"""The signed question of a node about a holder's licences, and the signed answer: made, and read from another node.

Both are JWS with the node's signer's certificate, believed by a path from this node's own anchor that is relied on now, meant for this node
alone, short-lived; an answer names the question (``jti``). Anything else is refused. Left to others: sending (``asking``), what is
told (``answering``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from crosscert.errors import NOT_TRUSTED
from crosscert.records import VerifiedToken
from crosscert.reliance import check_reliance
from crosscert.trust import read_signed
from kernel.canonical import Json
from kernel.clock import timestamp
from kernel.errors import Refusal
from kernel.nodes import Node
from licenses.errors.fetching import NODE_MESSAGE
from licenses.ports import LicenseDeps
from pki import jose
from pki.roles import get_chain, get_credential

PATH = "/crosscert/licenses"
CONTENT_TYPE = "application/jose"
MAX_BYTES = 256 * 1024
MOST = 200
"""So many licences are told at once: nobody has more of one node's."""

QUESTION, ANSWER = "chaoxin-holder-question+jwt", "chaoxin-holder-answer+jwt"
_LIFE = timedelta(minutes=2)
_TEXTS = ("identifier", "number", "type", "type_en", "issuer", "status", "accent")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Card:
    """A licence of another node as far as its holder's list shows it."""

    identifier: str
    number: str = field(repr=False)
    type: str
    type_en: str
    issuer: str
    status: str
    accent: str
    valid_to: date | None

    def as_json(self) -> dict[str, Json]:
        """Return the wire form."""
        told: dict[str, Json] = {name: getattr(self, name) for name in _TEXTS}
        return told | {"valid_to": self.valid_to.isoformat() if self.valid_to else None}


def sign(deps: LicenseDeps, typ: str, audience: Node, claims: Mapping[str, Any], at: datetime) -> str:
    """Return a message of this node to another."""
    signer = get_credential(deps.pki, "node_signer")
    key = jose.signing_key(signer.key)
    times = {"iss": deps.node.url, "aud": audience.url, "iat": timestamp(at), "exp": timestamp(at + _LIFE)}
    return jose.sign({**claims, **times}, key, kid=key.kid, alg=key.alg, typ=typ, x5c=get_chain(deps.pki, signer))


def verify(deps: LicenseDeps, message: bytes, typ: str, at: datetime) -> VerifiedToken:
    """Return what another node says to this one; ``Refusal`` when it is not signed by a node that is trusted and relied on now."""
    signer = deps.trust.judge_signer(message, at, max_bytes=MAX_BYTES)
    path = check_reliance(signer.verdict, signer.reliance, at)
    if path.reason is not None:
        text = path.reason.message
        raise Refusal(NOT_TRUSTED, reason=path.reason.code, message=text.zh, message_en=text.en)
    required = ("iss", "aud", "exp", "iat", "jti")
    read = read_signed(message, signer, (typ,), at, require=required, audience=deps.node.url, max_bytes=MAX_BYTES)
    if read.claims["exp"] - read.claims["iat"] > _LIFE.total_seconds():
        raise Refusal(NODE_MESSAGE, problem="it lives too long")
    return read


def read_cards(claims: Mapping[str, Any]) -> Sequence[Card]:
    """Return the licences of an answer; ``Refusal`` when it is not of the form that answers have."""
    listed = claims.get("licenses")
    if not isinstance(listed, list) or len(listed) > MOST:
        raise Refusal(NODE_MESSAGE, problem="licenses")
    return [_card(one) for one in listed]


def _card(one: object) -> Card:
    if not isinstance(one, Mapping) or set(one) != {*_TEXTS, "valid_to"}:
        raise Refusal(NODE_MESSAGE, problem="members")
    texts = {name: one[name] for name in _TEXTS}
    if not all(isinstance(text, str) and len(text) <= _LONGEST and text.isprintable() for text in texts.values()):
        raise Refusal(NODE_MESSAGE, problem="a text")
    try:
        valid_to = None if one["valid_to"] is None else date.fromisoformat(one["valid_to"])
    except (TypeError, ValueError):
        raise Refusal(NODE_MESSAGE, problem="valid_to") from None
    return Card(**texts, valid_to=valid_to)
