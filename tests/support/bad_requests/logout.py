"""Bad requests to log somebody out, by name."""

from __future__ import annotations

from tests.support.bad_requests.parties import Case, unsigned
from tests.support.providers import BASIC, GOODBYE, OTHER, Outcome, Side, Values


def _log_out(changes: Values, *, hint: bool = False) -> Case:
    def ask(side: Side) -> Outcome:
        hinted = {"id_token_hint": side.tokens()["id_token"]} if hint else {}
        return side.log_out({"post_logout_redirect_uri": GOODBYE, "state": "s"} | hinted | dict(changes))

    return ask


LOGOUT: dict[str, Case] = {
    "return address without saying whose": _log_out({}),
    "return address of somebody else": _log_out({"post_logout_redirect_uri": "https://evil.example/"}, hint=True),
    "return address with more path": _log_out({"post_logout_redirect_uri": f"{GOODBYE}more"}, hint=True),
    "client unknown": _log_out({"client_id": "nobody"}),
    "client other than the hint's": _log_out({"client_id": OTHER.client_id}, hint=True),
    "hint nonsense": _log_out({"id_token_hint": "nonsense"}),
    "hint unsigned": _log_out({"id_token_hint": unsigned({"sub": "citizen", "aud": BASIC.client_id})}),
    "hint by a stranger": lambda side: side.log_out({"id_token_hint": side.assertion()}),
    "hint doubled": _log_out({"id_token_hint": ["a", "b"]}),
    "return address doubled": _log_out({"client_id": BASIC.client_id, "post_logout_redirect_uri": [GOODBYE] * 2}),
    "good, by somebody who is not logged in": _log_out({}, hint=True),
    "good, without a hint": _log_out({"client_id": BASIC.client_id}),
}
"""The end-session endpoint."""
