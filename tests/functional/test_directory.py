"""Publication in a real directory over TLS: OpenLDAP's own client reads what was written, and nobody else's word is taken for it."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from crosscert.directory import publication
from crosscert.directory.certificate_pair import parse_pair
from crosscert.directory.ldap import MAX_ANSWER_BYTES, LdapDirectory
from crosscert.directory.publication import Entry
from crosscert.errors import DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE
from kernel.clock import FixedClock
from kernel.errors import ErrorCode, Refusal
from pki import authority
from tests.support.ports import free_port
from tests.support.slapd import BASE, BIND, PASSWORD, Slapd, make_tls, slapd
from tests.support.three_nodes import Federation, federation
from tests.unit.crosscert.forge import NOW, signer

ENTRY = Entry("试,验=根 CA", {"cACertificate;binary": (signer("试验").root().der,), "crossCertificatePair;binary": ()})


@pytest.fixture(scope="module")
def server() -> Iterator[Slapd]:
    with slapd() as made:
        yield made


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Federation]:
    with federation(tmp_path, FixedClock(NOW)) as made:
        yield made


def refused(code: ErrorCode) -> pytest.RaisesExc[Refusal]:
    return pytest.RaisesExc(Refusal, check=lambda raised: raised.error is code)


def values(answer: str, attribute: str) -> list[bytes]:
    start = f"{attribute};binary:: "
    return [base64.b64decode(line.removeprefix(start)) for line in answer.splitlines() if line.startswith(start)]


def test_what_is_published_is_there_for_everybody_and_follows_what_changes(server: Slapd, nodes: Federation) -> None:
    city = nodes.city.deps
    found = publication.publish(city, server.directory, only_due=True, actor="system")
    assert [each.is_current for each in found] == [True, True]
    answer = server.search("(&(objectClass=pkiCA)(cn=潮州市根CA))", base=BASE).stdout
    assert values(answer, "cACertificate") == [authority.get_principal(city.pki).der]
    assert len(values(answer, "authorityRevocationList")) == 1
    assert len([parse_pair(value) for value in values(answer, "crossCertificatePair")]) == 2
    assert values(server.search("(cn=潮州市签发CA)", base=BASE).stdout, "certificateRevocationList")
    # The server is away and comes back.
    server.stop()
    nodes.clock.advance(publication.AGAIN_AFTER)
    away = publication.publish(city, server.directory, only_due=True, actor="system")
    assert [
        (each.published.failures, each.published.error.split(":")[0]) for each in away if each.published and each.published.error
    ] == [(1, "directory_unreachable")] * 2
    server.start()
    again = publication.publish(city, server.directory, only_due=False, actor="system")
    assert [each.published.failures for each in again if each.published] == [0, 0]


def test_names_are_escaped_and_what_is_no_longer_true_is_taken_away(server: Slapd) -> None:
    server.directory.put(ENTRY)
    more = replace(ENTRY, attributes={**ENTRY.attributes, "cACertificate;binary": (signer("另一").root().der,)})
    server.directory.put(more)
    answer = server.search("(cn=试,验=根 CA)", base=BASE).stdout
    assert values(answer, "cACertificate") == list(more.attributes["cACertificate;binary"])


def test_a_wrong_password_and_an_unknown_ca_are_refused(server: Slapd, tmp_path: Path) -> None:
    make_tls(tmp_path / "other.pem", tmp_path / "other.key")
    for wrong in (
        replace(server.directory, password="wrong"),
        replace(server.directory, ca_file=tmp_path / "other.pem"),
        replace(server.directory, ca_file=tmp_path / "missing.pem"),
        replace(server.directory, url=f"ldaps://localhost:{free_port()}"),
    ):
        with refused(DIRECTORY_UNREACHABLE):
            wrong.put(ENTRY)
    assert PASSWORD not in repr(server.directory)


def test_a_certificate_for_another_host_is_refused_before_anything_is_said(tmp_path: Path) -> None:
    with liar(tmp_path, [BOUND], host="elsewhere.example") as directory, refused(DIRECTORY_UNREACHABLE):
        directory.put(ENTRY)


def test_what_the_directory_will_not_take_is_told(server: Slapd) -> None:
    for wrong in (
        replace(server.directory, base_dn="ou=nowhere,o=chaozhou"),
        replace(server.directory, base_dn="nonsense"),
    ):
        with refused(DIRECTORY_ANSWER):
            wrong.put(ENTRY)
    with refused(DIRECTORY_ANSWER):
        server.directory.put(replace(ENTRY, attributes={"noSuchAttribute": (b"x",)}))


@contextmanager
def liar(
    folder: Path,
    answers: list[bytes],
    *,
    endless: bool = False,
    host: str = "localhost",
    ended: bool = False,
    heard: list[bytes] | None = None,
) -> Iterator[LdapDirectory]:
    """A TLS server that answers with what it is told, whatever it was asked (0xee: the request's number); its certificate is for ``host``.

    It adds to ``heard`` what it was asked.
    """
    make_tls(folder / "liar.pem", folder / "liar.key", host, ended=ended)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "liar.pem", folder / "liar.key")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError), listener.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as tls:
            for answer in answers:
                asked = tls.recv(65536)
                if not asked:
                    return
                if heard is not None:
                    heard.append(asked)
                tls.sendall(answering(answer, asked))
            while endless:
                tls.sendall(b"\x00" * 65536)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield LdapDirectory(f"ldaps://localhost:{listener.getsockname()[1]}", BASE, BIND, PASSWORD, folder / "liar.pem")
    finally:
        thread.join(timeout=20)
        listener.close()


def answering(answer: bytes, asked: bytes) -> bytes:
    """Return an answer with the request's number in it, which may be longer than the one that stands for it."""
    start = 2 if asked[1] < 0x80 else 2 + (asked[1] & 0x7F)  # X.690 8.1.3: a length of one octet, or of more
    number = asked[start : start + 2 + asked[start + 1]]
    before, marker, after = answer.partition(b"\x02\x01\xee")
    if not marker:
        return answer
    return before[:1] + bytes([before[1] + len(number) - len(marker)]) + before[2:] + number + after


BOUND = bytes.fromhex("300c0201ee61070a010004000400")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00" * 10,
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x30\x84\xff\xff\xff\xff",
        bytes.fromhex("300c0201ee61070a0100040004ff"),
        bytes.fromhex("30030201ee"),
        BOUND[:7] + b"\x0a\x01\x7f\x04\x00\x04\x00",
        bytes(range(48, 200)),
    ],
)
def test_garbage_for_an_answer_is_refused_by_name(tmp_path: Path, answer: bytes) -> None:
    with liar(tmp_path, [answer]) as directory, pytest.raises(Refusal) as raised:
        directory.put(ENTRY)
    assert raised.value.error in {DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE}


def test_an_answer_without_an_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    with liar(tmp_path, [b"\x30\x84\x7f\xff\xff\xff"], endless=True) as directory, refused(DIRECTORY_ANSWER):
        directory.put(ENTRY)
    assert MAX_ANSWER_BYTES < 50_000_000


def test_a_directory_that_says_yes_to_everything_is_not_believed(tmp_path: Path) -> None:
    modified = bytes.fromhex("300c0201ee67070a010004000400")
    nothing = bytes.fromhex("300c0201ee65070a010004000400")
    with liar(tmp_path, [BOUND, modified, nothing]) as directory, refused(DIRECTORY_ANSWER):
        directory.put(ENTRY)
