"""Fetching over real sockets: one deadline whatever the server does, no redirects, no surplus bytes, no other address."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crosscert.errors import PEER_UNREACHABLE
from crosscert.http import RequestsFetcher, _Adapter, is_below, is_inward
from kernel.errors import Refusal

Serve = Callable[[socket.socket, bytes], None]


@contextmanager
def server(serve: Serve, *, read_first: bool = True) -> Iterator[str]:
    """A server that does to one connection after the other what ``serve`` says, as a rule after it has read the request."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def loop() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(60)
                try:
                    serve(connection, connection.recv(65536) if read_first else b"")
                except OSError:  # the client went away, as it should
                    continue

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def answer(body: bytes, status: str = "200 OK", *headers: str) -> Serve:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""])
    return lambda connection, _: connection.sendall(head.encode() + body)


def drip(start: bytes, every: float = 0.1) -> Serve:
    def serve(connection: socket.socket, _: bytes) -> None:
        connection.sendall(start)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(every)

    return serve


def fetch(base: str, *, max_bytes: int = 1000, timeout: float = 30.0, etag: str | None = None, path: str = "/a") -> object:
    return RequestsFetcher().get(base + path, below=base, max_bytes=max_bytes, timeout=timeout, etag=etag)


def problem(serve: Serve, **asked: object) -> str:
    with server(serve) as base, pytest.raises(Refusal) as raised:
        fetch(base, **asked)  # type: ignore[arg-type]
    assert raised.value.error is PEER_UNREACHABLE
    return str(raised.value.details["problem"])


def test_an_answer_comes_with_its_etag() -> None:
    with server(answer(b"hello", "200 OK", 'ETag: "1"')) as base:
        fetched = RequestsFetcher().get(f"{base}/a", below=base, max_bytes=5, timeout=30.0)
    assert (fetched.status, fetched.data, fetched.etag) == (200, b"hello", '"1"')


def test_not_modified_has_no_data_and_only_for_an_etag_that_was_sent() -> None:
    def serve(connection: socket.socket, request: bytes) -> None:
        known = b'if-none-match: "1"' in request.lower()
        answer(b"" if known else b"new", "304 Not Modified" if known else "200 OK", 'ETag: "1"')(connection, request)

    with server(serve) as base:
        fetched = RequestsFetcher().get(f"{base}/a", below=base, max_bytes=5, timeout=30.0, etag='"1"')
        assert (fetched.status, fetched.data) == (304, None)
        assert RequestsFetcher().get(f"{base}/a", below=base, max_bytes=5, timeout=30.0).data == b"new"


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "404 Not Found", "500 Oops"])
def test_redirects_are_not_followed_and_errors_are_told(status: str) -> None:
    assert problem(answer(b"", status, "Location: http://127.0.0.1:1/")) == f"HTTP {status[:3]}"


def test_more_than_was_asked_for_is_refused() -> None:
    assert problem(answer(b"x" * 1001)) == "more than 1000 bytes"
    assert problem(drip(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000, 0.01)) == "more than 1000 bytes"


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"],
)
def test_a_server_that_drips_is_left_at_the_deadline(start: bytes) -> None:
    drips = drip(start)
    came_to_its_end: list[bytes] = []

    def serve(connection: socket.socket, request: bytes) -> None:
        drips(connection, request)
        came_to_its_end.append(request)

    assert problem(serve, timeout=1.0) == "too slow"
    assert came_to_its_end == []


def test_a_server_that_says_nothing_is_left_at_the_deadline() -> None:
    heard: list[bytes] = []
    assert problem(lambda connection, _: heard.append(connection.recv(1)), timeout=0.5) in {"too slow", "ReadTimeout"}
    assert heard == [b""], "it was hung up on"


def test_garbage_and_nobody_there_are_told() -> None:
    assert problem(lambda connection, _: connection.sendall(b"\x00\x01garbage\r\n\r\n"))
    assert problem(lambda *_: None)
    with pytest.raises(Refusal):
        fetch("http://127.0.0.1:9")


def test_a_name_of_many_addresses_takes_no_longer_than_one() -> None:
    with server(answer(b"x")) as base:
        port = int(base.rpartition(":")[2])
        with pytest.raises(TimeoutError):
            _Adapter(0.0, outward=False).dial("127.0.0.1", port)
        with _Adapter(2.0, outward=False).dial("localhost", port) as found:  # ::1, where nobody listens, perhaps first
            assert found.getpeername()[1] == port


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "."])
def test_a_name_that_cannot_be_asked_for_is_told(host: str) -> None:
    with pytest.raises(Refusal):
        fetch(f"http://{host}")


def test_only_what_lies_below_the_peers_address_is_asked_for() -> None:
    base = "http://node.example.cn"
    for good in ("/a", "/pki/issuing.crl", "/a?b=c"):
        assert is_below(base + good, base)
    for bad in (
        "http://node.example.cn",
        "http://node.example.cn.evil.example/a",
        "http://node.example.cn:81/a",
        "https://node.example.cn/a",
        base + "/../a",
        base + "/a/../../b",
        base + "/a@evil",
        base + "/a\\b",
        base + "/%2e%2e/a",
        base + "/a#b",
        base + "/a b",
        base + "/\u7530",
        "file:///etc/passwd",
        "http://node.example.cn@evil.example/a",
    ):
        assert not is_below(bad, base), bad
        with pytest.raises(Refusal):
            RequestsFetcher().get(bad, below=base, max_bytes=10, timeout=0.5)


def test_requirement_22_an_address_that_others_named_is_never_one_of_this_machine() -> None:
    heard: list[bytes] = []

    def serve(connection: socket.socket, request: bytes) -> None:
        heard.append(request)
        answer(b"secret")(connection, request)

    with server(serve) as base, pytest.raises(Refusal) as raised:
        RequestsFetcher(outward=True).get(f"{base}/a", below=base, max_bytes=10, timeout=30.0)
    assert raised.value.error is PEER_UNREACHABLE
    assert [request for request in heard if request] == [], "nothing was sent"


@pytest.mark.parametrize(
    ("address", "inward"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("169.254.169.254", True),
        ("fe80::1%eth0", True),
        ("0.0.0.0", True),  # noqa: S104 - an address to be refused
        ("224.0.0.1", True),
        ("10.1.2.3", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
    ],
)
def test_this_machine_and_its_link_are_known_by_their_addresses(address: str, inward: bool) -> None:
    assert is_inward(address) is inward


def test_what_is_posted_arrives_with_its_type_and_any_success_is_an_answer() -> None:
    seen: list[bytes] = []

    def take(connection: socket.socket, request: bytes) -> None:
        seen.append(request)
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    with server(take) as base:
        posted = RequestsFetcher().post(f"{base}/a", b"list", "application/pkix-crl", below=base, max_bytes=9, timeout=30.0)
    assert (posted.status, posted.data) == (204, b"")
    assert b"POST /a HTTP/1.1" in seen[0]
    assert b"Content-Type: application/pkix-crl" in seen[0]


@pytest.mark.parametrize("status", ["302 Found", "304 Not Modified", "403 Forbidden", "429 Too Many Requests", "500 Oops"])
def test_whoever_does_not_take_a_post_has_failed(status: str) -> None:
    with server(answer(b"", status)) as base, pytest.raises(Refusal) as raised:
        RequestsFetcher().post(f"{base}/a", b"", "text/plain", below=base, max_bytes=9, timeout=30.0)
    assert raised.value.details["problem"] == f"HTTP {status[:3]}"


@pytest.mark.parametrize("serve", [answer(b"no tls"), drip(b"\x16\x03\x03\x7f\xff")])
def test_an_address_that_speaks_no_tls_or_only_drips_is_told_in_time(serve: Serve) -> None:
    with server(serve) as base, pytest.raises(Refusal) as raised:
        RequestsFetcher().tls_until(base.replace("http:", "https:"), timeout=0.5)
    assert raised.value.error is PEER_UNREACHABLE


def test_a_certificate_that_nobody_vouches_for_is_no_good_one(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    (tmp_path / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")

    def secure(connection: socket.socket, _: bytes) -> None:
        context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True)

    with server(secure, read_first=False) as base, pytest.raises(Refusal) as raised:
        RequestsFetcher().tls_until(base.replace("http:", "https:"), timeout=30.0)
    assert "CERTIFICATE_VERIFY_FAILED" in str(raised.value.details["problem"])
