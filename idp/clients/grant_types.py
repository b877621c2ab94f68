"""The grant types that a client may be registered for, by the names of the IANA registry; and those that want a client with a secret."""

from __future__ import annotations

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", EXCHANGE, DEVICE_CODE)
CONFIDENTIAL = frozenset({"client_credentials", EXCHANGE})
