"""EST over real TLS: the node's own, and nginx in front that asks for certificates; asked with what openssl and curl make."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import policies
from pki import authority
from service.cli import cli
from service.config import load_config
from service.wiring import Services
from tests.support import nginx
from tests.support.demo import stop
from tests.support.new_nodes import new_node
from tests.support.pki import chain_of, pem
from tests.support.ports import free_port
from tests.support.programs import need

HOST = "node.chaoxin.test"
SUBJECT = "/C=CN/ST=广东省/L=潮州市/O=饶平县/OU=市场监督管理局/CN=rp.chaoxin.test"


@dataclass
class Node:
    """A node that speaks TLS itself, under a certificate of its own CA, with nginx before it."""

    folder: Path
    port: int
    front: int

    def run(self, *command: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run(command, cwd=self.folder, input=stdin, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, (command, done.stderr, done.stdout)
        return done.stdout

    @property
    def config(self) -> Path:
        return self.folder / "node" / "chaoxin.toml"

    def openssl(self, *arguments: str, stdin: bytes = b"") -> bytes:
        return self.run(need("openssl", "openssl"), *arguments, stdin=stdin)

    def request(self, key: str) -> None:
        """Write a request in the form that EST carries."""
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{key}.key")
        names = ("-addext", "subjectAltName=DNS:rp.chaoxin.test")
        der = self.openssl("req", "-new", "-utf8", "-key", f"{key}.key", "-subj", SUBJECT, *names, "-outform", "DER")
        (self.folder / f"{key}.b64").write_bytes(base64.encodebytes(der))

    def curl(self, port: int, path: str, *more: str) -> bytes:
        url = f"https://{HOST}:{port}/.well-known/est/{path}"
        options = (
            "--silent",
            "--show-error",
            "--max-time",
            "30",
            "--cacert",
            "anchor.pem",
            "--resolve",
            f"{HOST}:{port}:127.0.0.1",
        )
        return self.run(need("curl", "curl"), *options, *more, url)

    def certificates(self, answer: bytes) -> bytes:
        der = base64.b64decode(answer)
        return self.openssl("pkcs7", "-inform", "DER", "-print_certs", stdin=der)


def post(body: str) -> tuple[str, ...]:
    return ("--fail-with-body", "--data-binary", f"@{body}", "-H", "Content-Type: application/pkcs10", "-H", "Expect:")


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    with (folder / f"log-{port}").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        probe = [need("curl", "curl"), "--silent", "--max-time", "2", "--insecure", f"https://localhost:{port}/healthz"]
        deadline = time.monotonic() + 300
        while subprocess.run(probe, capture_output=True, check=False).returncode != 0:
            assert process.poll() is None, (folder / f"log-{port}").read_text()
            assert time.monotonic() < deadline, (folder / f"log-{port}").read_text()
            time.sleep(0.05)
        yield
    finally:
        stop(process)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    made = Node(tmp_path_factory.mktemp("est"), free_port(), free_port())
    new_node(made.folder / "node", port=made.port, url=f"https://{HOST}:{made.front}")
    key = ec.generate_private_key(ec.SECP256R1())
    (made.folder / "server.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with Services(load_config(made.config)) as services:
        subject = (*services.node.names, ("CN", "node"))
        leaf = authority.issue(services.pki, "tls_server", subject, key.public_key(), dns_names=(HOST,))
        anchor, issuing = chain_of(services.pki)
    (made.folder / "anchor.pem").write_bytes(anchor)
    (made.folder / "chain.pem").write_bytes(pem(leaf) + issuing)
    configure(made)
    server = [sys.executable, "-m", "service.cli", "--config", "node/chaoxin.toml", "serve"]
    proxy = nginx.command(
        made.folder,
        made.front,
        node=f"https://127.0.0.1:{made.port}",
        certificate="chain.pem",
        key="server.key",
        more=("proxy_ssl_protocols TLSv1.3", "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for"),
    )
    with running(server, made.folder, made.port), running(proxy, made.folder, made.front):
        yield made


def configure(node: Node) -> None:
    """Let the node speak TLS itself, believe the proxy, and have servers renewed at any time in their lives."""
    listen = '[listen]\ntrusted_proxies = ["127.0.0.1"]\nclient_certificates = true'
    text = node.config.read_text(encoding="utf-8").replace("[listen]", listen)
    tables = '\n[tls]\ncertificate = "../chain.pem"\nkey = "../server.key"\n[policies]\ndirectory = "policies"\n'
    node.config.write_text(text + tables, encoding="utf-8")
    (node.folder / "node" / "policies").mkdir()
    rules = (Path(policies.__path__[0]) / "defaults" / "certificates.toml").read_text(encoding="utf-8")
    before, profile, after = rules.partition("[profiles.tls_server]")
    relaxed = before + profile + after.replace("renewal_days = 30", "renewal_days = 90", 1)
    (node.folder / "node" / "policies" / "certificates.toml").write_text(relaxed, encoding="utf-8")


def test_the_cas_come_from_the_node_itself_and_through_the_proxy(node: Node) -> None:
    for port in (node.port, node.front):
        told = node.certificates(node.curl(port, "cacerts")).decode()
        assert told.count("BEGIN CERTIFICATE") == 2
    parsed = node.openssl("asn1parse", "-inform", "DER", stdin=base64.b64decode(node.curl(node.port, "csrattrs")))
    assert b"prime256v1" in parsed


def test_a_server_enrols_by_invitation_and_renews_by_the_certificate(node: Node) -> None:
    wish = ("--profile", "tls_server", "--subject", "OU=市场监督管理局,CN=rp.chaoxin.test", "--dns", "rp.chaoxin.test")
    done = CliRunner().invoke(cli, ["--config", str(node.config), "cert", "invite", *wish, "--yes", "--json"])
    invited = json.loads(done.output)
    node.request("first")
    (node.folder / "netrc").write_text(f"machine {HOST} login {invited['name']} password {invited['secret']}\n")
    given = node.curl(node.port, "simpleenroll", "--netrc-file", "netrc", *post("first.b64"))
    first = node.certificates(given)
    (node.folder / "first.pem").write_bytes(first)
    (node.folder / "bundle.pem").write_bytes(node.certificates(node.curl(node.port, "cacerts")))
    verified = node.openssl("verify", "-x509_strict", "-CAfile", "anchor.pem", "-untrusted", "bundle.pem", "first.pem")
    assert verified == b"first.pem: OK\n"

    # Through the proxy, which has seen the handshake; who shows no certificate there, or only claims to, is refused.
    node.request("second")
    second = node.certificates(
        node.curl(node.front, "simplereenroll", "--cert", "first.pem", "--key", "first.key", *post("second.b64"))
    )
    keys = [node.openssl("x509", "-noout", "-pubkey", stdin=one) for one in (first, second)]
    assert keys[0] != keys[1] == node.openssl("pkey", "-in", "second.key", "-pubout")
    claim = f"Client-Cert: :{base64.b64encode(node.openssl('x509', '-outform', 'DER', stdin=first)).decode()}:"
    for more in ((), ("-H", claim)):
        assert refusal(node, *more) == ("holder_unproven", 403)


def refusal(node: Node, *more: str) -> tuple[object, object]:
    asked = ("--data-binary", "@second.b64", "-H", "Content-Type: application/pkcs10")
    answer = json.loads(node.curl(node.front, "simplereenroll", *more, *asked))
    return answer["code"], answer["status"]
