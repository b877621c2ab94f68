"""What directories say of people is read within bounds, whatever it is; a lock that is not understood is one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscert.errors import DIRECTORY_ANSWER
from idp.directories.schemas import ACTIVE_DIRECTORY, OPENLDAP, Attributes, LockRule, Schema, normal_dn, read_entry
from idp.records import StaffEntry
from kernel.errors import Refusal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OPEN: Attributes = {"entryuuid": (b"6a1c2cd8-0000-103d-8000-000000000001",), "uid": (b"lin",), "cn": ("林文书".encode(),)}
ACTIVE: Attributes = {"objectguid": (bytes(16),), "samaccountname": (b"lin",), "cn": (b"Lin",), "useraccountcontrol": (b"512",)}
NAMES = sorted({*OPENLDAP.attributes, *ACTIVE_DIRECTORY.attributes})


def read(schema: Schema, attributes: Attributes, rule: LockRule | None = None) -> StaffEntry:
    return read_entry(schema, rule, "uid=lin", {**(OPEN if schema is OPENLDAP else ACTIVE), **attributes})


@pytest.mark.parametrize(
    ("attributes", "lock", "expires_at"),
    [
        ({}, None, None),
        ({"useraccountcontrol": (b"514",)}, "disabled", None),
        ({"useraccountcontrol": (b"66048",)}, None, None),
        ({"useraccountcontrol": ()}, "disabled", None),
        ({"useraccountcontrol": (b"what?",)}, "disabled", None),
        ({"lockouttime": (b"0",)}, None, None),
        ({"lockouttime": (b"133000000000000000",)}, "locked", None),
        ({"lockouttime": (b"soon",)}, "locked", None),
        ({"lockouttime": (b"133000000000000000",), "msds-user-account-control-computed": (b"0",)}, None, None),
        ({"msds-user-account-control-computed": (b"16",)}, "locked", None),
        ({"accountexpires": (b"0",)}, None, None),
        ({"accountexpires": (b"9223372036854775807",)}, None, None),
        ({"accountexpires": (b"116444736000000000",)}, None, EPOCH),
        ({"accountexpires": (b"never",)}, None, datetime(1601, 1, 1, tzinfo=UTC)),
        (
            {"accountexpires": (b"9223372036854775806",)},
            None,
            datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=2 * 10**17),
        ),
    ],
)
def test_active_directory_tells_of_locks(attributes: Attributes, lock: str | None, expires_at: datetime | None) -> None:
    entry = read(ACTIVE_DIRECTORY, attributes)
    assert (entry.lock, entry.expires_at) == (lock, expires_at)


@pytest.mark.parametrize(
    ("attributes", "lock", "expires_at"),
    [
        ({}, None, None),
        ({"pwdaccountlockedtime": (b"000001010000Z",)}, "locked", None),
        ({"shadowexpire": (b"-1",)}, None, None),
        ({"shadowexpire": (b"0",)}, None, EPOCH),
        ({"shadowexpire": (b"1",)}, None, EPOCH + timedelta(days=1)),
        ({"shadowexpire": (b"some day",)}, None, EPOCH),
        ({"shadowexpire": (b"9" * 19,)}, None, EPOCH + timedelta(days=1_000_000)),
        ({"employeetype": ("离职".encode(),)}, "disabled", None),
        ({"employeetype": (b"staff", b"LEFT")}, "disabled", None),
        ({"employeetype": (b"staff",)}, None, None),
    ],
)
def test_openldap_tells_of_locks(attributes: Attributes, lock: str | None, expires_at: datetime | None) -> None:
    entry = read(OPENLDAP, attributes, LockRule("employeeType", ("离职", "left")))
    assert (entry.lock, entry.expires_at) == (lock, expires_at)


@pytest.mark.parametrize(
    "identifier", [(), (b"",), (b"x" * 36,), OPEN["entryuuid"] * 2, (b"6a1c2cd8-0000-103d-8000-000000000001\n",)]
)
def test_who_could_not_be_known_again_is_nobody(identifier: tuple[bytes, ...]) -> None:
    with pytest.raises(Refusal) as refused:
        read(OPENLDAP, {"entryuuid": identifier})
    assert refused.value.error is DIRECTORY_ANSWER
    with pytest.raises(Refusal):
        read(ACTIVE_DIRECTORY, {"objectguid": (bytes(15),)})


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.binary(max_size=40), max_size=3)))
def test_any_octets_make_somebody_or_a_refusal_by_name(attributes: dict[str, list[bytes]]) -> None:
    for schema in (OPENLDAP, ACTIVE_DIRECTORY):
        try:
            entry = read(schema, attributes, LockRule("mail", ("x",)))
        except Refusal as refusal:
            assert refusal.error is DIRECTORY_ANSWER  # noqa: PT017 - or somebody is read
            continue
        if entry.mark:
            assert schema.changed(entry.mark).count("(") == 3, "a mark is safe to ask with"


@pytest.mark.parametrize("mark", ["", "20260101000000", "00000000000000", "99999999999999", "nonsense)(uid=*"])
def test_a_mark_is_never_a_part_of_the_question(mark: str) -> None:
    for schema in (OPENLDAP, ACTIVE_DIRECTORY):
        assert schema.changed(mark).count("(") == 3


def test_marks_of_openldap_overlap_since_replicas_hand_on_late() -> None:
    assert "(modifyTimestamp>=20260101115500Z)" in OPENLDAP.changed("20260101120000")
    assert "(uSNChanged>=12)" in ACTIVE_DIRECTORY.changed(f"{11:020}")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("cn=Clerks, ou=Groups,o=x", "CN=clerks,OU=groups , O=x", True),
        ("cn=a\\, b,o=x", "cn=a\\,b,o=x", False),
        ('cn="a, b",o=x', 'cn="a,b",o=x', False),
        ("cn=a,o=x", "cn=a,o=y", False),
    ],
)
def test_names_are_one_when_they_differ_in_spelling_only(one: str, other: str, same: bool) -> None:
    assert (normal_dn(one) == normal_dn(other)) is same
