"""Distinguished names: one way to compare them, one way to write them.

The library prepares names by the Unicode of 2002 and refuses later characters, which stand in people's names today. The classes
here are the library's own with another preparation, so its comparisons keep working.

Left to others: subtrees and name constraints (``constraints``).
"""

from __future__ import annotations

import unicodedata
from typing import Any

from asn1crypto import crl, x509

_SHORT = {
    "common_name": "CN",
    "locality_name": "L",
    "state_or_province_name": "ST",
    "organization_name": "O",
    "organizational_unit_name": "OU",
    "country_name": "C",
    "street_address": "STREET",
    "domain_component": "DC",
    "user_id": "UID",
}
_SELECTORS = frozenset(map(chr, (0x034F, *range(0xFE00, 0xFE10), *range(0x180B, 0x180E), *range(0xE0100, 0xE01F0))))
_LIBRARY_JUDGES = frozenset({"directory_name", "rfc822_name", "dns_name", "uniform_resource_identifier"})
MAX_CHARACTERS = 512
_KEPT = 20_000
_BETWEEN_PARTS = "\x1e"
_REFUSED = frozenset({"Cn", "Co", "Cs"})


_keys: dict[bytes, str] = {}


def prepare(text: str) -> str:
    """Return the form of an attribute's value that comparisons use (RFC 5280 7.1, RFC 4518 2, with today's Unicode).

    Case is folded, compatibility forms are unified, invisible characters removed, runs of blanks made one. ``ValueError`` for
    unassigned, private-use and surrogate characters: no two of them could be told apart. The blanks around and the doubled ones
    inside are RFC 4518 2.6.1, so that the result equals the library's for names that both can prepare.
    """
    if len(text) > MAX_CHARACTERS:  # normalising takes time with the square of the marks above one letter
        message = f"a part of a name has more than {MAX_CHARACTERS} characters"
        raise ValueError(message)
    if text.isascii() and text.isprintable():
        return f" {'  '.join(text.lower().split())} "
    kept = []
    for character in unicodedata.normalize("NFKC", text.casefold()):
        category = unicodedata.category(character)
        if category in _REFUSED or character == "\ufffd":
            message = f"a name may not contain U+{ord(character):04X}"
            raise ValueError(message)
        if character.isspace():
            kept.append(" ")
        elif category not in {"Cc", "Cf"} and character not in _SELECTORS:
            kept.append(character)
    return f" {'  '.join(unicodedata.normalize('NFKC', ''.join(kept).casefold()).split())} "


class _Attribute(x509.NameTypeAndValue):
    """An attribute compared by :func:`prepare`."""

    _prepped: str | None = None

    @property
    def prepped_value(self) -> str:
        """The prepared value."""
        if self._prepped is None:
            self._prepped = prepare(str(self["value"].native))
        return self._prepped


class _RelativeName(x509.RelativeDistinguishedName):
    _child_spec = _Attribute


class _NameSequence(x509.RDNSequence):
    _child_spec = _RelativeName

    def append(self, value: x509.RelativeDistinguishedName) -> None:
        """Append a part that may be the library's own (a distribution point named relative to its issuer)."""
        super().append(_RelativeName.load(value.dump()))


class Name(x509.Name):
    """A distinguished name compared by :func:`prepare`."""

    _alternatives = [("", _NameSequence)]  # noqa: RUF012 - the library's way to declare a choice
    _key: str | None = None

    @property
    def hashable(self) -> str:
        """What two equal names have in common, computed once: a judgement compares names some hundred times."""
        if self._key is None:
            self._key = super().hashable
        return self._key

    def set_key(self, key: str) -> None:
        """Say what is known of an equal name: :attr:`hashable` need not be computed."""
        self._key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, x509.Name) and bool(other.hashable == self.hashable)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # as the library's: ``hashable`` is for that


def _with_names(fields: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(field[0], Name, *field[2:]) if field[1] is x509.Name else field for field in fields]


class _ToBeSigned(x509.TbsCertificate):
    _fields = _with_names(x509.TbsCertificate._fields)
    _signed: bytes | None = None

    def dump(self, force: bool = False) -> bytes:  # noqa: FBT001, FBT002 - the library's signature
        """Return the bytes as they came: the library writes some values anew once they were looked at, and not always alike."""
        if self._signed is None:
            self._signed = super().dump(force)
        return self._signed


class Certificate(x509.Certificate):
    """The library's certificate with names compared by :func:`prepare`."""

    _fields = [("tbs_certificate", _ToBeSigned), *x509.Certificate._fields[1:]]  # noqa: RUF012
    _shown: x509.NameConstraints | None = None

    @property
    def all_name_constraints(self) -> x509.NameConstraints | None:
        """The nameConstraints extension as it stands: judged by ``constraints``."""
        return super().name_constraints_value

    @property
    def name_constraints_value(self) -> x509.NameConstraints | None:
        """The part of it that the library can judge too; it breaks off at the other kinds of names."""
        whole = self.all_name_constraints
        if whole is None:
            return None
        if self._shown is None:
            kept = {
                field: [subtree for subtree in whole[field] or () if subtree["base"].name in _LIBRARY_JUDGES]
                for field in ("permitted_subtrees", "excluded_subtrees")
            }
            same = all(len(subtrees) == len(whole[field] or ()) for field, subtrees in kept.items())
            self._shown = whole if same else x509.NameConstraints({field: each for field, each in kept.items() if each})
        return self._shown


class _ListToBeSigned(crl.TbsCertList):
    _fields = _with_names(crl.TbsCertList._fields)


class CertificateList(crl.CertificateList):
    """The library's revocation list with names compared by :func:`prepare`."""

    _fields = [("tbs_cert_list", _ListToBeSigned), *crl.CertificateList._fields[1:]]  # noqa: RUF012


def key_of(name: x509.Name) -> str:
    """Return what two equal names have in common: the key under which a name is indexed. Kept by the name's bytes: names recur.

    ``ValueError`` when a part of the name holds one attribute twice: the library would compare only one of them.
    """
    der = name.dump()
    key = _keys.get(der)
    if key is None:
        for part in name.chosen:
            if len({attribute["type"].dotted for attribute in part}) != len(part):
                message = "one attribute twice in one part of a name"
                raise ValueError(message)
        key = str(name.hashable)
        if len(_keys) >= _KEPT:
            _keys.clear()
        _keys[der] = key
    if isinstance(name, Name):
        name.set_key(key)
    return key


def parts_of(name: x509.Name) -> tuple[str, ...]:
    """Return the prepared parts of a name, from the country downward; no prepared value contains what stands between them."""
    key = key_of(name)
    return tuple(key.split(_BETWEEN_PARTS)) if key else ()


def rfc4514(name: x509.Name) -> str:
    """Return ``name`` as RFC 4514 text: the most specific part first."""
    return ",".join("+".join(_attribute_text(attribute) for attribute in part) for part in reversed(list(name.chosen)))


def _attribute_text(attribute: x509.NameTypeAndValue) -> str:
    kind = _SHORT.get(attribute["type"].native, attribute["type"].dotted)
    text = str(attribute["value"].native)
    escaped = "".join(f"\\{character}" if character in '",+;<>\\' else character for character in text).replace("\0", "\\00")
    if escaped.startswith((" ", "#")):
        escaped = "\\" + escaped
    if len(text) > 1 and escaped.endswith(" "):
        escaped = escaped[:-1] + "\\ "
    return f"{kind}={escaped}"
