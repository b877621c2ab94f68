"""A department's staff in a real slapd, once as OpenLDAP has people and once as Active Directory does."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from idp.directories.ldap import LdapStaffDirectory
from idp.directories.schemas import ACTIVE_DIRECTORY, OPENLDAP, LockRule, normal_dn
from idp.directories.settings import LdapSettings
from idp.records import DirectorySettings
from tests.support.slapd import BIND, Slapd, slapd
from tests.support.slapd import PASSWORD as BIND_PASSWORD

PASSWORD = "what the directory knows"
PEOPLE, ACTIVE, GROUPS = "ou=people,o=chaozhou", "ou=active,o=chaozhou", "ou=groups,o=chaozhou"
CLERKS, CHIEFS, ACTIVE_CLERKS = f"cn=clerks,{GROUPS}", f"cn=chiefs, {GROUPS}", f"cn=active-clerks,{GROUPS}"
_OPENED: list[LdapStaffDirectory] = []
_POLICY = f"overlay ppolicy\nppolicy_default cn=policy,{GROUPS}\n"


def people_ldif(uid: str, more: str = "") -> str:
    """Somebody as OpenLDAP has people."""
    return (
        f"dn: uid={uid},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: {uid}\ncn: 林文书\nsn: 林\n"
        f"mobile: 13800000000\nmail: {uid}@example.cn\nou: 行政审批科\nuserPassword: {PASSWORD}\n{more}\n"
    )


def active_ldif(name: str, number: int, more: str = "") -> str:
    """Somebody as Active Directory has people."""
    identifier = base64.b64encode(number.to_bytes(16, "big")).decode()
    return (
        f"dn: cn={name},{ACTIVE}\nobjectClass: user\ncn: {name}\nsn: 林\ndisplayName: 林主任\nsAMAccountName: {name}\n"
        f"objectCategory: person\nobjectGUID:: {identifier}\nuserAccountControl: 512\naccountExpires: 9223372036854775807\n"
        f"lockoutTime: 0\nuSNChanged: {number}\ndepartment: 办公室\nuserPassword: {PASSWORD}\n{more}\n"
    )


def group_ldif(name: str, *members: str) -> str:
    """A group of members, by their names."""
    lines = "".join(f"member: {member}\n" for member in members)
    common_name = name.partition(",")[0].removeprefix("cn=")
    return f"dn: {name}\nobjectClass: groupOfNames\nobjectClass: extensibleObject\ncn: {common_name}\n{lines}\n"


def _tree() -> str:
    units = "".join(
        f"dn: {dn}\nobjectClass: organizationalUnit\nou: {dn[3 : dn.index(chr(44))]}\n\n" for dn in (PEOPLE, ACTIVE, GROUPS)
    )
    policy = (
        f"dn: cn=policy,{GROUPS}\nobjectClass: device\nobjectClass: pwdPolicy\ncn: policy\npwdAttribute: userPassword\n"
        "pwdLockout: TRUE\npwdMaxFailure: 50\n\n"
    )
    return (
        units
        + policy
        + people_ldif("lin")
        + people_ldif("chen")
        + active_ldif("wang", 7, f"memberOf: {ACTIVE_CLERKS}\n")
        + active_ldif("zhao", 8)
        + group_ldif(CLERKS, f"uid=lin,{PEOPLE}")
        + group_ldif(CHIEFS, BIND)
        + group_ldif(ACTIVE_CLERKS, f"cn=wang,{ACTIVE}")
    )


@contextmanager
def staff_slapd(more: str = "") -> Iterator[Slapd]:
    """A running server with four people in it, and those of ``more``."""
    with slapd(_POLICY, _tree() + more) as server:
        try:
            yield server
        finally:
            while _OPENED:
                _OPENED.pop().close()


def openldap(server: Slapd, *, groups: Mapping[str, tuple[str, ...]] | None = None, **changes: Any) -> LdapStaffDirectory:
    """The people of OpenLDAP's kind; ``changes`` to where and how they are read."""
    groups = groups or {normal_dn(CLERKS): ("clerk",), normal_dn(CHIEFS): ("department_admin",)}
    settings = DirectorySettings("scjg", "114451008W15P11PMR", "潮州市市场监督管理局", groups)
    ldap = LdapSettings(
        urls=(f"ldaps://localhost:{server.port}",),
        base_dn=PEOPLE,
        bind_dn=BIND,
        password=BIND_PASSWORD,
        ca_file=server.folder / "tls.pem",
        schema=OPENLDAP,
        user_filter=OPENLDAP.people,
        lock_rule=LockRule("employeeType", ("离职", "left")),
        rest_seconds=0.0,
        page_size=2,
    )
    return _opened(LdapStaffDirectory(settings, replace(ldap, **changes)))


def active(server: Slapd, **changes: Any) -> LdapStaffDirectory:
    """The people of Active Directory's kind."""
    settings = DirectorySettings("rsj", "445100", "潮州市人力资源和社会保障局", {normal_dn(ACTIVE_CLERKS): ("clerk",)})
    own: dict[str, Any] = {"base_dn": ACTIVE, "schema": ACTIVE_DIRECTORY, "user_filter": ACTIVE_DIRECTORY.people}
    made = openldap(server, **own, **changes)
    return _opened(LdapStaffDirectory(settings, made._ldap))


def configure(config: Path, server: Slapd) -> None:
    """Have the node of a configuration file take its market department's staff from the server."""
    shutil.copy(server.folder / "tls.pem", config.parent / "scjg-ca.pem")
    (config.parent / "scjg.password").write_text(BIND_PASSWORD, encoding="utf-8")
    table = f"""
[[directories]]
name = "scjg"
organization = "潮州市市场监督管理局"
department = "114451008W15P11PMR"
urls = ["ldaps://localhost:{server.port}"]
base_dn = "{PEOPLE}"
bind_dn = "{BIND}"
password_file = "scjg.password"
ca_file = "scjg-ca.pem"
kind = "openldap"
lock_attribute = "employeeType"
lock_values = ["离职"]
groups = {{ "{CLERKS}" = ["clerk"] }}
"""
    config.write_text(config.read_text(encoding="utf-8") + table, encoding="utf-8")


def _opened(directory: LdapStaffDirectory) -> LdapStaffDirectory:
    _OPENED.append(directory)
    return directory
