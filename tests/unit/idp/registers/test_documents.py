"""Checks of documents: an answer counts when the provider signed it, for this node, about this person and this check."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from crosscert.records import Fetched
from idp.registers.documents import TYPE, HttpDocumentChecks
from idp.registers.http import Line
from kernel.clock import timestamp
from kernel.errors import Refusal
from pki import jose

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PAGES, NODE = "https://checks.example.cn/documents", "https://trust.example.cn"
NAME, NUMBER, CHECK = "翁𬱖", "445102197105193010", "a-check"
KEY = ec.generate_private_key(ec.SECP256R1())
CLAIMS = {
    "aud": NODE,
    "jti": CHECK,
    "iat": timestamp(NOW),
    "exp": timestamp(NOW + timedelta(minutes=5)),
    "name": NAME,
    "resident_id": NUMBER,
    "result": "matched",
}


class Provider:
    """A ``Fetcher`` that answers with the same members to everything."""

    def __init__(self, **members: Any) -> None:
        self.members = members
        self.asked: dict[str, Any] = {}

    def post(self, url: str, body: bytes, content_type: str, *, below: str, max_bytes: int, timeout: float) -> Fetched:
        assert (url.startswith(below), content_type, max_bytes, timeout) == (True, "application/json", 16384, 3.0)
        self.asked = json.loads(body)
        return Fetched(200, json.dumps({"request_id": self.asked["request_id"], **self.members}).encode(), None)


def checks(**members: Any) -> tuple[HttpDocumentChecks, Provider]:
    provider = Provider(**members)
    lines = [Line(provider, f"{PAGES}/{path}", 3.0) for path in ("checks", "results")]  # type: ignore[arg-type]  # posts only
    return HttpDocumentChecks(lines[0], lines[1], PAGES, jose.verifying_key(KEY.public_key()), NODE), provider


def signed(key: ec.EllipticCurvePrivateKey = KEY, typ: str = TYPE, **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jose.sign(claims, key, kid=None, alg="ES256", typ=typ)


def result(answer: object) -> str | None:
    return checks(answer=answer)[0].result(CHECK, NAME, NUMBER, NOW)


def test_somebody_is_sent_to_a_page_of_the_provider() -> None:
    there, provider = checks(page=f"{PAGES}/pages/1?x=2")
    assert there.begin(CHECK, NAME, NUMBER, f"{NODE}/back") == f"{PAGES}/pages/1?x=2"
    del provider.asked["request_id"]
    assert provider.asked == {
        "check_id": CHECK,
        "name": NAME,
        "resident_id": NUMBER,
        "audience": NODE,
        "return_url": f"{NODE}/back",
    }


@pytest.mark.parametrize(
    "page",
    [
        None,
        1,
        "",
        "https://evil.example.cn/pages/1",
        f"{PAGES}.evil.example.cn/1",
        f"{PAGES}/../x",
        "javascript:alert(1)",
        PAGES + "/" + "x" * 2000,
    ],
)
def test_nobody_is_sent_anywhere_else(page: object) -> None:
    with pytest.raises(Refusal, match="register_away"):
        checks(page=page)[0].begin(CHECK, NAME, NUMBER, f"{NODE}/back")


def test_what_the_provider_signed_counts() -> None:
    assert result(signed()) == "matched"
    assert result(signed(result="not_matched")) == "not_matched"
    assert result(None) is None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        1,
        {},
        signed(jti="another"),
        signed(jti=None),
        signed(aud="https://another.example.cn"),
        signed(aud=None),
        signed(name="陈晓潮"),
        signed(resident_id="445102198806123626"),
        signed(resident_id=None),
        signed(result="maybe"),
        signed(result=None),
        signed(result=True),
        signed(exp=timestamp(NOW - timedelta(minutes=5))),
        signed(exp=None),
        signed(iat=timestamp(NOW + timedelta(minutes=5))),
        signed(typ="JWT"),
        signed(key=ec.generate_private_key(ec.SECP256R1())),
        signed()[:-4] + "AAAA",
    ],
)
def test_anything_else_is_no_answer(answer: object) -> None:
    with pytest.raises(Refusal, match="register_away"):
        result(answer)
