"""The ``claims`` parameter (OpenID Connect Core 5.5): which claims a client asks for by name, and what it insists on.

Left to others: what the client may have of it (``authorize.checks``, ``policies.claims``), reaching a level (``interactions``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.claims import verified_request
from idp.oauth_errors import CLAIMS_PARAMETER
from idp.records import ClaimNames
from kernel.errors import Refusal
from pki.strict_json import parse_object

_PLACES = ("id_token", "userinfo")
_MAX_NAMES = 100
_MAX_VALUES = 20


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What the parameter says. Empty tuples ask for nothing in particular.

    ``subjects``: who must answer (5.5.1). ``acr``: the levels wanted, ``acr_is_essential`` whether one of them must be reached
    (5.5.1.1).
    """

    names: ClaimNames
    subjects: tuple[str, ...]
    acr: tuple[str, ...]
    acr_is_essential: bool


def parse(text: str) -> ClaimsRequest:
    """Return what ``text`` asks for; ``Refusal(oauth_claims_parameter)`` when it is not the JSON that Core 5.5 describes.

    A claim is asked for by null or by an object; members that are not known, of it or beside it, are ignored (5.5, 5.5.1).
    """
    document = parse_object(text.encode(), CLAIMS_PARAMETER)
    asked = {place: _requests(document.get(place), place) for place in _PLACES}
    with_evidence = {place: verified_request.parse(_member(document.get(place))) for place in _PLACES}
    subjects = [subject for place in _PLACES for subject in _values(asked[place].get("sub"), "sub")]
    acr = asked["id_token"].get("acr")
    return ClaimsRequest(
        names=ClaimNames(
            tuple(asked["id_token"]), tuple(asked["userinfo"]), with_evidence["id_token"], with_evidence["userinfo"]
        ),
        subjects=tuple(dict.fromkeys(subjects)),
        acr=_values(acr, "acr"),
        acr_is_essential=acr is not None and acr.get("essential") is True,
    )


def _requests(member: object, place: str) -> dict[str, Mapping[str, Any]]:
    if member is None:
        return {}
    if not isinstance(member, Mapping) or len(member) > _MAX_NAMES:
        raise Refusal(CLAIMS_PARAMETER, field="claims", problem=place)
    plain = {name: request for name, request in member.items() if name != verified_request.MEMBER}
    for name, request in plain.items():
        if request is not None and not isinstance(request, Mapping):
            raise Refusal(CLAIMS_PARAMETER, field="claims", problem=f"{place}, member {list(plain).index(name) + 1}")
    return {name: request or {} for name, request in plain.items()}


def _member(place: object) -> object:
    return place.get(verified_request.MEMBER) if isinstance(place, Mapping) else None


def _values(request: Mapping[str, Any] | None, claim: str) -> tuple[str, ...]:
    """Return the value or values that a claim should have, for the claims whose values are text."""
    if request is None:
        return ()
    values = [request["value"]] if "value" in request else request.get("values", [])
    if not isinstance(values, list) or len(values) > _MAX_VALUES or not all(isinstance(value, str) for value in values):
        raise Refusal(CLAIMS_PARAMETER, field="claims", problem=f"the values of {claim}")
    return tuple(values)
