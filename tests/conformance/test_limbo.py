"""The cases of x509-limbo's groups ``rfc5280::nc``, ``pathlen``, ``pathological`` and ``crl`` that bear on a path, made anew.

Nothing is copied: each case is made here from what its name says, and what is expected is what RFC 5280 gives. Names are the suite's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import core
from cryptography import x509

from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.records import PathVerdict
from tests.unit.crosscert.forge import NOW, Plan, Signer, judge, reason, signer, subtree

ROOT, SUB, LOW = signer("root"), signer("sub"), signer("low")
ANCHOR = ROOT.root()
Names = list[x509.GeneralName]
dns, mail, uri = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier


def ip(text: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text))


def other(value: str) -> x509.OtherName:
    return x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), core.UTF8String(value).dump())


def limits(permitted: Names | None, excluded: Names | None = None) -> tuple[x509.ExtensionType, bool]:
    return x509.NameConstraints(permitted, excluded), True


def alternative(*names: x509.GeneralName) -> tuple[x509.ExtensionType, bool]:
    return x509.SubjectAlternativeName(list(names)), False


def constrained(permitted: Names | None, excluded: Names | None, *names: x509.GeneralName) -> PathVerdict:
    """A root with these constraints, as in the suite, and a leaf right below it."""
    return judge(ROOT.leaf("leaf", more=[alternative(*names)] if names else []), ROOT.root(more=[limits(permitted, excluded)]))


HOSTS = [dns("example.com")]
PERMITTED: dict[str, tuple[Names | None, Names | None, Names]] = {
    "permitted-dns-match": (HOSTS, None, [dns("example.com")]),
    "permitted-dns-match-more": (HOSTS, None, [dns("foo.bar.example.com")]),
    "permitted-dns-match-wildcard": (HOSTS, None, [dns("*.example.com")]),
    "permitted-dns-second-of-two": ([dns("example.org"), *HOSTS], None, [dns("example.com")]),
    "permitted-ip-match": ([ip("192.0.2.0/24")], None, [ip("192.0.2.1")]),
    "permitted-ipv6-match": ([ip("2001:db8::/32")], None, [ip("2001:db8::1")]),
    "permitted-dn-match": ([subtree()], None, []),
    "nc-permits-email-exact": ([mail("foo@example.com")], None, [mail("foo@example.com")]),
    "nc-permits-email-domain": ([mail("example.com")], None, [mail("foo@example.com")]),
    "nc-permits-email-subdomain": ([mail(".example.com")], None, [mail("foo@bar.example.com")]),
    "nc-permits-uri-host": ([uri("example.com")], None, [uri("https://example.com/path")]),
    "nc-permits-other-kinds": (HOSTS, None, [ip("192.0.2.1"), uri("https://example.org/"), mail("a@example.org")]),
    "excluded-dns-no-match": (None, HOSTS, [dns("example.org")]),
    "excluded-ip-no-match": (None, [ip("192.0.2.0/24")], [ip("198.51.100.1")]),
    "excluded-email-other-host": (None, [mail("example.com")], [mail("foo@sub.example.com")]),
}
FORBIDDEN: dict[str, tuple[Names | None, Names | None, Names]] = {
    "permitted-dns-mismatch": (HOSTS, None, [dns("example.org")]),
    "permitted-dns-second-san-mismatch": (HOSTS, None, [dns("example.com"), dns("example.org")]),
    "permitted-dns-prefix-is-no-label": (HOSTS, None, [dns("badexample.com")]),
    "permitted-ip-mismatch": ([ip("192.0.2.0/24")], None, [ip("198.51.100.1")]),
    "permitted-ip-of-the-other-family": ([ip("192.0.2.0/24")], None, [ip("::ffff:192.0.2.1")]),
    "permitted-dn-mismatch": ([subtree("elsewhere")], None, []),
    "excluded-dns-match": (None, HOSTS, [dns("example.com")]),
    "excluded-dns-match-second": (None, [dns("example.org"), *HOSTS], [dns("example.com")]),
    "excluded-dns-match-sub": (None, HOSTS, [dns("foo.bar.example.com")]),
    "excluded-dns-match-wildcard": (None, [dns("foo.example.com")], [dns("*.example.com")]),
    "excluded-and-permitted-dns": (HOSTS, [dns("bad.example.com")], [dns("bad.example.com")]),
    "excluded-ip-match": (None, [ip("192.0.2.0/24")], [ip("192.0.2.1")]),
    "excluded-dn-match": (None, [subtree()], []),
    "nc-forbids-email-exact": ([mail("foo@example.com")], None, [mail("bar@example.com")]),
    "nc-forbids-email-subdomain": ([mail("example.com")], None, [mail("foo@bar.example.com")]),
    "nc-forbids-email-domain-itself": ([mail(".example.com")], None, [mail("foo@example.com")]),
    "nc-forbids-uri-host": ([uri("example.com")], None, [uri("https://example.org/")]),
    "nc-forbids-uri-without-host": ([uri("example.com")], None, [uri("urn:uuid:example.com")]),
    "nc-forbids-othername": (None, [other("bad")], [other("bad")]),
    "nc-othername-that-nobody-can-judge": ([other("good")], None, [other("good")]),
    "invalid-dnsname": (HOSTS, None, [dns("exa mple.com")]),
}


@pytest.mark.parametrize("case", PERMITTED)
def test_nc_permits(case: str) -> None:
    permitted, excluded, names = PERMITTED[case]
    assert constrained(permitted, excluded, *names).valid


@pytest.mark.parametrize("case", FORBIDDEN)
def test_nc_forbids(case: str) -> None:
    permitted, excluded, names = FORBIDDEN[case]
    verdict = constrained(permitted, excluded, *names)
    assert reason(verdict)[0] in {"name_not_permitted", "name_excluded", "name_unjudgeable"}


def test_nc_invalid_ip_constraint() -> None:
    """An address of three octets, and a mask with a hole: nothing lies certainly within, everything perhaps."""
    for base in (b"\xc0\x00\x02", b"\xc0\x00\x02\x00\xff\x00\xff\x00"):
        tree = b"\x30" + bytes([2 + len(base)]) + b"\x87" + bytes([len(base)]) + base
        for tag, expected in ((b"\xa0", "name_not_permitted"), (b"\xa1", "name_excluded")):
            body = tag + bytes([len(tree)]) + tree
            extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), b"\x30" + bytes([len(body)]) + body)
            verdict = judge(ROOT.leaf("leaf", more=[alternative(ip("192.0.2.1"))]), ROOT.root(more=[(extension, True)]))
            assert reason(verdict)[0] == expected


def test_nc_permitted_self_issued() -> None:
    """A self-issued CA is not looked at; a self-issued leaf is (6.1.3 (b))."""
    link = ROOT.issue(Plan(ROOT.subject, "root-new", ca=True))
    anchor = ROOT.root(more=[limits([subtree("elsewhere")])])
    below = Signer(ROOT.subject, "root-new")
    assert judge(below.leaf("elsewhere", "leaf"), anchor, [link]).valid
    assert reason(judge(link, anchor)) == ("name_not_permitted", "root")


def test_nc_intermediate_narrows_and_never_widens() -> None:
    wide, narrow = limits([dns("example.com")]), limits([dns("foo.example.com")])
    for first, second in ((wide, narrow), (narrow, wide)):
        chain = [ROOT.ca(SUB, more=[first]), SUB.ca(LOW, more=[second])]
        assert judge(LOW.leaf("leaf", more=[alternative(dns("foo.example.com"))]), ANCHOR, chain).valid
        assert reason(judge(LOW.leaf("leaf", more=[alternative(dns("example.com"))]), ANCHOR, chain))[0] == "name_not_permitted"


PATHLEN: dict[str, tuple[Callable[[], PathVerdict], str | None]] = {
    "ee-with-intermediate-pathlen-0": (lambda: judge(SUB.leaf("leaf"), ANCHOR, [ROOT.ca(SUB, path_length=0)]), None),
    "intermediate-violates-pathlen-0": (
        lambda: judge(LOW.leaf("leaf"), ANCHOR, [ROOT.ca(SUB, path_length=0), SUB.ca(LOW)]),
        "path_too_long",
    ),
    "intermediate-pathlen-may-increase": (
        lambda: judge(LOW.leaf("leaf"), ANCHOR, [ROOT.ca(SUB, path_length=1), SUB.ca(LOW, path_length=5)]),
        None,
    ),
    "intermediate-pathlen-too-long": (
        lambda: judge(
            signer("last").leaf("leaf"),
            ANCHOR,
            [ROOT.ca(SUB, path_length=1), SUB.ca(LOW, path_length=5), LOW.ca(signer("last"))],
        ),
        "path_too_long",
    ),
    "root-pathlen-0": (lambda: judge(SUB.leaf("leaf"), ROOT.root(path_length=0), [ROOT.ca(SUB)]), "path_too_long"),
    "self-issued-certs-pathlen": (
        lambda: judge(
            Signer(SUB.subject, "sub-new").leaf("leaf"),
            ANCHOR,
            [ROOT.ca(SUB, path_length=0), SUB.issue(Plan(SUB.subject, "sub-new", ca=True))],
        ),
        None,
    ),
    "validation-ignores-pathlen-in-leaf": (
        lambda: judge(SUB.ca(LOW, path_length=0), ANCHOR, [ROOT.ca(SUB, path_length=0)]),
        None,
    ),
}


@pytest.mark.parametrize("case", PATHLEN)
def test_pathlen(case: str) -> None:
    judged, code = PATHLEN[case]
    verdict = judged()
    assert verdict.valid == (code is None), verdict.as_json()
    if code is not None:
        assert reason(verdict)[0] == code


def test_pathological_multiple_chains_expired_intermediate() -> None:
    old = ROOT.ca(SUB, not_after=NOW - timedelta(days=1))
    other_root = signer("other root")
    cross = other_root.ca(ROOT)
    pool = [old, ROOT.ca(SUB), cross, other_root.root(), ANCHOR]
    assert judge(SUB.leaf("leaf"), ANCHOR, pool).valid
    assert judge(SUB.leaf("leaf"), other_root.root(), pool).valid
    assert reason(judge(SUB.leaf("leaf"), ANCHOR, [old, cross])) == ("certificate_expired", "sub")


def test_pathological_intermediate_cycle() -> None:
    """Two CAs that certify each other, and lead to the anchor or nowhere."""
    cycle = [SUB.ca(LOW), LOW.ca(SUB)]
    assert judge(LOW.leaf("leaf"), ANCHOR, [*cycle, ROOT.ca(SUB)]).valid
    assert not judge(LOW.leaf("leaf"), ANCHOR, cycle).valid
    same = [Signer(SUB.subject, "sub-a"), Signer(SUB.subject, "sub-b")]
    turning = [same[0].issue(Plan(SUB.subject, "sub-b", ca=True)), same[1].issue(Plan(SUB.subject, "sub-a", ca=True))]
    assert not judge(same[0].leaf("leaf"), ANCHOR, turning).valid


def test_pathological_nc_dos() -> None:
    """Names times constraints, in hosts and in directory names, spread over several certificates."""
    hosts: Names = [dns(f"h{n}.example.com") for n in range(400)]
    folders: Names = [subtree(f"o{n}") for n in range(150)]
    leaf_hosts = [alternative(*(dns(f"h{n}.example.org") for n in range(400)))]
    leaf_folders = [
        alternative(*(x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"x{n}")])) for n in range(250)))
    ]
    for bad, names in ((hosts, leaf_hosts), (folders, leaf_folders)):
        chain = [ROOT.ca(SUB, more=[limits(None, bad)]), SUB.ca(LOW, more=[limits(None, bad)])]
        chain += [LOW.ca(signer("last"), more=[limits(None, bad)])]
        verdict = judge(signer("last").leaf("leaf", more=names), ANCHOR, chain)
        assert reason(verdict)[0] == "too_complex"


def revocation(*crls: Any, target: ParsedCertificate, pool: list[ParsedCertificate]) -> PathVerdict:
    return judge(target, ANCHOR, pool, crls, check_revocation=True)


def test_crl_certificate_revoked_and_not() -> None:
    leaf, pool = SUB.leaf("leaf"), [ROOT.ca(SUB)]
    assert revocation(ROOT.crl(), SUB.crl(SUB.leaf("another")), target=leaf, pool=pool).valid
    assert reason(revocation(ROOT.crl(), SUB.crl(leaf), target=leaf, pool=pool)) == ("certificate_revoked", "leaf")
    assert reason(revocation(ROOT.crl(pool[0]), SUB.crl(), target=leaf, pool=pool)) == ("certificate_revoked", "sub")


def test_crl_issuer_missing_crlsign() -> None:
    mute = ROOT.ca(SUB, usage=("key_cert_sign",))
    assert reason(revocation(ROOT.crl(), SUB.crl(), target=SUB.leaf("leaf"), pool=[mute])) == ("may_not_sign_crls", "sub")


def test_crl_unknown_critical_extension() -> None:
    """In the list (5.2) it makes the list unusable; crlnumber-critical does not, its meaning being known."""
    leaf, pool = SUB.leaf("leaf"), [ROOT.ca(SUB)]
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert not revocation(ROOT.crl(), SUB.crl(more=[(unknown, True)]), target=leaf, pool=pool).valid
    assert revocation(ROOT.crl(), SUB.crl(more=[(unknown, False)]), target=leaf, pool=pool).valid


def test_crl_of_another_scope() -> None:
    """A list of CA certificates only, of some reasons only, or of attribute certificates tells nothing of a leaf (6.3.3 (b)(2), (d))."""
    leaf, pool = SUB.leaf("leaf"), [ROOT.ca(SUB)]
    scope = {"only_contains_user_certs": False, "only_contains_ca_certs": False, "only_contains_attribute_certs": False}
    scope |= {"full_name": None, "relative_name": None, "only_some_reasons": None, "indirect_crl": False}  # type: ignore[dict-item]

    def point(**changes: Any) -> list[tuple[x509.ExtensionType, bool]]:
        return [(x509.IssuingDistributionPoint(**{**scope, **changes}), True)]

    some = frozenset({x509.ReasonFlags.key_compromise})
    rest = frozenset(x509.ReasonFlags) - some - {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}
    for changes in ({"only_contains_ca_certs": True}, {"only_some_reasons": some}, {"only_contains_attribute_certs": True}):
        verdict = revocation(ROOT.crl(), SUB.crl(more=point(**changes)), target=leaf, pool=pool)
        assert reason(verdict) == ("revocation_unknown", "leaf")
    both = [SUB.crl(more=point(only_some_reasons=reasons)) for reasons in (some, rest)]
    assert revocation(ROOT.crl(), *both, target=leaf, pool=pool).valid
    assert revocation(ROOT.crl(), SUB.crl(more=point(only_contains_user_certs=True)), target=leaf, pool=pool).valid
    assert reason(revocation(ROOT.crl(), SUB.crl(leaf, more=point(only_some_reasons=some)), both[1], target=leaf, pool=pool)) == (
        "certificate_revoked",
        "leaf",
    )
