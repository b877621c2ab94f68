"""Name constraints, complete: every kind of name, permitted and excluded, wildcards and suffixes (RFC 5280 4.2.1.10).

The library leaves out addresses and other names and lets an excluded ``.suffix`` and a wildcard below an excluded host pass; what is
judged here is judged before the library is asked, and both must agree. Where a name can be read in two ways, the narrower reading
counts for what is permitted and the wider one for what is excluded.

Left to others: when names are looked at in a path (``checks``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from crosscert.paths.names import parts_of

Kind: TypeAlias = Literal["directory_name", "rfc822_name", "dns_name", "uniform_resource_identifier", "ip_address", "other"]
Value: TypeAlias = "str | bytes | tuple[str, ...]"

MAX_COMPARISONS = 100_000
"""Names times constraints of one path; more is an attack, not a hierarchy."""

_KINDS: frozenset[str] = frozenset({"directory_name", "rfc822_name", "dns_name", "uniform_resource_identifier", "ip_address"})
_V4, _V6 = 4, 16
_UNUSUAL = "minimum/maximum"


@dataclass(frozen=True, slots=True)
class GeneralName:
    """A name in plain values: prepared RDNs, text, address octets, or the DER of a kind that cannot be judged."""

    kind: Kind
    value: Value
    detail: str = ""

    def __str__(self) -> str:
        if isinstance(self.value, tuple):
            return "/".join(part.strip() for part in self.value)
        if isinstance(self.value, bytes):
            return _address_text(self.value) if self.kind == "ip_address" else self.detail
        return self.value


@dataclass(frozen=True, slots=True)
class NameLimits:
    """One certificate's nameConstraints. ``unusual`` when minimum or maximum is not as RFC 5280 demands."""

    permitted: tuple[GeneralName, ...]
    excluded: tuple[GeneralName, ...]
    unusual: bool = False


def names_in(certificate: Any) -> tuple[GeneralName, ...]:
    """Return every name of a certificate that constraints look at: subject, its e-mail addresses, subjectAltName."""
    names = []
    subject = certificate.subject
    if len(subject.chosen):
        names.append(GeneralName("directory_name", parts_of(subject)))
    alternatives = certificate.subject_alt_name_value
    if alternatives is None:
        names += [
            GeneralName("rfc822_name", str(attribute["value"].native))
            for part in subject.chosen
            for attribute in part
            if attribute["type"].native == "email_address"
        ]
    else:
        names += [_general_name(name) for name in alternatives]
    return tuple(names)


def limits_in(certificate: Any) -> NameLimits | None:
    """Return a certificate's nameConstraints in plain values, or None when it has none."""
    value = certificate.all_name_constraints
    if value is None:
        return None
    permitted, excluded = list(value["permitted_subtrees"] or ()), list(value["excluded_subtrees"] or ())
    return NameLimits(
        tuple(_general_name(subtree["base"]) for subtree in permitted),
        tuple(_general_name(subtree["base"]) for subtree in excluded),
        any(subtree["minimum"].native != 0 or subtree["maximum"].native is not None for subtree in permitted + excluded),
    )


class NotAllowed(Exception):  # noqa: N818 - an answer, turned into a reason by the caller
    """A name is outside of what is permitted, inside of what is excluded, or cannot be judged."""

    def __init__(self, name: str, why: Literal["permitted", "excluded", "unjudgeable", "too_many"]) -> None:
        self.why: Literal["permitted", "excluded", "unjudgeable", "too_many"] = why
        self.name = name
        super().__init__(f"{why}: {name}")


class NameState:
    """What names a path leaves open so far: each certificate's permitted subtrees intersect, excluded ones add up."""

    def __init__(self) -> None:
        self._permitted: list[tuple[GeneralName, ...]] = []
        self._excluded: list[GeneralName] = []
        self._comparisons = 0

    def narrow(self, limits: NameLimits) -> None:
        """Take in one CA certificate's limits (RFC 5280 6.1.4 (g)); ``NotAllowed`` when they cannot be judged."""
        if limits.unusual:
            raise NotAllowed(_UNUSUAL, "unjudgeable")
        if limits.permitted:
            self._permitted.append(limits.permitted)
        self._excluded += limits.excluded

    def check(self, names: Sequence[GeneralName]) -> None:
        """Check every name of one certificate (RFC 5280 6.1.3 (b), (c)); ``NotAllowed`` for the first that may not be."""
        for name in names:
            for generation in self._permitted:
                bases = [base for base in generation if _same_kind(base, name)]
                if bases and not self._any(bases, name, _within):
                    raise NotAllowed(str(name), "permitted")
            bases = [base for base in self._excluded if _same_kind(base, name)]
            if bases and self._any(bases, name, _touches):
                raise NotAllowed(str(name), "excluded")

    def _any(self, bases: Sequence[GeneralName], name: GeneralName, contains: Callable[[GeneralName, GeneralName], bool]) -> bool:
        self._comparisons += len(bases)
        if self._comparisons > MAX_COMPARISONS:
            raise NotAllowed(str(name), "too_many")
        if name.kind == "other":
            raise NotAllowed(str(name), "unjudgeable")
        return any(contains(base, name) for base in bases)


def _same_kind(base: GeneralName, name: GeneralName) -> bool:
    return base.kind == name.kind and (base.kind != "other" or base.detail == name.detail)


def _general_name(name: Any) -> GeneralName:
    kind = name.name
    if kind not in _KINDS:
        return GeneralName("other", name.dump(), kind)
    if kind == "directory_name":
        return GeneralName("directory_name", parts_of(name.chosen))
    contents: bytes = name.chosen.contents
    if kind == "ip_address":
        return GeneralName("ip_address", contents)
    return GeneralName(kind, contents.decode("ascii", "backslashreplace"))


def _address_text(value: bytes) -> str:
    if len(value) in {_V4, _V6}:
        return str(ipaddress.ip_address(value))
    return value.hex()


def _within(base: GeneralName, name: GeneralName) -> bool:
    """Tell whether ``name`` certainly lies within a permitted ``base``."""
    if isinstance(base.value, tuple) and isinstance(name.value, tuple):
        return name.value[: len(base.value)] == base.value
    if isinstance(base.value, bytes) and isinstance(name.value, bytes):
        return _address_within(base.value, name.value) is True
    return _PERMITTED[name.kind](str(base.value), str(name.value))


def _touches(base: GeneralName, name: GeneralName) -> bool:
    """Tell whether ``name`` may lie within an excluded ``base``."""
    if isinstance(base.value, tuple) and isinstance(name.value, tuple):
        return name.value[: len(base.value)] == base.value
    if isinstance(base.value, bytes) and isinstance(name.value, bytes):
        return _address_within(base.value, name.value) is not False
    return _EXCLUDED[name.kind](str(base.value), str(name.value))


def _address_within(base: bytes, name: bytes) -> bool | None:
    """Tell whether an address lies in a network; None when one of them is malformed."""
    half = len(base) // 2
    if len(base) not in {2 * _V4, 2 * _V6} or len(name) not in {_V4, _V6}:
        return None
    mask = int.from_bytes(base[half:], "big")
    inverted = mask ^ ((1 << (8 * half)) - 1)
    if inverted & (inverted + 1):  # the ones of a mask stand together (RFC 4632)
        return None
    return len(name) == half and not (int.from_bytes(base[:half], "big") ^ int.from_bytes(name, "big")) & mask


def _host(text: str) -> str | None:
    """Return a host in lower case without the root's dot; None when it has not the form of one (a wildcard label may lead)."""
    host = text.lower().removesuffix(".")
    labels = host.split(".")
    well_formed = host.isascii() and all(0 < len(label) <= 63 and _is_label(label) for label in labels)  # noqa: PLR2004 - RFC 1035
    return host if well_formed and not any("*" in label for label in labels[1:]) else None


def _is_label(label: str) -> bool:
    return all(character.isalnum() or character in "-_*" for character in label)


def _below(base: str, host: str) -> bool:
    return host == base or host.endswith("." + base)


def _is_suffix(suffix: str, host: str) -> bool:
    return host.endswith(suffix) and len(host) > len(suffix)


def _dns_within(base: str, name: str) -> bool:
    host = _host(name)
    if host is None:
        return False
    if base == "":
        return True
    wanted = base.lower().removesuffix(".")
    if wanted.startswith("."):  # not a form of RFC 5280 for hosts; read as "below, not itself"
        return _is_suffix(wanted, host)
    first, _, rest = host.partition(".")
    return _below(wanted, rest) if "*" in first else _below(wanted, host)


def _dns_touches(base: str, name: str) -> bool:
    host = _host(name)
    wanted = base.lower().removesuffix(".").removeprefix(".")
    if host is None or wanted == "":
        return True
    first, _, rest = host.partition(".")
    if "*" in first:
        # A wildcard stands for one label: it meets what lies below its own domain, and every domain that contains it.
        return _below(wanted, rest) or _below(rest, wanted)
    return _below(wanted, host)


def _mail_within(base: str, name: str) -> bool:
    local, _, domain = name.rpartition("@")
    host = _host(domain)
    if not local or host is None:
        return False
    base_local, _, base_domain = base.rpartition("@")
    wanted = base_domain.lower().removesuffix(".")
    if base_local:
        return local == base_local and host == wanted
    return wanted == "" or (_is_suffix(wanted, host) if wanted.startswith(".") else host == wanted)


def _mail_touches(base: str, name: str) -> bool:
    local, _, domain = name.rpartition("@")
    host = _host(domain)
    if not local or host is None:
        return True
    base_local, _, base_domain = base.rpartition("@")
    wanted = base_domain.lower().removesuffix(".")
    if base_local:
        return local.lower() == base_local.lower() and host == wanted
    return wanted == "" or (_is_suffix(wanted, host) if wanted.startswith(".") else host == wanted)


def _uri_host(uri: str) -> str | None:
    """Return the host of a URI when it is a name: an address or nothing is refused wherever URIs are constrained (4.2.1.10)."""
    try:
        host = urlsplit(uri).hostname
    except ValueError:
        return None
    if not host or "*" in host or ":" in host or host.replace(".", "").isdigit():
        return None
    return _host(host)


def _uri_within(base: str, name: str) -> bool:
    host = _uri_host(name)
    wanted = base.lower().removesuffix(".")
    if host is None:
        return False
    return wanted == "" or (_is_suffix(wanted, host) if wanted.startswith(".") else host == wanted)


def _uri_touches(base: str, name: str) -> bool:
    host = _uri_host(name)
    wanted = base.lower().removesuffix(".")
    if host is None or wanted == "":
        return True
    return _is_suffix(wanted, host) if wanted.startswith(".") else host == wanted


_PERMITTED: dict[str, Callable[[str, str], bool]] = {
    "dns_name": _dns_within,
    "rfc822_name": _mail_within,
    "uniform_resource_identifier": _uri_within,
}
_EXCLUDED: dict[str, Callable[[str, str], bool]] = {
    "dns_name": _dns_touches,
    "rfc822_name": _mail_touches,
    "uniform_resource_identifier": _uri_touches,
}
