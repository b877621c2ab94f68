"""Bad requests by name, each a function of the provider that is asked. What each makes of them is ``test_differential_node``'s."""

from __future__ import annotations

from tests.support.bad_requests.authorize import AUTHORIZE
from tests.support.bad_requests.logout import LOGOUT
from tests.support.bad_requests.parties import Case
from tests.support.bad_requests.proofs import PROOFS
from tests.support.bad_requests.token import TOKEN
from tests.support.bad_requests.tokens import ABOUT_TOKENS, PUSHED, USERINFO

_GROUPS = {
    "authorize": AUTHORIZE,
    "token": TOKEN,
    "userinfo": USERINFO,
    "about tokens": ABOUT_TOKENS,
    "push": PUSHED,
    "logout": LOGOUT,
    "proof": PROOFS,
}

CASES: dict[str, Case] = {f"{group}: {name}": case for group, cases in _GROUPS.items() for name, case in cases.items()}
"""All of them."""
