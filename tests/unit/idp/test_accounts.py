"""Accounts: what is accepted, what is stored, and how they are found again."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sqlalchemy as sa

from idp.people import accounts
from idp.ports import IdpDeps
from kernel.errors import Misuse, Refusal
from tests.support.idp import OPERATOR, TOTP_SECRET, add_account, events

RESIDENT_ID = "445102198806123626"
USCC = "91445100MA7CHAN008"


def test_an_account_is_found_as_it_was_created(deps: IdpDeps) -> None:
    created = add_account(deps, "ChenXiaoChao", resident_id=RESIDENT_ID, email="c@example.cn", real_name_level=4)
    found = accounts.get_by_username(deps, "chenxiaochao")
    assert found == created
    assert (found.holder_id, found.email, found.kind) == (RESIDENT_ID, "c@example.cn", "citizen")
    assert accounts.find_by_username(deps, "nobody") is None
    with pytest.raises(Refusal):
        accounts.get_by_username(deps, "nobody")


def test_personal_data_is_stored_encrypted_and_bound_to_its_account(deps: IdpDeps, engine: sa.Engine) -> None:
    first = add_account(deps, resident_id=RESIDENT_ID, email="c@example.cn")
    second = add_account(deps, "huangyao", name="黄垚")
    with engine.begin() as connection:
        rows = connection.execute(sa.text("select * from idp_accounts")).mappings().all()
        for secret in ("陈晓潮", RESIDENT_ID, "c@example.cn", "0000 0001"):
            assert all(secret.encode() not in bytes(row["person"]) for row in rows)
            assert secret not in str([{key: value for key, value in row.items() if key != "person"} for row in rows])
        blob = next(row["person"] for row in rows if row["id"] == first.id)
        statement = sa.text("update idp_accounts set person = :blob where id = :id")
        connection.execute(statement, {"blob": blob, "id": second.id})
    with pytest.raises(Misuse, match="value_unreadable"):
        accounts.get_by_username(deps, "huangyao")


def test_an_account_is_found_by_the_keyed_index_of_its_holder(deps: IdpDeps) -> None:
    account = add_account(deps, resident_id=RESIDENT_ID, real_name_level=3)
    with deps.work.read() as work:
        record = work.records.find_holder(deps.vault.index(RESIDENT_ID, "idp.holder"))
        assert record is not None
        assert record.id == account.id
        assert work.records.find_holder(deps.vault.index(RESIDENT_ID, "idp.phone")) is None


@pytest.mark.parametrize("change", [{"username": "CHENXIAOCHAO"}, {"resident_id": RESIDENT_ID}], ids=str)
def test_one_person_has_one_account_and_one_username_one_owner(deps: IdpDeps, change: dict[str, Any], engine: sa.Engine) -> None:
    add_account(deps, resident_id=RESIDENT_ID, real_name_level=3)
    with pytest.raises(Refusal, match="account_exists"):
        add_account(deps, **({"username": "another", "resident_id": None, "real_name_level": 4} | change))
    assert len(events(engine, "idp.create_account")) == 1


def test_a_number_that_its_owner_alone_vouches_for_is_nobodys_yet(deps: IdpDeps) -> None:
    index = deps.vault.index(RESIDENT_ID, "idp.holder")
    said = [add_account(deps, username, resident_id=RESIDENT_ID) for username in ("one", "another")]
    with deps.work.read() as work:
        assert work.records.find_holder(index) is None
        assert {record.id for record in work.records.find_number(index, limit=9)} == {account.id for account in said}
    proven = add_account(deps, "third", resident_id=RESIDENT_ID, real_name_level=3)
    with deps.work.read() as work:
        assert [record.id for record in work.records.find_number(index, limit=1)] == [proven.id]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "x"}, "username"),
        ({"username": "with blank"}, "username"),
        ({"username": "陈" * 65}, "username"),
        ({"username": "bidi\u202e"}, "username"),
        ({"name": "  "}, "name"),
        ({"name": "名" * 101}, "name"),
        ({"name": "陈\u200b晓潮"}, "name"),
        ({"organization": "潮\u0007州"}, "organization"),
        ({"address": "潮\u0007州"}, "address"),
        ({"resident_id": "445102198806123627"}, "resident_id"),
        ({"resident_id": "445102198802303626"}, "resident_id"),
        ({"uscc": USCC}, "uscc"),
        ({"kind": "enterprise"}, "uscc"),
        ({"kind": "enterprise", "uscc": "91445100MA7CHAN009"}, "uscc"),
        ({"kind": "enterprise", "uscc": USCC, "resident_id": RESIDENT_ID}, "uscc"),
        ({"phone": "call me"}, "phone"),
        ({"email": "not an address"}, "email"),
        ({"real_name_level": 1}, "real_name_level"),
        ({"real_name_level": 6}, "real_name_level"),
        ({"roles": ("emperor",)}, "roles"),
        ({"roles": ("security_admin",)}, "roles"),
        ({"kind": "staff"}, "totp_secret"),
        ({"kind": "security_admin"}, "totp_secret"),
        ({"totp_secret": "not base32!"}, "totp_secret"),
        ({"totp_secret": "JBSWY3DP"}, "totp_secret"),
        ({"password": "fourteen chars"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"password": "PasswordPassword"}, "password"),
        ({"password": "1234567", "totp_secret": TOTP_SECRET}, "password"),
    ],
    ids=itertools.count(),
)
def test_each_fault_is_named_with_its_field_and_nothing_is_stored(
    light: IdpDeps, change: dict[str, Any], field: str, sqlite: sa.Engine
) -> None:
    with pytest.raises(Refusal) as caught:
        add_account(light, **({"username": "somebody"} | change))
    assert caught.value.field == field
    assert caught.value.text.zh != caught.value.text.en
    assert field in caught.value.text.en or field == "password"
    assert events(sqlite, "idp.create_account") == []


def test_requirement_23_eight_characters_do_with_a_second_factor(deps: IdpDeps) -> None:
    add_account(deps, password="eight ch", totp_secret=TOTP_SECRET)
    with pytest.raises(Refusal, match="password_unsuitable"):
        add_account(deps, "another", password="eight ch")


def test_an_enterprise_is_known_by_its_credit_code(deps: IdpDeps) -> None:
    account = add_account(deps, "hanjiang", kind="enterprise", name="潮州市韩江陶瓷有限公司", uscc=USCC)
    assert account.holder_id == USCC


def test_accounts_are_listed_in_pages_by_username(deps: IdpDeps) -> None:
    for number in range(3):
        add_account(deps, f"user-{number}")
    add_account(deps, "hanjiang", kind="enterprise", uscc=USCC)
    first = accounts.page(deps, limit=2)
    assert [account.username for account in first] == ["hanjiang", "user-0"]
    assert [account.username for account in accounts.page(deps, after="user-0")] == ["user-1", "user-2"]
    assert [account.username for account in accounts.page(deps, kind="enterprise")] == ["hanjiang"]


def test_nothing_personal_shows_in_the_representation_of_an_account(deps: IdpDeps) -> None:
    account = add_account(deps, resident_id=RESIDENT_ID)
    new = accounts.NewAccount("a", "citizen", "陈晓潮", "a secret", totp_secret=TOTP_SECRET)
    shown = repr(account) + repr(new)
    for secret in ("陈晓潮", RESIDENT_ID, "a secret", TOTP_SECRET, "138"):
        assert secret not in shown


def test_creating_and_disabling_are_audited_with_who_did_it(deps: IdpDeps, engine: sa.Engine) -> None:
    account = add_account(deps)
    accounts.disable(deps, account.id, actor=OPERATOR)
    accounts.enable(deps, account.id, actor=OPERATOR)
    for action in ("idp.create_account", "idp.disable_account", "idp.enable_account"):
        (event,) = events(engine, action)
        assert (event["actor"], event["target"]) == (OPERATOR, f"account:{account.id}")
    with pytest.raises(Refusal, match="account_unknown"):
        accounts.enable(deps, account.id, actor=OPERATOR)
