"""Choosing as whom to go on at a department: oneself, or an organisation that gave one a mandate (以个人身份, 代表单位).

Left to others: when it is asked (``authorize.interactions``), for whom one may act (``enterprises.acting``), the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from idp.authorize import flow
from idp.authorize.interactions import find_step
from idp.authorize.request import AuthorizationRequest
from idp.authorize.situations import find_situation
from idp.authorize.transactions import Visit, ending, verify_transaction
from idp.enterprises.acting import MYSELF, Acting
from idp.errors import TRANSACTION_OVER
from idp.ports import IdpDeps
from idp.records import Account, Client, Transaction
from kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks: who is logged in, and for whom they could act at ``client``."""

    client: Client
    request: AuthorizationRequest
    account: Account
    choices: Sequence[Acting]


def describe(deps: IdpDeps, transaction: Transaction, visit: Visit) -> Question:
    """Return what is asked; ``Refusal(transaction_over)`` when the transaction does not wait for that."""
    with deps.work.read() as work:
        client, request = flow.find_waiting(work, transaction)
        situation = find_situation(work, deps, client, request, visit=visit, transaction=transaction)
    if visit.current is None or find_step(situation) != "identity":
        raise Refusal(TRANSACTION_OVER)
    return Question(client, request, visit.current.account, situation.choices)


def choose(deps: IdpDeps, transaction_id: str, visit: Visit, acting: str) -> flow.Outcome:
    """Go on as oneself or by a mandate; ``Refusal(transaction_over)`` for one that is not among the choices (any more)."""
    transaction = verify_transaction(deps, transaction_id, visit.browser)
    question = describe(deps, transaction, visit)
    if acting != MYSELF and acting not in {one.mandate.id for one in question.choices}:
        raise Refusal(TRANSACTION_OVER)
    with ending(deps.work.begin()) as work:
        if not work.records.choose_identity(transaction.id, acting):
            raise Refusal(TRANSACTION_OVER)
        return flow.resume_within(work, deps, replace(transaction, acting=acting), visit)
