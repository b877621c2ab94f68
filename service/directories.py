"""Departments' directories of staff, made of the configuration. Left to others: how they are read (``idp.directories``)."""

from __future__ import annotations

from idp.directories.ldap import LdapStaffDirectory
from idp.directories.schemas import SCHEMAS, LockRule, normal_dn
from idp.directories.settings import LdapSettings
from idp.records import DirectorySettings
from kernel.errors import Misuse
from policies.assurance_models import DirectoryRules
from service.config import Config
from service.errors import CONFIG_INVALID
from service.settings import StaffDirectoryTable


def make_directory(config: Config, table: StaffDirectoryTable, rules: DirectoryRules) -> LdapStaffDirectory:
    """Return the directory that a table describes; ``Misuse`` naming the key of what is wrong with it."""
    where = f"directories.{table.name}"
    for group, roles in table.groups.items():
        for role in roles:
            if role not in rules.roles:
                problem = f"{where}.groups: {role!r} of {group} is no role that policies let directories give"
                raise Misuse(CONFIG_INVALID, field=f"{where}.groups", file=str(config.file), problem=problem)
        if table.groups_below is not None and not normal_dn(group).endswith("," + normal_dn(table.groups_below)):
            problem = f"{where}.groups: {group} is not below groups_below, {table.groups_below}"
            raise Misuse(CONFIG_INVALID, field=f"{where}.groups", file=str(config.file), problem=problem)
    settings = DirectorySettings(
        name=table.name,
        department=table.department,
        organization=table.organization,
        groups={normal_dn(group): roles for group, roles in table.groups.items()},
        full_minutes=table.full_minutes,
    )
    schema = SCHEMAS[table.kind]
    ldap = LdapSettings(
        urls=table.urls,
        base_dn=table.base_dn,
        bind_dn=table.bind_dn,
        password=config.secret(f"{where}.password_file", table.password_file),
        ca_file=config.directory / table.ca_file,
        schema=schema,
        user_filter=table.user_filter or schema.people,
        lock_rule=None if table.lock_attribute is None else LockRule(table.lock_attribute, table.lock_values),
        seconds=table.seconds,
        pool_size=table.connections,
        page_size=table.page_size,
        groups_below=table.groups_below,
    )
    return LdapStaffDirectory(settings, ldap)
