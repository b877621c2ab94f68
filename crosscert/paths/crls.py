"""Revocation lists: parsed once, believed only under the exact key of the CA that they speak for, the newest of each scope.

The library believes a list unverified in one branch (a CRL issuer whose own path is being verified); so a list reaches it only
after its signature was verified here, and only together with the path whose issuer signed it. And it looks through all entries each
time; so it gets the list with no other entries than those that bear on the one certificate (``entries``), which it cannot tell apart.

Left to others: whether a certificate stands on a list (``validation``), keeping lists (``crosscert.storage``).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pyhanko_certvalidator.revinfo.archival import CRLContainer

from crosscert.errors import CRL_NOT_GENUINE, CRL_UNREADABLE
from crosscert.paths import extensions, signatures
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.der import check_shape
from crosscert.paths.entries import MAX_BYTES, Entries, Frame, frame_of
from crosscert.paths.names import CertificateList, key_of
from kernel.errors import Refusal
from pki.der_reader import DerError

MAX_CRL_BYTES = MAX_BYTES
MAX_FRAME_BYTES = 128 * 1024
"""Of a list without its entries."""


@dataclass(frozen=True, slots=True, eq=False)
class ParsedCrl:
    """A revocation list whose form has been checked, nothing else. Two are equal when their bytes are.

    ``scope`` tells lists of one issuer apart that cover different certificates or reasons (issuingDistributionPoint), and
    deltas from complete ones. ``number`` is the CRLNumber, None where there is none. ``without_entries`` is the list as the library
    knows it, but for its entries, which are not looked at before they are asked for (:meth:`about`).
    """

    der: bytes = field(repr=False)
    sha256: str
    frame: Frame = field(repr=False)
    entries: Entries = field(repr=False)
    without_entries: CRLContainer = field(repr=False)
    issuer: str
    number: int | None
    this_update: datetime
    next_update: datetime | None
    scope: bytes
    is_indirect: bool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParsedCrl) and other.sha256 == self.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @property
    def signature(self) -> signatures.Signature:
        """What was signed, how, and the signature."""
        outside: Any = self.without_entries.crl_data
        return signatures.Signature(self.der[self.frame.signed], outside["signature"].native, outside["signature_algorithm"])

    def lists(self, serial: int) -> bool:
        """Tell whether a serial stands on the list, whatever the entry says; True when that cannot be told."""
        try:
            return bool(self.entries.about(serial))
        except DerError:
            return True

    def about(self, serial: int) -> CRLContainer:
        """Return the list with those of its entries that bear on one certificate of whichever issuer; ``DerError``."""
        entries = self.entries.about(serial)
        if not entries:
            return self.without_entries
        return CRLContainer(CertificateList.load(self.frame.cut(self.der, entries), strict=True))


def parse_crl(der: bytes) -> ParsedCrl:
    """Return the list in ``der``; ``Refusal(crl_unreadable)`` when it is none."""
    if len(der) > MAX_CRL_BYTES:
        raise Refusal(CRL_UNREADABLE, problem=f"{len(der)} > {MAX_CRL_BYTES} bytes")
    try:
        return _parse(der)
    except Refusal:
        raise
    except DerError as error:
        raise Refusal(CRL_UNREADABLE, problem=str(error)) from None
    except Exception as error:  # noqa: BLE001 - the parser meets outsiders' bytes and fails in many ways, all of them the same to us
        raise Refusal(CRL_UNREADABLE, problem=f"not well-formed X.509 ({type(error).__name__})") from None


def _parse(der: bytes) -> ParsedCrl:
    frame = frame_of(der)
    around = len(der) - (frame.entries.stop - frame.entries.start)
    if around > MAX_FRAME_BYTES:
        raise Refusal(CRL_UNREADABLE, problem=f"{around} > {MAX_FRAME_BYTES} bytes without its entries")
    without_entries = frame.cut(der)
    left = check_shape(without_entries)
    parsed = CertificateList.load(without_entries, strict=True)
    tbs = parsed["tbs_cert_list"]
    extensions.check(tbs["crl_extensions"], left)
    for name in ("issuing_distribution_point", "freshest_crl", "authority_key_identifier", "issuer_alt_name"):
        value = getattr(parsed, f"{name}_value")
        if value is not None:
            value.native  # noqa: B018 - parsed here, so that it cannot fail later
    if tbs["signature"].dump() != parsed["signature_algorithm"].dump():
        raise Refusal(CRL_UNREADABLE, problem="two signature algorithms")
    parsed["signature"].native  # noqa: B018 - as above; what is parsed while two threads look at it may be seen half done
    with suppress(ValueError):
        parsed["signature_algorithm"].hash_algo  # noqa: B018
    point = parsed.issuing_distribution_point_value
    number = parsed.crl_number_value
    delta = parsed.delta_crl_indicator_value
    return ParsedCrl(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        frame=frame,
        entries=Entries(der, frame.entries),
        without_entries=CRLContainer(parsed),
        issuer=key_of(parsed.issuer),
        number=None if number is None else number.native,
        this_update=tbs["this_update"].native,
        next_update=tbs["next_update"].native,
        scope=(b"" if point is None else point.dump()) + (b"" if delta is None else b"delta"),
        is_indirect=point is not None and bool(point["indirect_crl"].native),
    )


def verify_crl(found: ParsedCrl, issuer: ParsedCertificate) -> ParsedCrl:
    """Return the list when ``issuer`` signed it: same name, may sign lists, exact key; else ``Refusal(crl_not_genuine)``."""
    if found.issuer != issuer.subject:
        raise Refusal(CRL_NOT_GENUINE, problem="another issuer's name")
    if not issuer.may_sign_crls:  # RFC 5280 6.3.3 (f)
        raise Refusal(CRL_NOT_GENUINE, problem="the issuer may not sign lists (cRLSign)")
    if not signatures.is_signed(found, issuer):
        raise Refusal(CRL_NOT_GENUINE, problem="the signature is wrong")
    return found


def find_signer(found: ParsedCrl, candidates: Iterable[ParsedCertificate]) -> ParsedCertificate | None:
    """Return the first of ``candidates`` that signed the list (:func:`verify_crl`)."""
    for candidate in candidates:
        try:
            verify_crl(found, candidate)
        except Refusal:
            continue
        return candidate
    return None


class CrlSet:
    """Revocation lists by issuer's name. Nothing is believed of them yet."""

    def __init__(self, crls: Iterable[ParsedCrl] = ()) -> None:
        self._by_issuer: dict[str, list[ParsedCrl]] = defaultdict(list)
        for found in dict.fromkeys(crls):
            self._by_issuer[found.issuer].append(found)

    def named(self, issuer: str) -> Sequence[ParsedCrl]:
        """Return the lists that claim to be of ``issuer`` (a prepared name)."""
        return self._by_issuer.get(issuer, ())

    def with_more(self, crls: Iterable[ParsedCrl]) -> CrlSet:
        """Return a set that has ``crls`` too."""
        more = [found for found in crls if found not in self.named(found.issuer)]
        if not more:
            return self
        return CrlSet([*(found for group in self._by_issuer.values() for found in group), *more])


def newest(signed: Iterable[tuple[ParsedCrl, ParsedCertificate]], at: datetime) -> list[tuple[ParsedCrl, ParsedCertificate]]:
    """Return of each signer's key and scope the newest list issued until ``at``; of lists from the future the earliest.

    An older list may still show what a newer one released, and a withheld newer one is no reason to believe the older beyond
    its nextUpdate, which validation checks. A list from the future decides nothing but lets the reason be told.
    """
    best: dict[tuple[str, bytes, bytes], tuple[ParsedCrl, ParsedCertificate]] = {}
    for found, signer in signed:
        place = (found.issuer, signer.key, found.scope)
        held = best.get(place)
        if held is None or _rank(found, at) > _rank(held[0], at):
            best[place] = (found, signer)
    return list(best.values())


def _rank(found: ParsedCrl, at: datetime) -> tuple[bool, float, int, str]:
    past = found.this_update <= at
    age = found.this_update.timestamp()
    return past, age if past else -age, -1 if found.number is None else found.number, found.sha256
