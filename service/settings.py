"""The shape of a node's configuration file: one class a table, one field a key, each fault named where it stands.

Left to others: reading the file, resolving its paths, secrets (``config``), what is allowed (``policies``).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Word = Annotated[str, Field(min_length=1, max_length=100)]


class Table(BaseModel):
    """A table of the file: unknown keys refused, types exact, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NodeTable(Table):
    """Who the node is. ``county`` stands for counties only; ``url`` is the base of every address that it publishes."""

    code: Word
    name: Word
    url: Word
    province: Word
    city: Word | None = None
    county: Word | None = None


class ListenTable(Table):
    """Where the node listens. ``trusted_proxies``: addresses or networks whose X-Forwarded-For is believed; none by default.

    ``client_certificates``: these proxies set ``Client-Cert`` on every request, so it is believed too. A proxy that does not would hand
    on what the client wrote there. ``mutual_tls_url`` is where a proxy asks every client for its certificate, if that is another address than
    the node's (RFC 8705 5).
    """

    host: Word = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)]
    trusted_proxies: tuple[Word, ...] = ()
    client_certificates: bool = False
    mutual_tls_url: Word | None = None


class TlsTable(Table):
    """The certificate chain and the key (PEM files beside the configuration) with which the node itself speaks TLS, without a proxy."""

    certificate: Word
    key: Word


class DatabaseTable(Table):
    """The database's address; relative SQLite files lie beside the configuration. The environment overrides it."""

    url: Word


class KeysTable(Table):
    """The key store: encrypted files under a passphrase, or a PKCS#11 ``token`` (its label) behind a vendor's library ``module``.

    ``directory`` holds the key files; with a token, the secrets that only the token can open.
    """

    kind: Literal["files", "pkcs11"] = "files"
    directory: Word = "keys"
    passphrase_file: Word = "passphrase"  # noqa: S105 - a file's name
    module: Word | None = None
    token: Word | None = None
    pin_file: Word = "pin"

    @model_validator(mode="after")
    def _name_the_token(self) -> Self:
        if (self.kind == "pkcs11") != (self.module is not None and self.token is not None):
            message = "module and token belong to kind = 'pkcs11', which needs both"
            raise ValueError(message)
        return self


class DirectoryTable(Table):
    """The directory in which the node publishes its CAs: an ldaps address whose certificate ``ca_file`` vouches for."""

    url: Annotated[Word, Field(pattern=r"^ldaps://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]
    base_dn: Word
    bind_dn: Word
    password_file: Word
    ca_file: Word


_Text = Annotated[str, Field(min_length=1, max_length=1000)]


class StaffDirectoryTable(Table):
    """A department's directory of staff; ``name`` is the end of its people's usernames.

    ``department`` is its credit code, or an area code. Several ``urls`` are servers of one directory, tried in order. ``groups`` gives
    roles by a group's distinguished name; with ``groups_below`` also to whom it reaches through other groups below that entry.
    ``lock_attribute`` has one of ``lock_values`` for whoever is out.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,19}$")]
    organization: Word
    department: Annotated[str, Field(pattern=r"^([0-9A-Z]{18}|[0-9]{6})$")]
    urls: Annotated[
        tuple[Annotated[Word, Field(pattern=r"^ldaps?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")], ...], Field(min_length=1, max_length=8)
    ]
    base_dn: _Text
    bind_dn: _Text
    password_file: Word
    ca_file: Word
    kind: Literal["openldap", "active-directory"]
    user_filter: Annotated[_Text, Field(pattern=r"^\(.*\)$")] | None = None
    groups: dict[_Text, Annotated[tuple[Word, ...], Field(min_length=1)]] = {}
    groups_below: _Text | None = None
    lock_attribute: Annotated[Word, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")] | None = None
    lock_values: tuple[Word, ...] = ()
    seconds: Annotated[float, Field(gt=0, le=30)] = 5.0
    connections: Annotated[int, Field(ge=1, le=32)] = 2
    page_size: Annotated[int, Field(ge=10, le=1000)] = 500
    full_minutes: Annotated[int, Field(ge=1, le=1440)] = 60

    @model_validator(mode="after")
    def _say_what_locks(self) -> Self:
        if (self.lock_attribute is None) is not (not self.lock_values):
            message = "lock_attribute and lock_values belong together"
            raise ValueError(message)
        return self


class MailTable(Table):
    """The SMTP server for e-mail to people. Without TLS only on this machine; ``ca_file`` vouches for its certificate, or the system's CAs."""

    host: Word
    port: Annotated[int, Field(ge=1, le=65535)]
    sender: Word
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: Word | None = None
    password_file: Word | None = None
    ca_file: Word | None = None

    @model_validator(mode="after")
    def _guard(self) -> Self:
        if self.tls == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            message = "a server elsewhere is spoken to over TLS"
            raise ValueError(message)
        if (self.username is None) != (self.password_file is None):
            message = "username and password_file belong together"
            raise ValueError(message)
        return self


class SmsTable(Table):
    """The SMS gateway; what it is sent is told in the operations manual."""

    url: Word
    key_file: Word


class RegisterTable(Table):
    """A register of others: a CSV ``file`` beside the configuration, a server at ``url`` that is shown the secret in ``key_file``, or a database.

    There it is a ``table`` or a view, whose ``columns`` may be called otherwise than here; ``password_file`` has the password.
    """

    file: Word | None = None
    url: Word | None = None
    key_file: Word | None = None
    database: Annotated[str, Field(min_length=1, max_length=400)] | None = None
    password_file: Word | None = None
    # Lengths apart from patterns: of "\w{1,63}" pydantic's engine makes 4 MB, a state for each of Unicode's ranges 63 times over.
    table: Annotated[str, Field(max_length=127, pattern=r"^\w+(\.\w+)?$")] | None = None
    columns: dict[Word, Annotated[str, Field(max_length=63, pattern=r"^\w+$")]] = {}
    seconds: Annotated[float, Field(gt=0, le=10)] = 5.0

    @model_validator(mode="after")
    def _choose_one(self) -> Self:
        ways = [one for one in (self.file, self.url, self.database) if one is not None]
        belongs = (self.url is None) == (self.key_file is None) and (self.database is None) == (self.table is None)
        if len(ways) != 1 or not belongs or (self.database is None and (self.password_file or self.columns)):
            message = "either file, or url with key_file, or database with table"
            raise ValueError(message)
        return self


class DocumentChecksTable(Table):
    """Whoever compares documents and faces, at ``url``; the key in ``signer_file`` (a public JWK) signs the answers."""

    url: Word
    key_file: Word
    signer_file: Word
    seconds: Annotated[float, Field(gt=0, le=10)] = 5.0


class RegistersTable(Table):
    """Which registers are asked; how, is told in docs/registers.md."""

    population: RegisterTable | None = None
    legal_persons: RegisterTable | None = None
    documents: DocumentChecksTable | None = None


class QueueTable(Table):
    """The queue of the workers: Redis where there are several machines, named by address; its password stands in a file."""

    redis: Annotated[str, Field(pattern=r"^rediss?://[A-Za-z0-9.:\[\]-]+(/[0-9]{1,3})?$", max_length=200)]
    password_file: Word | None = None


class LimitsTable(Table):
    """Where page floods are counted together: ``redis`` is a redis:// address; without one each process counts by itself."""

    redis: Annotated[str, Field(pattern=r"^rediss?://[^@/\s]+(/[0-9]+)?$")] | None = None


class PoliciesTable(Table):
    """A folder whose documents replace the packaged ones."""

    directory: Word


class Settings(Table):
    """The configuration file as it is written."""

    node: NodeTable
    listen: ListenTable
    database: DatabaseTable
    keys: KeysTable = KeysTable()
    policies: PoliciesTable | None = None
    directory: DirectoryTable | None = None
    directories: tuple[StaffDirectoryTable, ...] = ()
    tls: TlsTable | None = None
    mail: MailTable | None = None
    sms: SmsTable | None = None
    registers: RegistersTable = RegistersTable()
    queue: QueueTable | None = None
    limits: LimitsTable = LimitsTable()

    @model_validator(mode="after")
    def _name_directories_apart(self) -> Self:
        names = [each.name for each in self.directories]
        if len(names) != len(set(names)):
            message = "two [[directories]] have one name"
            raise ValueError(message)
        return self
