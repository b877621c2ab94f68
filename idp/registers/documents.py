"""Checks of document and face over HTTP, by the contract of ``docs/registers.md``: a page of the provider's, then an answer that it signed.

The answer says for whom it is, about whom, and which check it was of: one about somebody else, of another check, for another node or
signed by another key is none. Left to others: what a check is worth (``policies``), who may begin one (``citizens``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from crosscert.http import is_below
from idp.registers.errors import REGISTER_AWAY
from idp.registers.http import Line
from idp.registers.ports import Match
from kernel.errors import Refusal
from pki import jose
from pki.jwk import JwkKey

TYPE = "identity-check+jwt"
_MAX_ADDRESS = 2000
_ALGORITHMS = ("ES256", "RS256")


@dataclass(frozen=True, slots=True)
class HttpDocumentChecks:
    """``DocumentChecks``: two addresses of one server, on which its pages are as well; ``key`` signs its answers to ``audience``."""

    checks: Line
    results: Line
    pages: str
    key: JwkKey
    audience: str

    def begin(self, check_id: str, name: str, resident_id: str, return_url: str) -> str:
        """Ask for a check."""
        about = {"check_id": check_id, "name": name, "resident_id": resident_id}
        told = self.checks.ask({**about, "audience": self.audience, "return_url": return_url})
        page = told.get("page")
        if told.keys() != {"page"} or not isinstance(page, str) or len(page) > _MAX_ADDRESS or not is_below(page, self.pages):
            raise Refusal(REGISTER_AWAY)
        return page

    def result(self, check_id: str, name: str, resident_id: str, now: datetime) -> Match | None:
        """Ask what came of a check."""
        told = self.results.ask({"check_id": check_id})
        if told.keys() != {"answer"} or not isinstance(told["answer"], str | None):
            raise Refusal(REGISTER_AWAY)
        if told["answer"] is None:
            return None
        claims = self._verify(told["answer"], now)
        about = {"jti": check_id, "name": name, "resident_id": resident_id}
        if any(claims.get(claim) != value for claim, value in about.items()) or claims.get("result") not in get_args(Match):
            raise Refusal(REGISTER_AWAY)
        result: Match = claims["result"]
        return result

    def _verify(self, answer: str, now: datetime) -> Mapping[str, Any]:
        try:
            return jose.verify(
                answer,
                self.key,
                algorithms=_ALGORITHMS,
                typ=TYPE,
                audience=self.audience,
                issuer=None,
                now=now,
                leeway=60,
                require=("exp", "iat", "jti"),
            )
        except Refusal as refusal:
            raise Refusal(REGISTER_AWAY) from refusal
