"""People of another system are taken over row by row; nobody twice, nobody as an official, nothing half."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

import pytest
import sqlalchemy as sa

from idp.administration import importing
from idp.administration.importing import RowOutcome
from idp.people import accounts, passwords
from idp.ports import IdpDeps
from kernel.errors import Refusal
from kernel.rows import RowFile
from pki.vault import Vault
from tests.support.idp import OPERATOR, PASSWORD, add_account, events
from tests.support.pki import MemoryKeys

ADULT, CHILD = "445102198806123626", "445122197511034512"
USCC = "91445100MA7CHAN008"
HEADER = "name,resident_id,kind,uscc,username,phone,email,address,real_name_level,proofed_by,password_hash\n"


def opened(*rows: str, header: str = HEADER) -> RowFile:
    return importing.open_file(io.BytesIO((header + "\n".join(rows) + "\n").encode()), "people.csv")


def row(**values: str) -> str:
    """Return a good row with changes."""
    given = {"name": "陈晓潮", "resident_id": ADULT} | values
    return ",".join(f'"{given.get(column, "")}"' for column in HEADER.strip().split(","))


def run(deps: IdpDeps, *rows: str) -> list[RowOutcome]:
    return list(importing.import_file(deps, opened(*rows), actor=OPERATOR))


def words(outcomes: Sequence[RowOutcome]) -> list[str]:
    return [one.outcome for one in outcomes]


def test_people_are_taken_over_with_their_evidence_and_audit_and_a_second_run_changes_nothing(
    deps: IdpDeps, engine: sa.Engine
) -> None:
    hashed = passwords.hash_password(PASSWORD).decode()
    rows = (
        row(username="Chen", phone="+86 138 0000 0001", email="c@example.cn", password_hash=hashed),
        row(name="林𠮷", resident_id=CHILD, real_name_level="3", proofed_by="register"),
        row(name="潮州某公司", resident_id="", kind="enterprise", uscc=USCC),
    )
    first = run(deps, *rows)
    assert words(first) == ["imported"] * 3
    chen, lin, company = (accounts.get_by_username(deps, one.username) for one in first)
    assert (chen.username, chen.resident_id, chen.email, chen.confirmed) == ("chen", ADULT, "c@example.cn", ())
    assert (lin.name, lin.real_name_level, company.uscc, company.kind) == ("林𠮷", 3, USCC, "enterprise")
    with deps.work.read() as work:
        assert [one.method for one in work.records.verifications(lin.id)] == ["register"]
        assert [passwords.matches(PASSWORD, one.secret) for one in work.records.authenticators(chen.id)] == [True]
        assert work.records.authenticators(lin.id) == []
    assert words(run(deps, *rows)) == ["already"] * 3
    assert len(events(engine, "idp.create_account")) == 3
    assert {one["actor"] for one in events(engine, "idp.create_account")} == {OPERATOR}


def test_a_username_that_is_made_is_the_same_in_every_process_and_tells_nothing_to_who_has_the_indexes_key(
    light: IdpDeps,
) -> None:
    (one,) = importing.examine_file(light, opened(row()))
    assert one.outcome == "acceptable"
    (first,), (again,) = run(light, row()), run(replace(light, kept={}), row())
    assert (again.outcome, again.username) == ("already", first.username)
    guessed = {light.vault.index(ADULT, context).hex() for context in ("idp.import", "idp.holder")}
    assert not any(first.username[1:] in guess for guess in guessed)
    keys = MemoryKeys()
    elsewhere = replace(light, keys=keys, vault=Vault(keys), kept={})
    before = importing._username(elsewhere, CHILD)
    elsewhere.vault.rotate_index()
    assert importing._username(elsewhere, CHILD) != before, "whoever has the key before learns nothing of who comes after"


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name": ""}, "account_unsuitable", "name"),
        ({"name": "陈\u202e潮"}, "account_unsuitable", "name"),
        ({"resident_id": ""}, "import_number", "resident_id"),
        ({"resident_id": "445102198806123627"}, "account_unsuitable", "resident_id"),
        ({"kind": "enterprise"}, "import_number", "uscc"),
        ({"username": "with blank"}, "account_unsuitable", "username"),
        ({"phone": "call me"}, "account_unsuitable", "phone"),
        ({"real_name_level": "9"}, "account_unsuitable", "real_name_level"),
        ({"real_name_level": "²"}, "account_unsuitable", "real_name_level"),
        ({"real_name_level": "5"}, "account_unsuitable", "proofed_by"),
        ({"password_hash": "hunter2"}, "import_hash", "password_hash"),
    ],
)
def test_a_bad_row_is_refused_by_itself_naming_the_column(light: IdpDeps, values: dict[str, str], code: str, field: str) -> None:
    bad, good = run(light, row(**values), row(name="林𠮷", resident_id=CHILD))
    assert bad.refusal is not None
    assert (bad.outcome, bad.refusal.code, bad.refusal.field, good.outcome) == ("refused", code, field, "imported")


@pytest.mark.parametrize("kind", ["staff", "security_admin", "root"])
def test_no_file_makes_anybody_an_official(light: IdpDeps, kind: str) -> None:
    (outcome,) = run(light, row(kind=kind, username="boss"))
    assert outcome.refusal is not None
    assert outcome.refusal.code == "import_kind"
    for column in ("role", "roles", "organization", "department"):
        with pytest.raises(Refusal, match="csv_column_unknown"):
            opened(f"陈,{ADULT},security_admin", header=f"name,resident_id,{column}\n")
    assert accounts.find_by_username(light, "boss") is None


def test_an_account_that_is_here_stays_as_it_is(deps: IdpDeps) -> None:
    here = add_account(deps, resident_id=ADULT, real_name_level=4)
    same, other, taken = run(
        deps, row(phone="+86 139 9999 9999"), row(name="陈小朝"), row(name="林", resident_id=CHILD, username=here.username)
    )
    assert (same.outcome, same.account) == ("already", here.id)
    assert other.refusal is not None
    assert taken.refusal is not None
    assert (other.refusal.code, taken.refusal.code, taken.refusal.field) == ("import_name_differs", "account_exists", "username")
    assert accounts.get_by_username(deps, here.username) == here


def test_what_somebody_else_only_said_keeps_nobody_out(light: IdpDeps) -> None:
    add_account(light, name="冒名者", resident_id=ADULT)
    (outcome,) = run(light, row(real_name_level="3", proofed_by="register"))
    assert outcome.outcome == "imported"
    assert words(run(light, row(real_name_level="3", proofed_by="register"), row(name="又一人"))) == ["already", "refused"]


def test_two_rows_about_one_person_make_one_account(light: IdpDeps) -> None:
    assert words(run(light, row(username="one"), row(username="two"), row())) == ["imported", "already", "already"]


def test_a_run_that_was_interrupted_is_repeated(light: IdpDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "GROUP", 2)
    rows = [row(name=f"人{day}", resident_id=number(day)) for day in range(1, 8)]
    broken_off = importing.import_file(light, opened(*rows), actor=OPERATOR)
    assert words(list(islice(broken_off, 3))) == ["imported"] * 3
    assert Counter(words(run(light, *rows))) == {"already": 4, "imported": 3}


def test_two_imports_of_the_same_people_at_once_make_each_of_them_once(deps: IdpDeps, engine: sa.Engine) -> None:
    rows = [row(name=f"人{day}", resident_id=number(day)) for day in range(1, 28)]
    with ThreadPoolExecutor(4) as pool:
        orders = (rows, rows[::-1], rows, rows[::-1])
        found = [words(outcomes) for outcomes in pool.map(lambda order: run(deps, *order), orders)]
    assert sum(each.count("imported") for each in found) == len(rows)
    assert all(set(each) <= {"imported", "already"} for each in found)
    assert len(events(engine, "idp.create_account")) == len(rows)


def test_a_dry_run_says_what_would_be_and_changes_nothing(deps: IdpDeps, engine: sa.Engine) -> None:
    here = add_account(deps, resident_id=ADULT)
    rows = (row(), row(name="林", resident_id=CHILD), row(name="林", resident_id=CHILD, username=here.username))
    assert words(list(importing.examine_file(deps, opened(*rows)))) == ["already", "acceptable", "refused"]
    assert len(events(engine, "idp.create_account")) == 1


def number(day: int) -> str:
    """Return a resident ID with its check character."""
    body = f"445102198801{day:02}362"
    return body + "10X98765432"[sum(2 ** (17 - place) * int(digit) for place, digit in enumerate(body)) % 11]


@pytest.mark.parametrize(
    ("parameters", "acceptable"),
    [
        ("argon2id$v=19$m=19456,t=2,p=1", True),
        ("argon2id$v=19$m=8192,t=3,p=4", True),
        ("argon2i$v=19$m=19456,t=2,p=1", False),
        ("argon2id$v=16$m=19456,t=2,p=1", False),
        ("argon2id$v=19$m=64,t=2,p=1", False),
        ("argon2id$v=19$m=999999,t=2,p=1", False),
        ("argon2id$v=19$m=19456,t=99,p=1", False),
        ("argon2id$v=19$m=19456,t=2,p=9", False),
    ],
)
def test_a_hash_from_elsewhere_is_neither_worthless_nor_ruinous_to_verify(parameters: str, acceptable: bool) -> None:
    salt_and_hash = passwords.hash_password("x").decode().rpartition("p=1")[2]
    assert passwords.is_acceptable_hash(f"${parameters}{salt_and_hash}") is acceptable
    assert not passwords.is_acceptable_hash(f"${parameters}$c2FsdA$aGFzaA")
