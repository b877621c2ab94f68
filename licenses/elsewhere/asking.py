"""Asks the peers which licences a holder has with them, all at once and briefly; one that is away or answers badly is told as such.

Left to others: HTTP (a port), what counts as an answer (``messages``), the page (``wallet.views``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from crosscert.errors import PEER_UNREACHABLE
from crosscert.federation.together import Together
from kernel.errors import Refusal
from kernel.nodes import Node
from kernel.randomness import token
from licenses.elsewhere.messages import ANSWER, PATH, QUESTION, Card, read_cards, sign, verify
from licenses.errors.fetching import NODE_MESSAGE
from licenses.ports import LicenseDeps

SECONDS = 3.0


class Peers(Protocol):
    """The other nodes; filled in ``service/adapters``."""

    def nodes(self) -> Sequence[Node]:
        """Return those that are nodes like this one."""
        ...

    def ask(self, node: Node, question: str, path: str = PATH) -> bytes:
        """Send a question to what is at ``path`` there and return what comes back; ``Refusal(peer_unreachable)`` when nothing does in time."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What one node answered: ``away`` and ``refused`` (no answer that can be believed) tell nothing about licences."""

    node: Node
    outcome: Literal["answered", "away", "refused"]
    cards: Sequence[Card] = ()


def ask_all(deps: LicenseDeps, peers: Peers, holder_id: str) -> Sequence[Told]:
    """Return what every peer says, in their order."""
    nodes = peers.nodes()
    by_code = {node.code: node for node in nodes}
    with Together(lambda code: _ask(deps, peers, by_code[code], holder_id), SECONDS) as run:
        run.begin(by_code)
        told = run.results()
    return [told.get(node.code, Told(node, "away")) for node in nodes]


def _ask(deps: LicenseDeps, peers: Peers, node: Node, holder_id: str) -> Told:
    jti = token(16)
    try:
        answer = peers.ask(node, sign(deps, QUESTION, node, {"jti": jti, "holder": holder_id}, deps.clock.now()))
        return Told(node, "answered", _read(deps, answer, node, jti))
    except Refusal as refusal:
        return Told(node, "away" if refusal.error is PEER_UNREACHABLE else "refused")


def _read(deps: LicenseDeps, answer: bytes, node: Node, jti: str) -> Sequence[Card]:
    read = verify(deps, answer, ANSWER, deps.clock.now())
    if read.node.code != node.code or read.claims["jti"] != jti:
        raise Refusal(NODE_MESSAGE, problem="it answers another question")
    return read_cards(read.claims)
