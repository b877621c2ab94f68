"""The forms in which a secret may stand in a log: as it is, encoded for an address or a header, or as its octets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus


def find(secret: str, text: str) -> str | None:
    """Return the form in which ``secret`` stands in ``text``, None when it does in none."""
    return next((form for form in forms(secret) if re.search(_alone(form), text)), None)


def forms(secret: str) -> Iterator[str]:
    """Yield each form of ``secret``."""
    octets = secret.encode()
    yield from dict.fromkeys(
        (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], octets.hex())
    )
    # Base64 of a longer text in which it begins at any of three places: without the characters that its neighbours share.
    for before, shared in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(bytes(before) + octets).decode()[shared : (before + len(octets)) * 8 // 6]
        yield from dict.fromkeys((encoded, encoded.replace("+", "-").replace("/", "_")))


def _alone(form: str) -> str:
    # Six digits stand in many a fraction of a second; as a word of its own they are a code.
    return rf"(?<![\w.]){form}(?!\w)" if form.isdigit() else re.escape(form)
