"""A mandate's signed form: what it says, that it is held against what is stored, and how a department checks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509

from idp import endpoints, signing_keys
from idp.enterprises import documents, mandates
from idp.enterprises.errors import MANDATE_ALTERED
from idp.people import accounts
from idp.records import Mandate
from idp.storage.tables import mandates as stored
from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import jose
from tests.support.idp import MARKET, OPERATOR, SOCIAL_SECURITY, Provider, basic, events, json_of
from tests.support.mandates import USCC, add_company, give_mandate


@pytest.fixture
def mandate(provider: Provider) -> Mandate:
    add_company(provider.deps)
    return give_mandate(provider.deps)


@pytest.fixture
def system(provider: Provider) -> str:
    """Return the token of a department's system that may check mandates."""
    return add_system(provider, "checker")


def add_system(provider: Provider, client_id: str, *, scope: str = "mandates", **changes: Any) -> str:
    provider.add_client(client_id, grant_types=("client_credentials",), redirect_uris=(), scope=scope, **changes)
    answer = provider.post(endpoints.TOKEN, {"grant_type": "client_credentials"}, client_id=client_id)
    return str(json_of(answer)["access_token"])


def ask(provider: Provider, mandate_id: str, token: str | None) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = provider.app.test_client().get(f"{documents.ADDRESS}{mandate_id}", headers=headers)
    return answer.status_code, answer.json or {}, answer.headers


def test_it_says_who_may_do_what_for_whom_and_hides_who_they_are_elsewhere(provider: Provider, mandate: Mandate) -> None:
    document = documents.read(provider.deps, mandate)
    claims = jose.verify(
        document,
        signing_keys.keyring(provider.deps).verifying,
        algorithms=("ES256",),
        typ="mandate+jwt",
        audience=None,
        issuer=provider.deps.issuer,
        now=provider.deps.clock.now(),
    )
    assert claims["organization"] == {"name": "潮联科技", "uscc": USCC}
    assert claims["agent"] == {"name": "陈晓潮"}
    assert (claims["departments"], claims["powers"]) == ([MARKET], ["profile", "identity"])
    assert claims["exp"] - claims["nbf"] == 30 * 86400
    assert claims["jti"] == mandate.id
    assert not {mandate.organization_id, mandate.agent_id} & {claims["sub"], claims["act"]["sub"]}
    assert document not in str(mandate.document)  # encrypted: it has a person's name
    assert (claims["sub"], claims["act"]) != tuple(
        documents.verify(provider.deps, give_mandate(provider.deps))[name] for name in ("sub", "act")
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"powers": '["profile","identity","phone"]'},
        {"departments": f'["{MARKET}","{SOCIAL_SECURITY}"]'},
        {"agent_id": "sub.another"},
        {"organization_id": "sub.another"},
        {"valid_until": 4_102_444_800_000_000},
        {"valid_from": 0},
        {"document": b""},
        {"document": b"\x01\x00\x01 anything"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whoever_changes_its_row_gains_nothing(
    provider: Provider, sqlite: sa.Engine, mandate: Mandate, system: str, changes: dict[str, Any]
) -> None:
    deps = provider.deps
    with sqlite.begin() as connection:
        connection.execute(stored.update().values(changes))
    with deps.work.read() as work:
        (changed,) = work.records.mandates()
        assert mandates.find_standing(work, deps, mandate.id, deps.clock.now()) is None
    wanted = {"agent": changed.agent_id, "organization": changed.organization_id, "department": MARKET}
    assert mandates.find(deps, **wanted, powers=("profile",), at=deps.clock.now()) is None  # type: ignore[arg-type]
    assert ask(provider, mandate.id, system)[1] == {
        "id": mandate.id,
        "active": False,
        "status": "altered",
        "checked_at": "2026-11-23T08:00:00Z",
    }


def test_anothers_document_is_not_taken_for_ones_own(provider: Provider, mandate: Mandate) -> None:
    other = give_mandate(provider.deps, powers=("profile",))
    with pytest.raises(Refusal) as refusal:
        documents.verify(provider.deps, replace(mandate, document=other.document))
    assert refusal.value.error is MANDATE_ALTERED


def test_it_outlives_the_place_of_its_key_in_the_key_set(provider: Provider, clock: FixedClock) -> None:
    add_company(provider.deps)
    mandate = give_mandate(provider.deps, valid_until=datetime(2030, 1, 1, tzinfo=UTC))
    kid = jose.unverified_header(documents.read(provider.deps, mandate))["kid"]
    for _ in range(2):
        clock.moment += timedelta(days=200)
        signing_keys.rotate(provider.deps)
        clock.moment += timedelta(days=20)
    assert kid not in signing_keys.keyring(provider.deps).verifying
    assert documents.verify(provider.deps, mandate)["jti"] == mandate.id
    own, issuer = documents.certificates_of(provider.deps, documents.read(provider.deps, mandate))
    certificate, ca = (x509.load_pem_x509_certificate(f"-----BEGIN CERTIFICATE-----\n{one}\n-----END CERTIFICATE-----".encode()) for one in (own, issuer))  # fmt: skip
    certificate.verify_directly_issued_by(ca)
    assert jose.thumbprint(certificate.public_key()) == kid  # type: ignore[arg-type]


def test_a_department_checks_a_mandate_towards_it(
    provider: Provider, sqlite: sa.Engine, mandate: Mandate, system: str, clock: FixedClock
) -> None:
    status, told, headers = ask(provider, mandate.id, system)
    assert (status, told["active"], told["status"], headers["Cache-Control"]) == (200, True, "active", "no-store")
    assert told["organization"] == {"sub": mandate.organization_id, "name": "潮联科技", "uscc": USCC}
    assert told["agent"] == {"sub": mandate.agent_id, "name": "陈晓潮"}
    assert told["record"] == documents.read(provider.deps, mandate)
    (event,) = events(sqlite, "idp.check_mandate")
    assert (event["actor"], event["target"]) == ("client:checker", f"account:{mandate.agent_id}")
    later = give_mandate(provider.deps, valid_from=clock.moment + timedelta(days=1))
    assert ask(provider, later.id, system)[1]["status"] == "pending"
    accounts.disable(provider.deps, mandate.organization_id, actor=OPERATOR)
    assert ask(provider, mandate.id, system)[1]["status"] == "disabled"
    accounts.enable(provider.deps, mandate.organization_id, actor=OPERATOR)
    mandates.revoke(provider.deps, mandate.id, actor=OPERATOR)
    told = ask(provider, mandate.id, system)[1]
    assert (told["active"], told["status"], told["revoked_at"]) == (False, "revoked", "2026-11-23T08:00:00Z")
    with sqlite.begin() as connection:  # emptied, as when its agent closed their account
        connection.execute(stored.update().where(stored.c.id == mandate.id).values(document=b""))
    emptied = ask(provider, mandate.id, system)[1]
    assert (emptied["active"], emptied["status"]) == (False, "revoked")
    clock.moment = later.valid_until
    again = json_of(provider.post(endpoints.TOKEN, {"grant_type": "client_credentials"}, client_id="checker"))["access_token"]
    assert ask(provider, later.id, again)[1]["status"] == "expired"


def test_another_departments_mandate_is_answered_as_an_unknown_one(provider: Provider, mandate: Mandate) -> None:
    stranger = add_system(provider, "stranger", department=SOCIAL_SECURITY)
    answers = [ask(provider, one, stranger) for one in (mandate.id, "unknown")]
    assert [status for status, _, _ in answers] == [404, 404]


def test_only_a_systems_own_token_with_the_scope_asks(provider: Provider, mandate: Mandate, system: str) -> None:
    status, _, headers = ask(provider, mandate.id, None)
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(provider, mandate.id, "not.a.token")[0] == 401
    person = provider.browser().tokens(username="chenxiaochao", scope="openid profile mandates")
    assert person["scope"] == "openid profile"
    assert ask(provider, mandate.id, person["access_token"])[0] == 403
    assert ask(provider, mandate.id, add_system(provider, "other", scope="profile"))[0] == 403
    authorization = basic("checker", provider.secrets["checker"])
    assert provider.post(endpoints.REVOKE, {"token": system}, client_id="checker", authorization=authorization).status == 200
    assert ask(provider, mandate.id, system)[0] == 401
