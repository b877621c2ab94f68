"""A certification authority that is no node of ours, made by the openssl program: root, issuing CA, leaves, revocation lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from tests.support.pki import OpenSsl

HIGH, LOW = "1.2.156.9999.1.3", "1.2.156.9999.1.1"
"""Its policies' OIDs."""
COMPANY = (("C", "CN"), ("O", "广东某电子认证有限公司"))
CUSTOMERS = (("C", "CN"), ("O", "客户"))

_CONFIG = """
[ca]
default_ca = this
[this]
dir = .
database = $dir/{name}.txt
serial = $dir/{name}.serial
crlnumber = $dir/{name}.number
new_certs_dir = $dir
default_md = sha256
policy = any
unique_subject = no
string_mask = utf8only
crl_extensions = crl
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = supplied
[req]
distinguished_name = dn
string_mask = utf8only
[dn]
[crl]
authorityKeyIdentifier = keyid
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[issuing]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = {high}, {low}
[leaf]
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = {policy}
"""


@dataclass
class OutsideCa:
    """The CA in a folder of its own; its certificates are valid for a year around ``now``."""

    openssl: OpenSsl
    now: datetime

    @classmethod
    def make(cls, folder: Path, now: datetime) -> OutsideCa:
        """Set up root, issuing CA and their first lists."""
        made = cls(OpenSsl(folder), now)
        for name in ("root", "issuing"):
            made.openssl.file(f"{name}.txt", b"")
            made.openssl.file(f"{name}.serial", b"1000\n")
            made.openssl.file(f"{name}.number", b"01\n")
        made._sign("root", "root", "root", (*COMPANY, ("CN", "某认证根")))
        made._sign("issuing", "root", "issuing", (*COMPANY, ("CN", "某认证签发")))
        return made

    @property
    def bundle(self) -> bytes:
        """Root and issuing CA in PEM."""
        return b"".join((self.openssl.folder / f"{name}.pem").read_bytes() for name in ("root", "issuing"))

    def pkcs7(self) -> bytes:
        """The same as PKCS#7 (.p7b, DER)."""
        options = ("-certfile", "root.pem", "-certfile", "issuing.pem")
        self._run("crl2pkcs7", "-nocrl", *options, "-outform", "DER", "-out", "bundle.p7b")
        return (self.openssl.folder / "bundle.p7b").read_bytes()

    def leaf(self, name: str, policy: str = HIGH, *, names: tuple[tuple[str, str], ...] = CUSTOMERS) -> x509.Certificate:
        """A customer's certificate under a policy."""
        return self._sign(name, "issuing", "leaf", (*names, ("CN", name)), policy)

    def revoke(self, name: str) -> None:
        """Revoke what was issued under ``name``."""
        self._run(
            "ca",
            "-config",
            self._config("issuing"),
            "-name",
            "this",
            "-keyfile",
            "issuing.key",
            "-cert",
            "issuing.pem",
            "-revoke",
            f"{name}.pem",
        )

    def crl(self, ca: str) -> bytes:
        """A new list of ``root`` or ``issuing``, DER."""
        last, following = _time(self.now), _time(self.now + timedelta(days=7))
        config, signer = self._config(ca), ("-keyfile", f"{ca}.key", "-cert", f"{ca}.pem")
        self._run(
            "ca", "-config", config, "-gencrl", *signer, "-crl_lastupdate", last, "-crl_nextupdate", following, "-out", "crl.pem"
        )
        self._run("crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der")
        return (self.openssl.folder / "crl.der").read_bytes()

    def _sign(self, name: str, ca: str, kind: str, names: tuple[tuple[str, str], ...], policy: str = HIGH) -> x509.Certificate:
        subject = "".join(f"/{short}={value}" for short, value in names)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key")
        config = self._config(ca, policy)
        self._run("req", "-new", "-config", config, "-utf8", "-subj", subject, *key, "-out", f"{name}.csr")
        signer = ("-selfsign", "-keyfile", f"{name}.key") if name == ca else ("-keyfile", f"{ca}.key", "-cert", f"{ca}.pem")
        dates = ("-startdate", _time(self.now - timedelta(days=1)), "-enddate", _time(self.now + timedelta(days=365)))
        options = ("-batch", "-notext", "-utf8", "-preserveDN", "-extensions", kind, *dates)
        self._run("ca", "-config", config, *signer, *options, "-in", f"{name}.csr", "-out", f"{name}.pem")
        return x509.load_pem_x509_certificate((self.openssl.folder / f"{name}.pem").read_bytes())

    def _config(self, ca: str, policy: str = HIGH) -> str:
        text = _CONFIG.format(name=ca, high=HIGH, low=LOW, policy=policy)
        return self.openssl.file("openssl.cnf", text.encode())

    def _run(self, *arguments: str) -> None:
        done = self.openssl.run(*arguments)
        assert done.returncode == 0, done.stderr.decode()


def _time(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%SZ")
