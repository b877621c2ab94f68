"""Somebody is found by exactly what is known of them, for a purpose; masked, audited, within reach."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from idp.administration import looking
from idp.administration.admins import official, operator
from idp.administration.looking import Purpose, What
from idp.ports import IdpDeps
from kernel.errors import Refusal
from tests.support.idp import TOTP_SECRET, add_account, events

CLERK = operator("operator:Lin")
WINDOW = Purpose("window", "潮人社〔2026〕12号")
ADULT = "445102198806123626"


@pytest.mark.parametrize(
    ("what", "value"),
    [("username", "ChenXiaoChao"), ("number", "445102198806123626 "), ("phone", "+86 138 0000 0001"), ("email", "c@example.cn")],
)
def test_a_person_is_found_by_what_is_known_of_them_and_seen_masked(
    deps: IdpDeps, engine: sa.Engine, what: What, value: str
) -> None:
    account = add_account(deps, resident_id=ADULT, email="c@example.cn")
    (seen,) = looking.find(deps, CLERK, what, value, WINDOW)
    assert (seen.account.id, seen.name, seen.number, seen.email) == (account.id, "陈**", "445*************26", "c********.cn")
    assert seen.authenticators == ["password"]
    (event,) = events(engine, "idp.read_person")
    assert (event["target"], event["actor"]) == (f"account:{account.id}", "operator:Lin")
    assert json.loads(event["details"])["purpose"] == "window"


@pytest.mark.parametrize("value", ["陈晓潮", "44510219880612362", "44510219880612362%", "", "chenxiaocha"])
@pytest.mark.parametrize("what", ["username", "number", "phone", "email"])
def test_nobody_is_found_by_a_part_and_the_search_is_audited(light: IdpDeps, what: What, value: str) -> None:
    add_account(light, resident_id=ADULT, email="c@example.cn")
    assert looking.find(light, CLERK, what, value, WINDOW) == []


@pytest.mark.parametrize("purpose", [Purpose(""), Purpose("curiosity"), Purpose("law", "x" * 61), Purpose("law", "看\u202e不见")])
def test_without_a_purpose_nothing_is_shown(light: IdpDeps, purpose: Purpose) -> None:
    account = add_account(light)
    with pytest.raises(Refusal, match="purpose_unknown"):
        looking.look(light, CLERK, account.id, purpose)
    with pytest.raises(Refusal, match="purpose_unknown"):
        looking.find(light, CLERK, "username", account.username, purpose)


def test_a_department_admin_sees_their_own_staff_alone(light: IdpDeps) -> None:
    staff = {"kind": "staff", "totp_secret": TOTP_SECRET}
    own, other = (
        add_account(light, "own", organization="某局", **staff),
        add_account(light, "other", organization="另一局", **staff),
    )
    citizen = add_account(light)
    admin = official("sub.admin", "bumen", within="某局")
    assert looking.look(light, admin, own.id, WINDOW).account.id == own.id
    for beyond in (other, citizen):
        assert looking.find(light, admin, "username", beyond.username, WINDOW) == []
        with pytest.raises(Refusal, match="account_unknown"):
            looking.look(light, admin, beyond.id, WINDOW)
