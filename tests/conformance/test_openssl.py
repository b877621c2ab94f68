"""Random hierarchies judged by OpenSSL too: what is valid here must be valid there, and the other way round but for what is listed.

OpenSSL judges one chain that it is given; finding it is our part, so ours are given certificates that lead nowhere as well.
"""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl
from kernel.clock import timestamp
from tests.unit.crosscert.forge import EARLIER, NOW, judge, oid, signer, subtree

CASES = 60
STRICTER_HERE = {
    "any_policy_inhibited": "OpenSSL lets a CA that asserts only anyPolicy map a policy although anyPolicy is inhibited for it; by RFC 5280 "
    "6.1.3 (d)(2) and (3) the node is gone before 6.1.4 (b) looks at mappings",
}
"""What OpenSSL 3 may accept where we refuse, by our code, and why."""


@dataclass
class Hierarchy:
    """A chain from a root to a leaf with something odd now and then, its lists, and what is asked of it."""

    anchor: ParsedCertificate
    chain: list[ParsedCertificate] = field(default_factory=list)
    crls: list[ParsedCrl] = field(default_factory=list)
    policies: frozenset[str] = frozenset()
    explicit_policy: bool = False


def hierarchy(chance: random.Random) -> Hierarchy:
    """Up to three CAs; every certificate has one oddity in eight or so, of each kind there is."""

    def odd(part: int = 8) -> bool:
        return chance.randrange(part) == 0

    length = chance.randint(1, 3)
    signers = [signer("node"), *(signer("node", f"ca{n}") for n in range(length))]
    domain = [str(n) for n in range(length + 1)]  # each CA's own policy
    made = Hierarchy(
        signers[0].root(path_length=0 if odd(12) else None), policies=frozenset({oid("0")}), explicit_policy=chance.random() < 0.7
    )
    for place in range(length):
        issuer, subject = signers[place], signers[place + 1]
        more: list[tuple[x509.ExtensionType, bool]] = []
        if odd(3):
            trees = [subtree("elsewhere" if odd() else "node"), x509.DNSName("example.cn")]
            more.append((x509.NameConstraints(*((None, trees[1:]) if odd() else (trees, None))), True))
        if odd(3):
            more.append((x509.PolicyConstraints(0 if odd(2) else None, chance.randint(0, 2)), True))
        if odd(4):
            more.append((x509.InhibitAnyPolicy(chance.randint(0, 1)), True))
        mapped, is_ca = chance.random() < 0.7, not odd(25)
        made.chain.append(
            issuer.ca(
                subject,
                path_length=chance.randint(0, 3) if is_ca and odd(2) else None,
                policies=["any"] if odd() else [domain[place]],
                mappings=[(domain[place], domain[place + 1])] if mapped else (),
                not_after=NOW - timedelta(days=1) if odd(20) else NOW + timedelta(days=90),
                usage=("key_cert_sign",) if odd(20) else ("key_cert_sign", "crl_sign"),
                ca=is_ca,
                more=more,
            )
        )
        if not mapped:
            domain[place + 1] = domain[place]
    host = x509.DNSName("a.example.cn" if not odd() else "example.com")
    made.chain.append(
        signers[-1].leaf(
            "node" if not odd() else "other",
            "leaf",
            policies=["any"] if odd() else [domain[-1] if not odd() else "9"],
            not_after=NOW - timedelta(days=1) if odd(20) else NOW + timedelta(days=30),
            more=[(x509.SubjectAlternativeName([host]), False)],
        )
    )
    made.crls = [_list(each, below, odd) for each, below in zip(signers, made.chain, strict=True) if not odd(25)]
    return made


def _list(issuer: Any, below: ParsedCertificate, odd: Any) -> ParsedCrl:
    times = {"this_update": EARLIER, "next_update": NOW - timedelta(days=1)} if odd(20) else {}
    found: ParsedCrl = issuer.crl(*([below] if odd(15) else []), **times)
    return found


def openssl(made: Hierarchy, folder: Path) -> tuple[bool, str]:
    """What OpenSSL says of the chain, and its words."""
    *between, leaf = made.chain
    files = {"root": [made.anchor], "between": between, "leaf": [leaf]}
    for name, certificates in files.items():
        (folder / name).write_bytes(b"".join(each.x509.public_bytes(Encoding.PEM) for each in certificates))
    (folder / "lists").write_bytes(b"".join(x509.load_der_x509_crl(each.der).public_bytes(Encoding.PEM) for each in made.crls))
    told = ["openssl", "verify", "-x509_strict", "-policy_check", "-crl_check_all", "-use_deltas"]
    told += ["-no-CApath", "-no-CAstore", "-CAfile", str(folder / "root"), "-attime", str(timestamp(NOW))]
    told += ["-untrusted", str(folder / "between"), *(["-CRLfile", str(folder / "lists")] if made.crls else [])]
    told += [word for policy in sorted(made.policies) for word in ("-policy", policy)]
    told += ["-explicit_policy"] if made.explicit_policy else []
    done = subprocess.run([*told, str(folder / "leaf")], capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def cases() -> Iterator[Hierarchy]:
    chance = random.Random(5280)  # noqa: S311 - the same hierarchies at each run
    for _ in range(CASES):
        yield hierarchy(chance)


@pytest.fixture(scope="module")
def stray() -> list[ParsedCertificate]:
    """Certificates that lead nowhere, or round and round."""
    names = [signer("node", f"ca{n}") for n in range(3)]
    elsewhere = signer("elsewhere")
    return [elsewhere.root(), *(elsewhere.ca(each) for each in names), names[0].ca(elsewhere), names[1].ca(names[0])]


def test_openssl_and_we_agree_on_random_hierarchies(tmp_path: Path, stray: list[ParsedCertificate]) -> None:
    outcomes: Counter[str] = Counter()
    for made in cases():
        *between, leaf = made.chain
        ours = judge(
            leaf,
            made.anchor,
            [*between, *stray],
            made.crls,
            check_revocation=True,
            policies=made.policies,
            explicit_policy=made.explicit_policy,
        )
        theirs, words = openssl(made, tmp_path)
        code = "valid" if ours.reason is None else ours.reason.code
        outcomes[code] += 1
        if ours.valid or code not in STRICTER_HERE:
            assert ours.valid == theirs, (code, words, ours.as_json())
    assert outcomes["valid"] >= CASES // 5
    assert len(outcomes) >= 6, outcomes
