"""NIST PKITS, all certificates and lists of all cases in one pool: every case must come out as NIST says it does.

Two cases are valid by NIST and refused here: they are signed with DSA, which we refuse by policy. They fail closed and are listed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from click.testing import CliRunner

from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.paths.crls import CrlSet, ParsedCrl, parse_crl
from crosscert.paths.find import find_path
from crosscert.paths.index import Pool
from crosscert.paths.records import PathRequest, PathVerdict
from kernel.clock import rfc3339
from service.cli.path import command

DATA = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "vectors" / "pkits" / "pkits.json").read_text("utf-8"))
MOMENT = datetime(2022, 5, 1, tzinfo=UTC)
REFUSED_BY_POLICY = {
    "valid_dsa_signatures_test4": "algorithm_refused",
    "valid_dsa_parameter_inheritance_test5": "algorithm_refused",
}
REASONS = {
    "invalid_revoked_ca_test2": ("certificate_revoked", "Revoked subCA"),
    "invalid_ca_signature_test2": ("signature_invalid", "Bad Signed CA"),
    "invalid_ee_notafter_date_test6": ("certificate_expired", "Invalid EE notAfter Date EE Certificate Test6"),
    "missing_crl_test1": ("revocation_unknown", "Invalid Missing CRL EE Certificate Test1"),
    "invalid_bad_crl_signature_test4": ("revocation_forged", "Invalid Bad CRL Signature EE Certificate Test4"),
    "invalid_old_crl_nextupdate_test11": ("revocation_stale", "Invalid Old CRL nextUpdate EE Certificate Test11"),
    "invalid_missing_basicconstraints_test1": ("not_a_ca", "Missing basicConstraints CA"),
    "invalid_pathlenconstraint_test5": ("path_too_long", "pathLenConstraint0 subCA"),
    "invalid_keyusage_critical_keycertsign_false_test1": ("may_not_sign_certificates", "keyUsage Critical keyCertSign False CA"),
    "invalid_keyusage_critical_crlsign_false_test4": ("may_not_sign_crls", "keyUsage Critical cRLSign False CA"),
    "different_policies_test4": ("policy_not_accepted", "Different Policies EE Certificate Test4"),
    "invalid_mapping_from_any_policy_test7": ("policy_mapping_invalid", "Mapping From anyPolicy CA"),
    "invalid_inhibit_policy_mapping_test1": ("policy_mapping_inhibited", "inhibitPolicyMapping0 subCA"),
    "invalid_inhibit_any_policy_test1": ("any_policy_inhibited", "Invalid inhibitAnyPolicy EE Certificate Test1"),
    "invalid_dn_nameconstraints_test2": ("name_not_permitted", "Invalid DN nameConstraints EE Certificate Test2"),
    "invalid_dn_nameconstraints_test7": ("name_excluded", "Invalid DN nameConstraints EE Certificate Test7"),
}


@dataclass(frozen=True)
class Everything:
    """All certificates by file name, and the pools that every case is judged with."""

    certificates: Mapping[str, ParsedCertificate]
    lists: Mapping[str, ParsedCrl]
    pool: Pool
    crls: CrlSet

    def judge(self, case: Mapping[str, Any]) -> PathVerdict:
        asked = case.get("params", {})
        request = PathRequest(
            at=MOMENT,
            policies=frozenset(asked.get("user_initial_policy_set", ())),
            explicit_policy=asked.get("initial_explicit_policy", False),
            inhibit_policy_mapping=asked.get("initial_policy_mapping_inhibit", False),
            inhibit_any_policy=asked.get("initial_any_policy_inhibit", False),
            budget_seconds=60,
        )
        anchor = self.certificates["TrustAnchorRootCertificate.crt"]
        return find_path(self.certificates[case["cert"]], anchor, self.pool, self.crls, request)


@pytest.fixture(scope="module")
def everything() -> Everything:
    certificates = {path.name: parse_certificate(path.read_bytes()) for path in sorted((DATA / "certs").glob("*.crt"))}
    lists = {path.name: parse_crl(path.read_bytes()) for path in sorted((DATA / "crls").glob("*.crl"))}
    return Everything(certificates, lists, Pool(certificates.values()), CrlSet(lists.values()))


def test_the_suite_is_whole(everything: Everything) -> None:
    assert (len(CASES), len(everything.certificates), len(everything.lists)) == (246, 405, 173)


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']}-{case['name']}" for case in CASES])
def test_a_case_comes_out_as_nist_says(everything: Everything, case: dict[str, Any]) -> None:
    verdict = everything.judge(case)
    if case["name"] in REFUSED_BY_POLICY:
        assert verdict.reason is not None
        assert verdict.reason.code == REFUSED_BY_POLICY[case["name"]]
        return
    assert verdict.valid == ("error" not in case), verdict.as_json()
    assert (verdict.reason is None) == verdict.valid
    if verdict.reason is not None:  # whichever certificate is blamed is one of those that are shown
        assert verdict.reason.certificate in verdict.certificates
    if verdict.valid:
        assert len(verdict.certificates) == case["path_len"]


@pytest.mark.parametrize("name", REASONS)
def test_a_refusal_names_the_rule_and_the_certificate(everything: Everything, name: str) -> None:
    case = next(case for case in CASES if case["name"] == name)
    reason = everything.judge(case).reason
    assert reason is not None
    assert reason.certificate is not None
    code, subject = REASONS[name]
    assert (reason.code, reason.certificate.subject_text.split(",")[0].partition("=")[2]) == (code, subject)
    assert "RFC 5280" in reason.message.zh
    assert "RFC 5280" in reason.message.en


def test_judging_again_changes_nothing(everything: Everything) -> None:
    first = [everything.judge(case).as_json() for case in CASES]
    assert [everything.judge(case).as_json() for case in reversed(CASES)][::-1] == first
    for certificate in everything.certificates.values():
        assert certificate.asn1["tbs_certificate"].dump() in certificate.der
        assert (certificate.asn1.subject.hashable, certificate.asn1.issuer.hashable) == (certificate.subject, certificate.issuer)


@pytest.mark.parametrize("case", CASES[::25], ids=[f"{case['id']}" for case in CASES[::25]])
def test_the_command_says_the_same_from_folders_of_everything(case: dict[str, Any]) -> None:
    asked = case.get("params", {})
    flags = {
        "initial_explicit_policy": "--explicit-policy",
        "initial_policy_mapping_inhibit": "--inhibit-policy-mapping",
        "initial_any_policy_inhibit": "--inhibit-any-policy",
    }
    arguments = [str(DATA / "certs" / case["cert"]), "--anchor", str(DATA / "certs" / "TrustAnchorRootCertificate.crt")]
    arguments += ["--certs", str(DATA / "certs"), "--crls", str(DATA / "crls"), "--at", rfc3339(MOMENT), "--json"]
    arguments += [word for policy in asked.get("user_initial_policy_set", ()) for word in ("--policy", policy)]
    arguments += [flag for name, flag in flags.items() if asked.get(name)]
    result = CliRunner().invoke(command, arguments)
    valid = "error" not in case and case["name"] not in REFUSED_BY_POLICY
    assert result.exit_code == (0 if valid else 1), result.output
    assert json.loads(result.stdout)["valid"] == valid
