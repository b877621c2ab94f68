"""The certificate that a client showed in TLS, as a proxy tells of it in the ``Client-Cert`` header.

Left to others: whose header is believed (``service.proxies``), whether the certificate is any good (``enrolment``, ``idp.clients``).
"""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote_to_bytes

from kernel.errors import Refusal
from pki.life_errors import HOLDER_UNPROVEN

HEADER = "HTTP_CLIENT_CERT"
"""Where a trusted proxy's word for the client's certificate stands in the WSGI environment; nobody else's gets so far."""

_MAX_CHARACTERS = 32 * 1024
_WHITE = re.compile(rb"\s+")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,12000})-----END CERTIFICATE-----\s*")


def shown_certificate(header: str) -> bytes:
    """Return the certificate (DER, not looked at yet): RFC 9440's ``:base64:``, or the escaped PEM that nginx writes."""
    try:
        if len(header) <= _MAX_CHARACTERS and header.isascii():
            if header.startswith(":") and header.endswith(":"):
                return base64.b64decode(header[1:-1], validate=True)
            found = _PEM.fullmatch(unquote_to_bytes(header))
            if found is not None:
                return base64.b64decode(_WHITE.sub(b"", found[1]), validate=True)
    except ValueError:  # binascii.Error is one
        pass
    raise Refusal(HOLDER_UNPROVEN, problem="Client-Cert")
