"""A licensed CA that is no node (电子认证服务机构): the same agreement, one-sided. It asks nothing; an admin brings its certificates.

What two people compare is the root's SHA-256 against the one that the CA publishes elsewhere. Through this node nobody else trusts
it: a county's agreement with its bridge permits the bridge's area only, unless the county adds the CA's subtree (``asking.take``).

Left to others: approving, issuing, revoking (as for a node), fetching its lists (``federation.sync``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from crosscert.agreements.steps import find_live, list_peers, new_identifier, record
from crosscert.constraints import outside_constraints
from crosscert.errors import AGREEMENT_OPEN, PEER_UNSUITABLE
from crosscert.paths import encodings
from crosscert.paths.certificates import ParsedCertificate, is_signed_by
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement
from kernel.errors import Refusal
from kernel.nodes import Node
from kernel.people import who
from kernel.text import find_unwanted_character, normal_form
from pki.records import Names

_CODE = re.compile(r"[A-Z][A-Z0-9]{2,5}")
_MOST = 20


@dataclass(frozen=True, slots=True)
class OutsideRequest:
    """What an admin wants of a CA outside.

    Its short name and full name, its certificates (PEM, DER or PKCS#7), its lists' addresses, the subtrees that it may name, and
    which of its policies (OIDs) count as which level here.
    """

    code: str
    name: str
    certificates: bytes
    crl_urls: tuple[str, ...]
    names: tuple[Names, ...]
    mappings: tuple[tuple[str, str], ...]
    path_length: int
    validity_days: int


def take_outside(deps: CrosscertDeps, wanted: OutsideRequest, *, requester: str) -> Agreement:
    """Record that ``requester`` wants this node to certify a CA that is no node. ``Refusal`` for what cannot be judged or limited."""
    root, issuing = _certificates(wanted.certificates)
    _check(wanted)
    known = [peer.node for peer in list_peers(deps) if peer.relation != "outside"]
    address = urlsplit(wanted.crl_urls[0])
    present = find_live(deps, wanted.code)
    agreement = Agreement(
        identifier=new_identifier(),
        peer=Node(wanted.code, normal_form(wanted.name), "outside", f"{address.scheme}://{address.netloc}", wanted.names[0]),
        state="requested",
        requested_by=who(requester),
        requested_at=deps.clock.now(),
        code=root.sha256[:32].upper(),
        constraints=outside_constraints(
            deps.policies,
            deps.node,
            known,
            wanted.names,
            wanted.mappings,
            path_length=wanted.path_length,
            validity_days=wanted.validity_days,
        ),
        principal=root.der,
        kind="outside",
        replaces=present.identifier if present is not None and present.state == "issued" else None,
        offers=tuple(each.der for each in issuing),
        crl_urls=wanted.crl_urls,
    )
    with deps.work.begin() as work:
        if not work.records.add_agreement(agreement):
            raise Refusal(AGREEMENT_OPEN, code=agreement.peer.code)
        record(deps, work, agreement, agreement.requested_by, action="take", details={"principal": root.sha256})
    return agreement


def _certificates(data: bytes) -> tuple[ParsedCertificate, Sequence[ParsedCertificate]]:
    """Return the root and the CAs below it."""
    found = list(dict.fromkeys(encodings.read(data).certificates))
    roots = [each for each in found if each.is_ca and each.self_issued and is_signed_by(each, each)]
    others = [each for each in found if each not in roots]
    if len(roots) != 1 or len(found) > _MOST or not all(each.is_ca for each in others):
        raise Refusal(PEER_UNSUITABLE, field="certificates", problem="one root and CAs below it are wanted")
    return roots[0], others


def _check(wanted: OutsideRequest) -> None:
    addresses = [urlsplit(url) for url in wanted.crl_urls]
    for problem, found in (
        ("its short name", not _CODE.fullmatch(wanted.code)),
        ("its name", not 0 < len(wanted.name) <= 200 or find_unwanted_character(wanted.name) is not None),  # noqa: PLR2004
        ("where its lists are", not 0 < len(addresses) <= _MOST),
        (
            "where its lists are",
            any(each.scheme not in {"http", "https"} or not each.hostname or each.username for each in addresses),
        ),
        ("its names", not wanted.names),
        ("its policies", not wanted.mappings),
    ):
        if found:
            raise Refusal(PEER_UNSUITABLE, field="outside", problem=problem)
