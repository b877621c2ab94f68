"""A directory server that is not ours: OpenLDAP in a temporary folder, over TLS only, on a free port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from textwrap import dedent

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crosscert.directory.ldap import LdapDirectory
from tests.support.ports import free_port
from tests.support.programs import need

BASE = "ou=pki,o=chaozhou"
BIND = "cn=node,o=chaozhou"
PASSWORD = "directory-secret"
_START_SECONDS = 300.0
_INTEGER = "EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE"
_STRING = "EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE"
_ATTRIBUTES = {
    "4.221 NAME 'sAMAccountName'": _STRING,
    "4.782 NAME 'objectCategory'": _STRING,
    "2.141 NAME 'department'": _STRING,
    "4.8 NAME 'userAccountControl'": _INTEGER,
    "4.662 NAME 'lockoutTime'": _INTEGER,
    "4.159 NAME 'accountExpires'": _INTEGER,
    "2.120 NAME 'uSNChanged'": _INTEGER,
    "4.2 NAME 'objectGUID'": "EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE",
    "2.102 NAME 'memberOf'": "EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12",
}
_ACTIVE = (
    "".join(f"attributetype ( 1.2.840.113556.1.{name} {rest} )\n" for name, rest in _ATTRIBUTES.items())
    + "objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY ( sAMAccountName $ objectCategory $ department"
    " $ userAccountControl $ lockoutTime $ accountExpires $ uSNChanged $ objectGUID $ memberOf ) )\n"
)
"""Of Active Directory's schema what is read of people there; its own rules are finer, its answers look the same."""


@dataclass
class Slapd:
    """A running server. ``stop`` and ``start`` take it away and bring it back with what it holds."""

    folder: Path
    port: int
    plain_port: int
    _process: subprocess.Popen[bytes] | None = None

    @property
    def directory(self) -> LdapDirectory:
        return LdapDirectory(f"ldaps://localhost:{self.port}", BASE, BIND, PASSWORD, self.folder / "tls.pem")

    def start(self) -> None:
        command = [
            need("slapd", "slapd"),
            "-f",
            str(self.folder / "slapd.conf"),
            "-h",
            f"ldaps://localhost:{self.port} ldap://localhost:{self.plain_port}",
            "-d",
            "0",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + _START_SECONDS
        while self.search("(ou=pki)", check=False).returncode != 0:
            if time.monotonic() > end or self._process.poll() is not None:
                pytest.fail("slapd did not start", pytrace=False)
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            self._process = None

    def change(self, ldif: str) -> None:
        """Change entries as the database's owner."""
        command = [need("ldapmodify", "ldap-utils"), "-x", "-H", f"ldaps://127.0.0.1:{self.port}", "-D", BIND, "-w", PASSWORD]
        environment = {**os.environ, "LDAPTLS_CACERT": str(self.folder / "tls.pem")}
        subprocess.run(command, input=dedent(ldif), env=environment, capture_output=True, text=True, check=True)

    def search(
        self, filter_: str, *attributes: str, base: str = "o=chaozhou", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Ask with OpenLDAP's own client, as anybody may; it takes localhost for the machine's name, hence the address."""
        command = [need("ldapsearch", "ldap-utils"), "-x", "-LLL", "-o", "ldif-wrap=no", "-H", f"ldaps://127.0.0.1:{self.port}"]
        environment = {**os.environ, "LDAPTLS_CACERT": str(self.folder / "tls.pem")}
        return subprocess.run(
            [*command, "-b", base, filter_, *attributes], env=environment, capture_output=True, text=True, check=check
        )


@contextmanager
def slapd(more: str = "", content: str = "") -> Iterator[Slapd]:
    """A server with an empty subtree in which the node may write. ``more``: what else stands in its configuration, for its database."""
    folder = Path(tempfile.mkdtemp(prefix="chaoxin-slapd-"))
    server = Slapd(folder, free_port(), free_port())
    try:
        make_tls(folder / "tls.pem", folder / "tls.key")
        (folder / "db").mkdir()
        (folder / "active.schema").write_text(_ACTIVE, encoding="utf-8")
        (folder / "slapd.conf").write_text(_configuration(folder, more), encoding="utf-8")
        tree = (
            f"dn: o=chaozhou\nobjectClass: organization\no: chaozhou\n\ndn: {BASE}\nobjectClass: organizationalUnit\nou: pki\n\n"
        )
        add = [need("slapadd", "slapd"), "-q", "-f", str(folder / "slapd.conf")]
        subprocess.run(add, input=tree + content, text=True, check=True, capture_output=True)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def make_tls(certificate: Path, key_file: Path, host: str = "localhost", *, ended: bool = False) -> None:
    """A server certificate that vouches for itself, good today or ``ended`` a minute ago."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    names = [x509.DNSName(host), *([x509.IPAddress(ip_address("127.0.0.1"))] if host == "localhost" else [])]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + (timedelta(minutes=-1) if ended else timedelta(days=1)))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _configuration(folder: Path, more: str) -> str:
    return (
        dedent(
            f"""
        include /etc/ldap/schema/core.schema
        include /etc/ldap/schema/cosine.schema
        include /etc/ldap/schema/inetorgperson.schema
        include /etc/ldap/schema/nis.schema
        include {folder}/active.schema
        modulepath /usr/lib/ldap
        moduleload back_mdb
        moduleload ppolicy
        pidfile {folder}/pid
        TLSCertificateFile {folder}/tls.pem
        TLSCertificateKeyFile {folder}/tls.key
        TLSCACertificateFile {folder}/tls.pem
        database mdb
        maxsize 268435456
        suffix "o=chaozhou"
        directory {folder}/db
        index objectClass,ou,uid,sAMAccountName,modifyTimestamp,uSNChanged eq
        rootdn "{BIND}"
        rootpw {PASSWORD}
        access to attrs=userPassword by anonymous auth by * none
        access to * by * read
        """
        )
        + more
    )
