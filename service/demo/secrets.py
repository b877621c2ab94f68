"""The demo's secrets: drawn once, before anything is made with them, so that a run after a kill finds the same.

The file is for whoever runs the demo on their own machine; it is readable by its owner alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.randomness import token
from pki.strict_json import encode_base64url
from service.demo import plan
from service.files import write_once


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords and TOTP secrets by username, client secrets, private JWKs and session keys by client_id."""

    passwords: Mapping[str, str]
    totp: Mapping[str, str]
    clients: Mapping[str, str]
    jwks: Mapping[str, Mapping[str, str]]
    session_keys: Mapping[str, str]


def load_secrets(file: Path) -> Secrets:
    """Return the secrets in ``file``, which is made if it is not there."""
    write_once(file, json.dumps(_draw(), indent=1).encode(), 0o600)
    return Secrets(**json.loads(file.read_text(encoding="utf-8")))


def _draw() -> dict[str, Any]:
    return {
        "passwords": {account.username: f"tide-{token(12)}" for account in plan.ACCOUNTS},
        "totp": {account.username: pyotp.random_base32() for account in plan.ACCOUNTS if account.totp},
        "clients": {client.client_id: token() for client in plan.CLIENTS if client.auth_method == "client_secret_basic"},
        "jwks": {client.client_id: private_jwk() for client in plan.CLIENTS if client.auth_method == "private_key_jwt"},
        "session_keys": {client.client_id: token() for client in plan.CLIENTS if client.site is not None},
    }


def private_jwk() -> dict[str, str]:
    """Return a new private key for ES256 as a JWK."""
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    public = numbers.public_numbers
    coordinates = {"x": public.x, "y": public.y, "d": numbers.private_value}
    encoded = {name: encode_base64url(value.to_bytes(32, "big")) for name, value in coordinates.items()}
    return {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": token(8), **encoded}
