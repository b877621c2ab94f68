"""The checks of what says how certificates stand: revocation lists (RFC 5280 5) and OCSP answers (RFC 6960 4.2).

Left to others: certificates (``certificates``), making lists and answers (``pki.crl``, ``pki.ocsp``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from cryptography import x509

from kernel.errors import Refusal
from pki import der_reader as der
from pki.certificates import algorithm_of
from pki.der import integer, sequence, tlv
from pki.der_reader import Element
from pki.life_errors import LINT_FAULT
from pki.lint.parts import ALGORITHMS, digits, tag_of
from pki.records import PublicKey

_AKI, _NUMBER, _IDP, _REASON = (tag_of(f"2.5.29.{arc}") for arc in (35, 20, 28, 21))
_BASIC = tag_of("1.3.6.1.5.5.7.48.1.1")
_ENUMERATED = 0x0A
_REASONS = frozenset({1, 2, 3, 4, 5, 6, 8, 9, 10})  # RFC 5280 5.3.1: 0 is said by saying nothing, 7 is not used
_ENTRIES_READ = 2000
"""Entries are alike and made one by one by one function: of a long list only so many are read again."""
_LARGE = 100_000
_SIGNED = [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]


def check_crl(crl: bytes, ca: x509.Certificate) -> None:
    """Refuse a list of ``ca`` with a fault: ``Refusal(lint_fault)`` naming the first."""
    _refuse(_read(_crl_faults(crl, ca)))


def check_ocsp(response: bytes, responder: x509.Certificate) -> None:
    """Refuse a successful answer of ``responder`` with a fault."""
    _refuse(_read(_ocsp_faults(response, responder)))


def _algorithm(signer: x509.Certificate) -> Element:
    algorithm = algorithm_of(cast("PublicKey", signer.public_key()))
    return (der.SEQUENCE, b"" if algorithm is None else der.read(ALGORITHMS[algorithm], der.SEQUENCE))


def _refuse(fault: tuple[str, str] | None) -> None:
    if fault is not None:
        raise Refusal(LINT_FAULT, finding=fault[0], problem=fault[1])


def _read(faults: Iterator[tuple[str, str]]) -> tuple[str, str] | None:
    try:
        return next(faults, None)
    except (ValueError, IndexError) as error:  # DerError, or parts that are not as many as they should be
        return "encoding", str(error)


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


def _ocsp_faults(response: bytes, responder: x509.Certificate) -> Iterator[tuple[str, str]]:
    status, (_, answer) = _expect(der.elements(der.read(response, der.SEQUENCE)), [_ENUMERATED, 0xA0])
    (_, kind), (_, basic) = _expect(der.elements(der.read(answer, der.SEQUENCE)), [der.OID, der.OCTET_STRING])
    if status[1] != b"\0" or kind != _BASIC:
        yield "response", "not a basic answer"
    (_, tbs), algorithm, *_ = der.elements(der.read(basic, der.SEQUENCE))
    der.check(tbs)
    if algorithm != _algorithm(responder):
        yield "algorithm", "not that of the responder's key"
    _responder, produced_at, (_, singles), *_ = der.elements(tbs)
    for _, single in der.elements(singles):
        _certificate, _status, this_update, (tag, next_update) = der.elements(single)[:4]
        if tag != 0xA0 or not _in_order(this_update, *der.elements(next_update)) or _in_order(produced_at, this_update):  # noqa: PLR2004
            yield "validity", "the next update is not after this one, or it was made before it"


def _in_order(first: Element, second: Element) -> bool:
    return digits(*first) < digits(*second)


def _expect(elements: list[Element], tags: list[int]) -> list[Element]:
    if [tag for tag, _ in elements] != tags:
        der.refuse("not the parts that belong here")
    return elements
