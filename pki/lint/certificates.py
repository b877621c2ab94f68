"""The checks of a certificate's fields, in the order of RFC 5280 4.1, and the one list of all checks.

Left to others: taking the certificate apart (``parts``), its extensions (``extensions``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from kernel.errors import Refusal
from pki import cross_certificates, links
from pki import der_reader as der
from pki.life_errors import LINT_FAULT
from pki.lint import extensions
from pki.lint.keys import key_algorithm
from pki.lint.parts import ALGORITHMS, Fault, Parsed, Wanted, digits, parse, tag_of

Check = Callable[[Parsed, Wanted], str | None]
"""Returns what is wrong, or None."""

_SERIAL_OCTETS = range(8, 21)
_COUNTRY, _COMMON_NAME = tag_of("2.5.4.6"), tag_of("2.5.4.3")
_PRINTABLE_ATTRIBUTES = frozenset({_COUNTRY, tag_of("2.5.4.5")})  # RFC 5280 A.1: countryName, serialNumber
_MAX_ATTRIBUTE = 64
_FIRST_GENERALIZED_YEAR = "2050"
_DAY_FORMAT_SECONDS = 86400


def check_certificate(certificate: bytes, wanted: Wanted) -> None:
    """Refuse a certificate with a fault: ``Refusal(lint_fault)`` naming the first."""
    faults = find_faults(certificate, wanted)
    if faults:
        raise Refusal(LINT_FAULT, finding=faults[0].code, problem=faults[0].detail)


def find_faults(certificate: bytes, wanted: Wanted) -> tuple[Fault, ...]:
    """Return everything that is wrong with a certificate of this node."""
    try:
        parsed = parse(certificate)
        faults = _carry_out(_CHECKS, parsed, wanted)
        common = extensions.common(parsed)
        if common not in wanted.passed:  # what stands in every certificate of a batch is judged once
            shared = _carry_out(extensions.SHARED, parsed, wanted)
            if not shared:
                wanted.passed.add(common)
            faults += shared
    except (ValueError, IndexError, KeyError) as error:  # DerError, or parts that are not as many as they should be
        return (Fault("encoding", str(error)),)
    return faults


def _carry_out(checks: tuple[tuple[str, Check], ...], parsed: Parsed, wanted: Wanted) -> tuple[Fault, ...]:
    return tuple(Fault(code, found) for code, check in checks if (found := check(parsed, wanted)) is not None)


def _version(parsed: Parsed, _wanted: Wanted) -> str | None:
    return None if parsed.version == b"\x02\x01\x02" else "not v3"


def _serial(parsed: Parsed, _wanted: Wanted) -> str | None:
    # RFC 5280 4.1.2.2: positive, at most 20 octets; short ones can be guessed
    sound = len(parsed.serial) in _SERIAL_OCTETS and int.from_bytes(parsed.serial[:2], "big", signed=True) > 0x7F  # noqa: PLR2004
    return None if sound else "8 to 20 octets, positive, in the shortest form"


def _algorithm(parsed: Parsed, wanted: Wanted) -> str | None:
    inner, outer = parsed.algorithms
    return None if inner == outer == der.read(ALGORITHMS[wanted.signature], der.SEQUENCE) else f"not the CA's {wanted.signature}"


def _issuer(parsed: Parsed, wanted: Wanted) -> str | None:
    return None if parsed.issuer == (parsed.subject if wanted.issuer is None else wanted.issuer) else "not the CA's own name"


def _validity(parsed: Parsed, wanted: Wanted) -> str | None:
    if len(parsed.validity) != 2:  # noqa: PLR2004 - from, to
        return "not two moments"
    for tag, moment in parsed.validity:
        late = digits(tag, moment) >= _FIRST_GENERALIZED_YEAR
        if tag != (der.GENERALIZED_TIME if late else der.UTC_TIME):
            return "the other form belongs to that year"  # RFC 5280 4.1.2.5
    first, last = (digits(*moment) for moment in parsed.validity)
    if first >= last:
        return "it ends before it begins"
    if wanted.issuer_validity is None:
        return None
    # A link certificate by a new key of the CA to its old one is valid since that one is (RFC 4210 4.4.1).
    begins = "" if wanted.profile_name == links.PROFILE else wanted.issuer_validity[0]
    return None if begins <= first <= last <= wanted.issuer_validity[1] else "outside of the CA's own"


def _length(parsed: Parsed, wanted: Wanted) -> str | None:
    if wanted.profile is not None:
        days = wanted.profile.validity_days
    elif wanted.profile_name == cross_certificates.PROFILE:
        days = wanted.policies.cross_certificates.max_validity_days
    else:
        return None
    first, last = (extensions.moment(digits(*one)) for one in parsed.validity)
    return None if (last - first).total_seconds() <= days * _DAY_FORMAT_SECONDS else f"longer than {days} days"


def _subject(parsed: Parsed, _wanted: Wanted) -> str | None:
    rdns = der.elements(parsed.subject)
    if not rdns:
        return "empty"
    return next((fault for rdn in rdns if (fault := _rdn_fault(*rdn)) is not None), None)


@lru_cache(maxsize=4096)
def _rdn_fault(tag: int, rdn: bytes) -> str | None:
    attributes = der.elements(rdn)
    parts = der.elements(attributes[0][1]) if attributes else []
    if tag != der.SET or len(attributes) != 1 or len(parts) != 2:  # noqa: PLR2004 - type and value
        return "an RDN that is not one attribute"
    (_, kind), (form, value) = parts
    if form != (der.PRINTABLE if kind in _PRINTABLE_ATTRIBUTES else der.UTF8):
        return "an attribute in another string type"
    if not 0 < len(value if kind == _COMMON_NAME else value.decode()) <= _MAX_ATTRIBUTE:
        return "an attribute that is empty or too long"
    return "countryName" if kind == _COUNTRY and len(value) != 2 else None  # noqa: PLR2004 - ISO 3166


def _subtree(parsed: Parsed, wanted: Wanted) -> str | None:
    if wanted.profile is None:
        return None  # another node's name: its own certificate says which subtree (extensions, name_constraints)
    below = parsed.subject.startswith(wanted.subtree) and len(parsed.subject) > len(wanted.subtree)
    return None if below else "not below the node's own name"


def _public_key(parsed: Parsed, wanted: Wanted) -> str | None:
    algorithm = key_algorithm(parsed.public_key)
    if algorithm is None:
        return "not a key that is accepted anywhere here"
    profile = wanted.profile
    if profile is not None and algorithm not in {profile.key_algorithm, *profile.also_accepted}:
        return f"{algorithm} is not for {wanted.profile_name}"
    return None


def _unique_identifiers(parsed: Parsed, _wanted: Wanted) -> str | None:
    return "a unique identifier" if parsed.rest else None  # RFC 5280 4.1.2.8: MUST NOT


_CHECKS: tuple[tuple[str, Check], ...] = (
    ("version", _version),
    ("serial", _serial),
    ("algorithm", _algorithm),
    ("issuer", _issuer),
    ("validity", _validity),
    ("validity_length", _length),
    ("subject", _subject),
    ("subtree", _subtree),
    ("public_key", _public_key),
    ("unique_identifiers", _unique_identifiers),
    *extensions.OWN,
)
"""In the order of RFC 5280 4.1; each stands by itself."""
