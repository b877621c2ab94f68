"""The matrix of client authentication: each method for the client registered for it and no other, and nothing to be learnt from a refusal."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType

import pytest

from idp import endpoints
from idp.clients import secrets
from idp.wire import OAuthResponse
from tests.support.idp import OPERATOR, Provider, basic, json_of
from tests.support.signing_client import assertion, public_jwks

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
DEAR = {"compare_digest", "verify", "find_client", "parse_jwks", "hash_secret"}
"""What costs time: comparing and hashing secrets, verifying signatures, reading keys and records."""


@pytest.fixture
def matrix(provider: Provider) -> Provider:
    for method in METHODS:
        jwks = public_jwks() if method == "private_key_jwt" else None
        provider.add_client(method, token_endpoint_auth_method=method, jwks=jwks)
    return provider


def ask(provider: Provider, method: str, client_id: str, *, secret: str | None = None) -> OAuthResponse:
    """Ask for tokens as ``client_id`` in the way of ``method``, by its own secret or another one."""
    own = secret or provider.secrets.get(client_id) or "x" * 43
    form: dict[str, str | None] = {"grant_type": "authorization_code", "code": "none", "redirect_uri": "https://scjg.example.cn/"}
    header = None
    if method == "client_secret_basic":
        header = basic(client_id, own)
    elif method == "client_secret_post":
        form |= {"client_id": client_id, "client_secret": own}
    elif method == "private_key_jwt":
        form |= (
            assertion(provider, client_id) if secret is None else assertion(provider, client_id, aud="https://elsewhere.example")
        )
    else:
        form |= {"client_id": client_id}
    return provider.post(endpoints.TOKEN, form, authorization=header)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("registered", METHODS)
def test_each_method_is_for_the_client_registered_for_it(matrix: Provider, method: str, registered: str) -> None:
    answer = ask(matrix, method, registered)
    expected = (400, "invalid_grant") if method == registered else (401, "invalid_client")
    assert (answer.status, json_of(answer)["error"]) == expected


def calls(act: Callable[[], OAuthResponse]) -> tuple[OAuthResponse, Counter[str]]:
    """Count the dear calls of ``act``: the same work takes the same time, without a clock."""
    counted: Counter[str] = Counter()

    def note(frame: FrameType, event: str, called: object) -> None:
        name = getattr(called, "__name__", "") if event == "c_call" else frame.f_code.co_name
        if event in {"call", "c_call"} and name in DEAR:
            counted[name] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        return act(), counted
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_an_unknown_client_costs_what_a_wrong_secret_costs_and_hears_the_same(matrix: Provider, method: str) -> None:
    ask(matrix, method, "nobody")  # what is made once a process is made
    wrong, work_of_wrong = calls(lambda: ask(matrix, method, method, secret="w" * 43))
    unknown, work_of_unknown = calls(lambda: ask(matrix, method, "nobody", secret="w" * 43))
    assert (wrong.status, wrong.body, wrong.headers) == (unknown.status, unknown.body, unknown.headers)
    assert work_of_wrong == work_of_unknown
    assert work_of_wrong["find_client"] == 1
    assert work_of_wrong["verify" if method == "private_key_jwt" else "compare_digest"] > 0


def test_a_client_that_changes_its_secret_over_costs_no_more_than_another(matrix: Provider) -> None:
    ask(matrix, "client_secret_basic", "nobody")
    _, work_of_unknown = calls(lambda: ask(matrix, "client_secret_basic", "nobody", secret="w" * 43))
    secrets.add(matrix.deps, "client_secret_basic", actor=OPERATOR)
    _, work_of_wrong = calls(lambda: ask(matrix, "client_secret_basic", "client_secret_basic", secret="w" * 43))
    assert work_of_wrong == work_of_unknown


def test_an_assertion_of_nobody_is_refused_whoever_signed_it(matrix: Provider) -> None:
    answer = ask(matrix, "private_key_jwt", "nobody")
    assert (answer.status, json_of(answer)["error"]) == (401, "invalid_client")
    answer = ask(matrix, "private_key_jwt", "client_secret_basic")
    assert (answer.status, json_of(answer)["error"]) == (401, "invalid_client")
