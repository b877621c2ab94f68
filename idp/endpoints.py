"""Where the protocol's endpoints are. Clients learn the addresses from discovery; this is the only list of them."""

from __future__ import annotations

from idp.ports import IdpDeps

DISCOVERY = "/.well-known/openid-configuration"
AUTHORIZE = "/oauth/authorize"
PUSHED_REQUEST = "/oauth/par"
TOKEN = "/oauth/token"  # noqa: S105 - a path
USERINFO = "/oauth/userinfo"
JWKS = "/oauth/jwks"
INTROSPECT = "/oauth/introspect"
REVOKE = "/oauth/revoke"
REGISTER = "/oauth/register"
DEVICE_AUTHORIZATION = "/oauth/device_authorization"
LOGOUT = "/oauth/logout"

EVENT_TRANSMITTER = "/.well-known/ssf-configuration"
EVENT_STREAM = "/api/v1/account-events/stream"
EVENT_STREAM_STATUS = "/api/v1/account-events/stream/status"
EVENT_STREAM_ADD = "/api/v1/account-events/stream/subjects/add"
EVENT_STREAM_REMOVE = "/api/v1/account-events/stream/subjects/remove"
EVENT_STREAM_POLL = "/api/v1/account-events/stream/poll"
EVENT_STREAM_VERIFY = "/api/v1/account-events/stream/verification"

DEVICE = "/device"
"""What people type into their phone; the other pages of that are below it."""

DEVICE_CONFIRM = "/device/confirm"
DEVICE_DONE = "/device/done"


def url(deps: IdpDeps, path: str) -> str:
    """Return the public address of an endpoint: below the configured URL, whatever Host a request names."""
    return deps.node.url + path


def urls(deps: IdpDeps, path: str) -> tuple[str, ...]:
    """Return every address of an endpoint: also the one over mutual TLS, where one is configured (RFC 8705 5)."""
    return tuple(base + path for base in (deps.node.url, deps.mutual_tls_url) if base is not None)
