"""A revocation list in DER (RFC 5280 5.1), put together from entries that were encoded when they came about, and signed once.

A general builder makes an object of every entry; here a list of a million is a concatenation. What comes out is octet for octet
what such a builder makes.

Left to others: what stands on a list, its number and its times (``crl``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from cryptography import x509

from pki.der import explicit, generalized_time, integer, long_sequence, octets, oid, sequence, tlv, utc_time
from pki.records import ListedReason, PrivateKey
from pki.signing import algorithm_of, signed
from pki.throwaway import throwaway_like

REASONS: dict[ListedReason, int] = {
    "key_compromise": 1,
    "ca_compromise": 2,
    "affiliation_changed": 3,
    "superseded": 4,
    "cessation_of_operation": 5,
    "certificate_hold": 6,
    "privilege_withdrawn": 9,
}
"""CRLReason. "unspecified" is said by saying nothing (RFC 5280 5.3.1)."""

Extensions = Sequence[tuple[x509.ExtensionType, bool]]
"""Extensions, each with whether it is critical."""

_VERSION_2 = integer(1)
_TRUE = tlv(0x01, b"\xff")
_CRL_REASON = oid("2.5.29.21")
_LAST_UTC_YEAR = 2049
_NO_ENTRIES = sequence()


def entry(serial: str, at: datetime, reason: ListedReason) -> bytes:
    """Return an element of revokedCertificates. ``serial`` is hexadecimal."""
    code = REASONS.get(reason)
    extensions = b"" if code is None else sequence(sequence(_CRL_REASON, octets(tlv(0x0A, bytes((code,))))))
    return sequence(integer(int(serial, 16)), _time(at), extensions)


def build(
    key: PrivateKey,
    issuer: x509.Name,
    times: tuple[datetime, datetime],
    entries: Iterable[bytes],
    extensions: Extensions,
    *,
    look: Callable[[bytes], None] | None = None,
) -> bytes:
    """Return the list signed with ``key``. ``times`` are thisUpdate and nextUpdate; a piece of ``entries`` may hold many.

    ``look`` is given the list under a throwaway signature before that, and raises when it finds a fault.
    """
    listed = long_sequence(*entries)
    tbs = long_sequence(
        _VERSION_2,
        algorithm_of(key),
        issuer.public_bytes(),
        *(_time(moment) for moment in times),
        listed if listed != _NO_ENTRIES else b"",  # RFC 5280 5.1.2.6: absent when there are none
        explicit(0, sequence(*(_extension(value, critical=critical) for value, critical in extensions))),
    )
    del listed  # of a million entries, megabytes
    if look is not None:
        look(signed(throwaway_like(key), tbs))
    return signed(key, tbs)


def _extension(value: x509.ExtensionType, *, critical: bool) -> bytes:
    return sequence(oid(value.oid.dotted_string), _TRUE if critical else b"", octets(value.public_bytes()))


def _time(moment: datetime) -> bytes:
    """Return a Time to the second: UTCTime through 2049, GeneralizedTime from then on (RFC 5280 5.1.2.4)."""
    return utc_time(moment) if moment.year <= _LAST_UTC_YEAR else generalized_time(moment)
