"""The node, put together: every room's dependencies are built here, once, when they are first asked for.

Left to others: HTTP (``app``), commands (``cli``), scheduled work (``jobs``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

import sqlalchemy as sa
import structlog

import idp.openapi
from crosscert.addresses import is_on_this_machine
from crosscert.directory.publication import Directory
from crosscert.http import RequestsFetcher
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.storage import SqlCrosscertRecords
from crosscert.trust import Trust
from idp.ports import IdpDeps, IdpRecords
from idp.storage import SqlIdpRecords
from idp.views import Visitors
from kernel.clock import SystemClock
from kernel.nodes import Node
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.storage import SqlLicenseRecords
from licenses.transparency.witness import LogWitness
from pki.keyfiles import FileKeyStore
from pki.pkcs11 import Token
from pki.pkcs11_store import TokenKeyStore
from pki.ports import KeyStore, PkiDeps, PkiRecords
from pki.storage import GenerationReader, SqlPkiRecords
from pki.vault import Vault
from policies.in_force import Looked, PoliciesInForce
from policies.licenses import latest_types
from policies.models import Policies
from service.adapters import HeldLicenses, LicenseVisitors, requesting_address
from service.audit import AuditJournal
from service.audit_spool import AuditSpool
from service.background import Background
from service.config import Config
from service.engine import make_engine
from service.failed_jobs import FailedJobs
from service.forensics import Forensics
from service.messengers import make_messengers
from service.registers import make_registers
from service.typesetting import Typesetting
from service.unit_of_work import SqlUnitOfWork

if TYPE_CHECKING:
    from idp.directories.ldap import LdapStaffDirectory

_log = structlog.get_logger()


class Services:
    """Everything of one running node. A context manager: leaving it closes the database."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = SystemClock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if "background" in self.__dict__:
            self.background.close()
        if "forensics" in self.__dict__:
            self.forensics.close()
        if "typesetting" in self.__dict__:
            self.typesetting.close()
        if "generation" in self.__dict__:
            self.generation.close()
        for directory in self.__dict__.get("staff_directories", {}).values():
            directory.close()
        if "spool" in self.__dict__:
            self.spool.close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    @property
    def node(self) -> Node:
        """Who this node is."""
        return self.config.node

    @cached_property
    def policies(self) -> Policies:
        """What is allowed here, as it was when the process started; a fault in a document stops the start."""
        return self.in_force.at_start

    @cached_property
    def in_force(self) -> PoliciesInForce:
        """The same, with the licence types that came since."""
        return PoliciesInForce(self.config.policies_directory, self.clock, _tell_of_types)

    @cached_property
    def engine(self) -> sa.Engine:
        """The database."""
        return make_engine(self.config.database_url)

    @cached_property
    def spool(self) -> AuditSpool:
        """Audit events on their way into the trail."""
        return AuditSpool(self.config.spool_directory, self.engine)

    @cached_property
    def keys(self) -> KeyStore:
        """The key store, unlocked."""
        table = self.config.settings.keys
        if table.module is not None and table.token is not None:
            token = Token(self.config.directory / table.module, table.token, self.config.pin)
            return TokenKeyStore(token, self.config.keys_directory)
        return FileKeyStore(self.config.keys_directory, self.config.passphrase())

    @cached_property
    def vault(self) -> Vault:
        """Encrypts personal data."""
        return Vault(self.keys)

    @cached_property
    def pki(self) -> PkiDeps:
        """What the CA needs."""
        work: SqlUnitOfWork[PkiRecords] = SqlUnitOfWork(self.engine, SqlPkiRecords)
        return PkiDeps(
            node=self.node,
            policies=self.policies.certificates,
            keys=self.keys,
            clock=self.clock,
            work=work,
            generation=self.generation,
        )

    @cached_property
    def generation(self) -> GenerationReader:
        """Tells whether any certificate's status has changed."""
        return GenerationReader(self.engine)

    @cached_property
    def crosscert(self) -> CrosscertDeps:
        """What cross-certification needs."""
        work: SqlUnitOfWork[CrosscertRecords] = SqlUnitOfWork(self.engine, SqlCrosscertRecords)
        return CrosscertDeps(
            node=self.node,
            policies=self.policies.certificates,
            pki=self.pki,
            clock=self.clock,
            work=work,
            # Others name their addresses, a bridge its members': none of them is this machine, but where all nodes are.
            fetch=RequestsFetcher(outward=not is_on_this_machine(self.node.url)),
            find_license_types=lambda: latest_types(self.in_force.licenses),
            witness=LogWitness(lambda: self.licenses),
        )

    @cached_property
    def directory(self) -> Directory | None:
        """Where the CAs are published, if the configuration names a directory."""
        table = self.config.settings.directory
        if table is None:
            return None
        from crosscert.directory.ldap import LdapDirectory  # noqa: PLC0415 - a node without one does not load the library

        password = self.config.secret("directory.password_file", table.password_file)
        return LdapDirectory(table.url, table.base_dn, table.bind_dn, password, self.config.directory / table.ca_file)

    @cached_property
    def staff_directories(self) -> Mapping[str, LdapStaffDirectory]:
        """The departments' directories of staff by name; ``Misuse`` when a role is given that policies don't let them give."""
        tables = self.config.settings.directories
        if not tables:
            return {}
        from service.directories import make_directory  # noqa: PLC0415 - a node without one does not load the library

        return {table.name: make_directory(self.config, table, self.policies.assurance.directories) for table in tables}

    @cached_property
    def trust(self) -> Trust:
        """Finds paths from the node's own anchor."""
        return Trust(self.crosscert)

    @cached_property
    def licenses(self) -> LicenseDeps:
        """What the licence library and the verification service need."""
        work: SqlUnitOfWork[LicenseRecords] = SqlUnitOfWork(
            self.engine, lambda connection: SqlLicenseRecords(connection, self.vault)
        )
        return LicenseDeps(
            node=self.node,
            policies=self.in_force,
            pki=self.pki,
            trust=self.trust,
            vault=self.vault,
            clock=self.clock,
            work=work,
            visitors=LicenseVisitors(lambda: self.visitors),
            described=idp.openapi.describe,
            take_apart=self.forensics,
            templates=self.typesetting,
        )

    @cached_property
    def forensics(self) -> Forensics:
        """Takes outsiders' PDFs apart in processes of its own."""
        return Forensics(self.policies.licenses.verification, requesting_address)

    @cached_property
    def typesetting(self) -> Typesetting:
        """The node's own licence templates."""
        return Typesetting(self.config.policies_directory)

    @cached_property
    def idp(self) -> IdpDeps:
        """What the OpenID Provider needs."""
        work: SqlUnitOfWork[IdpRecords] = SqlUnitOfWork(self.engine, SqlIdpRecords)
        return IdpDeps(
            node=self.node,
            policies=self.policies,
            keys=self.keys,
            pki=self.pki,
            vault=self.vault,
            clock=self.clock,
            work=work,
            holder_licenses=HeldLicenses(lambda: self.licenses),
            journal=AuditJournal(self.engine),
            spool=self.spool,
            # Clients name their addresses: none of them is this machine, but where all of it is only shown or tested.
            fetch=RequestsFetcher(outward=not is_on_this_machine(self.node.url)),
            trust=self.trust,
            client_certificates=self.config.settings.listen.client_certificates,
            mutual_tls_url=self.config.settings.listen.mutual_tls_url,
            soon=self.background,
            directories=self.staff_directories,
            messengers=make_messengers(self.config),
            registers=make_registers(self.config),
        )

    @cached_property
    def failed_jobs(self) -> FailedJobs:
        """What the worker's jobs failed at."""
        return FailedJobs(self.engine, self.clock)

    @cached_property
    def background(self) -> Background:
        """Does what no request waits for."""
        return Background()

    @cached_property
    def visitors(self) -> Visitors:
        """Who is asking, by the session cookie of the current request."""
        return Visitors(self.idp)


def _tell_of_types(looked: Looked) -> None:
    for kind in looked.added:
        _log.info("license_type_in_force", type_code=kind.code, version=kind.version)
    if looked.fault is not None:
        _log.error("license_types_not_taken", code=looked.fault.code, problem=looked.fault.text.en)
