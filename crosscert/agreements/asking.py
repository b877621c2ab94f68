"""Requests: this node asks another to certify it; another's request is taken in.

Left to others: the signed document (``request_document``), what may be granted (``constraints``), comparing and approving
(``approving``).
"""

from __future__ import annotations

from crosscert.agreements import request_document
from crosscert.agreements.steps import find_live, list_peers, new_identifier, record
from crosscert.belongings import own_certificates
from crosscert.constraints import check_names_free, narrowed
from crosscert.errors import AGREEMENT_OPEN
from crosscert.node_description import IntroducedDescription
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement, Wish
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.people import who
from pki.records import Names


def ask(deps: CrosscertDeps, introduced: IntroducedDescription, wish: Wish, *, requester: str) -> tuple[Agreement, bytes]:
    """Return the signed request by which this node asks the introduced one for ``wish``, and the record that it asked.

    ``Refusal`` when such a request is open already, or for a wish that cannot be granted.
    """
    requester, other = who(requester), introduced.description
    constraints = narrowed(deps.policies, other.node, deps.node, wish)
    document = request_document.make(deps, other.node.code, wish)
    made = request_document.verify(document, other.node.code, deps.clock.now())
    agreement = Agreement(
        identifier=new_identifier(),
        peer=other.node,
        state="requested",
        requested_by=requester,
        requested_at=deps.clock.now(),
        code=made.code,
        constraints=constraints,
        principal=other.principal.der,
        kind="asked",
    )
    _add(deps, agreement, "ask", {"code": made.code, "sha256": made.sha256})
    return agreement, document


def take(deps: CrosscertDeps, document: bytes, *, requester: str, also: tuple[Names, ...] = ()) -> Agreement:
    """Take in another node's request to be certified; ``requester`` is whoever brings it before the admins here.

    Where the node is certified already, the new agreement is to replace the present one (renewal, new key, other limits). ``also``
    are further subtrees that this node decides to trust through a bridge (``constraints.narrowed``). ``Refusal`` for a document
    that does not prove itself, a wish that is too wide, or when a request is open.
    """
    taken = request_document.verify(document, deps.node.code, deps.clock.now())
    other = taken.description
    check_names_free(other.node, [deps.node, *(peer.node for peer in list_peers(deps))])
    present = find_live(deps, other.node.code)
    agreement = Agreement(
        identifier=new_identifier(),
        peer=other.node,
        state="requested",
        requested_by=who(requester),
        requested_at=deps.clock.now(),
        code=taken.code,
        constraints=narrowed(deps.policies, deps.node, other.node, taken.wish, also),
        principal=other.principal.der,
        offers=tuple(each.der for kind, each in own_certificates(other) if kind not in {"principal", "token_signer"}),
        replaces=present.identifier if present is not None and present.state == "issued" else None,
    )
    _add(deps, agreement, "take", {"sha256": taken.sha256, "principal": other.principal.sha256})
    return agreement


def _add(deps: CrosscertDeps, agreement: Agreement, action: str, details: dict[str, Json]) -> None:
    with deps.work.begin() as work:
        if not work.records.add_agreement(agreement):
            raise Refusal(AGREEMENT_OPEN, code=agreement.peer.code)
        record(deps, work, agreement, agreement.requested_by, action=action, details=details)
