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
_START_SECONDS = 20.0


@dataclass
class Slapd:
    """A running server. ``stop`` and ``start`` take it away and bring it back with what it holds."""

    folder: Path
    port: int
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
            f"ldaps://localhost:{self.port}",
            "-d",
            "0",
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + _START_SECONDS
        while self.search("(objectClass=*)", check=False).returncode != 0:
            if time.monotonic() > end or self._process.poll() is not None:
                pytest.fail("slapd did not start", pytrace=False)
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
            self._process = None

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
def slapd() -> Iterator[Slapd]:
    """A server with an empty subtree in which the node may write."""
    folder = Path(tempfile.mkdtemp(prefix="chaoxin-slapd-"))
    server = Slapd(folder, free_port())
    try:
        make_tls(folder / "tls.pem", folder / "tls.key")
        (folder / "db").mkdir()
        (folder / "slapd.conf").write_text(_configuration(folder), encoding="utf-8")
        content = (
            f"dn: o=chaozhou\nobjectClass: organization\no: chaozhou\n\ndn: {BASE}\nobjectClass: organizationalUnit\nou: pki\n"
        )
        add = [need("slapadd", "slapd"), "-f", str(folder / "slapd.conf")]
        subprocess.run(add, input=content, text=True, check=True, capture_output=True)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def make_tls(certificate: Path, key_file: Path, host: str = "localhost") -> None:
    """A server certificate that vouches for itself."""
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
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _configuration(folder: Path) -> str:
    return dedent(
        f"""
        include /etc/ldap/schema/core.schema
        include /etc/ldap/schema/cosine.schema
        modulepath /usr/lib/ldap
        moduleload back_mdb
        pidfile {folder}/pid
        TLSCertificateFile {folder}/tls.pem
        TLSCertificateKeyFile {folder}/tls.key
        TLSCACertificateFile {folder}/tls.pem
        database mdb
        maxsize 67108864
        suffix "o=chaozhou"
        directory {folder}/db
        rootdn "{BIND}"
        rootpw {PASSWORD}
        access to * by * read
        """
    )
