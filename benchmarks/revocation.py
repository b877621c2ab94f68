"""OCSP through the real server beside nginx and ``openssl ocsp``, and a revocation list of a million entries.

Each server runs as one process; what counts is answers a second of *its* CPU time, read from /proc, so that the load generator and
whatever else the machine does don't. wrk asks ours and nginx on kept connections. ``openssl ocsp`` closes each connection and gives up
after an empty one, which wrk begins with, so a plain client of ours asks it; what that client costs is not counted.
"""

from __future__ import annotations

import base64
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp

from benchmarks import million_entries
from benchmarks.figures import Figure
from benchmarks.servers import ask, cpu_seconds, in_turn, raw_request, served
from kernel.randomness import random_bytes
from pki import authority
from pki import ocsp as pki_ocsp
from pki.roles import get_credential
from service.config import load_config
from service.wiring import Services
from tests.support.pki import pem
from tests.support.ports import free_port
from tests.support.programs import need

_SECONDS = 2
_ROUNDS = 3
_NONCES = 500
_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  types {{ application/ocsp-response ocsp; }}
  server {{
    listen 127.0.0.1:{port};
    root {folder};
    error_page 405 =200 $uri;
  }}
}}
"""


def measure() -> Iterator[Figure]:
    """Measure a node's OCSP service, then its largest list."""
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder:
        yield from _ocsp(Path(folder))
    yield from million_entries.measure()


def _ocsp(folder: Path) -> Iterator[Figure]:
    node = _Node(folder)
    plain, nonces = [node.request(None)], [node.request(random_bytes(16)) for _ in range(_NONCES)]
    fetched = "/pki/ocsp/" + quote(base64.b64encode(plain[0]).decode(), safe="")
    nginx_port, openssl_port = free_port(), free_port()
    with (
        served(node.command(), node.port) as ours,
        served(_nginx(folder, node, nginx_port), nginx_port) as nginx,
        served(_openssl(folder, node, openssl_port), openssl_port, is_up=lambda: _answers(openssl_port, plain[0])) as openssl,
    ):
        acts: dict[str, Callable[[], float]] = {
            "post": lambda: _by_wrk(ours, node.port, "/pki/ocsp", plain),
            "static post": lambda: _by_wrk(nginx, nginx_port, "/answer.ocsp", plain),
            "openssl": lambda: _by_client(openssl, openssl_port, plain),
            "get": lambda: _by_wrk(ours, node.port, fetched),
            "static get": lambda: _by_wrk(nginx, nginx_port, "/answer.ocsp"),
            "nonce": lambda: _by_wrk(ours, node.port, "/pki/ocsp", nonces),
            "openssl nonce": lambda: _by_client(openssl, openssl_port, nonces),
        }
        # In turn, so that whatever the machine does meanwhile meets all of them.
        rounds = [{name: act() for name, act in acts.items()} for _ in range(_ROUNDS)]
    found = {name: statistics.median(each[name] for each in rounds) for name in acts}
    unit = "1/CPU s"
    yield Figure(
        "OCSP kept, POST, to 0.35 of nginx's static file", found["post"], unit, "limit", 0.35 * found["static post"], "higher"
    )
    yield Figure("OCSP kept, POST, to 2.5 of openssl ocsp", found["post"], unit, "limit", 2.5 * found["openssl"], "higher")
    yield Figure(
        "OCSP with a nonce, to 0.6 of openssl ocsp", found["nonce"], unit, "limit", 0.6 * found["openssl nonce"], "higher"
    )
    yield Figure("OCSP kept, GET", found["get"], unit, "nginx, a static file", found["static get"], "higher")


class _Node:
    """A county's node in a folder, with one person's certificate to ask about."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder / "node"
        place = ["--province", "广东省", "--city", "潮州市", "--county", "饶平县", "--port", str(self.port)]
        url = f"http://localhost:{self.port}"
        self._chaoxin("init", str(self._folder), "--code", "445122", "--name", "饶平县", "--url", url, *place)
        with Services(load_config(self._config)) as services:
            pki = services.pki
            names = (*pki.node.names, ("CN", "张三"))
            person = authority.issue(pki, "person", names, ec.generate_private_key(ec.SECP256R1()).public_key())
            self.person = x509.load_der_x509_certificate(person.der)
            self.issuing = get_credential(pki, "issuing").certificate
            responder = get_credential(pki, "ocsp")
            self.responder = responder.certificate
            self.responder_key = responder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            self.answer = pki_ocsp.answer(pki, self.request(None)).der

    @property
    def _config(self) -> Path:
        return self._folder / "chaoxin.toml"

    def _chaoxin(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "service.cli", *arguments], check=True, capture_output=True)

    def command(self) -> list[str]:
        """Return the command that serves it in one process, with one thread: several wait for each other at every short answer."""
        return [sys.executable, "-m", "service.cli", "--config", str(self._config), "serve", "--workers", "1", "--threads", "1"]

    def request(self, nonce: bytes | None) -> bytes:
        """Return a request about the person's certificate."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(self.person, self.issuing, hashes.SHA256())
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.build().public_bytes(Encoding.DER)


def _nginx(folder: Path, node: _Node, port: int) -> list[str]:
    place = folder / "nginx"
    place.mkdir()
    (place / "answer.ocsp").write_bytes(node.answer)
    place.chmod(0o755)
    folder.chmod(0o755)  # its worker is another user
    (place / "nginx.conf").write_text(_NGINX.format(folder=place, port=port))
    return [need("nginx", "nginx-light"), "-c", str(place / "nginx.conf"), "-e", str(place / "error.log")]


def _openssl(folder: Path, node: _Node, port: int) -> list[str]:
    files = {"ca.pem": pem(node.issuing), "responder.pem": pem(node.responder), "responder.key": node.responder_key}
    index = f"V\t491231235959Z\t\t{node.person.serial_number:040X}\tunknown\t/CN=x\n"
    for name, content in {**files, "index.txt": index.encode()}.items():
        (folder / name).write_bytes(content)
    ca, responder, key, index_file = (str(folder / name) for name in ("ca.pem", "responder.pem", "responder.key", "index.txt"))
    command = [need("openssl", "openssl"), "ocsp", "-port", str(port), "-index", index_file, "-CA", ca]
    return [*command, "-rsigner", responder, "-rkey", key, "-ndays", "1"]


def _answers(port: int, probe: bytes) -> bool:
    try:
        return _ask(port, _http(probe)).startswith(b"HTTP/1.")
    except OSError:
        return False


def _by_wrk(pid: int, port: int, path: str, bodies: Sequence[bytes] = ()) -> float:
    """Return the answers a CPU second that wrk gets on kept connections, by POST where there are bodies."""
    headers = {"Content-Type": "application/ocsp-request"}
    posted = [raw_request("POST", path, headers, body) for body in bodies]
    return ask(pid, port, in_turn(posted or [raw_request("GET", path, {})]), seconds=_SECONDS)


def _by_client(pid: int, port: int, bodies: Sequence[bytes]) -> float:
    """Return the answers a CPU second that a client gets which opens a connection for each."""
    requests = [_http(body) for body in bodies]
    before, answers, end = cpu_seconds(pid), 0, time.monotonic() + _SECONDS
    while time.monotonic() < end:
        assert b" 200 " in _ask(port, requests[answers % len(requests)])[:20]
        answers += 1
    return answers / (cpu_seconds(pid) - before)


def _http(body: bytes) -> bytes:
    head = f"POST / HTTP/1.0\r\nContent-Type: application/ocsp-request\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)
