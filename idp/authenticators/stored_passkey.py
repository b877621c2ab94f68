"""A passkey as it is stored in an authenticator's ``secret``: nothing in it is secret but to strangers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from idp.records import Authenticator
from kernel.canonical import canonical


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A passkey's identifier, its public key (COSE) and whether it may be on several devices (WebAuthn: backup eligible)."""

    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    synced: bool

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the ``amr`` values (RFC 8176) of a login with it: it verified its user itself, so it is two factors.

        That a key of one device is in hardware is what the device says; nobody vouches for it.
        """
        return ("mfa", "swk" if self.synced else "hwk", "user")

    def dump(self) -> bytes:
        """Return the stored form, version 1."""
        key, name = bytes_to_base64url(self.public_key), bytes_to_base64url(self.credential_id)
        return canonical({"v": 1, "id": name, "key": key, "synced": self.synced})


def load(authenticator: Authenticator) -> StoredPasskey:
    """Return the passkey that an authenticator holds."""
    values = json.loads(authenticator.secret)
    return StoredPasskey(base64url_to_bytes(values["id"]), base64url_to_bytes(values["key"]), values["synced"])


def lookup(credential_id: bytes) -> bytes:
    """Return what a passkey is found under."""
    return hashlib.sha256(credential_id).digest()
