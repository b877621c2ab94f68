"""An authenticator in software: makes passkeys and signs with them as WebAuthn has it, and lies where a test wants it to.

With it, the ways in: by password, by passkey.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from idp.authenticators import passkeys
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device
from idp.interaction import login, passkey_login
from idp.ports import IdpDeps
from kernel.randomness import random_bytes
from tests.support.idp import PASSWORD

BROWSER = ("a browser",)
AUTHENTICATOR_FORMS = (
    "/account/authenticators/remove",
    "/account/recovery-codes",
    "/account/password",
    "/account/totp",
    "/account/passkeys",
    "/account/certificates",
    "/login/passkey",
    "/login/certificate",
    "/not-me",
)
"""Where the forms about authenticators go."""
ADDRESS = "192.0.2.1"
ORIGIN = "http://localhost:8100"
_PRESENT, _VERIFIED, _ELIGIBLE, _ATTESTED = 1, 4, 8, 64


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


@dataclass
class Passkey:
    """One credential. ``count`` is what it tells next; 0 for ever when it is synced between devices."""

    origin: str = ORIGIN
    rp_id: str = "localhost"
    synced: bool = True
    verifies: bool = True
    count: int = 0
    user: bytes = b""
    identifier: bytes = field(default_factory=lambda: random_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: str, **changes: Any) -> str:
        """Answer ``navigator.credentials.create``."""
        asked = json.loads(options)
        self.user = decoded(asked["user"]["id"])
        point = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.identifier).to_bytes(2, "big") + self.identifier + public
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(_ATTESTED) + attested}
        client_data = self._client_data("webauthn.create", asked["challenge"])
        return self._answer({"clientDataJSON": client_data, "attestationObject": cbor2.dumps(statement)}, changes)

    def get(self, options: str, **changes: Any) -> str:
        """Answer ``navigator.credentials.get``."""
        client_data = self._client_data("webauthn.get", json.loads(options)["challenge"])
        data = self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"clientDataJSON": client_data, "authenticatorData": data, "signature": signature, "userHandle": self.user}
        return self._answer(response, changes)

    def _data(self, flags: int) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0) | (_ELIGIBLE if self.synced else 0)
        if not self.synced:
            self.count += 1
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, response: dict[str, bytes], changes: dict[str, Any]) -> str:
        told = {name: encoded(value) for name, value in response.items()}
        name = encoded(self.identifier)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": told | changes})


def enter(deps: IdpDeps, username: str = "chenxiaochao", password: str = PASSWORD) -> Current:
    """Log in by password alone."""
    result = login.submit_password(
        deps, transaction_id=None, visit=Visit(BROWSER), device=Device(ADDRESS), username=username, password=password
    )
    assert isinstance(result, login.LoggedIn)
    return _current(deps, result)


def enrolled(deps: IdpDeps, owner: Current, name: str = "我的手机", **how: Any) -> Passkey:
    """Enrol a passkey of the owner, who is logged in freshly."""
    passkey = Passkey(**how)
    answer = passkey.create(passkeys.creation_options(deps, owner, BROWSER))
    passkeys.enrol(deps, owner, BROWSER, text=answer, name=name)
    return passkey


def submit(deps: IdpDeps, text: str, *, browser: tuple[str, ...] = BROWSER, transaction_id: str | None = None) -> Current:
    """Log in by a passkey's answer."""
    visit = Visit(browser)
    return _current(
        deps, passkey_login.submit(deps, transaction_id=transaction_id, visit=visit, device=Device(ADDRESS), text=text)
    )


def _current(deps: IdpDeps, result: login.LoggedIn) -> Current:
    current = sessions.find_current(deps, result.started.cookie)
    assert current is not None
    return current
