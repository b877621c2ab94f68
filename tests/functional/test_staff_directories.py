"""Staff in a real slapd over TLS: found, let in, taken over, let go; and whatever stands between is refused by name."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crosscert.directory.channel import SUCCESS, open_channel
from crosscert.directory.messages import Limits
from crosscert.errors import DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE
from idp.directories import groups, sync
from idp.directories.ldap import LdapStaffDirectory
from idp.directories.schemas import normal_dn
from idp.people import accounts
from idp.ports import IdpDeps
from idp.records import StaffEntry
from kernel.clock import SystemClock
from kernel.errors import Refusal
from service.cli import cli
from tests.functional.test_directory import BOUND, liar
from tests.support.databases import engine_on
from tests.support.dying import DyingWork, Fuse, KilledError
from tests.support.idp import OPERATOR, Provider, make_idp_deps
from tests.support.new_nodes import new_node
from tests.support.node_databases import empty_database
from tests.support.pki import MemoryKeys
from tests.support.ports import free_port
from tests.support.slapd import BIND, Slapd, make_tls
from tests.support.staff_slapd import (
    ACTIVE,
    ACTIVE_CLERKS,
    CHIEFS,
    CLERKS,
    GROUPS,
    PASSWORD,
    PEOPLE,
    active,
    configure,
    group_ldif,
    openldap,
    people_ldif,
    staff_slapd,
)

UNUSABLE = {DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE}


@pytest.fixture(scope="module")
def server() -> Iterator[Slapd]:
    with staff_slapd() as made:
        yield made


@pytest.fixture
def deps(tmp_path: Path) -> Iterator[IdpDeps]:
    with engine_on(empty_database(tmp_path)) as engine:
        yield make_idp_deps(engine, MemoryKeys(), SystemClock())


def modify(server: Slapd, dn: str, *lines: str) -> None:
    server.change(f"dn: {dn}\nchangetype: modify\n" + "\n-\n".join(lines) + "\n")


def added(ldif: str) -> str:
    return ldif.replace("objectClass", "changetype: add\nobjectClass", 1)


def run(deps: IdpDeps, directory: LdapStaffDirectory, **options: Any) -> sync.Report:
    report = sync.sync(deps, directory, actor=OPERATOR, **options)
    assert report.refusal is None, report.refusal
    return report


@pytest.mark.parametrize("kind", ["ldaps", "StartTLS"])
def test_somebody_is_found_and_their_password_compared_by_the_directory(server: Slapd, kind: str) -> None:
    url = f"ldaps://localhost:{server.port}" if kind == "ldaps" else f"ldap://localhost:{server.plain_port}"
    directory = openldap(server, urls=(url,))
    entry = directory.find("LIN")
    assert entry is not None
    assert (entry.uid, entry.name, entry.phone, entry.email, entry.unit) == (
        "lin",
        "林文书",
        "13800000000",
        "lin@example.cn",
        "行政审批科",
    )
    assert (entry.groups, entry.lock, entry.expires_at, len(entry.id)) == ((CLERKS,), None, None, 36)
    assert directory.verify_password(entry, PASSWORD)
    assert not directory.verify_password(entry, PASSWORD + "x")
    assert not directory.verify_password(None, PASSWORD)
    assert PASSWORD not in repr(entry)


def test_somebody_of_active_directory_is_read_by_its_own_names(server: Slapd) -> None:
    directory = active(server)
    entry = directory.find("wang")
    assert entry is not None
    assert (entry.id, entry.name, entry.unit, entry.mark) == (f"{7:032x}", "林主任", "办公室", f"{7:020}")
    assert (entry.groups, entry.lock, entry.expires_at) == (("cn=active-clerks,ou=groups,o=chaozhou",), None, None)
    assert directory.verify_password(entry, PASSWORD)


def test_without_a_password_nothing_is_sent_since_it_would_be_let_in_as_nobody(server: Slapd) -> None:
    entry = openldap(server).find("lin")
    assert entry is not None
    assert not openldap(server).verify_password(entry, "")
    assert not openldap(server).verify_password(replace(entry, dn=""), PASSWORD)


@pytest.mark.parametrize(
    "name", ["*", "lin*", "lin)(uid=*", "*)(|(uid=*", "lin\\2a", "lin\0", "(", ")", "\\", "lin)(objectClass=*", "л", "\ud800", ""]
)
def test_no_name_is_taken_for_a_part_of_the_question(server: Slapd, name: str) -> None:
    try:
        assert openldap(server).find(name) is None
    except Refusal as refusal:  # what cannot even be encoded
        assert refusal.error in UNUSABLE  # noqa: PT017 - either way nobody is found


def test_a_false_server_is_refused_before_anything_is_said(server: Slapd, tmp_path: Path) -> None:
    make_tls(tmp_path / "other.pem", tmp_path / "other.key")
    with pytest.raises(Refusal) as wrong_ca:
        openldap(server, ca_file=tmp_path / "other.pem").find("lin")
    assert wrong_ca.value.details["problem"] == "SSLCertVerificationError"
    with pytest.raises(Refusal):
        openldap(server, ca_file=tmp_path / "other.pem", urls=(f"ldap://localhost:{server.plain_port}",)).find("lin")
    for options in ({"host": "elsewhere.example"}, {"ended": True}):
        with liar(tmp_path, [BOUND], **options) as false, pytest.raises(Refusal) as refused:
            openldap(server, urls=(false.url,), ca_file=false.ca_file).find("lin")
        assert refused.value.details["problem"] == "SSLCertVerificationError"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00",  # protocolError
        b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x0c",  # more than was asked for
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x30\x84\x7f\xff\xff\xff",
    ],
)
def test_nothing_is_said_in_clear_to_a_server_without_start_tls(server: Slapd, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        heard: list[bytes] = []

        def serve() -> None:
            with listener.accept()[0] as plain:
                heard.append(plain.recv(4096))
                plain.sendall(answer)
                heard.append(plain.recv(4096))

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(Refusal) as refused:
            openldap(server, urls=(f"ldap://localhost:{listener.getsockname()[1]}",), seconds=1.0).find("lin")
        thread.join(10)
    assert refused.value.error in UNUSABLE
    assert [len(heard), heard[0][5], heard[1]] == [2, 0x77, b""], "the request for TLS, and nothing after it"


def test_the_next_server_answers_where_the_first_is_away_and_a_dead_connection_is_replaced(server: Slapd) -> None:
    directory = openldap(server, urls=(f"ldaps://localhost:{free_port()}", f"ldaps://localhost:{server.port}"))
    assert directory.find("lin") is not None
    server.stop()
    with pytest.raises(Refusal) as refused:
        directory.find("lin")
    assert refused.value.error is DIRECTORY_UNREACHABLE
    server.start()
    assert directory.find("lin") is not None, "its kept connection died with the server"


def test_a_server_that_failed_is_not_asked_again_at_once(server: Slapd) -> None:
    directory = openldap(server, urls=(f"ldaps://localhost:{free_port()}",), rest_seconds=60.0)
    problems = []
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            directory.find("lin")
        problems.append(refused.value.details["problem"])
    assert problems == ["ConnectionRefusedError", "it was away a moment ago"]


def test_a_server_that_never_answers_is_waited_for_once_and_by_few(server: Slapd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        urls = (f"ldaps://localhost:{silent.getsockname()[1]}", f"ldaps://localhost:{server.port}")
        assert openldap(server, urls=urls, seconds=2.0, rest_seconds=60.0).find("lin") is not None, "the next one answers"
        directory = openldap(server, urls=urls[:1], seconds=2.0, rest_seconds=60.0, pool_size=1)
        with ThreadPoolExecutor(3) as crowd:
            problems = sorted(
                refusal.details["problem"] for refusal in crowd.map(lambda _: refused_by(directory), range(3)) if refusal
            )
    assert problems == ["TimeoutError", "too many are waiting for it", "too many are waiting for it"]
    again = refused_by(directory)
    assert again is not None
    assert again.details["problem"] == "it was away a moment ago"


def refused_by(directory: LdapStaffDirectory) -> Refusal | None:
    try:
        directory.find("lin")
    except Refusal as refusal:
        return refusal
    return None


def test_people_are_taken_over_with_the_roles_of_their_groups_and_changes_follow(deps: IdpDeps, server: Slapd) -> None:
    directory = openldap(server)
    assert dict(run(deps, directory).counts) == {"new": 2}
    assert accounts.get_by_username(deps, "lin@scjg").roles == ("clerk",)
    modify(server, f"uid=lin,{PEOPLE}", "replace: cn\ncn: 林主任")
    server.change(added(people_ldif("huang")))
    report = run(deps, directory)
    assert (report.is_full, report.counts["changed"], report.counts["new"]) == (False, 1, 1)
    modify(server, CHIEFS, f"add: member\nmember: UID=Lin , {PEOPLE}")
    report = run(deps, directory)
    assert (report.is_full, report.counts["changed"]) == (True, 1), "a change of a group is none of its member"
    assert accounts.get_by_username(deps, "lin@scjg").roles == ("clerk", "department_admin")
    found = directory.find("lin")
    assert found is not None
    assert len(found.groups) == 2
    server.change(f"dn: uid=huang,{PEOPLE}\nchangetype: delete\n")
    assert run(deps, directory, full=True).counts["gone"] == 1
    modify(server, CHIEFS, f"delete: member\nmember: uid=lin,{PEOPLE}")


LOCKS = [
    ("replace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z", "delete: pwdAccountLockedTime"),
    ("replace: shadowExpire\nshadowExpire: 1000", "delete: shadowExpire"),
    ("replace: employeeType\nemployeeType: 离职", "delete: employeeType"),
]


@pytest.mark.parametrize(("lock", "unlock"), LOCKS)
def test_openldap_says_who_is_out(deps: IdpDeps, server: Slapd, lock: str, unlock: str) -> None:
    directory = openldap(server)
    run(deps, directory)
    modify(server, f"uid=chen,{PEOPLE}", lock)
    report = run(deps, directory)
    assert (report.is_full, report.counts["locked"]) == (False, 1)
    assert accounts.get_by_username(deps, "chen@scjg").disabled_at is not None
    modify(server, f"uid=chen,{PEOPLE}", unlock)
    run(deps, directory)
    assert accounts.get_by_username(deps, "chen@scjg").disabled_at is None


@pytest.mark.parametrize(
    "lock", ["userAccountControl: 514", "lockoutTime: 133000000000000000", "accountExpires: 133000000000000000"]
)
def test_active_directory_says_who_is_out(deps: IdpDeps, server: Slapd, lock: str) -> None:
    directory = active(server)
    run(deps, directory)
    attribute = lock.partition(":")[0]
    good = {"userAccountControl": "512", "lockoutTime": "0", "accountExpires": "0"}[attribute]
    dn, usn = f"cn=zhao,{ACTIVE}", int(re.findall(r"uSNChanged: (\d+)", server.search("(cn=zhao)", base=ACTIVE).stdout)[0])
    modify(server, dn, f"replace: {attribute}\n{lock}", f"replace: uSNChanged\nuSNChanged: {usn + 1}")
    report = run(deps, directory)
    assert (report.is_full, report.counts["locked"]) == (False, 1)
    modify(server, dn, f"replace: {attribute}\n{attribute}: {good}", f"replace: uSNChanged\nuSNChanged: {usn + 2}")
    assert run(deps, directory).counts["released"] == 1


def test_a_directory_that_dies_in_the_middle_loses_nothing(deps: IdpDeps, server: Slapd) -> None:
    server.change("".join(added(people_ldif(f"extra{number}")) for number in range(4)))
    directory = openldap(server)
    dying = replace(deps, work=DyingWork(deps.work, Fuse(4)))  # after the first page
    with pytest.raises(KilledError):
        sync.sync(dying, directory, actor=OPERATOR)
    assert len(accounts.page(deps)) == 2
    with directory.reading() as reader:
        pages = reader.pages(None)
        assert len(next(pages)) == 2
        server.stop()
        with pytest.raises(Refusal):
            next(pages)
    server.start()
    assert dict(run(deps, directory).counts) == {"same": 2, "new": 4}
    for number in range(4):
        server.change(f"dn: uid=extra{number},{PEOPLE}\nchangetype: delete\n")


def test_staff_log_in_at_the_page_and_are_told_when_their_directory_is_away(deps: IdpDeps, server: Slapd) -> None:
    directory = openldap(server)
    provider = Provider(replace(deps, directories={"scjg": directory}))
    answer = provider.browser().log_in("lin@scjg", PASSWORD)
    assert "second_factor_missing" in answer.text or "动态验证码" in answer.text
    assert provider.browser().log_in("lin@scjg", "wrong").status_code == 401
    server.stop()
    away = provider.browser().log_in("lin@scjg", PASSWORD)
    server.start()
    assert (away.status_code, "单位目录暂时没有应答" in away.text) == (503, True)


def test_a_referral_to_another_host_is_not_followed(server: Slapd) -> None:
    """Met on the way it is passed by; where people are looked for, or let in, it is no answer. Nobody is asked, and no password goes there."""
    elsewhere = "ou=elsewhere,o=chaozhou"
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0)
        address = f"ldap://127.0.0.1:{trap.getsockname()[1]}/{PEOPLE}"
        server.change(
            f"dn: {elsewhere}\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: {address}\n"
        )
        above = openldap(server, base_dn="o=chaozhou")
        found = above.find("lin")
        assert found is not None
        assert above.find("nobody") is None
        with pytest.raises(Refusal) as caught:
            openldap(server, base_dn=elsewhere).find("lin")
        assert caught.value.error is DIRECTORY_ANSWER
        try:
            assert not openldap(server).verify_password(replace(found, dn=f"uid=lin,{elsewhere}"), PASSWORD)
        except Refusal as refusal:
            assert refusal.error in UNUSABLE  # noqa: PT017 - either way nobody is let in
        with pytest.raises(BlockingIOError):
            trap.accept()


def test_a_group_of_a_hundred_thousand_is_read_and_asked_within_bounds(deps: IdpDeps, server: Slapd) -> None:
    many = [f"uid=member{number:06},{PEOPLE}" for number in range(100_000)]
    everybody = f"cn=everybody,{GROUPS}"
    server.change(added(group_ldif(everybody, f"uid=lin,{PEOPLE}", *many)))
    directory = openldap(server, groups={everybody: ("clerk",)})
    found = directory.find("lin")
    assert found is not None
    assert found.groups == (everybody,)
    assert run(deps, directory).counts["new"] == 2
    assert accounts.get_by_username(deps, "lin@scjg").roles == ("clerk",)


OUTER, MIDDLE, INNER = (f"cn={name},{GROUPS}" for name in ("outer", "middle", "inner"))


def test_groups_within_groups_count_where_they_are_followed(
    deps: IdpDeps, server: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.change(added(group_ldif(OUTER, MIDDLE)))
    server.change(added(group_ldif(MIDDLE, INNER.replace("cn=inner", "CN=Inner "))))
    server.change(added(group_ldif(INNER, f"uid=chen,{PEOPLE}", OUTER)))  # a circle
    roles = {normal_dn(OUTER): ("clerk",)}
    plain, followed = openldap(server, groups=roles), openldap(server, groups=roles, groups_below=GROUPS)
    found = [each.find("chen") for each in (plain, followed)]
    assert [one and one.groups for one in found] == [(), (normal_dn(OUTER),)]
    stranger = followed.find("lin")
    assert stranger is not None
    assert OUTER not in stranger.groups

    # What is taken over, and what follows when a group far within changes, which is a change of none of the people.
    run(deps, followed)
    assert accounts.get_by_username(deps, "chen@scjg").roles == ("clerk",)
    assert not run(deps, followed).is_full
    monkeypatch.setattr(groups, "MAX_WITHIN", 2)
    assert sync.sync(deps, followed, actor=OPERATOR).refusal is not None
    with pytest.raises(Refusal) as caught:
        followed.find("chen")
    assert caught.value.error is DIRECTORY_ANSWER
    assert accounts.get_by_username(deps, "chen@scjg").roles == ("clerk",), "what has no end takes nothing from anybody"
    monkeypatch.undo()
    modify(server, INNER, f"delete: member\nmember: uid=chen,{PEOPLE}")
    report = run(deps, followed)
    assert (report.is_full, report.counts["changed"]) == (True, 1)
    assert accounts.get_by_username(deps, "chen@scjg").roles == ()


def test_active_directory_is_asked_by_its_own_rule_for_groups_within_groups(server: Slapd, tmp_path: Path) -> None:
    group = "cn=a(b)*,ou=groups,o=chaozhou"
    assert groups.in_chain(group) == "(memberOf:1.2.840.113556.1.4.1941:=cn=a\\28b\\29\\2a,ou=groups,o=chaozhou)"
    done = bytes.fromhex("300c0201ee65070a010004000400")
    entry = StaffEntry("1", f"cn=wang,{ACTIVE}", "wang", "王主任")
    heard: list[bytes] = []
    with liar(tmp_path, [BOUND, done], heard=heard) as directory:
        channel = open_channel(directory.url, directory.ca_file, Limits(20, 10_000))
        assert channel.bind(BIND, "x") == SUCCESS
        assert groups.find(channel, active(server, groups_below=GROUPS)._ldap, [group], entry) == []
        channel.close()
    rule, kind, value = b"1.2.840.113556.1.4.1941", b"memberOf", group.encode()
    wanted = b"".join(bytes([tag, len(part)]) + part for tag, part in ((0x81, rule), (0x82, kind), (0x83, value)))
    assert wanted in heard[1]  # RFC 4511 4.5.1.7.7: a MatchingRuleAssertion, the name as it is
    assert entry.dn.encode() in heard[1]

    # A server that does not know the rule finds nobody by it, and who names their groups keeps them.
    found = active(server, groups_below=GROUPS).find("wang")
    assert found is not None
    assert found.groups == (normal_dn(ACTIVE_CLERKS),)


def test_examining_names_the_step_that_fails(server: Slapd, tmp_path: Path) -> None:
    make_tls(tmp_path / "other.pem", tmp_path / "other.key")
    assert [fault for _step, fault, _found in openldap(server).examine()] == [None] * 5
    cases = {
        "tls": {"ca_file": tmp_path / "other.pem"},
        "bind": {"password": "wrong"},
        "search": {"user_filter": "(uid=nobody)"},
    }
    for step, changes in cases.items():
        faults = [name.split()[1] for name, fault, _found in openldap(server, **changes).examine() if fault is not None]
        assert faults == [step]


def test_an_operator_tests_a_directory_and_takes_it_over_by_command(server: Slapd, tmp_path: Path) -> None:
    folder = tmp_path / "node"
    config = new_node(folder)
    configure(config, server)

    def chaoxin(*arguments: str) -> Any:
        answer = CliRunner().invoke(cli, ["--config", str(config), "directory", *arguments, "--json"])
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.output)

    assert {each["ok"] for each in chaoxin("test", "scjg")} == {True}
    preview = chaoxin("sync", "scjg", "--by", "Chen")
    assert (preview["changed"], preview["concerns"]["people"]) == (False, ["lin@scjg: new", "chen@scjg: new"])
    assert chaoxin("list")[0]["people"] == 0
    done = chaoxin("sync", "scjg", "--by", "Chen", "--yes")
    assert (done["changed"], done["counts"]) == (True, {"new": 2})
    assert (chaoxin("list")[0]["people"], chaoxin("list")[0]["problem"]) == (2, None)
