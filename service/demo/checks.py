"""Whoever compares a document and a face: in the demo, a page with two buttons in place of a camera, then an answer that is signed.

Left to others: the contract (``docs/registers.md``), the registers (``register``).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from markupsafe import Markup
from werkzeug import Request, Response

from kernel.clock import SystemClock, timestamp
from kernel.randomness import token
from pki import jose

_SECONDS = 300
_PAGE = Markup(
    '<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>核验 Check</title>'
    "<h1>演示核验 A check to try out</h1><p>{name}</p><p>真实的核验机构在这里拍摄证件和人像。A real one takes pictures here.</p>"
    '<form method="post"><button name="result" value="matched">人证相符 It is them</button> '
    '<button name="result" value="not_matched">不符 It is not</button></form></html>'
)


@dataclass
class _Check:
    audience: str
    name: str
    resident_id: str
    return_url: str
    result: str | None = None


class Checks:
    """Checks that were asked for, whose pages lie below ``url``; answers are signed with a private JWK."""

    def __init__(self, url: str, signer: Mapping[str, str]) -> None:
        self._url = url
        octets = base64.urlsafe_b64decode(signer["d"] + "=")
        self._signer = ec.derive_private_key(int.from_bytes(octets, "big"), ec.SECP256R1())
        self._checks: dict[str, tuple[str, _Check]] = {}

    def begin(self, question: Any) -> Mapping[str, Any]:
        """Return where somebody is checked."""
        secret = token(16)
        check = _Check(*(question[name] for name in ("audience", "name", "resident_id", "return_url")))
        self._checks[secret] = (question["check_id"], check)
        return {"page": f"{self._url}/pages/{secret}"}

    def result(self, question: Any) -> Mapping[str, Any]:
        """Return the signed answer, None while there is none."""
        check = next((check for known, check in self._checks.values() if known == question["check_id"]), None)
        if check is None or check.result is None:
            return {"answer": None}
        now = timestamp(SystemClock().now())
        claims = {
            "aud": check.audience,
            "jti": question["check_id"],
            "iat": now,
            "exp": now + _SECONDS,
            "name": check.name,
            "resident_id": check.resident_id,
            "result": check.result,
        }
        return {"answer": jose.sign(claims, self._signer, kid=None, alg="ES256", typ="identity-check+jwt")}

    def page(self, request: Request) -> Response:
        """Show the page of a check, or take what was pressed on it and send the person back."""
        _, check = self._checks.get(request.path.rpartition("/")[2], (None, None))
        if check is None:
            return Response(status=404)
        if request.method != "POST":
            return Response(_PAGE.format(name=check.name), mimetype="text/html")
        check.result = "matched" if request.form.get("result") == "matched" else "not_matched"
        return Response(status=303, headers={"Location": check.return_url, "Cache-Control": "no-store"})
