"""Agreeing to what a department may learn, knowing it, and taking it back: what the person reads, and what follows from their answer.

Left to others: when it is asked (``authorize.interactions``), what may be released at all (``policies.claims``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idp.authorize import flow
from idp.authorize.interactions import Situation, Step, find_step
from idp.authorize.request import AuthorizationRequest
from idp.authorize.situations import find_situation
from idp.authorize.transactions import Visit, ending, verify_transaction
from idp.browsers.sessions import Current
from idp.claims.items import Item, kept, unanswered
from idp.claims.values import label_of
from idp.claims.verified_request import MEMBER
from idp.enterprises.acting import Acting
from idp.errors import TRANSACTION_OVER
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Consent, Transaction
from kernel.audit import AuditEvent
from kernel.errors import Refusal, Text
from policies import assurance
from policies.claims import ALWAYS_ASKED


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks: who wants to know what, how surely the person is known, and whether that goes on without them.

    ``step`` is ``consent`` where an answer is wanted, ``go_on`` where it is only shown. ``asked`` are the pieces that are new or asked
    for each time, ``known`` the others, ``left_out`` those of them that stay left out. ``acting``: for which organisation they answer.
    """

    client: Client
    request: AuthorizationRequest
    step: Step
    asked: tuple[Item, ...]
    known: tuple[Item, ...]
    left_out: frozenset[str]
    level: Text
    real_name_level: Text | None
    acting: Acting | None = None

    @property
    def lasting(self) -> bool:
        """Tell whether the department may go on using it in the person's absence."""
        return any(item.scope == ALWAYS_ASKED for item in (*self.asked, *self.known))


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a department knows of somebody, as they see it; ``agreed``: they were asked."""

    client: Client
    consent: Consent
    labels: tuple[Text, ...]
    agreed: bool
    lasting: bool


def describe(deps: IdpDeps, transaction: Transaction, visit: Visit) -> Question:
    """Return what the person is asked in a transaction that waits for their answer; ``Refusal`` when it waits for something else."""
    with deps.work.read() as work:
        situation = _find(work, deps, transaction, visit)
    step = find_step(situation)
    if visit.current is None or step not in {"consent", "go_on", "device"}:
        raise Refusal(TRANSACTION_OVER)
    asked = _asked(situation, step)
    others = [item for item in situation.items if item not in asked]
    known = kept(others, situation.consent)
    policies = deps.policies.assurance
    level = assurance.get_level(policies, visit.current.session.acr)
    real_name = assurance.find_real_name_level(policies, visit.current.account.real_name_level)
    return Question(
        client=situation.client,
        request=situation.request,
        step=step,
        asked=asked,
        known=known,
        left_out=frozenset(item.scope for item in others if item not in known),
        level=Text(level.zh, level.en),
        real_name_level=None if real_name is None else Text(real_name.zh, real_name.en),
        acting=situation.acting,
    )


def agree(deps: IdpDeps, transaction_id: str, visit: Visit, ticked: frozenset[str]) -> flow.Outcome:
    """Remember the person's answer and go on; of what may be left out they get no more than they ``ticked``.

    ``Refusal`` when nobody is logged in or the transaction is over.
    """
    transaction = verify_transaction(deps, transaction_id, visit.browser)
    if visit.current is None:
        raise Refusal(TRANSACTION_OVER)
    question = describe(deps, transaction, visit)
    asked = question.asked if question.step == "consent" else ()
    declined = question.left_out | {item.scope for item in asked if item.optional and item.scope not in ticked}
    return answer(deps, transaction, visit, question, declined=declined)


def answer(
    deps: IdpDeps, transaction: Transaction, visit: Visit, question: Question, *, declined: frozenset[str]
) -> flow.Outcome:
    """Go on with a yes to ``question`` and audit it. ``Refusal`` when nobody is logged in or the transaction is over.

    What was only shown is not agreed to: it counts as told, and is asked about as soon as anything wants that.
    """
    if visit.current is None:
        raise Refusal(TRANSACTION_OVER)
    account_id, client_id = visit.current.account.id, question.client.client_id
    whose = account_id if question.acting is None else question.acting.organization.id
    now = deps.clock.now()
    with ending(deps.work.begin()) as work:
        shown_only = question.step == "go_on"
        given = None if shown_only else declined
        outcome = flow.resume_within(work, deps, transaction, visit, declined=given, seen=shown_only)
        consent = work.records.find_consent(whose, client_id)
        if consent is not None and isinstance(outcome, flow.Answer) and "error" not in outcome.parameters:
            details = {
                "step": question.step,
                "claims": list(consent.told if shown_only else consent.claims),
                "declined": list(consent.declined),
            }
            work.audit.record(AuditEvent(now, f"account:{account_id}", "idp.consent", f"client:{client_id}", details=details))
    return outcome


def agreements(deps: IdpDeps, account_id: str) -> Sequence[Agreement]:
    """Return the departments that know something of somebody, the last one used first."""
    with deps.work.read() as work:
        found = work.records.consents(account_id)
    return [
        Agreement(client, consent, _labels(consent), bool(consent.claims), ALWAYS_ASKED in consent.claims)
        for client, consent in found
    ]


def withdraw(deps: IdpDeps, current: Current, client_id: str) -> bool:
    """Take back what was agreed for a client: its grants and tokens end at once, and it asks anew. False when there was nothing."""
    account_id = current.account.id
    now = deps.clock.now()
    with deps.work.begin() as work:
        if not work.records.remove_consent(account_id, client_id):
            return False
        details = {"grants": work.records.revoke_grants(account_id, client_id, now)}
        event = AuditEvent(now, f"account:{account_id}", "idp.withdraw_consent", f"client:{client_id}", details=details)
        work.audit.record(event)
    return True


def _asked(situation: Situation, step: Step) -> tuple[Item, ...]:
    if step == "go_on":
        return kept(situation.items, situation.consent)
    return situation.items if "consent" in situation.request.prompts else unanswered(situation.items, situation.consent)


def _find(work: IdpWork, deps: IdpDeps, transaction: Transaction, visit: Visit) -> Situation:
    client, request = flow.find_waiting(work, transaction)
    return find_situation(work, deps, client, request, visit=visit, transaction=transaction)


def _labels(consent: Consent) -> tuple[Text, ...]:
    names = (key.removeprefix(f"{MEMBER}.") for key in consent.told)
    return tuple(text for name in dict.fromkeys(names) if (text := label_of(name)) is not None)
