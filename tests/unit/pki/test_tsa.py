"""Time-stamps as openssl verifies them, and refusals as RFC 3161 wants them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import cms, core, tsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.clock import FixedClock, timestamp
from kernel.errors import Refusal
from pki import authority, crl, tsa
from pki.ports import PkiDeps
from pki.roles import get_credential
from policies.certificates import tsa_policy_oid
from tests.support.pki import OpenSsl, pem

DATA = b"what was there"


def query(openssl: OpenSsl, *options: str) -> bytes:
    data = openssl.file("data", DATA)
    made = openssl.run("ts", "-query", "-data", data, *options)
    assert made.returncode == 0, made.stderr
    return made.stdout


def check(openssl: OpenSsl, pki: PkiDeps, request: bytes, response: bytes) -> bytes:
    files = {
        "-queryfile": openssl.file("query.tsq", request),
        "-in": openssl.file("reply.tsr", response),
        "-CAfile": openssl.file("anchor.pem", pem(authority.get_principal(pki))),
        "-untrusted": openssl.file("between.pem", pem(authority.get_issuing(pki), get_credential(pki, "tsa").record)),
    }
    options = [part for pair in files.items() for part in pair]
    judged = openssl.run("ts", "-verify", *options, "-attime", str(timestamp(pki.clock.now())))
    return judged.stdout + judged.stderr


def contents(token: bytes) -> dict[str, Any]:
    signed = cms.ContentInfo.load(token)["content"]
    info: dict[str, Any] = signed["encap_content_info"]["content"].parsed.native
    return info


class Answer(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """TimeStampResp as the RFC has it: asn1crypto's own lets no answer go without a token."""

    _fields = [("status", tsp.PKIStatusInfo), ("token", cms.ContentInfo, {"optional": True})]  # noqa: RUF012


def rejected(response: bytes) -> set[str]:
    parsed = Answer.load(response, strict=True)
    assert parsed["status"]["status"].native == "rejection"
    assert parsed["token"].native is None
    found: set[str] = parsed["status"]["fail_info"].native
    return found


@pytest.mark.parametrize("digest", ["-sha256", "-sha384", "-sha512"])
@pytest.mark.parametrize("more", [(), ("-cert",), ("-no_nonce",), ("-cert", "-no_nonce")])
def test_openssl_verifies_what_it_asked_for(pki: PkiDeps, openssl: OpenSsl, digest: str, more: tuple[str, ...]) -> None:
    request = query(openssl, digest, *more)
    assert b"Verification: OK" in check(openssl, pki, request, tsa.answer(pki, request))


def test_openssl_notices_an_answer_to_another_question(pki: PkiDeps, openssl: OpenSsl) -> None:
    request, other = query(openssl, "-sha256", "-cert"), query(openssl, "-sha256", "-cert")  # another nonce
    assert b"nonce mismatch" in check(openssl, pki, request, tsa.answer(pki, other))


def test_the_token_says_what_when_how_exactly_and_under_which_policy(pki: PkiDeps, clock: FixedClock) -> None:
    clock.advance(timedelta(microseconds=400_000))
    info = contents(tsa.token(pki, hashlib.sha256(DATA).digest()))
    assert info["version"] == "v1"
    assert info["policy"] == tsa_policy_oid(pki.policies, "445122")
    assert info["message_imprint"]["hashed_message"] == hashlib.sha256(DATA).digest()
    assert info["gen_time"] == clock.now().replace(microsecond=0)
    assert info["accuracy"]["seconds"] == pki.policies.time_stamps.accuracy_seconds
    assert info["ordering"] is False


def test_serial_numbers_do_not_repeat(pki: PkiDeps) -> None:
    assert len({contents(tsa.token(pki, bytes(32)))["serial_number"] for _ in range(50)}) == 50


def test_the_certificate_is_there_when_asked_for_and_always_named(pki: PkiDeps, openssl: OpenSsl) -> None:
    certificate = get_credential(pki, "tsa").record
    for options, included in ((("-cert",), [certificate.der]), ((), [])):
        response = tsp.TimeStampResp.load(tsa.answer(pki, query(openssl, "-sha256", *options)))
        signed = response["time_stamp_token"]["content"]
        assert [one.chosen.dump() for one in signed["certificates"] or []] == included
        (info,) = signed["signer_infos"]
        attributes = {one["type"].native: one["values"] for one in info["signed_attrs"]}
        (named,) = attributes["signing_certificate_v2"]
        assert named["certs"][0]["cert_hash"].native == bytes.fromhex(certificate.sha256)
        assert signed["version"].native == "v3"


def test_sha_1_and_md5_are_refused(pki: PkiDeps, openssl: OpenSsl) -> None:
    for digest in ("-sha1", "-md5"):
        assert rejected(tsa.answer(pki, query(openssl, digest))) == {"bad_alg"}


def test_openssl_reads_why_a_request_was_refused(pki: PkiDeps, openssl: OpenSsl) -> None:
    reply = openssl.file("reply.tsr", tsa.answer(pki, query(openssl, "-sha1")))
    said = openssl.run("ts", "-reply", "-in", reply, "-text").stdout
    assert b"Status: Rejected" in said
    assert b"Status description: SHA-256, SHA-384 or SHA-512" in said
    assert b"unrecognized or unsupported algorithm" in said


def test_a_policy_that_is_not_ours_is_refused_and_ours_is_accepted(pki: PkiDeps, openssl: OpenSsl) -> None:
    assert rejected(tsa.answer(pki, query(openssl, "-sha256", "-tspolicy", "1.2.3.4"))) == {"unaccepted_policy"}
    request = query(openssl, "-sha256", "-cert", "-tspolicy", tsa_policy_oid(pki.policies, "445122"))
    assert b"Verification: OK" in check(openssl, pki, request, tsa.answer(pki, request))


def request_of(**changes: Any) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
    der: bytes = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, **changes}).dump()
    return der


def test_a_request_that_asks_for_what_we_do_not_do_is_refused(pki: PkiDeps) -> None:
    extension = {"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}
    short = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(31)}
    assert rejected(tsa.answer(pki, request_of(extensions=[extension]))) == {"unaccepted_extensions"}
    assert rejected(tsa.answer(pki, request_of(version=2))) <= {"bad_request", "bad_data_format"}
    assert rejected(tsa.answer(pki, request_of(message_imprint=short))) == {"bad_data_format"}
    assert rejected(tsa.answer(pki, request_of(nonce=1 << 600))) == {"bad_request"}
    assert rejected(tsa.answer(pki, request_of() + b"\0")) == {"bad_data_format"}
    assert rejected(tsa.answer(pki, b"\x30\x84" + bytes(tsa.MAX_REQUEST_BYTES))) == {"bad_request"}


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 255, 256, -1, -128, -129, (1 << 511)])
def test_the_nonce_comes_back_whatever_its_sign_and_size(pki: PkiDeps, nonce: int) -> None:
    response = tsp.TimeStampResp.load(tsa.answer(pki, request_of(nonce=nonce)))
    assert contents(response["time_stamp_token"].dump())["nonce"] == nonce


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(garbage=st.binary(max_size=200))
def test_garbage_gets_a_rejection(pki: PkiDeps, garbage: bytes) -> None:
    assert rejected(tsa.answer(pki, garbage)) <= {"bad_data_format", "bad_request", "bad_alg"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 200), value=st.integers(0, 255))
def test_a_request_with_one_octet_changed_gets_an_answer(pki: PkiDeps, position: int, value: int) -> None:
    request = bytearray(request_of(nonce=77, cert_req=True))
    request[position % len(request)] = value
    answer = Answer.load(tsa.answer(pki, bytes(request)), strict=True)
    assert (answer["status"]["status"].native, answer["token"].native is None) in {("granted", False), ("rejection", True)}


def test_in_process_only_a_digest_is_stamped(pki: PkiDeps) -> None:
    with pytest.raises(ValueError, match="sha256"):
        tsa.token(pki, b"not a digest")
    assert contents(tsa.token(pki, bytes(64), "sha512"))["message_imprint"]["hash_algorithm"]["algorithm"] == "sha512"


def test_a_clock_that_goes_back_stops_the_stamps_until_it_has_caught_up(pki: PkiDeps, clock: FixedClock) -> None:
    request = request_of(nonce=1)
    clock.advance(timedelta(hours=1))
    tsa.answer(pki, request)
    clock.advance(-timedelta(seconds=1))
    assert Answer.load(tsa.answer(pki, request))["status"]["status"].native == "granted"  # within the accuracy promised
    clock.advance(-timedelta(milliseconds=1))
    assert rejected(tsa.answer(pki, request)) == {"time_not_available"}
    with pytest.raises(Refusal, match="clock_went_back"):
        tsa.token(pki, bytes(32))
    clock.advance(timedelta(seconds=2))
    assert Answer.load(tsa.answer(pki, request))["status"]["status"].native == "granted"


def test_a_process_that_starts_with_a_clock_behind_the_newest_list_gives_no_stamps(pki: PkiDeps, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=5))
    crl.refresh_due(pki)
    restarted = replace(pki, kept={})
    clock.advance(-timedelta(minutes=1))
    assert rejected(tsa.answer(restarted, request_of(nonce=1))) == {"time_not_available"}
    clock.advance(timedelta(minutes=1))
    assert Answer.load(tsa.answer(restarted, request_of(nonce=1)))["status"]["status"].native == "granted"


def test_a_renewed_certificate_is_used_by_processes_that_had_the_old_one(pki: PkiDeps, clock: FixedClock) -> None:
    tsa.token(pki, bytes(32))
    clock.moment = get_credential(pki, "tsa").record.not_after - timedelta(days=1)
    authority.renew_due(replace(pki, kept={}))  # as the worker does it, in a process of its own
    signed = cms.ContentInfo.load(tsa.token(pki, bytes(32)))["content"]
    assert signed["certificates"][0].chosen.dump() == get_credential(pki, "tsa").record.der
