"""``chaoxin cert``: look, ask, issue, renew, end. Without ``--yes`` nothing changes; a warning is overridden by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.errors import ChaoxinError, Misuse, Refusal
from pki import alarms, enrolment, review, seals
from pki.names import x509_name
from pki.records import Department, Stop
from pki.roles import get_credential
from service import jobs
from service.cli import cli
from service.config import load_config
from service.health import readiness
from service.wiring import Services

TOP = (("C", "CN"), ("ST", "广东省"), ("L", "潮州市"), ("O", "饶平县"))


def chaoxin(config: Path, *arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "cert", *arguments], input=stdin)


def printed(result: Result) -> Any:
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.output)


def refused(result: Result) -> str:
    assert isinstance(result.exception, ChaoxinError), result.output
    return result.exception.code


def request(name: str, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    made = x509.CertificateSigningRequestBuilder().subject_name(x509_name((*TOP, ("CN", name))))
    return made.sign(key or ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(Encoding.PEM)


def issue(config: Path, name: str, profile: str = "person") -> Any:
    return printed(chaoxin(config, "issue", "-", "--profile", profile, "--yes", "--json", stdin=request(name)))


def subjects(config: Path, profile: str = "person") -> list[str]:
    return [one["subject"].partition(",")[0] for one in printed(chaoxin(config, "list", "--profile", profile, "--json"))]


def test_a_request_is_judged_without_being_granted(config: Path) -> None:
    asked = printed(chaoxin(config, "request", "-", "--profile", "person", "--json", stdin=request("甲")))
    assert (asked["profile"], asked["subject"]) == ("person", "CN=甲,O=饶平县,L=潮州市,ST=广东省,C=CN")
    assert refused(chaoxin(config, "request", "-", "--profile", "tsa", stdin=request("甲"))) == "requester_unsuitable"
    assert refused(chaoxin(config, "request", "-", "--profile", "person", stdin=b"x")) == "request_malformed"
    assert "CN=甲" not in subjects(config)


def test_issuing_shows_first_whom_it_concerns(config: Path) -> None:
    shown = printed(chaoxin(config, "issue", "-", "--profile", "person", "--json", stdin=request("乙")))
    assert (shown["changed"], shown["concerns"]["people"]) == (False, ["乙"])
    assert "CN=乙" not in subjects(config)
    done = chaoxin(config, "issue", "-", "--profile", "person", "--yes", stdin=request("乙"))
    assert x509.load_pem_x509_certificate(done.output.encode()).subject.rfc4514_string().startswith("CN=乙,")
    assert "CN=乙" in subjects(config)


def test_a_certificate_is_shown_and_listed_in_pages(config: Path) -> None:
    serial = issue(config, "丙")["serial"]
    shown = printed(chaoxin(config, "show", serial, "--json"))
    assert x509.load_pem_x509_certificate(shown["pem"].encode()).serial_number == int(serial, 16)
    assert serial in chaoxin(config, "show", serial).output
    first = printed(chaoxin(config, "list", "--limit", "2", "--json"))
    rest = printed(chaoxin(config, "list", "--after", first[-1]["serial"], "--json"))
    assert len(first) == 2
    assert not {one["serial"] for one in first} & {one["serial"] for one in rest}
    assert refused(chaoxin(config, "show", "77")) == "certificate_unknown"


def test_an_invitation_is_printed_once_and_enrols(config: Path) -> None:
    wish = ("invite", "--profile", "tls_server", "--subject", "OU=市场监督管理局,CN=rp", "--dns", "rp.chaoxin.test", "--json")
    assert printed(chaoxin(config, *wish))["changed"] is False
    made = printed(chaoxin(config, *wish, "--yes"))
    assert made["url"] == "http://localhost:9122/.well-known/est"
    bare = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    der = bare.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(Encoding.DER)
    with Services(load_config(config)) as services:
        record = enrolment.enrol(services.pki, made["name"], made["secret"], der)
    assert record.subject.startswith("CN=rp,OU=市场监督管理局,")
    server = ("--profile", "tls_server", "--subject", "CN=x")
    for arguments, code in (
        (("--profile", "tsa", "--subject", "CN=x"), "requester_unsuitable"),
        (("--profile", "nothing", "--subject", "CN=x"), "unknown_profile"),
        (("--profile", "person", "--subject", "CN=x", "--dns", "rp.chaoxin.test"), "request_unsuitable"),
        (("--profile", "person", "--subject", "CN=x,CN=y"), "request_unsuitable"),
        (server, "request_unsuitable"),
        ((*server, "--dns", "*.chaoxin.test"), "request_unsuitable"),
        ((*server, "--dns", "rp.chaoxin.test", "--dns", "rp.chaoxin.test"), "request_unsuitable"),
    ):
        assert refused(chaoxin(config, "invite", *arguments)) == code, arguments  # told before anything would be done
    assert chaoxin(config, "invite", "--profile", "person", "--subject", "张三").exit_code == 2


def test_renewal_keeps_the_key_and_re_keying_brings_another(config: Path) -> None:
    old = issue(config, "丁")
    shown = printed(chaoxin(config, "renew", old["serial"], "--json"))
    assert shown["changed"] is False
    assert old["serial"] in shown["concerns"]["certificates"][0]
    renewed = printed(chaoxin(config, "renew", old["serial"], "--yes", "--json"))
    key = ec.generate_private_key(ec.SECP256R1())
    assert printed(chaoxin(config, "rekey", old["serial"], "-", "--json", stdin=request("丁", key)))["changed"] is False
    rekeyed = printed(chaoxin(config, "rekey", old["serial"], "-", "--yes", "--json", stdin=request("丁", key)))
    keys = [x509.load_pem_x509_certificate(one["pem"].encode()).public_key() for one in (old, renewed, rekeyed)]
    assert keys[0] == keys[1]
    assert keys[2] == key.public_key()
    assert refused(chaoxin(config, "rekey", old["serial"], "-", stdin=request("别人"))) == "request_unsuitable"


def test_what_ends_soon_without_a_successor_is_due(config: Path) -> None:
    serial = issue(config, "戊")["serial"]
    assert printed(chaoxin(config, "due", "--json")) == []  # a new node has nothing to worry about
    far = {one["serial"]: one["days_left"] for one in printed(chaoxin(config, "due", "--days", "1200", "--json"))}
    assert far[serial] == 1094
    assert serial in chaoxin(config, "due", "--days", "1200").output


def test_revoking_names_people_and_wants_an_override_for_their_last_certificate(config: Path) -> None:
    serial = issue(config, "己")["serial"]
    command = ("revoke", serial, "--reason", "superseded", "--json")
    shown = printed(chaoxin(config, *command))
    assert (shown["changed"], shown["concerns"]["people"]) == (False, ["己"])
    assert [each["code"] for each in shown["warnings"]] == ["last_certificate"]
    assert refused(chaoxin(config, *command, "--yes")) == "warning_stands"
    done = printed(chaoxin(config, *command, "--yes", "--override", "last_certificate"))
    assert (done["serial"], done["reason"]) == (serial, "superseded")
    again = chaoxin(config, *command, "--yes", "--override", "last_certificate")
    assert refused(again) == "certificate_revoked_already"
    two = [issue(config, "庚")["serial"] for _ in range(2)]
    assert printed(chaoxin(config, "revoke", two[0], "--reason", "superseded", "--json"))["warnings"] == []


def test_a_suspension_is_shown_made_and_ended(config: Path) -> None:
    serial = issue(config, "癸", "tls_client")["serial"]
    assert printed(chaoxin(config, "suspend", serial, "--json"))["changed"] is False
    assert printed(chaoxin(config, "suspend", serial, "--yes", "--json"))["reason"] == "certificate_hold"
    assert refused(chaoxin(config, "suspend", serial, "--yes")) == "certificate_suspended_already"
    assert printed(chaoxin(config, "release", serial, "--json"))["changed"] is False
    assert printed(chaoxin(config, "release", serial, "--yes", "--json"))["reason"] is None
    assert refused(chaoxin(config, "release", serial, "--yes")) == "certificate_not_suspended"


def test_a_seal_in_use_and_a_service_are_warned_of(config: Path) -> None:
    with Services(load_config(config)) as services:
        department = Department("114451220071234567", "饶平县市场监督管理局", "445122", TOP)
        seal = seals.get_or_create_seal(services.pki, department)
        signer = get_credential(services.pki, "node_signer").record
        issuing = get_credential(services.pki, "issuing").record
    for serial, code in ((seal.certificate.serial, "seal_in_use"), (signer.serial, "service_certificate")):
        shown = chaoxin(config, "revoke", serial, "--reason", "key_compromise")
        assert f"--override {code}" in shown.output
        assert refused(chaoxin(config, "revoke", serial, "--reason", "key_compromise", "--yes")) == "warning_stands"
    overridden = ("--yes", "--override", "service_certificate")
    ended = chaoxin(config, "revoke", issuing.serial, "--reason", "key_compromise", *overridden)
    assert refused(ended) == "certificate_in_service"
    printed(chaoxin(config, "revoke", signer.serial, "--reason", "key_compromise", *overridden, "--json"))
    with Services(load_config(config)) as services:  # another serves at once
        assert get_credential(services.pki, "node_signer").record.revoked_at is None


def test_issuing_goes_on_when_two_admins_agree(config: Path) -> None:
    assert printed(chaoxin(config, "resume", "--by", "陈", "--json")) == {"stopped": False}
    serial = issue(config, "辛")["serial"]
    with Services(load_config(config)) as services:
        with services.pki.work.begin() as work:
            work.records.add_stop(Stop(serial, "validity_length", services.clock.now()))
        assert [one.check for one in readiness(services) if not one.ok] == ["issuing"]
    assert refused(chaoxin(config, "issue", "-", "--profile", "person", "--yes", stdin=request("壬"))) == "issuance_stopped"
    assert printed(chaoxin(config, "resume", "--by", "陈", "--json"))["changed"] is False
    assert printed(chaoxin(config, "resume", "--by", "陈", "--yes", "--json")) == {"stopped": True}
    assert refused(chaoxin(config, "resume", "--by", "陈", "--yes")) == "two_admins_needed"
    assert printed(chaoxin(config, "resume", "--by", "林", "--yes", "--json")) == {"stopped": False}
    assert issue(config, "壬")["profile"] == "person"


def test_a_new_node_passes_its_own_review_and_raises_no_alarm(config: Path) -> None:
    with Services(load_config(config)) as services:
        jobs.raise_expiry_alarms(services)
        jobs.review_issued(services)
        assert list(alarms.find_due(services.pki)) == []
        assert review.find_stop(services.pki) is None


@pytest.mark.parametrize("file", ["garbage", "empty", "none/x"])
def test_a_database_that_is_none_or_is_not_there_is_named_in_one_line(config: Path, tmp_path: Path, file: str) -> None:
    (tmp_path / "garbage").write_bytes(b"this is not a database" * 1000)
    there = {"CHAOXIN_DATABASE_URL": f"sqlite:///{tmp_path / file}"}
    result = CliRunner(env=there).invoke(cli, ["--config", str(config), "cert", "list"])
    assert isinstance(result.exception, Misuse)
    assert (result.exception.code, "\n" in result.exception.text.en) == ("database_unusable", False)


def test_a_refusal_says_what_to_do(config: Path) -> None:
    done = chaoxin(config, "renew", "77")
    assert isinstance(done.exception, Refusal)
    assert done.exception.remedy.en
