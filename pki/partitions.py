"""Which partition a new certificate belongs to: each has a list of its own, so that nobody fetches a million entries to ask about one.

A partition takes ``partition_size`` certificates of an issuing CA and is full then; the next one is opened. A principal CA issues
few and has none.

Left to others: the lists (``crl``), counting the places (``storage``).
"""

from __future__ import annotations

from dataclasses import replace

from pki import crl
from pki.certificates import Issuer
from pki.ports import PkiDeps
from pki.records import ca_role
from pki.roles import Credential, issuer_of


def issuer_with_place(deps: PkiDeps, ca: Credential, count: int = 1) -> Issuer:
    """Return a CA about to issue ``count`` certificates, with the partition in which places are taken for them.

    Places that are not used stay empty. A count beyond the size of a partition fills one of its own.
    """
    if ca_role(ca.key_label) == "principal":
        return issuer_of(ca)
    with deps.work.begin() as work:
        partition = work.records.take_places(ca.key_label, count, deps.policies.revocation.partition_size)
    # A certificate never points to a list that is not there, whoever took the first place and did not come to publish it.
    published = f"partition:{ca.key_label}:{partition}"
    if published not in deps.kept:
        if crl.find_current(deps, ca.key_label, partition) is None:
            crl.publish(deps, ca.key_label, partition=partition)
        deps.kept[published] = True
    return replace(issuer_of(ca), partition=partition)
