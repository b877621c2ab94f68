"""An authorization request that has passed every check (OpenID Connect Core 3.1.2.1), and its stored form.

Left to others: the checks (``checks``), what is asked of the person (``interactions``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from idp.records import NO_CLAIMS, ClaimNames, read_claim_names
from kernel.canonical import Json

ResponseMode = Literal["query", "fragment", "form_post"]
Prompt = Literal["none", "login", "consent", "select_account"]
PROMPTS: tuple[Prompt, ...] = ("none", "login", "consent", "select_account")
RESPONSE_MODES: tuple[ResponseMode, ...] = ("query", "fragment", "form_post")
DISPLAYS = ("page", "popup")

_VERSION = 2


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where answers go: established first, so that every later refusal can be sent there (and nothing before)."""

    client_id: str
    redirect_uri: str
    mode: ResponseMode
    state: str | None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a client asks for. ``scopes`` and ``claims`` are what it asked for *and* may have.

    ``subjects`` are the persons one of whom must answer (empty: anybody). Levels are in the client's order of preference: the lowest
    of ``acr_values`` must be reached, one of ``acr_essential`` be told, ``acr_voluntary`` are wishes. ``dpop_jkt`` is the key that the
    code will be bound to. ``resources`` are what its access
    tokens may be for (RFC 8707; empty: our own endpoints). ``device_id`` is set where a kiosk asked (RFC 8628): it gets the answer.
    ``pushed_as`` is the hash, in hex, of the reference under which it was pushed: one answer uses that up.
    """

    address: ReturnAddress
    scopes: tuple[str, ...]
    nonce: str | None = None
    code_challenge: str | None = None
    prompts: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    acr_essential: tuple[str, ...] = ()
    acr_voluntary: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    claims: ClaimNames = NO_CLAIMS
    login_hint: str | None = None
    ui_locales: str | None = None
    display: str = "page"
    dpop_jkt: str | None = None
    resources: tuple[str, ...] = ()
    device_id: str | None = None
    pushed_as: str | None = None

    def as_json(self) -> dict[str, Json]:
        """Return the form in which it waits for the person to log in, or for the browser that its client announced."""
        return {
            "version": _VERSION,
            "client_id": self.address.client_id,
            "redirect_uri": self.address.redirect_uri,
            "response_mode": self.address.mode,
            "state": self.address.state,
            "scopes": list(self.scopes),
            "nonce": self.nonce,
            "code_challenge": self.code_challenge,
            "prompts": list(self.prompts),
            "max_age": self.max_age,
            "acr_values": list(self.acr_values),
            "acr_essential": list(self.acr_essential),
            "acr_voluntary": list(self.acr_voluntary),
            "subjects": list(self.subjects),
            "claims": self.claims.as_json(),
            "login_hint": self.login_hint,
            "ui_locales": self.ui_locales,
            "display": self.display,
            "dpop_jkt": self.dpop_jkt,
            "resources": list(self.resources),
            "device_id": self.device_id,
            "pushed_as": self.pushed_as,
        }


def from_json(values: Mapping[str, Any]) -> AuthorizationRequest:
    """Return the request that :meth:`AuthorizationRequest.as_json` wrote, also in version 1."""
    hinted = values.get("hint_subject")  # version 1: the person of an id_token_hint
    return AuthorizationRequest(
        address=ReturnAddress(values["client_id"], values["redirect_uri"], values["response_mode"], values["state"]),
        scopes=tuple(values["scopes"]),
        nonce=values["nonce"],
        code_challenge=values["code_challenge"],
        prompts=tuple(values["prompts"]),
        max_age=values["max_age"],
        acr_values=tuple(values["acr_values"]),
        acr_essential=tuple(values.get("acr_essential", ())),
        acr_voluntary=tuple(values.get("acr_voluntary", ())),
        subjects=tuple(values.get("subjects", () if hinted is None else (hinted,))),
        claims=read_claim_names(values.get("claims", {})),
        login_hint=values["login_hint"],
        ui_locales=values["ui_locales"],
        display=values.get("display", "page"),
        dpop_jkt=values.get("dpop_jkt"),
        resources=tuple(values.get("resources", ())),
        device_id=values.get("device_id"),
        pushed_as=values.get("pushed_as"),
    )
