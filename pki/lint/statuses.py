"""The checks of revocation lists (RFC 5280 5).

Left to others: certificates (``certificates``), OCSP answers (``answers``), making lists (``pki.crl``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from cryptography import x509

from pki import der_reader as der
from pki.certificates import algorithm_of
from pki.der import integer, sequence, tlv
from pki.der_reader import Element
from pki.lint.parts import ALGORITHMS, digits, refuse_fault, tag_of
from pki.records import PublicKey

_AKI, _NUMBER, _IDP, _REASON = (tag_of(f"2.5.29.{arc}") for arc in (35, 20, 28, 21))
_ENUMERATED = 0x0A
_REASONS = frozenset({1, 2, 3, 4, 5, 6, 8, 9, 10})  # RFC 5280 5.3.1: 0 is said by saying nothing, 7 is not used
_ENTRIES_READ = 2000
"""Entries are alike and made one by one by one function: of a long list only so many are read again."""
_LARGE = 100_000
_SIGNED = [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]


def check_crl(crl: bytes, ca: x509.Certificate) -> None:
    """Refuse a list of ``ca`` with a fault: ``Refusal(lint_fault)`` naming the first."""
    refuse_fault(_crl_faults(crl, ca))


def _algorithm(signer: x509.Certificate) -> Element:
    algorithm = algorithm_of(cast("PublicKey", signer.public_key()))
    return (der.SEQUENCE, b"" if algorithm is None else der.read(ALGORITHMS[algorithm], der.SEQUENCE))


def _crl_faults(crl: bytes, ca: x509.Certificate) -> Iterator[tuple[str, str]]:
    # A view: a list of a million entries is not copied once more for each of its layers.
    (_, tbs), algorithm, _ = _expect(der.elements(der.read(cast("bytes", memoryview(crl)), der.SEQUENCE)), _SIGNED)
    version, inner, (_, name), *rest = (_octets(one, most=_LARGE) for one in der.elements(tbs))
    if version != (der.INTEGER, b"\x01"):
        yield "version", "not v2"
    if not inner == algorithm == _algorithm(ca):
        yield "algorithm", "not that of the CA's key"
    if name != der.read(ca.subject.public_bytes(), der.SEQUENCE):
        yield "issuer", "not the CA's own name"
    this_update, next_update, *rest = rest
    if not _in_order(this_update, next_update):
        yield "validity", "the next update is not after this one"
    if len(rest) > 1:
        entries = [_octets(one) for one in der.elements(rest[0][1], most=_ENTRIES_READ)]
        if not entries or len({der.elements(entry)[0] for _, entry in entries}) != len(entries):
            yield "entries", "an empty list that stands there, or a serial twice"
        yield from (("entries", fault) for _, entry in entries if (fault := _entry_fault(entry)))
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    yield from _list_extensions(rest[-1], identifier)


def _octets(element: Element, *, most: int | None = None) -> Element:
    tag, content = element
    return (tag, bytes(content)) if most is None or len(content) <= most else element


def _entry_fault(entry: bytes) -> str | None:
    der.check(entry)
    (kind, serial), date, *more = der.elements(entry)
    if kind != der.INTEGER or serial[0] > 0x7F or not digits(*date):  # noqa: PLR2004 - negative
        return "serial or date"
    for _, extension in der.elements(more[0][1]) if more else ():
        (_, name), *_, (_, value) = der.elements(extension)
        if name == _REASON and int.from_bytes(der.read(value, _ENUMERATED), "big") not in _REASONS:
            return "a reason that must not be said"
    return None


def _list_extensions(element: Element, key_identifier: bytes) -> Iterator[tuple[str, str]]:
    found: dict[bytes, tuple[bool, bytes]] = {}
    (extensions,) = _expect(der.elements(element[1]), [der.SEQUENCE])
    for _, extension in der.elements(extensions[1]):
        (_, name), *flag, (_, value) = der.elements(extension)
        der.check(value)
        if name in found or name not in {_AKI, _NUMBER, _IDP} or bool(flag) is not (name == _IDP):
            yield "extensions", "one that is not asked for, twice, or critical the wrong way round"
        found[name] = (bool(flag), value)
    if found.get(_AKI, (False, b""))[1] != sequence(tlv(0x80, key_identifier)):
        yield "authority_key_identifier", "not the identifier of the CA's key"
    number = der.read(found.get(_NUMBER, (False, integer(0)))[1], der.INTEGER)
    if not 0 < int.from_bytes(number, "big", signed=True) < 1 << 159:
        yield "crl_number", "missing, not positive or longer than 20 octets"


def _in_order(first: Element, second: Element) -> bool:
    return digits(*first) < digits(*second)


def _expect(elements: list[Element], tags: list[int]) -> list[Element]:
    if [tag for tag, _ in elements] != tags:
        der.refuse("not the parts that belong here")
    return elements
