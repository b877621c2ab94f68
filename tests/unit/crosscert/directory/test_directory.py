"""A directory's answers, whatever they are: believed when they are right, refused by name otherwise."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscert.directory.certificate_pair import CertificatePair
from crosscert.directory.channel import Channel, ldap3
from crosscert.directory.ldap import MAX_ANSWER_BYTES, LdapDirectory
from crosscert.directory.messages import Limits, Messages, find_entry
from crosscert.directory.publication import Entry
from crosscert.errors import CERTIFICATE_UNREADABLE, DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE
from kernel.errors import Refusal
from pki.der import integer, octets, sequence, tlv
from tests.unit.crosscert.forge import signer

CITY, COUNTY = signer("潮州市"), signer("饶平县")
PAIR = CertificatePair(COUNTY.ca(CITY), CITY.ca(COUNTY)).encode()
ROOT = CITY.root().der
ENTRY = Entry("潮州市根CA", {"cACertificate;binary": (ROOT,), "crossCertificatePair;binary": (PAIR,)})
NAMES = {errors.code for errors in (DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE, CERTIFICATE_UNREADABLE)}


@dataclass
class Wire:
    """A connection on which each request has its answer; then it ends."""

    answers: list[bytes]
    waiting: bytes = b""
    asked: list[bytes] = field(default_factory=list)

    def sendall(self, data: bytes) -> None:
        self.asked.append(data)
        self.waiting += self.answers.pop(0) if self.answers else b""

    def recv(self, size: int) -> bytes:
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data

    def close(self) -> None:
        self.answers.clear()

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0


class Canned(LdapDirectory):
    """The directory's door, onto a wire."""

    wire: Wire

    def _open(self) -> Channel:
        return Channel(self.url, Messages(cast("socket.socket", self.wire), Limits(20.0, MAX_ANSWER_BYTES)))


def put(answers: Sequence[bytes]) -> Wire:
    directory = Canned("ldaps://localhost", "ou=pki", "cn=node", "secret", Path("ca.pem"))
    wire = Wire(list(answers))
    ldap3.Server._message_counter = 0  # requests are numbered from one on
    object.__setattr__(directory, "wire", wire)
    directory.put(ENTRY)
    return wire


def message(number: int, operation: bytes) -> bytes:
    """An LDAP message (RFC 4511 4.1.1)."""
    return sequence(integer(number), operation)


def result(number: int, tag: int, code: int = 0) -> bytes:
    """An LDAP result (RFC 4511 4.1.9)."""
    return message(number, tlv(tag, bytes([10, 1, code, 4, 0, 4, 0])))


def read_back(values: Mapping[str, Sequence[bytes]], number: int = 3) -> bytes:
    """An entry (RFC 4511 4.5.2) and the end of the search."""
    parts = [sequence(octets(kind.encode()), tlv(0x31, *map(octets, each))) for kind, each in values.items()]
    return message(number, tlv(0x64, octets(b"cn=x,ou=pki"), sequence(*parts))) + result(number, 0x65)


BOUND, MODIFIED, KEPT = result(1, 0x61), result(2, 0x67), read_back(ENTRY.attributes)


def test_what_is_read_back_as_it_was_written_is_good() -> None:
    assert len(put([BOUND, MODIFIED, KEPT]).asked) == 3
    assert len(put([BOUND, result(2, 0x67, 32), result(3, 0x69), read_back(ENTRY.attributes, 4)]).asked) == 4


@pytest.mark.parametrize(
    "kept",
    [
        read_back({}),
        read_back({"cACertificate;binary": (ROOT,)}),
        read_back({**ENTRY.attributes, "cACertificate;binary": (ROOT, ROOT)}),
        read_back({**ENTRY.attributes, "crossCertificatePair;binary": (b"garbage",)}),
        result(3, 0x65),
        result(3, 0x65, 32),
    ],
)
def test_what_is_not_there_as_it_was_written_is_refused(kept: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        put([BOUND, MODIFIED, kept])
    assert refused.value.code in NAMES


@given(st.integers(0, 2), st.binary(max_size=200))
def test_any_bytes_for_an_answer_are_refused_by_name(place: int, data: bytes) -> None:
    answers = [BOUND, MODIFIED, KEPT]
    answers[place] = data
    with pytest.raises(Refusal) as refused:
        put(answers)
    assert refused.value.code in NAMES


@given(st.data())
def test_an_answer_that_somebody_changed_is_the_same_or_refused_by_name(data: st.DataObject) -> None:
    answers = [bytearray(each) for each in (BOUND, MODIFIED, KEPT)]
    for _ in range(data.draw(st.integers(1, 3))):
        answer = answers[data.draw(st.integers(0, 2))]
        answer[data.draw(st.integers(0, len(answer) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refusal):  # and nothing else
        put([bytes(each) for each in answers])


def test_an_entry_is_read_as_it_was_sent_and_another_messages_is_none() -> None:
    values = {"cn": (b"x", "名".encode()), "MAIL": ()}
    entry = read_back(values)[: -len(result(3, 0x65))]
    assert find_entry(entry, 3) == ("cn=x,ou=pki", {"cn": [b"x", "名".encode()], "mail": []})
    assert find_entry(entry, 4) is None
    assert find_entry(BOUND, 1) is None


@given(st.binary(max_size=100), st.integers(0, 200), st.integers(0, 255))
def test_no_octets_make_an_entry_by_accident_or_keep_anybody_busy(data: bytes, place: int, octet: int) -> None:
    changed = bytearray(KEPT)
    changed[place % len(changed)] = octet
    for message in (data, bytes(changed)):
        with suppress(ValueError, IndexError):  # and nothing else
            find_entry(message, 3)
