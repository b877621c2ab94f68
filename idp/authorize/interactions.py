"""What must still be asked of the person before a request can be answered: a pure decision by an ordered table.

The first step of the table that is needed is asked; when it has been carried out the whole table is walked again.
Left to others: carrying steps out (``interaction``), storing them, the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from idp.authorize.request import AuthorizationRequest
from idp.claims.items import Item, kept, keys, told, unanswered
from idp.enterprises.acting import Acting
from idp.oauth_errors import CONSENT_REQUIRED, INTERACTION_REQUIRED, LEVEL_UNREACHABLE, LOGIN_REQUIRED
from idp.records import Client, Consent, Session
from kernel.errors import ErrorCode, Refusal
from policies import assurance
from policies.claim_models import Continued
from policies.models import AssurancePolicies

Step = Literal["login", "second_factor", "identity", "consent", "device", "go_on"]

WITHOUT_ASKING: dict[Step, ErrorCode] = {
    "login": LOGIN_REQUIRED,
    "second_factor": INTERACTION_REQUIRED,
    "identity": INTERACTION_REQUIRED,
    "consent": CONSENT_REQUIRED,
    "device": CONSENT_REQUIRED,
    "go_on": INTERACTION_REQUIRED,
}
"""What a request with ``prompt=none`` is told instead (Core 3.1.2.6)."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A request and how things stand.

    ``subject``: who answers, as the client knows them. ``more``: the ``amr`` values that they can add, by each of their ways, where the session's level is too low; None where it is not. ``choices``: for whom they could act,
    while they have not said whether they do; ``acting``: for whom they do (None: for themselves). ``items``: what would be told. ``continued``: when a session that goes on
    shows it first; ``been_there``: it has gone on to this client before. ``here``: somebody logged in through this very transaction;
    ``agreed``: they said yes to what would be told; ``seen``: they were shown it.
    """

    policies: AssurancePolicies
    request: AuthorizationRequest
    client: Client
    items: tuple[Item, ...]
    continued: Continued
    been_there: bool
    session: Session | None
    subject: str
    more: Sequence[tuple[str, ...]] | None
    consent: Consent | None
    now: datetime
    here: bool = False
    agreed: bool = False
    seen: bool = False
    choices: tuple[Acting, ...] = ()
    acting: Acting | None = None


def find_step(situation: Situation) -> Step | None:
    """Return the next step that the person must take, None when the request can be answered; ``Refusal`` when it never can."""
    for find in _STEPS:
        step = find(situation)
        if step is not None:
            return step
    return None


def login_without_session(situation: Situation) -> Step | None:
    """Nobody is logged in."""
    return "login" if situation.session is None else None


def login_asked_for(situation: Situation) -> Step | None:
    """Core 3.1.2.1: prompt=login asks again even within a session; choosing an account is done by logging in."""
    asked = {"login", "select_account"} & set(situation.request.prompts)
    return "login" if asked and not situation.here else None


def login_too_long_ago(situation: Situation) -> Step | None:
    """Core 3.1.2.1: max_age; 0 always asks."""
    session, max_age = situation.session, situation.request.max_age
    if session is None or max_age is None or situation.here:
        return None
    return "login" if max_age == 0 or situation.now - session.auth_time > timedelta(seconds=max_age) else None


def login_as_expected(situation: Situation) -> Step | None:
    """Core 3.1.2.1, 5.5.1: a hint or a claim names who must answer. Whoever just logged in as somebody else is not asked for ever."""
    expected = situation.request.subjects
    if situation.session is None or not expected or situation.subject in expected:
        return None
    if situation.here:
        raise Refusal(LOGIN_REQUIRED)
    return "login"


def second_factor_for_level(situation: Situation) -> Step | None:
    """Weigh levels (RFC 9470 5, Core 5.5.1.1, G2, G3): step up where that helps, refuse where a must cannot be reached.

    The client's registered level is a must whatever the request says or leaves out, and so is the lowest that it asks for as
    essential or by acr_values; the first that it names at all is a wish.
    """
    session, levels = situation.session, situation.policies
    if session is None or situation.more is None:
        return None
    reached = _rank(levels, session.acr)
    raised = (assurance.level_reached(levels, frozenset({*session.amr, *methods})) for methods in situation.more)
    if any(level is not None and level.rank > reached for level in raised):
        return "second_factor"
    if reached < _wanted(levels, situation.request, situation.client)[0]:
        raise Refusal(LEVEL_UNREACHABLE)
    return None


def is_high_enough(policies: AssurancePolicies, request: AuthorizationRequest, client: Client, session: Session) -> bool:
    """Tell whether a session's level is all that the request and the client's registration want."""
    return _rank(policies, session.acr) >= max(_wanted(policies, request, client))


def _wanted(policies: AssurancePolicies, request: AuthorizationRequest, client: Client) -> tuple[int, int]:
    """Return the rank that is a must and the one that is a wish."""
    asked = [_rank(policies, acr) for acr in request.acr_essential or request.acr_values]
    wishes = [_rank(policies, acr) for acr in request.acr_voluntary] or asked
    must = max(assurance.registered_level(policies, client.default_acr).rank, min(asked, default=0))
    return must, (wishes or [must])[0]


def identity_chosen(situation: Situation) -> Step | None:
    """Somebody whom an organisation has given a mandate says for whom they come; nobody acts for one without knowing."""
    return "identity" if situation.choices else None


def acr_told(policies: AssurancePolicies, request: AuthorizationRequest, session: Session) -> str:
    """Return the level to tell: the session's, or where others were insisted on the highest of those that it reaches (Core 5.5.1.1)."""
    reached = _rank(policies, session.acr)
    fitting = [acr for acr in request.acr_essential if _rank(policies, acr) <= reached]
    return session.acr if session.acr in fitting or not fitting else max(fitting, key=lambda acr: _rank(policies, acr))


def consent_asked_for(situation: Situation) -> Step | None:
    """Core 3.1.2.4: where the client, its registration or a policy asks for it; what was answered before is not asked again."""
    if situation.agreed or situation.request.device_id is not None:
        return None
    new = unanswered(situation.items, situation.consent)
    asked = "consent" in situation.request.prompts or any(item.rule != "never" for item in new)
    return "consent" if asked else None


def go_on_knowingly(situation: Situation) -> Step | None:
    """Show what will be told when a session goes on at another department (G2): where nobody typed anything, nobody knows otherwise."""
    if situation.here or situation.seen or situation.continued == "never":
        return None
    if situation.continued == "each_session":
        return None if situation.been_there else "go_on"
    return None if keys(kept(situation.items, situation.consent)) <= told(situation.consent) else "go_on"


def device_confirmed(situation: Situation) -> Step | None:
    """RFC 8628 3.3, 5.4: whoever lets a kiosk in compares its code and says yes each time; it tells all that a consent would."""
    return "device" if situation.request.device_id is not None and not situation.agreed else None


_STEPS: tuple[Callable[[Situation], Step | None], ...] = (
    login_without_session,
    login_asked_for,
    login_too_long_ago,
    login_as_expected,
    second_factor_for_level,
    identity_chosen,
    consent_asked_for,
    device_confirmed,
    go_on_knowingly,
)


def _rank(policies: AssurancePolicies, acr: str) -> int:
    return assurance.get_level(policies, acr).rank
