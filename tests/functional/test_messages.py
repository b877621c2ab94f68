"""Messages to people over real servers: an SMTP server with and without TLS, an SMS gateway in a process of its own."""

from __future__ import annotations

import email
import email.policy
import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crosscert.http import RequestsFetcher
from idp.connectors.sms import SmsMessenger
from idp.connectors.smtp import SmtpMessenger
from kernel.errors import Refusal
from tests.support.ports import free_port

SENDER, READER = "node@example.cn", "citizen@example.cn"


class Box(Message):
    """Keeps what arrives; the codes among it are taken out one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: list[Any] = []
        self.codes: SimpleQueue[str] = SimpleQueue()

    def handle_message(self, message: Any) -> None:
        arrived = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
        self.arrived.append(arrived)
        if found := re.search(r"验证码 (\d{6})", arrived.get_content()):
            self.codes.put(found[1])


@contextmanager
def smtp_server(**options: Any) -> Iterator[tuple[Box, int]]:
    box, port = Box(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=60, **options)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost that vouches for itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=localhost")
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = builder.sign(key, hashes.SHA256())
    file, key_file = tmp_path / "mail.pem", tmp_path / "mail.key"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key_file)
    return file, context


def test_a_message_arrives_over_tls_from_a_server_that_proves_itself(certificate: tuple[Path, ssl.SSLContext]) -> None:
    ca_file, context = certificate
    with smtp_server(tls_context=context, require_starttls=True) as (box, port):
        SmtpMessenger("localhost", port, SENDER, "starttls", ca_file=ca_file).send(READER, "验证码", "123456")
        (arrived,) = box.arrived
        assert (arrived["From"], arrived["To"], arrived["Subject"]) == (SENDER, READER, "验证码")
        assert arrived.get_content().strip() == "123456"
        for messenger in (
            SmtpMessenger("localhost", port, SENDER, "starttls"),  # nobody vouches for it
            SmtpMessenger("127.0.0.1", port, SENDER, "starttls", ca_file=ca_file),  # another name
            SmtpMessenger("localhost", port, SENDER, "none"),  # it wants TLS
        ):
            with pytest.raises(Refusal, match="message_undelivered"):
                messenger.send(READER, "x", "x")
        assert len(box.arrived) == 1


def test_a_server_without_tls_is_not_written_to_but_on_this_machine() -> None:
    with smtp_server() as (box, port):
        SmtpMessenger("127.0.0.1", port, SENDER, "none").send(READER, "x", "x")
        for messenger in (SmtpMessenger("127.0.0.1", port, SENDER), SmtpMessenger("mail.example.cn", port, SENDER, "none")):
            with pytest.raises(Refusal, match="message_undelivered"):
                messenger.send(READER, "x", "x")
        for address in ("a@b\nBcc: c@example.cn", ""):
            with pytest.raises(Refusal, match="message_undelivered"):
                SmtpMessenger("127.0.0.1", port, SENDER, "none").send(address, "x", "x")
        assert len(box.arrived) == 1
    with pytest.raises(Refusal, match="message_undelivered"):
        SmtpMessenger("127.0.0.1", port, SENDER, "none").send(READER, "x", "x")


GATEWAY = """
import http.server, sys
class Gateway(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        print(body.decode(), flush=True)
        self.send_response(202 if b'"key": "right"' in body else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_): pass
print("ready", flush=True) if (server := http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Gateway)) else None
server.serve_forever()
"""


def test_an_sms_is_handed_to_the_gateway_with_its_key() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/send"
    with pytest.raises(Refusal, match="message_undelivered"):
        SmsMessenger(RequestsFetcher(), url, "right").send("13800000001", "", "123456")
    process = subprocess.Popen([sys.executable, "-c", GATEWAY, str(port)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        SmsMessenger(RequestsFetcher(), url, "right").send("13800000001", "", "验证码123456")
        assert json.loads(process.stdout.readline()) == {"key": "right", "to": "13800000001", "text": "验证码123456"}
        with pytest.raises(Refusal, match="message_undelivered"):
            SmsMessenger(RequestsFetcher(), url, "wrong").send("13800000001", "", "x")
    finally:
        process.terminate()
        process.communicate()
