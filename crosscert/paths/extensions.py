"""The extensions of a certificate or list: none twice, and those that are understood well formed.

Left to others: what they say (``certificates``, ``crls``), and what an unknown critical one means (``checks``).
"""

from __future__ import annotations

from typing import Any

from crosscert.paths.der import check_shape
from pki.der_reader import refuse


def check(extensions: Any, left: int) -> None:
    """Parse what is understood, so that it cannot fail later; ``DerError``, or another error of the parser's.

    RFC 5280 4.2: no extension twice. ``left`` is how many elements there may be in all values together. The value of an extension that nobody
    here understands is nobody's business.
    """
    seen = set()
    for extension in extensions:
        identifier = extension["extn_id"]
        if identifier.dotted in seen:
            refuse(f"extension {identifier.dotted} twice")
        seen.add(identifier.dotted)
        if identifier.native != identifier.dotted:
            left = check_shape(extension["extn_value"].contents, left)
            extension["extn_value"].parsed  # noqa: B018 - see above
