"""What bad requests are made of: their type, strangers, and tokens that nobody should believe."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.providers import KEYED, Outcome, Party, Side

Case = Callable[[Side], Outcome]
"""Asks one provider one thing."""

WRONG_KEY = Party(KEYED.client_id, "private_key_jwt")
NOBODY = Party("same-nobody")


def unsigned(claims: Mapping[str, Any]) -> str:
    """Return a token of algorithm ``none``."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def forged(claims: Mapping[str, Any], alg: str) -> str:
    """Return a token that says ``alg`` and is signed by nobody."""
    return f"{base64.urlsafe_b64encode(json.dumps({'alg': alg}).encode()).rstrip(b'=').decode()}.{unsigned(claims).split('.')[1]}.AAAA"
